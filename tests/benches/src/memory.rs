//! The memory of whole processes.

use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

/// How often a process's memory is looked at; its peak is kept by the kernel.
const GLANCE: Duration = Duration::from_millis(2);

/// The most memory that a process had at once, bytes: `VmHWM` of proc_pid_status(5), looked at until it ends.
///
/// # Panics
/// It could not be started, or failed.
#[track_caller]
pub fn peak(command: &mut Command) -> u64 {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null());
    let mut child = command.spawn().expect("the program of the benchmark starts");
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    let ended = loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        most = most.max(kibibytes.unwrap_or(0) << 10);
        if let Some(ended) = child.try_wait().expect("it is a child of this process") {
            break ended;
        }
        thread::sleep(GLANCE);
    };
    assert!(ended.success(), "{command:?} ended with {ended}");
    most
}
