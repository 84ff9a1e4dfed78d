//! Any bytes as the answers of a mail server, and any as a mail: no panic, it
//! makes no difference in which pieces answers arrive, and a mail has one end.
#![no_main]

use lh::wire::smtp::{Offers, Reply, ReplyReader, wire_form};
use libfuzzer_sys::fuzz_target;

/// What is read, and whether it ended with what is no answer.
fn answers(pieces: &mut dyn Iterator<Item = &[u8]>) -> (Vec<Reply>, bool) {
    let mut reader = ReplyReader::default();
    let mut replies = Vec::new();
    for piece in pieces {
        reader.feed(piece);
        loop {
            match reader.read() {
                Ok(Some(reply)) => replies.push(reply),
                Ok(None) => break,
                Err(_) => return (replies, true),
            }
        }
    }
    (replies, false)
}

/// What a server gets that takes a CR LF and nothing else for a line's end.
fn received(wire: &[u8]) -> Vec<u8> {
    let mut mail = Vec::new();
    let mut rest = wire;
    loop {
        let end = rest.windows(2).position(|two| two == b"\r\n");
        let (line, after) = rest.split_at(end.expect("a line's end") + 2);
        rest = after;
        if line == b".\r\n" {
            assert!(rest.is_empty(), "there is something behind the end");
            return mail;
        }
        let line = line.strip_prefix(b".").unwrap_or(line);
        let text = &line[..line.len() - 2];
        assert!(!text.iter().any(|byte| b"\r\n\0".contains(byte)));
        mail.extend_from_slice(line);
    }
}

fuzz_target!(|input: (u8, &[u8])| {
    let (seed, bytes) = input;
    let whole = answers(&mut std::iter::once(bytes));
    let (mut step, mut rest) = (usize::from(seed), bytes);
    let pieces = answers(&mut std::iter::from_fn(|| {
        step = step.wrapping_mul(5).wrapping_add(7) % 97;
        let (piece, after) = rest.split_at_checked(1 + step).unwrap_or((rest, &[]));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    }));
    assert_eq!(whole, pieces);
    for reply in &whole.0 {
        assert!((200..600).contains(&reply.code));
        let shown = reply.shown(&["secret".to_owned()]);
        assert!(!shown.contains(|ch: char| ch.is_control()) && !shown.contains("secret"));
        let _ = Offers::read(&reply.lines);
    }

    let mail = received(&wire_form(bytes));
    let plain = |bytes: &[u8]| -> Vec<u8> {
        let bytes = bytes.iter().copied();
        bytes.filter(|byte| !b"\r\n\0".contains(byte)).collect()
    };
    assert_eq!(plain(&mail), plain(bytes));
});
