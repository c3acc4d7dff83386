//! Ways around walls. Loopback is on this side of every wall.

use reqwest::{NoProxy, Proxy};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{error::RegistryError, options::Proxies};

/// What no proxy is asked for.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

/// The proxies for a client.
pub(crate) fn proxies(options: &Proxies) -> Result<Vec<Proxy>, RegistryError> {
    let except = match &options.except {
        Some(except) => format!("{LOOPBACK},{except}"),
        None => LOOPBACK.to_owned(),
    };
    let mut proxies = Vec::new();
    for (address, scheme, make) in [
        (&options.http, "http", Proxy::http as fn(String) -> reqwest::Result<Proxy>),
        (&options.https, "https", Proxy::https),
    ] {
        if let Some(address) = address {
            // The reason would show the address, which may hold a password.
            let proxy = make(with_scheme(address)).map_err(|_| RegistryError::Proxy { scheme })?;
            proxies.push(proxy.no_proxy(NoProxy::from_string(&except)));
        }
    }
    Ok(proxies)
}

/// Many write only host and port.
fn with_scheme(address: &SecretString) -> String {
    let address = address.expose_secret();
    if address.contains("://") { address.to_owned() } else { format!("http://{address}") }
}
