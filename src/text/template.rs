//! Templates, compiled once and rendered for every record.
//!
//! A template is a list of parts, literal text and fields. A field without a
//! format spec, which is nearly every field of nearly every template, is
//! copied from the record to the output; only the others pass through
//! `spec.rs`.

use std::borrow::Cow;
use std::io::Write as _;

use super::Times;
use super::digits;
use super::error::TemplateError;
use super::parse;
use super::spec::{Kind, Number, Spec};
use super::time::Timestamp;
use crate::record::{Record, Value};
use crate::wire::json;

/// A compiled template, in the style of `str.format` or of `%`.
#[derive(Debug)]
pub struct Template {
    parts: Vec<Part>,
    times: Times,
    /// What `relativeCreated` counts from.
    start: Option<Timestamp>,
    /// Exception and stack follow the rendered text, unless they are in it.
    append_exception: bool,
    has_exc_text: bool,
    has_stack_info: bool,
    /// Room for values that are not text in the record, and for digits: kept
    /// from record to record.
    value: Vec<u8>,
    scratch: Vec<u8>,
}

#[derive(Debug)]
pub(super) enum Part {
    Literal(Vec<u8>),
    Field(Field),
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) attr: Attr,
    /// Boxed, as most fields have none.
    pub(super) spec: Option<Box<Spec>>,
}

/// The type that an attribute always has, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Text,
    Int,
    Float,
    Unknown,
}

/// What a field shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Attr {
    Message,
    Name,
    LevelName,
    LevelNo,
    Created,
    Msecs,
    RelativeCreated,
    Asctime,
    Timestamp,
    ExcText,
    Filename,
    Module,
    /// One of the extra attributes, by its name or by its path in an object.
    Extra(String),
}

impl Attr {
    pub(super) fn from_name(name: &str) -> Attr {
        match name {
            "message" => Attr::Message,
            "name" => Attr::Name,
            "levelname" => Attr::LevelName,
            "levelno" => Attr::LevelNo,
            "created" => Attr::Created,
            "msecs" => Attr::Msecs,
            "relativeCreated" => Attr::RelativeCreated,
            "asctime" => Attr::Asctime,
            "timestamp" => Attr::Timestamp,
            "exc_text" => Attr::ExcText,
            "filename" => Attr::Filename,
            "module" => Attr::Module,
            _ => Attr::Extra(name.to_owned()),
        }
    }

    pub(super) fn kind(&self) -> Type {
        match self {
            Attr::LevelNo => Type::Int,
            Attr::Created | Attr::Msecs | Attr::RelativeCreated => Type::Float,
            Attr::Extra(name) => match name.as_str() {
                "lineno" | "thread" | "process" => Type::Int,
                "pathname" | "funcName" | "threadName" | "taskName" | "processName"
                | "stack_info" => Type::Text,
                _ => Type::Unknown,
            },
            _ => Type::Text,
        }
    }
}

/// The value of a field for one record.
enum Shown<'v> {
    /// Empty, padded where a width is given.
    Nothing,
    Text(Cow<'v, [u8]>),
    /// Text that stands in the buffer.
    Buffered,
    Int(u32),
    Float(f64),
    /// A number as JSON has it, with all of its digits.
    Digits(Cow<'v, str>),
}

impl<'v> From<Option<Value<'v>>> for Shown<'v> {
    fn from(value: Option<Value<'v>>) -> Self {
        let bytes = |text: Cow<'v, str>| match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        };
        match value {
            None => Shown::Nothing,
            Some(Value::Text(text)) => Shown::Text(bytes(text)),
            Some(Value::Json(json)) => match json.as_bytes().first() {
                Some(b'-' | b'0'..=b'9') => Shown::Digits(json),
                _ if json == "null" => Shown::Nothing,
                _ => Shown::Text(bytes(json)),
            },
        }
    }
}

impl Template {
    /// Compiles a template: percent style if it has a `%(`, else brace style.
    ///
    /// # Errors
    ///
    /// If it is malformed, if it has no field, or if it asks for a conversion
    /// that its attribute can never have, such as `{message:d}`.
    pub fn parse(text: &str, times: Times) -> Result<Template, TemplateError> {
        let parts = parse::parse(text)?;
        let has = |name: &str| {
            let attr = Attr::from_name(name);
            let mut fields = parts.iter();
            fields.any(|part| matches!(part, Part::Field(field) if field.attr == attr))
        };
        Ok(Template {
            has_exc_text: has("exc_text"),
            has_stack_info: has("stack_info"),
            parts,
            times,
            start: None,
            append_exception: true,
            value: Vec::new(),
            scratch: Vec::new(),
        })
    }

