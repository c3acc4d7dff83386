//! Whole files: what they say, and how what is wrong with them is shown.

use std::{path::Path, time::Duration};

use miette::{GraphicalReportHandler, GraphicalTheme};
use plimsoll_core::{
    names::{EnvironmentName, SignerName},
    ports::Compression,
};

use super::{
    shape::{OneOf, Shape, TableShape},
    *,
};

mod arbitrary;
mod broken;
mod builders;
mod deployments;
mod documentation;

const STOCK: [&str; 3] = ["always", "release-tags", "version-gate"];

/// The smallest file there is.
const MINIMAL: &str = "[image]\nrepository = \"ghcr.io/contoso/website\"\n";

/// A file that uses every key, each with another value than its default.
const FULL: &str = include_str!("tests/full.toml");

fn parse(text: &str) -> Result<Configuration, ConfigurationError> {
    Configuration::parse(Path::new("plimsoll.toml"), text, &STOCK)
}

/// The lines that a broken file is answered with.
fn lines(text: &str) -> Vec<String> {
    parse(text).expect_err("the file is broken").lines()
}

#[test]
fn the_smallest_file_means_the_defaults() {
    let configuration = parse(MINIMAL).unwrap();
    assert_eq!(configuration.digest, Digest::of(MINIMAL.as_bytes()));
    assert_eq!(configuration.image.written, "ghcr.io/contoso/website");
    assert_eq!(configuration.image.destination.name().to_string(), "ghcr.io/contoso/website");
    assert_eq!(configuration.image.builder, Builder::Embedded);
    assert_eq!(configuration.image.dockerfile, Path::new("Dockerfile"));
    assert_eq!(configuration.image.platforms.to_string(), "linux/amd64");
    assert_eq!(configuration.image.compression, Compression::Gzip);
    assert_eq!(configuration.tags.policy, PolicyReference::Stock("release-tags".to_owned()));
    assert_eq!((configuration.tags.settings.as_str(), configuration.tags.time_zone.as_str()), ("{}", "UTC"));
    assert_eq!(configuration.journal, Journal::Sqlite(".plimsoll/journal.db".into()));
    assert_eq!(configuration.provenance, Provenance { attach: true, key: None });
    assert!(configuration.environments.is_empty());
}

