"""A receiver of log records on loopback, made of what Python's users have.

    receiver.py tcp|udp|unix|unixgram WIRE --out FILE [options]

Its first line on stdout is the port, or the path; from then on it listens.
Each message becomes a line of JSON in FILE: the number of its connection, its
bytes (one character each), the record that they decode to, or the error. On
stdin it takes orders, a line each: `read` (begin to read, after --hold),
`fin` and `rst` (close all connections, in order or by a reset), and ends with
the input.
"""

import argparse
import fcntl
import gzip
import hashlib
import hmac
import json
import logging
import os
import pickle
import select
import socket
import socketserver
import ssl
import struct
import sys
import termios
import threading
import time
import zlib

arguments = argparse.ArgumentParser()
arguments.add_argument("kind", choices=["tcp", "udp", "unix", "unixgram"])
arguments.add_argument(
    "wire", choices=["raw", "lines", "nul", "octet", "json", "gelf", "pickle", "lh"]
)
arguments.add_argument("--out", required=True)
arguments.add_argument("--port", type=int, default=0)
arguments.add_argument("--path")
arguments.add_argument("--key", help="a file: messages have their HMAC-SHA-256 before them")
arguments.add_argument("--hold", action="store_true", help="accept, and read when told so")
arguments.add_argument("--rcvbuf", type=int)
arguments.add_argument("--after", type=int, help="that many messages, once ...")
arguments.add_argument(
    "--then",
    choices=["fin", "shut", "rst", "fin-exit", "shut-exit", "rst-exit"],
    help="""... close; or close with unread data, in the two steps of socketserver;
    or reset with unread data; and end, or take the next connection""",
)
arguments.add_argument("--talk", action="store_true", help="answer each message")
arguments.add_argument("--half", action="store_true", help="end its own side at once")
arguments.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
arguments.add_argument("--client-ca")
args = arguments.parse_args()

