//! What becomes of mails by what a server answers.

use std::collections::{HashSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::mail::{Mail, Owed};
use super::trouble::{Sent, Trouble};
use super::{Halt, SmtpHandler};
use crate::handler::Handler;
use crate::now::Now;

/// How long until a recipient that was not accepted is tried again, and how
/// often.
const OWED: (Duration, u32) = (Duration::from_secs(60), 10);

/// For how many mails at most.
const MOST_OWED: usize = 100;

impl SmtpHandler {
    /// What became of the first mail of the outbox.
    pub(super) fn hear(&mut self, result: Result<Sent, Trouble>, now: Now) -> Result<(), Halt> {
        let Some(mail) = self.outbox.front_mut() else {
            return Ok(());
        };
        let sent = match result {
            Ok(sent) => sent,
            Err(Trouble::Refused(text)) => {
                self.refuse(text);
                self.recovered();
                return Ok(());
            }
            Err(Trouble::Later(text)) => return Err(self.fail(io::Error::other(text), now)),
            Err(Trouble::Broken(error)) => return Err(self.fail(error, now)),
            Err(Trouble::Doubtful(error)) => {
                mail.doubts += 1;
                return self.doubt(error, now);
            }
        };
        let recipients = std::mem::take(&mut mail.recipients);
        let aside = std::mem::take(&mut mail.aside);
        let of = |index: usize| recipients.get(index).cloned().unwrap_or_default();
        if sent.accepted == 0 {
            let deferred: Vec<_> = sent.deferred.iter().map(|(at, _)| of(*at)).collect();
            if let Some((index, reply)) = sent.deferred.first() {
                let text = format!("{} is not accepted: {reply}", of(*index));
                let left_at = sent.left_at.map(of);
                (mail.recipients, mail.aside) = turns(deferred, aside, left_at);
                self.tell(&sent, &recipients);
                return Err(self.fail(io::Error::other(text), now));
            }
            if !aside.is_empty() {
                mail.recipients = aside;
                self.tell(&sent, &recipients);
                return Ok(());
            }
            let first = sent.refused.first();
            let reason = first.map(|(index, reply)| format!("{} is refused: {reply}", of(*index)));
            self.refuse(reason.unwrap_or_default());
            self.recovered();
            return Ok(());
        }
        self.tell(&sent, &recipients);
        if let Some(mail) = self.outbox.pop_front()
            && !(sent.deferred.is_empty() && aside.is_empty())
        {
            self.owe(mail, &sent, of, aside, now);
        }
        self.recovered();
        Ok(())
    }

    /// Says once of each recipient that it is refused where others are not.
    fn tell(&mut self, sent: &Sent, recipients: &[String]) {
        for (index, reply) in &sent.refused {
            let recipient = recipients.get(*index).cloned().unwrap_or_default();
            if self.told.insert(recipient.clone()) {
                let target = self.target();
                self.diag.error(format_args!(
                    "{target}: {recipient} is refused: {reply}; the others get their mails"
                ));
            }
        }
    }

    /// Some have the mail; the others are tried again, and nobody waits for them.
    fn owe(
        &mut self,
        mail: Mail,
        sent: &Sent,
        of: impl Fn(usize) -> String,
        aside: Vec<String>,
        now: Now,
    ) {
        let recipients: Vec<_> = sent.deferred.iter().map(|(at, _)| of(*at)).collect();
        if let Some(name) = recipients.first().or(aside.first())
            && self.told.insert(name.clone())
        {
            let reply = match sent.deferred.first() {
                Some((_, reply)) => reply,
                None => "it ends the connection there",
            };
            let target = self.target();
            self.diag.warn(format_args!(
                "{target}: {name} is not accepted: {reply}; it is tried again, and the others \
                 have the mail"
            ));
        }
        // Each of those at whom the server leaves by itself.
        let aside = aside.into_iter().map(|name| vec![name]);
        for recipients in [recipients].into_iter().chain(aside) {
            if !recipients.is_empty() {
                self.owed.push_back(Owed {
                    bytes: Arc::clone(&mail.bytes),
                    recipients,
                    due: now.mono + OWED.0,
                    tries: 1,
                });
            }
        }
        self.bound_owed();
    }

    /// Keeps as many mails as may be owed. Those of one mail share its bytes.
    fn bound_owed(&mut self) {
        let count = |owed: &VecDeque<Owed>| {
            let mails = owed.iter().map(|owed| Arc::as_ptr(&owed.bytes));
            mails.collect::<HashSet<_>>().len()
        };
        while self.owed.len() > MOST_OWED && count(&self.owed) > MOST_OWED {
            self.give_up_owed("there are too many such mails");
        }
    }

    pub(super) fn hear_of_owed(&mut self, result: Result<Sent, Trouble>, now: Now) {
        let reason = match result {
            Ok(sent) if sent.deferred.is_empty() && sent.refused.is_empty() => {
                self.owed.pop_front();
                self.recovered();
                return;
            }
            Ok(sent) => {
                let refusals = sent.deferred.iter().chain(&sent.refused);
                let replies: Vec<_> = refusals.map(|(_, reply)| reply.clone()).collect();
                if let Some(owed) = self.owed.front_mut() {
                    let all = std::mem::take(&mut owed.recipients);
                    let deferred = sent.deferred.iter();
                    owed.recipients = deferred
                        .filter_map(|(at, _)| all.get(*at).cloned())
                        .collect();
                    let left_at = sent.left_at.and_then(|at| all.get(at).cloned());
                    let (next, aside) = match owed.recipients.len() {
                        0 | 1 => (std::mem::take(&mut owed.recipients), Vec::new()),
                        _ => {
                            let names = std::mem::take(&mut owed.recipients);
                            turns(names, Vec::new(), left_at)
                        }
                    };
                    owed.recipients = next;
                    if !aside.is_empty() {
                        // The others are asked again without that one.
                        let (bytes, due) = (Arc::clone(&owed.bytes), owed.due);
                        let tries = owed.tries;
                        self.owed.push_back(Owed {
                            bytes,
                            recipients: aside,
                            due,
                            tries,
                        });
                        self.tell(&sent, &all);
                        self.bound_owed();
                        return;
                    }
                    self.tell(&sent, &all);
                }
                replies.first().cloned().unwrap_or_default()
            }
            Err(trouble) => trouble.text(),
        };
        let Some(mut owed) = self.owed.pop_front() else {
            return;
        };
        if owed.recipients.is_empty() {
            return;
        }
        owed.tries += 1;
        owed.due = now.mono + OWED.0 * owed.tries;
        let over = owed.tries > OWED.1 || self.closing;
        self.owed.push_front(owed);
        match over {
            true => self.give_up_owed(&reason),
            false => self.owed.rotate_left(1),
        }
    }

    pub(super) fn give_up_owed(&mut self, reason: &str) {
        if let Some(owed) = self.owed.pop_front() {
            let (target, names) = (self.target(), owed.recipients.join(", "));
            self.diag.error(format_args!(
                "{target}: {names} did not get a mail that others have: {reason}"
            ));
        }
    }

    /// Nobody takes the first mail: its records are given up.
    pub(super) fn refuse(&mut self, reason: String) {
        if let Some(mail) = self.outbox.pop_front() {
            self.refused.push((mail.carried, reason));
        }
    }

    /// The server answers, and that is what was waited for.
    pub(super) fn recovered(&mut self) {
        self.failed = false;
        self.backoff.succeeded();
    }

    pub(super) fn fail(&mut self, error: io::Error, now: Now) -> Halt {
        self.failed = true;
        self.backoff.failed(now.mono);
        Halt::Failed(error)
    }
}

/// Who is asked next, and who stands aside: a server that always takes leave at one
/// recipient must not keep the mail from the others. Where it has done so at each of
/// them, it is no matter of theirs, and all are asked again.
fn turns(
    mut next: Vec<String>,
    mut aside: Vec<String>,
    left_at: Option<String>,
) -> (Vec<String>, Vec<String>) {
    let at = left_at.and_then(|name| next.iter().position(|other| *other == name));
    aside.extend(at.map(|at| next.remove(at)));
    match next.is_empty() {
        true => (aside, next),
        false => (next, aside),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_whom_it_ends_stands_aside() {
        let names = |text: &str| text.split_terminator(' ').map(str::to_owned).collect();
        for (next, aside, left_at, asked, waits) in [
            ("a b c", "", Some("b"), "a c", "b"),
            ("a c", "b", Some("c"), "a", "b c"),
            ("a", "b c", Some("a"), "b c a", ""),
            ("a b", "c", None, "a b", "c"),
            ("a", "", Some("a"), "a", ""),
        ] {
            let turned = turns(names(next), names(aside), left_at.map(str::to_owned));
            assert_eq!(turned, (names(asked), names(waits)), "{next} {aside}");
        }
    }
}
