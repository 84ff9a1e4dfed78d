//! No room: in the spool, or on the disk.

use lh::batch::Frames;
use lh::now::Now;

use crate::support::*;

#[test]
fn it_takes_what_fits_and_goes_on_when_there_is_room() {
    let folder = folder();
    let (mut writer, mut reader, _) = open(&folder.path().join("spool"), 16 << 10);
    let lines: Vec<u8> = (1..=500).flat_map(|n| record(n, 80)).collect();
    let frames = Frames::lines(&lines);
    let mut at = 0;
    let mut delivered = Vec::new();
    while let Err(error) = writer.append(&frames, at, Now::read()) {
        assert!(
            error.full && error.source.to_string().contains("16384"),
            "{error:?}"
        );
        assert!(error.done > at || !delivered.is_empty(), "nothing fits");
        assert!(writer.status().bytes() <= 16 << 10);
        at = error.done;
        let more = drain(&mut reader);
        assert!(!more.is_empty());
        reader.acknowledge(more.len() as u64).expect("noted");
        delivered.extend(more);
    }
    delivered.extend(drain(&mut reader));
    let want: Vec<Numbered> = (1..=500).map(|n| (n, record(n, 80))).collect();
    assert_eq!(delivered, want);
}

/// One that is longer than the spool may be is taken where nothing else waits:
/// or nothing would ever come of it.
#[test]
fn a_record_of_any_length_is_taken_alone() {
    let folder = folder();
    let (mut writer, mut reader, _) = open(&folder.path().join("spool"), 4096);
    let long = record(1, 100_000);
    for _ in 0..3 {
        append(&mut writer, std::slice::from_ref(&long));
        let error = writer
            .append(&Frames::lines(b"a\n"), 0, Now::read())
            .expect_err("it is full");
        assert!(error.full);
        assert_eq!(drain(&mut reader).len(), 1);
        reader.acknowledge(1).expect("noted");
    }
}
