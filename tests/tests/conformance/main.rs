//! The embedded builder against builders of others, case by case (`tests/conformance/dockerfile`), and against itself
//! elsewhere: what it builds does not depend on the machine, the user or the order of files.

mod bases;
mod builder;
mod case;
mod compare;
mod corpus;
mod files;
mod image;
mod oracle;
mod page;
mod reproducible;
mod web;