    /// Says when the program started, which `relativeCreated` counts from;
    /// without it, that is the time of the first record.
    pub fn set_start(&mut self, start: Timestamp) {
        self.start = Some(start);
    }

    /// Whether the text of an exception, and of a stack, follows on a new
    /// line where the template does not name it (it does, unless told
    /// otherwise).
    pub fn set_append_exception(&mut self, append: bool) {
        self.append_exception = append;
    }

    /// Whether it shows extra attributes other than `stack_info`.
    pub fn uses_attributes(&self) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Literal(_) => false,
            Part::Field(field) => match &field.attr {
                Attr::Extra(name) => name != "stack_info",
                Attr::Filename | Attr::Module | Attr::Msecs | Attr::RelativeCreated => true,
                _ => false,
            },
        })
    }

    /// Whether it shows `asctime`, which alone looks as the `datefmt` says.
    pub fn shows_asctime(&self) -> bool {
        let mut fields = self.parts.iter();
        fields.any(|part| matches!(part, Part::Field(field) if field.attr == Attr::Asctime))
    }

    /// Whether the template itself shows the exception.
    pub fn shows_exception(&self) -> bool {
        self.has_exc_text
    }

    /// Appends the text of a record to `out`.
    pub fn render(&mut self, record: &Record<'_>, out: &mut Vec<u8>) {
        let begin = out.len();
        let start = *self.start.get_or_insert(record.created);
        for part in &self.parts {
            let field = match part {
                Part::Literal(text) => {
                    out.extend_from_slice(text);
                    continue;
                }
                Part::Field(field) => field,
            };
            match &field.spec {
                None => write_plain(&field.attr, record, &mut self.times, start, out),
                Some(spec) => {
                    self.value.clear();
                    let shown = show(&field.attr, record, &mut self.times, start, &mut self.value);
                    write_spec(spec, shown, &mut self.value, &mut self.scratch, out);
                }
            }
        }
        if self.append_exception {
            self.append_tail(record, begin, out);
        }
    }

    /// The end of Python's `Formatter.format`.
    fn append_tail(&self, record: &Record<'_>, begin: usize, out: &mut Vec<u8>) {
        let mut append = |text: &str| {
            if text.is_empty() {
                return;
            }
            if out.len() == begin || out.last() != Some(&b'\n') {
                out.push(b'\n');
            }
            // What Python's formatException and formatStack take off.
            out.extend_from_slice(text.strip_suffix('\n').unwrap_or(text).as_bytes());
        };
        if let Some(text) = &record.exc_text
            && !self.has_exc_text
        {
            append(text);
        }
        if !self.has_stack_info
            && !record.extra.is_empty()
            && let Some(Value::Text(text)) = record.get("stack_info")
        {
            append(text);
        }
    }
}

/// A field without a spec: the bytes as they stand in the record.
fn write_plain(
    attr: &Attr,
    record: &Record<'_>,
    times: &mut Times,
    start: Timestamp,
    out: &mut Vec<u8>,
) {
    let shown = match attr {
        Attr::Message => return out.extend_from_slice(&record.message),
        Attr::Name => return out.extend_from_slice(record.name.as_bytes()),
        Attr::Asctime => return times.asctime.write(record.created, out),
        Attr::Timestamp => return times.timestamp.write(record.created, out),
        // The output serves as the buffer.
        _ => show(attr, record, times, start, out),
    };
    match shown {
        Shown::Nothing | Shown::Buffered => {}
        Shown::Text(text) => out.extend_from_slice(&text),
        Shown::Digits(text) => out.extend_from_slice(text.as_bytes()),
        Shown::Int(number) => {
            // Writing to a vector cannot fail.
            let _ = write!(out, "{number}");
        }
        Shown::Float(number) => digits::write_float(number, out),
    }
}

