//! Texts for people.

/// The most names that are listed.
const MOST: usize = 8;

/// Names as a finding shows them: in backticks, with commas, long lists cut. `None`: there is none.
///
/// ```
/// use plimsoll_sdk::quote_all;
/// assert_eq!(quote_all(["latest", "v1.2.3"]).as_deref(), Some("`latest`, `v1.2.3`"));
/// assert_eq!(quote_all(Vec::<String>::new()), None);
/// ```
#[must_use]
pub fn quote_all(names: impl IntoIterator<Item: AsRef<str>>) -> Option<String> {
    let mut text = String::new();
    for (index, name) in names.into_iter().enumerate() {
        if index == MOST {
            text.push_str(" and more");
            break;
        }
        text.push_str(if index == 0 { "`" } else { ", `" });
        text.push_str(name.as_ref());
        text.push('`');
    }
    (!text.is_empty()).then_some(text)
}
