//! `--chown` and the owner of new folders: names become numbers through the stage's own user database.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use plimsoll_layout::Layout;

use crate::{
    base_layer,
    error::ImageError,
    files::{Content, Files as _, Kind, resolve},
    tree::Tree,
};

/// A numeric owner and group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) user: u64,
    pub(crate) group: u64,
}

/// The largest number of a user or a group that is taken, as BuildKit takes it.
const LARGEST_NUMBER: u64 = i32::MAX as u64;

/// The largest user database that is read, bytes.
const LARGEST_DATABASE: u64 = 4 << 20;

impl Owner {
    /// Understands `user`, `user:group` or an empty text, which is root. A number alone is also the group; a name alone
    /// brings its own group.
    pub(crate) fn parse(text: &str, tree: &Tree, layout: &Layout) -> Result<Self, ImageError> {
        let (user, group) = text.split_once(':').map_or((text, None), |(user, group)| (user, Some(group)));
        let (user, own_group) = match number(user)? {
            _ if user.is_empty() => (0, 0),
            Some(number) => (number, number),
            None => {
                let fields = lookup("etc/passwd", user, tree, layout)?;
                (number_in(&fields, 2, user)?, number_in(&fields, 3, user)?)
            }
        };
        let group = match group.map(|group| number(group).map(|number| (group, number))).transpose()? {
            None | Some(("", _)) => own_group,
            Some((_, Some(number))) => number,
            Some((name, None)) => number_in(&lookup("etc/group", name, tree, layout)?, 2, name)?,
        };
        Ok(Self { user, group })
    }
}

/// The number when it is written as one.
fn number(text: &str) -> Result<Option<u64>, ImageError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(None);
    }
    match text.parse() {
        Ok(number) if number <= LARGEST_NUMBER => Ok(Some(number)),
        _ => Err(ImageError::Copy(format!(
            "`{text}` is too large for the number of a user or a group: {LARGEST_NUMBER} is the largest"
        ))),
    }
}

fn number_in(fields: &[String], index: usize, name: &str) -> Result<u64, ImageError> {
    fields.get(index).and_then(|field| field.parse().ok()).ok_or_else(|| {
        ImageError::Copy(format!("the image's entry for `{name}` holds no number: give the number instead"))
    })
}

/// The fields of the line that begins with the name.
fn lookup(database: &str, name: &str, tree: &Tree, layout: &Layout) -> Result<Vec<String>, ImageError> {
    let unknown =
        || ImageError::Copy(format!("`{name}` is not in /{database} of the image: give the number instead"));
    let path = resolve(tree, Path::new(database), true)?;
    let Some(Kind::File(content)) = tree.node(&path)?.map(|node| node.kind) else { return Err(unknown()) };
    if content.size() > LARGEST_DATABASE {
        return Err(unknown());
    }
    let bytes = read(&content, layout)?;
    let text = String::from_utf8_lossy(&bytes);
    let fields = |line: &str| line.split(':').map(|field| field.trim().to_owned()).collect::<Vec<_>>();
    text.lines()
        .map(fields)
        .find(|fields| fields.first().is_some_and(|first| first == name))
        .ok_or_else(unknown)
}

/// Reads a small file into memory.
fn read(content: &Content, layout: &Layout) -> Result<Vec<u8>, ImageError> {
    match content {
        Content::Bytes(bytes) => Ok(bytes.clone()),
        Content::Host(path, _) => fs::read(path).map_err(ImageError::io("read", path)),
        Content::Layer { layer, path, .. } => {
            let folder = tempfile::Builder::new()
                .prefix(".unpacked-")
                .tempdir_in(layout.root())
                .map_err(ImageError::io("write into", layout.root()))?;
            let wanted = BTreeMap::from([(*layer, BTreeSet::from([path.clone()]))]);
            let places = base_layer::extract(layout, &wanted, folder.path())?;
            let place = places
                .into_values()
                .next()
                .ok_or_else(|| ImageError::Copy(format!("/{} is missing in its layer", path.display())))?;
            fs::read(&place).map_err(ImageError::io("read", &place))
        }
    }
}
