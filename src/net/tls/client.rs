//! What TLS is set up with: trusted certificates, our own, and whom we expect.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use super::{HandshakeError, TlsError, TlsOptions};
use crate::diag::plain;
use crate::net::Address;
use crate::sys::socket::is_world_readable;

pub(in crate::net) use super::session::Session;

/// No file of certificates is longer; the system's own are a fifth of a mebibyte.
const LONGEST_FILE: u64 = 16 << 20;

/// A client's side of TLS, for as many connections as are made. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TlsClient {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    warnings: Arc<[String]>,
}

impl TlsClient {
    /// Reads the files. Whether the receiver's certificate is signed by one that is
    /// trusted, is in force, and is for the server's name is always checked.
    ///
    /// # Errors
    /// Which file can't be used and why; see [`TlsError`].
    pub fn new(options: TlsOptions, address: &Address) -> Result<TlsClient, TlsError> {
        let name = match (&options.server_name, address) {
            (Some(name), _) => name,
            (None, Address::Inet { host, .. }) => host,
            (None, Address::Path(_)) => return Err(TlsError::NoHost(address.to_string())),
        };
        // The interface of an IPv6 address is nothing that a certificate knows.
        let name = name.split_once('%').map_or(name.as_str(), |(name, _)| name);
        let name = ServerName::try_from(name.to_owned())
            .map_err(|_| TlsError::BadName(name.to_owned()))?;
        let mut warnings = Vec::new();
        let roots = match &options.ca {
            Some(path) => roots_of(path, &mut warnings)?,
            None => system_roots()?,
        };
        // Not the process's default, which somebody else may have chosen.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| TlsError::LeftOut)?
            .with_root_certificates(roots);
        let config = match (&options.cert, &options.key) {
            (None, None) => builder.with_no_client_auth(),
            (Some(cert), Some(key)) => {
                if is_world_readable(key) {
                    let text = "others can read this key: chmod go= would keep it";
                    warnings.push(format!("{}: {text}", key.display()));
                }
                let chain = certificates_of(cert)?;
                let pair = builder.with_client_auth_cert(chain, key_of(key)?);
                pair.map_err(|error| match error {
                    rustls::Error::InconsistentKeys(_) => {
                        file(key, format!("it is not the key of {}", cert.display()))
                    }
                    // A kind of key that is not known, most of all.
                    other => file(key, format!("it can't be used: {other}")),
                })?
            }
            (Some(_), None) => {
                return Err(TlsError::Half {
                    given: "a certificate",
                    missing: "its key",
                });
            }
            (None, Some(_)) => {
                return Err(TlsError::Half {
                    given: "a key",
                    missing: "its certificate",
                });
            }
        };
        Ok(TlsClient {
            config: Arc::new(config),
            name,
            warnings: warnings.into(),
        })
    }

    /// What the user should know, though it does not stop anything.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The name that a receiver's certificate must be for.
    pub fn server_name(&self) -> String {
        self.name.to_str().into_owned()
    }

    pub(in crate::net) fn session(&self) -> Result<Session, HandshakeError> {
        ClientConnection::new(self.config.clone(), self.name.clone())
            .map(Session::new)
            .map_err(|error| HandshakeError::Protocol(error.to_string()))
    }
}

fn file(path: &Path, problem: impl Into<String>) -> TlsError {
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
fn certificates_of(path: &PathBuf) -> Result<Vec<CertificateDer<'static>>, TlsError> {
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

fn roots_of(path: &PathBuf, warnings: &mut Vec<String>) -> Result<RootCertStore, TlsError> {
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

fn system_roots() -> Result<RootCertStore, TlsError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (used, _) = roots.add_parsable_certificates(found.certs);
    if used == 0 {
        let why = match found.errors.first() {
            Some(error) => error.to_string(),
            None => "there are none".to_owned(),
        };
        return Err(TlsError::NoRoots(why));
    }
    Ok(roots)
}

/// The key of a PEM file: PKCS#8, SEC1 or PKCS#1.
fn key_of(path: &PathBuf) -> Result<PrivateKeyDer<'static>, TlsError> {
    use rustls::pki_types::pem::Error;
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
