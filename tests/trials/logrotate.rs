//! Trial 7: what logrotate does to a log, in a loop, while it is written.
//!
//! Not tested here: losses of copytruncate between its copy and its
//! truncation, which no writer can prevent.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use crate::support::records::NOTHING;
use crate::support::{Lh, Report, folder, records, rounds, wait_for};

const COUNT: u64 = 8000;

fn written_while(handler: &str, folder: &Path, mut meanwhile: impl FnMut(u64)) {
    let file = folder.join("app.log");
    let mut running = Lh::new(handler).arg(&file).spawn();
    running.pour_by(|stdin| {
        for first in (1..=COUNT).step_by(8) {
            let _ = stdin.write_all(&records(first..=first + 7));
            std::thread::sleep(Duration::from_micros(400));
        }
    });
    assert!(wait_for(Duration::from_secs(5), || file.exists()));
    let mut round = 0;
    while !running.has_ended() && round < rounds(200, 2000) {
        round += 1;
        meanwhile(round);
        std::thread::sleep(Duration::from_millis(2));
    }
    let outcome = running.end().expect(0);
    assert!(outcome.lines() <= 1, "{handler}: {}", outcome.stderr);
    assert!(round > 50, "{handler}: only {round} rounds");
}

#[test]
fn a_renamed_log_is_followed() {
    for (handler, create) in [
        ("file --watch", true),
        ("file --watch", false),
        ("rotate --max-bytes 5K --backups 2000", true),
        ("rotate --max-bytes 5K --backups 2000", false),
        ("timed --when S --max-bytes 5K", true),
    ] {
        let folder = folder();
        let file = folder.path().join("app.log");
        written_while(handler, folder.path(), |round| {
            let aside = folder.path().join(format!("app.log.aside-{round:04}"));
            let moved = std::fs::rename(&file, aside).is_ok();
            if moved && create {
                let _ = std::fs::File::create_new(&file);
            }
        });
        Report::of(folder.path(), 1..=COUNT).assert_perfect(&format!("{handler}, {create}"));
    }
}

#[test]
fn a_deleted_log_is_made_anew() {
    for handler in ["file --watch", "rotate --max-bytes 5K --backups 2000"] {
        let folder = folder();
        let file = folder.path().join("app.log");
        written_while(handler, folder.path(), |round| {
            // Another name keeps what was in it when it was deleted.
            let kept = folder.path().join(format!("app.log.kept-{round:04}"));
            if std::fs::hard_link(&file, &kept).is_ok() {
                let _ = std::fs::remove_file(&file);
            }
        });
        let report = Report::of(folder.path(), 1..=COUNT);
        match handler.starts_with("rotate") {
            // Rolled over between the two calls, the file has both names.
            true => assert!(report.lost.is_empty() && report.torn.is_empty(), "{report}"),
            false => report.assert_perfect(handler),
        }
    }
}

#[test]
fn a_truncated_log_has_no_hole() {
    for handler in [
        "file --watch",
        "file",
        "rotate --max-bytes 50K --backups 2000",
    ] {
        let folder = folder();
        let file = folder.path().join("app.log");
        let mut last = 0;
        written_while(handler, folder.path(), |_| {
            // The last record has to stay.
            if last < COUNT / 2
                && let Ok(bytes) = std::fs::read(&file)
                && let Ok(open) = std::fs::OpenOptions::new().write(true).open(&file)
            {
                assert!(!bytes.contains(&0), "{handler}: a hole");
                last = Report::of_bytes(&bytes, NOTHING)
                    .found
                    .keys()
                    .max()
                    .copied()
                    .unwrap_or(last);
                let _ = open.set_len(0);
            }
        });
        let report = Report::of(folder.path(), COUNT..=COUNT);
        report.assert_perfect(handler);
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.contains(&0), "{handler}: a hole");
        assert!(last > 0);
    }
}
