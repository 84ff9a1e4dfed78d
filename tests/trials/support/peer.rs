//! Receivers in this process that misbehave as told, and what they got.

use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use socket2::{Domain, SockRef, Socket, Type};

use super::port::free_address;
use super::records::parse;
use super::{Report, wait_for};

/// What a receiver does with one connection.
#[derive(Clone, Copy, Debug)]
pub enum Manner {
    /// Reads to the end.
    Read,
    /// Reads so many records, all that there is at the moment, and closes.
    Close(usize),
    /// Reads so many records, says that it has had enough, and reads what is on
    /// its way.
    Enough(usize),
    /// Reads so many records, waits for more, and aborts without reading them.
    Abort(usize),
    /// Reads so many records, waits for more, and ends as Python's socketserver
    /// does: first its own direction, then the rest, unread.
    HangUp(usize),
    /// Does not read before it is [told to](Peer::release).
    Hold,
}

/// A receiver on TCP.
pub struct Peer {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    /// What was read on each connection.
    got: Mutex<Vec<Vec<u8>>>,
    /// Where connections come to an end of the receiver's own, how long it is
    /// away then.
    away: Duration,
    away_until: Mutex<Option<Instant>>,
    released: AtomicBool,
    over: AtomicBool,
    ended: AtomicUsize,
}

impl Peer {
    /// One that reads whatever comes.
    pub fn new() -> Peer {
        Peer::that(Duration::ZERO, |_| Manner::Read)
    }

    /// One that deals with its connections, counted from 0, as it is told; when
    /// it ends one, nobody listens for that long. Its system takes few bytes that
    /// it has not read.
    pub fn that(away: Duration, manner: impl Fn(usize) -> Manner + Send + 'static) -> Peer {
        Peer::start(free_address(), away, Some(4096), manner)
    }

    /// One that reads whatever comes, at an address that was given up.
    pub fn at(address: SocketAddr) -> Peer {
        Peer::start(address, Duration::ZERO, None, |_| Manner::Read)
    }

    /// One at a certain address that deals with its connections as it is told.
    pub fn bound_to(
        address: SocketAddr,
        manner: impl Fn(usize) -> Manner + Send + 'static,
    ) -> Peer {
        Peer::start(address, Duration::ZERO, None, manner)
    }

    /// One that reads nothing before it is told to, and whose system takes few
    /// bytes for it.
    pub fn holding() -> Peer {
        let hold = |_| Manner::Hold;
        Peer::start(free_address(), Duration::ZERO, Some(4096), hold)
    }

    fn start(
        address: SocketAddr,
        away: Duration,
        buffer: Option<usize>,
        manner: impl Fn(usize) -> Manner + Send + 'static,
    ) -> Peer {
        let listener = listen(address, buffer);
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            away,
            ..Shared::default()
        });
        let own = Arc::clone(&shared);
        let thread = std::thread::spawn(move || own.serve(listener, address, buffer, manner));
        Peer {
            address,
            shared,
            thread: Some(thread),
        }
    }

    /// Lets it read.
    pub fn release(&self) {
        self.shared.released.store(true, Ordering::SeqCst);
    }

    /// How many connections it had, and how many bytes on them.
    pub fn figures(&self) -> (usize, usize) {
        let got = self.shared.got.lock().unwrap();
        (got.len(), got.iter().map(Vec::len).sum())
    }

    /// How many connections it has ended itself.
    pub fn ended(&self) -> usize {
        self.shared.ended.load(Ordering::SeqCst)
    }

    /// The whole records of all its connections. What the end of one has cut is
    /// nothing to any receiver. On each, they stand in their order.
    pub fn bytes(&self) -> Vec<u8> {
        let got = self.shared.got.lock().unwrap().clone();
        let mut all = Vec::new();
        for one in got {
            let end = one.iter().rposition(|byte| *byte == b'\n');
            let whole = &one[..end.map_or(0, |end| end + 1)];
            let numbers: Vec<u64> = whole.split(|b| *b == b'\n').filter_map(parse).collect();
            assert!(
                numbers.windows(2).all(|pair| pair[0] < pair[1]),
                "out of order on one connection"
            );
            all.extend_from_slice(whole);
        }
        all
    }

    pub fn report(&self, expected: RangeInclusive<u64>) -> Report {
        Report::of_bytes(&self.bytes(), expected)
    }

    /// Waits for a record; `false` if it does not come.
    pub fn has(&self, number: u64, limit: Duration) -> bool {
        let line = super::record(number);
        wait_for(limit, || {
            let got = self.shared.got.lock().unwrap();
            got.iter().any(|one| {
                let tail = &one[one.len().saturating_sub(1 << 16)..];
                memchr::memmem::find(tail, &line).is_some()
            })
        })
    }

    /// Waits until it has them all, once or more often, and gives what became of
    /// them.
    #[track_caller]
    pub fn wait_for_all(
        &self,
        numbers: RangeInclusive<u64>,
        limit: Duration,
        what: &str,
    ) -> Report {
        self.has(*numbers.end(), limit);
        let mut report = self.report(numbers.clone());
        wait_for(Duration::from_secs(1), || {
            report = self.report(numbers.clone());
            report.lost.is_empty()
        });
        assert!(report.lost.is_empty(), "{what}: {report}");
        let others = report.torn.len() + report.foreign.len();
        assert_eq!(others, 0, "{what}: {report}");
        report
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn listen(address: SocketAddr, buffer: Option<usize>) -> TcpListener {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).expect("a socket");
    socket.set_reuse_address(true).expect("an option");
    if let Some(size) = buffer {
        socket.set_recv_buffer_size(size).expect("an option");
    }
    // Of one that listened here before, a process that is being started has a
    // copy until it runs its own program.
    let bound = wait_for(Duration::from_secs(5), || {
        let bound = socket.bind(&address.into()).is_ok();
        bound && socket.listen(16).is_ok()
    });
    assert!(bound, "nobody else listens at {address}");
    socket.set_nonblocking(true).expect("an option");
    socket.into()
}

