//! Many records as one mail: what kinds there are, how many of each and when,
//! and then the records, as many as a person may want to read.
//!
//! What is held does not grow with the number of records.

use std::collections::{HashMap, VecDeque};

use super::shape::shape;
use crate::level::Level;
use crate::now::Timestamp;
use crate::text::time::{Strftime, TimeStyle, TimeText};
use crate::wire::mail::{Counts, MailRecord, says_level};

/// How many kinds are told apart. The others are counted together.
const MOST_KINDS: usize = 200;

/// How many records are shown in all, or else so many from the start and from
/// the end.
const MOST_SHOWN: (usize, usize) = (1000, 20);

/// How many bytes of them.
const MOST_BYTES: (usize, usize) = (128 << 10, 48 << 10);

/// How long the text of a record that stands alone may be, in bytes.
const LONGEST: usize = 1 << 20;

/// How long the text of one among others, and the line of a kind.
const LONGEST_OF_MANY: (usize, usize) = (16 << 10, 160);

/// How large an attachment may be, in bytes.
const LARGEST_ATTACHMENT: usize = 4 << 20;

/// How a digest is written.
#[derive(Clone, Debug)]
pub(super) struct Form {
    /// Records have a time and a level before them.
    pub prefix: bool,
    /// All records are attached, too.
    pub attach: bool,
    /// Times in UTC.
    pub utc: bool,
    /// The machine that they are from.
    pub host: String,
    /// How many mails there may be in an hour, if that is limited.
    pub max_per_hour: Option<u32>,
}

/// Messages that have the same shape.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    level: Level,
    level_name: String,
    count: u64,
    first: Timestamp,
    last: Timestamp,
    /// The first of them, in one line.
    sample: String,
    /// How many of them are held in no other form.
    pub thinned: u64,
}

impl Kind {
    /// A record that stands for one that is not held any more.
    pub fn stand_in(&self) -> MailRecord {
        let count = self.count;
        let mut record =
            MailRecord::read(format!("{} (one of {count} like it)", self.sample).as_bytes());
        record.level = self.level;
        record.level_name.clone_from(&self.level_name);
        record.created = self.first;
        record
    }
}

/// See the [module](self).
#[derive(Debug)]
pub(super) struct Digest {
    form: Form,
    time: TimeText,
    count: u64,
    kinds: Vec<Kind>,
    by_shape: HashMap<(u32, String), usize>,
    /// The first one of the gravest.
    gravest: Option<MailRecord>,
    first: Timestamp,
    last: Timestamp,
    head: Vec<String>,
    head_bytes: usize,
    tail: VecDeque<String>,
    tail_bytes: usize,
    attachment: String,
    unattached: u64,
}

/// What a mail says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Contents {
    pub subject: String,
    pub text: String,
    pub attachment: Option<String>,
}

impl Digest {
    pub fn new(form: Form) -> Digest {
        let style = Strftime::compile("%Y-%m-%d %H:%M:%S");
        let style = style.map_or(TimeStyle::Asctime, TimeStyle::Strftime);
        Digest {
            time: TimeText::new(style, form.utc),
            form,
            count: 0,
            kinds: Vec::new(),
            by_shape: HashMap::new(),
            gravest: None,
            first: Timestamp(0),
            last: Timestamp(0),
            head: Vec::new(),
            head_bytes: 0,
            tail: VecDeque::new(),
            tail_bytes: 0,
            attachment: String::new(),
            unattached: 0,
        }
    }

    /// How many records there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Those that have a kind that is not held, by kind.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// Takes a record in; `thinned` where it is held in no other form.
    pub fn add(&mut self, record: &MailRecord, thinned: bool) {
        if self.count == 0 {
            (self.first, self.last) = (record.created, record.created);
        }
        self.count += 1;
        self.first = self.first.min(record.created);
        self.last = self.last.max(record.created);
        self.note_kind(record, thinned);
        if self.form.attach {
            self.attach(record);
        }
        self.show(record);
        let graver = |gravest: &MailRecord| record.level > gravest.level;
        if self.gravest.as_ref().is_none_or(graver) {
            // The text is held for a record that stands alone.
            let mut gravest = record.clone();
            cut(&mut gravest.text, LONGEST);
            self.gravest = Some(gravest);
        }
    }

