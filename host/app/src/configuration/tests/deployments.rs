//! Targets, checks, the journal and notifications: what they say, and what is said when they are broken.

use std::{path::Path, time::Duration};

use super::{broken::assert_cases, *};

fn full() -> Configuration {
    Configuration::parse(Path::new("/app/plimsoll.toml"), FULL, &STOCK).unwrap()
}

fn target(configuration: &Configuration, name: &str) -> Target {
    let mut environments = configuration.environments.iter();
    environments.find(|environment| environment.name.as_str() == name).unwrap().target.clone()
}

#[test]
fn a_cluster_is_described_whole() {
    let expected = KubernetesTarget {
        access: ClusterAccess {
            kubeconfig: Some("/app/kubeconfig".into()),
            context: Some("prod".to_owned()),
            in_cluster: false,
            impersonate: Some(Impersonation {
                user: "deployer".to_owned(),
                groups: vec!["deployers".to_owned()],
            }),
        },
        namespace: Some("website".to_owned()),
        manifests: ManifestSource::Chart {
            path: "/app/chart".into(),
            release: Some("web".to_owned()),
            values: vec!["/app/values.yaml".into(), "/app/production.yaml".into()],
        },
        image_paths: vec![ImagePath {
            kind: "Rollout".to_owned(),
            path: "spec.template.spec.containers[*].image".to_owned(),
        }],
        ready_when: vec![ReadyWhen {
            kind: "Certificate".to_owned(),
            condition: "Issuing".to_owned(),
            status: "False".to_owned(),
        }],
        rollout_timeout: Duration::from_mins(20),
        on_failure: OnFailure::Keep,
        prune: false,
        force_conflicts: true,
    };
    assert_eq!(target(&full(), "cluster"), Target::Kubernetes(Box::new(expected)));
}

#[test]
fn a_cluster_has_defaults() {
    let everyday = ClusterAccess { kubeconfig: None, context: None, in_cluster: false, impersonate: None };
    let words = ["cue", "export", "."].map(str::to_owned).to_vec();
    let rendered = KubernetesTarget {
        access: everyday.clone(),
        namespace: None,
        manifests: ManifestSource::Command { words, folder: "/app".into() },
        image_paths: vec![],
        ready_when: vec![],
        rollout_timeout: Duration::from_mins(10),
        on_failure: OnFailure::RollBack,
        prune: true,
        force_conflicts: false,
    };
    let inside = KubernetesTarget {
        access: ClusterAccess { in_cluster: true, ..everyday },
        manifests: ManifestSource::Kustomization("/app/overlay".into()),
        ..rendered.clone()
    };
    assert_eq!(target(&full(), "rendered"), Target::Kubernetes(Box::new(rendered)));
    assert_eq!(target(&full(), "inside"), Target::Kubernetes(Box::new(inside)));
}

#[test]
fn a_repository_is_described_whole() {
    let access = ClusterAccess {
        kubeconfig: None,
        context: Some("prod".to_owned()),
        in_cluster: false,
        impersonate: None,
    };
    let expected = GitOpsTarget {
        repository: "git@git.example.com:contoso/deploy.git".to_owned(),
        branch: "live".to_owned(),
        path: "apps/website/production.yaml".into(),
        write: GitOpsWrite::Values { path: "web.image".to_owned() },
        pull_request: Some("plimsoll/{environment}".to_owned()),
        author: Some("Plimsoll <plimsoll@example.com>".to_owned()),
        wait: Some(GitOpsWait { access, namespace: None, timeout: Duration::from_mins(15) }),
    };
    assert_eq!(target(&full(), "followed"), Target::GitOps(Box::new(expected)));
    let path = FULL.replace("git@git.example.com:contoso/deploy.git", "../deploy");
    let configuration = Configuration::parse(Path::new("/app/plimsoll.toml"), &path, &STOCK).unwrap();
    assert!(
        matches!(target(&configuration, "followed"), Target::GitOps(target) if target.repository == "/app/../deploy")
    );
}

#[test]
fn checks_are_read() {
    let configuration = full();
    let cluster = &configuration.environments[3];
    assert_eq!((cluster.queue, configuration.environments[0].queue), (Queue::Fifo, Queue::Latest));
    let command = CheckAction::Command {
        words: vec!["./smoke.sh".to_owned(), "now".to_owned()],
        timeout: Duration::from_mins(2),
    };
    let http = CheckAction::Http {
        url: "http://example.com/".to_owned(),
        status: 204,
        contains: Some("Welcome".to_owned()),
        within: Duration::from_mins(2),
    };
    let job = CheckAction::Job { manifest: "/app/checks/job.yaml".into(), timeout: Duration::from_mins(5) };
    let expected = [("smoke", true, command), ("home", true, http), ("migrated", false, job)];
    let read = cluster.verify.iter();
    let read = read.map(|check| (check.name.as_str(), check.required, check.action.clone()));
    assert!(read.eq(expected), "{:#?}", cluster.verify);
}

