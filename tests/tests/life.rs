//! A release's life after the push: what people, time and results do to it. All on directories and an image layout, which
//! need nothing; the clock is given to each command.

use plimsoll_support::{Application, Ran, Requirement, environment, require};
use serde_json::Value;

/// A Monday morning.
const MORNING: &str = "2026-11-30T08:00:00Z";
const NOON: &str = "2026-11-30T12:00:00Z";

/// The site, with these promotion policies before production.
fn guarded(policies: &str) -> Application {
    let application = Application::self_contained();
    let rules = application.read("plimsoll.toml");
    let gate = r#"[{ policy = "stock:version-gate", settings = { pattern = "v*" } }]"#;
    let guarded = rules.replace(gate, policies);
    assert_ne!(rules, guarded, "the rules have the gate that is to be replaced");
    application.git.write("plimsoll.toml", guarded);
    application.git.commit("Guard production");
    application
}

fn at(application: &Application, time: &str, arguments: &[&str]) -> Ran {
    application.run(&[arguments, &["--now", time, "--format", "json"]].concat())
}

fn release(application: &Application, time: &str) -> Value {
    at(application, time, &["release"]).code(0).json()
}

/// Commits, tags and releases a version.
fn version(application: &Application, version: &str, time: &str) -> Value {
    application.change(version);
    application.git.tag(version);
    release(application, time)
}

fn verdict<'a>(report: &'a Value, name: &str) -> &'a str {
    environment(report, name)["verdict"].as_str().unwrap_or("none")
}

fn rule<'a>(report: &'a Value, name: &str) -> &'a str {
    environment(report, name)["findings"][0]["rule"].as_str().unwrap_or("none")
}

fn id(report: &Value) -> &str {
    report["release"].as_str().expect("a report names its release")
}

const APPROVALS: &str = r#"[{ policy = "stock:approvals" }]"#;

#[test]
fn an_approval_lets_a_held_release_go_on_at_the_next_tick() {
    require!(Requirement::Git);
    let application = guarded(APPROVALS);
    let held = release(&application, MORNING);
    assert_eq!(verdict(&held, "production"), "hold");
    let release = id(&held);

    // Nothing was given: nothing is asked, and the journal does not grow.
    let facts = || at(&application, MORNING, &["history", release]).code(0).json().as_array().unwrap().len();
    let before = facts();
    assert_eq!(at(&application, NOON, &["tick"]).code(0).json(), serde_json::json!([]));
    assert_eq!(facts(), before);

    // The author's own approval does not count, which the policy says and not the host.
    let author = application.git.git(&["log", "-1", "--format=%an"]);
    let _ = at(&application, NOON, &["approve", release, "--by", author.trim()]).code(0);
    let ticked = at(&application, NOON, &["tick"]).code(0).json();
    assert_eq!(verdict(&ticked[0], "production"), "hold");
    assert_eq!(application.running("production"), None);

    let why = application.run(&["why", release, "production"]).code(0);
    assert!(
        why.stdout.contains(&format!("plimsoll approve {release} --environment production --rule quorum")),
        "{}",
        why.stdout
    );

    let later = "2026-11-30T12:05:00Z";
    let _ =
        at(&application, later, &["approve", release, "--by", "ann", "--environment", "production"]).code(0);
    let ticked = at(&application, later, &["tick"]).code(0).json();
    assert_eq!(verdict(&ticked[0], "production"), "allow");
    assert_eq!(application.running("production").as_deref(), held["digest"].as_str());
    // What is through is not taken up again.
    assert_eq!(at(&application, later, &["tick"]).code(0).json(), serde_json::json!([]));
}

#[test]
fn an_approval_that_has_expired_does_not_count() {
    require!(Requirement::Git);
    let application = guarded(APPROVALS);
    let held = release(&application, MORNING);
    let _ = at(&application, MORNING, &["approve", id(&held), "--by", "ann", "--until", "1h"]).code(0);
    let ticked = at(&application, NOON, &["tick"]).code(0).json();
    assert_eq!(verdict(&ticked[0], "production"), "hold");
}

