//! Logs as they are found on disks, through every handler: not a byte changes.
//!
//! The logs are made here, after the manner of those that are: lines of web
//! servers, of the kernel, of Java with its traces, of Windows (CRLF), of
//! progress bars (CR); with empty lines, invalid UTF-8 and no last newline.

use std::io::Write;

use crate::support::Folder;

fn log() -> Vec<u8> {
    let mut log = Vec::new();
    for n in 0..1_500u32 {
        let (h, m, s) = (n / 3600 % 24, n / 60 % 60, n % 60);
        let result = match n % 11 {
            0 => write!(
                log,
                "10.0.0.{} - - [04/Dec/2005:{h:02}:{m:02}:{s:02} +0000] \"GET /{n} HTTP/1.1\" 200 {}\r\n",
                n % 256,
                n * 7
            ),
            1 => writeln!(
                log,
                "[Sun Dec 04 {h:02}:{m:02}:{s:02} 2005] [error] mod_jk child workerEnv in error state {n}"
            ),
            2 => writeln!(
                log,
                "Jun 14 {h:02}:{m:02}:{s:02} combo sshd(pam_unix)[{n}]: authentication failure; uid=0"
            ),
            3 => write!(
                log,
                "2015-07-29 {h:02}:{m:02}:{s:02},{:03} - WARN  [SendWorker:{n}] - Interrupted\r\n",
                n % 1000
            ),
            4 => write!(log, "\tat org.apache.zookeeper.Main.run(Main.java:{n})\n\n"),
            5 => write!(log, "copying {}%\rcopying {}%\rdone\n", n % 50, n % 100),
            6 => log.write_all(b"caf\xe9 \xff\xfe \x00 \x1b[31mred\x1b[0m\n"),
            7 => writeln!(
                log,
                "{{\"level\":\"info\",\"msg\":\"request {n}\",\"ok\":true}}"
            ),
            8 => writeln!(log, "{}", "long ".repeat(n as usize % 200)),
            9 => log.write_all(b"\r\n\n\r\r\n"),
            _ => writeln!(
                log,
                "<{}>kernel: [{n:>8}.000000] usb 1-1: new device é€😀",
                n % 8
            ),
        };
        result.expect("memory");
    }
    log.extend(b"the last line has no end");
    log
}

#[test]
fn every_handler_leaves_them_as_they_are() {
    let folder = Folder::new();
    let log = log();
    let mut want = log.clone();
    want.push(b'\n');
    let chain = "--detect-level file a + file -f message b + rotate --max-bytes 5000 --backups \
                 9999 c + timed d + stream + null + file --fsync close --watch --include ^ e \
                 + rotate --max-bytes 7777 --backups 9999 -f raw --exclude ^never$ f";
    let ran = folder.lh(chain).with(&log).ok();
    assert!(ran.stdout == want, "stream");
    for name in ["a", "b", "d", "e"] {
        assert!(folder.read(name) == want, "{name}");
    }
    for (name, limit) in [("c", 5000), ("f", 7777)] {
        assert!(folder.chain(name) == want, "{name}");
        for file in folder.names() {
            let ours = file == name || file.starts_with(&format!("{name}."));
            assert!(!ours || folder.size(&file) < limit, "{file}");
        }
    }
}

#[test]
fn nor_do_the_ways_of_reading_them_change_anything() {
    let log = log();
    let mut want = log.clone();
    want.push(b'\n');
    for input in ["lines", "auto", "json"] {
        let folder = Folder::new();
        let chain =
            format!("-q -i {input} --max-record 300 --tee file a + file --min-level trace b");
        let ran = folder.lh(&chain).with(&log).ok();
        assert!(ran.stdout == log, "tee, {input}");
        assert!(folder.read("a") == want, "{input}");
        assert!(folder.read("b") == want, "{input}");
    }
}

/// The logs of the project's own collection, where it lies beside the sources.
#[test]
fn a_collection_of_real_logs_where_there_is_one() {
    let Some(folder_of_logs) = std::env::var_os("LH_REAL_LOGS") else {
        println!("skipped: LH_REAL_LOGS names no folder");
        return;
    };
    for entry in std::fs::read_dir(folder_of_logs).expect("LH_REAL_LOGS") {
        let path = entry.expect("an entry").path();
        let mut log = std::fs::read(&path).expect("a log");
        let folder = Folder::new();
        let chain = "file a + rotate --max-bytes 10K --backups 9999 b + timed c";
        folder.lh(chain).with(&log).ok();
        if !log.ends_with(b"\n") {
            log.push(b'\n');
        }
        for name in ["a", "b", "c"] {
            assert!(folder.chain(name) == log, "{}: {name}", path.display());
        }
    }
}
