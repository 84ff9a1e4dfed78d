//! What the handler is told.

use std::time::Duration;

use super::{Auth, Endpoint, Header, Proxy};
use crate::diag::Diag;
use crate::net::{Backoff, TlsClient};
use crate::wire::body::Assembly;
use crate::wire::lh::SenderId;

/// How a request is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Method {
    /// The record is a part of the URL.
    Get,
    /// The record is the body.
    #[default]
    Post,
}

/// Which answers tell more than their status does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reading {
    /// None.
    #[default]
    Status,
    /// Those of Elasticsearch: what became of each document.
    Items,
    /// Those of OTLP: how many records were not taken.
    Partial,
    /// Those of Splunk: whether it is a record that is wrong.
    Code,
}

/// When records are sent together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// When they are so many.
    pub records: u64,
    /// When they have so many bytes; one record may have more.
    pub bytes: u64,
    /// When the first of them has waited so long.
    pub wait: Duration,
}

/// What the handler is told.
pub struct HttpOptions {
    /// Where requests go.
    pub endpoint: Endpoint,
    /// How they are made.
    pub method: Method,
    /// How a body is made of records.
    pub assembly: Assembly,
    /// What a body is, unless a header says it.
    pub content_type: &'static str,
    /// Which answers tell more.
    pub reading: Reading,
    /// Headers of every request.
    pub headers: Vec<Header>,
    /// Credentials.
    pub auth: Option<Auth>,
    /// For an endpoint of https.
    pub tls: Option<TlsClient>,
    /// A proxy on the way.
    pub proxy: Option<Proxy>,
    /// How long each phase of a request may take: the connection; a silence
    /// while it is sent; the answer.
    pub timeout: Duration,
    /// When records are sent together.
    pub batch: Batch,
    /// Bodies are compressed.
    pub gzip: bool,
    /// Whose the records are, until it is [told](crate::handler::Handler::number) otherwise.
    pub sender: SenderId,
    /// How long it waits after a request that has failed.
    pub backoff: Backoff,
    /// Records are tried again also where a server takes nothing of us (401, 403,
    /// 404 and the like), and not given up: they wait on the disk, until somebody
    /// has mended what is wrong.
    pub keeps: bool,
    /// Where notices go.
    pub diag: Diag,
}
