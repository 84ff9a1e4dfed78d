//! What becomes of records by what a server answers.

use std::io;
use std::time::Duration;

use super::held::Front;
use super::verdict::{Answer, Verdict, hint, judge, shown};
use super::worker::Done;
use super::{Halt, HttpHandler, Reading};
use crate::handler::Handler;
use crate::now::Now;
use crate::wire::presets::{elasticsearch, otlp, splunk};

impl HttpHandler {
    pub(super) fn hear(&mut self, done: Done, front: Front, now: Now) -> Result<(), Halt> {
        self.room = done.room;
        let answer = match done.result {
            Ok(answer) => answer,
            Err(error) => {
                let error = io::Error::new(
                    error.kind(),
                    shown(error.to_string().as_bytes(), &self.secrets),
                );
                self.hold_together(front);
                return Err(self.fail(front, error, None, now));
            }
        };
        self.doubted = is_about_credentials(answer.status);
        match self.judge(&answer) {
            Verdict::Taken => self.took(&answer, front, now),
            Verdict::Refused => {
                self.halve(&answer, front);
                self.recovered();
                Ok(())
            }
            // The same goes out again, and nothing is wrong so far.
            Verdict::Unwelcome if self.rereads() => {
                self.hold_together(front);
                Ok(())
            }
            Verdict::Unwelcome if !self.keeps => {
                self.parts.clear();
                let reason = self.reason(&answer);
                self.refuse(front, reason);
                self.recovered();
                Ok(())
            }
            Verdict::Later | Verdict::Unwelcome => {
                self.hold_together(front);
                let error = io::Error::other(self.reason(&answer));
                Err(self.fail(front, error, answer.wait(now.wall), now))
            }
        }
    }

    /// By what the receiver says beside its status, too.
    fn judge(&self, answer: &Answer) -> Verdict {
        match judge(answer.status) {
            Verdict::Refused if self.hint(answer).is_some() => Verdict::Unwelcome,
            verdict => verdict,
        }
    }

    /// What to do where a receiver says that it is not a record that is wrong.
    fn hint(&self, answer: &Answer) -> Option<&'static str> {
        let says = self.reading == Reading::Code && answer.status == 400;
        says.then(|| splunk::read_hint(&answer.text)).flatten()
    }

    /// What the server says, in words.
    fn reason(&self, answer: &Answer) -> String {
        let reason = answer.reason(&self.secrets);
        match self.hint(answer) {
            Some(hint) => format!("{reason}; {hint}"),
            None => reason,
        }
    }

    /// What was sent is sent again as it was, and has the same key then; others
    /// that have come since wait.
    pub(super) fn hold_together(&mut self, front: Front) {
        if self.parts.is_empty() {
            self.parts.push(front.count);
        }
    }

    /// Whether credentials that are refused have been replaced since they were
    /// sent; they are now.
    fn rereads(&mut self) -> bool {
        self.doubted && self.read_credentials().is_ok() && self.credentials != self.sent
    }

    /// The server has taken a batch, or parts of it.
    fn took(&mut self, answer: &Answer, front: Front, now: Now) -> Result<(), Halt> {
        match self.reading {
            Reading::Status | Reading::Code => {}
            Reading::Items => {
                if let Some(items) = elasticsearch::read_items(&answer.text) {
                    return self.took_items(&items, front, now);
                }
            }
            Reading::Partial => {
                let Some(rejected) = otlp::read_rejected(&answer.text) else {
                    self.warn_of_unread(answer);
                    return self.took_all(front);
                };
                if rejected.count > 0 {
                    let count = rejected.count;
                    let reason = shown(rejected.reason.as_bytes(), &self.secrets);
                    // Sent again, the others would be there twice, so that the
                    // protocol forbids it.
                    let all = front.count;
                    let (lost, why) = match count >= all {
                        true => (None, reason),
                        false => (
                            Some(count),
                            format!("{count} of these {all}, and it does not say which: {reason}"),
                        ),
                    };
                    self.parts.pop();
                    self.refused.push((self.held.copy(front), lost, why));
                    self.held.forget(front);
                    self.recovered();
                    return Ok(());
                }
            }
        }
        self.took_all(front)
    }

    fn took_all(&mut self, front: Front) -> Result<(), Halt> {
        self.parts.pop();
        self.held.forget(front);
        self.recovered();
        Ok(())
    }

    /// Says once that an answer is not what it should be.
    fn warn_of_unread(&mut self, answer: &Answer) {
        if !std::mem::replace(&mut self.told_unread, true) {
            let (target, said) = (self.target(), shown(&answer.text, &self.secrets));
            self.diag.warn(format_args!(
                "{target}: it takes the records, but what it says of them can't be understood: \
                 {said}; if it has refused some, that is not known"
            ));
        }
    }

    /// What became of each document, from the first on.
    fn took_items(
        &mut self,
        items: &[elasticsearch::Item],
        front: Front,
        now: Now,
    ) -> Result<(), Halt> {
        self.parts.clear();
        let most = usize::try_from(front.count).unwrap_or(usize::MAX);
        // A proxy or a plugin may refuse credentials for each document, too.
        self.doubted = items.iter().any(|item| is_about_credentials(item.status));
        let renewed = self.rereads();
        for (index, item) in items.iter().take(most).enumerate() {
            let one = self.held.front(1, u64::MAX);
            let reason = || {
                let mut reason = format!("it answers {}", item.status);
                if !item.error.is_empty() {
                    let error = shown(item.error.as_bytes(), &self.secrets);
                    reason.push_str(&format!(": {error}"));
                }
                match hint(item.status) {
                    "" => reason,
                    hint => format!("{reason}; {hint}"),
                }
            };
            match judge(item.status) {
                Verdict::Taken => self.held.forget(one),
                // It is there already.
                _ if item.status == 409 => self.held.forget(one),
                // From here on it goes out again, and nothing is wrong so far.
                Verdict::Unwelcome if renewed => break,
                verdict if verdict.waits(self.keeps) => {
                    let error = io::Error::other(reason());
                    if index > 0 {
                        self.recovered();
                    }
                    return Err(self.fail(one, error, None, now));
                }
                _ => {
                    let reason = reason();
                    self.refuse(one, reason);
                }
            }
        }
        if items.is_empty() {
            self.hold_together(front);
            let text = "its answer does not say what became of the records";
            return Err(self.fail(front, io::Error::other(text), None, now));
        }
        // What the answer is too long to tell of is sent again.
        self.recovered();
        Ok(())
    }

    fn halve(&mut self, answer: &Answer, front: Front) {
        self.parts.pop();
        if front.count > 1 {
            let half = front.count / 2;
            self.parts.extend([front.count - half, half]);
            return;
        }
        let reason = answer.reason(&self.secrets);
        self.refuse(front, reason);
    }

    pub(super) fn refuse(&mut self, front: Front, reason: String) {
        self.refused.push((self.held.copy(front), None, reason));
        self.held.forget(front);
    }

    /// The server answers, and that is what was waited for.
    pub(super) fn recovered(&mut self) {
        self.failed = false;
        self.backoff.succeeded();
    }

    pub(super) fn fail(
        &mut self,
        front: Front,
        error: io::Error,
        wait: Option<Duration>,
        now: Now,
    ) -> Halt {
        self.failed = true;
        self.failing = Some(front);
        self.backoff.failed_for(now.mono, wait.unwrap_or_default());
        Halt::Failed(error)
    }
}

/// Whether a status may be due to credentials.
fn is_about_credentials(status: u16) -> bool {
    matches!(status, 401 | 403)
}
