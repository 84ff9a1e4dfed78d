use super::super::options::AROUND;
use super::super::{Wire, detect};
use super::*;
use crate::wire::envelope::{Authenticate, TAG};
use crate::wire::framing::Oversize;
use crate::wire::hmac::Key;
use crate::wire::lh;
use proptest::prelude::*;

fn accepted(max_record: usize, oversize: Oversize) -> Accepted {
    Accepted {
        wire: None,
        max_record,
        oversize,
        key: None,
    }
}

/// Numbered frames of a sender that has said who it is.
fn numbered() -> Protocol {
    let mut numbered = Numbered::default();
    numbered.sender = Some(SenderId([1; 16]));
    Protocol::Numbered(numbered)
}

/// The messages of a stream that comes in pieces.
fn messages(input: &[u8], sizes: &[usize], accepted: &Accepted) -> (Vec<Vec<u8>>, Option<Broken>) {
    let mut protocol: Option<Protocol> = None;
    let (mut buffer, mut found) = (Vec::new(), Vec::new());
    let mut sizes = sizes.iter().copied().cycle();
    let mut rest = input;
    let mut counts = OversizeCounts::default();
    loop {
        let size = sizes.next().unwrap_or(1).clamp(1, rest.len().max(1));
        let (piece, behind) = rest.split_at(size.min(rest.len()));
        buffer.extend_from_slice(piece);
        rest = behind;
        let at_end = rest.is_empty();
        if protocol.is_none() {
            protocol = detect::stream(&buffer, accepted, at_end);
        }
        let mut at = 0;
        while let Some(protocol) = &mut protocol {
            match protocol.next(&buffer[at..], accepted, &mut counts, at_end) {
                Ok(Next::More) => break,
                Ok(Next::Message(message, used)) => {
                    found.push(message.bytes.to_vec());
                    at += used;
                }
                Ok(
                    Next::Skip(used)
                    | Next::TooLong(_, used)
                    | Next::Skipped(_, used)
                    | Next::Hello(_, used),
                ) => {
                    at += used;
                }
                Err(error) => return (found, Some(error)),
            }
            protocol.consumed(buffer.len() - at);
        }
        buffer.drain(..at);
        if at_end {
            return (found, None);
        }
    }
}

fn texts(input: &[u8], sizes: &[usize]) -> Vec<String> {
    let (found, broken) = messages(input, sizes, &accepted(64, Oversize::Split));
    assert_eq!(broken, None);
    let texts = found.iter().map(|text| String::from_utf8_lossy(text));
    texts.map(std::borrow::Cow::into_owned).collect()
}

#[test]
fn each_framing_is_understood() {
    for sizes in [&[1000][..], &[1], &[3, 7]] {
        assert_eq!(
            texts(b"<13>a\n<13>b\r\n<13>c", sizes),
            ["<13>a", "<13>b", "<13>c"]
        );
        assert_eq!(texts(b"<13>a\0<13>b\0", sizes), ["<13>a", "<13>b"]);
        // As lh's own --append-nul has it.
        for end in ["\0\n", "\0\r\n"] {
            let input = format!("<13>a{end}<13>b{end}<13>c{end}");
            assert_eq!(texts(input.as_bytes(), sizes), ["<13>a", "<13>b", "<13>c"]);
        }
        assert_eq!(texts(b"5 <13>a7 <13>b\nc", sizes), ["<13>a", "<13>b\nc"]);
        assert_eq!(texts(b"6 <13>a\n\n5 <13>b\n", sizes), ["<13>a\n", "<13>b"]);
        assert_eq!(texts(b"\0\0\0\x02ab\0\0\0\x01c", sizes), ["ab", "c"]);
        assert_eq!(texts(b"{\"a\":1}\n{}\n", sizes), ["{\"a\":1}", "{}"]);
        assert_eq!(texts(b"{\"a\":1}\0{}\0", sizes), ["{\"a\":1}", "{}"]);
        assert_eq!(texts(b"one\n\ntwo", sizes), ["one", "", "two"]);
        // A carriage return belongs to a line's end only where there is one.
        let many = [&b"a\r\n".repeat(9)[..], b"b\r"].concat();
        assert_eq!(
            texts(&many, sizes),
            ["a", "a", "a", "a", "a", "a", "a", "a", "a", "b\r"]
        );
    }
    // A number and a tag are no length and no priority.
    for sizes in [&[1000][..], &[1], &[5], &[3, 7]] {
        assert_eq!(
            texts(b"404 <none> missing\n12 <b>bold</b>\n5 <13", sizes),
            ["404 <none> missing", "12 <b>bold</b>", "5 <13"]
        );
    }
    // Messages with line feeds in them, ended by a NUL.
    assert_eq!(
        texts(b"<13>a\n b\0<13>c\0", &[1000]),
        ["<13>a\n b", "<13>c"]
    );
    // What comes in pieces costs the message that is cut, and no other.
    assert_eq!(
        texts(b"<13>a\n b\0<13>c\n d\0<13>e\0", &[6, 10, 100]),
        ["<13>a", " b", "<13>c\n d", "<13>e"]
    );
    // A NUL within a line ends nothing.
    assert_eq!(
        texts(b"<13>a\0, b\n<13>c\n", &[1000]),
        ["<13>a\0, b", "<13>c"]
    );
}

