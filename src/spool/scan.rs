//! Going through one segment from its beginning, over whatever is damaged.

use std::fs::File;
use std::io;

use super::format::{HEAD, HEADER, Head, Header, Key};
use crate::sys;

/// How much is read at a time, in bytes; one record may be longer.
pub(super) const BLOCK: usize = 256 << 10;

/// How much is left out where the disk can't read, in bytes: a page.
const PAGE: u64 = 4096;

/// What is found at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A whole record, the payload of which is in the buffer.
    Record(Head),
    /// Bytes that are none, from one offset to another.
    Damage(u64, u64),
    /// Nothing more.
    End,
}

/// Records that follow one upon the other, all of them in the buffer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch {
    pub(super) first: u64,
    pub(super) count: u64,
    /// Its length in the buffer.
    length: usize,
    /// Where it ends in the file.
    pub(super) end: u64,
}

/// A place in a segment, and what was read from there on.
#[derive(Debug)]
pub(super) struct Scan {
    file: File,
    key: Key,
    header: Option<Header>,
    buffer: Vec<u8>,
    /// The part of the buffer that was read and not gone through.
    pos: usize,
    end: usize,
    /// Where that part begins in the file.
    offset: u64,
    /// The number of the last record that was seen.
    floor: u64,
    /// The disk could not read all of it.
    unreadable: bool,
}

impl Scan {
    /// At the beginning of a segment.
    ///
    /// # Errors
    /// Those of reading its header. One that is damaged is none.
    pub(super) fn new(file: File, key: Key) -> io::Result<Scan> {
        let mut front = [0; HEADER];
        let read = match sys::read_at(&file, &mut front, 0) {
            Err(error) if sys::is_unreadable(&error) => 0,
            other => other?,
        };
        let header = Header::decode(&front[..read]);
        Ok(Scan {
            file,
            key,
            header,
            buffer: Vec::new(),
            pos: 0,
            end: 0,
            offset: header.map_or(0, |_| HEADER as u64),
            floor: header.map_or(0, |header| header.first - 1),
            unreadable: false,
        })
    }

    /// Where it is in the file.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The number of the first record, if the header says it.
    pub(super) fn first(&self) -> Option<u64> {
        self.header.map(|header| header.first)
    }

    /// The number of the last record that was seen, or of the one before the
    /// first; 0 if neither is known.
    pub(super) fn floor(&self) -> u64 {
        self.floor
    }

    /// Whether there was something that the disk could not read.
    pub(super) fn is_unreadable(&self) -> bool {
        self.unreadable
    }

    /// Makes the buffer hold so many bytes of the file from here on; `false` if
    /// there are not so many up to `limit`.
    fn want(&mut self, need: usize, limit: u64) -> io::Result<bool> {
        if self.end - self.pos >= need {
            return Ok(true);
        }
        self.buffer.copy_within(self.pos..self.end, 0);
        self.end -= self.pos;
        self.pos = 0;
        let whole = usize::try_from(limit.saturating_sub(self.offset)).unwrap_or(usize::MAX);
        let size = need.max(whole.min(BLOCK)).max(self.end);
        if size > self.buffer.len() {
            self.buffer.resize(size, 0);
        } else if self.buffer.len() > BLOCK && size <= BLOCK {
            // A long record is behind.
            self.buffer.truncate(size);
            self.buffer.shrink_to_fit();
        }
        let left = limit.saturating_sub(self.offset + self.end as u64);
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        let most = most.min(self.buffer.len() - self.end);
        let place = &mut self.buffer[self.end..self.end + most];
        let at = self.offset + self.end as u64;
        self.end += match sys::read_at(&self.file, place, at) {
            Err(error) if sys::is_unreadable(&error) => {
                self.unreadable = true;
                read_around(&self.file, place, at)?
            }
            other => other?,
        };
        Ok(self.end >= need)
    }

    fn advance(&mut self, length: u64) {
        self.offset += length;
        let left = self.end - self.pos;
        match usize::try_from(length) {
            Ok(length) if length <= left => self.pos += length,
            // Over what was not even read.
            _ => self.pos = self.end,
        }
    }

    /// The head at a place of the buffer, if one can be there: its record ends
    /// before `limit`, and there is room for all records that its number says
    /// were before it.
    fn head(&self, at: usize, limit: u64) -> Option<Head> {
        let head = self.key.decode(&self.buffer[at..self.end])?;
        let start = self.offset + (at - self.pos) as u64;
        let most = start / (HEAD as u64 + 1);
        let far = self
            .header
            .is_some_and(|header| head.number.saturating_sub(header.first) > most);
        (start + head.record() as u64 <= limit && !far).then_some(head)
    }

