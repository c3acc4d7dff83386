//! The root file system of the base image.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use super::PACKAGES;
use crate::{command::run, text::write};

/// Takes its servers from `conf.d` and logs where the official image does.
const CONFIGURATION: &str = "user www-data;
worker_processes 1;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log notice;

events {}

http {
    include mime.types;
    default_type application/octet-stream;
    access_log /var/log/nginx/access.log;
    sendfile on;
    include /etc/nginx/conf.d/*.conf;
}
";

/// Serves the folder that the official image serves. An image may bring its own file of this name.
const SERVER: &str = "server {
    listen 80;
    root /usr/share/nginx/html;
    index index.html;
}
";

/// Downloads the packages into a folder and unpacks them into a root.
#[track_caller]
pub(super) fn unpack(downloads: &Path, root: &Path) {
    let _ = run(Command::new("apt-get")
        .args(["--quiet", "--option", "APT::Sandbox::User=root", "download"])
        .args(PACKAGES)
        .current_dir(downloads))
    .success();
    for folder in ["bin", "sbin", "lib", "lib64"] {
        make(fs::create_dir_all(root.join("usr").join(folder)));
        make(symlink(format!("usr/{folder}"), root.join(folder)));
    }
    // The links above stay links although packages bring folders of the same names.
    let script = r#"set -e; for package in "$1"/*.deb; do dpkg-deb --fsys-tarfile "$package" | tar --extract --keep-directory-symlink --no-same-owner --directory "$2"; done"#;
    let _ = run(Command::new("sh").args(["-c", script, "sh"]).arg(downloads).arg(root)).success();
    furnish(root);
    add_shell(root);
}

/// Links the names of the small programs, `sh` among them, to the one that is all of them.
#[track_caller]
fn add_shell(root: &Path) {
    let programs = run(Command::new(root.join("bin/busybox")).arg("--list")).success().text();
    for link in programs.lines().map(|name| root.join("usr/bin").join(name)) {
        if fs::symlink_metadata(&link).is_err() {
            make(symlink("busybox", link));
        }
    }
}

/// What maintainer scripts and the container image add to the packages' files.
#[track_caller]
fn furnish(root: &Path) {
    write(
        &root.join("etc/passwd"),
        "root:x:0:0:root:/root:/usr/sbin/nologin\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n",
    );
    write(&root.join("etc/group"), "root:x:0:\nwww-data:x:33:\n");
    write(&root.join("etc/nginx/nginx.conf"), CONFIGURATION);
    write(&root.join("etc/nginx/conf.d/default.conf"), SERVER);
    for (log, device) in [("access.log", "/dev/stdout"), ("error.log", "/dev/stderr")] {
        make(fs::create_dir_all(root.join("var/log/nginx")));
        make(symlink(device, root.join("var/log/nginx").join(log)));
    }
    for folder in ["run", "tmp", "root"] {
        make(fs::create_dir_all(root.join(folder)));
    }
    use std::os::unix::fs::PermissionsExt as _;
    make(fs::set_permissions(root.join("tmp"), fs::Permissions::from_mode(0o1777)));
}

#[track_caller]
fn make(result: std::io::Result<()>) {
    if let Err(error) = result {
        panic!("the root file system of nginx could not be made: {error}");
    }
}
