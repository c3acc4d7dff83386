//! `--chmod`: octal as `0755`, or symbolic as `u=rwX,go=rX` (POSIX.1-2017, `chmod`).

use crate::error::ImageError;

/// Bits of set-user-id, set-group-id and sticky.
const SET_USER: u32 = 0o4000;
const SET_GROUP: u32 = 0o2000;
const STICKY: u32 = 0o1000;

/// What `--chmod` makes of a mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mode {
    /// One mode for all.
    Exactly(u32),
    /// Changes, one after the other.
    Changes(Vec<Change>),
}

/// One change: `go=rX`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// The bits of those it is about.
    who: u32,
    operator: Operator,
    permissions: Permissions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Add,
    Remove,
    Set,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Permissions {
    /// Bits, for everybody, and whether `X` is among them.
    Bits { bits: u32, execute_if_any: bool },
    /// What those at this shift have: 6 for the user, 3 for the group, 0 for others.
    CopyOf(u32),
}

impl Mode {
    /// Understands the value of `--chmod`.
    pub(crate) fn parse(text: &str) -> Result<Self, ImageError> {
        let wrong = || {
            ImageError::Copy(format!(
                "`--chmod={text}` is no mode: expected octal digits up to 7777 such as `0755`, or changes such as `u=rwX,go=rX`"
            ))
        };
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
            let mode = u32::from_str_radix(text, 8).ok().filter(|mode| *mode <= 0o7777);
            return mode.map(Self::Exactly).ok_or_else(wrong);
        }
        let mut changes = Vec::new();
        for clause in text.split(',') {
            changes.extend(clause_changes(clause).ok_or_else(wrong)?);
        }
        Ok(Self::Changes(changes))
    }

    /// The new mode of what had this one.
    pub(crate) fn apply(&self, old: u32, is_directory: bool) -> u32 {
        match self {
            Self::Exactly(mode) => *mode,
            Self::Changes(changes) => {
                let executable = is_directory || old & 0o111 != 0;
                changes.iter().fold(old, |mode, change| change.apply(mode, executable))
            }
        }
    }
}

impl Change {
    fn apply(&self, mode: u32, executable: bool) -> u32 {
        let wanted = match self.permissions {
            Permissions::Bits { bits, execute_if_any } => {
                bits | if execute_if_any && executable { 0o111 } else { 0 }
            }
            Permissions::CopyOf(shift) => (mode >> shift & 0o7) * 0o111,
        };
        let wanted = wanted & self.who;
        match self.operator {
            Operator::Add => mode | wanted,
            Operator::Remove => mode & !wanted,
            Operator::Set => mode & !self.who | wanted,
        }
    }
}

/// The changes of `go+r-w`; `None` when it is none.
fn clause_changes(clause: &str) -> Option<Vec<Change>> {
    let operators = clause.find(['+', '-', '='])?;
    let who = clause[..operators].chars().try_fold(0, |who, letter| Some(who | bits_of(letter)?))?;
    // Nobody named is everybody: a builder has no mask.
    let who = if who == 0 { 0o7777 } else { who };
    let mut changes = Vec::new();
    let mut rest = &clause[operators..];
    while let Some(sign) = rest.chars().next() {
        let end = rest[1..].find(['+', '-', '=']).map_or(rest.len(), |end| end + 1);
        let operator = match sign {
            '+' => Operator::Add,
            '-' => Operator::Remove,
            _ => Operator::Set,
        };
        changes.push(Change { who, operator, permissions: permissions(&rest[1..end])? });
        rest = &rest[end..];
    }
    Some(changes)
}

fn bits_of(who: char) -> Option<u32> {
    match who {
        'u' => Some(SET_USER | 0o700),
        'g' => Some(SET_GROUP | 0o070),
        'o' => Some(0o007),
        'a' => Some(0o7777),
        _ => None,
    }
}

fn permissions(text: &str) -> Option<Permissions> {
    let copied = match text {
        "u" => Some(6),
        "g" => Some(3),
        "o" => Some(0),
        _ => None,
    };
    if let Some(shift) = copied {
        return Some(Permissions::CopyOf(shift));
    }
    let mut bits = 0;
    let mut execute_if_any = false;
    for letter in text.chars() {
        match letter {
            'r' => bits |= 0o444,
            'w' => bits |= 0o222,
            'x' => bits |= 0o111,
            'X' => execute_if_any = true,
            's' => bits |= SET_USER | SET_GROUP,
            't' => bits |= STICKY,
            _ => return None,
        }
    }
    Some(Permissions::Bits { bits, execute_if_any })
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn modes_stay_modes(text in "[ugoa]{0,2}[-+=][rwxXst]{0,3}|[-ugoa+=rwxXst,0-9]{0,8}", old in 0..=0o7777_u32) {
            if let Ok(mode) = Mode::parse(&text) {
                proptest::prop_assert!(mode.apply(old, false) <= 0o7777);
            }
        }
    }

    #[test]
    fn modes_change_as_chmod_changes_them() {
        for (text, old, is_directory, expected) in [
            ("644", 0o4755, false, 0o644),
            ("7777", 0o644, true, 0o7777),
            ("+x", 0o644, false, 0o755),
            ("a+x", 0o600, false, 0o711),
            ("-w", 0o666, false, 0o444),
            ("u=rwX,go=rX", 0o600, false, 0o644),
            ("u=rwX,go=rX", 0o700, false, 0o755),
            ("u=rwX,go=rX", 0o700, true, 0o755),
            ("g=u", 0o640, false, 0o660),
            ("o=g,g=", 0o750, false, 0o705),
            ("go-rwx,u+s", 0o755, false, 0o4700),
            ("+t", 0o777, true, 0o1777),
            ("u+r-w", 0o200, false, 0o400),
            ("=", 0o755, false, 0),
            ("g+s", 0o755, true, 0o2755),
        ] {
            assert_eq!(Mode::parse(text).unwrap().apply(old, is_directory), expected, "{text}");
        }
        for text in ["", "8", "10000", "rwx", "z+x", "u+q", "u", "+x,", "a=ug", "0x1"] {
            assert!(Mode::parse(text).is_err(), "{text}");
        }
    }
}
