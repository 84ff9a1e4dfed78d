//! Connections: heard, and closed.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::admit::{Origin, Refusal};
use super::answers::{Answer, Awaited};
use super::connection::{Came, Connection};
use super::framing::{Broken, Message, Next, Protocol, Skipped};
use super::{HANDSHAKE, HELD, Listen, OVERDUE, RETRY, SETTLE, SWEEP, TURN, detect, queue};
use crate::diag::plain;
use crate::level::Level;
use crate::now::Now;
use crate::record::{LinePart, Record};
use crate::source::Sink;
use crate::wire::envelope::TAG;
use crate::wire::hmac::Key;
use crate::wire::http::HttpConversation;
use crate::wire::lh;

/// A message that has begun is copied to what follows it as long as it is short.
const SHORT: usize = 32 << 10;

/// What a record counts at least in a turn: all of a turn are in memory together, and
/// of what is hardly a byte each, much is written.
const LEAST: usize = 32;

/// How long until it is looked at again whether lines are held back for too long.
const SOON: Duration = Duration::from_millis(50);

/// Why a connection is not heard any more.
pub(super) enum Cut {
    /// What it sends can't be understood or believed.
    Refused(String),
    /// It broke.
    Broken(io::Error),
}

impl Listen {
    /// Reads once from a connection, and makes records of what came, or goes on
    /// with what came before. Gives how much that was, in bytes.
    pub(super) fn hear(
        &mut self,
        place: usize,
        size: usize,
        now: Now,
        each: &mut Sink<'_>,
    ) -> usize {
        self.hear_with(place, size, now, Some(each))
    }

    /// The same where nobody may take records: then only requests are read.
    pub(super) fn hear_with(
        &mut self,
        place: usize,
        size: usize,
        now: Now,
        mut each: Option<&mut Sink<'_>>,
    ) -> usize {
        let Some(mut connection) = self.connections.get_mut(place).and_then(Option::take) else {
            return 0;
        };
        connection.queued = false;
        if !connection.wants_turn() {
            self.connections[place] = Some(connection);
            return 0;
        }
        if connection.lingering.is_some() {
            return self.ignore(connection, place, size, now);
        }
        if connection.parcel.is_some() {
            return self.hand_on_more(connection, place, size, now, each);
        }
        let records = self.admission.records;
        let mut work = std::mem::take(&mut self.work);
        self.held -= connection.held();
        match connection.rest.len() > SHORT {
            true => std::mem::swap(&mut work, &mut connection.rest),
            false => work.extend_from_slice(&connection.rest),
        }
        connection.rest = Vec::new();
        let before = work.len();
        let came = match connection.readable && !connection.ended {
            true => connection.read(&mut work, &mut self.read_room, size),
            // Only what has been read before is to be looked at again.
            false if connection.ended => Ok(Came::End),
            false => Ok(Came::Drained),
        };
        let read = work.len() - before;
        self.tally.bytes += read as u64;
        if read > 0 {
            connection.heard = self.clock(now);
        }
        // The end is told once, and maybe with the last bytes.
        connection.readable = match came {
            Ok(Came::More) => true,
            Ok(Came::Drained) => connection.hung_up && read > 0,
            _ => false,
        };
        let at_end = matches!(came, Ok(Came::End) | Err(_));
        connection.ended = at_end;
        let (used, cut) = match (came, each.as_deref_mut()) {
            (Err(error), None) => (0, Some(Cut::Broken(error))),
            (Err(error), Some(_)) if connection.speaks_http() => (0, Some(Cut::Broken(error))),
            (Ok(_), each) if connection.speaks_http() => {
                self.requests(&mut connection, &work, now, each.is_some())
            }
            (Ok(_), None) => (0, None),
            (Ok(_), Some(each)) => {
                self.understand(&mut connection, place, &work, at_end, now, each)
            }
            // What came before is not worth less for it.
            (Err(error), Some(each)) => {
                match self.understand(&mut connection, place, &work, true, now, each) {
                    (used, None) => (used, Some(Cut::Broken(error))),
                    // In the middle of a message, because it broke.
                    (used, Some(_)) if read == 0 => (used, Some(Cut::Broken(error))),
                    (used, cut) => (used, cut),
                }
            }
        };
        let handed = match each.as_deref_mut() {
            Some(each) => self.hand_on(&mut connection, place, size, now, each),
            None => 0,
        };
        self.keep_rest(&mut connection, work, used, now);
        self.tell_cut(&mut connection, cut, now);
        self.put_back(place, connection, now);
        if self.held > self.most_held() {
            match (self.longest_that_waits(), each) {
                // Of what is complete nothing is lost.
                (Some(place), Some(each)) => self.wait_no_more(place, now, each),
                _ => self.cut_off_longest(now),
            }
        }
        let records = usize::try_from(self.admission.records - records).unwrap_or(usize::MAX);
        read.max(handed).max(records.saturating_mul(LEAST))
    }

