//! The head of a request.

use httparse::{EMPTY_HEADER, Header, Status};

/// So many fields it has at most.
const FIELDS: usize = 100;

/// What is needed of a head.
#[derive(Debug)]
pub(super) struct Head {
    /// `GET` or `HEAD`.
    pub(super) reads: bool,
    /// `HEAD`: behind the head of its answer stands nothing.
    pub(super) bare: bool,
    /// Behind the `?` of its target.
    pub(super) query: String,
    /// The length of its body, where that is told.
    pub(super) length: Option<u64>,
    /// The body comes in chunks.
    pub(super) chunked: bool,
    /// The media type, in small letters and without its parameters.
    pub(super) media: String,
    /// The body is packed: `gzip` or `deflate`.
    pub(super) packed: bool,
    /// The sender waits until it is asked for the body.
    pub(super) expects: bool,
    /// The connection ends with the answer.
    pub(super) closes: bool,
}

/// A head that is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HeadError {
    pub(super) status: u16,
    pub(super) why: &'static str,
}

impl Head {
    pub(super) fn has_body(&self) -> bool {
        self.chunked || self.length.is_some_and(|length| length > 0)
    }
}

/// What a stream of TLS begins with, and no request: a record of a handshake. One byte,
/// as the next may come in another piece.
const TLS: &[u8] = b"\x16";

fn error<T>(status: u16, why: &'static str) -> Result<T, HeadError> {
    Err(HeadError { status, why })
}

/// Whether a request is one of `HEAD`, whatever else stands in its head. Only empty
/// lines may stand before it: anything else is an error before the method has come.
pub(super) fn is_bare(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(after) = rest.strip_prefix(b"\r\n").or(rest.strip_prefix(b"\n")) {
        rest = after;
    }
    rest.starts_with(b"HEAD ")
}

/// The head at the start of `bytes` and its length; `None` where it is not all
/// there.
pub(super) fn parse(bytes: &[u8], most: usize) -> Result<Option<(Head, usize)>, HeadError> {
    let mut fields = [EMPTY_HEADER; FIELDS];
    let mut request = httparse::Request::new(&mut fields);
    let length = match request.parse(&bytes[..bytes.len().min(most)]) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) if bytes.len() < most => return Ok(None),
        Ok(Status::Partial) => return error(431, "the head of the request is too long"),
        Err(httparse::Error::TooManyHeaders) => {
            return error(431, "the head of the request has too many fields");
        }
        Err(httparse::Error::Version) => return error(505, "only HTTP/1.0 and 1.1 are spoken"),
        Err(_) if bytes.starts_with(TLS) => {
            return error(400, "it speaks TLS, for which --tls-cert and --tls-key are");
        }
        Err(_) => return error(400, "it is no request of HTTP/1.1"),
    };
    let reads = match request.method {
        Some("POST" | "PUT") => false,
        Some("GET" | "HEAD") => true,
        _ => return error(405, "the method is not taken"),
    };
    let modern = request.version == Some(1);
    let target = request.path.unwrap_or_default();
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    let mut head = Head {
        reads,
        bare: request.method == Some("HEAD"),
        query: query.to_owned(),
        length: None,
        chunked: false,
        media: String::new(),
        packed: false,
        expects: false,
        closes: !modern,
    };
    for field in request.headers.iter() {
        head.take(field, modern)?;
    }
    if head.chunked && head.length.is_some() {
        // Whoever stands between may have read it in the other way.
        return error(400, "it has a length and chunks");
    }
    if head.lacks_length() {
        return error(411, "its body has neither a length nor chunks");
    }
    Ok(Some((head, length)))
}

impl Head {
    /// Whether a body seems to follow of which nobody can tell the end: by its head alone,
    /// as it may come in another piece.
    fn lacks_length(&self) -> bool {
        let names_body = !self.media.is_empty() || self.packed;
        let is_told = self.reads || self.chunked || self.length.is_some();
        names_body && !is_told && self.query.is_empty()
    }

    fn take(&mut self, field: &Header<'_>, modern: bool) -> Result<(), HeadError> {
        let is = |name: &str| field.name.eq_ignore_ascii_case(name);
        let value = String::from_utf8_lossy(field.value)
            .trim()
            .to_ascii_lowercase();
        if is("content-length") {
            let digits = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
            // What has more digits than a number holds is too long in any case.
            let length = value.parse().unwrap_or(u64::MAX);
            if !digits || self.length.is_some_and(|other| other != length) {
                return error(400, "its length is none");
            }
            self.length = Some(length);
        } else if is("transfer-encoding") {
            if value != "chunked" || !modern || self.chunked {
                return error(501, "its transfer encoding is not known");
            }
            self.chunked = true;
        } else if is("content-type") {
            let media = value.split(';').next().unwrap_or_default();
            self.media = media.trim().to_owned();
        } else if is("content-encoding") {
            match value.as_str() {
                "gzip" | "x-gzip" | "deflate" => self.packed = true,
                "identity" | "" => {}
                _ => return error(415, "its content encoding is not known"),
            }
        } else if is("expect") {
            self.expects = value == "100-continue" && modern;
        } else if is("connection") {
            let mut words = value.split(',').map(str::trim);
            self.closes = match modern {
                true => self.closes || words.any(|word| word == "close"),
                false => !words.any(|word| word == "keep-alive"),
            };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In whatever pieces it comes.
    #[test]
    fn the_method_is_where_the_parser_looks_for_it() {
        for (bytes, bare) in [
            (&b"HEAD / HTTP/1.1\r\n\x01"[..], true),
            (b"\r\n\nHEAD \x01", true),
            (b"\t\r\nHEAD / HTTP/1.1\r\n\r\n", false),
            (b"HEADER / HTTP/1.1\r\n\r\n", false),
        ] {
            let fails = (1..=bytes.len()).find(|&end| parse(&bytes[..end], 100).is_err());
            let end = fails.expect("it is no request");
            assert_eq!(is_bare(&bytes[..end]), bare, "{bytes:?}");
            assert_eq!(is_bare(bytes), bare, "{bytes:?}");
        }
    }
}
