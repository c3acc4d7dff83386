//! What is there of buildx, and which builder it would use.

use crate::{error::EngineError, program::Program, settings::DockerSettings};

/// The oldest version that tells its progress as data, and annotates images.
const OLDEST: (u32, u32) = (0, 13);

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// One that does.
    Buildx,
    /// One that is too old: its version.
    TooOld(String),
    /// None.
    Nothing,
}

/// The Docker client.
pub(crate) fn docker(settings: &DockerSettings) -> Program {
    let mut program = match &settings.client {
        Some(client) => Program::at("docker", client),
        None => Program::new("docker"),
    };
    if let Some(host) = &settings.host {
        program.variable("DOCKER_HOST", host);
    }
    if let Some(config) = &settings.config {
        program.variable("DOCKER_CONFIG", config);
    }
    program
}

/// Looks for the client and its plugin. No engine is asked.
pub(crate) async fn find(settings: &DockerSettings) -> Found {
    let mut program = docker(settings);
    program.arguments(["buildx", "version"]);
    match program.ask().await {
        Ok(answer) if answer.success => judge(&answer.output),
        _ => Found::Nothing,
    }
}

/// Reads `github.com/docker/buildx v0.13.1 788433953af1`.
fn judge(output: &str) -> Found {
    let version = |word: &str| {
        let mut numbers = word.trim_start_matches('v').split(['.', '+', '-']);
        Some((numbers.next()?.parse::<u32>().ok()?, numbers.next()?.parse::<u32>().ok()?))
    };
    let found = output.split_whitespace().find_map(|word| Some((word, version(word)?)));
    match found {
        // Whoever builds buildx without a version has a recent one.
        Some((word, numbers)) if numbers < OLDEST && numbers != (0, 0) => Found::TooOld(word.to_owned()),
        _ => Found::Buildx,
    }
}

/// The driver of the builder that is to build, such as `docker`, `docker-container`, `kubernetes` or `remote`.
pub(crate) async fn driver(settings: &DockerSettings) -> Result<String, EngineError> {
    let mut program = docker(settings);
    program.arguments(["buildx", "inspect"]).arguments(&settings.builder);
    let answer = program.ask().await?;
    let driver = answer.output.lines().find_map(|line| line.strip_prefix("Driver:")).map(str::trim);
    match driver {
        Some(driver) if answer.success => Ok(driver.to_owned()),
        _ => {
            let builder = settings.builder.as_ref();
            let builder =
                builder.map_or_else(|| "its own builder".to_owned(), |name| format!("the builder `{name}`"));
            let action = format!("use {builder}");
            Err(EngineError::Refused { program: "docker", action, complaint: answer.complaint })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_is_printed() {
        for output in [
            "github.com/docker/buildx v0.38.2 4ad3b2f",
            "github.com/docker/buildx 0.13.1+ds1 0.13.1+ds1-3",
            "github.com/docker/buildx v0.0.0+unknown",
            "github.com/docker/buildx v1.0.0",
            "something else",
        ] {
            assert_eq!(judge(output), Found::Buildx, "{output}");
        }
        assert_eq!(judge("github.com/docker/buildx v0.9.1 ed00243"), Found::TooOld("v0.9.1".to_owned()));
    }
}
