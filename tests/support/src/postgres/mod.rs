//! A PostgreSQL server of the tests' own.

mod programs;

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
    time::Duration,
};

use crate::{
    certificate::Certificate,
    command::{Finished, end, run, until, wait},
    registry::{PASSWORD, USER},
    requirement::is_root,
};

pub(crate) use programs::obstacle;

/// How long a server may take to start or to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs the server until nobody holds the other end of standard input any more: then the test is over, however it ended.
/// Ends the server by its id, which the server writes into its folder and a restart changes, and takes the folder away.
const KEEPER: &str = r#"
folder=$1; shift
"$@" >>"$folder/log" 2>&1 </dev/null &
cat >/dev/null
kill -INT "$(head -n 1 "$folder/data/postmaster.pid")"
while [ -e "$folder/data/postmaster.pid" ]; do sleep 0.05; done
rm -rf "$folder"
"#;

/// A server with a new cluster in a temporary folder, on a free loopback port and a socket. Its superuser is `postgres`. It
/// ends with its value or, when it is shared, with the test program.
#[derive(Debug)]
pub struct PostgresServer {
    folder: PathBuf,
    port: u16,
    keeper: Option<Child>,
    certificate: Option<Certificate>,
}

impl PostgresServer {
    /// The server that all tests of a program share. Each makes schemas or databases of its own.
    ///
    /// # Panics
    /// It did not start.
    #[must_use]
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<PostgresServer> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// Starts a server that lets in everybody on this machine.
    ///
    /// # Panics
    /// It did not start.
    #[must_use]
    #[track_caller]
    pub fn start() -> Self {
        Self::with("local all all trust\nhost all all 127.0.0.1/32 trust\n", None)
    }

    /// Starts a server that lets in, over TCP, only who encrypts and has a password: [`USER`] with [`PASSWORD`], who may make
    /// schemas in the database `postgres`. Its certificate is for `127.0.0.1` and `localhost`.
    ///
    /// # Panics
    /// It did not start.
    #[must_use]
    #[track_caller]
    pub fn with_tls() -> Self {
        let folder = new_folder();
        let certificate = Certificate::make(&folder);
        let hosts = "local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n";
        let server = Self::at(folder, hosts, Some(certificate));
        server.sql(&format!(
            "CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'; GRANT CREATE ON DATABASE postgres TO {USER}"
        ));
        server
    }

    #[track_caller]
    fn with(hosts: &str, certificate: Option<Certificate>) -> Self {
        Self::at(new_folder(), hosts, certificate)
    }

