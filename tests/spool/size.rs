//! Trial 33: a large backlog is no reason to wait.

use std::time::{Duration, Instant};

use crate::support::*;

#[test]
fn ten_thousand_segments_are_opened_at_once() {
    let folder = folder();
    let spool = folder.path().join("spool");
    // Segments of 6,000 bytes, with one record each.
    let size = 16 * 6000;
    let (mut writer, reader, _) = open(&spool, size);
    let long = record(1, 5900);
    append(&mut writer, std::slice::from_ref(&long));
    close(writer, reader);
    let first = segments(&spool).remove(0);
    let bytes = std::fs::read(&first).expect("a segment");
    for number in 2..=10_000u64 {
        let mut header = bytes[..48].to_vec();
        header[28..36].copy_from_slice(&number.to_be_bytes());
        header[36..44].copy_from_slice(&(number - 1).to_be_bytes());
        let crc = crc32c::crc32c(&header[..44]).to_be_bytes();
        header[44..].copy_from_slice(&crc);
        let mut seed = crc32c::crc32c(&header[12..28]);
        let mut head = bytes[48..68].to_vec();
        head[4..12].copy_from_slice(&number.to_be_bytes());
        seed = crc32c::crc32c_append(seed, &head[..16]);
        head[16..].copy_from_slice(&seed.to_be_bytes());
        let name = spool.join(format!("{number:020}.seg"));
        std::fs::write(name, [&header, &head, &bytes[68..]].concat()).expect("written");
    }
    let begun = Instant::now();
    let (_writer, mut reader, recovery) = open(&spool, size);
    let taken = begun.elapsed();
    assert_eq!(recovery.waiting, 10_000);
    assert!(taken < Duration::from_secs(1), "{taken:?}");
    println!("10,000 segments were opened in {taken:?}");
    let begun = Instant::now();
    for number in 1..=10_000 {
        assert_eq!(read(&mut reader, 1), [(number, long.clone())]);
        reader.acknowledge(1).expect("noted");
    }
    println!("and read in {:?}", begun.elapsed());
    assert_eq!(segments(&spool), Vec::<std::path::PathBuf>::new());
}
