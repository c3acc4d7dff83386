//! The stock policies as components, built from the folders beside this one and embedded in whoever uses this crate.

/// A stock policy: its name, as in `stock:NAME`, and its component.
struct Stock {
    name: &'static str,
    component: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/stock.rs"));

/// The component of the stock policy with this name.
///
/// ```
/// let component = plimsoll_stock::component("always").expect("it is one of them");
/// assert!(component.starts_with(b"\0asm"));
/// assert!(plimsoll_stock::component("never").is_none());
/// ```
#[must_use]
pub fn component(name: &str) -> Option<&'static [u8]> {
    STOCK.iter().find(|stock| stock.name == name).map(|stock| stock.component)
}
