//! Ten hosts share a journal in PostgreSQL and a thousand releases, and some of them are killed half-way: no release is lost,
//! none is deployed twice, and nothing older goes over anything newer. One that a newer release overtook comes to its end
//! without a deployment.
//!
//! Each host is a process of its own with the real executor and journal. Building, pushing and policies cost nothing here, and
//! the target writes each deployment at the end of one file.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use plimsoll_app::{
    application::{Application, Binding, Environment, ImagePlan},
    clock::Clock,
    release::{Event, Executor},
};
use plimsoll_core::{
    contract::{
        Commit, Decision, Derivation, GitRef, Intent, PromotionRequest, ProposedPlan, ProposedTag,
        Repository, Source, TagMode, TaggingRequest, Trigger, Verdict,
    },
    decision::{Decided, Outcome, PolicyIdentity},
    digest::Digest,
    fact::{Entry, Fact},
    names::{EnvironmentName, ReleaseId, Tag},
    ports::{
        BuildRequest, BuiltImage, Compression, DeployFailure, Deployed, Deployment, FailureClass,
        ImageBuilder, ImageRepository, Journal, JournalCheck, Observation, Platform, PortFailure, Progress,
        PromotionPolicy, PushReport, Silent, TaggingPolicy, Target,
    },
    reference::RepositoryName,
    release::release_id,
};
use plimsoll_journal::{PostgresJournal, PostgresOptions};
use plimsoll_support::{PostgresServer, Requirement, require};

const RELEASES: i64 = 1000;
/// So many of them every host wants, one after the other: whoever comes first carries it out. Of the others each host has a
/// share, so that newer ones overtake older ones.
const WANTED_BY_ALL: i64 = 300;
const HOSTS: i64 = 10;
/// How many facts there are when the next host is killed.
const KILLS: [usize; 3] = [900, 2200, 3500];
/// How long all of it may take.
const PATIENCE: Duration = Duration::from_secs(300);

/// Tells a host which one it is, where the journal is, and where deployments are written.
const HOST: &str = "MANY_HOSTS_NUMBER";
const URL: &str = "MANY_HOSTS_URL";
const FILE: &str = "MANY_HOSTS_FILE";

/// Answers, builds and pushes without doing anything, always the same.
struct Quick(PolicyIdentity);

impl Quick {
    fn new() -> Self {
        Self(PolicyIdentity {
            reference: "quick".to_owned(),
            name: "quick".to_owned(),
            version: "1.0.0".to_owned(),
            digest: Digest::of(b"quick"),
            contract: "0.1.0".to_owned(),
        })
    }
}

fn answered<Answer>(answer: Answer) -> Decided<Answer> {
    Decided { outcome: Outcome::Answered(answer), transcript: Vec::new(), fuel: 1 }
}

impl TaggingPolicy for Quick {
    fn identity(&self) -> &PolicyIdentity {
        &self.0
    }

    fn derive(&self, request: &TaggingRequest) -> Decided<Derivation> {
        let version = request.source.commit.time.to_string();
        answered(Derivation::Plan(ProposedPlan {
            tags: vec![ProposedTag { name: format!("v{version}"), mode: TagMode::Create }],
            version: Some(version),
            labels: Vec::new(),
            annotations: Vec::new(),
            findings: Vec::new(),
        }))
    }
}

impl PromotionPolicy for Quick {
    fn identity(&self) -> &PolicyIdentity {
        &self.0
    }

    fn decide(&self, _: &PromotionRequest) -> Decided<Verdict> {
        answered(Verdict { decision: Decision::Allow, findings: Vec::new() })
    }
}

#[async_trait]
impl ImageBuilder for Quick {
    async fn build(&self, request: &BuildRequest, _: &dyn Progress) -> Result<BuiltImage, PortFailure> {
        Ok(BuiltImage { digest: Digest::of(&request.timestamp.to_be_bytes()), size: 1, bases: Vec::new() })
    }
}

#[async_trait]
impl ImageRepository for Quick {
    async fn push(&self, _: &Path, _: &Digest, _: &dyn Progress) -> Result<PushReport, PortFailure> {
        Ok(PushReport::default())
    }

    async fn push_blob(&self, _: &Path, _: &Digest, _: &dyn Progress) -> Result<PushReport, PortFailure> {
        Ok(PushReport::default())
    }

    async fn resolve(&self, _: &Tag) -> Result<Option<Digest>, PortFailure> {
        Ok(None)
    }

    async fn set_tag(&self, _: &Tag, _: &Digest) -> Result<(), PortFailure> {
        Ok(())
    }

    async fn tags(&self) -> Result<Vec<String>, PortFailure> {
        Ok(Vec::new())
    }

