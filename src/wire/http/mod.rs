//! HTTP/1.1 (RFC 9112) towards those who send records by it. No I/O: bytes go in,
//! requests and answers come out.
//!
//! Taken are `POST` and `PUT` with JSON objects, arrays of them, one a line, a
//! form as of Python's `HTTPHandler`, or plain lines; and `GET` with a form in
//! its query. A request without a record is a health check, and succeeds.

mod body;
mod form;
mod head;
mod records;

use std::sync::Arc;

use body::{Body, BodyError, Progress};
use head::{Head, HeadError};
pub use records::{Portion, Records, Unreadable};

/// Bounds of what is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpOptions {
    /// The longest head of a request, in bytes.
    pub max_head: usize,
    /// The longest body, as it is sent and as it is unpacked.
    pub max_body: usize,
}

impl Default for HttpOptions {
    /// 16 KiB and 16 MiB.
    fn default() -> HttpOptions {
        HttpOptions {
            max_head: 16 << 10,
            max_body: 16 << 20,
        }
    }
}

/// A request that has come as a whole.
#[derive(Debug)]
pub struct Request {
    head: Head,
    body: Vec<u8>,
}

/// What becomes of the records of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// They are safe: 204.
    Accepted,
    /// They wait in memory for somebody who takes them: 202.
    Queued,
    /// Nothing is taken at the moment: 503, and how many seconds to wait.
    Busy(u32),
    /// They can't be delivered: 500.
    Failed,
}

/// What bytes came to.
#[derive(Debug)]
pub enum What {
    /// More are needed.
    More,
    /// A request, which has to be answered before more is fed.
    Request(Box<Request>),
    /// It is over, and the answer says why; with it in words for others.
    Close(&'static str),
}

/// See [`HttpConversation::feed`].
#[derive(Debug)]
pub struct Fed {
    /// So many bytes are done with.
    pub used: usize,
    /// What they came to.
    pub what: What,
}

/// Why a request is to come again.
const BUSY: &str = "nothing is taken at the moment";

#[derive(Debug)]
enum State {
    /// The head of a request is waited for.
    Head,
    Body(Box<(Head, Body)>),
    /// An answer is waited for.
    Answering,
    Over,
}

/// One connection's requests and answers.
#[derive(Debug)]
pub struct HttpConversation {
    options: Arc<HttpOptions>,
    state: State,
}

impl HttpConversation {
    /// Before the first request.
    pub fn new(options: Arc<HttpOptions>) -> HttpConversation {
        HttpConversation {
            options,
            state: State::Head,
        }
    }

    /// Takes bytes from the front of what was read. What is to be sent at once is
    /// appended to `out`.
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Fed {
        let mut used = 0;
        loop {
            let rest = &bytes[used..];
            match std::mem::replace(&mut self.state, State::Over) {
                State::Head => match head::parse(rest, self.options.max_head) {
                    Ok(None) => {
                        self.state = State::Head;
                        return Fed {
                            used,
                            what: What::More,
                        };
                    }
                    Ok(Some((head, length))) => {
                        used += length;
                        if head
                            .length
                            .is_some_and(|length| length > self.options.max_body as u64)
                        {
                            let answer = Answer::new(413, "its body is too long", head.bare);
                            return self.refuse(answer, used, out);
                        }
                        if head.expects && head.has_body() {
                            out.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
                        }
                        let body = Body::new(&head);
                        self.state = State::Body(Box::new((head, body)));
                    }
                    Err(HeadError { status, why }) => {
                        let answer = Answer::new(status, why, head::is_bare(rest));
                        return self.refuse(answer, used, out);
                    }
                },
                State::Body(mut whole) => {
                    let (head, body) = &mut *whole;
                    match body.take(rest, self.options.max_body) {
                        Ok((count, Progress::More)) => {
                            used += count;
                            self.state = State::Body(whole);
                            return Fed {
                                used,
                                what: What::More,
                            };
                        }
                        Ok((count, Progress::Whole)) => {
                            used += count;
                            self.state = State::Answering;
                            let (head, body) = *whole;
                            let body = body.into_bytes();
                            return Fed {
                                used,
                                what: What::Request(Box::new(Request { head, body })),
                            };
                        }
                        Err(BodyError { status, why }) => {
                            let answer = Answer::new(status, why, head.bare);
                            return self.refuse(answer, used, out);
                        }
                    }
                }
                State::Answering => {
                    self.state = State::Answering;
                    return Fed {
                        used,
                        what: What::More,
                    };
                }
                State::Over => {
                    return Fed {
                        used: bytes.len(),
                        what: What::More,
                    };
                }
            }
        }
    }

