//! Records that repeat the one before: counted, and not written each time.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use crate::now::{Now, Timestamp};
use crate::record::{Defaults, LinePart, Record, Value};
use crate::text::time::{TimeStyle, TimeText};
use crate::wire::framing::end_within;
use crate::wire::json;

/// How much of a message a notice repeats, in bytes.
const ABOUT: usize = 1024;

/// Holds back records that repeat the one before (`--dedup`).
///
/// Equal records in a row are a run. The first one passes. The second is
/// replaced, at once, by a notice that repeats have begun; the others are only
/// counted. When the run ends, a second notice says how many repeats there
/// were, unless there was but the one that the first notice stands for. A run
/// ends with another record, when its time is over, or with the input.
///
/// Two records are equal if all is but the time at which they were made. The
/// parts of a record that was cut are equal to nothing.
///
/// A notice is a record too: it has the level, the logger's name and the extra
/// attributes of what it stands for, so that it goes where that would have
/// gone. Two attributes more are for machines: `since`, when the run's first
/// record was made, and `repeats`, how many came behind it so far. They hide
/// attributes of the same name.
///
/// A record that repeats nothing costs a copy and a comparison of its bytes.
/// The first repeat of each run allocates.
#[derive(Debug)]
pub struct Dedup {
    window: Duration,
    /// The comparable bytes of the run's record.
    key: Vec<u8>,
    /// Those of the record at hand; the two change places.
    next: Vec<u8>,
    run: Option<Run>,
    taken: u64,
    repeats: u64,
    /// Attributes that are no part of a comparison.
    ignored: &'static [&'static str],
    writer: Writer,
}

/// Equal records, as far as they have come.
#[derive(Debug)]
struct Run {
    /// When its time is over; `None` if that is beyond the clock's range.
    ends: Option<Instant>,
    /// When its first record was made.
    since: Timestamp,
    /// Since the first repeat.
    repeated: Option<Repeated>,
}

#[derive(Debug)]
struct Repeated {
    count: u64,
    /// When the run's first record was made, in RFC 3339.
    since: String,
    /// The beginning of its message, so that a notice can be understood where
    /// that does not stand right before it.
    about: Vec<u8>,
    /// What was announced, to be used again for the sum.
    notice: Record<'static>,
    /// How many of its extra attributes are not about the repeats.
    carried: usize,
    /// Whether the frames are JSON objects.
    json: bool,
}

impl Run {
    fn is_over(&self, now: Now) -> bool {
        self.ends.is_some_and(|end| now.mono >= end)
    }
}

impl Repeated {
    /// Whether there are repeats that the announcement has not told of.
    fn is_held_back(&self) -> bool {
        self.count > 1
    }
}

impl Dedup {
    /// A run is `window` long at most: after that an equal record passes, and
    /// begins a new one.
    pub fn new(window: Duration) -> Dedup {
        Dedup {
            window,
            key: Vec::new(),
            next: Vec::new(),
            run: None,
            taken: 0,
            repeats: 0,
            ignored: &[],
            writer: Writer {
                time: TimeText::new(TimeStyle::Rfc3339Micros, false),
                frame: Vec::new(),
            },
        }
    }

