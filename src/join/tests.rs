use proptest::prelude::*;

use super::*;
use crate::wire::framing::LineBuffer;

const SECOND: Duration = Duration::from_secs(1);

/// A record that was handed out: its text, whether it is a piece, and whether
/// there is a trace in it.
type Out = (String, bool, bool);

fn out(records: &mut Vec<Out>) -> impl FnMut(Joined<'_>) {
    |record| {
        let text = String::from_utf8_lossy(record.bytes).into_owned();
        records.push((text, record.piece, record.trace));
    }
}

fn joiner(join: Join, limit: usize, oversize: Oversize) -> Joiner {
    Joiner::new(join, limit, oversize, SECOND)
}

/// Feeds lines in batches of at most so many, each a whole line.
fn run(joiner: &mut Joiner, lines: &[&str], batch: usize) -> Vec<Out> {
    let mut records = Vec::new();
    for lines in lines.chunks(batch) {
        let text = lines.concat();
        let ends: Vec<usize> = lines
            .iter()
            .scan(0, |end, line| {
                *end += line.len();
                Some(*end)
            })
            .collect();
        let frames = Frames::listed(text.as_bytes(), &ends);
        joiner.feed(&frames, Now::read(), out(&mut records));
    }
    joiner.finish(out(&mut records));
    assert!(joiner.deadline().is_none());
    records
}

