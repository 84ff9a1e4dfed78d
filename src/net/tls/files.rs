//! The files that TLS is set up with: certificates and keys, in PEM form.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::TlsError;
use crate::diag::plain;
use crate::sys::socket::is_world_readable;

/// No file of certificates is longer; the system's own are a fifth of a mebibyte.
const LONGEST_FILE: u64 = 16 << 20;

/// A file that can't be used, and why.
pub(super) fn file(path: &Path, problem: impl Into<String>) -> TlsError {
    TlsError::File {
        path: path.to_owned(),
        problem: problem.into(),
    }
}

fn read(path: &PathBuf) -> Result<Vec<u8>, TlsError> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|opened| opened.take(LONGEST_FILE).read_to_end(&mut bytes))
        .map_err(|error| file(path, plain(&error)))?;
    Ok(bytes)
}

/// The certificates of a PEM file; never none.
pub(super) fn certificates_of(path: &PathBuf) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bytes = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        // A SEQUENCE of ASN.1.
        Ok(_) if bytes.first() == Some(&0x30) => Err(file(
            path,
            "it is DER: openssl x509 -inform der makes PEM of it",
        )),
        Ok(_) => Err(file(path, "there is no PEM certificate in it")),
        Err(error) => Err(file(path, error.to_string())),
    }
}

/// The certificates of a PEM file, to be trusted.
pub(super) fn roots_of(
    path: &PathBuf,
    warnings: &mut Vec<String>,
) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    let (used, unusable) = roots.add_parsable_certificates(certificates_of(path)?);
    if used == 0 {
        return Err(file(path, "no certificate in it can be read"));
    }
    if unusable > 0 {
        let text = "certificates in it can't be read, and are not trusted";
        warnings.push(format!("{}: {unusable} {text}", path.display()));
    }
    Ok(roots)
}

/// The key of a PEM file: PKCS#8, SEC1 or PKCS#1.
pub(super) fn key_of(
    path: &PathBuf,
    warnings: &mut Vec<String>,
) -> Result<PrivateKeyDer<'static>, TlsError> {
    use rustls::pki_types::pem::Error;
    if is_world_readable(path) {
        let text = "others can read this key: chmod go= would keep it";
        warnings.push(format!("{}: {text}", path.display()));
    }
    let bytes = read(path)?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| {
        let text = String::from_utf8_lossy(&bytes);
        // What PKCS#8 and the older formats each say of it.
        let encrypted = ["BEGIN ENCRYPTED PRIVATE KEY", "Proc-Type: 4,ENCRYPTED"];
        if encrypted.iter().any(|mark| text.contains(mark)) {
            return file(
                path,
                "it is encrypted: openssl pkey -in … -out … decrypts it",
            );
        }
        match error {
            Error::NoItemsFound => file(path, "there is no PEM private key in it"),
            // Not its text: it may show a part of the key.
            _ => file(path, "it is no well-formed PEM"),
        }
    })
}

/// Why a certificate and a key can't be used together.
pub(super) fn pair_problem(cert: &Path, key: &Path, error: rustls::Error) -> TlsError {
    match error {
        rustls::Error::InconsistentKeys(_) => {
            file(key, format!("it is not the key of {}", cert.display()))
        }
        // The first certificate can't be read, which shows only now.
        rustls::Error::InvalidCertificate(_) => file(cert, format!("it can't be used: {error}")),
        // A kind of key that is not known, most of all.
        other => file(key, format!("it can't be used: {other}")),
    }
}