    fn note_kind(&mut self, record: &MailRecord, thinned: bool) {
        let mut key = (record.level.0, shape(&record.text));
        if self.kinds.len() >= MOST_KINDS && !self.by_shape.contains_key(&key) {
            // No shape has a line break.
            key = (u32::MAX, "\n".to_owned());
        }
        let other = key.1 == "\n";
        let index = *self.by_shape.entry(key).or_insert(self.kinds.len());
        if index == self.kinds.len() {
            let mut sample = record.text.lines().next().unwrap_or_default().to_owned();
            cut(&mut sample, LONGEST_OF_MANY.1);
            self.kinds.push(Kind {
                level: record.level,
                level_name: record.level_name.clone(),
                count: 0,
                first: record.created,
                last: record.created,
                sample: match other {
                    true => "(of other kinds)".to_owned(),
                    false => sample,
                },
                thinned: 0,
            });
        }
        let kind = &mut self.kinds[index];
        if record.level > kind.level {
            kind.level = record.level;
            kind.level_name.clone_from(&record.level_name);
        }
        kind.count += 1;
        kind.thinned += u64::from(thinned);
        kind.first = kind.first.min(record.created);
        kind.last = kind.last.max(record.created);
    }

    fn attach(&mut self, record: &MailRecord) {
        if self.unattached > 0 || self.attachment.len() + record.text.len() > LARGEST_ATTACHMENT {
            self.unattached += 1;
            return;
        }
        let line = self.line(record);
        self.attachment.push_str(&line);
        self.attachment.push('\n');
    }

    fn show(&mut self, record: &MailRecord) {
        let mut line = self.line(record);
        cut(&mut line, LONGEST_OF_MANY.0);
        let fits = self.head.len() < MOST_SHOWN.0 && self.head_bytes + line.len() <= MOST_BYTES.0;
        if self.tail.is_empty() && fits {
            self.head_bytes += line.len();
            self.head.push(line);
            return;
        }
        self.tail_bytes += line.len();
        self.tail.push_back(line);
        while self.tail.len() > MOST_SHOWN.1
            || (self.tail.len() > 1 && self.tail_bytes > MOST_BYTES.1)
        {
            let gone = self.tail.pop_front();
            self.tail_bytes -= gone.map_or(0, |line| line.len());
        }
    }

    /// A record among others.
    fn line(&mut self, record: &MailRecord) -> String {
        if !self.form.prefix {
            return record.text.trim_end_matches(['\r', '\n']).to_owned();
        }
        let time = self.time_of(record.created);
        let level = column(&record.text, record.level, &record.level_name);
        let mut line = format!("{time} {level}");
        for (index, part) in record.text.lines().enumerate() {
            if index > 0 {
                line.push_str("\n    ");
            }
            line.push_str(part);
        }
        line
    }