fn texts(records: &[Out]) -> Vec<&str> {
    records.iter().map(|(text, ..)| &**text).collect()
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

const EXAMPLE: &str = "a\n b\n\tc\n\nd\r\n\r\n e\nf\n";

#[test]
fn indented_lines() {
    for batch in [1, 2, 3, 100] {
        let mut joiner = joiner(Join::Indent, 100, Oversize::Split);
        let records = run(&mut joiner, &lines(EXAMPLE), batch);
        assert_eq!(
            texts(&records),
            ["a\n b\n\tc\n", "\n", "d\r\n", "\r\n e\n", "f\n"]
        );
        assert_eq!(joiner.joined(), 3);
        assert!(records.iter().all(|(_, piece, trace)| !piece && !trace));
    }
    // Nothing is before the first line, nor behind what was handed out.
    let mut joiner = joiner(Join::Indent, 100, Oversize::Split);
    assert_eq!(texts(&run(&mut joiner, &[" a\n", " b\n"], 9)), [" a\n b\n"]);
    assert_eq!(texts(&run(&mut joiner, &[" c\n", " d\n"], 1)), [" c\n d\n"]);
}

#[test]
fn lines_that_match() {
    let pattern = Regex::new(r"^(\+|.*\\$|$)").unwrap();
    let mut joiner = joiner(Join::Matching(pattern), 100, Oversize::Split);
    let input = ["a\n", "+ b\r\n", "c\\\r\n", "\n", "d+\n", "+\n"];
    let records = run(&mut joiner, &input, 2);
    assert_eq!(texts(&records), ["a\n+ b\r\nc\\\r\n\n", "d+\n+\n"]);
}

#[test]
fn a_record_is_held_for_its_time() {
    let mut joiner = joiner(Join::Indent, 100, Oversize::Split);
    assert!(joiner.deadline().is_none());
    let first = Now::read();
    let mut records = Vec::new();
    let mut all = Vec::new();
    let mut times = |record: Joined<'_>| all.push(record.received);
    joiner.feed(&Frames::lines(b"a\n b\n"), first, &mut times);
    assert_eq!(joiner.deadline(), Some(first.mono + SECOND));
    // Its time counts from its last line; it was received with its first.
    let later = Now {
        wall: Timestamp(first.wall.0 + 1),
        mono: first.mono + SECOND / 2,
    };
    joiner.feed(&Frames::lines(b" c\n"), later, &mut times);
    assert_eq!(joiner.deadline(), Some(later.mono + SECOND));
    let at = |mono| Now { mono, ..later };
    joiner.tick(at(first.mono + SECOND), &mut times);
    assert!(joiner.deadline().is_some());
    joiner.tick(at(later.mono + SECOND), &mut times);
    assert_eq!(joiner.deadline(), None);
    // What comes after that is another record.
    joiner.feed(&Frames::lines(b" d\ne\n"), later, &mut times);
    assert_eq!(all, [first.wall, later.wall]);
    joiner.tick(at(later.mono + 2 * SECOND), out(&mut records));
    assert_eq!(texts(&records), ["e\n"]);
}

#[test]
fn lines_that_wait_for_more_of_a_trace_have_their_own_times() {
    let mut joiner = joiner(Join::Trace, 100, Oversize::Split);
    let now = Now::read();
    let mut all = Vec::new();
    let text = ["WARN a\n", "SomeError: b\n", "c\n", "d\n"];
    for (n, line) in (0..).zip(text) {
        let wall = Timestamp(n);
        let now = Now { wall, ..now };
        joiner.feed(&Frames::lines(line.as_bytes()), now, |_| panic!("too soon"));
    }
    let due = joiner.deadline().unwrap();
    let now = Now { mono: due, ..now };
    joiner.tick(now, |record| {
        let text = String::from_utf8_lossy(record.bytes).into_owned();
        all.push((text, record.received, record.trace));
    });
    let want = text.iter().zip(0..);
    let want = want.map(|(line, n)| ((*line).to_owned(), Timestamp(n), false));
    assert_eq!(all, want.collect::<Vec<_>>());
    // And the trace that comes too late is one by itself.
    let mut records = Vec::new();
    joiner.feed(&Frames::lines(b"\tat A.b(C.java:1)\n"), now, |_| ());
    joiner.finish(out(&mut records));
    assert_eq!(records, [("\tat A.b(C.java:1)\n".into(), false, true)]);
}

#[test]
fn what_grows_too_long_is_split_cut_off_or_dropped() {
    let input = lines("abc\n d\n efghi\n j\n k\nl\n m\n");
    for batch in [1, 2, 100] {
        let mut split = joiner(Join::Indent, 7, Oversize::Split);
        let records = run(&mut split, &input, batch);
        let piece = |text: &str, piece| (text.to_owned(), piece, false);
        let want = [
            piece("abc\n d\n", true),
            piece(" efghi\n", true),
            piece(" j\n k\n", true),
            piece("l\n m\n", false),
        ];
        assert_eq!(records, want);
        assert_eq!(split.oversized().split, 1);
        assert_eq!(split.joined(), 5);

        let mut truncate = joiner(Join::Indent, 7, Oversize::Truncate);
        let records = run(&mut truncate, &input, batch);
        let want = [piece("abc\n d\n", false), piece("l\n m\n", false)];
        assert_eq!(records, want);
        assert_eq!(truncate.oversized().truncated, 1);

        let mut drop = joiner(Join::Indent, 7, Oversize::Drop);
        let records = run(&mut drop, &input, batch);
        assert_eq!(records, [piece("l\n m\n", false)]);
        assert_eq!(drop.oversized().dropped, 1);
    }
    // The last newline does not count.
    let mut exact = joiner(Join::Indent, 6, Oversize::Drop);
    assert_eq!(texts(&run(&mut exact, &input[..2], 9)), ["abc\n d\n"]);
    let mut less = joiner(Join::Indent, 5, Oversize::Drop);
    assert!(run(&mut less, &input[..2], 9).is_empty());
}

#[test]
fn a_trace_that_never_ends_is_bounded() {
    let head = "Traceback (most recent call last):\n";
    let frame = "  File \"a.py\", line 1, in f\n    f()\n";
    for oversize in [Oversize::Split, Oversize::Truncate, Oversize::Drop] {
        let mut joiner = joiner(Join::Trace, 1000, oversize);
        let (mut bytes, mut pieces) = (0, 0);
        let mut each = |record: Joined<'_>| {
            assert!(record.bytes.len() <= 1001 && record.trace);
            assert_eq!(record.piece, oversize == Oversize::Split);
            bytes += record.bytes.len();
            pieces += 1;
        };
        let batch = frame.repeat(7);
        joiner.feed(&Frames::lines(head.as_bytes()), Now::read(), &mut each);
        for _ in 0..1000 {
            joiner.feed(&Frames::lines(batch.as_bytes()), Now::read(), &mut each);
            assert!(joiner.carry.capacity() <= 4096);
        }
        joiner.finish(&mut each);
        let counts = joiner.oversized();
        assert_eq!(counts.split + counts.truncated + counts.dropped, 1);
        match oversize {
            Oversize::Split => assert_eq!(bytes, head.len() + 1000 * batch.len()),
            Oversize::Truncate => assert_eq!(pieces, 1),
            Oversize::Drop => assert_eq!(pieces, 0),
        }
        let mut records = Vec::new();
        joiner.feed(&Frames::lines(b"a\nb\n"), Now::read(), out(&mut records));
        assert_eq!(records, [("a\n".into(), false, false)]);
    }
}

