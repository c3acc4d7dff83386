//! A private key locked with a password, as cosign keeps it: scrypt makes a key of the password, and NaCl's secret box holds the
//! PKCS#8 form (go-securesystemslib, package `encrypted`).

use crypto_secretbox::{
    Nonce, XSalsa20Poly1305,
    aead::{Aead as _, KeyInit as _},
};
use ring::rand::{SecureRandom, SystemRandom};
use scrypt::Params;
use secrecy::{ExposeSecret as _, SecretSlice, SecretString, zeroize::Zeroizing};
use serde::{Deserialize, Serialize};

use crate::{key_error::KeyError, signature::base64_text};

const KEY_DERIVATION: &str = "scrypt";
const CIPHER: &str = "nacl/secretbox";
/// The costs of scrypt that are taken; others could make whoever opens a key wait for ever. The middle one is written.
const COSTS: [Cost; 3] = [
    Cost { iterations: 1 << 15, block_size: 8, parallel: 1 },
    Cost { iterations: 1 << 16, block_size: 8, parallel: 1 },
    Cost { iterations: 1 << 17, block_size: 8, parallel: 1 },
];
const SALT: usize = 32;
const NONCE: usize = 24;
const KEY: usize = 32;

#[derive(Serialize, Deserialize)]
struct Locked {
    kdf: KeyDerivation,
    cipher: Cipher,
    #[serde(with = "base64_text")]
    ciphertext: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct KeyDerivation {
    name: String,
    params: Cost,
    #[serde(with = "base64_text")]
    salt: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Cost {
    #[serde(rename = "N")]
    iterations: u32,
    #[serde(rename = "r")]
    block_size: u32,
    #[serde(rename = "p")]
    parallel: u32,
}

#[derive(Serialize, Deserialize)]
struct Cipher {
    name: String,
    #[serde(with = "base64_text")]
    nonce: Vec<u8>,
}

/// Opens a locked key.
pub(crate) fn open(bytes: &[u8], password: &SecretString) -> Result<SecretSlice<u8>, KeyError> {
    let unknown = |problem: String| KeyError::Encryption { problem };
    let locked: Locked = serde_json::from_slice(bytes).map_err(|error| unknown(error.to_string()))?;
    if locked.kdf.name != KEY_DERIVATION {
        return Err(unknown(format!("it derives its key by `{}`", locked.kdf.name)));
    }
    if locked.cipher.name != CIPHER {
        return Err(unknown(format!("its cipher is `{}`", locked.cipher.name)));
    }
    if !COSTS.contains(&locked.kdf.params) {
        return Err(unknown("the costs of scrypt are none that cosign writes".to_owned()));
    }
    let nonce: [u8; NONCE] =
        locked.cipher.nonce.try_into().map_err(|_| unknown(format!("its nonce has not {NONCE} bytes")))?;
    let cipher = cipher(password, &locked.kdf.salt, locked.kdf.params)?;
    let opened = cipher.decrypt(&Nonce::from(nonce), locked.ciphertext.as_slice());
    opened.map(SecretSlice::from).map_err(|_| KeyError::Password)
}

/// Locks a key.
pub(crate) fn lock(
    key: &SecretSlice<u8>,
    password: &SecretString,
    random: &SystemRandom,
) -> Result<Vec<u8>, KeyError> {
    let (mut salt, mut nonce) = ([0; SALT], [0; NONCE]);
    random.fill(&mut salt).and_then(|()| random.fill(&mut nonce)).map_err(|_| KeyError::NoRandomness)?;
    let unknown = |problem: String| KeyError::Encryption { problem };
    let ciphertext = cipher(password, &salt, COSTS[1])?
        .encrypt(&Nonce::from(nonce), key.expose_secret())
        .map_err(|error| unknown(error.to_string()))?;
    let locked = Locked {
        kdf: KeyDerivation { name: KEY_DERIVATION.to_owned(), params: COSTS[1], salt: salt.to_vec() },
        cipher: Cipher { name: CIPHER.to_owned(), nonce: nonce.to_vec() },
        ciphertext,
    };
    serde_json::to_vec(&locked).map_err(|error| unknown(error.to_string()))
}

fn cipher(password: &SecretString, salt: &[u8], cost: Cost) -> Result<XSalsa20Poly1305, KeyError> {
    let unknown = |problem: String| KeyError::Encryption { problem };
    let logarithm = cost.iterations.trailing_zeros();
    let logarithm = u8::try_from(logarithm).map_err(|error| unknown(error.to_string()))?;
    let parameters = Params::new(logarithm, cost.block_size, cost.parallel, KEY)
        .map_err(|error| unknown(error.to_string()))?;
    let mut key = Zeroizing::new([0; KEY]);
    scrypt::scrypt(password.expose_secret().as_bytes(), salt, &parameters, key.as_mut_slice())
        .map_err(|error| unknown(error.to_string()))?;
    XSalsa20Poly1305::new_from_slice(key.as_slice()).map_err(|error| unknown(error.to_string()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn locked() -> Value {
        json!({
            "kdf": { "name": "scrypt", "params": { "N": 32768, "r": 8, "p": 1 }, "salt": "AAAA" },
            "cipher": { "name": "nacl/secretbox", "nonce": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" },
            "ciphertext": "AAAA",
        })
    }

    fn error(value: &Value) -> String {
        open(value.to_string().as_bytes(), &"".into()).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn only_what_cosign_writes_is_opened() {
        assert!(error(&locked()).contains("the password does not open"), "{}", error(&locked()));
        for (pointer, value, says) in [
            ("/kdf/name", json!("argon2"), "`argon2`"),
            ("/cipher/name", json!("aes"), "`aes`"),
            // This would take hours.
            ("/kdf/params/N", json!(1 << 30), "costs of scrypt"),
            ("/kdf/params/p", json!(1 << 20), "costs of scrypt"),
            ("/cipher/nonce", json!("AAAA"), "has not 24 bytes"),
            ("/ciphertext", json!("?"), "not understood"),
        ] {
            let mut other = locked();
            *other.pointer_mut(pointer).unwrap() = value;
            assert!(error(&other).contains(says), "{pointer}: {}", error(&other));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(open(&bytes, &"".into()).is_err());
        }
    }
}
