//! From messages to records, with what lh knows of where they came from.

use std::borrow::Cow;
use std::sync::Arc;

use super::ListenOptions;
use super::framing::{Kind, Message};
use crate::batch::Frames;
use crate::clean::{AnsiStripper, Dedup, Masker};
use crate::level::Level;
use crate::now::Now;
use crate::record::{Defaults, LinePart, Record, Value};
use crate::source::Sink;
use crate::text::detect;
use crate::text::time::{TimeStyle, TimeText};
use crate::wire::framing::{Oversize, OversizeCounts};
use crate::wire::gelf::compress::{InflateError, Method, inflate, method_of};
use crate::wire::pickle::NotAPickle;
use crate::wire::{gelf, json, pickle, syslog};

/// The attributes that lh gives to what came over a network. What a sender calls
/// so gets a `sent_` before its name, and what had one already one more, so that a
/// record that came over several lh tells of all of them: up to the other name.
const PEER: (&str, &str) = ("peer", "sent_sent_sent_sent_sent_sent_sent_sent_peer");
const RECEIVED: (&str, &str) = (
    "received",
    "sent_sent_sent_sent_sent_sent_sent_sent_received",
);
const SENT: &str = "sent_";

/// What tells of times in all that comes, and makes no record another one; also with
/// [`SENT`] before it.
const TIMES: &[&str] = &[RECEIVED.0, "relativeCreated", "msecs"];

/// A message of which no record can be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("a pickle can't be read: {0}")]
    Pickle(#[from] NotAPickle),
    #[error("a compressed message can't be read: {0}")]
    Compressed(#[from] InflateError),
}

/// What is known of messages that were read together.
pub(super) struct Origin<'a> {
    pub(super) defaults: &'a Defaults,
    pub(super) peer: &'a str,
    /// When they were read, as text.
    pub(super) received: &'a str,
    /// As a [`LinePart`] has it.
    pub(super) stream: u32,
    pub(super) now: Now,
}

/// What all records go through before any handler sees them.
pub(super) struct Admission {
    pub(super) defaults: Arc<Defaults>,
    /// The longest message of a record, and what becomes of a longer one.
    max_record: usize,
    oversize: Oversize,
    /// How many were longer, beside the lines that are cut as they come.
    pub(super) oversized: OversizeCounts,
    stripper: Option<AnsiStripper>,
    masker: Option<Masker>,
    masked_in_frames: u64,
    dedup: Option<Dedup>,
    time: TimeText,
    stamps: syslog::Stamps,
    /// Room for what is made anew for each batch.
    pub(super) received: String,
    pub(super) room: Vec<(Cow<'static, str>, Value<'static>)>,
    pub(super) records: u64,
    pub(super) malformed: u64,
}

impl Admission {
    pub(super) fn new(options: &mut ListenOptions) -> Admission {
        let masks = std::mem::take(&mut options.masks);
        Admission {
            defaults: Arc::new(std::mem::take(&mut options.defaults)),
            max_record: options.max_record.max(1),
            oversize: options.oversize,
            oversized: OversizeCounts::default(),
            stripper: options.strip_ansi.then(|| AnsiStripper::new(true)),
            masker: (!masks.is_empty()).then(|| Masker::new(masks, true)),
            masked_in_frames: 0,
            dedup: options
                .dedup
                .map(|window| Dedup::new(window).ignoring(TIMES)),
            time: TimeText::new(TimeStyle::Rfc3339Micros, false),
            stamps: syslog::Stamps::default(),
            received: String::new(),
            room: Vec::new(),
            records: 0,
            malformed: 0,
        }
    }

    /// Nobody looks at extra attributes: they are left out, unless what is
    /// asked for beside depends on them.
    pub(super) fn leave_out_attributes(&mut self) {
        if self.dedup.is_none() && self.masker.is_none() {
            Arc::make_mut(&mut self.defaults).attributes = false;
        }
    }