/// A first message of several lines is one, in whatever pieces it comes.
#[test]
fn a_message_of_lines_may_come_in_pieces() {
    let trace = format!("<11>job failed\n{}boom", "  File x\n".repeat(40));
    let object = format!("{{\n{}\"b\": 1\n}}", "  \"a\": {},\n".repeat(40));
    for first_message in [trace, object] {
        let rest = ["<14>one", "<10>disk full", "<14>two\nlines", "<14>last"];
        let input = format!("{first_message}\0{}\0", rest.join("\0"));
        for first in [16, 20, 100, 200, 369, 373, 374] {
            for sizes in [
                &[first, 1000][..],
                &[first, 9, 1000],
                &[first, 30],
                &[first, 1],
            ] {
                let found = texts(input.as_bytes(), sizes);
                assert_eq!(found[0], first_message, "{sizes:?}");
                assert_eq!(found[1..], rest, "{sizes:?}");
            }
        }
    }
}

/// A message that was held, and turns out to be too long, is cut like any other.
#[test]
fn a_held_message_may_be_too_long() {
    for oversize in [Oversize::Split, Oversize::Truncate, Oversize::Drop] {
        let accepted = accepted(64, oversize);
        let line = format!("<13>{}\n", "a".repeat(accepted.longest_counted() - 200));
        let first = format!("{line} two");
        let input = format!("{first}{}\0<14>next\0", "b".repeat(400));
        let nul = input.find('\0').unwrap() + 1;
        let sizes = [first.len(), nul - first.len(), 9];
        let (found, broken) = messages(input.as_bytes(), &sizes, &accepted);
        assert_eq!(broken, None);
        assert_eq!(found.last().unwrap(), b"<14>next");
        if oversize == Oversize::Split {
            // But for the line feed, which may end a piece.
            let text = found[..found.len() - 1].concat();
            let of = |bytes: &[u8]| bytes.iter().filter(|byte| **byte != b'\n').count();
            assert_eq!(of(&text), of(&input.as_bytes()[..nul - 1]));
        }
    }
}

/// Lines are not held back for a NUL that never comes.
#[test]
fn lines_are_lines_once_nobody_waits() {
    let accepted = accepted(64, Oversize::Split);
    let mut counts = OversizeCounts::default();
    let mut text = Text::new(Kind::Auto);
    let mut next = |text: &mut Text, input: &str| match text.next(
        input.as_bytes(),
        &accepted,
        &mut counts,
        false,
    ) {
        Next::Message(message, used) => {
            text.consumed(input.len() - used);
            Some(String::from_utf8(message.bytes.to_vec()).unwrap())
        }
        Next::More => None,
        other => panic!("{other:?}"),
    };
    assert_eq!(next(&mut text, "<13>one\ntwo\n"), None);
    assert!(text.is_waiting());
    // The next one stands behind a line feed.
    assert_eq!(
        next(&mut text, "<13>one\ntwo\n<13>three\n").as_deref(),
        Some("<13>one")
    );
    assert!(!text.is_waiting());
    let mut text = Text::new(Kind::Auto);
    assert_eq!(next(&mut text, "<13>one\ntwo\n"), None);
    text.wait_no_more();
    assert_eq!(
        next(&mut text, "<13>one\ntwo\n").as_deref(),
        Some("<13>one")
    );
    assert_eq!(next(&mut text, "two\n").as_deref(), Some("two"));
    assert_eq!(
        next(&mut text, "<13>three\nfour\n").as_deref(),
        Some("<13>three")
    );
    // What is complete by itself waits for nothing, nor what is too long.
    for input in ["<13>one\n", "{\"a\":1}\ntwo\n", "one\ntwo\n"] {
        let first = input.split('\n').next();
        let mut text = Text::new(Kind::Auto);
        assert_eq!(next(&mut text, input).as_deref(), first);
    }
    // Nor what would be very many records at once.
    let mut text = Text::new(Kind::Auto);
    let short = "<13>one\n".to_owned() + &"\n".repeat(100);
    assert_eq!(next(&mut text, &short).as_deref(), Some("<13>one"));
    assert!(!text.is_waiting());
    let mut text = Text::new(Kind::Auto);
    let long = "<13>one\n".to_owned() + &" line\n".repeat(accepted.longest_counted() / 6);
    assert_eq!(next(&mut text, &long).as_deref(), Some("<13>one"));
}

