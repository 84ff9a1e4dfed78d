//! What is asked for on standard output, where that takes nothing.
//!
//! Not tested here: records that go there (`input.rs`).

use crate::support::{Folder, close_reader};

#[test]
fn what_can_not_be_printed_is_told_once() {
    let folder = Folder::new();
    folder.write("log", "was there\n");
    let spool = "--spool d --drain-timeout 10ms file /dev/full";
    folder.lh(&format!("queue {spool}")).with("x\n");
    for question in [
        "--help",
        "--version",
        "help rotate",
        "man",
        "completions bash",
        "check file log",
        "check null + null",
        "timed --plan 1 log",
        "spool ls d",
        "spool cat d",
        "spool check d",
        "cat log",
        "tail log",
    ] {
        for output in [">&-", ">/dev/full"] {
            let script = format!("\"$LH\" {question} {output}");
            let ran = folder.sh(&script).run();
            let said = &ran.stderr;
            let begins = said.starts_with("lh: cannot write to standard output: ");
            assert!(begins && said.lines().count() == 1, "{script}: {said:?}");
            ran.code(1);
        }
        // Whoever reads it has seen enough.
        let (reader, writer) = std::io::pipe().expect("a pipe");
        close_reader(reader, &writer);
        let lh = folder.lh(question).stdout(writer);
        assert_eq!(lh.run().code(0).stderr, "", "{question}");
    }
}