    fn time_of(&mut self, time: Timestamp) -> String {
        let mut text = Vec::new();
        self.time.write(time, &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }

    /// From when to when; the date is not said twice.
    fn span(&mut self, first: Timestamp, last: Timestamp) -> String {
        let (first, last) = (self.time_of(first), self.time_of(last));
        if first == last {
            return first;
        }
        let same_day = first.get(..10) == last.get(..10);
        let last = last.get(11..).filter(|_| same_day).unwrap_or(&last);
        format!("{first} to {last}")
    }

    /// The mail. `held_back`: it had to wait, because there were enough of them.
    pub fn finish(mut self, held_back: bool) -> Contents {
        let counts = Counts {
            records: self.count,
            kinds: self.kinds.len() as u64,
        };
        let gravest = self.gravest.take();
        let subject = gravest.as_ref().map(|record| record.subject(counts));
        let mut text = String::new();
        match gravest {
            Some(record) if self.count == 1 => text.push_str(&record.text),
            _ => self.write(held_back, &mut text),
        }
        if !text.ends_with('\n') {
            text.push('\n');
        }
        Contents {
            subject: subject.unwrap_or_default(),
            text,
            attachment: self.form.attach.then_some(self.attachment),
        }
    }

    fn write(&mut self, held_back: bool, text: &mut String) {
        let count = self.count;
        let kinds = self.kinds.len() as u64;
        let span = self.span(self.first, self.last);
        let of = match kinds {
            kinds if kinds == count => String::new(),
            1 => " of one kind".to_owned(),
            kinds => format!(" of {kinds} kinds"),
        };
        let host = &self.form.host;
        text.push_str(&format!("{count} records{of} from {host}, {span}\n"));
        if let (true, Some(most)) = (held_back, self.form.max_per_hour) {
            text.push_str(&format!(
                "No more than {most} mails an hour are sent: these {count} records had to wait for \
                 this one.\n"
            ));
        }
        if self.form.attach {
            text.push_str(&match self.unattached {
                0 => "All of them are attached.\n".to_owned(),
                rest => format!("The first {} of them are attached.\n", count - rest),
            });
        }
        if kinds < count {
            self.write_kinds(text);
        }
        text.push('\n');
        self.write_records(text);
    }

    fn write_kinds(&mut self, text: &mut String) {
        let mut kinds = std::mem::take(&mut self.kinds);
        kinds.sort_by_key(|kind| (std::cmp::Reverse(kind.level), std::cmp::Reverse(kind.count)));
        let widest = kinds.iter().map(|kind| kind.count).max().unwrap_or(0);
        let width = widest.to_string().len();
        text.push('\n');
        for kind in &kinds {
            let span = self.span(kind.first, kind.last);
            let level = column(&kind.sample, kind.level, &kind.level_name);
            text.push_str(&format!(
                "{:>width$} x {level}{}\n{:>width$}   {span}\n",
                kind.count, kind.sample, ""
            ));
        }
        self.kinds = kinds;
    }

    fn write_records(&mut self, text: &mut String) {
        let all = self.tail.is_empty();
        let first = match all {
            true => self.head.len(),
            false => self.head.len().min(MOST_SHOWN.1),
        };
        let last = self.tail.len();
        if !all {
            text.push_str(&format!(
                "The first {first} records, and the last {last}:\n\n"
            ));
        }
        for line in &self.head[..first] {
            text.push_str(line);
            text.push('\n');
        }
        if !all {
            let rest = self.count - (first + last) as u64;
            text.push_str(&format!("\n    ({rest} more)\n\n"));
        }
        for line in &self.tail {
            text.push_str(line);
            text.push('\n');
        }
    }
}

/// The level before a text, unless that says it itself.
fn column(text: &str, level: Level, name: &str) -> String {
    match says_level(text, level) {
        true => String::new(),
        false => format!("{name:<8} "),
    }
}

/// Cuts a text off that is longer than so many bytes, and says so in it.
fn cut(text: &mut String, most: usize) {
    if text.len() <= most {
        return;
    }
    let length = text.len();
    let mut end = most;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text.push_str(&format!(" ... ({} bytes more)", length - end));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> Form {
        Form {
            prefix: true,
            attach: false,
            utc: true,
            host: "web1".to_owned(),
            max_per_hour: None,
        }
    }

    fn record(text: &str, level: Level, second: i64) -> MailRecord {
        let mut record = MailRecord::read(
            format!("{{\"subject\":\"{level}: x\\u0004\",\"text\":\"\"}}").as_bytes(),
        );
        record.text = text.to_owned();
        record.level = level;
        record.level_name = level.to_string();
        record.created = Timestamp((1_700_000_000 + second) * 1_000_000_000);
        record
    }

    fn digest(form: Form, records: impl IntoIterator<Item = MailRecord>) -> Contents {
        let mut digest = Digest::new(form);
        for record in records {
            digest.add(&record, false);
        }
        digest.finish(false)
    }

    #[test]
    fn one_record_is_its_own_text() {
        let contents = digest(form(), [record("disk full\nreally", Level::ERROR, 0)]);
        assert_eq!(contents.text, "disk full\nreally\n");
        assert_eq!(contents.subject, "ERROR: x");
        assert_eq!(contents.attachment, None);
        let long = record(&"é".repeat(LONGEST), Level::ERROR, 0);
        let contents = digest(form(), [long]);
        assert!(contents.text.ends_with("é ... (1048576 bytes more)\n"));
    }

    #[test]
    fn many_records_in_order_with_their_context() {
        let records = [
            record("copying a", Level::INFO, 0),
            record("no space\n  at b", Level::ERROR, 2),
            record("ERROR again", Level::ERROR, 3),
        ];
        let contents = digest(form(), records);
        assert_eq!(contents.subject, "ERROR: x (and 2 more)");
        assert_eq!(
            contents.text,
            "3 records from web1, 2023-11-14 22:13:20 to 22:13:23\n\
             \n\
             2023-11-14 22:13:20 INFO     copying a\n\
             2023-11-14 22:13:22 ERROR    no space\n      at b\n\
             2023-11-14 22:13:23 ERROR again\n"
        );
    }

    #[test]
    fn a_storm_is_counted_by_kind() {
        let mut records = vec![record("started", Level::INFO, 0)];
        records.extend((0..10_000).map(|n| record(&format!("job {n} failed"), Level::ERROR, n)));
        let contents = digest(
            Form {
                attach: true,
                ..form()
            },
            records,
        );
        assert_eq!(contents.subject, "ERROR: x (and 10000 more)");
        let start = "10001 records of 2 kinds from web1, 2023-11-14 22:13:20 to 2023-11-15 00:59:59\n\
             All of them are attached.\n\
             \n\
             10000 x ERROR    job 0 failed\n        2023-11-14 22:13:20 to 2023-11-15 00:59:59\n    \
             1 x INFO     started\n        2023-11-14 22:13:20\n\
             \n\
             The first 20 records, and the last 20:\n\n2023-11-14 22:13:20 INFO     started\n";
        assert!(contents.text.starts_with(start), "{}", contents.text);
        assert!(contents.text.contains("\n    (9961 more)\n"));
        assert!(contents.text.ends_with("job 9999 failed\n"));
        assert_eq!(contents.attachment.unwrap().lines().count(), 10_001);
    }

    /// Nothing grows with the number of records, and all are counted.
    #[test]
    fn what_is_held_is_bounded() {
        let mut digest = Digest::new(Form {
            attach: true,
            max_per_hour: Some(4),
            ..form()
        });
        let word = |n: usize| (b'a' + (n % 26) as u8) as char;
        for n in 0..20_000 {
            let kind: String = [n, n / 26, n / 676].map(word).iter().collect();
            let text = format!("{kind} {}", "x".repeat(1000));
            digest.add(&record(&text, Level::ERROR, 0), n >= 10_000);
        }
        assert_eq!(digest.kinds.len(), MOST_KINDS + 1);
        assert!(digest.attachment.len() <= LARGEST_ATTACHMENT + 100);
        assert!(digest.head_bytes + digest.tail_bytes < 200 << 10);
        let thinned: u64 = digest.kinds().iter().map(|kind| kind.thinned).sum();
        assert_eq!(thinned, 10_000);
        let counted: u64 = digest.kinds.iter().map(|kind| kind.count).sum();
        assert_eq!((counted, digest.count()), (20_000, 20_000));
        let text = digest.finish(true).text;
        assert!(text.contains("(of other kinds)"));
        assert!(text.contains("No more than 4 mails an hour are sent: these 20000 records"));
        assert!(text.contains("The first 4"), "attached in part");
    }

    #[test]
    fn a_format_of_the_users_own_stays_as_it_is() {
        let form = Form {
            prefix: false,
            ..form()
        };
        let records = [
            record("1 a\nb", Level::INFO, 0),
            record("2 c", Level::INFO, 0),
        ];
        let contents = digest(form, records);
        assert!(
            contents.text.ends_with("\n\n1 a\nb\n2 c\n"),
            "{}",
            contents.text
        );
    }
}