/// What stands around a message is none of its length.
#[test]
fn only_messages_are_too_long() {
    let long = format!("{{\"message\":\"{}\"}}", "x".repeat(1000));
    let syslog = format!("<13>Oct 11 22:14:15 host app: {}", "x".repeat(100));
    for text in [&*long, &*syslog] {
        for sizes in [&[10_000][..], &[1], &[300, 7]] {
            assert_eq!(texts(format!("{text}\n").as_bytes(), sizes), [text]);
        }
    }
}

/// Nobody hides what follows by a NUL that gets into a line.
#[test]
fn a_nul_within_a_line_costs_no_other_line() {
    let syslog = "<13>one\n<13>a\0b\n<11>two\n<11>three\n";
    let all = [2, 10, 50].map(|count| format!("{}{}", "<13>first\n".repeat(count), &syslog[8..]));
    let inputs = all.into_iter().chain([
        syslog.to_owned(),
        syslog[8..].to_owned(),
        syslog[8..].replace("\0b", "\0"),
        syslog[8..].replace("\0b", "\0<13>b"),
        syslog[8..].replace("\0b", "\0{}"),
        "{\"m\":\"x\0{\"}\n{\"m\":1}\r\n{\"m\":2}\n".to_owned(),
        "{\"m\":\"xy\"}\n{\"m\":\"\0a\"}\n{\"m\":1}\n{\"m\":2}\n".to_owned(),
    ]);
    for input in inputs {
        let lines: Vec<&[u8]> = input.split_inclusive('\n').map(str::as_bytes).collect();
        for wire in [None, Some(Wire::Syslog), Some(Wire::Json)] {
            let accepted = Accepted {
                wire,
                ..accepted(64, Oversize::Split)
            };
            let each: Vec<_> = lines.iter().map(|line| line.len()).collect();
            for sizes in [&each[..], &[1000], &[1], &[3, 7], &[40]] {
                let (found, _) = messages(input.as_bytes(), sizes, &accepted);
                // The last two stand by themselves.
                let last = lines[lines.len() - 2..].iter();
                let last: Vec<_> = last.map(|line| line.trim_ascii_end().to_vec()).collect();
                assert!(
                    found.ends_with(&last),
                    "{input:?} {wire:?} {sizes:?} {found:?}"
                );
                assert!(found.len() <= lines.len() + 1, "{input:?} {found:?}");
            }
        }
    }
}

#[test]
fn an_object_of_several_lines_is_one_where_gelf_is_meant() {
    let accepted = Accepted {
        wire: Some(Wire::Gelf),
        ..accepted(64, Oversize::Split)
    };
    let objects = ["{\n  \"a\": \"}\"\n}", "{\"b\":{\n}}"];
    let whole = format!("{}\0{}\0", objects[0], objects[1]);
    let lines = "{\"a\":1}\n{\"b\":2}\n";
    for sizes in [&[1000][..], &[1], &[3, 7]] {
        let found = |input: &str| {
            let (found, broken) = messages(input.as_bytes(), sizes, &accepted);
            assert_eq!(broken, None);
            found
        };
        assert_eq!(found(&whole), objects.map(|text| text.as_bytes().to_vec()));
        assert_eq!(found(lines), [b"{\"a\":1}", b"{\"b\":2}"]);
        // Nothing ends the last one but the end.
        assert_eq!(found(objects[0]), [objects[0].as_bytes()]);
    }
}

