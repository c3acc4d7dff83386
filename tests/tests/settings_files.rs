//! Settings that stand in files of their own.

use plimsoll_support::{Application, LAYOUT, Requirement, environment, require};

/// An application with an environment that is closed on the days of a file.
fn closed_on(files: &str) -> Application {
    let more = format!(
        r#"
[[environments]]
name = "guarded"
target = {{ kind = "directory", path = "deploy/guarded", manifests = "k8s/" }}
promotion = [{{ policy = "stock:freeze", {files} }}]
"#
    );
    Application::with_rules("scratch", LAYOUT, &more)
}

#[test]
fn a_calendar_in_a_file_holds_releases_and_is_recorded() {
    require!(Requirement::Git);
    let application = closed_on(r#"settings-files = { holidays = "days.txt" }"#);
    application.git.write("days.txt", "# by the city\n2026-12-24 Christmas Eve\n");
    application.git.commit("Write down the holidays");
    let release = |now: &str| application.run(&["plan", "--format", "json", "--now", now]).json();
    let eve = release("2026-12-24T12:00:00Z");
    assert_eq!(environment(&eve, "guarded")["verdict"], "hold", "{eve}");
    assert!(eve.to_string().contains("Christmas Eve"), "{eve}");
    assert_eq!(environment(&release("2026-12-25T12:00:00Z"), "guarded")["verdict"], "allow");

    // The record holds what the file said, so the decision can be made again without it.
    let _ = application.run(&["release", "--now", "2026-12-24T12:00:00Z"]);
    application.git.write("days.txt", "");
    let replay =
        application.run(&["policy", "replay", "--environment", "guarded", "--format", "json"]).code(0).json();
    assert_eq!(replay["same"], 1, "{replay}");
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_the_configuration() {
    require!(Requirement::Git);
    for (files, says) in [
        (r#"settings-files = { holidays = "gone.txt" }"#, "gone.txt"),
        (
            r#"settings = { holidays = [] }, settings-files = { holidays = "days.txt" }"#,
            "stands in `settings` and",
        ),
        (r#"settings-files = { holidays = "days.txt" }"#, "is no date"),
    ] {
        let application = closed_on(files);
        application.git.write("days.txt", "the day after tomorrow\n");
        let refused = application.run(&["plan"]).code(64);
        let told = refused.stderr.replace("\n  │ ", " ");
        assert!(told.contains(says), "{files}: {told}");
    }
}
