//! Stock policies against programs and packages that others wrote: the packages that Flux and Keel are made of, npm's
//! `semver`, and `jiff` for time.

mod flux;
mod freeze;
mod generate;
mod keel;
mod peers;
mod time;
mod versions;