    async fn labels(&self, _: &Digest) -> Result<Option<BTreeMap<String, String>>, PortFailure> {
        Ok(None)
    }
}

/// Writes a line for each deployment, unless it is what the last line says: as every target, it may be told twice.
struct Lines(PathBuf);

impl Lines {
    fn deploy(&self, version: &str) -> std::io::Result<()> {
        let before = fs::read_to_string(&self.0).unwrap_or_default();
        if before.lines().last() == Some(version) {
            return Ok(());
        }
        let mut file = fs::OpenOptions::new().append(true).create(true).open(&self.0)?;
        file.write_all(format!("{version}\n").as_bytes())
    }
}

#[async_trait]
impl Target for Lines {
    async fn deploy(&self, deployment: &Deployment, _: &dyn Progress) -> Result<Deployed, DeployFailure> {
        self.deploy(deployment.version.as_deref().unwrap_or_default())
            .map_err(|error| PortFailure::new(FailureClass::Outside, error))?;
        Ok(Deployed { healthy: true, location: self.0.display().to_string() })
    }

    async fn preview(&self, _: &RepositoryName, _: Option<&Digest>) -> Result<String, PortFailure> {
        Ok(String::new())
    }

    async fn observe(&self, _: &Deployment) -> Result<Observation, PortFailure> {
        Ok(Observation::default())
    }
}

fn application(journal: Arc<dyn Journal>, file: &Path) -> Application {
    let quick = Arc::new(Quick::new());
    let promotion = Binding {
        policy: Arc::clone(&quick) as Arc<dyn PromotionPolicy>,
        settings: "{}".to_owned(),
        time_zone: "UTC".to_owned(),
        shadow: None,
        missed: None,
    };
    let tagging = Binding {
        policy: Arc::clone(&quick) as Arc<dyn TaggingPolicy>,
        settings: "{}".to_owned(),
        time_zone: "UTC".to_owned(),
        shadow: None,
        missed: None,
    };
    let staging = Environment {
        name: staging(),
        after: Vec::new(),
        target: Arc::new(Lines(file.to_owned())),
        queue: plimsoll_core::release::Queue::default(),
        checks: Vec::new(),
        promotion: vec![promotion],
    };
    let image = ImagePlan {
        written: "ghcr.io/contoso/website".to_owned(),
        name: "ghcr.io/contoso/website".parse().expect("a repository"),
        context: PathBuf::new(),
        dockerfile: PathBuf::new(),
        build_arguments: BTreeMap::new(),
        target: None,
        platforms: Platform::new("linux", "amd64", None).into(),
        compression: Compression::Gzip,
        timestamp: None,
        layout: PathBuf::new(),
    };
    Application {
        configuration: Digest::of(b""),
        image,
        tagging,
        environments: vec![staging],
        builder: Arc::clone(&quick) as Arc<dyn ImageBuilder>,
        repository: quick,
        journal,
        provenance: None,
        clock: Clock::System,
    }
}

fn staging() -> EnvironmentName {
    EnvironmentName::new("staging").expect("a name")
}

/// The push of the commit with this number, which is also its time.
fn event(number: i64) -> Event {
    let source = Source {
        repository: Repository { name: "contoso/website".to_owned(), ..Repository::default() },
        trigger: Trigger::Push,
        git_ref: GitRef::Branch("main".to_owned()),
        commit: Commit { id: format!("{number:040x}"), time: number, author: None, message: None },
        tags: Vec::new(),
        actor: None,
        dirty: false,
        facts: Vec::new(),
    };
    Event { source, occurrence: None, intent: Intent::Promote }
}

fn id(number: i64) -> ReleaseId {
    release_id(&event(number).source, "ghcr.io/contoso/website", None)
}

async fn journal(url: &str) -> PostgresJournal {
    let schema = "website".to_owned();
    let options =
        PostgresOptions { url: url.to_owned(), password: None, certificate_authority: None, schema };
    PostgresJournal::open(&options).await.expect("the server is there")
}

async fn all(journal: &dyn Journal) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    loop {
        let after = entries.last().map_or(0, |entry| entry.sequence);
        let page = journal.entries(after, 1000).await.expect("the journal can be read");
        if page.is_empty() {
            return entries;
        }
        entries.extend(page);
    }
}

fn is_outcome(fact: &Fact) -> bool {
    matches!(fact, Fact::Deployed { .. } | Fact::Superseded { .. })
}

/// The releases that nobody brought to an end.
async fn unfinished(journal: &dyn Journal) -> Vec<i64> {
    let entries = all(journal).await;
    let finished: BTreeSet<_> =
        entries.iter().filter(|entry| is_outcome(&entry.fact)).map(|entry| &entry.release).collect();
    (1..=RELEASES).filter(|number| !finished.contains(&id(*number))).collect()
}

