//! Any bytes as requests of HTTP: no panic, nothing is held beyond its bounds,
//! and it makes no difference in which pieces they arrive and in which their records
//! are handed out.
#![no_main]

use std::sync::Arc;

use lh::now::Timestamp;
use lh::record::Defaults;
use lh::wire::http::{HttpConversation, HttpOptions, Outcome, What};
use libfuzzer_sys::fuzz_target;

const OPTIONS: HttpOptions = HttpOptions {
    max_head: 512,
    max_body: 2048,
};

/// What is answered, and what records there were.
fn talk(pieces: &mut dyn Iterator<Item = &[u8]>, portion: usize) -> (Vec<u8>, Vec<Vec<u8>>) {
    let mut conversation = HttpConversation::new(Arc::new(OPTIONS));
    let (mut out, mut messages, mut waiting) = (Vec::new(), Vec::new(), Vec::new());
    let defaults = Defaults::default();
    for piece in pieces {
        waiting.extend_from_slice(piece);
        loop {
            let fed = conversation.feed(&waiting, &mut out);
            waiting.drain(..fed.used);
            assert!(conversation.held() <= OPTIONS.max_body);
            match fed.what {
                What::More => break,
                What::Close(_) => return (out, messages),
                What::Request(mut request) => {
                    let done = request.take_records(2048).map(|mut records| {
                        while !records.is_done() {
                            records.hand_out(portion, &defaults, Timestamp(0), &mut |_, record| {
                                messages.push(record.message.to_vec());
                            });
                        }
                    });
                    let stays = match done {
                        Ok(_) => conversation.answer(&request, Outcome::Accepted, &mut out),
                        Err(reason) => conversation.answer_unreadable(&request, &reason, &mut out),
                    };
                    if !stays {
                        return (out, messages);
                    }
                }
            }
        }
    }
    (out, messages)
}

fuzz_target!(|input: &[u8]| {
    let Some((&seed, bytes)) = input.split_first() else {
        return;
    };
    let whole = talk(&mut std::iter::once(bytes), usize::MAX);
    let (mut step, mut rest) = (usize::from(seed), bytes);
    let pieces = talk(
        &mut std::iter::from_fn(|| {
            step = step.wrapping_mul(5).wrapping_add(7) % 97;
            let (piece, after) = rest.split_at_checked(1 + step).unwrap_or((rest, &[]));
            rest = after;
            (!piece.is_empty()).then_some(piece)
        }),
        1,
    );
    assert_eq!(whole, pieces);
});
