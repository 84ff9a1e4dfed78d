//! The thread that talks to the server, one mail after the other, on a
//! connection that it keeps.
//!
//! A mail may take as long as its time-outs. The end of a run does not wait for
//! that: whoever gives a mail up leaves the thread alone, which ends then by
//! itself.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use super::session::{Letter, Route, Session};
use super::trouble::{Sent, Trouble};

/// How long a connection is kept without a mail: less than servers do, which is
/// five minutes (RFC 5321, section 4.5.3.2.7).
const KEPT: Duration = Duration::from_secs(60);

/// How long is waited for the answer to QUIT.
const FAREWELL: Duration = Duration::from_millis(300);

/// A mail to be sent.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub from: Arc<str>,
    pub recipients: Vec<String>,
    /// As it goes over the wire.
    pub bytes: Arc<Vec<u8>>,
    pub utf8: bool,
    /// How long the answer to the whole of it may take.
    pub patience: Duration,
}

/// The thread, from outside.
pub(super) struct Worker {
    jobs: SyncSender<Job>,
    done: Receiver<Result<Sent, Trouble>>,
}

impl Worker {
    /// Starts a thread.
    pub fn start(route: Arc<Route>) -> io::Result<Worker> {
        let (jobs, take) = mpsc::sync_channel(1);
        let (give, done) = mpsc::sync_channel(1);
        let thread = std::thread::Builder::new().name("smtp".to_owned());
        thread.spawn(move || run(&route, &take, &give))?;
        Ok(Worker { jobs, done })
    }

    /// Hands a mail over; there must be none under way.
    pub fn send(&self, job: Job) -> io::Result<()> {
        self.jobs
            .try_send(job)
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Waits for what becomes of the mail, so long at most.
    pub fn wait(&self, most: Duration) -> Option<Result<Sent, Trouble>> {
        match self.done.recv_timeout(most) {
            Ok(result) => Some(result),
            Err(RecvTimeoutError::Timeout) => None,
            // It may have been sent.
            Err(RecvTimeoutError::Disconnected) => Some(Err(Trouble::Doubtful(io::Error::other(
                "the thread of the session has ended",
            )))),
        }
    }

    /// Lets it take leave of the server, and waits for that a moment.
    pub fn quit(self) {
        let Worker { jobs, done } = self;
        drop(jobs);
        let _ = done.recv_timeout(FAREWELL * 2);
    }
}

fn run(route: &Route, jobs: &Receiver<Job>, done: &SyncSender<Result<Sent, Trouble>>) {
    let mut session = None;
    loop {
        let job = match session.is_some() {
            true => jobs.recv_timeout(KEPT),
            false => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match job {
            Ok(job) => {
                let result = send(route, &mut session, &job);
                if done.send(result).is_err() {
                    break;
                }
            }
            Err(RecvTimeoutError::Timeout) => leave(&mut session),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    leave(&mut session);
}

fn leave(session: &mut Option<Session>) {
    if let Some(session) = session.take() {
        session.quit(FAREWELL);
    }
}

/// Sends a mail on the connection that is there, or on a new one.
fn send(route: &Route, session: &mut Option<Session>, job: &Job) -> Result<Sent, Trouble> {
    let letter = Letter {
        from: &job.from,
        recipients: &job.recipients,
        bytes: &job.bytes,
        utf8: job.utf8,
        patience: job.patience,
    };
    let kept = session.take();
    if let Some(mut kept) = kept
        && kept.is_usable()
    {
        let begun = Instant::now();
        let result = kept.send(letter);
        // A server that closes an idle connection may do so at the moment that a
        // mail begins on it, with a word of farewell or without. That is no fault,
        // and costs no pause. But what took its time was no such moment.
        let left = match &result {
            Err(Trouble::Broken(_)) => true,
            Err(Trouble::Later(_)) => !kept.is_usable(),
            _ => false,
        };
        let closed = left && begun.elapsed() < route.timeout;
        if !closed {
            if kept.is_usable() {
                *session = Some(kept);
            }
            return result;
        }
    }
    let mut opened = route.open()?;
    let result = opened.send(letter);
    if opened.is_usable() {
        *session = Some(opened);
    }
    result
}
