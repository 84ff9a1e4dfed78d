//! Messages that were told apart in one way and are to be in another: a daemon
//! may take datagrams one time, and a stream the next.

use crate::batch::{Frames, OwnedFrames};
use crate::wire::envelope::{Envelope, Framing};

/// Puts messages into another framing.
#[derive(Debug)]
pub struct Reframer {
    from: Framing,
    to: Envelope,
    /// A line feed ends a message, so none may stand in one.
    lines: bool,
}

impl Reframer {
    /// From one framing to another.
    pub fn new(from: Framing, to: Framing) -> Reframer {
        Reframer {
            from,
            lines: to == Framing::Terminator(b"\n".to_vec()),
            to: Envelope::new(to),
        }
    }

    /// Appends messages, between two record ends, one for each.
    pub fn append(&self, frames: &Frames<'_>, (from, to): (usize, usize), out: &mut OwnedFrames) {
        let mut at = from;
        for (record, _) in frames.iter_from(from) {
            if at >= to {
                break;
            }
            at += record.len();
            self.one(record, out.buffer());
            out.finish();
        }
    }

    fn one(&self, record: &[u8], out: &mut Vec<u8>) {
        let message = match &self.from {
            Framing::Bare => record,
            Framing::Terminator(end) => record.strip_suffix(&end[..]).unwrap_or(record),
            Framing::Length => record.get(4..).unwrap_or_default(),
            Framing::OctetCount => {
                let digits = record
                    .iter()
                    .take_while(|byte| byte.is_ascii_digit())
                    .count();
                record.get(digits + 1..).unwrap_or_default()
            }
        };
        let start = out.len();
        self.to.begin(out);
        let mut parts = message.split(|byte| self.lines && *byte == b'\n');
        out.extend_from_slice(parts.next().unwrap_or_default());
        for part in parts {
            // As the encoder has it.
            out.extend_from_slice(b"#012");
            out.extend_from_slice(part);
        }
        self.to.end(out, start);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_any_to_any() {
        let lf = || Framing::Terminator(b"\n".to_vec());
        let nul = || Framing::Terminator(b"\0".to_vec());
        let all: [(Framing, &[&[u8]]); 4] = [
            (Framing::Bare, &[b"<13>x: a\tb", b"<9>y"]),
            (lf(), &[b"<13>x: a\tb\n", b"<9>y\n"]),
            (nul(), &[b"<13>x: a\tb\0", b"<9>y\0"]),
            (Framing::OctetCount, &[b"10 <13>x: a\tb", b"4 <9>y"]),
        ];
        for (from, given) in &all {
            for (to, want) in &all {
                let mut frames = OwnedFrames::default();
                for record in [b"before"]
                    .iter()
                    .map(|r| &r[..])
                    .chain(given.iter().copied())
                {
                    frames.buffer().extend_from_slice(record);
                    frames.finish();
                }
                let mut out = OwnedFrames::default();
                let range = (6, frames.end());
                Reframer::new(from.clone(), to.clone()).append(&frames.frames(), range, &mut out);
                let found: Vec<_> = out.frames().iter().map(<[u8]>::to_vec).collect();
                assert_eq!(found, *want, "{from:?} {to:?}");
            }
        }
    }

    /// What a NUL or a length ends keeps its lines; a line has one.
    #[test]
    fn a_message_of_lines_forges_none() {
        let framed = |to| {
            let mut frames = OwnedFrames::default();
            frames.buffer().extend_from_slice(b"<9>a\n<1>b\n");
            frames.finish();
            let mut out = OwnedFrames::default();
            Reframer::new(Framing::Bare, to).append(&frames.frames(), (0, 10), &mut out);
            out.frames().bytes().to_vec()
        };
        let lf = Framing::Terminator(b"\n".to_vec());
        assert_eq!(framed(lf), b"<9>a#012<1>b#012\n");
        assert_eq!(framed(Framing::OctetCount), b"10 <9>a\n<1>b\n");
    }
}
