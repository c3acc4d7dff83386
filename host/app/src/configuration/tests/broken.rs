//! Broken files and what is said about them.

use super::{MINIMAL, Problem, lines, parse, rendered};

/// Each file is answered with the one line.
pub(super) fn assert_cases<const COUNT: usize>(cases: [(String, &str); COUNT]) {
    for (text, expected) in cases {
        assert_eq!(lines(&text), [format!("plimsoll.toml:{expected}")], "{text}");
    }
}

fn environment(name: &str, more: &str) -> String {
    format!(
        "[[environments]]\nname = \"{name}\"\ntarget = {{ kind = \"directory\", path = \"deploy/{name}\", \
         manifests = \"k8s\" }}\npromotion = [{{ policy = \"stock:always\" }}]\n{more}\n"
    )
}

#[test]
fn each_mistake_is_told_with_its_place() {
    let image = |line: &str| format!("{MINIMAL}{line}\n");
    let cases = [
        (
            String::new(),
            "1:1: `image` is missing; add a table `[image]` with `repository`, the place where the image goes",
        ),
        ("image = 3".to_owned(), "1:9: `image` must be a table, not an integer"),
        (
            image("contxt = \".\""),
            "3:1: `image.contxt` is no key that Plimsoll knows; did you mean `context`?",
        ),
        (image("builder = \"embeded\""), "3:11: there is no builder `embeded`; did you mean `embedded`?"),
        (image("context = \"\""), "3:11: `image.context` is empty"),
        (
            image("platform = \"linux\""),
            "3:12: `linux` is not a platform: expected `os/architecture` or `os/architecture/variant`, such as `linux/amd64`",
        ),
        (
            image("platforms = [\"linux/amd64\", \"arm\"]"),
            "3:29: `arm` is not a platform: expected `os/architecture` or `os/architecture/variant`, such as `linux/amd64`",
        ),
        (
            image("platforms = [\"linux/arm64\", \"linux/amd64\", \"linux/aarch64\"]"),
            "3:13: the platform linux/arm64 is named twice: name each once",
        ),
        (image("compression = \"xz\""), "3:15: there is no compression `xz`; there is `gzip`, `zstd`"),
        (
            image("build-arguments = { A = 1 }"),
            "3:25: `image.build-arguments.A` must be a string, not an integer",
        ),
        (
            "[image]\nrepository = \"ghcr.io/contoso/website:v1\"".to_owned(),
            "2:14: `ghcr.io/contoso/website:v1` has a tag or a digest; name the repository alone, `ghcr.io/contoso/website`: tags come from the policy",
        ),
        (
            "[image]\nrepository = \"oci:images/Web Site\"".to_owned(),
            "2:14: the folder's name `Web Site` is no name for an image: `a-z 0-9` with single `.`, `_` or dashes between; write the folder of the layout: `oci:.plimsoll/images/website`",
        ),
    ];
    assert_cases(cases);
}

#[test]
fn mistakes_in_policies_are_told() {
    let tags = |line: &str| format!("{MINIMAL}[tags]\n{line}\n");
    let cases = [
        (
            tags("policy = \"stock:release-tag\""),
            "4:10: there is no stock policy `release-tag`; did you mean `release-tags`?",
        ),
        (
            tags("policy = \"oci://ghcr.io/Contoso/policy:1\""),
            "4:10: `ghcr.io/Contoso/policy:1` is not an image reference: the path may hold `a-z 0-9` with single `.`, `_`, `__` or dashes between, in parts separated by `/`; write `oci://REGISTRY/REPOSITORY:TAG`, perhaps with `@` and a digest",
        ),
        (
            tags("policy = \"a.wasm\"\ntime-zone = \"Mars/Olympus\""),
            "5:13: the time zone `Mars/Olympus` is unknown; write an IANA name such as `UTC` or `Europe/Berlin`",
        ),
        (
            tags("policy = \"a.wasm\"\ngrants = [\"net\"]"),
            "5:11: there is no capability `net`; there is `log`, `registry`, `history`",
        ),
        (
            tags("policy = \"a.wasm\"\nlimits = { fuel = 0 }"),
            "5:19: `tags.limits.fuel` must be a whole number from 1 to 18446744073709551615",
        ),
        (
            tags("policy = \"a.wasm\"\nlimits = { memory = \"16MB\" }"),
            "5:21: `16MB` is no size: expected a whole number from 1 and one of the units `B`, `KiB`, `MiB`, `GiB`",
        ),
        (
            tags("policy = \"a.wasm\"\nlimits = { time = 100 }"),
            "5:19: `tags.limits.time` must be a duration such as \"100ms\", not an integer",
        ),
        (
            tags("policy = \"a.wasm\"\nsettings = { a = nan }"),
            "5:18: this number cannot be given to a policy; settings are JSON: write a finite number, whole ones within 64 bits",
        ),
        (
            tags("policy = \"a.wasm\"\nshadow = { policy = \"b.wasm\", time-zone = \"UTC\" }"),
            "5:31: `tags.shadow.time-zone` is no key that Plimsoll knows; there is `policy`, `signed-by`, `settings`, `settings-files`, `grants`, `limits`",
        ),
        (
            tags("policy = \"a.wasm\"\nshadow = { policy = \"stock:alway\" }"),
            "5:21: there is no stock policy `alway`; did you mean `always`?",
        ),
        (
            tags("policy = \"a.wasm\"\nshadow = { settings = {} }"),
            "5:10: `tags.shadow.policy` is missing; name the policy: `policy = \"stock:NAME\"`, the path of a component, or `oci://` and a reference",
        ),
        ("[image\n".to_owned(), "1:7: this is no TOML: unclosed table, expected `]`"),
    ];
    assert_cases(cases);
}