#[test]
fn journal_and_notifications_are_read() {
    let configuration = full();
    let journal = Journal::Postgres {
        url: "postgres://plimsoll@db.example.com/releases".to_owned(),
        password_file: Some("/app/secrets/journal".into()),
        certificate_authority: Some("/app/db.pem".into()),
        schema: "website".to_owned(),
    };
    assert_eq!(configuration.journal, journal);
    let webhook = Notification::Webhook {
        url: "https://hooks.example.com/plimsoll".to_owned(),
        secret_file: Some("/app/secrets/hook".into()),
        events: [NotificationEvent::Held, NotificationEvent::Failed].into(),
    };
    let github = Notification::GitHub {
        api: "https://github.example.com/api/v3".to_owned(),
        token_file: Some("/app/secrets/github".into()),
    };
    assert_eq!(configuration.notifications, [webhook, github]);
    let file = parse(&format!("{MINIMAL}[journal]\npath = \"facts.db\"\n")).unwrap();
    assert_eq!(file.journal, Journal::Sqlite("facts.db".into()));
    let short = "[[notifications]]\nkind = \"webhook\"\nurl = \"http://127.0.0.1:1/\"\n[[notifications]]\nkind = \"github\"\n";
    let [Notification::Webhook { events, .. }, Notification::GitHub { api, token_file }] =
        &parse(&format!("{MINIMAL}{short}")).unwrap().notifications[..]
    else {
        panic!("two notifications")
    };
    assert_eq!(events.len(), NotificationEvent::ALL.len());
    assert_eq!((api.as_str(), token_file), ("https://api.github.com", &None));
}

/// An environment with this target, on one line, which is the fifth.
fn deploys(target: &str, more: &str) -> String {
    format!(
        "[[environments]]\nname = \"a\"\ntarget = {{ {target} }}\npromotion = [{{ policy = \"stock:always\" }}]\n{more}\n"
    )
}

#[test]
fn kinds_of_targets_have_keys_of_their_own() {
    let directory = "kind = \"directory\", path = \"out\", manifests = \"k8s\"";
    let cluster = "kind = \"kubernetes\", manifests = \"k8s\"";
    let cases = [
        (
            "path = \"out\"".to_owned(),
            "5:10: `environments.target.kind` is missing; name the kind of target: `kind = \"directory\"`",
        ),
        (
            "kind = \"nomad\", path = 3".to_owned(),
            "5:19: there is no target `nomad`; there is `directory`, `kubernetes`, `gitops`",
        ),
        (
            format!("{directory}, chart = \"chart\""),
            "5:65: `chart` belongs to targets of the kind `kubernetes`; this one is of the kind `directory`",
        ),
        (
            format!("{cluster}, path = \"out\""),
            "5:52: `path` belongs to targets of the kind `directory` or `gitops`; this one is of the kind `kubernetes`",
        ),
        (
            format!("{cluster}, chrt = \"x\""),
            "5:52: `environments.target.chrt` is no key that Plimsoll knows; did you mean `chart`?",
        ),
        (
            "kind = \"kubernetes\"".to_owned(),
            "5:10: name exactly one of `manifests`, `kustomization`, `chart`, `render`; `environments.target` has none of them",
        ),
        (
            "kind = \"kubernetes\", manifest = \"k8s\"".to_owned(),
            "5:33: `environments.target.manifest` is no key that Plimsoll knows; did you mean `manifests`?",
        ),
        (
            format!("{cluster}, chart = \"chart\""),
            "5:52: name exactly one of `manifests`, `kustomization`, `chart`, `render`; `manifests` is there already: take `chart` or `manifests` out",
        ),
    ];
    assert_cases(cases.map(|(target, expected)| (format!("{MINIMAL}{}", deploys(&target, "")), expected)));
}

