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
    application.git.write("days.txt", "2027-01-01 New Year\n");
    let replay =
        application.run(&["policy", "replay", "--environment", "guarded", "--format", "json"]).code(0).json();
    assert_eq!(replay["same"], 1, "{replay}");
}

#[test]
fn a_calendar_that_is_cut_off_lets_nothing_in() {
    require!(Requirement::Git);
    let application = closed_on(r#"settings-files = { holidays = "holidays.ics" }"#);
    let whole = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART:20261125T000000\r\nDTEND:20261126T000000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let plan = || application.run(&["plan", "--format", "json", "--now", "2026-11-25T12:00:00Z"]);
    application.git.write("holidays.ics", whole);
    let day = plan().json();
    assert_eq!(environment(&day, "guarded")["verdict"], "hold", "{day}");
    for cut in ["DTSTART", "DTEND", "END:VEVENT", "END:VCALENDAR"] {
        let place = whole.find(cut).expect("it is in the calendar");
        application.git.write("holidays.ics", &whole[..place]);
        let told = plan().code(64).stderr.replace("\n  │ ", " ");
        assert!(told.contains("is missing"), "{cut}: {told}");
    }
    application.git.write("holidays.ics", "");
    assert!(plan().code(64).stderr.contains("names no day"));
}

/// Reading a long calendar does not use up what the policy may use, and one that is too long is told as such.
#[test]
fn long_calendars_are_read_or_refused() {
    require!(Requirement::Git);
    let application = closed_on(r#"settings-files = { holidays = "holidays.ics" }"#);
    let calendar = |events: i32| {
        let event = |number: i32| {
            let (year, month, day) = (1000 + number / 336, number / 28 % 12 + 1, number % 28 + 1);
            format!(
                "BEGIN:VEVENT\r\nUID:{number}@example.org\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;VALUE=DATE:{year:04}{month:02}{day:02}\r\nSUMMARY:Holiday {number}\r\nEND:VEVENT\r\n"
            )
        };
        format!("BEGIN:VCALENDAR\r\n{}END:VCALENDAR\r\n", (0..events).map(event).collect::<String>())
    };
    application.git.write("holidays.ics", calendar(10_000));
    let plan = application.run(&["plan", "--format", "json"]).json();
    assert_eq!(environment(&plan, "guarded")["verdict"], "allow", "{plan}");
    let dates: String = (0..100_000)
        .map(|day| format!("{:04}-{:02}-{:02}\n", day / 336, day / 28 % 12 + 1, day % 28 + 1))
        .collect();
    for long in [calendar(20_000), dates] {
        application.git.write("holidays.ics", &long);
        let told = application.run(&["plan"]).code(64).stderr.replace("\n  │ ", " ");
        assert!(told.contains("names more than 10000 days"), "{told}");
    }
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
