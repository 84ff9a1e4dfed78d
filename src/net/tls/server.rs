//! The side of TLS that is connected to. No I/O of its own: encrypted bytes go
//! in and out.

use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::server::WebPkiClientVerifier;
use rustls::{ServerConfig, ServerConnection};

use super::files::{certificates_of, file, key_of, key_warning, roots_of};
use super::session::explain;
use super::{HandshakeError, TlsError, TlsFed, TlsServerOptions};

/// A server's side of TLS, for as many connections as come. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TlsServer {
    options: TlsServerOptions,
    config: Arc<ServerConfig>,
    warnings: Arc<[String]>,
}

impl TlsServer {
    /// Reads the files.
    ///
    /// # Errors
    /// Which file can't be used and why; see [`TlsError`].
    pub fn new(options: TlsServerOptions) -> Result<TlsServer, TlsError> {
        let mut warnings = Vec::from_iter(key_warning(&options.key));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|_| TlsError::LeftOut)?;
        let builder = match &options.client_ca {
            None => builder.with_no_client_auth(),
            Some(path) => {
                let roots = Arc::new(roots_of(path, &mut warnings)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
                let verifier = verifier.map_err(|error| file(path, error.to_string()))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let chain = certificates_of(&options.cert)?;
        let config = builder.with_single_cert(chain, key_of(&options.key)?);
        let config = config.map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                let problem = format!("it is not the key of {}", options.cert.display());
                file(&options.key, problem)
            }
            other => file(&options.key, format!("it can't be used: {other}")),
        })?;
        Ok(TlsServer {
            options,
            config: Arc::new(config),
            warnings: warnings.into(),
        })
    }

    /// What the user should know, though it does not stop anything.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Reads the files anew, for connections that come from now on.
    ///
    /// # Errors
    /// As [`new`](Self::new); all stays as it was then.
    pub fn reload(&mut self) -> Result<(), TlsError> {
        *self = TlsServer::new(self.options.clone())?;
        Ok(())
    }

    /// For a connection that has come.
    ///
    /// # Errors
    /// When the library can't make one.
    pub fn session(&self) -> Result<TlsServerSession, HandshakeError> {
        let tls = ServerConnection::new(Arc::clone(&self.config));
        let mut tls = tls.map_err(|error| HandshakeError::Protocol(error.to_string()))?;
        tls.set_buffer_limit(None);
        Ok(TlsServerSession { tls })
    }
}

/// One connection's TLS.
#[derive(Debug)]
pub struct TlsServerSession {
    tls: ServerConnection,
}

impl TlsServerSession {
    /// Takes bytes that were read. What they say is appended to `plain`, about
    /// `limit` bytes at most, and what is to be sent for it to `out`.
    ///
    /// # Errors
    /// What is no TLS, or none that is let in; `out` has the alert that says so.
    pub fn feed(
        &mut self,
        cipher: &[u8],
        limit: usize,
        plain: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> io::Result<TlsFed> {
        let mut rest = cipher;
        let most = plain.len().saturating_add(limit);
        let mut fed = TlsFed::default();
        while !rest.is_empty() && plain.len() < most && !fed.ended {
            // Takes a record or a few at once.
            if self.tls.read_tls(&mut rest)? == 0 {
                break;
            }
            let processed = self.tls.process_new_packets();
            self.push(out)?;
            let state = processed.map_err(|error| match is_plain_text(cipher) {
                true if self.tls.is_handshaking() => {
                    let text = "it does not speak TLS, which this port wants";
                    io::Error::new(io::ErrorKind::InvalidData, text)
                }
                _ => explain(error).into(),
            })?;
            fed.ended = state.peer_has_closed();
            let count = state.plaintext_bytes_to_read();
            let before = plain.len();
            plain.resize(before + count, 0);
            self.tls.reader().read_exact(&mut plain[before..])?;
        }
        fed.used = cipher.len() - rest.len();
        Ok(fed)
    }

    /// Encrypts what is to be sent.
    ///
    /// # Errors
    /// When the library refuses.
    pub fn write(&mut self, plain: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        self.tls.writer().write_all(plain)?;
        self.push(out)
    }

    /// Says that nothing more comes.
    pub fn close(&mut self, out: &mut Vec<u8>) {
        self.tls.send_close_notify();
        // There is nothing to fail: it is written to memory.
        let _ = self.push(out);
    }

    /// Whether the two sides have not agreed yet.
    pub fn is_handshaking(&self) -> bool {
        self.tls.is_handshaking()
    }

    fn push(&mut self, out: &mut Vec<u8>) -> io::Result<()> {
        while self.tls.wants_write() {
            self.tls.write_tls(out)?;
        }
        Ok(())
    }
}

/// Whether it begins as text does, and not as TLS.
fn is_plain_text(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|&byte| byte != 0x16)
}