/// A field with a spec. What the spec does not fit is written as it is: a
/// record is never lost to its format.
fn write_spec(
    spec: &Spec,
    shown: Shown<'_>,
    value: &mut Vec<u8>,
    scratch: &mut Vec<u8>,
    out: &mut Vec<u8>,
) {
    let number = match &shown {
        Shown::Int(number) => Some(Number::Int(i128::from(*number))),
        Shown::Float(number) => Some(Number::Float(*number)),
        Shown::Digits(text) => Number::from_json(text),
        _ => None,
    };
    if let Some(number) = number
        && (spec.kind.is_number() || spec.kind == Kind::Any)
        && spec.write_number(number, scratch, out)
    {
        return;
    }
    let text: &[u8] = match &shown {
        Shown::Nothing => b"",
        Shown::Text(text) => text,
        Shown::Digits(text) => text.as_bytes(),
        Shown::Buffered => value,
        Shown::Int(number) => {
            let _ = write!(value, "{number}");
            value
        }
        Shown::Float(number) => {
            digits::write_float(*number, value);
            value
        }
    };
    match spec.kind {
        Kind::Any | Kind::Text if number.is_none() || spec.kind == Kind::Text => {
            spec.write_text(text, out);
        }
        Kind::Repr | Kind::Ascii if matches!(shown, Shown::Text(_) | Shown::Buffered) => {
            scratch.clear();
            digits::write_repr(text, spec.kind == Kind::Ascii, scratch);
            spec.write_text(scratch, out);
        }
        Kind::Repr | Kind::Ascii => spec.write_text(text, out),
        _ => spec.write_unconverted(text, out),
    }
}

/// Finds the value of an attribute. Text that no record holds is put at the
/// end of `buffer`.
fn show<'v>(
    attr: &Attr,
    record: &'v Record<'_>,
    times: &mut Times,
    start: Timestamp,
    buffer: &mut Vec<u8>,
) -> Shown<'v> {
    let text = |text: &'v str| Shown::Text(Cow::Borrowed(text.as_bytes()));
    match attr {
        Attr::Message => Shown::Text(Cow::Borrowed(&record.message)),
        Attr::Name => text(&record.name),
        Attr::LevelNo => Shown::Int(record.level.0),
        Attr::LevelName => match (&record.level_name, record.level.name()) {
            (Some(name), _) => text(name),
            (None, Some(name)) => text(name),
            (None, None) => {
                let _ = write!(buffer, "{}", record.level);
                Shown::Buffered
            }
        },
        Attr::Created => Shown::Float(record.created.as_secs_f64()),
        Attr::Msecs => match find(record, "msecs") {
            // Whole, as Python's are.
            None => Shown::Float(f64::from(record.created.subsec_nanos() / 1_000_000)),
            found => found.into(),
        },
        Attr::RelativeCreated => match find(record, "relativeCreated") {
            None => Shown::Float((record.created.0.saturating_sub(start.0)) as f64 / 1e6),
            found => found.into(),
        },
        Attr::Asctime => {
            times.asctime.write(record.created, buffer);
            Shown::Buffered
        }
        Attr::Timestamp => {
            times.timestamp.write(record.created, buffer);
            Shown::Buffered
        }
        Attr::ExcText => record.exc_text.as_deref().map_or(Shown::Nothing, text),
        Attr::Filename => match find(record, "filename") {
            None => filename(record).map_or(Shown::Nothing, text),
            found => found.into(),
        },
        Attr::Module => match (find(record, "module"), record.get("filename")) {
            (None, Some(Value::Text(name))) => text(stem(name)),
            (None, _) => filename(record).map_or(Shown::Nothing, |name| text(stem(name))),
            (found, _) => found.into(),
        },
        Attr::Extra(name) => find(record, name).into(),
    }
}

/// The last component of the path, of either system: the record may come
/// from another machine.
pub(crate) fn filename<'v>(record: &'v Record<'_>) -> Option<&'v str> {
    match record.get("pathname")? {
        Value::Text(path) => path.rsplit(['/', '\\']).next(),
        Value::Json(_) => None,
    }
}

/// A file's name without its extension, as `os.path.splitext` sees it.
pub(crate) fn stem(name: &str) -> &str {
    match name.rfind('.') {
        Some(dot) if name[..dot].bytes().any(|b| b != b'.') => &name[..dot],
        _ => name,
    }
}