/// What the line buffer has cut is one line in pieces, whatever they look
/// like; lines that continue it are more pieces.
#[test]
fn pieces_of_a_line_stay_pieces() {
    for batch in [1, 2, 100] {
        let input = ["x\n", "abcd", " efg", " h\n", " i\n", " j\n", "k\n"];
        let mut joiner = joiner(Join::Indent, 4, Oversize::Split);
        let records = run(&mut joiner, &input, batch);
        let piece = |text: &str, piece| (text.to_owned(), piece, false);
        let want = [
            piece("x\n", false),
            piece("abcd", true),
            piece(" efg", true),
            piece(" h\n", true),
            piece(" i\n", true),
            piece(" j\n", true),
            piece("k\n", false),
        ];
        assert_eq!(records, want);
        // The line was counted by the line buffer.
        assert_eq!(joiner.oversized(), OversizeCounts::default());
    }
    // A time-out between two of them changes nothing.
    let mut joiner = joiner(Join::Indent, 4, Oversize::Split);
    let (mut records, now) = (Vec::new(), Now::read());
    joiner.feed(&Frames::lines(b"abcd"), now, out(&mut records));
    let mono = joiner.deadline().unwrap();
    joiner.tick(Now { mono, ..now }, out(&mut records));
    joiner.feed(&Frames::lines(b" e\n"), now, out(&mut records));
    joiner.finish(out(&mut records));
    assert!(records.iter().all(|(_, piece, _)| *piece));
    assert_eq!(texts(&records), ["abcd", " e\n"]);
}

#[test]
fn an_empty_line_before_nodes_report_is_part_of_it_where_node_wrote_it() {
    let report = "/app/x.js:1\nthrow x\n^\n\nError: x\n    at /app/x.js:1:1\n";
    let value = "\n/app/x.js:1\nthrow 'x'\n^\nx\n\nNode.js v20.0.0\n";
    let text = format!("\n{report}done\n{value}done\n");
    for batch in [1, 2, 100] {
        let mut joiner = joiner(Join::Trace, 1000, Oversize::Split);
        let records = run(&mut joiner, &lines(&text), batch);
        assert_eq!(texts(&records), ["\n", report, "done\n", value, "done\n"]);
    }
}

#[test]
fn only_a_line_that_warns_is_the_head_of_the_trace_behind_it() {
    let trace = "Traceback (most recent call last):\n  File \"x\", line 1\nE: x\n";
    for (head, joins) in [
        ("ERROR x\n", true),
        ("[warn] x\n", true),
        ("INFO x\n", false),
        ("x\n", false),
        ("\n", false),
        ("{\"level\":\"error\"}\n", false),
        // A level in running text is none of the line.
        ("Caused by: an ERROR\n", false),
        ("Caused by: level=error\n", true),
    ] {
        let text = format!("ERROR before\n{head}{trace}{trace}INFO\n");
        let mut joiner = joiner(Join::Trace, 1000, Oversize::Split);
        let records = run(&mut joiner, &lines(&text), 2);
        let joined = format!("{head}{trace}");
        let want: &[&str] = match joins {
            true => &["ERROR before\n", &joined, trace, "INFO\n"],
            false => &["ERROR before\n", head, trace, trace, "INFO\n"],
        };
        assert_eq!(texts(&records), want);
    }
}

/// A message that may go on ends at a line that is a record for sure.
#[test]
fn a_line_of_the_log_is_no_line_of_a_message() {
    let frame = "\tat a.B.c(B.java:1)\n";
    let dated = "2024-01-01 10:00:00 INFO fine\n";
    for message in [
        "java.lang.Error: x\n",
        &format!("java.lang.Error: x\n{frame}Caused by: y\n"),
    ] {
        for between in [&[dated][..], &["[warn] x\n"], &[dated, "plain\n"]] {
            let text = format!("{message}{}{frame}", between.concat());
            let mut joiner = joiner(Join::Trace, 1000, Oversize::Split);
            let records = run(&mut joiner, &lines(&text), 2);
            let last = format!("{}{frame}", between[between.len() - 1]);
            let mut want = vec![message];
            want.extend(&between[..between.len() - 1]);
            want.push(&last);
            assert_eq!(texts(&records), want);
        }
    }
}

