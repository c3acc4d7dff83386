//! A bare repository, and a server for it: `git http-backend` behind a few lines of HTTP.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    command,
    text::{temporary_folder, write},
};

/// `plimsoll:s3cret`, the only user of the server, as the header Authorization has it.
const AUTHORIZATION: &str = "Basic cGxpbXNvbGw6czNjcmV0";

/// A bare repository `deploy.git` in a temporary folder, with one commit on the branch `main`, and a server for it.
#[derive(Debug)]
pub struct GitServer {
    folder: TempDir,
}

impl GitServer {
    /// The password of `plimsoll`, the only user of the server.
    pub const PASSWORD: &str = "s3cret";

    /// A repository with these files, each a path and a text.
    ///
    /// # Panics
    /// git or the disk failed.
    #[must_use]
    #[track_caller]
    pub fn with(files: &[(&str, &str)]) -> Self {
        let server = Self { folder: temporary_folder("git-server") };
        run(server.folder(), &["init", "--quiet", "--bare", "--initial-branch=main", "deploy.git"]);
        run(&server.bare(), &["config", "http.receivepack", "true"]);
        run(server.folder(), &["clone", "--quiet", "deploy.git", "work"]);
        for (path, text) in files {
            write(&server.folder().join("work").join(path), text);
        }
        server.work(&["add", "--all"]);
        server.work(&["commit", "--quiet", "--message=First"]);
        server.work(&["push", "--quiet", "origin", "HEAD:main"]);
        server
    }

    /// The folder that the repository is in, with room for more.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The repository's own folder.
    #[must_use]
    pub fn bare(&self) -> PathBuf {
        self.folder().join("deploy.git")
    }

    /// What git answers in the repository, as it stands there.
    ///
    /// # Panics
    /// It failed.
    #[track_caller]
    pub fn git(&self, arguments: &[&str]) -> String {
        run(&self.bare(), arguments)
    }

    /// What git answers in a clone, with a working tree, of the first commit.
    ///
    /// # Panics
    /// It failed.
    #[track_caller]
    pub fn work(&self, arguments: &[&str]) -> String {
        run(&self.folder().join("work"), arguments)
    }

    /// A file as a branch has it.
    ///
    /// # Panics
    /// There is no such branch or file.
    #[must_use]
    #[track_caller]
    pub fn file(&self, branch: &str, path: &str) -> String {
        self.git(&["show", &format!("{branch}:{path}")])
    }

    /// How many commits a branch has.
    ///
    /// # Panics
    /// There is no such branch.
    #[must_use]
    #[track_caller]
    pub fn commits(&self, branch: &str) -> usize {
        let count = self.git(&["rev-list", "--count", branch]);
        count.trim().parse().unwrap_or_else(|error| panic!("git counts {count:?}: {error}"))
    }

    /// A script that the server runs on every push, before it takes it.
    ///
    /// # Panics
    /// The disk failed.
    #[track_caller]
    pub fn on_push(&self, script: &str) {
        let hook = self.bare().join("hooks/pre-receive");
        write(&hook, format!("#!/bin/sh\n{script}\n"));
        let executable = fs::set_permissions(&hook, fs::Permissions::from_mode(0o755));
        executable.unwrap_or_else(|error| panic!("{}: {error}", hook.display()));
    }

    /// Lets somebody else be faster with the next pushes: each time, a file is added to `main` while the push is on its way.
    ///
    /// # Panics
    /// The disk failed.
    #[track_caller]
    pub fn compete(&self, times: u32) {
        write(&self.bare().join("left"), times.to_string());
        self.on_push(
            "unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES\n\
             left=$(cat left); [ \"$left\" -gt 0 ] || exit 0\n\
             echo $((left-1)) > left\n\
             export GIT_INDEX_FILE=race-index GIT_AUTHOR_NAME=o GIT_AUTHOR_EMAIL=o@o GIT_COMMITTER_NAME=o GIT_COMMITTER_EMAIL=o@o\n\
             git read-tree main\n\
             blob=$(echo other | git hash-object -w --stdin)\n\
             git update-index --add --cacheinfo 100644,$blob,other-$left.txt\n\
             git update-ref refs/heads/main $(git commit-tree $(git write-tree) -p main -m other)",
        );
    }

    /// Starts a server for `http://ADDRESS/deploy.git`, which ends with the process.
    ///
    /// # Panics
    /// There is no free port.
    #[must_use]
    #[track_caller]
    pub fn serve(&self) -> SocketAddr {
        let bound =
            TcpListener::bind("127.0.0.1:0").and_then(|listener| Ok((listener.local_addr()?, listener)));
        let (address, listener) = bound.unwrap_or_else(|error| panic!("no port on loopback: {error}"));
        let root = self.folder().to_owned();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let root = root.clone();
                // A client that goes away is no fault of the server.
                thread::spawn(move || drop(answer(stream, &root)));
            }
        });
        address
    }
}

/// Runs git without any configuration but the folder's own.
#[track_caller]
fn run(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null");
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), "Somebody").env(format!("GIT_{role}_EMAIL"), "s@example.com");
    }
    let finished = command::run(&mut command).success();
    String::from_utf8_lossy(&finished.stdout).into_owned()
}

/// Answers one request by the rules of CGI (RFC 3875).
fn answer(mut stream: TcpStream, root: &Path) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.trim().to_owned());
    }
    let header = |name: &str| {
        let found = lines
            .iter()
            .filter_map(|line| line.split_once(": "))
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    let mut body = vec![0; header("Content-Length").parse().unwrap_or(0)];
    reader.read_exact(&mut body)?;
    if header("Authorization") != AUTHORIZATION {
        let refusal = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        return stream.write_all(refusal.as_bytes());
    }
    let mut words = lines.first().map_or("", String::as_str).split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut backend = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REMOTE_USER", "plimsoll")
        .env("REMOTE_ADDR", "127.0.0.1")
        .env("REQUEST_METHOD", method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", header("Content-Type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("Content-Encoding"))
        .env("GIT_PROTOCOL", header("Git-Protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    if let Some(mut stdin) = backend.stdin.take() {
        stdin.write_all(&body)?;
    }
    let printed = backend.wait_with_output()?.stdout;
    let end = printed.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(0);
    let head = String::from_utf8_lossy(&printed[..end]).into_owned();
    let status = head.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK").to_owned();
    stream.write_all(format!("HTTP/1.1 {status}\r\n{head}\r\nConnection: close\r\n\r\n").as_bytes())?;
    stream.write_all(printed.get(end + 4..).unwrap_or_default())
}
