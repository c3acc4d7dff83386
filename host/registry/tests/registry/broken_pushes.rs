//! Every request of a push is broken in turn, in every way, between us and a real registry. Afterwards a tag points to something
//! complete or has not moved, which skopeo is the judge of; and a second push puts everything right.

use plimsoll_core::{
    digest::Digest,
    ports::{ImageRepository as _, PortFailure, Silent},
};
use plimsoll_registry::RegistryRepository;
use plimsoll_support::{Break, DebianRegistry, FaultProxy, Requirement, Seen, require, skopeo};
use tempfile::TempDir;

use crate::{
    image::{Image, image, image_with, in_pieces, registries},
    setting::tag,
};

/// A registry, a proxy before it, and the image that was there before.
struct Setting {
    registry: DebianRegistry,
    proxy: FaultProxy,
    before: Image,
    image: Image,
}

impl Setting {
    fn new() -> Self {
        let registry = DebianRegistry::start();
        let proxy = FaultProxy::start(registry.address());
        Self { registry, proxy, before: image_with(1_000), image: image() }
    }

    /// A repository, reached through the proxy as by a program that was just started.
    fn repository(&self, name: &str) -> RegistryRepository {
        registries(in_pieces()).repository(format!("{}/{name}", self.proxy.address()).parse().unwrap())
    }

    /// Pushes an image and tags it, as a release does.
    async fn release(&self, name: &str, image: &Image) -> Result<(), PortFailure> {
        let repository = self.repository(name);
        repository.push(image.layout.root(), &image.digest, &Silent).await?;
        repository.set_tag(&tag("v1"), &image.digest).await
    }

    /// The digest that the tag points to, of an image that can be copied whole.
    fn tagged(&self, name: &str) -> Digest {
        let digest = self.registry.digest(name, "v1").unwrap();
        let folder = TempDir::new().unwrap();
        let to = format!("dir:{}", folder.path().display());
        let from = format!("docker://{}", self.registry.reference(&format!("{name}:v1")));
        let _ = skopeo(&["copy", "--quiet", "--src-tls-verify=false", &from, &to]);
        digest.parse().unwrap()
    }
}

/// Breaks one request after the other, each in a repository of its own.
async fn break_every_request(kind: &str, how: fn() -> Break, may_fail: bool) {
    let setting = Setting::new();
    let Setting { before, image, proxy, .. } = &setting;
    for number in 0.. {
        let name = format!("{kind}/{number}");
        setting.release(&name, before).await.unwrap();
        let known = proxy.seen().len();
        proxy.break_request(number, how());
        let result = setting.release(&name, image).await;
        if proxy.mend() {
            assert!(number > 15, "a push has more requests than {number}");
            return;
        }
        let seen = proxy.seen();
        let broken = &seen[known + number].line;
        let tagged = setting.tagged(&name);
        match result {
            Ok(()) => assert_eq!(tagged, image.digest, "{broken}"),
            Err(failure) => {
                assert!(may_fail, "{broken}: {failure}");
                assert!(failure.to_string().contains(&proxy.address().to_string()), "{broken}: {failure}");
                assert!(failure.hint.is_some(), "{broken}: {failure}");
                assert!([before.digest, image.digest].contains(&tagged), "{broken}: {failure}");
                setting.release(&name, image).await.unwrap();
                assert_eq!(setting.tagged(&name), image.digest, "{broken}");
            }
        }
    }
}

/// A test for each way of breaking requests. What passes is got over, without a second push.
macro_rules! ways {
    ($($name:ident: $how:expr, may fail: $may_fail:expr;)+) => { $(
        #[tokio::test]
        async fn $name() {
            require!(Requirement::Registry, Requirement::Skopeo);
            break_every_request(&stringify!($name).replace('_', "-"), || $how, $may_fail).await;
        }
    )+ };
}

ways! {
    connections_cut_before_a_request: Break::CutBefore, may fail: false;
    connections_cut_half_way_through_a_request: Break::CutHalfWay, may fail: false;
    connections_cut_after_a_request: Break::CutAfter, may fail: false;
    answers_cut_half_way: Break::CutAnswer, may fail: false;
    registries_that_fail: Break::Answer(500, ""), may fail: false;
    gateways_that_fail: Break::Answer(502, "Content-Type: text/html\r\n"), may fail: false;
    registries_that_are_busy: Break::Answer(429, "Retry-After: 0\r\n"), may fail: false;
    registries_that_say_nothing: Break::Silence, may fail: false;
    registries_that_refuse: Break::Answer(403, ""), may fail: true;
    wrong_digests: Break::WrongDigest, may fail: true;
    lying_successes: Break::LyingSuccess, may fail: true;
}

/// How many bytes of blobs were passed on.
fn sent(seen: &[Seen]) -> u64 {
    seen.iter().filter(|seen| seen.line.contains("/blobs/")).map(|seen| seen.passed_on).sum()
}

#[tokio::test]
async fn an_upload_is_resumed_and_not_begun_anew() {
    require!(Requirement::Registry, Requirement::Skopeo);
    let setting = Setting::new();
    let layout = &setting.image.layout;
    let size = [setting.image.layer, setting.image.configuration]
        .iter()
        .map(|blob| layout.has_blob(blob).unwrap().unwrap())
        .sum::<u64>();
    setting.release("whole", &setting.image).await.unwrap();
    let clean = setting.proxy.seen();
    assert_eq!(sent(&clean), size);
    let pieces: Vec<_> = (0..clean.len()).filter(|&at| clean[at].line.starts_with("PATCH")).collect();
    let [_, second, third] = pieces[..] else { panic!("three pieces: {clean:?}") };

    setting.proxy.break_request(second, Break::CutBefore);
    // It was asked about the second one, and goes one further.
    setting.proxy.break_request(third + 2, Break::Answer(503, ""));
    setting.release("resumed", &setting.image).await.unwrap();
    assert!(!setting.proxy.mend());
    let seen = &setting.proxy.seen()[clean.len()..];
    assert_eq!(sent(seen), size, "not a byte twice: {seen:?}");
    assert_eq!(setting.tagged("resumed"), setting.image.digest);
}
