//! The table `[provenance]`.

use std::path::Path;

use super::{model::Provenance, reader::Reader};

pub(super) fn provenance(reader: Option<&Reader<'_>>, folder: &Path) -> Provenance {
    Provenance {
        attach: reader.and_then(|reader| reader.flag("attach")).unwrap_or(true),
        key: reader.and_then(|reader| reader.text("key")).map(|path| folder.join(path.text)),
    }
}
