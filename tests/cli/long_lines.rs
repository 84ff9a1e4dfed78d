//! Lines that are longer than the longest record: their pieces belong together,
//! and nothing else to them.
//!
//! Not tested here: where a line is cut (tables and properties in
//! `wire/framing.rs`), long lines that come over a network (`receiving`).

use crate::support::Folder;

#[test]
fn a_filter_takes_all_of_a_line_or_nothing() {
    let keep = "keep aaaaaaaaaaaaaaa\ndrop bbb\nkeep cc\n";
    let drop = "drop aa keep aaaaaaa\ndrop bbb\nkeep cc\n";
    let levels = "ERROR aaaaaaaaaaaaaaa\nINFO bbb\nERROR cc\n";
    let trace = "ERROR aaa\n bbbbbbbb\n cccccc\nINFO bbb\nERROR cc\n";
    for (options, handler, input, want) in [
        (
            "",
            "--include keep",
            keep,
            "keep aaaaaaaaaaaaaaa\nkeep cc\n",
        ),
        ("", "--include ^keep", drop, "keep cc\n"),
        (
            "--detect-level",
            "--min-level error",
            levels,
            "ERROR aaaaaaaaaaaaaaa\nERROR cc\n",
        ),
        (
            "--detect-level --join indent",
            "--min-level error",
            trace,
            "ERROR aaa\n bbbbbbbb\n cccccc\nERROR cc\n",
        ),
        (
            "--mask x+ --detect-level",
            "--min-level error",
            levels,
            "ERROR aaaaaaaaaaaaaaa\nERROR cc\n",
        ),
    ] {
        for chain in ["stream", "queue stream", "buffer stream"] {
            let folder = Folder::new();
            let chain = format!("-q {options} --max-record 10 {chain} {handler}");
            let ran = folder.lh(&chain).with(input).code(0);
            assert_eq!(ran.out(), want, "{chain}");
        }
    }
}

#[test]
fn a_long_object_has_one_level() {
    let long = "a".repeat(60);
    let object =
        format!("{{\"level\":\"error\",\"msg\":\"{long}\",\"n\":{{\"level\":\"debug\"}}}}\n");
    let input = format!("{object}{{\"level\":\"info\",\"msg\":\"b\"}}\n");
    for format in ["json", "auto"] {
        let folder = Folder::new();
        let chain = format!("-i {format} --max-record 40 --stats stream --min-level error");
        let ran = folder.lh(&chain).with(&input).code(0);
        assert_eq!(ran.out(), object, "{format}");
        let malformed = u32::from(format == "json");
        ran.said(&format!("\"malformed\":{malformed},"));
    }
}

/// What the two outputs of a command bring comes in turns.
#[test]
fn another_output_does_not_go_on_with_the_line() {
    let script = "printf aaaaaa; until grep -qs aaaa log; do sleep 0.01; done; echo err >&2; \
        until grep -q err log; do sleep 0.01; done; echo b; echo c";
    for handler in [
        "file log",
        "file --exclude never log",
        "file --encoding utf-8 log",
        "queue file log",
        "rotate --max-bytes 1M --backups 1 log",
    ] {
        let folder = Folder::new();
        let lh = folder.lh("-q --max-record 4").args(handler.split(' '));
        lh.args(["--", "sh", "-c", script]).run().code(0);
        assert_eq!(folder.text("log"), "aaaa\nerr\naab\nc\n", "{handler}");
    }
}

/// It need not be ended: what comes between is not written there.
#[test]
fn a_line_goes_on_behind_what_is_left_out() {
    let script = "printf aaaaaa; until grep -qs aaaa log; do sleep 0.01; done; echo err >&2; \
        until grep -q err other; do sleep 0.01; done; echo b";
    let folder = Folder::new();
    let lh = folder.lh("-q --max-record 4 file --exclude err log + file other");
    lh.args(["--", "sh", "-c", script]).run().code(0);
    assert_eq!(folder.text("log"), "aaaaaab\n");
    assert_eq!(folder.text("other"), "aaaa\nerr\naab\n");
}

#[test]
fn a_piece_is_text() {
    let folder = Folder::new();
    let ran = folder
        .lh("-q --max-record 4 stream -f json")
        .with("aaaébbb\n")
        .code(0);
    let out = ran.out();
    assert!(!out.contains('\u{fffd}') && !out.contains("ufffd"), "{out}");
    let line = format!("x{}\n", "é".repeat(600_000));
    for policy in ["split", "truncate"] {
        let chain = format!("-q --oversize {policy} file --encoding latin1 {policy}");
        folder.lh(&chain).with(&line).code(0);
    }
    assert_eq!(folder.size("split"), 600_002);
    assert_eq!(folder.size("truncate"), 1 + (1 << 19));
}
