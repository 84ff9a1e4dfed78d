//! The body of a request, as it comes.

use memchr::memmem;

use super::head::Head;

/// What stands before a chunk, and behind the last, is at most so long.
const LINE: usize = 256;
const TRAILERS: usize = 4 << 10;

#[derive(Debug)]
pub(super) struct Body {
    bytes: Vec<u8>,
    framing: Framing,
}

#[derive(Debug)]
enum Framing {
    /// So many bytes are still to come.
    Length(u64),
    /// The size of a chunk comes next.
    Size,
    /// So many bytes of a chunk are still to come, and its line end.
    Chunk(u64),
    /// What stands behind the last chunk, of which so much has come.
    Trailers(usize),
}

/// Whether all of it has come.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    More,
    Whole,
}

/// A body that is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BodyError {
    pub(super) status: u16,
    pub(super) why: &'static str,
}

fn malformed<T>() -> Result<T, BodyError> {
    Err(BodyError {
        status: 400,
        why: "its chunks are malformed",
    })
}

impl Body {
    pub(super) fn new(head: &Head) -> Body {
        Body {
            bytes: Vec::new(),
            framing: match head.chunked {
                true => Framing::Size,
                false => Framing::Length(head.length.unwrap_or(0)),
            },
        }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Takes what belongs to it; gives how many bytes that were.
    pub(super) fn take(
        &mut self,
        bytes: &[u8],
        most: usize,
    ) -> Result<(usize, Progress), BodyError> {
        let mut at = 0;
        loop {
            let rest = &bytes[at..];
            match &mut self.framing {
                Framing::Length(left) => {
                    at += copy(rest, left, &mut self.bytes);
                    return Ok((at, progress(*left == 0)));
                }
                Framing::Size => {
                    let Some(end) = line_end(rest)? else {
                        return Ok((at, Progress::More));
                    };
                    let size = size_of(&rest[..end]).map_or_else(malformed, Ok)?;
                    at += end + 2;
                    if size > most.saturating_sub(self.bytes.len()) as u64 {
                        return Err(BodyError {
                            status: 413,
                            why: "its body is too long",
                        });
                    }
                    self.framing = match size {
                        0 => Framing::Trailers(0),
                        size => Framing::Chunk(size),
                    };
                }
                Framing::Chunk(left) => {
                    at += copy(rest, left, &mut self.bytes);
                    if *left > 0 {
                        return Ok((at, Progress::More));
                    }
                    match bytes.get(at..at + 2) {
                        Some(b"\r\n") => at += 2,
                        Some(_) => return malformed(),
                        None => return Ok((at, Progress::More)),
                    }
                    self.framing = Framing::Size;
                }
                Framing::Trailers(came) => {
                    let Some(end) = line_end(rest)? else {
                        return Ok((at, Progress::More));
                    };
                    at += end + 2;
                    *came += end + 2;
                    if end == 0 {
                        return Ok((at, Progress::Whole));
                    }
                    if *came > TRAILERS {
                        return malformed();
                    }
                }
            }
        }
    }
}

/// Where the line ends that stands first, if its end has come.
fn line_end(bytes: &[u8]) -> Result<Option<usize>, BodyError> {
    let end = memmem::find(&bytes[..bytes.len().min(LINE)], b"\r\n");
    match end.is_none() && bytes.len() >= LINE {
        true => malformed(),
        false => Ok(end),
    }
}

fn progress(whole: bool) -> Progress {
    match whole {
        true => Progress::Whole,
        false => Progress::More,
    }
}

fn copy(bytes: &[u8], left: &mut u64, out: &mut Vec<u8>) -> usize {
    let count = usize::try_from(*left).map_or(bytes.len(), |left| left.min(bytes.len()));
    out.extend_from_slice(&bytes[..count]);
    *left -= count as u64;
    count
}

/// The size of a chunk: hexadecimal digits, and whatever stands behind a
/// semicolon.
fn size_of(line: &[u8]) -> Option<u64> {
    let digits = line.split(|byte| *byte == b';').next()?;
    let digits = std::str::from_utf8(digits.trim_ascii_end()).ok()?;
    let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let short = (1..=15).contains(&digits.len());
    (hexadecimal && short).then(|| u64::from_str_radix(digits, 16).ok())?
}