    fn refuse(&mut self, answer: Answer<'static>, used: usize, out: &mut Vec<u8>) -> Fed {
        let why = answer.text;
        self.end(answer, out);
        Fed {
            used,
            what: What::Close(why),
        }
    }

    /// Answers, and takes nothing more.
    fn end(&mut self, answer: Answer<'_>, out: &mut Vec<u8>) {
        let answer = Answer {
            close: true,
            ..answer
        };
        answer.write(out);
        self.state = State::Over;
    }

    /// Answers a request whose records were handed on. Tells whether the
    /// connection stays.
    pub fn answer(&mut self, request: &Request, outcome: Outcome, out: &mut Vec<u8>) -> bool {
        let (status, text) = match outcome {
            Outcome::Accepted => (204, ""),
            Outcome::Queued => (202, "it waits in memory"),
            Outcome::Busy(_) => (503, BUSY),
            Outcome::Failed => (500, "it can't be delivered"),
        };
        let wait = match outcome {
            Outcome::Busy(seconds) => Some(seconds),
            _ => None,
        };
        let answer = Answer::new(status, text, request.head.bare);
        self.answer_with(request, Answer { wait, ..answer }, out)
    }

    /// Answers a request of which no record can be made.
    pub fn answer_unreadable(
        &mut self,
        request: &Request,
        reason: &Unreadable,
        out: &mut Vec<u8>,
    ) -> bool {
        let text = reason.to_string();
        let answer = Answer::new(reason.status(), &text, request.head.bare);
        self.answer_with(request, answer, out)
    }

    fn answer_with(&mut self, request: &Request, answer: Answer<'_>, out: &mut Vec<u8>) -> bool {
        let close = request.head.closes;
        Answer { close, ..answer }.write(out);
        self.after(close)
    }

    fn after(&mut self, close: bool) -> bool {
        self.state = match close {
            true => State::Over,
            false => State::Head,
        };
        !close
    }

    /// Whether no request has begun that is not complete.
    pub fn is_idle(&self) -> bool {
        matches!(self.state, State::Head | State::Over)
    }

    /// How many bytes of a body are held.
    pub fn held(&self) -> usize {
        match &self.state {
            State::Body(whole) => whole.1.len(),
            _ => 0,
        }
    }

    /// Breaks off with a request that is not complete: it took too long.
    pub fn time_out(&mut self, out: &mut Vec<u8>) {
        let answer = Answer::new(408, "the request took too long", self.is_bare());
        self.end(answer, out);
    }

    /// Breaks off with a request that is not complete: there is no room for it at
    /// the moment, and how many seconds to wait.
    pub fn turn_away(&mut self, seconds: u32, out: &mut Vec<u8>) {
        let answer = Answer::new(503, BUSY, self.is_bare());
        let wait = Some(seconds);
        self.end(Answer { wait, ..answer }, out);
    }

    fn is_bare(&self) -> bool {
        matches!(&self.state, State::Body(whole) if whole.0.bare)
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        202 => "Accepted",
        204 => "No Content",
        400 => "Bad Request",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        411 => "Length Required",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "Internal Server Error",
    }
}

/// What is answered.
struct Answer<'t> {
    status: u16,
    /// Says why.
    text: &'t str,
    /// The request was one of `HEAD`.
    bare: bool,
    close: bool,
    /// How many seconds are to be waited.
    wait: Option<u32>,
}

impl<'t> Answer<'t> {
    fn new(status: u16, text: &'t str, bare: bool) -> Answer<'t> {
        Answer {
            status,
            text,
            bare,
            close: false,
            wait: None,
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        let Answer { status, text, .. } = *self;
        let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(status));
        if status != 204 {
            let length = if text.is_empty() { 0 } else { text.len() + 1 };
            head +=
                &format!("Content-Type: text/plain; charset=utf-8\r\nContent-Length: {length}\r\n");
        }
        if status == 405 {
            head += "Allow: GET, POST, PUT, HEAD\r\n";
        }
        if let Some(seconds) = self.wait {
            head += &format!("Retry-After: {seconds}\r\n");
        }
        if self.close {
            head += "Connection: close\r\n";
        }
        head += "\r\n";
        out.extend_from_slice(head.as_bytes());
        if status != 204 && !text.is_empty() && !self.bare {
            out.extend_from_slice(text.as_bytes());
            out.push(b'\n');
        }
    }
}

#[cfg(test)]
mod tests;
