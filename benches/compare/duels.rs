//! The rows in which two programs are fed the same input, one after the other, pair by pair.

use crate::args::Options;
use crate::input::{self, Json};
use crate::peers::{self, LH_OUTPUT, Peer};
use crate::report::{Report, Row};
use crate::run::{self, Side};
use crate::verify::{self, Output};
use std::cell::OnceCell;
use std::path::Path;

pub const ROTATE: [&str; 5] = ["rotate", "--max-bytes", "10M", "--backups", "5"];

/// What is fed, and what comes out if all is right.
#[derive(Clone, Copy)]
struct Feed<'a> {
    input: &'a [u8],
    expected: &'a [u8],
    stamped: bool,
}

#[derive(Default)]
pub struct Inputs {
    plain: OnceCell<Vec<u8>>,
    severe: OnceCell<Vec<u8>>,
    json: OnceCell<Json>,
}

impl Inputs {
    pub fn plain(&self, options: &Options) -> &[u8] {
        self.plain.get_or_init(|| input::plain(options.size))
    }

    fn severe(&self, options: &Options) -> &[u8] {
        self.severe
            .get_or_init(|| input::severe(self.plain(options)))
    }

    fn json(&self, options: &Options) -> &Json {
        // An eighth: Python and jq take a minute for what the others do in a second.
        self.json.get_or_init(|| input::json(options.size / 8))
    }
}

pub fn all(options: &Options, inputs: &Inputs, dir: &Path, place: &str, report: &mut Report) {
    let duel = Duels {
        options,
        dir,
        place,
    };
    let lh = |before: &[&str], after: &[&str]| {
        let args = [before, &ROTATE, after, &["app.log"]].concat();
        Side::new(&options.lh, &args)
    };
    let plain = |stamped| {
        let input = inputs.plain(options);
        Feed {
            input,
            expected: input,
            stamped,
        }
    };
    duel.against(
        "raw",
        lh(&[], &[]),
        LH_OUTPUT,
        peers::raw(),
        || plain(false),
        report,
    );
    let stamp = lh(&[], &["-f", "{timestamp} {message}"]);
    duel.against(
        "timestamp",
        stamp,
        LH_OUTPUT,
        peers::timestamp(),
        || plain(true),
        report,
    );
    let text = Side::new(&options.lh, &["-i", "json", "stream", "-f", "text"]).stdout("app.log");
    let feed = || {
        let json = inputs.json(options);
        Feed {
            input: &json.lines,
            expected: &json.text,
            stamped: false,
        }
    };
    duel.against(
        "json",
        text,
        Output::Whole("app.log"),
        peers::json(),
        feed,
        report,
    );
    let severe = lh(&["--detect-level"], &["--min-level", "warning"]);
    let feed = || Feed {
        expected: inputs.severe(options),
        ..plain(false)
    };
    duel.against("filter", severe, LH_OUTPUT, peers::filter(), feed, report);
    let bare = Peer {
        name: "lh --no-lock",
        package: "",
        side: lh(&[], &["--no-lock"]),
        output: LH_OUTPUT,
        held: Some(1.03),
    };
    duel.against(
        "lock",
        lh(&[], &[]),
        LH_OUTPUT,
        vec![bare],
        || plain(false),
        report,
    );
}

struct Duels<'a> {
    options: &'a Options,
    dir: &'a Path,
    place: &'a str,
}

impl Duels<'_> {
    fn against<'f>(
        &self,
        row: &str,
        lh: Side,
        output: Output,
        peers: Vec<Peer>,
        feed: impl Fn() -> Feed<'f>,
        report: &mut Report,
    ) {
        for peer in peers {
            let name = format!("{row}/{}", peer.name);
            if !self.options.wants(&name) {
                continue;
            }
            let what = format!("{row}: `{}`, {}", peer.name, self.place);
            let program = peer.side.program.to_string_lossy().into_owned();
            if !program.contains('/') && !run::installed(&program) {
                report.add(Row::skipped(
                    what,
                    format!("{program} is not installed (Debian: {})", peer.package),
                ));
                continue;
            }
            // Three in a hundred can't be told from noise by five pairs.
            let runs = if row == "lock" {
                3 * self.options.runs
            } else {
                self.options.runs
            };
            let pairs = self.pairs((&lh, output), (&peer.side, peer.output), feed(), runs);
            report.pairs(what, peer.held, pairs, |seconds| format!("{seconds:.3} s"));
        }
    }

    fn pairs(
        &self,
        lh: (&Side, Output),
        peer: (&Side, Output),
        feed: Feed<'_>,
        runs: usize,
    ) -> Result<Vec<(f64, f64)>, String> {
        // Programs, libraries and folders into the cache, off the record.
        let head = &feed.input[..feed.input.len().min(16 << 20)];
        let end = head
            .iter()
            .rposition(|&b| b == b'\n')
            .map_or(0, |at| at + 1);
        let head = &head[..end];
        for (side, _) in [lh, peer] {
            run::once(side, self.dir, head, |_| Ok(()))?;
        }
        let once = |side: &Side, output| {
            let check = |at: &Path| verify::check(output, at, feed.expected, feed.stamped);
            run::once(side, self.dir, feed.input, check).map(|took| took.as_secs_f64())
        };
        run::pairs(runs, || once(lh.0, lh.1), || once(peer.0, peer.1))
    }
}