#[test]
fn a_frame_that_is_too_long_is_skipped_and_its_number_noted() {
    let accepted = accepted(0, Oversize::Split);
    let frame = |number: u64, length: usize| {
        let mut out = Vec::new();
        lh::encode_frame(number, &vec![b'x'; length], &mut out);
        out
    };
    let (most, skipped) = (8 * AROUND, accepted.longest_skipped());
    let mut protocol = numbered();
    let mut next = |bytes: &[u8], accepted: &Accepted| {
        let mut counts = OversizeCounts::default();
        let next = protocol.next(bytes, accepted, &mut counts, false);
        next.map(|next| format!("{next:?}"))
    };
    let long = frame(7, most + 1);
    assert_eq!(next(&long[..20], &accepted).unwrap(), "Skip(12)");
    assert_eq!(next(&long[12..20], &accepted).unwrap(), "Skip(8)");
    assert_eq!(next(&[], &accepted).unwrap(), "More");
    let rest = [&long[20..], &frame(8, 1)].concat();
    let end = next(&rest, &accepted).unwrap();
    let want = format!(
        "Skipped(Skipped {{ number: 7, length: {}, most: {most} }}, {})",
        most + 1,
        most - 7
    );
    assert_eq!(end, want);
    assert!(
        next(&frame(8, 1), &accepted)
            .unwrap()
            .starts_with("Message")
    );
    // What is no length, and what nobody has vouched for.
    let broken = next(&frame(9, skipped + 1), &accepted).unwrap_err();
    assert!(broken.to_string().contains("is longer"), "{broken}");
    assert!(next(&frame(9, most + 1), &accepted).is_ok());
}

/// Where there is a key, its number counts only if it has a code.
#[test]
fn a_frame_that_is_too_long_has_to_be_vouched_for() {
    let accepted = Accepted {
        key: Key::new(b"0123456789abcdef").ok(),
        ..accepted(0, Oversize::Split)
    };
    let body = vec![b'x'; 8 * AROUND + 1];
    let tag = accepted.key.as_ref().map(|key| key.tag(&body)).unwrap();
    for (tag, is_right) in [(tag, true), ([7; TAG], false)] {
        let mut whole = Vec::new();
        lh::encode_frame(7, &[&tag[..], &body].concat(), &mut whole);
        for sizes in [&[1 << 20][..], &[13], &[30, 1, 1000]] {
            let mut protocol = numbered();
            let (mut from, mut to) = (0, 0);
            let mut sizes = sizes.iter().cycle();
            let last = loop {
                let mut counts = OversizeCounts::default();
                match protocol.next(&whole[from..to], &accepted, &mut counts, false) {
                    Ok(Next::More) => to = whole.len().min(to + sizes.next().unwrap()),
                    Ok(Next::Skip(count)) => from += count,
                    Ok(Next::Skipped(skipped, count)) => {
                        assert_eq!(from + count, whole.len());
                        break Ok(skipped.number);
                    }
                    Ok(other) => panic!("{other:?}"),
                    Err(error) => break Err(error),
                }
            };
            assert_eq!(last, is_right.then_some(7).ok_or(Broken::NoCode));
        }
    }
}

/// A piece is a part of a line, whatever it looks like, and of no character half.
#[test]
fn the_pieces_of_a_line_are_no_messages_of_their_own() {
    let input = "-<13>ab\u{e4}<13>f<13>gh{\"a\":1}\n<13>k\n".as_bytes();
    for sizes in [&[100][..], &[1], &[2, 5]] {
        let mut protocol = Protocol::Text(Text::new(Kind::Auto));
        let accepted = accepted(8, Oversize::Split);
        let (mut from, mut to, mut found) = (0, 0, Vec::new());
        let mut sizes = sizes.iter().cycle();
        while from < input.len() {
            let mut counts = OversizeCounts::default();
            match protocol.next(&input[from..to], &accepted, &mut counts, false) {
                Ok(Next::More) => to = input.len().min(to + sizes.next().unwrap()),
                Ok(Next::Message(message, count)) => {
                    from += count;
                    let text = std::str::from_utf8(message.bytes).unwrap();
                    found.push((text, message.continues, message.more));
                    if let Protocol::Text(text) = &mut protocol {
                        text.level = Level::ALERT;
                    }
                }
                other => panic!("{other:?}"),
            }
            protocol.consumed(to - from);
        }
        let goes_on = Some(Level::ALERT);
        let want = [
            ("-<13>ab", None, true),
            ("\u{e4}<13>f<", goes_on, true),
            ("13>gh{\"a", goes_on, true),
            ("\":1}", goes_on, false),
            ("<13>k", None, false),
        ];
        assert_eq!(found, want);
    }
}

#[test]
fn a_long_line_is_split_cut_or_dropped() {
    let input = b"abcdefgh\nij\n";
    for (oversize, want) in [
        (Oversize::Split, &["abc", "def", "gh", "ij"][..]),
        (Oversize::Truncate, &["abc", "ij"]),
        (Oversize::Drop, &["ij"]),
    ] {
        for sizes in [&[100][..], &[1], &[2, 5]] {
            let (found, broken) = messages(input, sizes, &accepted(3, oversize));
            assert_eq!(
                (found, broken),
                (want.iter().map(|t| t.as_bytes().to_vec()).collect(), None)
            );
        }
    }
}

