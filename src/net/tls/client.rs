//! What TLS is set up with: trusted certificates, our own, and whom we expect.

use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use super::anybody::Anybody;
use super::files::{certificates_of, key_of, pair_problem, roots_of};
use super::{HandshakeError, TlsError, TlsOptions};
use crate::net::Address;

pub(in crate::net) use super::session::Session;

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
                let (chain, private) = (certificates_of(cert)?, key_of(key, &mut warnings)?);
                builder
                    .with_client_auth_cert(chain, private)
                    .map_err(|error| pair_problem(cert, key, error))?
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

    /// The same without the check of a receiver's certificate: whoever answers is
    /// believed, and may read and change what is sent.
    #[must_use]
    pub fn without_checks(mut self) -> TlsClient {
        let provider = self.config.crypto_provider().clone();
        let config = Arc::make_mut(&mut self.config);
        let anybody = Arc::new(Anybody(provider));
        config.dangerous().set_certificate_verifier(anybody);
        self
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
