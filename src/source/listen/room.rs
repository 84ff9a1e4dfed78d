//! Who is let in, and who has to go for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::connection::{Connection, Socket};
use super::framing::Protocol;
use super::ports::Peer;
use super::{Listen, SWEEP, queue};
use crate::diag::plain;
use crate::net::ListenKind;
use crate::now::Now;
use crate::source::Sink;
use crate::sys;
use crate::wire::http::HttpConversation;

/// So many connections are let in at once, from one port.
const AT_ONCE: usize = 256;

/// Where there is no room, how long until somebody is let in again, and how
/// long one that has said nothing of use keeps its place at least.
const CROWDED: Duration = Duration::from_millis(50);

/// The same of one whose first message is on its way.
const BEGUN: Duration = Duration::from_secs(1);

/// How long a client rests between two requests of HTTP, at least, before it has to
/// go for others: it expects that, and comes again.
const RESTED: Duration = Duration::from_secs(2);

/// When there has been room for so long, that there is none is news again. Room
/// for a moment is none: somebody goes, and the next one who waits comes in.
const CALM: Duration = Duration::from_secs(10);

impl Listen {
    /// Lets in those who knock. Where there is no room, others go for them, if
    /// somebody takes what they leave: else those may only not have been heard.
    pub(super) fn accept(&mut self, now: Now, mut each: Option<&mut Sink<'_>>) {
        if !self.stopping && self.accept_at.is_some_and(|at| at > now.mono) {
            return;
        }
        self.accept_at = None;
        for place in 0..self.ports.len() {
            for _ in 0..AT_ONCE {
                if !self.ports[place].accepts() || !self.make_room(now, &mut each) {
                    break;
                }
                match self.ports[place].accept() {
                    Ok(Some((socket, peer))) => self.let_in(place, socket, &peer, now),
                    Ok(None) => {}
                    Err(error) => {
                        let starved = sys::socket::is_out_of_descriptors(&error);
                        if !starved || is_news(&mut self.starved, now.mono) {
                            let name = self.ports[place].name.clone();
                            let reason = plain(&error);
                            let text = format_args!("cannot take a connection: {reason}");
                            self.complaints.tell(&name, text, now.mono);
                        }
                        self.accept_at = Some(now.mono + CROWDED);
                        if starved {
                            self.clear_room(now, &mut each);
                        }
                        break;
                    }
                }
            }
            // All who had come before the end are in.
            if self.stopping && !self.ports[place].accepts() {
                self.ports[place].stop();
            }
        }
    }

    /// Whether connections have to go before others can come.
    pub(super) fn is_full(&self) -> bool {
        self.open >= self.max_connections || self.accept_at.is_some()
    }

    /// Whether there is room for one more.
    fn make_room(&mut self, now: Now, each: &mut Option<&mut Sink<'_>>) -> bool {
        if self.open < self.max_connections || self.clear_room(now, each) {
            return true;
        }
        if !self.stopping && is_news(&mut self.crowded, now.mono) {
            let open = self.open;
            let text = format_args!(
                "{open} connections are open (--max-connections), others have to wait"
            );
            self.complaints.tell("listen", text, now.mono);
        }
        self.accept_at = Some(now.mono + CROWDED);
        false
    }

    /// Closes connections for others, if there are any that may go.
    fn clear_room(&mut self, now: Now, each: &mut Option<&mut Sink<'_>>) -> bool {
        match each {
            None => false,
            Some(each) if self.stopping => self.close_drained(now, each),
            Some(_) => self.evict(now),
        }
    }

    /// At the end, closes those who have been heard: nothing more is waited for.
    fn close_drained(&mut self, now: Now, each: &mut Sink<'_>) -> bool {
        let before = self.open;
        for place in 0..self.connections.len() {
            let found = self.connections[place].as_ref();
            if found.is_some_and(|found| !found.is_unheard() && found.awaiting == 0) {
                self.hang_up(place, now, each);
            }
        }
        self.open < before
    }

    /// Closes one that others do without: who has sent nothing of use, or else who
    /// rests.
    fn evict(&mut self, now: Now) -> bool {
        match self.evict_newcomer(now) {
            Some(evicted) => evicted || self.evict_resting(now),
            None => false,
        }
    }

    /// Closes the one that rests longest between two requests, if there is one.
    ///
    /// Costs a look at each connection.
    fn evict_resting(&mut self, now: Now) -> bool {
        let clock = self.clock(now);
        let places = self.connections.iter().enumerate();
        let resting = places.filter_map(|(place, found)| {
            let found = found.as_deref()?;
            let rests = found.heard + RESTED <= clock && found.rests();
            rests.then_some((found.heard, place))
        });
        let Some((_, place)) = resting.min() else {
            return false;
        };
        if let Some(mut connection) = self.connections[place].take() {
            connection.say_end();
            self.bury(place, &connection);
        }
        true
    }

