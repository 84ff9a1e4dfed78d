//! Numbered frames, which are acknowledged.

use super::{Broken, Kind, Message, Next, Skipped};
use crate::source::listen::Accepted;
use crate::wire::envelope::TAG;
use crate::wire::hmac::{Key, Verifying};
use crate::wire::lh::{self, SenderId};

/// How far such a stream is.
#[derive(Debug, Default)]
pub(in crate::source::listen) struct Numbered {
    /// Who it is, once that was said.
    pub(in crate::source::listen) sender: Option<SenderId>,
    /// The number of the last frame.
    pub(in crate::source::listen) last: u64,
    /// A frame that is too long: it is thrown away as it comes.
    skipping: Option<Box<Skipping>>,
}

#[derive(Debug)]
struct Skipping {
    left: usize,
    skipped: Skipped,
    /// Where there is a key: the code at its start, as far as it has come, and then
    /// what looks whether it is right.
    tag: Vec<u8>,
    verifying: Option<Verifying>,
}

impl Skipping {
    fn update(&mut self, key: &Key, bytes: &[u8]) {
        let missing = (TAG - self.tag.len()).min(bytes.len());
        let (tag, bytes) = bytes.split_at(missing);
        self.tag.extend_from_slice(tag);
        if self.tag.len() == TAG {
            let verifying = &mut self.verifying;
            let verifying = verifying.get_or_insert_with(|| key.begin(&self.tag));
            verifying.update(bytes);
        }
    }

    fn ends_right(self) -> bool {
        self.verifying.is_some_and(Verifying::ends_right)
    }
}

impl Numbered {
    pub(super) fn next<'b>(
        &mut self,
        bytes: &'b [u8],
        accepted: &Accepted,
    ) -> Result<Next<'b>, Broken> {
        if self.sender.is_none() {
            return Ok(match bytes.first_chunk::<{ lh::HELLO }>() {
                Some(hello) => Next::Hello(lh::Hello::decode(hello)?.sender, lh::HELLO),
                None => Next::More,
            });
        }
        if let Some(skipping) = &mut self.skipping {
            let count = skipping.left.min(bytes.len());
            skipping.left -= count;
            if let Some(key) = &accepted.key {
                skipping.update(key, &bytes[..count]);
            }
            return match self.skipping.take_if(|skipping| skipping.left == 0) {
                None if count == 0 => Ok(Next::More),
                None => Ok(Next::Skip(count)),
                // What has no valid code must not pass for the number of another frame.
                Some(skipping) => {
                    let skipped = skipping.skipped;
                    match accepted.key.is_none() || skipping.ends_right() {
                        true => Ok(Next::Skipped(skipped, count)),
                        false => Err(Broken::NoCode),
                    }
                }
            };
        }
        // A record takes more room as an object.
        let most = accepted.longest_frame().saturating_mul(8);
        if let Some((number, length)) = lh::decode_head(bytes, self.last)?
            && length > most
            && length <= accepted.longest_skipped()
        {
            self.last = number;
            let skipped = Skipped {
                number,
                length,
                most,
            };
            self.skipping = Some(Box::new(Skipping {
                left: length,
                skipped,
                tag: Vec::new(),
                verifying: None,
            }));
            return Ok(Next::Skip(lh::HEAD));
        }
        let frame = lh::decode_frame(bytes, self.last, most)?;
        Ok(frame.map_or(Next::More, |(number, payload, used)| {
            self.last = number;
            let message = Message {
                number: Some(number),
                ..Message::new(payload, Kind::Json)
            };
            Next::Message(message, used)
        }))
    }
}