#[test]
fn soak_counts_from_the_recorded_time_and_ends_by_itself() {
    require!(Requirement::Git);
    let application = guarded(r#"[{ policy = "stock:soak", settings = { for = "2h" } }]"#);
    let held = release(&application, MORNING);
    assert_eq!(verdict(&held, "production"), "hold");
    assert_eq!(at(&application, "2026-11-30T09:59:59Z", &["tick"]).code(0).json(), serde_json::json!([]));
    let ticked = at(&application, "2026-11-30T10:00:00Z", &["tick"]).code(0).json();
    assert_eq!(verdict(&ticked[0], "production"), "allow");
    assert_eq!(application.running("production"), application.running("staging"));
}

#[test]
fn evidence_that_is_handed_in_lets_a_release_go_on() {
    require!(Requirement::Git);
    let application =
        guarded(r#"[{ policy = "stock:evidence", settings = { required = [{ name = "scan" }] } }]"#);
    let held = release(&application, MORNING);
    assert_eq!(verdict(&held, "production"), "hold");
    let add = ["evidence", "add", id(&held), "--name", "scan", "--outcome", "passed"];
    let _ = at(&application, NOON, &add).code(0);
    let ticked = at(&application, NOON, &["tick"]).code(0).json();
    assert_eq!(verdict(&ticked[0], "production"), "allow");
}

#[test]
fn a_rollback_brings_back_image_and_manifests_and_keeps_what_was_rejected_out() {
    require!(Requirement::Git);
    let application = guarded(r#"[{ policy = "stock:version-gate" }]"#);
    let first = version(&application, "v1.0.0", MORNING);
    let manifest = application
        .read("k8s/deployment.yaml")
        .replace("kind: Deployment", "# of version 1.1.0\nkind: Deployment");
    application.git.write("k8s/deployment.yaml", manifest);
    let second = version(&application, "v1.1.0", MORNING);
    let deployed = || application.read("deploy/production/current/manifests/deployment.yaml");
    assert!(deployed().contains("of version 1.1.0"));

    let back = at(&application, NOON, &["rollback", "production", "--reason", "it is slow", "--by", "ann"]);
    let back = back.code(0).json();
    assert_eq!(back["release"], first["release"]);
    assert_eq!(application.running("production").as_deref(), first["digest"].as_str());
    assert!(!deployed().contains("of version 1.1.0"), "the manifests are those of the release's own commit");
    assert_eq!(
        application.running("staging").as_deref(),
        second["digest"].as_str(),
        "staging was not touched"
    );

    // Neither time nor a new run of the same event brings it in again.
    assert_eq!(at(&application, NOON, &["tick"]).code(0).json(), serde_json::json!([]));
    let again = release(&application, NOON);
    assert_eq!(rule(&again, "production"), "host:rejected");
    assert_eq!(application.running("production").as_deref(), first["digest"].as_str());

    // Somebody who asks for it by name does.
    let asked = at(&application, NOON, &["promote", id(&second), "production", "--by", "ann"]).code(0).json();
    assert_eq!(verdict(&asked, "production"), "allow");
    assert_eq!(application.running("production").as_deref(), second["digest"].as_str());
}

#[test]
fn nothing_older_is_promoted_but_by_a_rollback() {
    require!(Requirement::Git);
    let application = guarded(r#"[{ policy = "stock:version-gate" }]"#);
    let first = version(&application, "v1.0.0", MORNING);
    let second = version(&application, "v1.1.0", MORNING);
    let refused =
        at(&application, NOON, &["promote", id(&first), "production", "--by", "ann"]).code(1).json();
    assert_eq!(rule(&refused, "production"), "host:order");
    assert_eq!(application.running("production").as_deref(), second["digest"].as_str());
    let emergency = ["promote", id(&first), "production", "--break-glass", "--reason", "fire", "--by", "ann"];
    let _ = at(&application, NOON, &emergency).code(1);
    let _ = at(
        &application,
        NOON,
        &["rollback", "production", "--to", "v1.0.0", "--reason", "slow", "--by", "ann"],
    )
    .code(0);
    assert_eq!(application.running("production").as_deref(), first["digest"].as_str());
}

#[test]
fn a_held_environment_takes_nothing_until_it_is_freed_but_a_rollback() {
    require!(Requirement::Git);
    let application = guarded(r#"[{ policy = "stock:version-gate" }]"#);
    let first = version(&application, "v1.0.0", MORNING);
    let second = version(&application, "v1.1.0", MORNING);
    let _ =
        at(&application, MORNING, &["hold", "production", "--reason", "an incident", "--by", "ann"]).code(0);
    let third = version(&application, "v1.2.0", MORNING);
    assert_eq!((verdict(&third, "production"), rule(&third, "production")), ("hold", "host:hold"));
    let status = at(&application, MORNING, &["status"]).code(0).json();
    assert_eq!(environment(&status, "production")["hold"]["by"], "ann");

    // Held is held, also for who asks by name; the way back stays open.
    let _ = at(&application, NOON, &["promote", id(&third), "production", "--by", "bob"]).code(1);
    let _ = at(&application, NOON, &["rollback", "production", "--reason", "slow", "--by", "ann"]).code(0);
    assert_eq!(application.running("production").as_deref(), first["digest"].as_str());
    assert_ne!(first["digest"], second["digest"]);

    assert_eq!(at(&application, NOON, &["tick"]).code(0).json(), serde_json::json!([]));
    let _ = at(&application, NOON, &["free", "production", "--by", "ann"]).code(0);
    let ticked = at(&application, "2026-11-30T12:10:00Z", &["tick"]).code(0).json();
    assert_eq!(verdict(&ticked[0], "production"), "allow");
    assert_eq!(application.running("production").as_deref(), third["digest"].as_str());
}

#[test]
fn a_hold_ends_at_its_time() {
    require!(Requirement::Git);
    let application = guarded(r#"[{ policy = "stock:always" }]"#);
    let _ = at(
        &application,
        MORNING,
        &["hold", "production", "--reason", "the fair", "--until", NOON, "--by", "ann"],
    )
    .code(0);
    assert_eq!(rule(&release(&application, MORNING), "production"), "host:hold");
    let ticked = at(&application, NOON, &["tick"]).code(0).json();
    assert_eq!(verdict(&ticked[0], "production"), "allow");
}

#[test]
fn the_newest_release_that_waits_takes_the_place_of_older_ones() {
    require!(Requirement::Git);
    let application = guarded(APPROVALS);
    let first = version(&application, "v1.0.0", MORNING);
    let second = version(&application, "v1.1.0", MORNING);
    assert_eq!((verdict(&first, "production"), verdict(&second, "production")), ("hold", "hold"));
    let _ = at(&application, NOON, &["approve", id(&first), "--by", "ann"]).code(0);
    let ticked = at(&application, NOON, &["tick"]).code(0).json();
    assert_eq!(rule(&ticked[0], "production"), "host:order");
    assert_eq!(application.running("production"), None);
    let _ = at(&application, NOON, &["approve", id(&second), "--by", "ann"]).code(0);
    let ticked = at(&application, NOON, &["tick"]).code(0).json();
    assert_eq!(verdict(&ticked[0], "production"), "allow");
}

#[test]
fn exceptions_are_told_to_the_policies_while_they_hold() {
    require!(Requirement::Git);
    let application = guarded(r#"[{ policy = "stock:soak", settings = { for = "2h" } }]"#);
    let held = release(&application, MORNING);
    let hotfix = |time: &str| {
        let words = [
            "promote",
            id(&held),
            "production",
            "--hotfix",
            "--reason",
            "leak",
            "--expires",
            "1h",
            "--by",
            "ann",
        ];
        at(&application, time, &words)
    };
    let asked = hotfix(MORNING).code(0).json();
    assert_eq!(environment(&asked, "production")["requested"], "hotfix");
    assert_eq!(application.running("production"), application.running("staging"));
    let exported = application.run(&["journal", "export"]).code(0).stdout;
    let justified = exported.lines().any(|line| line.contains(r#""hotfix":{"by":"ann","reason":"leak""#));
    assert!(justified, "the decision's request holds who asked and why");
}

#[test]
fn a_release_that_is_resumed_works_with_the_files_of_its_own_commit() {
    require!(Requirement::Git);
    let application = guarded(APPROVALS);
    let held = release(&application, MORNING);
    let manifest = application.read("k8s/deployment.yaml");
    application
        .git
        .write("k8s/deployment.yaml", manifest.replace("kind: Deployment", "# newer\nkind: Deployment"));
    application.git.commit("Change the manifests");
    let _ = at(&application, NOON, &["approve", id(&held), "--by", "ann"]).code(0);
    let _ = at(&application, NOON, &["resume", id(&held)]).code(0);
    assert_eq!(application.running("production").as_deref(), held["digest"].as_str());
    assert!(!application.read("deploy/production/current/manifests/deployment.yaml").contains("# newer"));
}

#[test]
fn waiting_ends_with_the_approval() {
    require!(Requirement::Git);
    let application = guarded(APPROVALS);
    let waiting = application.plimsoll.spawn(&["release", "--wait", "60s", "--format", "json"]);
    let release = loop {
        let rows = application.run(&["history", "--format", "json"]);
        let rows: Value = if rows.code == Some(0) { rows.json() } else { Value::Null };
        if rows[0]["environments"][1]["verdict"] == "hold" {
            break id(&rows[0]).to_owned();
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    };
    let _ = application.run(&["approve", &release, "--by", "ann"]).code(0);
    let ended = waiting.finish().code(0).json();
    assert_eq!(verdict(&ended, "production"), "allow");
}

/// The site with more lines in the table of production, which everything may enter.
fn with_lines(lines: &str) -> Application {
    let application = guarded(r#"[{ policy = "stock:always" }]"#);
    let rules = application.read("plimsoll.toml");
    let after = r#"after = ["staging"]"#;
    application.git.write("plimsoll.toml", rules.replacen(after, &format!("{after}\n{lines}"), 1));
    application.git.commit("Say more about production");
    application
}

#[test]
fn a_check_after_a_deployment_becomes_evidence_and_health() {
    require!(Requirement::Git);
    let application = with_lines(
        r#"verify = [
            { name = "smoke", command = ["sh", "-c", "test -n \"$PLIMSOLL_DIGEST\" && exec ./smoke.sh"] },
            { name = "advice", command = ["false"], required = false },
        ]"#,
    );
    application.git.write("smoke.sh", "#!/bin/sh\necho the site is slow\nexit 1\n");
    let script = application.git.path().join("smoke.sh");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(script, executable).expect("the script is there");
    application.git.commit("Check the site");

    let report = release(&application, MORNING);
    assert_eq!(environment(&report, "production")["deployed"], true);
    let history = application.run(&["history", id(&report)]).code(0).stdout;
    assert!(history.contains("production: the check smoke failed"), "{history}");
    assert!(history.contains("production: the check advice failed"), "{history}");
    let status = at(&application, MORNING, &["status"]).code(0).json();
    assert_eq!(environment(&status, "production")["healthy"], false, "a required check failed");

    // A look at the target does not make up for a check.
    let _ = at(&application, NOON, &["tick"]).code(0);
    let status = at(&application, NOON, &["status"]).code(0).json();
    assert_eq!(environment(&status, "production")["healthy"], false);
    let exported = application.run(&["journal", "export"]).code(0).stdout;
    assert!(exported.contains("the site is slow"), "the check's last lines are recorded");
}

#[test]
fn a_report_of_a_scanner_is_evidence() {
    require!(Requirement::Git);
    let application =
        guarded(r#"[{ policy = "stock:evidence", settings = { required = [{ name = "scan" }] } }]"#);
    let held = release(&application, MORNING);
    let sarif = |level: &str| {
        format!(
            r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"scanner"}}}},"results":[{{"level":"{level}","message":{{"text":"a leak"}}}}]}}]}}"#
        )
    };
    application.git.write("scan.sarif", sarif("error"));
    let add = ["evidence", "add", id(&held), "--name", "scan", "--file", "scan.sarif"];
    let entry = at(&application, NOON, &add).code(0).json();
    assert_eq!(entry["fact"]["evidence"]["outcome"], "failed");
    assert_eq!(entry["fact"]["origin"], "scan.sarif");
    application.git.write("scan.sarif", sarif("note"));
    let later = "2026-11-30T12:01:00Z";
    let entry = at(&application, later, &add).code(0).json();
    assert_eq!(entry["fact"]["evidence"]["outcome"], "passed");
    let ticked = at(&application, later, &["tick"]).code(0).json();
    assert_eq!(verdict(&ticked[0], "production"), "allow", "the newest result counts");
    application.git.write("scan.sarif", "rubbish");
    let _ = at(&application, later, &add).code(2);
}

#[test]
fn in_a_queue_what_is_on_its_way_goes_first_and_what_is_held_keeps_nobody_waiting() {
    require!(Requirement::Git);
    let application = guarded(APPROVALS);
    let rules = application.read("plimsoll.toml");
    let after = r#"after = ["staging"]"#;
    application.git.write("plimsoll.toml", rules.replacen(after, &format!("{after}\nqueue = \"fifo\""), 1));
    application.git.commit("Let each release have its turn");
    let first = version(&application, "v1.0.0", MORNING);
    let second = version(&application, "v1.1.0", MORNING);
    // The first one waits for somebody: the second is asked about, and is not told to wait for the first.
    assert_eq!(rule(&second, "production"), rule(&first, "production"));
    let _ = at(&application, NOON, &["approve", id(&second), "--by", "ann"]).code(0);
    let _ = at(&application, NOON, &["approve", id(&first), "--by", "ann"]).code(0);
    // Both may go now: each has its turn, the older one first.
    let ticked = at(&application, NOON, &["tick"]).code(0).json();
    let order: Vec<&str> = ticked.as_array().expect("a list").iter().map(id).collect();
    assert_eq!(order, [id(&first), id(&second)]);
    assert_eq!((verdict(&ticked[0], "production"), verdict(&ticked[1], "production")), ("allow", "allow"));
    assert_eq!(application.running("production").as_deref(), second["digest"].as_str());
}

/// The fact of this kind that the journal holds last.
fn newest(application: &Application, kind: &str) -> Option<Value> {
    let exported = application.run(&["journal", "export"]).code(0).stdout;
    let mut entries =
        exported.lines().map(|line| serde_json::from_str::<Value>(line).expect("an entry is JSON"));
    entries.rfind(|entry| entry["fact"]["fact"] == kind)
}

/// Two versions in production, the approvals of which have run out by noon. Nothing is exempt from approval.
fn two_approved_versions() -> (Application, Value, Value) {
    let application = guarded(r#"[{ policy = "stock:approvals", settings = { exempt = [] } }]"#);
    let approved = |name: &str| {
        let report = version(&application, name, MORNING);
        let words = ["approve", id(&report), "--by", "ann", "--until", "1h"];
        let _ = at(&application, MORNING, &words).code(0);
        let _ = at(&application, MORNING, &["tick"]).code(0);
        assert_eq!(application.running("production").as_deref(), report["digest"].as_str());
        report
    };
    let (first, second) = (approved("v1.0.0"), approved("v1.1.0"));
    (application, first, second)
}

#[test]
fn a_rollback_that_had_to_wait_takes_out_what_it_replaces() {
    require!(Requirement::Git);
    let (application, first, second) = two_approved_versions();
    let _ =
        at(&application, NOON, &["rollback", "production", "--reason", "it is slow", "--by", "bob"]).code(1);
    assert_eq!(newest(&application, "rejected"), None, "what runs still runs");
    let _ = at(&application, NOON, &["approve", id(&first), "--by", "ann"]).code(0);
    let _ = at(&application, NOON, &["tick"]).code(0);
    assert_eq!(application.running("production").as_deref(), first["digest"].as_str());
    let rejected = newest(&application, "rejected").expect("the release is taken out");
    assert_eq!(rejected["release"], second["release"]);
    assert_eq!((&rejected["fact"]["by"], &rejected["fact"]["reason"]), (&"bob".into(), &"it is slow".into()));
    // A second look finds nothing left to do.
    let _ = at(&application, NOON, &["resume", id(&first)]);
    assert_eq!(newest(&application, "rejected"), Some(rejected));
}

#[test]
fn a_rollback_that_waits_does_not_go_over_what_came_after_it_was_asked_for() {
    require!(Requirement::Git);
    let (application, first, _) = two_approved_versions();
    let _ =
        at(&application, NOON, &["rollback", "production", "--reason", "it is slow", "--by", "bob"]).code(1);
    let third = version(&application, "v1.2.0", NOON);
    let _ = at(&application, NOON, &["approve", id(&third), "--by", "ann"]).code(0);
    let _ = at(&application, NOON, &["tick"]).code(0);
    assert_eq!(application.running("production").as_deref(), third["digest"].as_str());
    let later = "2026-11-30T13:00:00Z";
    let _ = at(&application, later, &["approve", id(&first), "--by", "ann"]).code(0);
    let _ = at(&application, later, &["tick"]).code(0);
    assert_eq!(application.running("production").as_deref(), third["digest"].as_str());
}

#[test]
fn the_way_back_does_not_end_at_a_release_that_was_not_healthy() {
    require!(Requirement::Git);
    let application =
        with_lines(r#"verify = [{ name = "smoke", command = ["sh", "-c", "test ! -e broken"] }]"#);
    let first = version(&application, "v1.0.0", MORNING);
    application.git.write("broken", "");
    let broken = version(&application, "v1.1.0", MORNING);
    std::fs::remove_file(application.git.path().join("broken")).expect("the file is there");
    let third = version(&application, "v1.2.0", MORNING);
    assert_eq!(application.running("production").as_deref(), third["digest"].as_str());
    assert_ne!(first["digest"], broken["digest"]);
    let _ = at(&application, NOON, &["rollback", "production", "--reason", "slow", "--by", "ann"]).code(0);
    assert_eq!(application.running("production").as_deref(), first["digest"].as_str());
}

#[test]
fn an_image_that_somebody_brought_back_is_let_in_under_another_name_too() {
    require!(Requirement::Git);
    let application = guarded(r#"[{ policy = "stock:always" }]"#);
    let _ = version(&application, "v1.0.0", MORNING);
    let second = version(&application, "v1.1.0", MORNING);
    let _ = at(&application, MORNING, &["rollback", "production", "--reason", "slow", "--by", "ann"]).code(0);
    // Another event at the same commit makes the same image.
    let again = |trigger: &str| at(&application, NOON, &["release", "--trigger", trigger]).code(0).json();
    let barred = again("schedule");
    assert_eq!(barred["digest"], second["digest"]);
    assert_ne!(barred["release"], second["release"]);
    assert_eq!(rule(&barred, "production"), "host:rejected");
    let _ = at(&application, NOON, &["promote", id(&second), "production", "--by", "ann"]).code(0);
    assert_eq!(application.running("production").as_deref(), second["digest"].as_str());
    assert_eq!(verdict(&again("manual"), "production"), "allow");
}

#[test]
fn a_tick_works_with_the_files_of_the_commit_and_not_with_what_lies_about() {
    require!(Requirement::Git);
    let application = guarded(APPROVALS);
    let held = release(&application, MORNING);
    let manifest = application.read("k8s/deployment.yaml");
    application
        .git
        .write("k8s/deployment.yaml", manifest.replace("kind: Deployment", "# mine\nkind: Deployment"));
    let _ = at(&application, NOON, &["approve", id(&held), "--by", "ann"]).code(0);
    let ticked = at(&application, NOON, &["tick"]).code(0).json();
    assert_eq!(verdict(&ticked[0], "production"), "allow");
    assert!(!application.read("deploy/production/current/manifests/deployment.yaml").contains("# mine"));
}

#[test]
fn whoever_says_no_name_is_known_by_the_name_in_their_commits() {
    require!(Requirement::Git);
    let application = guarded(APPROVALS);
    let held = release(&application, MORNING);
    let author = application.git.git(&["log", "-1", "--format=%an"]);
    application.git.git(&["config", "user.name", author.trim()]);
    application.git.git(&["config", "user.email", "somebody@example.com"]);
    let entry = at(&application, NOON, &["approve", id(&held)]).code(0).json();
    assert_eq!(entry["fact"]["approval"]["by"], author.trim());
    let ticked = at(&application, NOON, &["tick"]).code(0).json();
    assert_eq!(verdict(&ticked[0], "production"), "hold", "the author's own approval does not count");
}

#[test]
fn what_failed_in_one_environment_keeps_no_other_waiting() {
    require!(Requirement::Git);
    let application = guarded(r#"[{ policy = "stock:soak", settings = { for = "2h" } }]"#);
    let rules = application.read("plimsoll.toml");
    let canary = r#"
[[environments]]
name = "canary"
after = ["staging"]
target = { kind = "directory", path = "deploy/canary", manifests = "nowhere/" }
promotion = [{ policy = "stock:always" }]
"#;
    application.git.write("plimsoll.toml", format!("{rules}{canary}"));
    application.git.commit("Add a canary");
    let failed = at(&application, MORNING, &["release"]).code(2).json();
    assert_eq!((verdict(&failed, "production"), failed["standing"].as_str()), ("hold", Some("failed")));

    let ticked = at(&application, NOON, &["tick"]).code(2).json();
    assert_eq!(environment(&ticked[0], "production")["deployed"], true);
    let tries = |journal: &str| journal.matches(r#""step":"deploy""#).count();
    let exported = application.run(&["journal", "export"]).code(0).stdout;
    assert_eq!(tries(&exported), 1, "what failed is not tried again by time alone");
    assert_eq!(at(&application, NOON, &["tick"]).code(0).json(), serde_json::json!([]));
    let _ = at(&application, NOON, &["resume"]).code(2);
    let exported = application.run(&["journal", "export"]).code(0).stdout;
    assert_eq!(tries(&exported), 2, "whoever takes it up by name tries it again");
}

#[test]
fn environments_that_do_not_come_after_one_another_go_at_the_same_time() {
    require!(Requirement::Git);
    let application = guarded(r#"[{ policy = "stock:always" }]"#);
    let rules = application.read("plimsoll.toml");
    let meet = |name: &str, after: &str| {
        format!(
            r#"
[[environments]]
name = "{name}"
after = [{after}]
target = {{ kind = "directory", path = "deploy/{name}", manifests = "k8s/" }}
promotion = [{{ policy = "stock:always" }}]
verify = [{{ name = "meet", command = ["./meet.sh"], timeout = "1m" }}]
"#
        )
    };
    let further =
        [meet("east", r#""staging""#), meet("west", r#""staging""#), meet("last", r#""east", "west""#)];
    application.git.write("plimsoll.toml", format!("{rules}{}", further.concat()));
    // East and west each wait for the other one: one after the other, the first would wait in vain.
    let script = "#!/bin/sh\ncd deploy\ntouch here-$PLIMSOLL_ENVIRONMENT\nfor i in $(seq 400); do\n\
                  test -e here-east && test -e here-west && exit 0\nsleep 0.1\ndone\nexit 1\n";
    application.git.write("meet.sh", script);
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(application.git.path().join("meet.sh"), executable).expect("it is there");
    application.git.commit("Let two environments meet");

    let report = release(&application, MORNING);
    assert_eq!(report["standing"], "done", "{report}");
    let status = at(&application, MORNING, &["status"]).code(0).json();
    for name in ["east", "west", "last", "production"] {
        assert_eq!(environment(&status, name)["healthy"], true, "{name}: {status}");
    }
    let _ = application.run(&["journal", "verify"]).code(0);
}
