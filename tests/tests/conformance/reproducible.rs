//! The same input gives the same digest: on any machine, in any folder, whoever builds, in whatever order files lie on the
//! disk, with and without a cache, on however many processors.

use std::{
    collections::BTreeMap,
    env,
    fs::{self, File},
    os::unix::fs::{PermissionsExt as _, chown, symlink},
    path::Path,
    process::Command,
    time::{Duration, SystemTime},
};

use super::{
    bases::Bases,
    builder,
    case::{self, CORPUS, Case},
};

/// Where a process that only builds is to do so.
const FOLDER: &str = "PLIMSOLL_TEST_FOLDER";

/// Somebody who is not root.
const NOBODY: u32 = 65_534;

/// A context that takes several blocks of compression and a folder with many names, beside the realistic ones.
const MANY: &str = r#"
name = "many"
rule = "Many files, and one of several megabytes."
dockerfile = "FROM base\nCOPY --chown=web . /srv/many/\n"
"#;

type Digests = BTreeMap<String, String>;

/// The cases that are built again and again.
fn cases() -> Vec<Case> {
    let realistic = case::all().into_iter().filter(|case| case.name.starts_with("realistic/"));
    realistic.chain([toml::from_str(MANY).unwrap()]).collect()
}

/// Builds everything in a folder. In a `strange` way: from a copy whose files were made from last to first and have other
/// times.
fn digests(folder: &Path, strange: bool, cache: Option<&Path>) -> Digests {
    let bases = Bases::make(&folder.join("bases"));
    let build = |case: Case| {
        let mut context = folder.join(&case.name).join("context");
        case.make(&context, "");
        if case.name == "many" {
            fill(&context);
        }
        if strange {
            let copy = folder.join(&case.name).join("the same in another order");
            copy_backwards(&context, &copy);
            fs::remove_dir_all(&context).unwrap();
            context = copy;
        }
        let layout = folder.join(&case.name).join("layout");
        let built = builder::build(&case, &bases, &context, &layout, cache);
        (case.name, built.result.unwrap_or_else(|error| panic!("{error}")))
    };
    cases().into_iter().map(build).collect()
}

fn fill(context: &Path) {
    for number in 0..300 {
        let path = context.join(format!("d{}/{number}.txt", number % 7));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::set_permissions(path.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
        write(&path, number.to_string().as_bytes());
    }
    // Neither all the same nor without any repetition.
    let mut state = 1_u32;
    let words = (0..700_000).flat_map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        format!("{} ", state >> 20).into_bytes()
    });
    write(&context.join("large"), &words.collect::<Vec<u8>>());
}

fn write(path: &Path, content: &[u8]) {
    fs::write(path, content).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
}

fn copy_backwards(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    let mut entries: Vec<_> = fs::read_dir(from).unwrap().map(Result::unwrap).collect();
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.file_name()));
    for entry in entries {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().unwrap();
        if kind.is_symlink() {
            symlink(fs::read_link(&path).unwrap(), &target).unwrap();
        } else if kind.is_dir() {
            copy_backwards(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(86_400);
            File::options().write(true).open(&target).unwrap().set_modified(time).unwrap();
        }
    }
    fs::set_permissions(to, from.metadata().unwrap().permissions()).unwrap();
}

#[test]
fn digests_are_those_written_down() {
    let folder = tempfile::tempdir().unwrap();
    let found = digests(folder.path(), false, None);
    let path = case::corpus().join("digests.toml");
    let written: Digests = toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let lines: String = found.iter().map(|(name, digest)| format!("{name:?} = {digest:?}\n")).collect();
    assert!(found == written, "{} should say, if the change is intended:\n{lines}", path.display());
}

#[test]
fn order_times_and_caches_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let plain = digests(&place("plain"), false, None);
    let cache = place("cache");
    for (name, strange) in [("cold", false), ("warm", false), ("strange", true), ("strange and warm", true)] {
        assert_eq!(digests(&place(name), strange, Some(&cache)), plain, "{name}");
    }
}

#[test]
fn who_builds_and_where_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let plain = digests(&folder.path().join("plain"), false, None);
    // Where everybody can read them, which may not be so of a checkout.
    let program = folder.path().join("conformance");
    fs::copy(env::current_exe().unwrap(), &program).unwrap();
    let corpus = folder.path().join("corpus");
    copy_backwards(&case::corpus(), &corpus);
    let is_root =
        Path::new("/proc/self").metadata().is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let nobody = format!("setpriv --reuid={NOBODY} --regid={NOBODY} --clear-groups");
    let ways = [
        ("one-processor", "umask 000; exec taskset --cpu-list 0", [("TZ", "Asia/Kathmandu"), ("LANG", "C")]),
        (
            "another-user",
            &format!("umask 077; exec {nobody}"),
            [("TZ", "America/St_Johns"), ("LANG", "tr_TR.UTF-8")],
        ),
    ];
    for (name, prefix, variables) in ways {
        if name == "another-user" && !is_root {
            continue;
        }
        let own = folder.path().join(name);
        fs::create_dir(&own).unwrap();
        if is_root {
            chown(&own, Some(NOBODY), Some(NOBODY)).unwrap();
        }
        let output = Command::new("sh")
            .args(["-c", &format!("{prefix} \"$@\""), "sh"])
            .arg(&program)
            .args(["--exact", "reproducible::a_process_that_only_builds"])
            .env_clear()
            .envs(variables)
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("LC_ALL", variables[1].1)
            .env("TMPDIR", &own)
            .env(FOLDER, &own)
            .env(CORPUS, &corpus)
            .current_dir("/")
            .output()
            .unwrap();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stdout));
        let text = fs::read_to_string(own.join("digests.json")).unwrap();
        let found: Digests = serde_json::from_str(&text).unwrap();
        assert_eq!(found, plain, "{name}");
    }
}

/// What the test above runs in processes of other kinds. By itself it does nothing.
#[test]
fn a_process_that_only_builds() {
    let Some(folder) = env::var_os(FOLDER) else { return };
    let folder = Path::new(&folder);
    let found = digests(&folder.join("a/rather/deep/place"), true, Some(&folder.join("cache")));
    fs::write(folder.join("digests.json"), serde_json::to_string(&found).unwrap()).unwrap();
}
