//! Certificates and keys of a control plane, made by `openssl`.

use std::{path::Path, process::Command};

use crate::{command::run, text::write};

/// What the API server and the nodes are called: loopback, the name that pods use, and the first service address of
/// [`SERVICES`](super::arguments::SERVICES).
const SERVER: &str = "basicConstraints = CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = IP:127.0.0.1, IP:10.96.0.1, DNS:localhost, DNS:kubernetes, DNS:kubernetes.default, DNS:kubernetes.default.svc
";

const CLIENT: &str = "basicConstraints = CA:FALSE\nextendedKeyUsage = clientAuth\n";

/// Makes in a folder `ca.crt`, the authority; `server` and `admin`, each `.crt` and `.key`, of which the second may do
/// everything; and `accounts.key`, which signs the tokens of service accounts,
/// with `accounts.pub`, which checks them.
#[track_caller]
pub(super) fn make(folder: &Path) {
    write(&folder.join("server.ext"), SERVER);
    write(&folder.join("admin.ext"), CLIENT);
    let openssl = |arguments: &str| {
        let _ = run(Command::new("openssl").args(arguments.split(' ')).current_dir(folder)).success();
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    openssl(&format!(
        "req -x509 {key} -days 30 -subj /CN=plimsoll-tests-authority -keyout ca.key -out ca.crt"
    ));
    // The group is that of the built-in role binding for administrators.
    for (name, subject) in [("server", "/CN=kubernetes"), ("admin", "/O=system:masters/CN=plimsoll-tests")] {
        openssl(&format!("req {key} -subj {subject} -keyout {name}.key -out {name}.csr"));
        openssl(&format!(
            "x509 -req -in {name}.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -extfile {name}.ext -out {name}.crt"
        ));
    }
    openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out accounts.key");
    openssl("pkey -in accounts.key -pubout -out accounts.pub");
}