    /// Notes the time at which messages are read.
    pub(super) fn set_time(&mut self, now: Now) {
        let mut text = std::mem::take(&mut self.received).into_bytes();
        text.clear();
        self.time.write(now.wall, &mut text);
        // It is ASCII.
        self.received = String::from_utf8(text).unwrap_or_default();
    }

    /// Makes a record of a message, in the room of the one before, and hands it
    /// on. Tells its level.
    ///
    /// # Errors
    /// When that can't be done; nothing is handed on then.
    pub(super) fn take<'a>(
        &mut self,
        message: Message<'a>,
        origin: &Origin<'a>,
        record: &mut Record<'a>,
        each: &mut Sink<'_>,
    ) -> Result<Level, Refusal> {
        let kind = match self.decode(message, origin, record)? {
            true => message.kind,
            false => Kind::Plain,
        };
        record.part = LinePart {
            stream: origin.stream,
            continues: message.continues.is_some(),
            more: message.more,
        };
        let level = record.level;
        self.hand_on(message.bytes, kind, message.piece, origin, record, each);
        Ok(level)
    }

    /// Fills the record. Answers whether the message was understood as what it is.
    fn decode<'a>(
        &mut self,
        message: Message<'a>,
        origin: &Origin<'a>,
        record: &mut Record<'a>,
    ) -> Result<bool, Refusal> {
        let (bytes, defaults, received) = (message.bytes, origin.defaults, origin.now.wall);
        if let Some(level) = message.continues {
            record.reset(defaults, received);
            record.message = Cow::Borrowed(bytes);
            record.level = level;
            return Ok(false);
        }
        let json =
            |record: &mut Record<'a>| json::decode(bytes, defaults, received, record).is_ok();
        let gelf =
            |record: &mut Record<'a>| gelf::decode(bytes, defaults, received, record).is_ok();
        let stamps = &self.stamps;
        let syslog = |record: &mut Record<'a>| {
            syslog::decode_with(stamps, bytes, defaults, received, record).is_ok()
        };
        let understood = match message.kind {
            Kind::Pickle => {
                pickle::decode(bytes, defaults, received, record)?;
                return Ok(true);
            }
            Kind::Plain => false,
            Kind::Json => json(record),
            Kind::Gelf => gelf(record),
            Kind::Syslog => syslog(record),
            Kind::Auto => match bytes.first() {
                Some(b'<') => syslog(record),
                Some(b'{' | b' ' | b'\t' | 0xef) if gelf::looks_like(bytes) => {
                    gelf(record) || json(record)
                }
                Some(b'{' | b' ' | b'\t' | 0xef) => json(record),
                _ => false,
            },
        };
        if !understood {
            self.malformed += u64::from(!matches!(message.kind, Kind::Auto | Kind::Plain));
            record.reset(defaults, received);
            record.message = Cow::Borrowed(bytes);
            if defaults.detect_level {
                record.level = detect::level(bytes).unwrap_or(defaults.level);
            }
        }
        Ok(understood)
    }

    /// Hands on a record that is complete but for what lh knows of it; in parts,
    /// or not at all, where its message is too long. Lines are cut before they are
    /// read; how long a message is that has a length or stands in a request, shows
    /// only here. `kind` is what its bytes were read as.
    pub(super) fn hand_on<'a>(
        &mut self,
        frame: &[u8],
        kind: Kind,
        piece: bool,
        origin: &Origin<'a>,
        record: &mut Record<'a>,
        each: &mut Sink<'_>,
    ) {
        if self.stripper.is_none() && self.masker.is_none() {
            return self.pass(frame, piece, origin, record, each);
        }
        let before = self.masked_in_all();
        let own_frame = self.clean_json(frame);
        let is_object = match kind {
            Kind::Auto => matches!(frame.first(), Some(b'{' | b' ' | b'\t' | 0xef)),
            Kind::Json | Kind::Gelf => true,
            Kind::Plain | Kind::Syslog | Kind::Pickle => false,
        };
        if is_object && own_frame != frame {
            let mut own = Record::unset(Vec::new(), origin.defaults, origin.now.wall);
            self.decode_again(&own_frame, kind, origin, record, &mut own);
            return self.pass(&own_frame, piece, origin, &mut own, each);
        }
        // The same places are found again in the record's own texts.
        self.masked_in_frames += self.masked_in_all() - before;
        // A field of a form stands there in another way.
        let may_be_form = kind == Kind::Auto && frame.first() != Some(&b'<');
        let named = match kind {
            Kind::Pickle => false,
            _ => !is_object && (own_frame != frame || may_be_form),
        };
        self.clean_record(record, named);
        self.pass(&own_frame, piece, origin, record, each);
    }

    /// Reads an object that was cleaned: a mask may be about the name of a member and
    /// its value, which stand together nowhere else. Where it is no object any more,
    /// it is a text, of the level and time that were read before.
    fn decode_again<'a>(
        &mut self,
        frame: &'a [u8],
        kind: Kind,
        origin: &Origin<'a>,
        before: &Record<'_>,
        record: &mut Record<'a>,
    ) {
        let malformed = self.malformed;
        let decoded = self.decode(Message::new(frame, kind), origin, record);
        self.malformed = malformed;
        if !matches!(decoded, Ok(true)) {
            (record.level, record.created) = (before.level, before.created);
        }
        record.part = before.part;
    }

    /// Hands on a record that is clean with its bytes. No secret is cut in two, as those
    /// are gone.
    fn pass<'a>(
        &mut self,
        frame: &[u8],
        piece: bool,
        origin: &Origin<'a>,
        record: &mut Record<'a>,
        each: &mut Sink<'_>,
    ) {
        let long = record.message.len() > self.max_record;
        if long && self.oversize == Oversize::Drop {
            self.oversized.dropped += 1;
            return;
        }
        if self.defaults.attributes {
            self.add_attributes(piece || long, origin, record);
            if self.stripper.is_some() || self.masker.is_some() {
                self.clean_added(record);
            }
        }
        if long {
            return self.hand_on_parts(origin, record, each);
        }
        let records = &mut self.records;
        let mut each = |frame: &[u8], record: &Record<'_>| {
            *records += 1;
            each(frame, record);
        };
        match &mut self.dedup {
            Some(dedup) => dedup.feed(frame, record, piece, origin.now, &mut each),
            None => each(frame, record),
        }
    }

    /// Hands on a record whose message is too long: all parts of it, or the first.
    /// The bytes of each are its message, as those of the whole would be too long,
    /// and a part of them nothing that anybody reads.
    fn hand_on_parts(&mut self, origin: &Origin<'_>, record: &Record<'_>, each: &mut Sink<'_>) {
        let split = self.oversize == Oversize::Split;
        match split {
            true => self.oversized.split += 1,
            false => self.oversized.truncated += 1,
        }
        let mut part = record.view();
        part.part.stream = origin.stream;
        let mut rest = &record.message[..];
        loop {
            let message;
            (message, rest) = rest.split_at(part_end(rest, self.max_record));
            let last = rest.is_empty() || !split;
            part.message = Cow::Borrowed(message);
            part.part.more = record.part.more || !last;
            // It stands behind the message.
            part.exc_text = record
                .exc_text
                .as_deref()
                .filter(|_| last)
                .map(Cow::Borrowed);
            self.records += 1;
            match &mut self.dedup {
                Some(dedup) => dedup.feed(message, &part, true, origin.now, each),
                None => each(message, &part),
            }
            if last {
                return;
            }
            part.part.continues = true;
        }
    }

    fn add_attributes<'a>(&self, piece: bool, origin: &Origin<'a>, record: &mut Record<'a>) {
        // What others claim does not stand where lh's own word does.
        for (own, last) in [PEER, RECEIVED] {
            let mut is_taken = false;
            for (name, _) in &mut record.extra {
                if *name == own {
                    is_taken = true;
                } else if is_read_as(name, own) {
                    *name = Cow::Owned(format!("{SENT}{name}"));
                }
            }
            if is_taken {
                add_hop(own, last, &mut record.extra);
            }
        }
        if piece {
            let what = match self.oversize {
                Oversize::Truncate => "truncate",
                Oversize::Split | Oversize::Drop => "split",
            };
            let what = Value::Text(Cow::Borrowed(what));
            record.extra.push((Cow::Borrowed("oversize"), what));
        }
        let own = [(PEER.0, origin.peer), (RECEIVED.0, origin.received)];
        for (name, text) in own {
            let value = Value::Text(Cow::Borrowed(text));
            record.extra.push((Cow::Borrowed(name), value));
        }
    }

    /// What a text is without escape sequences and secrets. Copies it.
    fn clean(&mut self, text: &[u8]) -> Vec<u8> {
        let mut clean = text.to_vec();
        if let Some(stripper) = &mut self.stripper
            && !text.is_empty()
        {
            // A sequence that is not complete ends with its text.
            clean.push(b'\n');
            let ends = [clean.len()];
            clean = stripper
                .strip(Frames::listed(&clean, &ends))
                .bytes()
                .to_vec();
            if clean.last() == Some(&b'\n') {
                clean.pop();
            }
        }
        match &mut self.masker {
            Some(masker) => masker.mask(&clean).to_vec(),
            None => clean,
        }
    }

    fn clean_text<'a>(&mut self, text: &mut Cow<'a, str>) {
        let clean = self.clean(text.as_bytes());
        if clean != text.as_bytes() {
            *text = Cow::Owned(String::from_utf8_lossy(&clean).into_owned());
        }
    }

    /// The same of what may be JSON that is no object: as the member of one, so that
    /// strings are looked at without their escapes, and then as it stands, where it has
    /// a beginning and an end.
    fn clean_json(&mut self, text: &[u8]) -> Vec<u8> {
        let may_be_json = matches!(text.first(), Some(b'[' | b'"'));
        if !may_be_json || !std::str::from_utf8(text).is_ok_and(json::is_value) {
            return self.clean(text);
        }
        let (before, behind) = (&b"{\"\":"[..], &b"}"[..]);
        let clean = self.clean(&[before, text, behind].concat());
        let inner = clean.strip_prefix(before);
        let inner = inner.and_then(|clean| clean.strip_suffix(behind));
        self.clean(inner.unwrap_or(text))
    }

    /// Cleans a value, which may be no JSON any more.
    fn clean_value(&mut self, value: &mut Value<'_>) {
        let text = match value {
            Value::Text(text) => return self.clean_text(text),
            Value::Json(text) => text,
        };
        let clean = self.clean_json(text.as_bytes());
        if clean == text.as_bytes() {
            return;
        }
        let inner = String::from_utf8_lossy(&clean).into_owned();
        *value = match json::is_value(&inner) {
            true => Value::Json(Cow::Owned(inner)),
            false => Value::Text(Cow::Owned(inner)),
        };
    }

    /// `named`: attributes stand in the bytes with their names, and something there was
    /// not clean.
    fn clean_record(&mut self, record: &mut Record<'_>, named: bool) {
        record.message = Cow::Owned(self.clean(&record.message));
        self.clean_text(&mut record.name);
        if let Some(text) = &mut record.exc_text {
            self.clean_text(text);
        }
        if let Some(name) = &mut record.level_name {
            self.clean_text(name);
        }
        for (name, value) in &mut record.extra {
            let with_name = match value {
                Value::Text(text) if named => self.clean_named(name, text),
                _ => false,
            };
            let so_far = self.masked_in_all();
            self.clean_text(name);
            self.clean_value(value);
            if with_name {
                // It is one place.
                self.masked_in_frames += self.masked_in_all() - so_far;
            }
        }
    }

    /// Cleans an attribute with its name: a mask may be about both, as they stand in a
    /// parameter of syslog, or in a form's field. `false`: it was clean.
    fn clean_named(&mut self, name: &str, text: &mut Cow<'_, str>) -> bool {
        // That of a parameter has its element's before it, and a point.
        let (_, parameter) = name.rsplit_once('.').unwrap_or(("", name));
        let element = &name[..name.len() - parameter.len()];
        let mut changed = false;
        for (before, name, quotes, behind) in [
            (" ", parameter, "\"", "]"),
            ("", parameter, "\"", ""),
            ("", name, "\"", ""),
            ("&", name, "", "&"),
            ("", name, "", ""),
        ] {
            let inner = match quotes {
                "" => text.to_string(),
                _ => quote(text),
            };
            let value = ["=", quotes, &inner, quotes].concat();
            let named = [before, name, &value, behind].concat();
            let masked = self.masked_in_all();
            let clean = self.clean(named.as_bytes());
            let clean = String::from_utf8_lossy(&clean);
            let rest = clean.strip_prefix(before).unwrap_or(&clean);
            let rest = rest.strip_suffix(behind).unwrap_or(rest);
            // Of a mask that is about the name alone, the value stays.
            if rest.ends_with(&value) {
                self.masked_in_frames += self.masked_in_all() - masked;
                continue;
            }
            if changed {
                // It is one place.
                self.masked_in_frames += self.masked_in_all() - masked;
            }
            // Of one that leaves the name, or a part of it, what it leaves of the value.
            let rest = match name == parameter {
                true => rest,
                false => rest.strip_prefix(element).unwrap_or(rest),
            };
            let left = rest.strip_prefix(parameter);
            let left = left.and_then(|rest| rest.strip_prefix('='));
            *text = Cow::Owned(match left {
                Some(left) if !quotes.is_empty() => unquote(left),
                left => left.unwrap_or(rest).to_owned(),
            });
            changed = true;
        }
        changed
    }

    /// Cleans what was added to a record that is clean.
    fn clean_added(&mut self, record: &mut Record<'_>) {
        let added = record.extra.iter_mut().rev();
        for (_, value) in added.take_while(|(name, _)| *name == PEER.0 || *name == RECEIVED.0) {
            self.clean_value(value);
        }
    }

    /// When [`tick`](Self::tick) has to be called at the latest.
    pub(super) fn deadline(&self) -> Option<std::time::Instant> {
        self.dedup.as_ref().and_then(Dedup::deadline)
    }

    pub(super) fn tick(&mut self, now: Now, each: &mut Sink<'_>) {
        if let Some(dedup) = &mut self.dedup {
            dedup.tick(now, each);
        }
    }

    /// Hands on what was held back, at the end.
    pub(super) fn finish(&mut self, now: Now, each: &mut Sink<'_>) {
        if let Some(dedup) = &mut self.dedup {
            dedup.finish(now, each);
        }
    }

    fn masked_in_all(&self) -> u64 {
        self.masker.as_ref().map_or(0, Masker::masked)
    }

    pub(super) fn masked(&self) -> u64 {
        self.masked_in_all() - self.masked_in_frames
    }

    pub(super) fn repeats(&self) -> u64 {
        self.dedup.as_ref().map_or(0, Dedup::repeats)
    }
}