    /// Says why a connection is heard no more, if it is not.
    fn tell_cut(&mut self, connection: &mut Connection, cut: Option<Cut>, now: Now) {
        let peer = Arc::clone(&connection.peer);
        match cut {
            None => {}
            Some(Cut::Refused(reason)) => {
                self.tally.refused += 1;
                connection.closing = true;
                self.complaints.tell(
                    &peer,
                    format_args!("{reason}; the connection is closed"),
                    now.mono,
                );
            }
            Some(Cut::Broken(error)) => {
                (connection.closing, connection.ended) = (true, true);
                // Whoever only looked whether somebody is there is no fault.
                if connection.useful || !connection.rest.is_empty() || connection.is_shaking_hands()
                {
                    let reason = plain(&error);
                    self.complaints.tell(
                        &peer,
                        format_args!("the connection broke: {reason}"),
                        now.mono,
                    );
                }
            }
        }
    }

    /// How many bytes are held at most, over all connections.
    pub(super) fn most_held(&self) -> usize {
        HELD.max(2 * self.accepted.longest_counted())
    }

    /// Keeps what is not complete; all else is gone.
    fn keep_rest(&mut self, connection: &mut Connection, mut work: Vec<u8>, used: usize, now: Now) {
        let rest = work.len() - used;
        if let Some(protocol) = &mut connection.protocol {
            protocol.consumed(rest);
        }
        match rest {
            0 => connection.begun = None,
            _ if used > 0 => connection.begun = Some(self.clock(now)),
            _ => {
                let clock = self.clock(now);
                connection.begun.get_or_insert(clock);
            }
        }
        if rest > SHORT {
            work.drain(..used);
            connection.rest = work;
        } else {
            connection.rest.extend_from_slice(&work[used..]);
            work.clear();
            self.work = work;
        }
        self.held += connection.held();
        if connection.is_waiting() {
            self.settle_at.get_or_insert(now.mono + SETTLE);
        }
    }

    /// Puts a connection back where it stood, or closes it if it is done.
    pub(super) fn put_back(&mut self, place: usize, mut connection: Box<Connection>, now: Now) {
        // What was to be answered is answered before the end.
        let done = match connection.lingering.is_some() {
            true => connection.has_lingered(now.mono),
            false => connection.closing || (connection.ended && !connection.has_to_answer()),
        };
        if done && !self.begins_to_linger(&mut connection, now) {
            connection.say_end();
            return self.bury(place, &connection);
        }
        queue(&mut self.ready, &mut connection, place);
        self.connections[place] = Some(connection);
    }

    pub(super) fn bury(&mut self, place: usize, connection: &Connection) {
        self.held -= connection.held();
        self.open -= 1;
        self.free.push(place);
        if let Some(Protocol::Numbered(numbered)) = &connection.protocol
            && let Some(sender) = numbered.sender
        {
            self.senders.part(sender, (place, connection.generation));
        }
        if self.open == 0 {
            self.sweep_at = None;
        }
    }

    /// Closes a connection and says why.
    pub(super) fn cut_off(&mut self, place: usize, why: fmt::Arguments<'_>, now: Now) {
        if let Some(mut connection) = self.connections.get_mut(place).and_then(Option::take) {
            connection.say_end();
            self.tally.refused += 1;
            self.complaints.tell(&connection.peer, why, now.mono);
            self.bury(place, &connection);
        }
    }

    /// Sends what waits for a connection to take it.
    pub(super) fn flush(&mut self, place: usize, now: Now) {
        let Some(mut connection) = self.connections.get_mut(place).and_then(Option::take) else {
            return;
        };
        // That it has gone is seen when it is read.
        let _ = connection.flush();
        self.put_back(place, connection, now);
    }

