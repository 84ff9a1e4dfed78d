//! GELF records as datagrams: compressed, if that is asked for, and in chunks
//! where one is too long.

use std::io;

use crate::wire::gelf::chunk::chunks;
use crate::wire::gelf::compress::{Compressor, Method};

/// The largest datagram, in bytes: what Graylog's own senders keep to in a
/// local network.
const LIMIT: usize = 8192;

/// See the [module](self).
pub(super) struct Chunker {
    compressor: Compressor,
    compresses: bool,
    packed: Vec<u8>,
    datagram: Vec<u8>,
    /// What tells the next message in chunks from others.
    id: u64,
}

impl Chunker {
    /// Messages get names from `id` on.
    pub(super) fn new(method: Method, id: u64) -> Chunker {
        Chunker {
            compressor: Compressor::new(method),
            compresses: method != Method::None,
            packed: Vec::new(),
            datagram: Vec::new(),
            id,
        }
    }

    /// Sends the datagrams of a record.
    ///
    /// # Errors
    /// `InvalidInput` if it has too many; else those of `send`.
    pub(super) fn each(
        &mut self,
        record: &[u8],
        mut send: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut message = record;
        if self.compresses {
            self.packed.clear();
            self.compressor.compress(record, &mut self.packed)?;
            message = &self.packed;
        }
        if message.len() <= LIMIT {
            return send(message);
        }
        self.id = self.id.wrapping_add(1);
        let chunks = chunks(message, LIMIT, self.id.to_be_bytes());
        let chunks = chunks.map_err(|why| io::Error::new(io::ErrorKind::InvalidInput, why))?;
        for chunk in chunks {
            chunk.fill(&mut self.datagram);
            send(&self.datagram)?;
        }
        Ok(())
    }
}