/// A value as it stands in a parameter of syslog (RFC 5424, section 6.3.3).
fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for char in text.chars() {
        if matches!(char, '"' | '\\' | ']') {
            quoted.push('\\');
        }
        quoted.push(char);
    }
    quoted
}

/// What is left of such a value, with its quotes or without.
fn unquote(text: &str) -> String {
    let inner = text.strip_prefix('"').unwrap_or(text);
    let mut chars = inner.chars().peekable();
    let mut value = String::with_capacity(inner.len());
    while let Some(char) = chars.next() {
        match (char, chars.peek()) {
            ('\\', Some('"' | '\\' | ']')) => value.extend(chars.next()),
            ('"', None) => {}
            _ => value.push(char),
        }
    }
    value
}

/// Puts one more [`SENT`] before a name and before all that have some of them, but
/// for the last one: what it stands at came first and stays, and what would become
/// it goes.
fn add_hop(own: &str, last: &'static str, extra: &mut Vec<(Cow<'_, str>, Value<'_>)>) {
    // How many are still missing.
    let missing = |name: &str| {
        let missing = last.strip_suffix(name)?.len();
        let is_name = name.len() >= own.len() && missing % SENT.len() == 0;
        is_name.then_some(missing / SENT.len())
    };
    if extra.iter().any(|(name, _)| missing(name) == Some(0)) {
        extra.retain(|(name, _)| missing(name) != Some(1));
    }
    for (name, _) in extra {
        if let Some(missing) = missing(name).and_then(|missing| missing.checked_sub(1)) {
            *name = Cow::Borrowed(&last[missing * SENT.len()..]);
        }
    }
}

