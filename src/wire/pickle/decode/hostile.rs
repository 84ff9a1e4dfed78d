//! Pickles that use one large thing a hundred thousand times: whatever is done
//! for each use is paid for, or is the same however large the thing is.
//!
//! Not tested here: pickles that are large or deep in themselves, which
//! tests/pickle.rs has.

use std::time::{Duration, Instant};

use super::*;

const USES: usize = 100_000;

/// More would be written than there is room for.
const LARGE: Result<(), NotAPickle> = Err(NotAPickle::TooLarge);

/// What is remembered stands under this number, if it is a text, and what is
/// made of it under the other.
const TEXT: u8 = 9;
const MADE: u8 = 1;

fn text(text: impl AsRef<[u8]>) -> Vec<u8> {
    let text = text.as_ref();
    let length = u32::try_from(text.len()).unwrap().to_le_bytes();
    [b"X", &length[..], text].concat()
}

fn long_text() -> Vec<u8> {
    vec![b'a'; 4_000_000]
}

/// A long text that can be used again.
fn remembered(bytes: &[u8]) -> Vec<u8> {
    [&text(bytes)[..], b"q", &[TEXT]].concat()
}

fn uses(number: u8) -> Vec<u8> {
    [b'h', number].repeat(USES)
}

fn tuple(items: &[u8]) -> Vec<u8> {
    [b"(", items, b"t"].concat()
}

fn call(module: &[u8], name: &str, args: &[u8]) -> Vec<u8> {
    [b"c", module, b"\n", name.as_bytes(), b"\n", args, b"R"].concat()
}

/// A record that consists of this, for which there are no words.
fn attribute(made: &[u8]) -> Vec<u8> {
    [b"\x80\x04}X\x01\0\0\0x", made, b"s."].concat()
}

/// As many references to what is made as there are uses, in lists in each other.
fn list(depth: usize, made: &[u8]) -> Vec<u8> {
    let (open, close) = (b"(".repeat(depth), b"l".repeat(depth));
    attribute(&[&open, made, &[b'q', MADE], &uses(MADE), &close].concat())
}

/// Below all that is followed.
const DEEP: usize = 64;

fn message(template: impl AsRef<[u8]>, args: &[u8]) -> Vec<u8> {
    let (name, template) = (text("msg"), text(template));
    [
        b"\x80\x04}(",
        &name[..],
        &template,
        &text("args"),
        args,
        b"u.",
    ]
    .concat()
}

/// Fields of this kind, and one value for all of them.
fn fields(field: &str, value: &[u8]) -> Vec<u8> {
    let values = [value, &[b'q', MADE], &uses(MADE)[2..]].concat();
    message(field.repeat(USES), &tuple(&values))
}

/// Decodes; what comes of it takes only a moment.
fn judge(cases: &[(&str, Vec<u8>, Result<(), NotAPickle>)]) {
    let defaults = Defaults::default();
    for (name, frame, want) in cases {
        let start = Instant::now();
        let mut record = Record::new(&defaults, Timestamp(0));
        let got = decode(frame, &defaults, Timestamp(0), &mut record);
        println!("{:?} {name}", start.elapsed());
        assert_eq!(got, *want, "{name}");
        // In a debug build, on a machine that is busy.
        assert!(start.elapsed() < Duration::from_secs(10), "{name}");
    }
}

#[test]
fn paths() {
    let parts = [remembered(&long_text()), uses(TEXT)].concat();
    let path = |parts: &[u8]| call(b"pathlib", "PurePosixPath", &tuple(parts));
    let module = [b"pathlib", &long_text()[..]].concat();
    judge(&[
        ("a path of long parts", attribute(&path(&parts)), LARGE),
        ("its text", message("%s", &tuple(&path(&parts))), LARGE),
        (
            "its representation",
            message("%r", &tuple(&path(&parts))),
            LARGE,
        ),
        ("no parts", list(1, &path(&b"N".repeat(USES))), LARGE),
        (
            "a long module",
            list(1, &call(&module, "Path", b")")),
            Ok(()),
        ),
    ]);
}

