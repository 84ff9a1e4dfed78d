use super::*;
use crate::batch::{Frames, OwnedFrames};
use crate::now::Now;

fn options(directory: &std::path::Path) -> SpoolOptions {
    SpoolOptions {
        max_bytes: 64 << 10,
        ..SpoolOptions::new(directory.join("spool"))
    }
}

fn all(reader: &mut Reader) -> Vec<(u64, Vec<u8>)> {
    let mut found = Vec::new();
    let mut out = OwnedFrames::default();
    while let Some(run) = reader.read(&mut out, 1000).expect("read") {
        for (number, record) in (run.first..).zip(out.frames().iter()) {
            found.push((number, record.to_vec()));
        }
        out.clear();
    }
    found
}

#[test]
fn what_goes_in_comes_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let now = Now::read();
    let (mut writer, mut reader, recovery) = open(options(folder.path()), now).expect("opened");
    assert_eq!(recovery, Recovery::default());
    let lines: String = (1..=1000).map(|n| format!("record {n}\n")).collect();
    writer
        .append(&Frames::lines(lines.as_bytes()), 0, now)
        .expect("appended");
    assert_eq!((writer.next_number(), reader.unread()), (1001, 1000));
    let found = all(&mut reader);
    assert_eq!(found.len(), 1000);
    for (index, (number, record)) in found.iter().enumerate() {
        assert_eq!(*number, index as u64 + 1);
        assert_eq!(record, format!("record {number}\n").as_bytes());
    }
    reader.acknowledge(400).expect("noted");
    assert_eq!((reader.unread(), reader.waiting()), (0, 600));
    let sender = writer.sender();
    writer.close(now).expect("closed");
    reader.close().expect("closed");
    drop((writer, reader));

    let (writer, mut reader, recovery) = open(options(folder.path()), now).expect("opened");
    assert_eq!((recovery.waiting, recovery.notes()), (600, vec![]));
    assert_eq!((writer.next_number(), writer.sender()), (1001, sender));
    let found = all(&mut reader);
    assert_eq!((found.len(), found[0].0), (600, 401));
    reader.acknowledge(600).expect("noted");
    assert_eq!(reader.waiting(), 0);
}
