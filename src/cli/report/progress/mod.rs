//! `--progress`: one live line at the foot of the terminal, and one that stays
//! at the end.
//!
//! No thread of its own: it is drawn when the pipeline has time to. No colours
//! either, so there are none to switch off.

mod line;

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use super::console::{self, FOOT, Foot};
use crate::cli::screen::Screen;
use crate::figures::Report;
use crate::now::Now;
use crate::sys;

use line::Rates;

/// How often the line is drawn, at most.
const EVERY: Duration = Duration::from_millis(100);

/// The live line.
#[derive(Debug)]
pub struct Progress {
    /// `None` where a line can't be drawn over another.
    live: Option<Live>,
    rates: Rates,
}

#[derive(Debug)]
struct Live {
    foot: &'static Foot,
    screen: Screen,
    due: Instant,
}

impl Progress {
    /// A line on stderr; `None` where that is no terminal. Where it is not to be
    /// `live`, or on one that can't move its cursor, there is only the line at
    /// the end.
    pub fn stderr(live: bool, now: Now) -> Option<Progress> {
        if !std::io::stderr().is_terminal() {
            return None;
        }
        let terminal = std::env::var_os("TERM");
        let dumb = terminal.is_none_or(|name| name.is_empty() || name == "dumb");
        let screen = (live && !dumb).then(|| sys::stderr().ok()).flatten();
        Some(Progress::on(screen.map(Screen::new), &FOOT, now))
    }

    fn on(screen: Option<Screen>, foot: &'static Foot, now: Now) -> Progress {
        let live = screen.map(|screen| {
            foot.keep(Some(screen.clone()));
            Live {
                foot,
                screen,
                due: now.mono,
            }
        });
        Progress {
            live,
            rates: Rates::default(),
        }
    }

    /// When [`tick`](Progress::tick) has to be called at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        self.live.as_ref().map(|live| live.due)
    }

    /// Draws the line if the time has come.
    pub fn tick(&mut self, report: &Report, now: Now) {
        let Some(live) = &mut self.live else {
            return;
        };
        if now.mono < live.due {
            return;
        }
        live.due = now.mono + EVERY;
        self.rates.follow(report);
        // The last column stays free: some terminals go to the next line there.
        let room = usize::from(live.screen.columns()).saturating_sub(1);
        let line = line::live(report, &self.rates, room);
        live.foot.redraw(line);
    }

    /// Takes the line away, and leaves one that says how it went.
    pub fn finish(self, report: &Report) {
        drop(self);
        console::say(format_args!("{}", line::summary(report)));
    }
}

impl Drop for Progress {
    /// A run that failed leaves no half line behind.
    fn drop(&mut self) {
        if let Some(live) = self.live.take() {
            live.foot.keep(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::report;
    use super::*;
    use indicatif::{InMemoryTerm, TermLike};
    use std::fs::File;
    use std::io::Read;

    /// A real terminal, 50 columns wide: whole lines that fit, ten a second,
    /// and none at the end.
    #[test]
    fn the_line_is_drawn_over_itself_and_taken_away() {
        // Its own, so that no other test speaks into it.
        static FOOT: Foot = Foot::new();
        let size = nix::pty::Winsize {
            ws_row: 10,
            ws_col: 50,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pair = nix::pty::openpty(&size, None).expect("a terminal");
        let mut now = Now::read();
        let mut progress = Progress::on(Some(Screen::new(File::from(pair.slave))), &FOOT, now);
        assert_eq!(progress.deadline(), Some(now.mono));
        let mut report = report();
        for records in 1..=50 {
            report.input.records = records;
            progress.tick(&report, now);
            now.mono += Duration::from_millis(10);
            report.elapsed += Duration::from_millis(10);
        }
        drop(progress);
        FOOT.redraw("nothing more".to_owned());

        // After the last slave is closed, the master ends with an error.
        let mut bytes = Vec::new();
        let _ = File::from(pair.master).read_to_end(&mut bytes);
        let text = String::from_utf8(bytes).expect("ASCII");
        let seen = InMemoryTerm::new(10, 50);
        let mut frames = Vec::new();
        let clear = "\r\x1b[2K";
        for frame in text.split(clear).skip(1) {
            seen.write_str(frame).expect("an emulator");
            frames.push(seen.contents());
            seen.write_str(clear).expect("an emulator");
        }
        assert_eq!(frames.pop().as_deref(), Some(""), "all is gone at the end");
        let shown = |records| format!("00:01:23  {records} records  209 errors  322 dropped");
        let expected: Vec<String> = ["1 record", "11", "21", "31", "41"]
            .map(|n| shown(n).replace("1 record records", "1 record"))
            .into();
        assert_eq!(frames, expected);
    }
}
