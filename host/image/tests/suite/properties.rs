//! Whatever people write, reading it ends with a value or an error.

use std::path::Path;

use plimsoll_image::{
    Ignore, Verdict,
    dockerfile::{Dockerfile, Template},
};
use proptest::prelude::*;

/// Text made of what matters to the reader.
fn dockerfile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("FROM a\n"),
        Just("COPY "),
        Just("ENV "),
        Just("ARG "),
        Just("LABEL "),
        Just("HEALTHCHECK "),
        Just("--from="),
        Just("--"),
        Just("="),
        Just("\\\n"),
        Just("\n"),
        Just(" "),
        Just("#"),
        Just("<<E"),
        Just("\""),
        Just("'"),
        Just("$"),
        Just("${"),
        Just("}"),
        Just(":-"),
        Just("["),
        Just("]"),
        Just("ä"),
        Just("# escape=`\n"),
        Just("`"),
        Just("x"),
        Just("EXPOSE "),
        Just("ONBUILD "),
        Just("ADD "),
        Just("--parents"),
        Just("--checksum="),
        Just("https://h/a.git#b"),
        Just("\r\n"),
        Just("\u{feff}"),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn dockerfiles_are_read(text in prop_oneof![dockerfile(), any::<String>()]) {
        if let Err(problems) = Dockerfile::parse(&text, Path::new("Dockerfile")) {
            let lines = text.split('\n').count();
            prop_assert!(!problems.list().is_empty());
            prop_assert!(problems.list().iter().all(|problem| (1..=lines).contains(&problem.at.line)));
        }
    }

    #[test]
    fn words_are_read_and_expanded(word in "[a-c$\\{\\}:\\-+?#%/*\\\\\"' ]{0,24}") {
        if let Ok(template) = Template::parse(&word, '\\') {
            let _ = template.expand(&|name| (name == "a").then(|| "abcabc".to_owned()));
        }
    }

    #[test]
    fn a_quoted_word_is_itself(word in "[^']*") {
        let template = Template::parse(&format!("'{word}'"), '\\').unwrap();
        prop_assert_eq!(template.expand(&|_| None).unwrap(), word);
    }

    #[test]
    fn ignore_files_are_read(text in prop_oneof![any::<String>(), "[a*?\\[\\]!/.\\\\\n-]{0,40}"], path in "[a./]{1,12}") {
        if let Ok(ignore) = Ignore::parse(&text) {
            let verdict = ignore.check(&path, &Verdict::default());
            // What is included below a folder was announced for the folder.
            if !ignore.check(&format!("{path}/a"), &verdict).excluded && verdict.excluded {
                prop_assert!(ignore.may_include_below(&path));
            }
        }
    }
}
