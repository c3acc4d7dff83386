//! A layout as the place where images go.

use std::fs;

use plimsoll_core::{
    digest::Digest,
    ports::{ImageRepository as _, PushReport, Silent},
};
use plimsoll_layout::Layout;
use plimsoll_registry::LayoutRepository;
use tempfile::TempDir;

use crate::{
    image::{image, index},
    setting::tag,
};

#[tokio::test]
async fn a_layout_takes_images_and_tags() {
    let (image, folder) = (image(), TempDir::new().unwrap());
    let root = folder.path().join("images/website");
    let repository = LayoutRepository::new(root.clone());
    assert_eq!(repository.tags().await.unwrap(), [""; 0]);
    assert_eq!(repository.resolve(&tag("v1")).await.unwrap(), None);
    assert!(!root.exists(), "asking makes nothing");

    let report = repository.push(image.layout.root(), &image.digest, &Silent).await.unwrap();
    assert_eq!((report.blobs_sent, report.blobs_present), (2, 0));
    assert_eq!(Layout::open(&root).unwrap().references().unwrap(), [(None, image.digest)]);
    let again = repository.push(image.layout.root(), &image.digest, &Silent).await.unwrap();
    assert_eq!(again, PushReport { blobs_sent: 0, blobs_present: 2, bytes_sent: 0 });

    repository.set_tag(&tag("v1"), &image.digest).await.unwrap();
    assert_eq!(repository.resolve(&tag("v1")).await.unwrap(), Some(image.digest));
    assert_eq!(repository.tags().await.unwrap(), ["v1"]);
    assert_eq!(repository.labels(&image.digest).await.unwrap().unwrap()["team"], "web");
    assert_eq!(repository.labels(&Digest::of(b"missing")).await.unwrap(), None);
    assert!(repository.set_tag(&tag("v2"), &Digest::of(b"missing")).await.is_err());
}

#[tokio::test]
async fn a_layout_takes_an_index_with_its_images() {
    let ((image, index), folder) = (index(), TempDir::new().unwrap());
    let repository = LayoutRepository::new(folder.path().to_owned());
    let ahead = repository.push_blob(image.layout.root(), &image.layer, &Silent).await.unwrap();
    assert_eq!((ahead.blobs_sent, ahead.bytes_sent), (1, 300_000));
    let report = repository.push(image.layout.root(), &index, &Silent).await.unwrap();
    assert_eq!((report.blobs_sent, report.blobs_present), (2, 1));
    let layout = Layout::open(folder.path()).unwrap();
    assert_eq!(layout.references().unwrap(), [(None, index)]);
    assert_eq!(repository.labels(&index).await.unwrap().unwrap()["team"], "web");
    let contents = layout.contents(&index).unwrap();
    assert!(contents.blobs.iter().all(|blob| layout.has_blob(&blob.digest).unwrap() == Some(blob.size)));
}

#[tokio::test]
async fn a_layout_can_be_where_the_image_was_built() {
    let image = image();
    let repository = LayoutRepository::new(image.layout.root().to_owned());
    let report = repository.push(image.layout.root(), &image.digest, &Silent).await.unwrap();
    assert_eq!(report, PushReport { blobs_sent: 0, blobs_present: 2, bytes_sent: 0 });
    assert_eq!(image.layout.references().unwrap(), [(None, image.digest)]);
}

#[tokio::test]
async fn a_damaged_layer_does_not_spread() {
    let (image, folder) = (image(), TempDir::new().unwrap());
    fs::write(image.layout.blob_path(&image.layer), vec![0; 300_000]).unwrap();
    let repository = LayoutRepository::new(folder.path().to_owned());
    let failure = repository.push(image.layout.root(), &image.digest, &Silent).await.unwrap_err();
    assert!(failure.to_string().contains("damaged"), "{failure}");
    assert_eq!(Layout::open(folder.path()).unwrap().references().unwrap(), []);
}

#[tokio::test]
async fn a_folder_with_something_else_is_no_layout() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("letter.txt"), "dear").unwrap();
    let failure = LayoutRepository::new(folder.path().to_owned()).tags().await.unwrap_err();
    assert!(failure.to_string().contains("is not an OCI image layout"), "{failure}");
}
