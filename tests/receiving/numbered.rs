//! What is remembered of those who send numbered frames.
//!
//! Not tested here: in which order they are forgotten, which has its tests
//! beside the code, and kills in the middle of it (durable, exactly_once).

use std::io::{Read, Write};

use crate::listener::{Listener, listen};
use crate::support::Folder;

/// So many are remembered.
const MOST: u32 = 1 << 16;

const MAGIC: [u8; 4] = [0x93, b'l', b'h', 1];

fn id(number: u32) -> [u8; 16] {
    let mut id = [7; 16];
    id[..4].copy_from_slice(&number.to_be_bytes());
    id
}

fn slot(number: u32, accepted: u64, heard: u32) -> Vec<u8> {
    let mut slot = id(number).to_vec();
    slot.extend(accepted.to_be_bytes());
    slot.extend(crc32c::crc32c(&slot).to_be_bytes());
    slot.extend(heard.to_be_bytes());
    slot
}

/// Says hello, sends a frame if there is one, and waits for its acknowledgement:
/// what was known of that sender.
fn talk(listener: &Listener, number: u32, frame: Option<u64>) -> u64 {
    let mut stream = listener.connect();
    let mut hello = MAGIC.to_vec();
    hello.extend(id(number));
    hello.extend(frame.unwrap_or(1).to_be_bytes());
    stream.write_all(&hello).expect("sent");
    let mut welcome = [0; 12];
    stream.read_exact(&mut welcome).expect("a welcome");
    assert_eq!(welcome[..4], MAGIC);
    if let Some(frame) = frame {
        let payload = b"{\"message\":\"hello\"}";
        let mut bytes = u32::try_from(payload.len())
            .expect("short")
            .to_be_bytes()
            .to_vec();
        bytes.extend(frame.to_be_bytes());
        bytes.extend(payload);
        stream.write_all(&bytes).expect("sent");
        let mut acknowledged = [0; 8];
        stream
            .read_exact(&mut acknowledged)
            .expect("an acknowledgement");
        assert_eq!(u64::from_be_bytes(acknowledged), frame);
    }
    u64::from_be_bytes(welcome[4..].try_into().expect("eight bytes"))
}

fn start(folder: &Folder) -> Listener<'_> {
    let options = "listen --tcp 127.0.0.1:0 --wire lh --state state";
    listen(folder, options, "")
}

/// As many as there may be, of which one can't be read: a new one takes its
/// place, and nobody is forgotten, neither by this process nor by the next.
#[test]
fn a_full_state_with_a_hole_has_room_for_one_more() {
    let folder = Folder::new();
    let hole = 300;
    let mut state: Vec<u8> = (0..MOST).flat_map(|number| slot(number, 5, 0)).collect();
    state[hole as usize * 32 + 20] ^= 1;
    folder.write("state", &state);
    folder.chmod("state", 0o600);
    let listener = start(&folder);
    assert_eq!(talk(&listener, MOST, Some(1)), 0);
    listener.end().ok();
    let listener = start(&folder);
    assert_eq!(talk(&listener, MOST, None), 1);
    assert_eq!(talk(&listener, hole, None), 0);
    for other in [0, hole - 1, hole + 1, MOST - 1] {
        assert_eq!(talk(&listener, other, None), 5, "{other}");
    }
    listener.end().ok();
    assert_eq!(folder.size("state"), u64::from(MOST) * 32);
}

/// The first slot is that of the sender that has been there for longest, and it
/// was heard last.
#[test]
fn who_was_heard_last_is_remembered_over_a_restart() {
    let folder = Folder::new();
    let state: Vec<u8> = (0..MOST).flat_map(|number| slot(number, 5, 0)).collect();
    folder.write("state", &state);
    folder.chmod("state", 0o600);
    let listener = start(&folder);
    assert_eq!(talk(&listener, 0, Some(6)), 5);
    listener.end().ok();
    let listener = start(&folder);
    assert_eq!(talk(&listener, MOST, Some(1)), 0);
    assert_eq!(talk(&listener, 0, None), 6);
    listener.end().ok();
    let listener = start(&folder);
    assert_eq!(talk(&listener, MOST, None), 1);
    assert_eq!(talk(&listener, 0, None), 6);
    assert_eq!(talk(&listener, 1, None), 0);
    listener.end().ok();
}
