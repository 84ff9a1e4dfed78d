//! Trial 13: an entry that is too long for a datagram goes as a sealed file in
//! memory, and those around it as they should.

use crate::support::{Got, QUICK, Receiver};
use crate::trials::{Lh, folder};

/// What a socket with the buffer that Linux gives to all has room for.
const LONGEST: usize = 212_992 - 32;

/// The length of what stands around a message.
fn around(receiver: &mut Receiver) -> usize {
    let mut running = Lh::new(&receiver.args()).arg("--app=t").spawn();
    running.write(b"x\n");
    let length = receiver.next().entry().len() - 1;
    running.end().expect(0);
    length
}

fn line(length: usize) -> String {
    "x".repeat(length) + "\n"
}

#[test]
fn limits() {
    let folder = folder();
    let mut receiver = Receiver::start(&folder.path().join("socket"));
    let around = around(&mut receiver);
    for (length, is_file) in [
        (LONGEST - 1, false),
        (LONGEST, false),
        (LONGEST + 1, true),
        (212_993, true),
        (300_000, true),
        (1 << 20, true),
    ] {
        let long = line(length - around);
        let mut running = Lh::new(&receiver.args()).arg("--app=t").spawn();
        running.pour(format!("before\n{long}behind\n"));
        assert_eq!(receiver.next().field("MESSAGE"), b"before");
        let got = receiver.next();
        assert_eq!(got.entry().len(), length);
        assert_eq!(got.field("MESSAGE"), long.trim_end().as_bytes());
        assert_eq!(matches!(got, Got::File(_)), is_file, "{length}");
        assert_eq!(receiver.next().field("MESSAGE"), b"behind");
        let outcome = running.end().expect(0);
        assert_eq!(outcome.stderr, "");
        assert!(receiver.is_empty());
    }
}

/// A file that nobody has taken was not delivered, and goes again to the next
/// receiver.
#[test]
fn a_file_that_was_not_taken_is_sent_again() {
    let folder = folder();
    let mut receiver = Receiver::start(&folder.path().join("socket"));
    let mut running = Lh::new(&format!("{} {QUICK}", receiver.args())).spawn();
    running.write(line(300_000).as_bytes());
    running.write(b"behind\n");
    // It is on its way.
    assert!(crate::trials::wait_for(
        std::time::Duration::from_secs(10),
        || !receiver.is_empty()
    ));
    receiver = receiver.restart();
    assert_eq!(receiver.next().field("MESSAGE").len(), 300_000);
    assert_eq!(receiver.next().field("MESSAGE"), b"behind");
    running.end().expect(0);
}

/// And where nobody takes it until the end, the end says so.
#[test]
fn a_file_that_nobody_takes_is_counted_as_lost() {
    let folder = folder();
    let mut receiver = Receiver::start(&folder.path().join("socket"));
    let given = format!("{} --drain-timeout 300ms", receiver.args());
    let outcome = Lh::new(&given).feed(line(300_000)).expect(1);
    assert!(
        outcome.stderr.contains("1 records were not delivered"),
        "{}",
        outcome.stderr
    );
    assert!(matches!(receiver.next(), Got::File(_)));
}

/// Each is closed once it is sent.
#[test]
fn no_file_stays_open() {
    let folder = folder();
    let mut receiver = Receiver::start(&folder.path().join("socket"));
    let mut running = Lh::new(&receiver.args()).spawn();
    let open = |pid: nix::unistd::Pid| {
        let files = std::fs::read_dir(format!("/proc/{pid}/fd")).expect("its files");
        files.count()
    };
    let mut counts = Vec::new();
    for _ in 0..20 {
        running.write(line(250_000).as_bytes());
        assert!(matches!(receiver.next(), Got::File(_)));
        counts.push(open(running.pid()));
    }
    running.end().expect(0);
    let (first, last) = (counts[0], counts[19]);
    assert!(last <= first + 2, "{counts:?}");
}

/// Without a file for it, the record is waited with, and nothing is sent twice.
#[test]
fn no_memory_for_a_file_is_waited_for() {
    if !crate::trials::able(&["strace"]) {
        return;
    }
    let folder = folder();
    let mut receiver = Receiver::start(&folder.path().join("socket"));
    let trace = folder.path().join("trace");
    let trace = trace.display();
    let words = format!(
        "strace -f -qq -o {trace} -e trace=memfd_create \
         -e inject=memfd_create:error=EMFILE:when=1..2"
    );
    let mut running = Lh::new(&receiver.args()).under(words.split(' ')).spawn();
    running.pour(format!("before\n{}behind\n", line(300_000)));
    assert_eq!(receiver.next().field("MESSAGE"), b"before");
    assert_eq!(receiver.next().field("MESSAGE").len(), 300_000);
    assert_eq!(receiver.next().field("MESSAGE"), b"behind");
    let outcome = running.end().expect(0);
    assert!(
        outcome.stderr.contains("cannot make a file in memory"),
        "{}",
        outcome.stderr
    );
    assert!(receiver.is_empty());
}

/// A kernel without such files: the record is given up, and no other.
#[test]
fn where_there_are_no_such_files_the_record_is_given_up() {
    if !crate::trials::able(&["strace"]) {
        return;
    }
    let folder = folder();
    let mut receiver = Receiver::start(&folder.path().join("socket"));
    let words = "strace -f -qq -o /dev/null -e trace=memfd_create \
                 -e inject=memfd_create:error=ENOSYS";
    let letters = folder.path().join("letters");
    let mut running = Lh::new(&receiver.args())
        .arg("--dead-letter")
        .arg(&letters)
        .under(words.split(' '))
        .spawn();
    running.pour(format!("before\n{}behind\n", line(300_000)));
    assert_eq!(receiver.next().field("MESSAGE"), b"before");
    assert_eq!(receiver.next().field("MESSAGE"), b"behind");
    let outcome = running.end().expect(1);
    let letters = std::fs::read_to_string(&letters).unwrap_or_default();
    assert_eq!(letters.lines().count(), 1, "{}", outcome.stderr);
    assert!(
        letters.contains("too many for a datagram"),
        "{}",
        outcome.stderr
    );
}
