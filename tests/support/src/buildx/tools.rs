//! The programs of BuildKit and its client buildx.

use std::path::PathBuf;

use crate::go_tools::GoTools;

/// What is built.
pub(crate) static TOOLS: GoTools = GoTools {
    name: "buildkit",
    module: include_str!("../../../buildkit/go.mod"),
    folder: "buildkit",
    versions: &[("buildkit", BUILDKIT), ("buildx", BUILDX)],
    programs: &["buildkitd", "buildctl", "buildx", "dockerfile-oracle"],
    variables,
};

const BUILDKIT: &str = "github.com/moby/buildkit";
const BUILDX: &str = "github.com/docker/buildx";

/// Builds the programs where they are missing, which is announced first, and answers with the folder that they are in. What
/// `go` has to say goes to standard error.
///
/// # Errors
/// They cannot be built: why.
pub fn build_buildx(announce: impl FnOnce()) -> Result<PathBuf, String> {
    TOOLS.build(announce)
}

/// The published sources say v0.0.0.
fn variables(tools: &GoTools) -> Vec<(&'static str, String)> {
    let version = |module| format!("v{}", tools.version(module).unwrap_or("0.0.0"));
    vec![
        ("github.com/moby/buildkit/version.Version", version(BUILDKIT)),
        ("github.com/docker/buildx/version.Version", version(BUILDX)),
    ]
}
