//! A Dockerfile, from its text to the image.

use std::path::Path;

use plimsoll_image::dockerfile::Dockerfile;

use crate::{LARGEST, build::build};

/// Builds a text as a Dockerfile. Promises: a mistake is told with a place that is in the text, and what builds is a
/// whole image, the same every time.
pub fn dockerfile(bytes: &[u8]) {
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= LARGEST) else { return };
    match Dockerfile::parse(text, Path::new("Dockerfile")) {
        Err(problems) => {
            assert!(!problems.list().is_empty(), "refused without a reason");
            let lines = text.lines().count().max(1);
            for problem in problems.list() {
                let at = problem.at;
                assert!((1..=lines).contains(&at.line) && at.column > 0, "{at} is outside {lines} lines");
                assert!(!problem.message.is_empty(), "a problem without words at {at}");
            }
        }
        Ok(_) => build(text, &[0; 1024]),
    }
}
