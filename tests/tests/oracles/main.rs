//! Stock policies against the programs that they follow: the packages that Flux and Keel are made of.

mod flux;
mod generate;
mod keel;
mod peers;
