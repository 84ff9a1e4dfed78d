//! The figures of a run for whoever watches it: `--progress`, `--stats` and
//! `--metrics-file`.

mod metrics;
mod progress;
mod stats;

use std::path::PathBuf;
use std::time::Instant;

use super::console;
use crate::diag::Diag;
use crate::figures::{Observer, Report};
use crate::now::Now;

use metrics::MetricsFile;
use progress::Progress;

/// What the command line asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// A live line on stderr, where that is a terminal.
    pub progress: bool,
    /// Records are written to that terminal as well: a live line would stand in
    /// the middle of theirs.
    pub beside_records: bool,
    /// An object on stderr, at the end and whenever the user asks.
    pub stats: bool,
    /// A file for Prometheus.
    pub metrics_file: Option<PathBuf>,
}

/// The observer that does what is asked for; `None` where that is nothing,
/// as `--progress` alone is where stderr is no terminal.
///
/// `now` counts as the start of the run. Nothing is drawn or written before
/// the first [`tick`](Observer::tick), which is due at once.
///
/// # Errors
/// When a metrics file can't be written, and why.
pub fn observer(asked: &Asked, diag: &Diag, now: Now) -> Result<Option<Box<dyn Observer>>, String> {
    let metrics = asked.metrics_file.clone();
    let metrics = metrics.map(|path| MetricsFile::new(path, now, diag.clone()));
    let reporters = Reporters {
        metrics: metrics.transpose()?,
        progress: match asked.progress {
            true => Progress::stderr(!asked.beside_records, now),
            false => None,
        },
        stats: asked.stats,
    };
    let none = reporters.metrics.is_none() && reporters.progress.is_none() && !reporters.stats;
    Ok((!none).then(|| Box::new(reporters) as Box<dyn Observer>))
}

/// All that may be asked for.
struct Reporters {
    progress: Option<Progress>,
    metrics: Option<MetricsFile>,
    stats: bool,
}

impl Observer for Reporters {
    fn deadline(&self) -> Option<Instant> {
        let progress = self.progress.as_ref().and_then(Progress::deadline);
        let metrics = self.metrics.as_ref().map(MetricsFile::deadline);
        progress.into_iter().chain(metrics).min()
    }

    fn tick(&mut self, report: &Report, now: Now) {
        if let Some(progress) = &mut self.progress {
            progress.tick(report, now);
        }
        if let Some(metrics) = &mut self.metrics {
            metrics.tick(report, now);
        }
    }

    fn asked(&mut self, report: &Report) {
        if let Some(metrics) = &mut self.metrics {
            metrics.write(report, Now::read());
        }
        if self.stats {
            console::tell(&stats::object(report));
        }
    }

    fn finish(&mut self, report: &Report) {
        // The line goes first, so that nothing is drawn below the last word.
        if let Some(progress) = self.progress.take() {
            progress.finish(report);
        }
        if let Some(metrics) = &mut self.metrics {
            metrics.finish(report, Now::read());
        }
        if self.stats {
            console::tell(&stats::object(report));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::{HandlerFigures, InputFigures};
    use std::time::Duration;

    /// A report in which no two figures are equal.
    pub fn report() -> Report {
        let handler = |handler, target: &str, from: u64| HandlerFigures {
            handler,
            target: target.to_owned(),
            received: from,
            filtered: from + 1,
            delivered: from + 2,
            bytes: from + 3,
            dropped: from + 4,
            forgotten: from + 5,
            waiting: from + 6,
            spooled: from + 7,
            rollovers: from + 8,
            errors: 0,
            last_error: None,
        };
        let mut failing = handler("syslog", "logs.example:514", 200);
        failing.errors = 209;
        failing.last_error = Some("cannot send: \"refused\"\nlast line".to_owned());
        Report {
            elapsed: Duration::from_micros(83_456_789),
            input: InputFigures {
                records: 1_234_567,
                bytes: 123_456_789,
                malformed: 11,
                split: 12,
                truncated: 13,
                dropped: 14,
                joined: 15,
                masked: 16,
                repeats: 17,
                connections: 18,
                refused: 19,
                duplicates: 20,
                unread: 21,
            },
            handlers: vec![handler("file", "app.log", 100), failing],
        }
    }

    /// Where lh's own warnings go in a test: a list.
    pub fn kept() -> (Diag, std::sync::Arc<std::sync::Mutex<Vec<String>>>) {
        let list = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let kept = list.clone();
        let diag = Diag::new(move |_, text| kept.lock().unwrap().push(text.to_string()));
        (diag, list)
    }

    #[test]
    fn nothing_asked_is_nobody_told() {
        let none = observer(&Asked::default(), &Diag::silent(), Now::read());
        assert!(none.expect("nothing to fail").is_none());
    }

    #[test]
    fn the_deadline_is_that_of_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let asked = Asked {
            stats: true,
            ..Asked::default()
        };
        let now = Now::read();
        let stats = observer(&asked, &Diag::silent(), now).unwrap().unwrap();
        assert_eq!(stats.deadline(), None);
        let asked = Asked {
            metrics_file: Some(folder.path().join("lh.prom")),
            ..Asked::default()
        };
        let mut file = observer(&asked, &Diag::silent(), now).unwrap().unwrap();
        assert_eq!(file.deadline(), Some(now.mono));
        file.tick(&report(), now);
        assert_eq!(file.deadline(), Some(now.mono + Duration::from_secs(15)));
    }

    #[test]
    fn a_metrics_file_that_cannot_be_is_an_error_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let asked = Asked {
            metrics_file: Some(folder.path().join("no/lh.prom")),
            ..Asked::default()
        };
        let error = observer(&asked, &Diag::silent(), Now::read()).err();
        let error = error.expect("no such directory");
        assert!(error.contains("there is no directory"), "{error}");
    }

    /// What the user asks for is in the file at once, not 15 s later.
    #[test]
    fn asked_for_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lh.prom");
        let asked = Asked {
            metrics_file: Some(path.clone()),
            ..Asked::default()
        };
        let mut file = observer(&asked, &Diag::silent(), Now::read())
            .unwrap()
            .unwrap();
        file.asked(&report());
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.contains("lh_running{run=\"lh\"} 1\n"), "{text}");
    }
}
