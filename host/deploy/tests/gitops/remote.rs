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

/// `plimsoll:s3cret`, the only user of the server, as the header Authorization has it.
const AUTHORIZATION: &str = "Basic cGxpbXNvbGw6czNjcmV0";
pub(crate) const PASSWORD: &str = "s3cret";

/// A bare repository with one commit on the branch `main`.
pub(crate) struct Remote {
    pub(crate) folder: TempDir,
}

impl Remote {
    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let remote = Self { folder: tempfile::tempdir().unwrap() };
        run(remote.folder.path(), &["init", "--quiet", "--bare", "--initial-branch=main", "deploy.git"]);
        run(&remote.bare(), &["config", "http.receivepack", "true"]);
        let work = remote.folder.path().join("work");
        run(remote.folder.path(), &["clone", "--quiet", "deploy.git", "work"]);
        for (path, text) in files {
            let path = work.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        run(&work, &["add", "--all"]);
        run(&work, &["commit", "--quiet", "--message=First"]);
        run(&work, &["push", "--quiet", "origin", "HEAD:main"]);
        remote
    }

    pub(crate) fn bare(&self) -> PathBuf {
        self.folder.path().join("deploy.git")
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        run(&self.bare(), arguments)
    }

    /// A file as a branch has it.
    pub(crate) fn file(&self, branch: &str, path: &str) -> String {
        self.git(&["show", &format!("{branch}:{path}")])
    }

    pub(crate) fn commits(&self, branch: &str) -> usize {
        self.git(&["rev-list", "--count", branch]).trim().parse().unwrap()
    }

    /// A script that the server runs on every push, before it takes it.
    pub(crate) fn on_push(&self, script: &str) {
        let hook = self.bare().join("hooks/pre-receive");
        fs::create_dir_all(hook.parent().unwrap()).unwrap();
        fs::write(&hook, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Lets somebody else be faster with the next pushes: each time, a file is added to `main` while the push is on its way.
    pub(crate) fn compete(&self, times: u32) {
        fs::write(self.bare().join("left"), times.to_string()).unwrap();
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

    /// Starts a server, which ends with the process.
    pub(crate) fn serve(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, root) = (listener.local_addr().unwrap(), self.folder.path().to_owned());
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

/// Runs git without any configuration but its own.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null");
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), "Somebody").env(format!("GIT_{role}_EMAIL"), "s@example.com");
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
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
    let mut words = lines[0].split(' ');
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
    backend.stdin.take().unwrap().write_all(&body)?;
    let printed = backend.wait_with_output()?.stdout;
    let end = printed.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(0);
    let head = String::from_utf8_lossy(&printed[..end]).into_owned();
    let status = head.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK").to_owned();
    stream.write_all(format!("HTTP/1.1 {status}\r\n{head}\r\nConnection: close\r\n\r\n").as_bytes())?;
    stream.write_all(&printed[end + 4..])
}