const PAUSE: Duration = Duration::from_millis(2);

impl Shared {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    fn serve(
        self: &Arc<Self>,
        listener: TcpListener,
        address: SocketAddr,
        buffer: Option<usize>,
        manner: impl Fn(usize) -> Manner,
    ) {
        let mut listener = Some(listener);
        let mut readers = Vec::new();
        while !self.is_over() {
            let until = *self.away_until.lock().unwrap();
            match (&listener, until) {
                (Some(_), Some(_)) => listener = None,
                (None, Some(until)) if Instant::now() >= until => {
                    *self.away_until.lock().unwrap() = None;
                    listener = Some(listen(address, buffer));
                }
                _ => {}
            }
            match listener.as_ref().map(TcpListener::accept) {
                Some(Ok((stream, _))) => {
                    let number = {
                        let mut got = self.got.lock().unwrap();
                        got.push(Vec::new());
                        got.len() - 1
                    };
                    let (own, manner) = (Arc::clone(self), manner(number));
                    readers.push(std::thread::spawn(move || {
                        own.attend(stream, number, manner)
                    }));
                }
                _ => std::thread::sleep(PAUSE),
            }
        }
        for reader in readers {
            reader.join().unwrap();
        }
    }

    fn attend(&self, mut stream: TcpStream, number: usize, manner: Manner) {
        stream.set_nonblocking(false).expect("an option");
        let tick = Some(Duration::from_millis(20));
        stream.set_read_timeout(tick).expect("an option");
        let mut lines = 0;
        let mut enough = false;
        // Few bytes at once, where it is to stop at one of the first records.
        let most = match manner {
            Manner::Read | Manner::Hold => 64 << 10,
            _ => 512,
        };
        let mut buffer = vec![0; most];
        while !self.is_over() {
            if matches!(manner, Manner::Hold) && !self.released.load(Ordering::SeqCst) {
                std::thread::sleep(PAUSE);
                continue;
            }
            match stream.read(&mut buffer) {
                Ok(0) => return,
                Ok(count) => {
                    lines += memchr::memchr_iter(b'\n', &buffer[..count]).count();
                    let mut got = self.got.lock().unwrap();
                    got[number].extend_from_slice(&buffer[..count]);
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
                Err(_) => return,
            }
            match manner {
                Manner::Close(after) if lines >= after && waiting(&stream) == 0 => {
                    self.leave();
                    return;
                }
                Manner::Enough(after) if lines >= after && !enough => {
                    enough = true;
                    buffer.truncate(256);
                    self.leave();
                    let _ = stream.shutdown(std::net::Shutdown::Write);
                }
                Manner::HangUp(after) if lines >= after => {
                    wait_for(Duration::from_secs(5), || waiting(&stream) > 0);
                    let _ = stream.shutdown(std::net::Shutdown::Write);
                    // As long as a busy machine may take between the two calls.
                    std::thread::sleep(Duration::from_millis(30));
                    self.leave();
                    return;
                }
                Manner::Abort(after) if lines >= after => {
                    wait_for(Duration::from_secs(5), || waiting(&stream) > 0);
                    std::thread::sleep(Duration::from_millis(50));
                    let linger = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
                    linger.expect("an option");
                    self.leave();
                    return;
                }
                _ => {}
            }
        }
    }

    fn leave(&self) {
        if !self.away.is_zero() {
            *self.away_until.lock().unwrap() = Some(Instant::now() + self.away);
        }
        self.ended.fetch_add(1, Ordering::SeqCst);
    }
}

/// The bytes that wait to be read.
fn waiting(stream: &TcpStream) -> usize {
    let before = stream.read_timeout().expect("an option");
    stream.set_nonblocking(true).expect("an option");
    let mut buffer = [0; 4096];
    let waiting = stream.peek(&mut buffer).unwrap_or(0);
    stream.set_nonblocking(false).expect("an option");
    stream.set_read_timeout(before).expect("an option");
    waiting
}