    /// Makes records of whole messages; tells how many bytes they were, and why
    /// nothing more is to be heard.
    fn understand(
        &mut self,
        connection: &mut Connection,
        place: usize,
        work: &[u8],
        at_end: bool,
        now: Now,
        each: &mut Sink<'_>,
    ) -> (usize, Option<Cut>) {
        let defaults = Arc::clone(&self.admission.defaults);
        let received = std::mem::take(&mut self.admission.received);
        let peer = Arc::clone(&connection.peer);
        let origin = Origin {
            defaults: &defaults,
            peer: &peer,
            received: &received,
            // Those before it have no line that goes on.
            stream: u32::try_from(place).map_or(u32::MAX, |place| LinePart::MANY + 1 + place),
            now,
        };
        let room = std::mem::take(&mut self.admission.room);
        let mut record = Record::reusing(room, &defaults, now.wall);
        let mut used = 0;
        let result = self.messages(
            connection,
            place,
            work,
            at_end,
            &origin,
            &mut |listen, message| listen.admission.take(message, &origin, &mut record, each),
            &mut used,
        );
        self.admission.room = record.into_room();
        self.admission.received = received;
        (used, result.err())
    }

    #[allow(clippy::too_many_arguments)]
    fn messages<'w>(
        &mut self,
        connection: &mut Connection,
        place: usize,
        work: &'w [u8],
        at_end: bool,
        origin: &Origin<'_>,
        take: &mut dyn FnMut(&mut Listen, Message<'w>) -> Result<Level, Refusal>,
        used: &mut usize,
    ) -> Result<(), Cut> {
        let generation = connection.generation;
        if connection.protocol.is_none() {
            if detect::is_tls(work) {
                let text = "it speaks TLS, for which --tls-cert and --tls-key are";
                return Err(Cut::Refused(text.to_owned()));
            }
            connection.protocol = detect::stream(work, &self.accepted, at_end);
        }
        let mut last = None;
        let mut welcome = Vec::new();
        let result = loop {
            let Some(protocol) = &mut connection.protocol else {
                break Ok(());
            };
            let rest = &work[*used..];
            let next = protocol.next(rest, &self.accepted, &mut self.tally.oversize, at_end);
            match next {
                Err(error) => break Err(Cut::Refused(error.to_string())),
                Ok(Next::More) => break Ok(()),
                Ok(Next::Skip(count)) => *used += count,
                Ok(Next::TooLong(length, count)) => {
                    *used += count;
                    let most = self.accepted.longest_counted();
                    let text = format_args!(
                        "a message of {length} bytes is longer than the {most} that are taken \
                         (--max-record); it is lost"
                    );
                    self.complaints
                        .tell(&connection.peer, text, origin.now.mono);
                }
                Ok(Next::Skipped(skipped, count)) => {
                    *used += count;
                    connection.useful = true;
                    if let Protocol::Numbered(numbered) = protocol
                        && let Some(sender) = numbered.sender
                    {
                        last = Some((sender, skipped.number));
                        if self.senders.take(sender, skipped.number) {
                            self.note_skipped(&connection.peer, skipped, origin.now);
                        }
                    }
                }
                Ok(Next::Hello(sender, count)) => {
                    *used += count;
                    let (accepted, before) = self.senders.greet(sender, (place, generation));
                    if let Protocol::Numbered(numbered) = protocol {
                        numbered.sender = Some(sender);
                    }
                    if let Some((place, generation)) = before {
                        self.replace(place, generation);
                    }
                    lh::encode_welcome(accepted, &mut welcome);
                }
                Ok(Next::Message(mut message, count)) => {
                    *used += count;
                    connection.useful = true;
                    if let Some(key) = &self.accepted.key {
                        match unsealed(key, &message) {
                            Some(bytes) => message.bytes = bytes,
                            None => break Err(Cut::Refused(Broken::NoCode.to_string())),
                        }
                    }
                    if let (Some(number), Protocol::Numbered(numbered)) = (message.number, protocol)
                        && let Some(sender) = numbered.sender
                    {
                        last = Some((sender, number));
                        if !self.senders.take(sender, number) {
                            continue;
                        }
                    }
                    // Where the next one begins is known all the same.
                    match (take(self, message), &mut connection.protocol) {
                        (Ok(level), Some(Protocol::Text(text))) => text.level = level,
                        (Ok(_), _) => {}
                        (Err(refusal), _) => {
                            self.tally.refused += 1;
                            let text = format_args!("{refusal}; that record is lost");
                            self.complaints
                                .tell(&connection.peer, text, origin.now.mono);
                        }
                    }
                }
            }
            if let Some(protocol) = &mut connection.protocol {
                protocol.consumed(work.len() - *used);
            }
        };
        if !welcome.is_empty() {
            let sent = connection.send(&welcome);
            sent.and_then(|()| connection.flush())
                .map_err(Cut::Broken)?;
        }
        if let Some((sender, number)) = last {
            connection.awaiting += 1;
            self.awaited.push_back(Awaited {
                turn: self.turn,
                place,
                generation,
                since: origin.now.mono,
                answer: Answer::Acknowledge(sender, number),
            });
        }
        result
    }

