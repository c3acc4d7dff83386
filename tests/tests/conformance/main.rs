//! The embedded builder against builders of others, case by case (`tests/conformance/dockerfile`), and against itself
//! elsewhere: what it builds does not depend on the machine, the user or the order of files.

#[cfg(test)]
mod bases;
#[cfg(test)]
mod builder;
#[cfg(test)]
mod case;
#[cfg(test)]
mod compare;
#[cfg(test)]
mod corpus;
#[cfg(test)]
mod files;
#[cfg(test)]
mod image;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod page;
#[cfg(test)]
mod reproducible;
#[cfg(test)]
mod web;