/// Finds an extra attribute by its name, or else a member of a nested object
/// by its path.
fn find<'v>(record: &'v Record<'_>, name: &str) -> Option<Value<'v>> {
    if let Some(value) = record.get(name) {
        return Some(match value {
            Value::Text(text) => Value::Text(Cow::Borrowed(text)),
            Value::Json(json) => Value::Json(Cow::Borrowed(json)),
        });
    }
    if record.extra.is_empty() {
        return None;
    }
    let mut dots = name.match_indices('.');
    dots.find_map(|(dot, _)| match record.get(&name[..dot])? {
        Value::Json(object) => json::member(object, &name[dot + 1..]),
        Value::Text(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::level::Level;
    use crate::record::Defaults;

    fn text<'a>(text: &'a str) -> Value<'a> {
        Value::Text(Cow::Borrowed(text))
    }

    fn json<'a>(json: &'a str) -> Value<'a> {
        Value::Json(Cow::Borrowed(json))
    }

    fn render(template: &str, record: &Record<'_>) -> String {
        let times = Times::new(None, true);
        let mut template = Template::parse(template, times).unwrap_or_else(|e| panic!("{e}"));
        let mut out = Vec::new();
        template.render(record, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn refusal(template: &str) -> String {
        match Template::parse(template, Times::new(None, true)) {
            Ok(_) => panic!("{template} was accepted"),
            Err(error) => error.to_string(),
        }
    }

    fn sample(defaults: &Defaults) -> Record<'_> {
        let mut record = Record::new(defaults, Timestamp(1_057_682_985_896_123_000));
        record.message = Cow::Borrowed(b"hello");
        record.level = Level::WARNING;
        record.name = "app.db".into();
        let extra = [
            ("pathname", text("/srv/app.v2/main.py")),
            ("lineno", json("42")),
            ("ratio", json("0.256")),
            ("big", json("1234567")),
            ("ok", json("true")),
            ("gone", json("null")),
            (
                "http",
                json(r#"{"status":404,"req":{"id":"a\"b"},"x.y":1}"#),
            ),
            ("flat.name", text("flat")),
        ];
        record.extra = extra.map(|(key, value)| (key.into(), value)).to_vec();
        record
    }

    /// What Python 3.11 prints for the same record and format.
    #[test]
    fn as_python_has_it() {
        let cases = [
            ("{message}", "hello"),
            ("{{{message}}}", "{hello}"),
            (
                "{levelname:<8}|{levelname:>9}|{levelname:^9}|",
                "WARNING |  WARNING| WARNING |",
            ),
            ("{levelname:.4}|{levelname:*^11.4s}", "WARN|***WARN****"),
            ("{levelname:09}", "WARNING00"),
            ("{asctime} {name}", "2003-07-08 16:49:45,896 app.db"),
            ("{asctime:>25.19}|", "      2003-07-08 16:49:45|"),
            (
                "{created} {msecs} {msecs:03.0f}",
                "1057682985.896123 896.0 896",
            ),
            (
                "{created:.3f} {created:,.1f}",
                "1057682985.896 1,057,682,985.9",
            ),
            ("{relativeCreated:.1f}", "0.0"),
            ("{levelno} {levelno:03d} {levelno:#x}", "30 030 0x1e"),
            ("{filename}:{lineno:>5} {module}", "main.py:   42 main"),
            (
                "{lineno:=+6} {lineno:<6d}|{lineno:06.1f}",
                "+   42 42    |0042.0",
            ),
            ("{lineno!s:>4}|{levelname!r}", "  42|'WARNING'"),
            (
                "{ratio:.1%} {ratio:e} {ratio:g}",
                "25.6% 2.560000e-01 0.256",
            ),
            (
                "{big:,} {big:012_} {big:_x} {big:.3g}",
                "1,234,567 0_001_234_567 12_d687 1.23e+06",
            ),
            ("%(message)s %% %(levelname)-8s|", "hello % WARNING |"),
            (
                "%(levelname)9s|%(levelname)-.4s|%(levelname)05s",
                "  WARNING|WARN|WARNING",
            ),
            (
                "%(msecs)03d %(created)d %(created).2f",
                "896 1057682985 1057682985.90",
            ),
            (
                "%(lineno)5d|%(lineno)-5d|%(lineno)05d|%(lineno)+d",
                "   42|42   |00042|+42",
            ),
            ("%(lineno).4d %(lineno)#x %(lineno)ld", "0042 0x2a 42"),
            ("%(name)r {x}", "'app.db' {x}"),
        ];
        let defaults = Defaults::default();
        let record = sample(&defaults);
        for (template, want) in cases {
            assert_eq!(render(template, &record), want, "{template}");
        }
    }

    #[test]
    fn extra_attributes_by_name_and_by_path() {
        let cases = [
            ("{http.status}", "404"),
            ("{http.status:>6d}|{http.status:<6}|", "   404|404   |"),
            ("{http.req.id}", "a\"b"),
            ("{http.req}", r#"{"id":"a\"b"}"#),
            ("{http.x.y} {flat.name}", "1 flat"),
            ("{ok} {gone}|{gone:>3}|", "true |   |"),
            ("{nothing}|{nothing:>5}|{http.none}|{ok.none}", "|     ||"),
            ("%(http.status)s %(nothing)4s|", "404     |"),
            ("{timestamp}", "2003-07-08T16:49:45.896123+00:00"),
        ];
        let defaults = Defaults::default();
        let record = sample(&defaults);
        for (template, want) in cases {
            assert_eq!(render(template, &record), want, "{template}");
        }
    }

    #[test]
    fn what_does_not_fit_is_written_as_it_is() {
        let cases = [
            ("{flat.name:d}", "flat"),
            ("{flat.name:>6d}|{flat.name:<6.1f}|", "  flat|flat  |"),
            ("{ratio:d}", "0.256"),
            ("{lineno:c}|{pathname:.4}", "*|/srv"),
            ("{ok:05d}", " true"),
            ("%(flat.name)06d", "  flat"),
        ];
        let defaults = Defaults::default();
        let mut record = sample(&defaults);
        for (template, want) in cases {
            assert_eq!(render(template, &record), want, "{template}");
        }
        record.extra.push(("lineno".into(), text("n/a")));
        assert_eq!(render("{lineno:4d}|", &record), " n/a|");
        record.extra.push(("huge".into(), json("1e999")));
        assert_eq!(render("{huge:.1f} {huge}", &record), "1e999 1e999");
    }

    #[test]
    fn attributes_of_the_record_go_before_derived_ones() {
        let defaults = Defaults::default();
        let mut record = sample(&defaults);
        record.level = Level(35);
        assert_eq!(render("{levelname:>10}", &record), "  Level 35");
        assert_eq!(render("{levelname}", &record), "Level 35");
        record.level_name = Some("LOUD".into());
        record.extra.push(("filename".into(), text("b.tar.gz")));
        record.extra.push(("relativeCreated".into(), json("12.5")));
        record.extra.push(("msecs".into(), json("7.25")));
        let shown = render(
            "{levelname} {filename} {module} {relativeCreated} {msecs}",
            &record,
        );
        assert_eq!(shown, "LOUD b.tar.gz b.tar 12.5 7.25");
        record.created = Timestamp(-1_500_000_000);
        record.extra.clear();
        assert_eq!(render("{created} {msecs} {module}", &record), "-1.5 500.0 ");
        assert_eq!(stem(".bashrc"), ".bashrc");
    }

    #[test]
    fn relative_to_the_start() {
        let defaults = Defaults::default();
        let mut template = Template::parse("{relativeCreated}", Times::new(None, true)).unwrap();
        template.set_start(Timestamp(1_000_000_000));
        let mut out = Vec::new();
        template.render(&Record::new(&defaults, Timestamp(1_002_500_000)), &mut out);
        assert_eq!(out, b"2.5");
    }

    #[test]
    fn exceptions_follow_on_a_new_line() {
        let defaults = Defaults::default();
        let mut record = sample(&defaults);
        record.exc_text = Some("Traceback:\n  E\n".into());
        assert_eq!(render("{message}", &record), "hello\nTraceback:\n  E");
        assert_eq!(render("{message}\n", &record), "hello\nTraceback:\n  E");
        assert_eq!(render("{exc_text}|", &record), "Traceback:\n  E\n|");
        record.extra.push(("stack_info".into(), text("Stack")));
        assert_eq!(
            render("{message}", &record),
            "hello\nTraceback:\n  E\nStack"
        );
        assert_eq!(render("{stack_info}", &record), "Stack\nTraceback:\n  E");
        let mut template = Template::parse("{message}", Times::new(None, true)).unwrap();
        assert!(!template.shows_exception());
        template.set_append_exception(false);
        let mut out = b"x".to_vec();
        template.render(&record, &mut out);
        assert_eq!(out, b"xhello");
    }

    #[test]
    fn bytes_pass_untouched() {
        let defaults = Defaults::default();
        let mut record = Record::new(&defaults, Timestamp(0));
        record.message = Cow::Borrowed(b"a\xff\0b");
        let mut template = Template::parse("[{message:>6}]", Times::new(None, true)).unwrap();
        let mut out = Vec::new();
        template.render(&record, &mut out);
        assert_eq!(out, b"[  a\xff\0b]");
    }

    #[test]
    fn mistakes_are_shown_where_they_are() {
        let error = refusal("{asctime} {levelname:<8q} {message}");
        let lines: Vec<_> = error.lines().collect();
        assert_eq!(lines[1], "  {asctime} {levelname:<8q} {message}");
        assert_eq!(lines[2].find('^'), lines[1].find('q'), "{error}");
        let error = refusal("gr\u{f6}\u{df}e\n}");
        assert!(error.contains("\n         ^ a lone `}`"), "{error}");
        for preset in ["raw", "message", "text", "json", "logfmt"] {
            assert!(refusal("jsno").contains(preset));
        }
        refusal("");
    }

    #[test]
    fn what_python_refuses_is_refused_at_the_start() {
        let mistakes = [
            "{message",
            "{message:",
            "{message:>8",
            "message}",
            "{}",
            "{0}",
            "{:>5}",
            "{message!}",
            "{message!x}",
            "{message!r",
            "{message:{width}}",
            "{ message }",
            "{a[0]}",
            "{message:d}",
            "{message:+}",
            "{message:#}",
            "{message:,}",
            "{message:=8}",
            "{message:8.}",
            "{message!r:d}",
            "{levelno:s}",
            "{levelno:.2d}",
            "{levelno:.2}",
            "{lineno:,x}",
            "{created:d}",
            "{created:x}",
            "{created:s}",
            "{created:,n}",
            "{x:+c}",
            "{message:99999}",
            "{message:99999999999999999999}",
            "{x:{<5}",
            "{asctime:%H}",
            "%(message",
            "%(message)",
            "%(message)y",
            "%(message)d",
            "%(created)x",
            "%(created)c",
            "%()s",
            "%(message)s %",
            "%(message)s %d",
            "%(message)*d",
            "%(message)99999s",
        ];
        for template in mistakes {
            let error = refusal(template);
            assert!(error.contains('^'), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_template_panics(template in "[%({]?[a-z{}%():!<>=^+# 0-9._,sdfegx\u{e9}]{0,20}", number in any::<f64>()) {
            let defaults = Defaults::default();
            let mut record = sample(&defaults);
            record.extra.push(("a".into(), Value::Json(number.to_string().into())));
            match Template::parse(&template, Times::new(None, true)) {
                Ok(mut template) => template.render(&record, &mut Vec::new()),
                Err(error) => prop_assert!(error.to_string().contains('^')),
            }
        }

        /// `created` is shown with the digits that it came with.
        #[test]
        fn seconds_are_rounded_once(micros in 1_000_000_000_000_000_i64..4_000_000_000_000_000) {
            let float = Timestamp(micros * 1000).as_secs_f64();
            let want: f64 = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000).parse().unwrap();
            prop_assert_eq!(float, want);
        }

        #[test]
        fn width_and_precision_hold(text in "\\PC{0,12}", width in 0_usize..20, precision in 0_usize..20) {
            let defaults = Defaults::default();
            let mut record = Record::new(&defaults, Timestamp(0));
            record.message = Cow::Borrowed(text.as_bytes());
            let shown = render(&format!("{{message:{width}.{precision}}}"), &record);
            let kept = text.chars().count().min(precision);
            prop_assert_eq!(shown.chars().count(), kept.max(width));
        }
    }
}
