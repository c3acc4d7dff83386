//! Checks against real programs and a real server.

#[cfg(target_os = "linux")]
use std::path::PathBuf;
use std::{path::Path, sync::Mutex, time::Duration};

use plimsoll_checks::{CommandCheck, HttpCheck};
use plimsoll_core::{
    contract::EvidenceOutcome::{self, Failed, Passed, Unknown},
    digest::Digest,
    names::{CheckName, EnvironmentName},
    ports::{Activity, Check, Deployment, Progress, Silent},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

fn deployment(version: Option<&str>) -> Deployment {
    Deployment {
        release: "r-0123456789ab".parse().expect("an id"),
        repository: "ghcr.io/contoso/website".parse().expect("a name"),
        digest: Digest::of(b"image"),
        version: version.map(str::to_owned),
        previous: None,
    }
}

async fn run(check: &dyn Check, progress: &dyn Progress) -> (EvidenceOutcome, String) {
    let environment = EnvironmentName::new("staging").expect("a name");
    let checked = check.run(&environment, &deployment(Some("1.2.3")), progress).await;
    (checked.outcome, checked.value.unwrap_or_default())
}

fn shell(script: &str, folder: &Path) -> CommandCheck {
    command(&["sh", "-c", script], folder)
}

fn command(words: &[&str], folder: &Path) -> CommandCheck {
    CommandCheck {
        name: CheckName::new("smoke").expect("a name"),
        required: true,
        words: words.iter().map(|word| (*word).to_owned()).collect(),
        folder: folder.to_owned(),
        timeout: Duration::from_secs(30),
    }
}

#[tokio::test]
async fn the_exit_code_is_the_outcome() {
    let here = Path::new(".");
    assert_eq!(run(&shell("exit 0", here), &Silent).await, (Passed, String::new()));
    assert_eq!(run(&shell("echo all well", here), &Silent).await, (Passed, "all well".to_owned()));
    let failed =
        run(&shell("echo one; printf '\\033[31mtwo\\033[0m\\007\\r\\n'; exit 3", here), &Silent).await;
    assert_eq!(failed, (Failed, "exit code 3: one | two".to_owned()));
    // What a program says of its failure is on standard error.
    let failed = run(&shell("echo progress; echo problem >&2; exit 1", here), &Silent).await;
    assert_eq!(failed, (Failed, "exit code 1: problem".to_owned()));
    let (outcome, value) = run(&shell("kill -9 $$", here), &Silent).await;
    assert_eq!(outcome, Unknown);
    assert!(value.contains("signal: 9"), "{value}");
}

#[tokio::test]
async fn what_cannot_be_started_is_unknown() {
    let here = Path::new(".");
    for words in [&[][..], &["no-such-program-anywhere"], &["./no-such-file"]] {
        assert_eq!(run(&command(words, here), &Silent).await.0, Unknown, "{words:?}");
    }
    assert_eq!(run(&shell("exit 0", Path::new("/no/such/folder")), &Silent).await.0, Unknown);
}

#[tokio::test]
async fn the_command_knows_what_it_is_about() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("smoke.sh");
    std::fs::write(&script, "#!/bin/sh\necho $1 $PLIMSOLL_ENVIRONMENT $PLIMSOLL_RELEASE $PLIMSOLL_VERSION\ntest \"$PLIMSOLL_IMAGE\" = \"ghcr.io/contoso/website@$PLIMSOLL_DIGEST\" && test -f smoke.sh\n").unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    // No shell: the argument comes as it is written.
    let check = command(&["./smoke.sh", "$HOME;"], folder.path());
    assert_eq!(run(&check, &Silent).await, (Passed, "$HOME; staging r-0123456789ab 1.2.3".to_owned()));
    let check = shell("test -z \"${PLIMSOLL_VERSION+set}\"", folder.path());
    let environment = EnvironmentName::new("staging").unwrap();
    assert_eq!(check.run(&environment, &deployment(None), &Silent).await.outcome, Passed);
}

/// Takes the lines of a check.
#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl Progress for Lines {
    fn activity(&self, activity: Activity<'_>) {
        if let Activity::Line(line) = activity {
            self.0.lock().expect("nobody panicked").push(line.to_owned());
        }
    }
}

#[tokio::test]
async fn much_output_is_bounded() {
    let lines = Lines::default();
    let check =
        shell("i=0; while [ $i -lt 5000 ]; do echo line $i; i=$((i+1)); done; exit 1", Path::new("."));
    let (outcome, value) = run(&check, &lines).await;
    assert_eq!(outcome, Failed);
    assert!(value.ends_with("line 4998 | line 4999") && value.len() < 1000, "{value}");
    assert_eq!(lines.0.lock().unwrap().len(), 5000);
}

