//! Every request of a pull is broken in turn, in every way, between us and a real registry. What passes is got over; else nothing that
//! is incomplete has a name in the layout.

use plimsoll_core::ports::{BaseImages as _, ImageRepository as _, Silent};
use plimsoll_layout::Layout;
use plimsoll_support::{Break, DebianRegistry, FaultProxy, Requirement, require};
use tempfile::TempDir;

use crate::{
    image::{Image, image, in_pieces, registries},
    setting::{push, tag},
};

/// Whether everything that has a name in a layout is what its name says.
fn is_sound(layout: &Layout, image: &Image) -> bool {
    [image.digest, image.configuration, image.layer]
        .iter()
        .all(|blob| layout.has_blob(blob).unwrap().is_none() || layout.read_blob(blob, 1 << 20).is_ok())
}

async fn break_every_request(how: fn() -> Break, may_fail: bool) {
    let registry = DebianRegistry::start();
    let image = image();
    let repository = registries(in_pieces()).repository(registry.reference("site").parse().unwrap());
    push(&repository, &image).await.unwrap();
    repository.set_tag(&tag("v1"), &image.digest).await.unwrap();
    let proxy = FaultProxy::start(registry.address());
    let reference = format!("{}/site:v1", proxy.address()).parse().unwrap();
    for number in 0.. {
        let folder = TempDir::new().unwrap();
        proxy.break_request(number, how());
        let platforms = ["linux/amd64".parse().unwrap()];
        let pulled = registries(in_pieces()).fetch(&reference, &platforms, folder.path(), &Silent).await;
        if proxy.mend() {
            assert!(number >= 4, "a pull has more requests than {number}");
            return;
        }
        let layout = Layout::open_or_create(folder.path()).unwrap();
        assert!(is_sound(&layout, &image), "{number}");
        match pulled {
            Ok(digests) => {
                assert_eq!(digests, [image.digest]);
                assert!(layout.contents(&image.digest).is_ok());
            }
            Err(failure) => {
                assert!(may_fail && failure.hint.is_some(), "{number}: {failure}");
                assert_eq!(layout.has_blob(&image.digest).unwrap(), None, "{number}: {failure}");
            }
        }
    }
}

#[tokio::test]
async fn what_passes_is_got_over() {
    require!(Requirement::Registry);
    let ways: [fn() -> Break; 7] = [
        || Break::CutBefore,
        || Break::CutAfter,
        || Break::CutAnswer,
        || Break::Silence,
        || Break::Answer(500, ""),
        || Break::Answer(502, ""),
        || Break::Answer(429, "Retry-After: 0\r\n"),
    ];
    for how in ways {
        break_every_request(how, false).await;
    }
}

#[tokio::test]
async fn what_is_wrong_is_not_taken_in() {
    require!(Requirement::Registry);
    let ways: [fn() -> Break; 3] = [|| Break::WrongDigest, || Break::LyingSuccess, || Break::Answer(403, "")];
    for how in ways {
        break_every_request(how, true).await;
    }
}
