//! The receiving end: streams and datagrams from others, in whatever they
//! speak.
//!
//! One thread does it all. What a peer has sent is read in turns of a bounded
//! size, whoever sends how much: each connection that has something gets its
//! share of a turn, and after each turn the chain takes the records. A chain
//! that takes its time is what slows senders down; nothing is read meanwhile.

mod admit;
mod answers;
mod complaints;
mod connection;
mod datagrams;
mod detect;
mod framing;
mod options;
mod ports;
mod requests;
mod room;
mod senders;
mod streams;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::admit::Admission;
use self::answers::Awaited;
use self::complaints::Complaints;
use self::connection::{Connection, ReadRoom};
use self::datagrams::Datagrams;
use self::options::Accepted;
pub use self::options::{ListenOptions, Wire};
use self::ports::{Port, PortSocket};
use self::senders::Senders;
use super::Sink;
use crate::diag::{Diag, plain};
use crate::figures::InputFigures;
use crate::net::{Allow, ServiceManager, TlsServer, dropped_datagrams};
use crate::now::Now;
use crate::sys::Waitable;
use crate::sys::poller::Poller;
use crate::wire::framing::OversizeCounts;
use crate::wire::gelf::assembly::{Assembly, Limits};
use crate::wire::http::HttpOptions;

/// How many bytes are read in a turn, about, and of one connection at least and
/// at most.
const TURN: usize = 1 << 20;
const SHARE: (usize, usize) = (16 << 10, 128 << 10);

/// How many bytes of incomplete messages are held, over all connections; one
/// message of the greatest length is held in any case.
const HELD: usize = 64 << 20;

/// How long a message that is no text may be on its way, and a handshake.
const OVERDUE: Duration = Duration::from_secs(30);
const HANDSHAKE: Duration = Duration::from_secs(10);

/// For how many seconds a client of HTTP is told to wait.
const RETRY: u32 = 1;

/// How long lines are held back that may be those of one message.
const SETTLE: Duration = Duration::from_secs(1);

/// How often somebody looks after those who are overdue.
const SWEEP: Duration = Duration::from_secs(1);

/// What has been counted beside records.
#[derive(Debug, Default)]
struct Tally {
    bytes: u64,
    connections: u64,
    refused: u64,
    oversize: OversizeCounts,
    /// Datagrams that the system had no room for.
    unread: u64,
}

/// See the [module](self).
pub struct Listen {
    poller: Poller,
    ports: Vec<Port>,
    connections: Vec<Option<Box<Connection>>>,
    free: Vec<usize>,
    open: usize,
    /// Those that have something to be read.
    ready: VecDeque<usize>,
    /// Those that have not sent a whole message yet, the oldest first.
    newcomers: VecDeque<(usize, u64)>,
    generation: u64,
    /// Nobody is let in before.
    accept_at: Option<Instant>,
    /// When there were as many connections as there may be, last, and when the
    /// system had none to give.
    crowded: Option<Instant>,
    starved: Option<Instant>,
    sweep_at: Option<Instant>,
    /// When lines have been held back long enough.
    settle_at: Option<Instant>,
    /// Bytes of incomplete messages.
    held: usize,
    accepted: Accepted,
    admission: Admission,
    tls: Option<TlsServer>,
    allow: Allow,
    max_connections: usize,
    idle_timeout: Option<Duration>,
    senders: Senders,
    /// Writing down how far they are has failed.
    told_state: bool,
    state: Option<PathBuf>,
    /// The run is to end: who has come is let in, and nobody else.
    stopping: bool,
    /// Since when nobody is heard because the chain takes its time, and how long
    /// that was before.
    paused_at: Option<Instant>,
    paused: Duration,
    http: Arc<HttpOptions>,
    assembly: Assembly,
    datagrams: Option<Box<Datagrams>>,
    /// Who has started this, and wants to know how it is.
    manager: ServiceManager,
    /// The last time that it was to be told something, that has failed.
    told_manager: bool,
    alive_at: Option<Instant>,
    complaints: Complaints,
    diag: Diag,
    turn: u64,
    awaited: VecDeque<Awaited>,
    tally: Tally,
    work: Vec<u8>,
    read_room: ReadRoom,
}