    fn note_skipped(&mut self, peer: &str, skipped: Skipped, now: Now) {
        self.tally.oversize.dropped += 1;
        let Skipped { length, most, .. } = skipped;
        let text = format_args!(
            "a frame of {length} bytes is longer than the {most} that are taken (--max-record); \
             it is lost"
        );
        self.complaints.tell(peer, text, now.mono);
    }

    /// Closes a connection that waits for an acknowledgement which never comes;
    /// its sender will send again what was not acknowledged.
    pub(super) fn leave_unacknowledged(&mut self, (place, generation): (usize, u64), now: Now) {
        if let Some(peer) = self.replace(place, generation) {
            let text = format_args!(
                "a handler has given up records that it sent; the connection is closed without \
                 acknowledging them"
            );
            self.complaints.tell(&peer, text, now.mono);
        }
    }

    /// Closes a connection that another one has taken the place of, for
    /// instance. Tells whose it was, if it was still there.
    fn replace(&mut self, place: usize, generation: u64) -> Option<Arc<str>> {
        let found = self.connections.get_mut(place);
        if let Some(slot) = found
            && slot
                .as_ref()
                .is_some_and(|found| found.generation == generation)
            && let Some(mut connection) = slot.take()
        {
            connection.say_end();
            self.bury(place, &connection);
            return Some(connection.peer);
        }
        None
    }

    /// Closes those who take too long.
    pub(super) fn sweep(&mut self, now: Now, each: &mut Sink<'_>) {
        self.sweep_at = (self.open > 0).then(|| now.mono + SWEEP);
        if self.crowded.is_some() && self.open >= self.max_connections {
            self.crowded = Some(now.mono);
        }
        let clock = self.clock(now);
        let since = |at: Instant| clock.saturating_duration_since(at);
        for place in 0..self.connections.len() {
            let Some(connection) = &self.connections[place] else {
                continue;
            };
            if connection.lingering.is_some() {
                self.flush(place, now);
                continue;
            }
            if connection.is_unheard() {
                continue;
            }
            let text = match &connection.protocol {
                Some(protocol) => protocol.is_text(),
                // Some first bytes leave it open what it is, but for that.
                None => !connection
                    .rest
                    .first()
                    .is_some_and(|byte| detect::is_binary(*byte)),
            };
            let begun = connection.message_begun().filter(|_| !text);
            if connection.is_shaking_hands() && since(connection.since) > HANDSHAKE {
                self.cut_off(place, format_args!("the TLS handshake took too long"), now);
            } else if begun.is_some_and(|begun| since(begun) > OVERDUE) {
                self.break_off(
                    place,
                    HttpConversation::time_out,
                    format_args!("a message did not become complete in time"),
                    now,
                );
            } else if let Some(most) = self.idle_timeout
                && since(connection.heard) > most
                && connection.awaiting == 0
            {
                self.hang_up(place, now, each);
            }
        }
    }

    /// Closes a connection that was only idle. What has come of a line is
    /// delivered, as if the peer had ended it.
    pub(super) fn hang_up(&mut self, place: usize, now: Now, each: &mut Sink<'_>) {
        self.end_rest(place, now, each);
        if let Some(mut connection) = self.connections.get_mut(place).and_then(Option::take) {
            connection.say_end();
            self.bury(place, &connection);
        }
    }