stream = args.kind in ("tcp", "unix")
key = open(args.key, "rb").read().rstrip(b"\r\n") if args.key else None
out = os.open(args.out, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
lock = threading.Lock()
may_read = threading.Event()
if not args.hold:
    may_read.set()
connections = {}
taken = 0
tripped = False


class Tripped(Exception):
    """--after is reached."""


def write(**what):
    os.write(out, json.dumps(what, default=repr).encode() + b"\n")


def plain(record):
    """A LogRecord's attributes, with what they come to in Python."""
    attributes = dict(vars(record))
    attributes["getMessage()"] = record.getMessage()
    attributes["format()"] = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s").format(record)
    return attributes


def authentic(message, binary):
    """The message behind its code."""
    if key is None:
        return message
    if binary:
        tag, message = message[:32], message[32:]
    else:
        tag, blank, message = message[:64], message[64:65], message[65:]
        if blank != b" ":
            raise ValueError("no code before the message")
        tag = bytes.fromhex(tag.decode())
    if not hmac.compare_digest(hmac.new(key, message, hashlib.sha256).digest(), tag):
        raise ValueError("another key made the code")
    return message


def decode(message):
    """A message without its frame, as a record."""
    if args.wire == "pickle":
        # As the logging cookbook has it.
        return plain(logging.makeLogRecord(pickle.loads(authentic(message, True))))
    if args.wire in ("json", "gelf"):
        return json.loads(authentic(message, False))
    if args.wire in ("lines", "lh"):
        return {"line": authentic(message, args.wire == "lh").decode("latin-1")}
    return None


def take(number, message):
    """Writes a message down; ends the connection when it is time."""
    global taken, tripped
    what = {"conn": number, "data": message.decode("latin-1")}
    try:
        what["record"] = decode(message)
    except Exception as error:
        what["error"] = repr(error)
    with lock:
        write(**what)
        taken += 1
        if args.after is not None and taken >= args.after and not tripped:
            tripped = True
            raise Tripped


def pieces(connection, delimiter):
    rest = b""
    while chunk := connection.recv(4096):
        *whole, rest = (rest + chunk).split(delimiter)
        yield from whole
    if rest:
        yield rest + b"(not ended)"


def exactly(connection, count):
    data = b""
    while len(data) < count:
        chunk = connection.recv(count - len(data))
        if not chunk:
            return None
        data += chunk
    return data


def counted(connection):
    """Octet counting of RFC 6587."""
    while True:
        digits = b""
        while not digits.endswith(b" "):
            byte = connection.recv(1)
            if not byte:
                if digits:
                    yield digits + b"(not ended)"
                return
            digits += byte
            if len(digits) > 8 or not (byte.isdigit() or byte == b" "):
                yield digits + b"(no count)"
                return
        message = exactly(connection, int(digits))
        if message is None:
            yield b"(not ended)"
            return
        yield message


def lengths(connection):
    """As LogRecordStreamHandler of the logging cookbook reads them."""
    while True:
        chunk = exactly(connection, 4)
        if chunk is None:
            return
        message = exactly(connection, struct.unpack(">L", chunk)[0])
        if message is None:
            yield b"(not ended)"
            return
        yield message


# Of each sender of the wire lh, the last number that was accepted.
accepted = {}


def numbered(connection):
    """The receiving end of the wire lh: a frame is acknowledged when it is
    written down, and not where the connection is closed at that moment."""
    hello = exactly(connection, 28)
    if hello is None:
        return
    if hello[:4] != b"\x93lh\x01":
        yield hello + b"(no hello)"
        return
    sender = hello[4:20]
    connection.sendall(b"\x93lh\x01" + struct.pack(">Q", accepted.get(sender, 0)))
    while head := exactly(connection, 12):
        length, number = struct.unpack(">LQ", head)
        message = exactly(connection, length)
        if message is None:
            return
        if number > accepted.get(sender, 0):
            accepted[sender] = number
            yield message
        connection.sendall(struct.pack(">Q", accepted[sender]))


def chunks(connection):
    while chunk := connection.recv(65536):
        yield chunk


FRAMES = {
    "raw": chunks,
    "lines": lambda connection: pieces(connection, b"\n"),
    "json": lambda connection: pieces(connection, b"\n"),
    "nul": lambda connection: pieces(connection, b"\0"),
    "gelf": lambda connection: pieces(connection, b"\0"),
    "octet": counted,
    "pickle": lengths,
    "lh": numbered,
}


def abort_on_close(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def unread(connection):
    """Waits until something was sent that nobody reads."""
    end = time.monotonic() + 5
    while time.monotonic() < end:
        select.select([connection], [], [], 0.1)
        waiting = struct.unpack("i", fcntl.ioctl(connection, termios.FIONREAD, b"\0" * 4))[0]
        if waiting > 0:
            return


class Stream(socketserver.BaseRequestHandler):
    def handle(self):
        with lock:
            number = len(connections) + 1
            connections[number] = self.request
        may_read.wait()
        try:
            if args.tls:
                self.request = context.wrap_socket(self.request, server_side=True)
                connections[number] = self.request
            if args.half:
                self.request.shutdown(socket.SHUT_WR)
            if args.talk:
                self.request.sendall(b"220 hello\r\n")
            for message in FRAMES[args.wire](self.request):
                take(number, message)
                if args.talk:
                    self.request.sendall(b"ok\r\n")
        except Tripped:
            if "fin" not in args.then:
                unread(self.request)
                # By then the sender has seen that all has arrived here.
                time.sleep(0.15)
            if "shut" in args.then:
                self.request.shutdown(socket.SHUT_WR)
            if "rst" in args.then:
                abort_on_close(self.request)
            self.request.close()
            if "exit" in args.then:
                os._exit(0)
        except (OSError, ssl.SSLError) as error:
            with lock:
                write(conn=number, data="", closed=repr(error))


parts = {}


def gelf(datagram):
    """A whole GELF message, once all its chunks have come."""
    if datagram[:2] == b"\x1e\x0f":
        identity, sequence, count = datagram[2:10], datagram[10], datagram[11]
        if count > 128 or sequence >= count:
            raise ValueError("no chunk of GELF")
        message = parts.setdefault(identity, {})
        message[sequence] = datagram[12:]
        if len(message) < count:
            return None
        del parts[identity]
        datagram = b"".join(message[at] for at in range(count))
    if datagram[:2] == b"\x1f\x8b":
        return gzip.decompress(datagram)
    if datagram[:1] == b"\x78":
        return zlib.decompress(datagram)
    return datagram


class Datagram(socketserver.BaseRequestHandler):
    def handle(self):
        may_read.wait()
        message = self.request[0]
        if args.wire == "gelf":
            message = gelf(message)
        if args.wire == "pickle":
            # A datagram of Python's DatagramHandler has the length, too.
            length = struct.unpack(">L", message[:4])[0]
            if length != len(message) - 4:
                write(conn=0, data=message.decode("latin-1"), error="another length")
                return
            message = message[4:]
        if message is not None:
            take(0, message)


def end(connection, how):
    if how == "rst":
        # It is closed by who reads from it: only then is it reset.
        abort_on_close(connection)
    # TLS has another shutdown, which is for whoever reads.
    which = socket.SHUT_RD if how == "rst" else socket.SHUT_RDWR
    socket.socket.shutdown(connection, which)


def orders():
    for line in sys.stdin:
        if line.strip() == "read":
            may_read.set()
            continue
        with lock:
            for connection in connections.values():
                try:
                    end(connection, line.strip())
                except OSError:
                    # It has ended by itself.
                    pass
    os._exit(0)


BASES = {
    "tcp": socketserver.ThreadingTCPServer,
    "udp": socketserver.UDPServer,
    "unix": socketserver.ThreadingUnixStreamServer,
    "unixgram": socketserver.UnixDatagramServer,
}


class Server(BASES[args.kind]):
    # Of datagrams, two could have one port then.
    allow_reuse_address = stream
    daemon_threads = True
    max_packet_size = 1 << 20

    def server_bind(self):
        if args.rcvbuf:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, args.rcvbuf)
        elif not stream:
            # What comes at once is not to be lost for want of room.
            force = 33
            try:
                self.socket.setsockopt(socket.SOL_SOCKET, force, 8 << 20)
            except PermissionError:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        super().server_bind()

    def shutdown_request(self, request):
        self.close_request(request)


if args.tls:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*args.tls)
    if args.client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(args.client_ca)

if args.path and os.path.exists(args.path):
    os.unlink(args.path)
address = ("127.0.0.1", args.port) if args.path is None else args.path
try:
    server = Server(address, Stream if stream else Datagram)
except OSError as error:
    sys.exit(f"cannot listen: {error}")
print(server.server_address[1] if args.path is None else args.path, flush=True)
threading.Thread(target=orders, daemon=True).start()
server.serve_forever()