#[test]
fn mistakes_about_signers_are_told() {
    let signer =
        |name: &str, more: &str| format!("[[signers]]\nname = \"{name}\"\nkeys = [\"a.pub\"]\n{more}\n");
    let tags = |more: &str| format!("{MINIMAL}[tags]\npolicy = \"oci://ghcr.io/contoso/tags:1\"\n{more}\n");
    let cases = [
        (
            tags("signed-by = [\"contoso\"]"),
            "5:14: there is no signer `contoso`; add a table `[[signers]]` with `name = \"contoso\"` and the signer's keys",
        ),
        (
            tags("signed-by = [\"contosso\"]") + &signer("contoso", ""),
            "5:14: there is no signer `contosso`; did you mean `contoso`?",
        ),
        (
            format!("{MINIMAL}[tags]\npolicy = \"a.wasm\"\nsigned-by = [\"contoso\"]\n")
                + &signer("contoso", ""),
            "5:14: a policy that comes from no registry has no signature; take `signed-by` out, or name a policy by `oci://` and a reference",
        ),
        (
            tags("signed-by = [\"Contoso\"]") + &signer("Contoso", ""),
            "7:8: `Contoso` is not a signer's name: expected 1 to 63 of `a-z 0-9 -`, beginning with a letter or digit",
        ),
        (
            tags("") + &signer("a", "") + &signer("a", ""),
            "11:8: there is already a signer `a`; name all keys of a signer in one list",
        ),
        (
            tags("") + "[[signers]]\nname = \"a\"\nkeys = []\n",
            "8:8: `signers.keys` is empty; name a file with the signer's public key: `keys = [\"cosign.pub\"]`",
        ),
        (
            tags("") + &signer("a", "covers = [\"ghcr.io/con*\"]"),
            "9:11: `ghcr.io/con*` is not an image reference: the path may hold `a-z 0-9` with single `.`, `_`, `__` or dashes between, in parts separated by `/`; write a repository such as `ghcr.io/contoso/policies/gate`, all below such as `ghcr.io/contoso/*`, or `*`",
        ),
    ];
    assert_cases(cases);
}

#[test]
fn mistakes_among_environments_are_told() {
    let cases = [
        (
            environment("a", "") + &environment("a", "").replace("deploy/a", "deploy/b"),
            "9:8: there is already an environment `a`; give each environment a name of its own",
        ),
        (environment("a", "after = [\"a\"]"), "7:10: `a` waits for itself; take it out of its own `after`"),
        (
            environment("a", "after = [\"b\"]"),
            "7:10: there is no environment `b`; there is no other environment",
        ),
        (
            environment("staging", "") + &environment("b", "after = [\"stagin\"]"),
            "12:10: there is no environment `stagin`; did you mean `staging`?",
        ),
        (
            environment("a", "after = [\"b\"]")
                + &environment("b", "after = [\"c\"]")
                + &environment("c", "after = [\"b\"]"),
            "12:10: these environments wait for each other: `b` after `c` after `b`; take one of them out of the circle",
        ),
        (
            environment("a", "") + &environment("b", "").replace("deploy/b", "./deploy/x/../a/b"),
            "10:39: the folder `./deploy/x/../a/b` overlaps the folder of another environment `deploy/a`; write into a folder apart: a deployment replaces it whole",
        ),
        (
            environment("a", "").replace("deploy/a", "k8s/out"),
            "5:39: the folder `k8s/out` overlaps the manifests `k8s`; write into a folder apart: a deployment replaces it whole",
        ),
        (
            environment("A", ""),
            "4:8: `A` is not an environment name: expected 1 to 63 of `a-z 0-9 -`, beginning with a letter or digit",
        ),
        (
            environment("a", "").replace("[{ policy = \"stock:always\" }]", "[]"),
            "6:13: `environments.promotion` is empty; name at least one policy; when every release may enter, say so: `promotion = [{ policy = \"stock:always\" }]`",
        ),
    ];
    assert_cases(cases.map(|(text, expected)| (format!("{MINIMAL}{text}"), expected)));
}

