//! The other end of the wire `lh`, as a test wants it: it keeps what it has
//! accepted over restarts, and hangs up when it is told to.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use lh::wire::lh::{HELLO, Hello, SenderId, decode_frame, encode_ack, encode_welcome};

/// When a connection is hung up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Never.
    Patient,
    /// After so many frames: they are accepted, and nobody is told.
    Accepting(usize),
    /// After so many frames, of which the last was read and not accepted.
    Forgetting(usize),
}

#[derive(Default)]
struct Kept {
    accepted: HashMap<SenderId, u64>,
    messages: Vec<String>,
    connections: usize,
}

pub struct Receiver {
    pub address: SocketAddr,
    kept: Arc<Mutex<Kept>>,
    manner: Arc<Mutex<Box<dyn FnMut() -> Manner + Send>>>,
    stop: Arc<AtomicBool>,
}

impl Receiver {
    pub fn new(manner: impl FnMut() -> Manner + Send + 'static) -> Receiver {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let receiver = Receiver {
            address: listener.local_addr().expect("its address"),
            kept: Arc::default(),
            manner: Arc::new(Mutex::new(Box::new(manner))),
            stop: Arc::default(),
        };
        let (kept, manner) = (Arc::clone(&receiver.kept), Arc::clone(&receiver.manner));
        let stop = Arc::clone(&receiver.stop);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let manner = (manner.lock().unwrap())();
                kept.lock().unwrap().connections += 1;
                // A sender that was killed is no fault.
                let _ = serve(connection, manner, &kept);
            }
        });
        receiver
    }

    pub fn messages(&self) -> Vec<String> {
        self.kept.lock().unwrap().messages.clone()
    }

    pub fn connections(&self) -> usize {
        self.kept.lock().unwrap().connections
    }

    pub fn senders(&self) -> usize {
        self.kept.lock().unwrap().accepted.len()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(self.address);
    }
}

/// One connection, as `lh listen` has to treat it.
fn serve(mut connection: TcpStream, manner: Manner, kept: &Mutex<Kept>) -> std::io::Result<()> {
    let mut hello = [0; HELLO];
    connection.read_exact(&mut hello)?;
    let hello = Hello::decode(&hello).expect("a hello");
    let mut last = {
        let mut kept = kept.lock().unwrap();
        *kept.accepted.entry(hello.sender).or_default()
    };
    let mut out = Vec::new();
    encode_welcome(last, &mut out);
    connection.write_all(&out)?;
    let (mut buffer, mut seen, mut before) = (Vec::new(), 0, 0);
    let mut read = [0; 8192];
    loop {
        let count = connection.read(&mut read)?;
        if count == 0 {
            return Ok(());
        }
        buffer.extend_from_slice(&read[..count]);
        while let Some((number, payload, length)) =
            decode_frame(&buffer, before, 1 << 20).expect("a frame")
        {
            seen += 1;
            before = number;
            if manner == Manner::Forgetting(seen) {
                return Ok(());
            }
            let mut kept_now = kept.lock().unwrap();
            if number > last {
                last = number;
                kept_now.accepted.insert(hello.sender, number);
                let object: serde_json::Value = serde_json::from_slice(payload).expect("JSON");
                let message = object["message"].as_str().expect("a message").to_owned();
                kept_now.messages.push(message);
            }
            drop(kept_now);
            buffer.drain(..length);
            if manner == Manner::Accepting(seen) {
                return Ok(());
            }
        }
        out.clear();
        encode_ack(last, &mut out);
        connection.write_all(&out)?;
    }
}
