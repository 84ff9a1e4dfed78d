//! A server that answers as a test wants it to, and keeps what it was asked.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// The number of its connection.
    pub connection: usize,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter();
        let found = found.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Its lines, as JSON.
    pub fn lines(&self) -> Vec<serde_json::Value> {
        let parse = |line: &str| serde_json::from_str(line).expect(line);
        self.text().lines().map(parse).collect()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// What it answers.
pub enum Answer {
    /// A status, headers with `\r\n` behind each, and a body.
    Status(u16, &'static str, String),
    /// A status, and the start of a body that does not go on.
    Head(u16),
    /// None: the connection is closed.
    Close,
    /// None, ever.
    Stall,
}

pub fn status(status: u16) -> Answer {
    Answer::Status(status, "", String::new())
}

pub struct Server {
    pub address: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// `answer` has the request, and how many came before it.
    pub fn new(answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static) -> Server {
        Server::at("127.0.0.1:0", answer)
    }

    pub fn at(
        address: &str,
        answer: impl Fn(&Request, usize) -> Answer + Send + Sync + 'static,
    ) -> Server {
        let listener = TcpListener::bind(address).expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (keep, answer) = (Arc::clone(&seen), Arc::new(answer));
        std::thread::spawn(move || {
            for (connection, stream) in listener.incoming().flatten().enumerate() {
                let (keep, answer) = (Arc::clone(&keep), Arc::clone(&answer));
                std::thread::spawn(move || serve(stream, connection, &keep, &*answer));
            }
        });
        Server { address, seen }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn seen(&self) -> Vec<Request> {
        self.seen.lock().expect("a lock").clone()
    }
}

fn serve(
    mut stream: TcpStream,
    connection: usize,
    seen: &Mutex<Vec<Request>>,
    answer: &(dyn Fn(&Request, usize) -> Answer + Send + Sync),
) {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut head = httparse::Request::new(&mut fields);
        let Ok(httparse::Status::Complete(length)) = head.parse(&bytes) else {
            match stream.read(&mut buffer) {
                Ok(count @ 1..) => bytes.extend_from_slice(&buffer[..count]),
                _ => return,
            }
            continue;
        };
        let headers: Vec<(String, String)> = head
            .headers
            .iter()
            .map(|field| {
                let value = String::from_utf8_lossy(field.value).into_owned();
                (field.name.to_owned(), value)
            })
            .collect();
        let mut request = Request {
            method: head.method.unwrap_or_default().to_owned(),
            target: head.path.unwrap_or_default().to_owned(),
            headers,
            body: Vec::new(),
            connection,
        };
        let body = request
            .header("content-length")
            .map_or(0, |length| length.parse::<usize>().expect("a length"));
        while bytes.len() < length + body {
            match stream.read(&mut buffer) {
                Ok(count @ 1..) => bytes.extend_from_slice(&buffer[..count]),
                _ => return,
            }
        }
        request.body = bytes[length..length + body].to_vec();
        bytes.drain(..length + body);
        let before = {
            let mut seen = seen.lock().expect("a lock");
            seen.push(request.clone());
            seen.len() - 1
        };
        match answer(&request, before) {
            Answer::Status(status, headers, text) => {
                let answer = format!(
                    "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n{headers}\r\n{text}",
                    text.len()
                );
                if stream.write_all(answer.as_bytes()).is_err() {
                    return;
                }
            }
            Answer::Head(status) => {
                let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 9\r\n\r\n{{");
                let _ = stream.write_all(answer.as_bytes());
                let _ = stream.read(&mut buffer);
                return;
            }
            Answer::Close => return,
            Answer::Stall => {
                let _ = stream.read(&mut buffer);
                return;
            }
        }
    }
}

pub fn lines(numbers: std::ops::Range<usize>) -> String {
    numbers.map(|number| format!("line {number}\n")).collect()
}
