//! Checks that follow a deployment, and evidence that other tools wrote into files.
//!
//! [`CommandCheck`] and [`HttpCheck`] say whether an environment is well; [`evidence::read`] takes the result out of a
//! scanner's, a test runner's or anybody's report.

mod command;
pub mod evidence;
mod http;
mod tail;
mod text;

pub use command::CommandCheck;
pub use http::HttpCheck;