/// Waits until a process is no more. It is bounded by the test's time.
#[cfg(target_os = "linux")]
async fn gone(id: &str) {
    while has_content(&PathBuf::from(format!("/proc/{id}/cmdline"))) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A process that has ended and was not waited for has an empty command line.
#[cfg(target_os = "linux")]
fn has_content(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|content| !content.is_empty())
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_end_of_time_takes_the_whole_group() {
    let folder = tempfile::tempdir().unwrap();
    let mut check = shell("sleep 600 & echo $! > child; echo waiting; wait", folder.path());
    check.timeout = Duration::from_millis(500);
    let (outcome, value) = run(&check, &Silent).await;
    assert_eq!((outcome, value.as_str()), (Failed, "it did not end within 0.5 s and was killed: waiting"));
    let child = std::fs::read_to_string(folder.path().join("child")).unwrap();
    tokio::time::timeout(Duration::from_secs(10), gone(child.trim())).await.expect("the child is killed too");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_check_that_nobody_waits_for_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let check = shell("echo $$ > id; exec sleep 600", folder.path());
    let id = folder.path().join("id");
    let written = async {
        while !has_content(&id) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        _ = run(&check, &Silent) => panic!("it sleeps"),
        () = written => {}
    }
    let id = std::fs::read_to_string(&id).unwrap();
    tokio::time::timeout(Duration::from_secs(10), gone(id.trim())).await.expect("it is killed");
}

#[tokio::test]
async fn something_left_in_the_background_does_not_hold_the_check_up() {
    let check = shell("sleep 30 & echo done", Path::new("."));
    let ended = tokio::time::timeout(Duration::from_secs(20), run(&check, &Silent)).await;
    assert_eq!(ended.expect("it ends before the sleeper"), (Passed, "done".to_owned()));
}

/// A server that gives these answers, one a connection, and the last one for ever. Its address.
async fn server(answers: Vec<String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback is there");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        let mut answers = answers.into_iter().peekable();
        let mut answer = String::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            answer = answers.next().unwrap_or(answer);
            let mut request = vec![0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    format!("http://{address}/")
}

fn answer(status: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn page(url: &str) -> HttpCheck {
    let _ = rustls::crypto::ring::default_provider().install_default();
    HttpCheck {
        name: CheckName::new("home").expect("a name"),
        required: true,
        url: url.to_owned(),
        status: 200,
        contains: None,
        within: Duration::from_secs(20),
    }
}

#[tokio::test]
async fn a_page_is_waited_for() {
    let answers =
        [answer("503 Service Unavailable", ""), answer("200 OK", "starting"), answer("200 OK", "Welcome!")];
    let mut check = page(&server(answers.to_vec()).await);
    check.contains = Some("Welcome".to_owned());
    let lines = Lines::default();
    assert_eq!(run(&check, &lines).await, (Passed, "it answers 200".to_owned()));
    assert_eq!(
        *lines.0.lock().unwrap(),
        ["it answers 503, 200 is expected", "it answers 200, but not with `Welcome`"]
    );
}

#[tokio::test]
async fn a_page_that_stays_wrong_fails() {
    let mut check = page(&server(vec![answer("500 Oops", "")]).await);
    check.within = Duration::from_millis(400);
    let (outcome, value) = run(&check, &Silent).await;
    assert_eq!((outcome, value.as_str()), (Failed, "it answers 500, 200 is expected; tried for 0.4 s"));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let redirect = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.9:9/login\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let mut check = page(&server(vec![redirect.to_owned()]).await);
    check.within = Duration::from_millis(100);
    let (outcome, value) = run(&check, &Silent).await;
    assert_eq!(outcome, Failed);
    assert!(value.contains("leads to http://127.0.0.9:9/login, which is not followed"), "{value}");
    check.status = 302;
    assert_eq!(run(&check, &Silent).await.0, Passed);
}

#[tokio::test]
async fn nobody_there_and_silence_fail() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut check = page(&format!("http://{address}/"));
    check.within = Duration::from_millis(300);
    // It listens and never answers.
    let (outcome, value) = run(&check, &Silent).await;
    assert_eq!(outcome, Failed);
    assert!(value.starts_with("no answer within"), "{value}");
    drop(listener);
    assert_eq!(run(&check, &Silent).await.0, Failed);
}

#[tokio::test]
async fn an_endless_page_is_read_to_a_bound() {
    let head = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\nConnection: close\r\n\r\n";
    let mut check = page(&server(vec![format!("{head}{}Welcome", "x".repeat(2 << 20))]).await);
    check.contains = Some("Welcome".to_owned());
    check.within = Duration::from_millis(100);
    let (outcome, value) = run(&check, &Silent).await;
    assert_eq!(outcome, Failed);
    assert!(!value.is_empty());
}

#[tokio::test]
async fn what_is_no_address_is_unknown() {
    for url in ["", "example.com", "ftp://example.com/", "file:///etc/passwd"] {
        assert_eq!(run(&page(url), &Silent).await.0, Unknown, "{url}");
    }
}