impl Listen {
    /// Takes what is bound.
    ///
    /// # Errors
    /// What can't be watched or read, and why.
    pub fn new(mut options: ListenOptions, diag: Diag) -> Result<Listen, String> {
        let poller = Poller::new();
        let poller = poller.map_err(|error| format!("cannot wait for peers: {}", plain(&error)))?;
        let senders = match &options.state {
            None => Senders::default(),
            Some(path) => Senders::load(path).map_err(|error| {
                let (path, reason) = (path.display(), plain(&error));
                format!("{path}: cannot keep how far senders are: {reason}")
            })?,
        };
        let mut ports = Vec::new();
        for (place, bound) in std::mem::take(&mut options.bound).into_iter().enumerate() {
            let name = bound.name.clone();
            let port = Port::register(bound, poller.registry(), place);
            ports.push(port.map_err(|error| format!("{name}: cannot listen: {}", plain(&error)))?);
        }
        let datagrams = ports.iter().any(Port::takes_datagrams);
        let accepted = Accepted {
            wire: options.wire,
            max_record: options.max_record.max(1),
            oversize: options.oversize,
            key: options.key.take(),
        };
        let longest = accepted.longest_frame();
        Ok(Listen {
            poller,
            ports,
            connections: Vec::new(),
            free: Vec::new(),
            open: 0,
            ready: VecDeque::new(),
            newcomers: VecDeque::new(),
            generation: 0,
            accept_at: None,
            crowded: None,
            starved: None,
            sweep_at: None,
            settle_at: None,
            held: 0,
            accepted,
            admission: Admission::new(&mut options),
            tls: options.tls,
            allow: options.allow,
            max_connections: options.max_connections.max(1),
            idle_timeout: options.idle_timeout,
            senders,
            told_state: false,
            state: options.state,
            stopping: false,
            paused_at: None,
            paused: Duration::ZERO,
            http: Arc::new(HttpOptions::default()),
            assembly: Assembly::new(Limits::default()),
            datagrams: datagrams.then(|| Box::new(Datagrams::new(longest))),
            manager: ServiceManager::default(),
            told_manager: false,
            alive_at: None,
            complaints: Complaints::new(diag.clone()),
            diag,
            turn: 0,
            awaited: VecDeque::new(),
            tally: Tally::default(),
            work: Vec::new(),
            read_room: ReadRoom::default(),
        })
    }

    /// No handler looks at extra attributes, so that they need not be made.
    pub fn leave_out_attributes(&mut self) {
        self.admission.leave_out_attributes();
    }

    /// Tells a service manager that everything is open, and later that it still
    /// goes on and when it ends.
    pub fn set_manager(&mut self, manager: ServiceManager) {
        self.manager = manager;
        self.notify("READY=1");
        let interval = self.manager.watchdog_interval();
        self.alive_at = interval.map(|interval| Instant::now() + interval);
    }

    fn notify(&mut self, state: &str) {
        let failed = self.manager.notify(state).err();
        let told = std::mem::replace(&mut self.told_manager, failed.is_some());
        // Whatever it was to be told: it is away, and hears none of it.
        if let Some(error) = failed.filter(|_| !told) {
            let reason = plain(&error);
            self.diag.warn(format_args!(
                "the service manager can't be told {state}: {reason}"
            ));
        }
    }

