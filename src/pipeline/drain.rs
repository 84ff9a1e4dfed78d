//! When it ends that a handler is waited for which takes nothing more, without
//! anybody asking for that: some time after the last record was written.
//!
//! That is not only after the end of the input was read. Where nothing is taken,
//! nothing is read either, and the end is never reached.

use std::time::{Duration, Instant};

use crate::handler::Stage;
use crate::now::Now;
use crate::source::{Command, Watch};

/// What is known of the end of the input, and of how the stages get on.
#[derive(Debug, Default)]
pub(super) struct Drain {
    /// What the records come from; `None` where more can come for ever.
    sources: Option<Vec<Watch>>,
    /// Since when all that will come is there.
    complete: Option<Instant>,
    /// While they are closed, each of them may go on as long as it gets on; and so
    /// long at least without that.
    least: Option<Duration>,
    stages: Vec<Pace>,
}

/// How a stage gets on.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// Changes whenever it does.
    progress: (u64, u64),
    since: Instant,
    /// It was waited for in vain since then.
    vain: bool,
}

impl Drain {
    /// Records come from there, and from nowhere else.
    pub(super) fn set_sources(&mut self, sources: Vec<Watch>) {
        self.sources = Some(sources);
    }

    /// Handlers that are closed may go on as long as they get on, and so long without
    /// that.
    pub(super) fn set_least(&mut self, least: Duration) {
        self.least = Some(least);
    }

    /// Looks whether more can come. From a command that has ended, and is `given_up`
    /// as a source, nothing comes, whoever holds its outputs open.
    pub(super) fn look(&mut self, command: Option<&Command>, given_up: bool, now: Now) {
        let sources = self.sources.as_ref();
        let complete = sources.is_some_and(|sources| sources.iter().all(Watch::is_complete));
        let ended = command.is_none_or(|command| !command.runs());
        if ended && (complete || given_up) {
            self.complete.get_or_insert(now.mono);
        } else {
            // Somebody else has opened a named pipe.
            self.complete = None;
            self.stages.iter_mut().for_each(|pace| pace.vain = false);
        }
    }

    /// Since when nothing more can come, as far as that was looked at.
    pub(super) fn complete(&self) -> Option<Instant> {
        self.complete
    }

    /// Whether any stage was waited for in vain.
    pub(super) fn has_vain(&self) -> bool {
        self.stages.iter().any(|pace| pace.vain)
    }

    /// Whether a stage was waited for in vain and has not got on since: then it is
    /// not waited for again with each record that follows.
    pub(super) fn is_vain(&mut self, index: usize, stage: &Stage, now: Now) -> bool {
        self.pace(index, stage, now).vain
    }

    /// Whether a stage has been waited for as long as it may be; since when handlers
    /// are closed, if they are.
    pub(super) fn is_over(
        &mut self,
        index: usize,
        stage: &Stage,
        closing: Option<Instant>,
        now: Now,
    ) -> bool {
        let pace = self.pace(index, stage, now);
        let Some(patience) = stage.patience(false) else {
            return false;
        };
        let (since, patience) = match (closing, self.least) {
            (Some(since), None) => (Some(since), patience),
            (Some(since), Some(least)) => (Some(since.max(pace.since)), patience.max(least)),
            (None, _) => (self.complete.map(|at| at.max(pace.since)), patience),
        };
        let waited = since.map(|since| now.mono.saturating_duration_since(since));
        let over = pace.vain || waited.is_some_and(|waited| waited >= patience);
        self.stages[index].vain |= over;
        over
    }

    fn pace(&mut self, index: usize, stage: &Stage, now: Now) -> Pace {
        let progress = stage.progress();
        let new = Pace {
            progress,
            since: now.mono,
            vain: false,
        };
        if index >= self.stages.len() {
            self.stages.resize(index + 1, new);
        }
        let pace = &mut self.stages[index];
        if pace.progress != progress {
            *pace = new;
        }
        *pace
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Frames;
    use crate::diag::Diag;
    use crate::filter::Filter;
    use crate::handler::fake::{Mood, Remote};
    use crate::handler::queue::{QueueHandler, QueueOptions};
    use crate::handler::stage::{OnError, Rendering};

    const PATIENCE: Duration = Duration::from_millis(100);

    /// A stage that is waited for as long as `drain`.
    fn stage(drain: Option<Duration>) -> (Remote, Stage) {
        let (remote, fake) = Remote::new(Mood::Slow);
        let (filter, rendering) = (Filter::default(), Rendering::default());
        let stage = Stage::new(
            fake,
            filter,
            rendering,
            OnError::Block,
            None,
            Diag::silent(),
        );
        let options = QueueOptions {
            drain,
            ..QueueOptions::default()
        };
        let mut stage = stage.wrap(|inner| Box::new(QueueHandler::new(inner, options)));
        stage.open(Now::read()).unwrap();
        (remote, stage)
    }

    fn later(now: Now, millis: u64) -> Now {
        Now {
            mono: now.mono + Duration::from_millis(millis),
            ..now
        }
    }

    /// Delivers a record.
    fn get_on(remote: &Remote, stage: &mut Stage) {
        remote.set(Mood::Willing);
        assert!(stage.deliver(&Frames::lines(b"a\n"), Now::read()));
        let begun = Instant::now();
        while stage.progress().0 == 0 {
            assert!(begun.elapsed() < Duration::from_secs(20));
            std::thread::yield_now();
        }
    }

    fn over(drain: &mut Drain, stage: &Stage, now: Now) -> bool {
        drain.look(None, false, now);
        drain.is_over(0, stage, None, now)
    }

    #[test]
    fn a_stage_is_waited_for_while_it_gets_on() {
        let (remote, mut stage) = stage(Some(PATIENCE));
        let (mut drain, now) = (Drain::default(), Now::read());
        assert!(!over(&mut drain, &stage, now) && !over(&mut drain, &stage, later(now, 1000)));
        drain.set_sources(Vec::new());
        let now = later(now, 1000);
        assert!(!over(&mut drain, &stage, now) && !over(&mut drain, &stage, later(now, 99)));
        get_on(&remote, &mut stage);
        assert!(!over(&mut drain, &stage, later(now, 150)));
        assert!(!over(&mut drain, &stage, later(now, 249)));
        assert!(over(&mut drain, &stage, later(now, 250)));
        assert!(drain.is_vain(0, &stage, later(now, 251)));
        // Nor is it waited for when it is closed.
        let closing = Some(later(now, 252).mono);
        assert!(drain.is_over(0, &stage, closing, later(now, 252)));
    }

    #[test]
    fn the_end_may_take_its_time() {
        let (remote, mut stage) = stage(Some(PATIENCE));
        let now = Now::read();
        let mut drain = Drain::default();
        drain.set_least(3 * PATIENCE);
        let mut over =
            |stage: &Stage, millis| drain.is_over(0, stage, Some(now.mono), later(now, millis));
        assert!(!over(&stage, 0) && !over(&stage, 299));
        get_on(&remote, &mut stage);
        assert!(!over(&stage, 300) && !over(&stage, 599));
        assert!(over(&stage, 600));
    }

    #[test]
    fn what_is_waited_for_as_long_as_it_takes_is_never_over() {
        let (_remote, stage) = stage(None);
        let (mut drain, now) = (Drain::default(), Now::read());
        drain.set_sources(Vec::new());
        assert!(!over(&mut drain, &stage, now) && !over(&mut drain, &stage, later(now, 9_999_999)));
    }
}