    /// Extra attributes of these names make no difference: they tell of times. Nor do
    /// those of other lh on the way, which have a `sent_` before them for each.
    #[must_use]
    pub fn ignoring(mut self, names: &'static [&'static str]) -> Dedup {
        self.ignored = names;
        self
    }

    /// Takes one record with the bytes that it came in, and hands to `each`
    /// what is to go on in its place: itself, a notice, both, or nothing.
    /// `piece` is whether it is a part of a record that was cut.
    pub fn feed(
        &mut self,
        frame: &[u8],
        record: &Record<'_>,
        piece: bool,
        now: Now,
        each: &mut dyn FnMut(&[u8], &Record<'_>),
    ) {
        self.taken += 1;
        if piece {
            self.finish(now, each);
            return each(frame, record);
        }
        write_key(record, self.ignored, &mut self.next);
        if let Some(run) = &mut self.run
            && self.next == self.key
            && !run.is_over(now)
        {
            self.repeats += 1;
            if let Some(repeated) = &mut run.repeated {
                repeated.count += 1;
            } else {
                run.repeated = Some(self.writer.announce(frame, record, run.since, now, each));
            }
            return;
        }
        self.finish(now, each);
        std::mem::swap(&mut self.key, &mut self.next);
        self.run = Some(Run {
            ends: now.mono.checked_add(self.window),
            since: record.created,
            repeated: None,
        });
        each(frame, record);
    }

    /// When [`tick`](Dedup::tick) will have something to say, if no other
    /// record ends the run before; `None` if nothing is held back.
    pub fn deadline(&self) -> Option<Instant> {
        let run = self.run.as_ref()?;
        run.repeated.as_ref().filter(|run| run.is_held_back())?;
        run.ends
    }

    /// Ends the run if its time is over.
    pub fn tick(&mut self, now: Now, each: &mut dyn FnMut(&[u8], &Record<'_>)) {
        if self.run.as_ref().is_some_and(|run| run.is_over(now)) {
            self.finish(now, each);
        }
    }

    /// Ends the run: what was held back is summed up, and the next record
    /// passes, whatever it is.
    pub fn finish(&mut self, now: Now, each: &mut dyn FnMut(&[u8], &Record<'_>)) {
        let repeated = self.run.take().and_then(|run| run.repeated);
        if let Some(repeated) = repeated.filter(Repeated::is_held_back) {
            self.writer.sum_up(repeated, now, each);
        }
    }

    /// How many records were taken.
    pub fn taken(&self) -> u64 {
        self.taken
    }

    /// How many records did not pass: those that were announced and those that
    /// were held back.
    pub fn repeats(&self) -> u64 {
        self.repeats
    }
}

/// Makes notices.
#[derive(Debug)]
struct Writer {
    time: TimeText,
    frame: Vec<u8>,
}

impl Writer {
    /// Says that a record repeats the one before, in place of that record.
    fn announce(
        &mut self,
        frame: &[u8],
        record: &Record<'_>,
        since: Timestamp,
        now: Now,
        each: &mut dyn FnMut(&[u8], &Record<'_>),
    ) -> Repeated {
        let mut text = Vec::new();
        self.time.write(since, &mut text);
        let mut repeated = Repeated {
            count: 1,
            since: String::from_utf8_lossy(&text).into_owned(),
            about: beginning(&record.message).to_owned(),
            notice: stand_in(record),
            carried: record.extra.len(),
            json: is_json(frame),
        };
        let message = "lh: last message repeated, further repeats are counted and not written";
        self.send(&mut repeated, message, now, each);
        repeated
    }

    /// Says how many repeats there were.
    fn sum_up(
        &mut self,
        mut repeated: Repeated,
        now: Now,
        each: &mut dyn FnMut(&[u8], &Record<'_>),
    ) {
        let Repeated { count, since, .. } = &repeated;
        let message = format!("lh: last message repeated {count} times in all since {since}");
        self.send(&mut repeated, &message, now, each);
    }

    fn send(
        &mut self,
        repeated: &mut Repeated,
        message: &str,
        now: Now,
        each: &mut dyn FnMut(&[u8], &Record<'_>),
    ) {
        let notice = &mut repeated.notice;
        // Of several attributes of one name the last is the one that counts.
        notice.extra.truncate(repeated.carried);
        let since = Value::Text(repeated.since.clone().into());
        notice.extra.push((Cow::Borrowed("since"), since));
        let count = Value::Json(repeated.count.to_string().into());
        notice.extra.push((Cow::Borrowed("repeats"), count));
        notice.message = Cow::Owned([message.as_bytes(), b": ", &repeated.about].concat());
        notice.created = now.wall;
        self.frame.clear();
        if repeated.json {
            json::encode(notice, &mut self.time, &mut self.frame);
        } else {
            self.frame.extend_from_slice(&notice.message);
        }
        self.frame.push(b'\n');
        each(&self.frame, notice);
    }
}

/// The beginning of a message: its first line, if that is not too long.
fn beginning(message: &[u8]) -> &[u8] {
    let line = message.split(|&byte| byte == b'\n').next();
    let line = line.unwrap_or_default();
    match line.len() > ABOUT {
        true => &line[..end_within(line, ABOUT)],
        false => line,
    }
}

/// What a notice has of the record that it stands for.
fn stand_in(record: &Record<'_>) -> Record<'static> {
    let owned = |text: &str| Cow::Owned(text.to_owned());
    let extra = record.extra.iter().map(|(key, value)| {
        let value = match value {
            Value::Text(text) => Value::Text(owned(text)),
            Value::Json(text) => Value::Json(owned(text)),
        };
        (owned(key), value)
    });
    Record {
        message: Cow::Borrowed(b""),
        level: record.level,
        level_name: record.level_name.as_deref().map(owned),
        created: record.created,
        name: owned(&record.name),
        exc_text: None,
        extra: extra.collect(),
        part: LinePart {
            continues: false,
            ..record.part
        },
        stands_for: Some(Cow::Owned(record.message.to_vec())),
    }
}

/// Whether a frame is a JSON object, so that a file of such frames stays one
/// if a notice is too.
fn is_json(frame: &[u8]) -> bool {
    let defaults = Defaults::default();
    let mut record = Record::new(&defaults, Timestamp(0));
    json::decode(frame, &defaults, Timestamp(0), &mut record).is_ok()
}

/// Replaces `key` by bytes that are the same for equal records and for no
/// others: each text has its length before it.
fn write_key(record: &Record<'_>, ignored: &[&str], key: &mut Vec<u8>) {
    fn put(kind: u8, text: &[u8], key: &mut Vec<u8>) {
        // One append of a known length, which needs no loop.
        let mut head = [kind; 9];
        head[1..].copy_from_slice(&(text.len() as u64).to_le_bytes());
        key.extend_from_slice(&head);
        key.extend_from_slice(text);
    }
    key.clear();
    key.extend_from_slice(&record.level.0.to_le_bytes());
    put(b'm', &record.message, key);
    put(b'n', record.name.as_bytes(), key);
    if let Some(name) = &record.level_name {
        put(b'l', name.as_bytes(), key);
    }
    if let Some(text) = &record.exc_text {
        put(b'e', text.as_bytes(), key);
    }
    for (name, value) in &record.extra {
        if ignored.contains(&name.trim_start_matches("sent_")) {
            continue;
        }
        put(b'k', name.as_bytes(), key);
        match value {
            Value::Text(text) => put(b't', text.as_bytes(), key),
            Value::Json(json) => put(b'j', json.as_bytes(), key),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::level::Level;
    use crate::text::time::parse_timestamp;
    use crate::zone::UtcZone;

    const FIRST: &str = "lh: last message repeated, further repeats are counted and not written: ";
    const SECOND: Duration = Duration::from_secs(1);

    /// A dedup with a window of ten seconds, its clock, and what came out.
    struct Bench {
        dedup: Dedup,
        start: Now,
        now: Now,
        out: Vec<(Vec<u8>, Record<'static>)>,
    }

    impl Bench {
        fn new() -> Bench {
            let start = Now {
                wall: Timestamp(1_700_000_000_000_000_000),
                mono: Instant::now(),
            };
            Bench {
                dedup: Dedup::new(10 * SECOND),
                start,
                now: start,
                out: Vec::new(),
            }
        }

        fn wait(&mut self, time: Duration) {
            self.now.wall.0 += time.as_nanos() as i64;
            self.now.mono += time;
        }

        fn feed_record(&mut self, frame: &[u8], record: &Record<'_>, piece: bool) {
            let out = &mut self.out;
            let mut each = |frame: &[u8], record: &Record<'_>| out.push(kept(frame, record));
            self.dedup.feed(frame, record, piece, self.now, &mut each);
        }

        /// A plain line, a JSON object, or, with a `~` behind it, a piece.
        fn feed(&mut self, line: &str) {
            let defaults = Defaults::default();
            let mut record = Record::new(&defaults, self.now.wall);
            let frame = format!("{line}\n");
            if json::decode(frame.as_bytes(), &defaults, self.now.wall, &mut record).is_err() {
                record.message = line.as_bytes().into();
            }
            self.feed_record(frame.as_bytes(), &record, line.ends_with('~'));
        }

        fn tick(&mut self) {
            let out = &mut self.out;
            let mut each = |frame: &[u8], record: &Record<'_>| out.push(kept(frame, record));
            self.dedup.tick(self.now, &mut each);
        }

        fn finish(&mut self) {
            let out = &mut self.out;
            let mut each = |frame: &[u8], record: &Record<'_>| out.push(kept(frame, record));
            self.dedup.finish(self.now, &mut each);
        }

        /// The messages that came out since the last call, notices in short.
        fn messages(&mut self) -> String {
            let out = self.out.drain(..);
            let messages: Vec<_> = out.map(|(_, record)| short(&record)).collect();
            messages.join(" ")
        }
    }

    fn kept(frame: &[u8], record: &Record<'_>) -> (Vec<u8>, Record<'static>) {
        let mut copy = stand_in(record);
        copy.message = Cow::Owned(record.message.to_vec());
        copy.exc_text = record.exc_text.as_deref().map(|s| Cow::Owned(s.to_owned()));
        (frame.to_vec(), copy)
    }

    fn count(record: &Record<'_>) -> Option<u64> {
        match record.get("repeats")? {
            Value::Json(number) => Some(number.parse().unwrap()),
            Value::Text(text) => panic!("{text} is no number"),
        }
    }

    fn short(record: &Record<'_>) -> String {
        let message = String::from_utf8(record.message.to_vec()).unwrap();
        match count(record) {
            None => message,
            Some(1) => {
                assert!(message.starts_with(FIRST), "{message}");
                "+".to_owned()
            }
            Some(count) => {
                let start = format!("lh: last message repeated {count} times in all since ");
                let (since, about) = message
                    .strip_prefix(&start)
                    .and_then(|rest| rest.split_once(": "))
                    .unwrap();
                assert_eq!(record.get("since"), Some(&Value::Text(since.into())));
                assert!(!about.is_empty());
                format!("={count}")
            }
        }
    }

    fn since(record: &Record<'_>) -> Timestamp {
        match record.get("since") {
            Some(Value::Text(text)) => parse_timestamp(text, &UtcZone).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn runs() {
        // What is fed, and what comes out; the input ends at `|`, and a digit
        // waits for so many seconds and ticks.
        let cases = [
            ("a b c |", "a b c"),
            ("a b a b |", "a b a b"),
            ("a a |", "a +"),
            ("a a b |", "a + b"),
            ("a a", "a +"),
            ("a a a", "a +"),
            ("a a a |", "a + =2"),
            ("a a a a a b b b |", "a + =4 b + =2"),
            ("a a b a a |", "a + b a +"),
            // Pieces repeat nothing, and nothing repeats them.
            ("a~ a~ a~ |", "a~ a~ a~"),
            ("a a a b~ a a |", "a + =2 b~ a +"),
            // The window, which is the run's and not the repeat's.
            ("a 9 a 1 a |", "a + a"),
            ("a 9 a a 1 a a |", "a + =2 a +"),
            ("a a 9 a |", "a + =2"),
            ("a 10 a |", "a a"),
            ("a a a 10 |", "a + =2"),
            // After an end all is new.
            ("a a a | a a a |", "a + =2 a + =2"),
            ("| |", ""),
        ];
        for (input, want) in cases {
            let mut bench = Bench::new();
            for word in input.split(' ') {
                match word.parse() {
                    Ok(secs) => {
                        bench.wait(Duration::from_secs(secs));
                        bench.tick();
                    }
                    Err(_) if word == "|" => bench.finish(),
                    Err(_) => bench.feed(word),
                }
            }
            assert_eq!(bench.messages(), want, "{input}");
        }
    }

    #[test]
    fn a_run_ends_without_a_tick() {
        let mut bench = Bench::new();
        for _ in 0..3 {
            bench.feed("a");
        }
        bench.wait(10 * SECOND);
        bench.feed("a");
        assert_eq!(bench.messages(), "a + =2 a");
    }

    #[test]
    fn a_deadline_stands_while_something_is_held_back() {
        let mut bench = Bench::new();
        let mut deadlines = vec![bench.dedup.deadline()];
        for line in ["a", "a", "a", "a", "b"] {
            bench.feed(line);
            deadlines.push(bench.dedup.deadline());
            bench.wait(SECOND);
        }
        let end = Some(bench.start.mono + 10 * SECOND);
        assert_eq!(deadlines, [None, None, None, end, end, None]);
        for _ in 0..2 {
            bench.feed("b");
        }
        bench.wait(9 * SECOND - Duration::from_nanos(1));
        bench.messages();
        bench.tick();
        assert_eq!(bench.messages(), "");
        bench.wait(Duration::from_nanos(1));
        assert_eq!(bench.dedup.deadline(), Some(bench.now.mono));
        bench.tick();
        assert_eq!(bench.messages(), "=2");
        assert_eq!(bench.dedup.deadline(), None);
    }

    #[test]
    fn windows_without_a_length_and_without_an_end() {
        let mut bench = Bench::new();
        bench.dedup = Dedup::new(Duration::ZERO);
        bench.feed("a");
        bench.feed("a");
        assert_eq!(bench.messages(), "a a");
        bench.dedup = Dedup::new(Duration::MAX);
        for _ in 0..3 {
            bench.feed("a");
            bench.wait(1_000_000 * SECOND);
            bench.tick();
        }
        assert_eq!(bench.dedup.deadline(), None);
        bench.finish();
        assert_eq!(bench.messages(), "a + =2");
    }

    #[test]
    fn what_makes_records_equal() {
        let defaults = Defaults::default();
        let mut base = Record::new(&defaults, Timestamp(5));
        base.message = b"m"[..].into();
        base.exc_text = Some("e".into());
        base.level_name = Some("l".into());
        base.extra = vec![
            ("k".into(), Value::Text("1".into())),
            ("k2".into(), Value::Json("2".into())),
        ];
        type Change = fn(&mut Record<'_>);
        let changes: [(&str, Change); 16] = [
            ("level", |r| r.level = Level::ERROR),
            ("level_name", |r| r.level_name = Some("L".into())),
            ("no level_name", |r| r.level_name = None),
            ("empty level_name", |r| r.level_name = Some("".into())),
            ("name", |r| r.name = "other".into()),
            ("message", |r| r.message = b"M"[..].into()),
            ("longer message", |r| r.message = b"mm"[..].into()),
            ("exc_text", |r| r.exc_text = Some("E".into())),
            ("no exc_text", |r| r.exc_text = None),
            ("key", |r| r.extra[0].0 = "K".into()),
            ("value", |r| r.extra[0].1 = Value::Text("2".into())),
            ("type", |r| r.extra[0].1 = Value::Json("1".into())),
            ("order", |r| r.extra.swap(0, 1)),
            ("fewer", |r| drop(r.extra.pop())),
            ("more", |r| {
                r.extra.push(("z".into(), Value::Text("".into())));
            }),
            ("exc_text as level_name", |r| {
                (r.exc_text, r.level_name) = (None, Some("le".into()));
            }),
        ];
        for (what, change) in changes {
            let mut other = base.clone();
            change(&mut other);
            assert_ne!(other, base, "{what}");
            let mut bench = Bench::new();
            bench.feed_record(b"x\n", &base, false);
            bench.feed_record(b"x\n", &other, false);
            assert_eq!(bench.dedup.repeats(), 0, "{what}");
        }
        let mut later = base.clone();
        later.created = Timestamp(6);
        let mut bench = Bench::new();
        bench.feed_record(b"x\n", &base, false);
        bench.feed_record(b"other bytes of an equal record\n", &later, false);
        assert_eq!(bench.dedup.repeats(), 1);
    }

    #[test]
    fn times_of_every_hop_make_no_difference() {
        let defaults = Defaults::default();
        let mut dedup = Dedup::new(Duration::MAX).ignoring(&["received"]);
        let mut count = 0;
        for (name, value, new) in [
            ("received", "1", 1),
            ("received", "2", 1),
            ("sent_received", "3", 1),
            ("sent_sent_received", "4", 1),
            ("unsent_received", "5", 2),
        ] {
            let now = Now::read();
            let mut record = Record::new(&defaults, now.wall);
            record.extra.push((name.into(), Value::Text(value.into())));
            dedup.feed(b"m\n", &record, false, now, &mut |_, record| {
                count += u32::from(record.get("repeats").is_none());
            });
            assert_eq!(count, new, "{name}");
        }
    }

    #[test]
    fn notices_stand_for_the_record() {
        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, Timestamp(1_000_000_123_456_000));
        record.message = b"m"[..].into();
        record.level = Level(33);
        record.level_name = Some("odd".into());
        record.name = "a.b".into();
        record.exc_text = Some("Traceback".into());
        record.extra = vec![
            ("host".into(), Value::Text("h".into())),
            ("since".into(), Value::Text("its own".into())),
        ];
        let mut bench = Bench::new();
        for _ in 0..58 {
            bench.feed_record(b"m\n", &record, false);
            bench.wait(Duration::from_millis(1));
        }
        let announced = bench.start.wall.0 + 1_000_000;
        assert_eq!(bench.out.len(), 2);
        bench.finish();
        assert_eq!(bench.out.len(), 3);
        assert_eq!(bench.out[0], kept(b"m\n", &record));
        let notices = [
            (1, FIRST, announced),
            (
                57,
                "lh: last message repeated 57 times in all since 19",
                bench.now.wall.0,
            ),
        ];
        for ((frame, notice), (number, message, created)) in bench.out[1..].iter().zip(notices) {
            let text = String::from_utf8(notice.message.to_vec()).unwrap();
            assert!(text.starts_with(message), "{text}");
            assert_eq!(*frame, format!("{text}\n").into_bytes());
            assert_eq!(notice.created, Timestamp(created));
            assert_eq!(notice.level, record.level);
            assert_eq!(notice.level_name, record.level_name);
            assert_eq!(notice.name, record.name);
            assert_eq!(notice.exc_text, None);
            assert_eq!(notice.extra[..2], record.extra);
            assert_eq!(notice.extra.len(), 4);
            assert_eq!(count(notice), Some(number));
            assert_eq!(since(notice), record.created);
        }
        assert_eq!(bench.dedup.repeats(), 57);
    }

    #[test]
    fn a_notice_says_what_it_is_about_and_not_more() {
        let mut bench = Bench::new();
        let long = format!("{}tail", "x".repeat(ABOUT));
        // No character is cut in two.
        let short = &"x".repeat(ABOUT - 1);
        let split = format!("{short}äää");
        let lines = ["one\ntwo", "one\ntwo", "one\ntwo", &long, &long];
        for line in lines.into_iter().chain([&*split, &split]) {
            let defaults = Defaults::default();
            let mut record = Record::new(&defaults, bench.now.wall);
            record.message = line.as_bytes().into();
            bench.feed_record(line.as_bytes(), &record, false);
        }
        let told: Vec<String> = [1, 2, 4, 6]
            .iter()
            .map(|at| String::from_utf8_lossy(&bench.out[*at].1.message).into_owned())
            .collect();
        assert_eq!(told[0], format!("{FIRST}one"));
        assert!(told[1].ends_with(": one"), "{told:?}");
        assert_eq!(told[2], format!("{FIRST}{}", &long[..ABOUT]));
        assert_eq!(told[3], format!("{FIRST}{short}"));
    }

    #[test]
    fn a_file_of_objects_stays_one() {
        let mut bench = Bench::new();
        for _ in 0..3 {
            bench.feed(
                r#" {"level":"error","logger":"net","msg":"no \"route\"","n":1,"repeats":"often"}"#,
            );
        }
        bench.feed("{broken");
        bench.feed("{broken");
        assert_eq!(bench.out.len(), 5);
        for ((frame, notice), number) in bench.out[1..3].iter().zip([1, 2]) {
            let line = std::str::from_utf8(frame).unwrap();
            assert_eq!(line.find('\n'), Some(line.len() - 1));
            let value: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(value["levelname"], "ERROR");
            assert_eq!(value["name"], "net");
            assert_eq!(
                value["message"].as_str().unwrap().as_bytes(),
                &*notice.message
            );
            assert_eq!(value["n"], 1);
            assert_eq!(value["repeats"], number);
            assert_eq!(value.as_object().unwrap().len(), 7);
            let made = parse_timestamp(value["timestamp"].as_str().unwrap(), &UtcZone);
            assert_eq!(made, Some(bench.now.wall));
            assert_eq!(since(notice), bench.start.wall);
        }
        assert_eq!(bench.out[4].0, format!("{FIRST}{{broken\n").into_bytes());
    }

    #[test]
    fn distinct_records_cost_no_allocation() {
        let mut dedup = Dedup::new(SECOND);
        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, Timestamp(0));
        let now = Now::read();
        let mut rooms = Vec::new();
        for number in 0..100 {
            record.message = format!("line {number:03}").into_bytes().into();
            dedup.feed(b"", &record, false, now, &mut |_, _| {});
            let mut room = [dedup.key.as_ptr() as usize, dedup.next.as_ptr() as usize];
            room.sort_unstable();
            rooms.push(room);
        }
        assert!(rooms[2..].iter().all(|room| *room == rooms[2]));
    }

    #[derive(Clone, Debug)]
    enum Step {
        Feed(u8, bool),
        Wait(u64),
        Tick,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            12 => (0..2_u8, prop::bool::weighted(0.05)).prop_map(|(kind, piece)| Step::Feed(kind, piece)),
            2 => (0..7_000_u64).prop_map(Step::Wait),
            1 => Just(Step::Tick),
        ];
        prop::collection::vec(step, 0..80)
    }

    proptest! {
        #[test]
        fn every_record_passes_or_is_counted(steps in steps()) {
            let defaults = Defaults::default();
            let mut bench = Bench::new();
            // What was fed, and when; a record's number is its frame.
            let mut fed: Vec<(u8, bool, Now)> = Vec::new();
            for step in steps {
                match step {
                    Step::Feed(kind, piece) => {
                        let mut record = Record::new(&defaults, bench.now.wall);
                        record.message = vec![b'a' + kind].into();
                        let frame = fed.len().to_string();
                        fed.push((kind, piece, bench.now));
                        bench.feed_record(frame.as_bytes(), &record, piece);
                    }
                    Step::Wait(millis) => bench.wait(Duration::from_millis(millis)),
                    Step::Tick => {
                        bench.tick();
                        let late = bench.dedup.deadline().is_some_and(|at| at <= bench.now.mono);
                        prop_assert!(!late);
                    }
                }
            }
            bench.finish();
            prop_assert_eq!(bench.dedup.deadline(), None);

            let mut want = Vec::new();
            let mut repeats = 0;
            let mut at = 0;
            while at < fed.len() {
                let (kind, piece, start) = fed[at];
                let run = fed[at + 1..].iter().take_while(|(other, other_piece, now)| {
                    let in_time = now.mono < start.mono + 10 * SECOND;
                    !piece && !other_piece && *other == kind && in_time
                });
                let count = run.count() as u64;
                want.push(at.to_string());
                want.extend((count > 0).then(|| format!("1 since {}", start.wall.0)));
                want.extend((count > 1).then(|| format!("{count} since {}", start.wall.0)));
                repeats += count;
                at += 1 + count as usize;
            }
            let got: Vec<_> = bench
                .out
                .iter()
                .map(|(frame, record)| match count(record) {
                    None => String::from_utf8(frame.clone()).unwrap(),
                    Some(count) => format!("{count} since {}", since(record).0),
                })
                .collect();
            prop_assert_eq!(got, want);
            prop_assert_eq!(bench.dedup.repeats(), repeats);
            let passed = bench.out.iter().filter(|(_, record)| count(record).is_none());
            prop_assert_eq!(passed.count() as u64 + repeats, fed.len() as u64);
        }
    }
}