/// Whether a name may become that other one on its way: some wires have names in
/// capitals, and none that begin with what is no letter.
fn is_read_as(name: &str, own: &str) -> bool {
    let Some(before) = name.len().checked_sub(own.len()) else {
        return false;
    };
    let (before, end) = name.as_bytes().split_at(before);
    end.eq_ignore_ascii_case(own.as_bytes()) && !before.iter().any(u8::is_ascii_alphanumeric)
}

/// Where the first part of a text ends that has at most so many bytes: between
/// two characters, as half of one is none where records are written as text.
fn part_end(text: &[u8], most: usize) -> usize {
    let is_within = |at: usize| text.get(at).is_some_and(|byte| byte & 0xc0 == 0x80);
    let most = most.min(text.len());
    let before = (most.saturating_sub(3)..=most).rev();
    before
        .filter(|at| *at > 0)
        .find(|at| !is_within(*at))
        .unwrap_or(most)
}

/// What a message is when it is not compressed, at most `limit` bytes of it.
///
/// # Errors
/// If it is broken, or longer.
pub(super) fn unpacked(bytes: &[u8], limit: usize) -> Result<Cow<'_, [u8]>, Refusal> {
    Ok(match method_of(bytes) {
        Method::None => Cow::Borrowed(bytes),
        Method::Gzip | Method::Zlib => inflate(bytes, limit)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_seen_through() {
        for name in [
            "peer",
            "Peer",
            "PEER",
            "_peer",
            "__PEER",
            "-peer",
            "\u{f6}peer",
        ] {
            assert!(is_read_as(name, "peer"), "{name}");
        }
        for name in ["", "eer", "peers", "xpeer", "sent_peer", "4_peer", "pe_er"] {
            assert!(!is_read_as(name, "peer"), "{name}");
        }
    }

    #[test]
    fn a_record_tells_of_all_hops() {
        let (own, last) = PEER;
        let mut extra = vec![("x_sent_peer".into(), Value::Text("no name".into()))];
        let names = |extra: &[(Cow<'_, str>, Value<'_>)]| -> Vec<(usize, String)> {
            let hops = extra[1..].iter().map(|(name, value)| {
                let (Value::Text(value) | Value::Json(value)) = value;
                let hops = name.matches(SENT).count();
                assert_eq!(**name, *format!("{}peer", SENT.repeat(hops)));
                (hops, value.to_string())
            });
            hops.collect()
        };
        let mut want: Vec<(usize, String)> = Vec::new();
        for hop in 0..12 {
            extra.push((own.into(), Value::Text(hop.to_string().into())));
            add_hop(own, last, &mut extra);
            want.push((0, hop.to_string()));
            // The first stays, under the last name.
            if want.len() > 8 {
                want.remove(1);
            }
            let count = want.len();
            for (at, (hops, _)) in want.iter_mut().enumerate() {
                *hops = count - at;
            }
            assert_eq!(names(&extra), want);
            assert_eq!(extra[0].0, "x_sent_peer");
        }
    }

    #[test]
    fn a_part_ends_between_characters() {
        for (text, most, want) in [
            ("abc", 2, 2),
            ("abc", 3, 3),
            ("abc", 9, 3),
            ("a\u{e4}b", 2, 1),
            ("a\u{e4}b", 3, 3),
            ("a\u{1f600}", 4, 1),
            // None fits.
            ("\u{e4}", 1, 1),
        ] {
            assert_eq!(part_end(text.as_bytes(), most), want, "{text} {most}");
        }
        assert_eq!(part_end(&[0x80; 10], 5), 5);
    }
}