#[test]
fn names() {
    let module = long_text();
    let error = call(&module, "Error", b")");
    let global = |operations: &[u8]| {
        let uses = operations.repeat(USES / 2);
        attribute(&[&remembered(&module), &b"h\x09\x93q\x01"[..], &uses].concat())
    };
    judge(&[
        ("an exception without a text", fields("%s", &error), Ok(())),
        ("many calls", global(b"0h\x01)R"), Ok(())),
        ("many globals", global(b"0h\x09h\x09\x93"), Ok(())),
        ("calls that are left out", list(DEEP, &error), Ok(())),
    ]);
}

#[test]
fn well_known_objects() {
    let nones = tuple(&b"N".repeat(USES));
    let seconds = tuple(&b"K\x01".repeat(USES));
    let text_and_euro = [&long_text(), "\u{20ac}".as_bytes()].concat();
    let bytes = [&text(text_and_euro)[..], &text("latin1")].concat();
    let bytes = call(b"_codecs", "encode", &tuple(&bytes));
    let state = [b"}(", &b"NN".repeat(USES / 2)[..], &text("int"), b"K\x01u"].concat();
    let uuid = [b"cuuid\nUUID\n)\x81", &state[..], b"b"].concat();
    let decimal = call(b"decimal", "Decimal", &tuple(&text(long_text())));
    let with_keywords = [b"capp\nX\n)", &decimal[..], b"\x92"].concat();
    let pairs = call(b"collections", "OrderedDict", &tuple(&nones));
    let duration = call(b"datetime", "timedelta", &seconds);
    let moment = call(b"datetime", "datetime", &tuple(&bytes));
    judge(&[
        ("an ordered dictionary of no pairs", list(1, &pairs), LARGE),
        ("a UUID of many attributes", list(1, &uuid), LARGE),
        ("its attributes, left out", list(DEEP, &uuid), Ok(())),
        ("keywords that are none", list(1, &with_keywords), Ok(())),
        ("a duration of many numbers", list(DEEP, &duration), Ok(())),
        ("long bytes", list(DEEP, &bytes), LARGE),
        ("a moment of long bytes", list(DEEP, &moment), Ok(())),
    ]);
}

#[test]
fn numbers() {
    let length = u32::to_le_bytes(4_000_000);
    let zeros = [b"\x8b", &length[..], &[0; 4_000_000]].concat();
    let ones = [b"\x8b", &length[..], &[0xff; 4_000_000]].concat();
    let one = b"G\x3f\xf0\0\0\0\0\0\0";
    let hundreds = [b"L", &b"9".repeat(300)[..], b"L\n"].concat();
    let nines = [b"L", &b"9".repeat(4_000_000)[..], b"L\n"].concat();
    judge(&[
        ("a long 0", list(1, &zeros), Ok(())),
        ("a long -1", fields("%x", &ones), Ok(())),
        ("digits that are cut off", fields("%.1000g", one), LARGE),
        ("many digits for one", fields("%.0e", &hundreds), LARGE),
        ("what is too large for a float", fields("%e", &nines), LARGE),
    ]);
}

#[test]
fn names_of_arguments() {
    let keys = 0..u32::try_from(USES / 2).unwrap();
    let keys = keys.flat_map(|key| [text(format!("{key:x}")), b"N".to_vec()].concat());
    let keys: Vec<u8> = keys.collect();
    let many = [b"}(", &text("n")[..], b"K\x01", &keys, b"u"].concat();
    let shared = [&remembered(&long_text())[..], b"N", &b"h\x09N".repeat(USES)].concat();
    let shared = [b"}(", &shared[..], b"u"].concat();
    judge(&[
        (
            "many keys",
            message("%(n)s".repeat(USES / 2), &many),
            Ok(()),
        ),
        ("one long key", message("%(n)s", &shared), LARGE),
    ]);
}

#[test]
fn what_is_remembered() {
    let memos = [b"N", &b"\x94".repeat(4_000_000)[..]].concat();
    judge(&[("four million times", attribute(&memos), LARGE)]);
}