/// Lines behind a statement that has no end are their own.
#[test]
fn a_statement_without_an_end_takes_no_other_lines() {
    let trace = "Traceback (most recent call last):\n  File \"a.py\", line 1, in f\n    f()\n\
        a.Error: no\n[SQL: SELECT 1\n";
    let behind = ["FROM users\n", "plain\n", "plain too\n"];
    let text = format!("{trace}{}", behind.concat());
    for batch in [1, 2, 100] {
        let mut joiner = joiner(Join::Trace, 1000, Oversize::Split);
        let records = run(&mut joiner, &lines(&text), batch);
        let want: Vec<_> = [trace].into_iter().chain(behind).collect();
        assert_eq!(texts(&records), want);
    }
}

/// Lines that wait for more take no more room than a record may.
#[test]
fn what_is_held_for_a_trace_is_bounded() {
    let input = [
        "SomeError: 45678\n",
        "bcdefghi\n",
        "c\n",
        "\tat a.B(C.java:1)\n",
    ];
    let joined = |limit| {
        let mut joiner = joiner(Join::Trace, limit, Oversize::Split);
        run(&mut joiner, &input, 1);
        joiner.joined()
    };
    // With all three, or with the last of them alone.
    assert_eq!(joined(input[..3].concat().len()), 3);
    assert_eq!(joined(input[..3].concat().len() - 1), 1);
}

#[test]
fn two_texts_are_read_as_one() {
    let mut text = Text::new(b"abc".to_vec(), b"defg");
    assert_eq!(text.get(1, 3), b"bc");
    assert_eq!(text.get(2, 5), b"cde");
    assert_eq!(text.get(0, 4), b"abcd");
    assert_eq!(text.get(3, 7), b"defg");
    assert_eq!(text.keep(1), b"bcdefg");
    assert_eq!(Text::new(b"abc".to_vec(), b"defg").keep(4), b"efg");
}

/// Lines of which traces are made, and others.
const POOL: &[&str] = &[
    "",
    "\r",
    "plain",
    "ERROR failed",
    "2024-01-01 10:00:00 INFO fine",
    "Traceback (most recent call last):",
    "  File \"x.py\", line 1, in f",
    "    f()",
    "ValueError: x",
    "During handling of the above exception, another exception occurred:",
    "  + Exception Group Traceback (most recent call last):",
    "  | E: x",
    "java.lang.Error: x",
    "\tat A.b(C.java:1)",
    "Caused by: java.lang.Error: y",
    "\t... 2 more",
    "panic: x",
    "goroutine 1 [running]:",
    "main.main()",
    "\t/x.go:1 +0x1",
    "thread 'main' panicked at x.rs:1:1:",
    "thread 'main' (1) panicked at x.rs:1:1:",
    "note: run with",
    "stack backtrace:",
    "   0: x",
    "/app/x.js:3",
    "   ^",
    "Error: x",
    "    at x (/app/x.js:1:2) {",
    "}",
    "Node.js v20.0.0",
    "Unhandled exception. System.X: x",
    "   at A.B()",
    "--- End of stack trace from previous location ---",
];

fn any_join() -> impl Strategy<Value = Join> {
    prop_oneof![
        Just(Join::Indent),
        Just(Join::Trace),
        Just(Join::Matching(Regex::new("^[^a-zA-Z]").unwrap())),
    ]
}

/// Reads a text as the pipeline does, in reads of the given sizes.
fn read(joiner: &mut Joiner, text: &[u8], limit: usize, reads: &[usize]) -> Vec<Out> {
    let mut buffer = LineBuffer::new(limit, Oversize::Split);
    let mut records = Vec::new();
    let (mut rest, mut sizes) = (text, reads.iter().cycle());
    while !rest.is_empty() {
        let space = buffer.space();
        let size = *sizes.next().unwrap_or(&1);
        let count = size.clamp(1, rest.len()).min(space.len());
        space[..count].copy_from_slice(&rest[..count]);
        rest = &rest[count..];
        buffer.fill(count);
        buffer.cut(rest.is_empty());
        joiner.feed(&buffer.frames(), Now::read(), out(&mut records));
        buffer.consume();
    }
    joiner.finish(out(&mut records));
    records
}

