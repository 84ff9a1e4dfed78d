//! A receiver's side of TLS: which certificate it shows, and whose it asks for.

use std::fmt;
use std::sync::Arc;

use rustls::server::WebPkiClientVerifier;
use rustls::{ServerConfig, ServerConnection};

use super::files::{certificates_of, file, key_of, pair_problem, roots_of};
use super::{HandshakeError, TlsError, TlsServerOptions};

pub use super::accepted::TlsServerSession;

/// A receiver's side of TLS, for as many connections as come. Cheap to clone.
#[derive(Clone)]
pub struct TlsServer {
    options: Arc<TlsServerOptions>,
    config: Arc<ServerConfig>,
    warnings: Arc<[String]>,
}

impl TlsServer {
    /// Reads the files.
    ///
    /// # Errors
    /// Which file can't be used and why; see [`TlsError`].
    pub fn new(options: TlsServerOptions) -> Result<TlsServer, TlsError> {
        let (config, warnings) = configure(&options)?;
        Ok(TlsServer {
            options: Arc::new(options),
            config,
            warnings,
        })
    }

    /// Reads the files again, for certificates that were renewed. Sessions that
    /// are there go on as they began; a client that comes again has to show its
    /// certificate anew. Clones made before are left as they are.
    ///
    /// # Errors
    /// As for [`new`](Self::new); what was read before then stays in force.
    pub fn reload(&mut self) -> Result<(), TlsError> {
        (self.config, self.warnings) = configure(&self.options)?;
        Ok(())
    }

    /// What the user should know, though it does not stop anything.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Whether clients have to show a certificate.
    pub fn wants_certificates(&self) -> bool {
        self.options.client_ca.is_some()
    }

    /// The session of one connection that was accepted.
    ///
    /// # Errors
    /// None that is known of.
    pub fn session(&self) -> Result<TlsServerSession, HandshakeError> {
        ServerConnection::new(self.config.clone())
            .map(TlsServerSession::new)
            .map_err(|error| HandshakeError::Protocol(error.to_string()))
    }
}

impl fmt::Debug for TlsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("TlsServer");
        debug
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

fn configure(options: &TlsServerOptions) -> Result<(Arc<ServerConfig>, Arc<[String]>), TlsError> {
    let mut warnings = Vec::new();
    // Not the process's default, which somebody else may have chosen.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|_| TlsError::LeftOut)?;
    let builder = match &options.client_ca {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let roots = Arc::new(roots_of(path, &mut warnings)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider)
                .build()
                .map_err(|error| file(path, format!("it can't be used: {error}")))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let chain = certificates_of(&options.cert)?;
    let key = key_of(&options.key, &mut warnings)?;
    let mut config = builder
        .with_single_cert(chain, key)
        .map_err(|error| pair_problem(&options.cert, &options.key, error))?;
    // A ticket is sent behind the handshake. Most senders of logs never read: with
    // unread bytes there, their close becomes a reset, which may overtake the last
    // records on their way.
    config.send_tls13_tickets = 0;
    Ok((Arc::new(config), warnings.into()))
}