#[test]
fn a_long_detour_into_two_circles_names_each_once() {
    let text = environment("a", "after = [\"b\"]")
        + &environment("b", "after = [\"a\"]")
        + &environment("c", "after = [\"d\", \"a\"]")
        + &environment("d", "after = [\"c\"]")
        + &environment("e", "after = [\"a\"]");
    let lines = lines(&format!("{MINIMAL}{text}"));
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(
        lines[0].contains("`a` after `b` after `a`") && lines[1].contains("`c` after `d` after `c`"),
        "{lines:#?}"
    );
}

/// Structure, values and what holds between environments: all in one go, in the order of the file.
#[test]
fn five_mistakes_are_five_reports() {
    let text = r#"[image]
repositry = "ghcr.io/contoso/website"

[tags]
policy = "stock:realease-tags"
time-zone = 2

[[environments]]
name = "staging"
after = ["prodution"]
target = { kind = "directory", path = "deploy/staging", manifests = "k8s" }

[[environments]]
name = "production"
target = { kind = "directory", path = "deploy/production", manifests = "k8s" }
promotion = [{ policy = "stock:always" }]
"#;
    let expected = [
        "2:1: `image.repositry` is no key that Plimsoll knows; did you mean `repository`?",
        "5:10: there is no stock policy `realease-tags`; did you mean `release-tags`?",
        "6:13: `tags.time-zone` must be a string, not an integer",
        "8:1: `environments.promotion` is missing; name at least one policy; when every release may enter, say so: `promotion = [{ policy = \"stock:always\" }]`",
        "10:10: there is no environment `prodution`; did you mean `production`?",
    ];
    assert_eq!(lines(text), expected.map(|line| format!("plimsoll.toml:{line}")));
}

#[test]
fn the_terminal_shows_the_line_with_the_mistake_underlined() {
    let error = parse(&format!("{MINIMAL}builder = \"docke\"\ncontxt = \".\"\n")).unwrap_err();
    let expected = r#"  × `plimsoll.toml` cannot be used: 2 mistakes

Error:
  × there is no builder `docke`
   ╭─[plimsoll.toml:3:11]
 2 │ repository = "ghcr.io/contoso/website"
 3 │ builder = "docke"
   ·           ───────
 4 │ contxt = "."
   ╰────
  help: did you mean `docker`?

Error:
  × `image.contxt` is no key that Plimsoll knows
   ╭─[plimsoll.toml:4:1]
 3 │ builder = "docke"
 4 │ contxt = "."
   · ───┬──
   ·    ╰── unknown key
   ╰────
  help: did you mean `context`?
"#;
    assert_eq!(rendered(&error), expected);
}

#[test]
fn problems_found_later_look_the_same() {
    let configuration =
        parse(&format!("{MINIMAL}[tags]\npolicy = \"a.wasm\"\nsettings = {{ x = 1 }}\n")).unwrap();
    let problem = Problem::new(configuration.tags.settings_span, "`x` is no setting").help("take it out");
    let error = configuration.refuse(vec![problem]);
    assert_eq!(error.lines(), ["plimsoll.toml:5:12: `x` is no setting; take it out"]);
    assert_eq!(error.to_string(), "`plimsoll.toml` cannot be used: 1 mistake");
}

#[test]
fn mistakes_in_registries_are_told() {
    let host = |lines: &str| format!("{MINIMAL}[[registries.hosts]]\n{lines}\n");
    let cases = [
        (
            host("certificate-authorities = []"),
            "3:1: `registries.hosts.host` is missing; name the registry: `host = \"registry.example:5000\"`",
        ),
        (
            host("host = \"https://r.example\""),
            "4:8: `https://r.example` is not the host of a registry; write it as references do, without `https://` and without a path: `registry.example:5000`",
        ),
        (
            host("host = \"r.example/team\""),
            "4:8: `r.example/team` is not the host of a registry; write it as references do, without `https://` and without a path: `registry.example:5000`",
        ),
        (
            host("host = \"r.example\"\nclient-key = \"k\""),
            "5:14: a client certificate and its key go together; add `client-certificate`, a file in PEM format",
        ),
        (
            host("host = \"r.example\"\n[[registries.hosts]]\nhost = \"R.Example\""),
            "6:8: there is already a table for the registry `R.Example`; say all of a registry in one table",
        ),
    ];
    assert_cases(cases);
}