proptest! {
    /// Not a byte is lost or moved, and how the input comes makes no
    /// difference to the records.
    #[test]
    fn nothing_is_lost_in_any_batches(
        join in any_join(),
        picks in prop::collection::vec(prop::sample::select(POOL), 0..60),
        limit in prop_oneof![1usize..80, Just(1 << 16)],
        reads in prop::collection::vec(1usize..300, 1..5),
    ) {
        let text: String = picks.iter().map(|line| format!("{line}\n")).collect();
        let text = text.as_bytes();
        let mut whole = joiner(join.clone(), limit, Oversize::Split);
        let at_once = read(&mut whole, text, limit, &[usize::MAX]);
        let all = texts(&at_once).concat();
        prop_assert_eq!(all.as_bytes(), text);
        for (record, piece, _) in &at_once {
            prop_assert!(record.strip_suffix('\n').unwrap_or(record).len() <= limit);
            prop_assert!(*piece || record.ends_with('\n'));
        }
        let mut parts = joiner(join, limit, Oversize::Split);
        let in_parts = read(&mut parts, text, limit, &reads);
        prop_assert_eq!(at_once, in_parts);
        prop_assert_eq!(whole.joined(), parts.joined());
        prop_assert_eq!(whole.oversized(), parts.oversized());
    }

    /// What is dropped are the records that are split otherwise, and what is
    /// cut off are all their parts but the first.
    #[test]
    fn truncate_and_drop(
        join in any_join(),
        picks in prop::collection::vec(prop::sample::select(POOL), 0..60),
        limit in 70usize..200,
        batch in 1usize..20,
    ) {
        let text: String = picks.iter().map(|line| format!("{line}\n")).collect();
        let mut split = joiner(join.clone(), limit, Oversize::Split);
        let all = run(&mut split, &lines(&text), batch);
        let many = split.oversized().split;
        let fits: Vec<_> = all.iter().filter(|(_, piece, _)| !piece).cloned().collect();

        let mut drop = joiner(join.clone(), limit, Oversize::Drop);
        let kept = run(&mut drop, &lines(&text), batch);
        prop_assert_eq!(&kept, &fits);
        prop_assert_eq!(drop.oversized().dropped, many);
        prop_assert_eq!(drop.joined(), split.joined());

        let mut truncate = joiner(join, limit, Oversize::Truncate);
        let cut = run(&mut truncate, &lines(&text), batch);
        prop_assert_eq!(truncate.oversized().truncated, many);
        prop_assert_eq!(truncate.joined(), split.joined());
        prop_assert_eq!(cut.len(), fits.len() + many as usize);
        // In order, each is a record or its first part.
        let mut rest = all.iter();
        for (text, piece, trace) in &cut {
            prop_assert!(!piece);
            prop_assert!(rest.any(|(part, _, of)| part == text && of == trace));
        }
    }

    /// Wherever a time-out comes between two lines, it may part a record, and
    /// nothing else: every byte stays in its place, and none is held.
    #[test]
    fn time_outs_lose_nothing(
        join in any_join(),
        picks in prop::collection::vec((prop::sample::select(POOL), any::<bool>()), 0..60),
        limit in prop_oneof![1usize..80, Just(1 << 16)],
    ) {
        let mut joiner = joiner(join, limit, Oversize::Split);
        let (mut all, mut input, now) = (Vec::new(), Vec::new(), Now::read());
        for (line, late) in picks {
            let line = format!("{line}\n");
            input.extend_from_slice(line.as_bytes());
            let mut add = |record: Joined<'_>| all.extend_from_slice(record.bytes);
            joiner.feed(&Frames::lines(line.as_bytes()), now, &mut add);
            let due = joiner.deadline().filter(|_| late);
            if let Some(mono) = due {
                joiner.tick(Now { mono, ..now }, &mut add);
                prop_assert_eq!(&all, &input);
                prop_assert!(joiner.deadline().is_none());
            }
        }
        joiner.finish(|record| all.extend_from_slice(record.bytes));
        prop_assert_eq!(all, input);
    }

    /// Bytes of any kind do no harm.
    #[test]
    fn any_bytes(
        text in prop::collection::vec(prop::sample::select(&b" \n\r\tat(:1)[]{}E^.\"'\xff\x00"[..]), 0..400),
        limit in 1usize..60,
    ) {
        let mut joiner = joiner(Join::Trace, limit, Oversize::Split);
        let mut all = Vec::new();
        joiner.feed(&Frames::lines(&text), Now::read(), |record| all.extend_from_slice(record.bytes));
        joiner.finish(|record| all.extend_from_slice(record.bytes));
        prop_assert_eq!(all, text);
    }
}