    #[track_caller]
    fn at(folder: PathBuf, hosts: &str, certificate: Option<Certificate>) -> Self {
        let data = folder.join("data");
        let _ = run(programs::program("initdb")
            .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"])
            .arg("--pgdata")
            .arg(&data))
        .success();
        let port = free_port();
        // Nothing here must outlive the machine. In the file, not on the command line, so that a test can change it.
        let mut settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = '{}'\nfsync = off\nshared_buffers = '32MB'\n",
            folder.display()
        );
        if certificate.is_some() {
            for (name, from) in [("server.crt", "server.pem"), ("server.key", "server.key.pem")] {
                give(&folder.join("certificates").join(from), &data.join(name), 0o600);
            }
            settings.push_str("ssl = on\n");
        }
        append(&data.join("postgresql.conf"), &settings);
        crate::text::write(&data.join("pg_hba.conf"), hosts);
        let mut server = Self { folder, port, keeper: None, certificate };
        server.launch();
        server
    }

    #[track_caller]
    fn launch(&mut self) {
        let server = programs::program("postgres");
        let started = Command::new("sh")
            .args(["-c", KEEPER, "sh"])
            .arg(&self.folder)
            .arg(server.get_program())
            .args(server.get_args())
            .arg("-D")
            .arg(self.folder.join("data"))
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        match started {
            Ok(keeper) => self.keeper = Some(keeper),
            Err(error) => panic!("the keeper of the server could not be started: {error}"),
        }
        let answers = || self.try_sql("SELECT 1").status.success().then_some(());
        if until(PATIENCE, answers).is_none() {
            let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            panic!("the server does not answer:\n{log}");
        }
    }

    /// The server again, at once, with the same data on the same port: every connection breaks.
    ///
    /// # Panics
    /// It did not start.
    #[track_caller]
    pub fn restart(&self) {
        let _ = run(programs::program("pg_ctl")
            .args(["restart", "--mode=immediate", "--silent", "--wait", "--pgdata"])
            .arg(self.folder.join("data"))
            .arg("--log")
            .arg(self.folder.join("data").join("restarted.log")))
        .success();
    }

    /// The port on loopback.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its socket.
    #[must_use]
    pub fn sockets(&self) -> &Path {
        &self.folder
    }

    /// The address of a database for a user, over TCP.
    #[must_use]
    pub fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}", self.port)
    }

    /// The certificate of its authority, a PEM file; none when it speaks no TLS.
    #[must_use]
    pub fn certificate_authority(&self) -> Option<&Path> {
        self.certificate.as_ref().map(Certificate::authority)
    }

    /// Carries out statements as the superuser, in the database `postgres`; answers with the last one's rows, a line each.
    ///
    /// # Panics
    /// One failed.
    #[track_caller]
    pub fn sql(&self, statements: &str) -> String {
        self.try_sql(statements).success().text()
    }

    /// Carries out statements as the superuser, up to the first that fails.
    #[track_caller]
    pub fn try_sql(&self, statements: &str) -> Finished {
        let psql = programs::folder().unwrap_or_default().join("psql");
        let mut command = Command::new(psql);
        command.env_clear().args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]);
        command.args(["--set=ON_ERROR_STOP=1", "--username=postgres", "--dbname=postgres"]);
        command.arg(format!("--port={}", self.port)).arg("--host").arg(&self.folder);
        run(command.args(["--command", statements]))
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        let Some(mut keeper) = self.keeper.take() else { return };
        drop(keeper.stdin.take());
        if wait(&mut keeper, PATIENCE).is_none() {
            end(&mut keeper);
        }
    }
}

/// A folder that the server may write to. The keeper takes it away.
#[track_caller]
fn new_folder() -> PathBuf {
    let folder = crate::text::temporary_folder("postgres").keep();
    if is_root()
        && let Some((user, group)) = programs::user()
        && let Err(error) = chown(&folder, Some(user), Some(group))
    {
        panic!("{} could not be given to the server's user: {error}", folder.display());
    }
    folder
}

/// Copies a file for the server alone.
#[track_caller]
fn give(from: &Path, to: &Path, mode: u32) {
    let owner = if is_root() { programs::user() } else { None };
    let given = fs::copy(from, to)
        .and_then(|_| fs::set_permissions(to, fs::Permissions::from_mode(mode)))
        .and_then(|()| owner.map_or(Ok(()), |(user, group)| chown(to, Some(user), Some(group))));
    if let Err(error) = given {
        panic!("{} could not be given to the server: {error}", to.display());
    }
}

#[track_caller]
fn append(file: &Path, text: &str) {
    let before = fs::read_to_string(file).unwrap_or_default();
    crate::text::write(file, before + text);
}

/// A port that nobody listens on now.
#[track_caller]
fn free_port() -> u16 {
    match TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()) {
        Ok(address) => address.port(),
        Err(error) => panic!("there is no free port: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Requirement, require};

    #[test]
    fn a_server_keeps_its_data_over_a_restart_and_leaves_nothing_behind() {
        require!(Requirement::Postgres);
        let server = PostgresServer::start();
        server.sql("CREATE TABLE notes (text text); INSERT INTO notes VALUES ('kept')");
        server.restart();
        assert_eq!(server.sql("SELECT text FROM notes"), "kept");
        assert!(!server.try_sql("SELECT nothing").status.success());
        let folder = server.sockets().to_owned();
        drop(server);
        assert!(!folder.exists());
    }
}