    /// The next record with a number above `skip`, or the next damaged bytes,
    /// before `limit`. The scan stays before a record, and goes past all else.
    ///
    /// Costs one pass over the bytes; those of records that are left out are
    /// not even read, where they are many.
    ///
    /// # Errors
    /// Those of read(2); the scan stays where it is.
    pub(super) fn next(&mut self, limit: u64, skip: u64) -> io::Result<Found> {
        loop {
            let start = self.offset;
            if start >= limit {
                return Ok(Found::End);
            }
            if !self.want(HEAD, limit)? {
                self.advance(limit - start);
                return Ok(Found::Damage(start, limit));
            }
            let Some(head) = self.head(self.pos, limit) else {
                let end = self.resynchronise(limit)?;
                return Ok(Found::Damage(start, end));
            };
            let length = head.record();
            if head.number <= skip.max(self.floor) {
                self.floor = self.floor.max(head.number);
                self.advance(length as u64);
                continue;
            }
            if self.want(length, limit)? {
                let payload = &self.buffer[self.pos + HEAD..self.pos + length];
                if crc32c::crc32c(payload) == head.crc {
                    return Ok(Found::Record(head));
                }
            }
            // Its head is good, so its length is.
            self.floor = head.number;
            self.advance(length as u64);
            return Ok(Found::Damage(start, self.offset));
        }
    }

    /// Goes on to the next place that holds a head, or to `limit`.
    fn resynchronise(&mut self, limit: u64) -> io::Result<u64> {
        self.advance(1);
        loop {
            if !self.want(HEAD, limit)? {
                self.advance(limit.saturating_sub(self.offset));
                return Ok(self.offset);
            }
            let places = self.pos..=self.end - HEAD;
            let count = places.end() + 1 - places.start();
            let found = places.clone().find(|&at| {
                self.head(at, limit)
                    .is_some_and(|head| head.number > self.floor)
            });
            match found {
                Some(at) => {
                    self.advance((at - self.pos) as u64);
                    return Ok(self.offset);
                }
                None => self.advance(count as u64),
            }
        }
    }

    /// The record that [`next`](Self::next) found and those behind it that are
    /// in the buffer: with consecutive numbers below `below`, whole before
    /// `limit`, and together of at most `most` bytes, unless that is the first.
    pub(super) fn batch(&self, limit: u64, below: u64, most: usize) -> Option<Batch> {
        let first = self.head(self.pos, limit)?;
        let mut batch = Batch {
            first: first.number,
            count: 1,
            length: first.record(),
            end: self.offset + first.record() as u64,
        };
        let mut bytes = first.length;
        loop {
            let at = self.pos + batch.length;
            let next = batch.first + batch.count;
            let Some(head) = self.head(at, limit).filter(|head| head.number == next) else {
                break;
            };
            bytes += head.length;
            let end = at + head.record();
            let whole = next < below
                && bytes <= most
                && end <= self.end
                && crc32c::crc32c(&self.buffer[at + HEAD..end]) == head.crc;
            if !whole {
                break;
            }
            batch.count += 1;
            batch.length += head.record();
            batch.end += head.record() as u64;
        }
        Some(batch)
    }

    /// Goes past the records of a batch, and hands out their payloads.
    pub(super) fn take(&mut self, batch: Batch, mut each: impl FnMut(&[u8])) {
        let mut rest = &self.buffer[self.pos..self.pos + batch.length];
        while let Some((length, behind)) = rest.split_first_chunk::<4>() {
            let length = u32::from_be_bytes(*length) as usize;
            each(&behind[HEAD - 4..HEAD - 4 + length]);
            rest = &behind[HEAD - 4 + length..];
        }
        self.floor = batch.first + batch.count - 1;
        self.advance(batch.length as u64);
    }
}

/// Reads page by page, with zeros for those that can't be read.
fn read_around(file: &File, place: &mut [u8], at: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < place.len() {
        let from = at + done as u64;
        let page = (PAGE - from % PAGE) as usize;
        let end = place.len().min(done + page);
        match sys::read_at(file, &mut place[done..end], from) {
            Ok(read) if done + read < end => return Ok(done + read),
            Ok(_) => {}
            Err(error) if sys::is_unreadable(&error) => place[done..end].fill(0),
            Err(error) => return Err(error),
        }
        done = end;
    }
    Ok(done)
}