    /// Of the connections whose lines are held back, the one that has the most.
    fn longest_that_waits(&self) -> Option<usize> {
        let connections = self.connections.iter().enumerate();
        let waiting = connections.filter_map(|(place, connection)| {
            let connection = connection.as_ref()?;
            connection
                .is_waiting()
                .then_some((connection.rest.len(), place))
        });
        waiting.max().map(|(_, place)| place)
    }

    /// Where too much is held, whoever holds the most of it goes.
    fn cut_off_longest(&mut self, now: Now) {
        let held = |place: &usize| {
            let connection = self.connections[*place].as_ref();
            connection.map_or(0, |connection| connection.incomplete())
        };
        let places = (0..self.connections.len()).filter(|place| held(place) > 0);
        if let Some(place) = places.max_by_key(held) {
            let text = "closed: the messages that are not complete take too much memory";
            let busy = |http: &mut HttpConversation, out: &mut _| http.turn_away(RETRY, out);
            self.break_off(place, busy, format_args!("{text}"), now);
        }
    }

    /// Hands on lines that were held back long enough, about as many as are read in a
    /// turn: they may be those of many.
    pub(super) fn settle(&mut self, now: Now, each: &mut Sink<'_>) {
        self.settle_at = None;
        let clock = self.clock(now);
        let mut left = TURN;
        for place in 0..self.connections.len() {
            let connection = self.connections[place].as_ref();
            let Some(connection) = connection.filter(|connection| connection.is_waiting()) else {
                continue;
            };
            let mut due = connection.begun.map_or(clock, |begun| begun + SETTLE);
            if connection.is_unheard() {
                // The rest may be there.
                due = due.max(clock + SOON);
            }
            if due > clock || left == 0 {
                let due = now.mono + due.saturating_duration_since(clock);
                self.settle_at = Some(self.settle_at.map_or(due, |at| at.min(due)));
                continue;
            }
            let (length, records) = (connection.rest.len(), self.admission.records);
            self.wait_no_more(place, now, each);
            let records = usize::try_from(self.admission.records - records);
            let weight = records.map_or(usize::MAX, |count| count.saturating_mul(LEAST));
            left = left.saturating_sub(length.max(weight));
        }
    }

    /// Takes lines as such that were held back as those of one message may be.
    fn wait_no_more(&mut self, place: usize, now: Now, each: &mut Sink<'_>) {
        let Some(mut connection) = self.connections.get_mut(place).and_then(Option::take) else {
            return;
        };
        if let Some(Protocol::Text(text)) = &mut connection.protocol {
            text.wait_no_more();
        }
        let work = std::mem::take(&mut connection.rest);
        self.held -= work.len();
        let (used, cut) = self.understand(&mut connection, place, &work, false, now, each);
        self.keep_rest(&mut connection, work, used, now);
        self.tell_cut(&mut connection, cut, now);
        self.put_back(place, connection, now);
    }

    /// Hands on what has come of a text that is not complete; what is no text is
    /// of no use.
    pub(super) fn end_rest(&mut self, place: usize, now: Now, each: &mut Sink<'_>) {
        let Some(mut connection) = self.connections.get_mut(place).and_then(Option::take) else {
            return;
        };
        let work = std::mem::take(&mut connection.rest);
        self.held -= work.len();
        if !work.is_empty() && connection.protocol.as_ref().is_none_or(Protocol::is_text) {
            self.understand(&mut connection, place, &work, true, now, each);
        }
        self.connections[place] = Some(connection);
    }
}

/// The message behind its authentication code, if that is right.
pub(super) fn unsealed<'b>(key: &Key, message: &Message<'b>) -> Option<&'b [u8]> {
    use super::framing::Kind;
    let bytes = message.bytes;
    if message.number.is_some() || message.kind == Kind::Pickle {
        let (tag, body) = bytes.split_at_checked(TAG)?;
        return key.verify(body, tag).then_some(body);
    }
    let (digits, rest) = bytes.split_at_checked(2 * TAG)?;
    let body = rest.strip_prefix(b" ")?;
    let mut tag = [0; TAG];
    for (byte, pair) in tag.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |digit: u8| char::from(digit).to_digit(16);
        *byte = u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok()?;
    }
    key.verify(body, &tag).then_some(body)
}
