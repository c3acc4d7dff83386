//! The file that `plimsoll init` writes.

use toml::Value;

/// The text of a first `plimsoll.toml`, with comments.
///
/// `repository` is where the image goes. `manifests` is the folder of Kubernetes manifests; without one the environments
/// are left as comments.
#[must_use]
pub fn init_text(repository: &str, manifests: Option<&str>) -> String {
    let repository = Value::from(repository);
    let environments = environments(&Value::from(manifests.unwrap_or("k8s")));
    let environments = if manifests.is_some() { environments } else { commented(&environments) };
    format!(
        r#"# How Plimsoll releases this application. Every key: docs/configuration.md of Plimsoll.

[image]
# Where the image goes: a repository in a registry, or `oci:` and a folder for an image layout on disk.
repository = {repository}
context = "."
dockerfile = "Dockerfile"
# `embedded` needs nothing but knows no RUN; `docker` uses a Docker engine.
builder = "embedded"

# The policy that derives the tags: `latest` from the default branch, `v1.2.3` from a git tag of that name.
[tags]
policy = "stock:release-tags"

{environments}"#
    )
}

fn environments(manifests: &Value) -> String {
    format!(
        r#"# Every release goes to staging.
[[environments]]
name = "staging"
target = {{ kind = "directory", path = "deploy/staging", manifests = {manifests} }}
promotion = [{{ policy = "stock:always" }}]

# Only versions go to production, and only after they ran in staging.
[[environments]]
name = "production"
after = ["staging"]
target = {{ kind = "directory", path = "deploy/production", manifests = {manifests} }}
promotion = [{{ policy = "stock:version-gate", settings = {{ pattern = "v*" }} }}]
"#
    )
}

/// The same lines as comments.
fn commented(text: &str) -> String {
    let comment = |line: &str| if line.is_empty() { String::from("#\n") } else { format!("# {line}\n") };
    text.lines().map(comment).collect()
}
