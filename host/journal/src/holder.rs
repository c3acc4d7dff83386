//! Who this host is, for those that it keeps waiting.

use std::{fs, process};

/// `process 123 on build-1`.
pub(crate) fn this_host() -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname");
    let host = host.as_deref().map_or("this host", str::trim);
    format!("process {} on {host}", process::id())
}