    /// Readable when somebody has something.
    pub fn waitable(&self) -> Waitable<'_> {
        self.poller.waitable()
    }

    /// When [`turn`](Self::turn) has to be called at the latest; at once where
    /// something is left to be read.
    pub fn deadline(&self, now: Now) -> Option<Instant> {
        if self.has_more(now) {
            return Some(now.mono);
        }
        let gelf = self.assembly.deadline();
        [self.sweep_at, self.settle_at, self.accept_at, self.alive_at]
            .into_iter()
            .chain([gelf, self.complaints.deadline(), self.admission.deadline()])
            .flatten()
            .min()
    }

    /// Whether something is known to be there.
    pub fn has_more(&self, now: Now) -> bool {
        let may_accept = self.stopping || self.accept_at.is_none_or(|at| at <= now.mono);
        !self.ready.is_empty() || self.ports.iter().any(|port| port.has_more(may_accept))
    }

    /// Nobody is heard from now on: the chain has the records of this turn.
    pub fn pause(&mut self, now: Now) {
        self.paused_at = Some(now.mono);
    }

    /// Peers are heard again.
    pub fn go_on(&mut self, now: Now) {
        if let Some(at) = self.paused_at.take() {
            self.paused += now.mono.saturating_duration_since(at);
        }
    }

    /// The time that peers are judged by: it stands still while they are not
    /// heard, as nobody is late who has sent everything.
    fn clock(&self, now: Now) -> Instant {
        let at = self.paused_at.unwrap_or(now.mono);
        at.checked_sub(self.paused).unwrap_or(at)
    }

    /// Asks the system who has something.
    fn look(&mut self, now: Now) {
        let ports = self.ports.len();
        let mut writable = Vec::new();
        let looked = self.poller.take(|seen| {
            if let Some(port) = self.ports.get_mut(seen.token) {
                port.readable = true;
                return;
            }
            let place = seen.token - ports;
            let Some(Some(connection)) = self.connections.get_mut(place) else {
                return;
            };
            if seen.readable {
                connection.readable = true;
                connection.hung_up |= seen.hung_up;
                queue(&mut self.ready, connection, place);
            }
            if seen.writable {
                writable.push(place);
            }
        });
        if let Err(error) = looked {
            let reason = plain(&error);
            let text = format_args!("cannot look for peers: {reason}");
            self.complaints.tell("listen", text, now.mono);
        }
        for place in writable {
            self.flush(place, now);
        }
    }

    /// Reads a share of what there is, and hands the records to `each`. Gives
    /// the number of this turn: when the chain has accepted its records, that is
    /// to be [told](Self::accepted).
    pub fn turn(&mut self, now: Now, each: &mut Sink<'_>) -> u64 {
        self.look(now);
        self.turn += 1;
        self.admission.set_time(now);
        // Those who are heard first may turn out to be of use.
        let full = self.is_full();
        if !full {
            self.accept(now, Some(&mut *each));
        }
        for place in 0..self.ports.len() {
            self.receive(place, now, each);
        }
        let mut left = TURN;
        let size = (TURN / self.ready.len().max(1)).clamp(SHARE.0, SHARE.1);
        while left > 0
            && let Some(place) = self.ready.pop_front()
        {
            let read = self.hear(place, size, now, each);
            left = left.saturating_sub(read.max(1 << 10));
        }
        if full {
            self.accept(now, Some(&mut *each));
        }
        self.tick(now, each);
        self.turn
    }

    fn tick(&mut self, now: Now, each: &mut Sink<'_>) {
        self.admission.tick(now, each);
        self.assembly.expire(now.mono);
        self.complaints.tick(now.mono);
        self.tell_alive(now);
        if self.settle_at.is_some_and(|at| at <= now.mono) {
            self.settle(now, each);
        }
        if self.sweep_at.is_some_and(|at| at <= now.mono) {
            self.sweep(now, each);
        }
        if self.sweep_at.is_none() && self.open > 0 {
            self.sweep_at = Some(now.mono + SWEEP);
        }
    }

    fn tell_alive(&mut self, now: Now) {
        if self.alive_at.is_some_and(|at| at <= now.mono)
            && let Some(interval) = self.manager.watchdog_interval()
        {
            self.alive_at = Some(now.mono + interval);
            self.notify("WATCHDOG=1");
        }
    }

    /// Does what may be done while the chain takes nothing.
    pub fn wait_meanwhile(&mut self, now: Now) {
        self.complaints.tick(now.mono);
        // A receiver that is away is no reason to be started anew.
        self.tell_alive(now);
        self.look(now);
        self.accept(now, None);
        let waiting = std::mem::take(&mut self.ready);
        for place in waiting {
            let http = self.connections[place].as_ref();
            match http.is_some_and(|connection| connection.speaks_http()) {
                true => self.turn_away(place, now),
                false => self.ready.push_back(place),
            }
        }
    }

    /// Reads from a connection that speaks HTTP, and tells its requests to come
    /// again.
    fn turn_away(&mut self, place: usize, now: Now) {
        self.hear_with(place, SHARE.1, now, None);
    }

    /// Lets in who has come so far, in the turns that follow, and nobody else.
    pub fn stop(&mut self, now: Now) {
        self.notify("STOPPING=1");
        self.stopping = true;
        self.look(now);
        self.accept(now, None);
    }

    /// Hands on what was held back, and what has come of texts that are not
    /// complete: nothing more is read.
    pub fn finish(&mut self, now: Now, each: &mut Sink<'_>) -> u64 {
        self.turn += 1;
        self.admission.set_time(now);
        self.turn_all_away();
        for place in 0..self.connections.len() {
            self.end_rest(place, now, each);
            self.give_back(place, now);
        }
        self.admission.finish(now, each);
        self.assembly.finish();
        self.complaints.finish();
        self.turn
    }

    /// Says what has been counted, and hangs up.
    pub fn close(&mut self) {
        for connection in self.connections.iter_mut().flatten() {
            connection.say_end();
        }
        self.connections.clear();
        for place in 0..self.ports.len() {
            // Those behind the last that was read, too.
            if let PortSocket::Udp(socket) = &*self.ports[place].socket
                && let Some(dropped) = dropped_datagrams(socket)
            {
                self.note_dropped(place, dropped);
            }
        }
        self.ports.clear();
        if self.tally.unread > 0 {
            self.diag.warn(format_args!(
                "listen: the system had no room for {} datagrams, which are lost; they came faster \
                 than the chain took them",
                self.tally.unread
            ));
        }
        let lost = self.lost_in_chunks();
        if lost > 0 {
            self.diag.warn(format_args!(
                "listen: {lost} messages came in chunks of which some were missing"
            ));
        }
    }

    /// Messages of which some chunks never came, or for which there was no room.
    fn lost_in_chunks(&self) -> u64 {
        let figures = self.assembly.figures();
        figures.expired + figures.displaced
    }

    /// Reads certificates anew.
    pub fn reload(&mut self) {
        if let Some(tls) = &mut self.tls
            && let Err(error) = tls.reload()
        {
            self.diag
                .error(format_args!("{error}; the certificates stay as they were"));
        }
    }

    /// What was read so far.
    pub fn figures(&self) -> InputFigures {
        let tally = &self.tally;
        let (lines, records) = (tally.oversize, self.admission.oversized);
        InputFigures {
            records: self.admission.records,
            bytes: tally.bytes,
            malformed: self.admission.malformed,
            split: lines.split + records.split,
            truncated: lines.truncated + records.truncated,
            dropped: lines.dropped + records.dropped,
            joined: 0,
            masked: self.admission.masked(),
            repeats: self.admission.repeats(),
            connections: tally.connections,
            refused: tally.refused + self.lost_in_chunks(),
            duplicates: self.senders.duplicates,
            unread: tally.unread,
        }
    }
}

fn queue(ready: &mut VecDeque<usize>, connection: &mut Connection, place: usize) {
    if connection.wants_turn() && !std::mem::replace(&mut connection.queued, true) {
        ready.push_back(place);
    }
}