#[test]
fn mistakes_about_clusters_are_told() {
    let cluster = "kind = \"kubernetes\", manifests = \"k8s\"";
    let cases = [
        (
            format!("{cluster}, chart-values = []"),
            "5:52: `chart-values` goes with `chart`; this table has `manifests`",
        ),
        ("kind = \"kubernetes\", render = []".to_owned(), "5:42: `environments.target.render` is empty"),
        (
            format!("{cluster}, prune = \"no\""),
            "5:60: `environments.target.prune` must be `true` or `false`, not a string",
        ),
        (
            format!("{cluster}, rollout-timeout = \"2ms\""),
            "5:70: `2ms` is no time to wait: expected a duration from `1s` to `24h`",
        ),
        (
            format!("{cluster}, in-cluster = true, context = \"x\""),
            "5:81: `context` and `in-cluster` exclude each other; take one of them out: in its own cluster, Plimsoll uses the pod's service account",
        ),
        (
            format!("{cluster}, as-groups = [\"x\"]"),
            "5:64: `as-groups` goes with `as`; name the user as well: a cluster knows no groups without one",
        ),
        (
            format!("{cluster}, image-paths = [{{ kind = \"A\", path = \"spec..image\" }}]"),
            "5:88: `spec..image` is no way to an image; write names with dots between, `[*]` behind one for each item of a list: `spec.template.spec.containers[*].image`",
        ),
        (
            format!("{cluster}, ready-when = [{{ kind = \"A\" }}]"),
            "5:66: `environments.target.ready-when.condition` is missing; name the type of the condition: `condition = \"Ready\"`",
        ),
    ];
    assert_cases(cases.map(|(target, expected)| (format!("{MINIMAL}{}", deploys(&target, "")), expected)));
}

#[test]
fn mistakes_about_repositories_are_told() {
    let gitops = "kind = \"gitops\", repository = \"../deploy\", path = \"apps\"";
    let cases = [
        (
            format!("{gitops}, value = \"image\""),
            "5:78: `value` goes with `write = \"values\"`; this target has `write = \"manifests\"`",
        ),
        (
            format!("{gitops}, write = \"values\", value = \"a.\""),
            "5:96: `a.` is no way to a value; write names with dots between: `web.image`",
        ),
        (
            format!("{gitops}, branch = \"-x\""),
            "5:79: `-x` is no name for a branch; write one that git takes, such as `main` or `teams/web`",
        ),
        (
            format!("{gitops}, pull-request = \"p/{{env}}\""),
            "5:85: `{env}` stands for nothing in the name of a branch; there is `{environment}`, the environment's name",
        ),
        (
            format!("{gitops}, author = \"me\""),
            "5:79: `me` is no author; write a name and an address: `Plimsoll <plimsoll@example.com>`",
        ),
        (
            gitops.replace("\"apps\"", "\"../x\""),
            "5:62: `../x` is no place in the repository; write a path that starts at the top of the repository, without `..`",
        ),
        (
            gitops.replace("../deploy", "ext::sh"),
            "5:42: `ext::sh` is no repository; write an address as git takes it, such as `https://git.example.com/contoso/deploy.git`, or a path",
        ),
        (
            gitops.replace("../deploy", "https://me:x@git.example.com/d"),
            "5:42: there is a password in this address, and secrets do not belong in the file; take it out, and change it where others have seen it; git asks its credential helper, or the ssh agent",
        ),
    ];
    assert_cases(cases.map(|(target, expected)| (format!("{MINIMAL}{}", deploys(&target, "")), expected)));
}

#[test]
fn environments_deploy_to_places_apart() {
    let pair = |one: &str, other: &str| {
        format!("{MINIMAL}{}{}", deploys(one, ""), deploys(other, "").replace("\"a\"", "\"b\""))
    };
    let cluster = "kind = \"kubernetes\", context = \"x\", manifests = \"k8s\"";
    let gitops = "kind = \"gitops\", repository = \"../deploy\", path = \"apps\"";
    let (west, same) =
        (format!("{cluster}, namespace = \"west\""), format!("{cluster}, as = \"me\", namespace = \"west\""));
    let there = gitops.replace("\"apps\"", "\"./apps\", branch = \"main\"");
    assert_cases([
        (
            pair(&west, &same),
            "10:90: the environment `a` deploys into the same namespace of the same cluster; give each a `namespace` or a `context` of its own: each would delete what the other has applied",
        ),
        (
            pair(cluster, cluster),
            "10:19: the environment `a` deploys into the same namespace of the same cluster; give each a `namespace` or a `context` of its own: each would delete what the other has applied",
        ),
        (
            pair(gitops, &there),
            "10:62: the environment `a` writes to the same place of the same branch; give each a `path` or a `branch` of its own: each would replace what the other has written",
        ),
    ]);
    for (one, other) in [
        (cluster, west.as_str()),
        (cluster, &cluster.replace("\"x\"", "\"y\"")),
        (gitops, &gitops.replace("apps", "apps/b")),
        (gitops, &there.replace("main", "b")),
        (gitops, cluster),
    ] {
        parse(&pair(one, other)).unwrap_or_else(|error| panic!("{:#?}", error.lines()));
    }
}

