//! Layers compressed with zstd.

use plimsoll_core::ports::Compression;

use crate::support::{Workspace, small_base};

#[test]
fn layers_of_the_build_are_zstd_and_those_of_the_base_stay() {
    let dockerfile = "FROM base\nCOPY d /srv/\nCOPY --from=base /usr/bin/tool /tool\n";
    let workspace = Workspace::new(&[("Dockerfile", dockerfile), ("d/a", "a"), ("d/b", "b")]);
    let workspace = workspace.with_base(small_base());
    let gzip = workspace.build();
    let mut request = workspace.request();
    request.compression = Compression::Zstd;
    let zstd = workspace.build_request(&request);
    let kinds: Vec<_> =
        zstd.manifest["layers"].as_array().unwrap().iter().map(|layer| &layer["mediaType"]).collect();
    assert_eq!(
        kinds,
        [
            "application/vnd.oci.image.layer.v1.tar+gzip",
            "application/vnd.oci.image.layer.v1.tar+zstd",
            "application/vnd.oci.image.layer.v1.tar+zstd"
        ]
    );
    // The same files, packed otherwise: even the configuration is the same.
    assert_eq!(zstd.manifest["config"], gzip.manifest["config"]);
    assert_ne!(zstd.digest, gzip.digest);
    // One cache knows both.
    assert_eq!(workspace.build_request(&request).digest, zstd.digest);
    assert_eq!(workspace.build().digest, gzip.digest);
}