#[test]
fn what_can_not_be_framed_is_told() {
    let broken = |input: &[u8]| messages(input, &[2], &accepted(64, Oversize::Split)).1;
    assert_eq!(
        broken(b"\x7f\xff\xff\xff...."),
        Some(Broken::TooLong(0x7fff_ffff, 65792))
    );
    assert_eq!(
        broken(b"99999999 <13>"),
        Some(Broken::TooLong(99_999_999, 65792))
    );
    assert_eq!(broken(b"5 <13>axx"), Some(Broken::NoCount));
    assert_eq!(broken(b"5 <13>a12345678901"), Some(Broken::NoCount));
    assert_eq!(broken(b"9 <13>a"), Some(Broken::CutOff));
    assert_eq!(broken(b"\0\0\0\x09a"), Some(Broken::CutOff));
    assert_eq!(broken(b"\0\0"), Some(Broken::CutOff));
}

#[test]
fn a_counted_message_that_is_too_long_is_skipped() {
    let long = "x".repeat(70_000);
    let most = 16 * (64 + (64 << 10));
    for sizes in [&[1_000_000][..], &[999], &[60_000, 1]] {
        let syslog = format!("5 <13>a{} <13>{long}5 <13>b", long.len() + 4);
        assert_eq!(texts(syslog.as_bytes(), sizes), ["<13>a", "<13>b"]);
        let length = u32::try_from(long.len()).unwrap().to_be_bytes();
        let pickles = [b"\0\0\0\x01a", &length[..], long.as_bytes(), b"\0\0\0\x01b"];
        assert_eq!(texts(&pickles.concat(), sizes), ["a", "b"]);
    }
    let mut counts = OversizeCounts::default();
    let mut protocol = Protocol::Counted(Counted::new(Lengths::Digits));
    let mut next = |text: String| {
        let next = protocol.next(
            text.as_bytes(),
            &accepted(64, Oversize::Split),
            &mut counts,
            false,
        );
        match next {
            Ok(Next::TooLong(length, used)) => Ok((length, used)),
            Ok(Next::Skip(count)) => Ok((0, count)),
            other => Err(format!("{other:?}")),
        }
    };
    assert_eq!(next(format!("{most} <13>")), Ok((most as u64, 8)));
    assert_eq!(next("x".repeat(most - 1)), Ok((0, most - 1)));
    assert_eq!(next("xx".to_owned()), Ok((0, 1)));
    let broken = next(format!("{} <13>", most + 1)).unwrap_err();
    assert!(broken.contains("TooLong"), "{broken}");
    assert_eq!(counts.dropped, 1);
}

proptest! {
    /// However a stream comes in pieces, its messages are the same.
    #[test]
    fn pieces_change_nothing(
        lines in prop::collection::vec("[a-c<{]{1,9}", 1..20),
        framing in 0usize..3,
        sizes in prop::collection::vec(1usize..9, 1..5),
    ) {
        let mut input = Vec::new();
        for line in &lines {
            match framing {
                0 => input.extend_from_slice(format!("a{line}\n").as_bytes()),
                1 => input.extend_from_slice(format!("{} <13>{line}", line.len() + 4).as_bytes()),
                _ => {
                    input.extend_from_slice(&(line.len() as u32).to_be_bytes());
                    input.extend_from_slice(line.as_bytes());
                }
            }
        }
        let mark = ["a", "<13>", ""][framing];
        let want: Vec<_> = lines.iter().map(|line| format!("{mark}{line}")).collect();
        prop_assert_eq!(texts(&input, &sizes), want);
    }

    /// Nor where it only looks as if lengths stood before its messages.
    #[test]
    fn pieces_change_nothing_of_what_looks_counted(
        lines in prop::collection::vec("[1-9]{1,2} ?<?[0-9]{0,4}>?[a-c<]{0,3}", 1..6),
        wire in prop::option::of(Just(Wire::Syslog)),
        sizes in prop::collection::vec(1usize..9, 1..5),
    ) {
        let input = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
        let accepted = Accepted { wire, ..accepted(64, Oversize::Split) };
        let whole = messages(input.as_bytes(), &[usize::MAX], &accepted);
        prop_assert_eq!(messages(input.as_bytes(), &sizes, &accepted), whole);
    }

    #[test]
    fn nothing_panics(input: Vec<u8>, sizes in prop::collection::vec(1usize..40, 1..5)) {
        messages(&input, &sizes, &accepted(16, Oversize::Split));
    }
}