#[test]
fn mistakes_in_checks_are_told() {
    let checks = |verify: &str| {
        let directory = "kind = \"directory\", path = \"out\", manifests = \"k8s\"";
        format!("{MINIMAL}{}", deploys(directory, &format!("verify = [{verify}]\nqueue = \"latest\"")))
    };
    let cases = [
        (
            "{ name = \"x\" }",
            "7:11: name exactly one of `command`, `http`, `job`; `environments.verify` has none of them",
        ),
        (
            "{ name = \"x\", http = \"https://e.com\", timeout = \"1m\" }",
            "7:49: `timeout` goes with `command` or `job`; this table has `http`",
        ),
        (
            "{ name = \"X\", command = [\"a\"] }",
            "7:20: `X` is not the name of a check: expected 1 to 64 of `a-z 0-9 - . _ /`, beginning with a letter or digit",
        ),
        (
            "{ name = \"x\", command = [\"a\"] }, { name = \"x\", command = [\"a\"] }",
            "7:53: there is already a check `x` in this environment; give each check a name of its own",
        ),
        (
            "{ name = \"x\", job = \"a.yaml\" }",
            "7:31: a `job` runs in a cluster that is deployed to, and this environment has none; write a `command`, or give the environment another target than `directory`: `kubernetes`",
        ),
        (
            "{ name = \"x\", http = \"example.com\" }",
            "7:32: this is no web address: relative URL without a base; write one that begins with `https://`",
        ),
        (
            "{ name = \"x\", http = \"https://e.com\", status = 99 }",
            "7:58: `environments.verify.status` must be a whole number from 100 to 599",
        ),
    ];
    assert_cases(cases.map(|(verify, expected)| (checks(verify), expected)));
}

#[test]
fn mistakes_in_journal_and_notifications_are_told() {
    let journal = |text: &str| format!("{MINIMAL}[journal]\n{text}\n");
    let notification = |text: &str| format!("{MINIMAL}[[notifications]]\n{text}\n");
    let postgres = "postgres = \"postgres://db/releases\"";
    let cases = [
        (
            journal(&format!("path = \"a\"\n{postgres}")),
            "5:1: name at most one of `path`, `postgres`; `path` is there already: take `postgres` or `path` out",
        ),
        (
            journal("path = \"a\"\nschema = \"b\""),
            "5:1: `schema` goes with `postgres`; this table has `path`",
        ),
        (journal("schema = \"b\""), "4:1: `schema` goes with `postgres`; `journal` has none"),
        (
            journal(&format!("{postgres}\nschema = \"pg_x\"")),
            "5:10: `pg_x` is no name for the schema of a journal; write up to 63 of `a-z 0-9 _`, beginning with neither a digit nor `pg_`",
        ),
        (
            journal("postgres = \"postgres://db\""),
            "4:12: `postgres://db` names no database; write it like `postgres://plimsoll@db.example.com/releases`",
        ),
        (
            journal("postgres = \"mysql://db/x\""),
            "4:12: this is no address of a PostgreSQL database; write it like `postgres://plimsoll@db.example.com/releases`",
        ),
        (
            journal("postgres = \"postgres://db/x?sslmode=disable\""),
            "4:12: the address of a journal does not take the parameter `sslmode`; take it out; there is `host`, `application_name`",
        ),
        (
            journal("postgres = \"postgres://db/x?p%61ssword=y\""),
            "4:12: there is a password in this address, and secrets do not belong in the file; take it out, and change it where others have seen it; name a file with it: `password-file`",
        ),
        (
            notification("kind = \"webhook\"\nurl = \"http://example.com/\""),
            "5:7: `http://example.com/` would be spoken to without TLS; write `https://`: plain `http://` is for addresses on this machine",
        ),
        (
            notification("kind = \"webhook\"\nurl = \"https://e.com/\"\nevents = [\"deploy\"]"),
            "6:11: there is no event `deploy`; did you mean `deployed`?",
        ),
        (
            notification("kind = \"github\"\nevents = []"),
            "5:1: `events` belongs to notifications of the kind `webhook`; this one is of the kind `github`",
        ),
        (
            notification("kind = \"github\"\napi = \"ftp://e.com\""),
            "5:7: `ftp://e.com` is no web address; write one that begins with `https://`",
        ),
    ];
    assert_cases(cases);
}

/// A report is read by more people than the file.
#[test]
fn no_report_shows_a_password() {
    let text = format!(
        "{MINIMAL}[journal]\npostgres = \"postgres://plimsoll:geheim@db/releases\"\nschema = \"pg_x\"\n"
    );
    let error = parse(&text).unwrap_err();
    assert_eq!(error.lines().len(), 2, "{:#?}", error.lines());
    let shown = rendered(&error) + &error.lines().join("\n") + &format!("{error:?}");
    assert!(!shown.contains("geheim") && shown.contains("****"), "{shown}");
}