#[test]
fn every_key_is_read() {
    let configuration = Configuration::parse(Path::new("/app/plimsoll.toml"), FULL, &STOCK).unwrap();
    let image = &configuration.image;
    assert_eq!(image.destination.name().to_string(), "docker.io/library/website");
    assert!(
        matches!(&image.destination, Destination::Layout { path, .. } if path == Path::new("/app/images/website"))
    );
    assert_eq!(
        (image.context.as_path(), image.dockerfile.as_path()),
        (Path::new("/app/site"), Path::new("/etc/D"))
    );
    assert!(matches!(image.builder, Builder::Docker { .. }), "{:?}", image.builder);
    assert_eq!(image.target.as_deref(), Some("web"));
    assert_eq!(image.build_arguments["VERSION"], "1");
    assert_eq!(
        (image.platforms.to_string().as_str(), image.compression),
        ("linux/arm/v7", Compression::Zstd)
    );
    let tags = &configuration.tags;
    assert_eq!(tags.policy, PolicyReference::Path("/app/policies/tags.wasm".into()));
    assert_eq!(tags.settings, r#"{"a":[1,{"c":true,"d":2}],"b":"x"}"#);
    assert_eq!(tags.grants, [Capability::Log, Capability::Registry, Capability::History].into());
    assert_eq!(tags.time_zone, "Europe/Berlin");
    let limits = LimitOverrides {
        fuel: Some(1_000_000),
        time: Some(Duration::from_millis(100)),
        memory: Some(16 << 20),
        table_elements: Some(1000),
        instances: Some(4),
        output: Some(64 << 10),
        host_calls: Some(0),
    };
    assert_eq!(tags.limits, limits);
    let shadow = tags.shadow.as_deref().unwrap();
    assert_eq!(shadow.policy, PolicyReference::Path("/app/policies/next-tags.wasm".into()));
    assert_eq!((shadow.settings.as_str(), shadow.time_zone.as_str()), (r#"{"c":3}"#, "Europe/Berlin"));
    assert_eq!(shadow.settings_files["nights"], Path::new("/app/nights.txt"));
    assert_eq!((&shadow.grants, shadow.limits.fuel), (&[Capability::Log].into(), Some(7)));
    let production = &configuration.environments[1];
    assert_eq!(production.after, [configuration.environments[0].name.clone()]);
    assert_eq!(
        production.target,
        Target::Directory { path: "/app/deploy/production".into(), manifests: "/app/k8s".into() }
    );
    assert_eq!(production.promotion.len(), 2);
    let guarded = &configuration.environments[2].promotion[0];
    assert!(guarded.signed_by.iter().map(SignerName::as_str).eq(["contoso", "security"]));
    assert_eq!(
        configuration.signers[1].keys,
        [Path::new("/app/keys/security.pub"), Path::new("/app/keys/security-2.pub")]
    );
    assert_eq!(configuration.registries.certificate_authorities, [Path::new("/app/ca.pem")]);
    assert_eq!(configuration.registries.plain_http, ["registry.internal:5000"]);
    let registries = &configuration.registries;
    assert_eq!((registries.transfers, registries.upload_piece), (Some(8), Some(16 << 20)));
    assert_eq!(registries.busy_timeout.map(|time| time.as_secs()), Some(300));
}

#[test]
fn several_platforms_stand_in_place_of_one() {
    let platforms =
        |line: &str| parse(&format!("{MINIMAL}{line}\n")).map(|file| file.image.platforms.to_string());
    let two = platforms("platforms = [\"linux/arm64/v8\", \"linux/amd64\"]").unwrap();
    assert_eq!(two, "linux/arm64, linux/amd64");
    let both = platforms("platform = \"linux/amd64\"\nplatforms = [\"linux/arm64\"]").unwrap_err().lines();
    assert!(both[0].contains("name at most one of `platform`, `platforms`"), "{both:?}");
    assert!(platforms("platforms = []").is_err());
}

/// A key that could be left out of the full file without a change would be one that nobody reads.
#[test]
fn no_key_is_without_effect() {
    let full = without_digest(FULL).unwrap();
    let mut keys = 0;
    for (index, line) in FULL.lines().enumerate().filter(|(_, line)| line.contains(" = ")) {
        keys += 1;
        let rest: String = FULL
            .lines()
            .enumerate()
            .filter(|(other, _)| *other != index)
            .map(|(_, line)| format!("{line}\n"))
            .collect();
        assert_ne!(without_digest(&rest), Some(full.clone()), "{line}");
    }
    let mut missing = Vec::new();
    unused_keys(&keys::FILE, &mut missing);
    assert!(keys > 20 && missing.is_empty(), "not in full.toml: {missing:?}");
}

/// What a configuration says apart from its text and the places in it.
fn without_digest(text: &str) -> Option<String> {
    let Configuration {
        image,
        mut tags,
        mut environments,
        provenance,
        journal,
        notifications,
        registries,
        mut signers,
        ..
    } = parse(text).ok()?;
    signers.iter_mut().for_each(|signer| signer.span = (0, 0).into());
    let promotion = environments.iter_mut().flat_map(|environment| &mut environment.promotion);
    for binding in promotion.chain([&mut tags]) {
        (binding.span, binding.settings_span) = ((0, 0).into(), (0, 0).into());
        if let Some(shadow) = &mut binding.shadow {
            (shadow.span, shadow.settings_span) = ((0, 0).into(), (0, 0).into());
        }
    }
    Some(format!(
        "{image:?}{tags:?}{environments:?}{provenance:?}{journal:?}{notifications:?}{registries:?}{signers:?}"
    ))
}

/// Keys of the table that neither the full file nor that of the other builder writes, as `name = ` or as a header.
fn unused_keys(shape: &'static TableShape, missing: &mut Vec<&str>) {
    let is_there = |name: &str| {
        let forms = ["\n", "{ ", ", "].map(|before| format!("{before}{name} = "));
        let headers = [format!("[{name}]"), format!(".{name}]")];
        // One file has one builder.
        let is_written = |form: &String| [FULL, builders::BUILDAH].iter().any(|text| text.contains(form));
        forms.iter().chain(&headers).any(is_written)
    };
    let excluded = |name: &str| {
        let mut others = shape.one_of.into_iter().flat_map(OneOf::names);
        others.clone().any(|other| other == name) && others.any(is_there)
    };
    for key in shape.all_keys() {
        if !is_there(key.name) && !excluded(key.name) {
            missing.push(key.name);
        }
        if let Some(inner) = key.shape.table() {
            unused_keys(inner, missing);
        }
    }
}

#[test]
fn a_shadow_is_another_one_once_something_about_it_is_configured_otherwise() {
    let shadows = |text: &str| parse(text).unwrap().shadows();
    let before = shadows(FULL);
    let places: Vec<_> =
        before.iter().map(|shadow| shadow.environment.as_ref().map(EnvironmentName::as_str)).collect();
    assert_eq!(places, [None, Some("staging")]);
    assert_eq!(
        (before[1].policy.as_str(), before[1].decider.as_str()),
        ("stock:version-gate", "stock:always")
    );
    // The shadow itself, the policy that decides, and what has nothing to do with either.
    for (from, to, same) in [
        ("fuel = 7", "fuel = 8", false),
        ("c = 3", "c = 4", false),
        ("grants = [\"log\"]", "grants = []", false),
        ("next-tags.wasm", "next.wasm", false),
        ("b = \"x\"", "b = \"y\"", false),
        ("time = \"100ms\"", "time = \"101ms\"", false),
        ("europe/berlin", "europe/paris", false),
        ("context = \"site\"", "context = \"other\"", true),
    ] {
        let changed = FULL.replace(from, to);
        assert_ne!(changed, FULL, "{from}");
        let after = shadows(&changed);
        assert_eq!(after[0].configured == before[0].configured, same, "{from}");
        assert_eq!(after[1], before[1], "{from}");
    }
}

#[test]
fn the_schema_describes_the_keys_that_are_read() {
    fn compare(schema: &serde_json::Value, shape: &'static TableShape) {
        let Some(variants) = shape.variants else {
            return compare_keys(schema, shape.keys.iter());
        };
        for (kind, variant) in schema["oneOf"].as_array().unwrap().iter().zip(variants.of) {
            assert_eq!(kind["properties"][variants.by]["const"], variant.value);
            compare_keys(kind, shape.keys_of(Some(variant)));
        }
    }
    fn compare_keys(schema: &serde_json::Value, keys: impl Iterator<Item = &'static shape::Key> + Clone) {
        let properties = schema["properties"].as_object().unwrap();
        assert_eq!(schema["additionalProperties"], false);
        assert!(properties.keys().eq(keys.clone().map(|key| key.name)));
        for key in keys {
            let property = &properties[key.name];
            assert!(property["description"].as_str().is_some_and(|text| text.starts_with(key.meaning)));
            match key.shape {
                Shape::Table(inner) => compare(property, inner),
                Shape::Tables(inner) => compare(&property["additionalProperties"], inner),
                Shape::List { of: Shape::Table(inner), .. } => compare(&property["items"], inner),
                _ => {}
            }
        }
    }
    let schema = schema();
    compare(&schema, &keys::FILE);
    assert_eq!(schema["required"], serde_json::json!(["image"]));
    assert_eq!(
        schema["properties"]["image"]["properties"]["builder"]["enum"],
        serde_json::json!(["embedded", "docker", "buildah"])
    );
}

#[test]
fn the_first_file_can_be_read() {
    let with = parse(&init_text("oci:.plimsoll/images/\"website\"", Some("k8s"))).unwrap_err().lines();
    assert!(with[0].contains("no name for an image"), "a quote in the name arrives as one: {with:?}");
    let with = parse(&init_text("oci:.plimsoll/images/website", Some("manifests"))).unwrap();
    assert_eq!(with.environments.len(), 2);
    let without = init_text("ghcr.io/contoso/website", None);
    assert!(parse(&without).unwrap().environments.is_empty());
    let (head, tail) = without.split_at(without.find("# Every release").unwrap());
    let uncommented: String = tail.lines().map(|line| format!("{}\n", line.replacen("# ", "", 1))).collect();
    let uncommented =
        uncommented.replace("Every release goes", "# Every").replace("Only versions go", "# Only");
    assert_eq!(parse(&format!("{head}{uncommented}")).unwrap().environments.len(), 2);
}

/// What the terminal shows, without colour.
fn rendered(error: &ConfigurationError) -> String {
    let mut text = String::new();
    GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor())
        .with_width(100)
        .render_report(&mut text, error)
        .unwrap();
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