/// One host: carries out its share, and then what others left behind.
#[tokio::test]
#[ignore = "started by the other test as a process of its own"]
async fn host() {
    let given =
        |name| env::var(name).unwrap_or_else(|_| panic!("this is no test by itself: it needs {name}"));
    let number: i64 = given(HOST).parse().expect("a number");
    let application = application(Arc::new(journal(&given(URL)).await), Path::new(&given(FILE)));
    let executor = Executor::new(&application, &Silent);
    let carry_out = async |number| executor.release(event(number)).await.expect("the journal works");
    for number in 1..=WANTED_BY_ALL {
        carry_out(number).await;
    }
    for number in (WANTED_BY_ALL + 1..=RELEASES).filter(|release| release % HOSTS == number) {
        carry_out(number).await;
    }
    loop {
        let left = unfinished(application.journal.as_ref()).await;
        if left.is_empty() {
            return;
        }
        for number in left {
            carry_out(number).await;
        }
    }
}

/// A host's process, killed when the test ends, however it ends.
struct Host(Child);

impl Host {
    fn start(number: i64, url: &str, file: &Path) -> Self {
        let child = Command::new(env::current_exe().expect("this program is a file"))
            .args(["--exact", "host", "--ignored"])
            .env(HOST, number.to_string())
            .env(URL, url)
            .env(FILE, file)
            .stdout(Stdio::null())
            .spawn()
            .expect("this program runs");
        Self(child)
    }

    fn kill(&mut self) {
        // Both fail only when it is dead already.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Waits until the journal has this many facts.
fn wait_for_facts(server: &PostgresServer, count: usize, start: Instant) {
    loop {
        let facts = server.sql("SELECT sequence FROM website.head").parse().unwrap_or(0);
        if facts >= count {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "there are only {facts} facts");
        thread::sleep(Duration::from_millis(20));
    }
}

#[tokio::test]
async fn ten_hosts_and_a_thousand_releases() {
    require!(Requirement::Postgres);
    let server = PostgresServer::start();
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let (url, file) = (server.url("postgres", "postgres"), folder.path().join("deployments"));
    let journal = journal(&url).await;
    let start = Instant::now();
    let mut hosts: Vec<Host> = (0..HOSTS).map(|number| Host::start(number, &url, &file)).collect();
    for facts in KILLS {
        wait_for_facts(&server, facts, start);
        // Dropped, and so killed.
        hosts.remove(0);
    }
    for host in &mut hosts {
        while host.0.try_wait().expect("it is our child").is_none() {
            assert!(start.elapsed() < PATIENCE, "a host does not come to an end");
            thread::sleep(Duration::from_millis(20));
        }
        assert!(host.0.wait().expect("it ended").success());
    }

    assert!(matches!(journal.verify().await.expect("it can be read"), JournalCheck::Intact { .. }));
    let entries = all(&journal).await;
    // None lost, and none brought to an end twice.
    let mut outcomes: BTreeMap<&ReleaseId, usize> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| is_outcome(&entry.fact)) {
        *outcomes.entry(&entry.release).or_default() += 1;
    }
    for number in 1..=RELEASES {
        assert_eq!(outcomes.get(&id(number)), Some(&1), "release {number}");
    }
    // None deployed twice, and never an older one after a newer one.
    let lines = fs::read_to_string(&file).expect("there were deployments");
    let deployed: Vec<i64> = lines.lines().map(|line| line.parse().expect("a number")).collect();
    let first: Vec<i64> = deployed.iter().copied().take_while(|number| *number <= WANTED_BY_ALL).collect();
    assert!(first.iter().copied().eq(1..=WANTED_BY_ALL), "{first:?}");
    let backwards = deployed.windows(2).find(|pair| pair[0] >= pair[1]);
    assert_eq!(backwards, None);
    assert_eq!(deployed.last(), Some(&RELEASES), "the newest release runs in the end");
    // What the journal says was deployed was, and the other way round but for what a killed host could no longer record.
    let recorded: BTreeSet<&ReleaseId> = entries
        .iter()
        .filter(|entry| matches!(entry.fact, Fact::Deployed { .. }))
        .map(|entry| &entry.release)
        .collect();
    let written: BTreeSet<ReleaseId> = deployed.iter().map(|number| id(*number)).collect();
    let unrecorded = written.iter().filter(|release| !recorded.contains(release)).count();
    assert!(unrecorded <= KILLS.len(), "{unrecorded} deployments were not recorded");
    assert!(recorded.iter().all(|release| written.contains(*release)));
}