    /// Closes the oldest of those that have sent nothing of use, if there is
    /// one. What was sent and not yet read may be of use. `None`: it has a moment left,
    /// and is waited for, or many who send nothing would push out all who rest.
    fn evict_newcomer(&mut self, now: Now) -> Option<bool> {
        let clock = self.clock(now);
        while let Some(newcomer) = self.newcomers.front()
            && self.newcomer(newcomer).is_none()
        {
            self.newcomers.pop_front();
        }
        let mut found = None;
        for (at, &(place, generation)) in self.newcomers.iter().enumerate() {
            let Some(connection) = self.newcomer(&(place, generation)) else {
                continue;
            };
            if connection.since + CROWDED > clock {
                return None;
            }
            let may_come = connection.is_waiting() || is_on_its_way(connection, clock);
            if !connection.is_unheard() && !may_come {
                found = Some((at, place));
                break;
            }
        }
        let Some((at, place)) = found else {
            return Some(false);
        };
        self.newcomers.remove(at);
        let text = "closed to make room: it has sent no whole message";
        self.cut_off(place, format_args!("{text}"), now);
        Some(true)
    }

    /// A connection as it was let in, if it is still there and has sent nothing
    /// of use.
    fn newcomer(&self, (place, generation): &(usize, u64)) -> Option<&Connection> {
        let found = self.connections.get(*place).and_then(Option::as_deref);
        found.filter(|found| found.generation == *generation && !found.useful)
    }

    fn let_in(&mut self, port: usize, mut socket: Socket, peer: &Peer, now: Now) {
        let (ports, name) = (self.ports.len(), peer.name());
        if let Some(address) = peer.address()
            && !self.allow.permits(address)
        {
            self.tally.refused += 1;
            self.complaints.tell(
                &name,
                format_args!("refused: --allow does not permit it"),
                now.mono,
            );
            return;
        }
        let tls = match &self.tls {
            Some(tls) if self.ports[port].is_inet() => match tls.session() {
                Ok(session) => Some(session),
                Err(error) => {
                    let text = format_args!("cannot begin TLS: {error}");
                    return self.complaints.tell(&name, text, now.mono);
                }
            },
            _ => None,
        };
        let place = self.free.pop().unwrap_or(self.connections.len());
        let token = mio::Token(ports + place);
        if let Err(error) = socket.register(self.poller.registry(), token) {
            self.free.push(place);
            let reason = plain(&error);
            let text = format_args!("cannot watch the connection: {reason}");
            return self.complaints.tell(&name, text, now.mono);
        }
        self.generation += 1;
        let (generation, clock) = (self.generation, self.clock(now));
        let mut connection = Connection::new(socket, Arc::from(name), tls, generation, clock);
        if self.ports[port].kind == ListenKind::Http {
            let http = HttpConversation::new(Arc::clone(&self.http));
            connection.protocol = Some(Protocol::Http(Box::new(http)));
        }
        // What it has sent meanwhile may have been told before anybody watched.
        connection.readable = true;
        queue(&mut self.ready, &mut connection, place);
        self.newcomers.push_back((place, generation));
        self.forget_newcomers();
        if place == self.connections.len() {
            self.connections.push(None);
        }
        self.connections[place] = Some(Box::new(connection));
        self.open += 1;
        self.tally.connections += 1;
        self.sweep_at.get_or_insert(now.mono + SWEEP);
    }

    /// Those who have become useful or have gone need not be looked at again.
    fn forget_newcomers(&mut self) {
        if self.newcomers.len() > 2 * self.max_connections.min(self.open + 1024) {
            let connections = &self.connections;
            self.newcomers.retain(|(place, generation)| {
                let found = connections.get(*place).and_then(Option::as_ref);
                found.is_some_and(|found| found.generation == *generation && !found.useful)
            });
        }
    }

    /// Counts those who knock and are not let in any more.
    pub(super) fn turn_all_away(&mut self) {
        let mut count = 0;
        for port in &mut self.ports {
            while port.accepts() {
                match port.accept() {
                    Ok(accepted) => count += u64::from(accepted.is_some()),
                    Err(_) => break,
                }
            }
            port.stop();
        }
        self.tally.refused += count;
        if count > 0 {
            self.diag.error(format_args!(
                "listen: {count} connections were still to be taken when the time for the end was \
                 over; what they have sent is lost"
            ));
        }
    }
}

/// Whether a first message is on its way, and not for too long.
fn is_on_its_way(connection: &Connection, clock: Instant) -> bool {
    let begun = connection.begun.unwrap_or(connection.since);
    connection.message_begun().is_some() && begun + BEGUN > clock
}

/// Notes that there is no room, and tells whether there has been some for long
/// enough that it is news. Said again and again, it would take the place of other
/// complaints.
fn is_news(last: &mut Option<Instant>, now: Instant) -> bool {
    let before = last.replace(now);
    before.is_none_or(|at| now.saturating_duration_since(at) > CALM)
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_there_is_no_room_is_news_after_some_calm() {
        let start = Instant::now();
        let mut last = None;
        for (seconds, news) in [(0, true), (1, false), (11, false), (12, false), (23, true)] {
            let now = start + Duration::from_secs(seconds);
            assert_eq!(is_news(&mut last, now), news, "{seconds}");
        }
    }
}
