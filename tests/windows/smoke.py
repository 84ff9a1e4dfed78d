"""lh on Windows, under Wine: what users do first, once each.

    python3 tests/windows/smoke.py target/elsewhere/x86_64-pc-windows-gnu/debug/lh.exe

Everything is in a folder of its own, the Wine prefix included. Each check says its
name; the first that fails ends the run with what was found.
"""

import http.server
import json
import logging
import logging.handlers
import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
DEADLINE = 60

LINES = "".join(f"{n} a line of the log that is to be kept\n" for n in range(2000))


class Failed(Exception):
    pass


def check(holds, *found):
    if not holds:
        raise Failed("\n".join(str(one) for one in found))


def until(what, holds, *found):
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        value = holds()
        if value:
            return value
        time.sleep(0.02)
    raise Failed("waited in vain for " + what + "\n" + "\n".join(str(one()) for one in found))


class Wine:
    """Programs of Windows in a folder."""

    def __init__(self, exe, folder):
        self.folder = folder
        self.work = folder / "work"
        self.bin = folder / "bin"
        self.work.mkdir()
        self.bin.mkdir()
        shutil.copy(exe, self.bin / "lh.exe")
        compiler = "x86_64-w64-mingw32-gcc"
        shim = ["-shared", "-o", self.bin / "bcryptprimitives.dll", HERE / "shim.c", "-ladvapi32"]
        subprocess.run([compiler, *shim], check=True)
        for name in ("hold", "press"):
            program = ["-o", self.bin / f"{name}.exe", HERE / f"{name}.c"]
            subprocess.run([compiler, *program], check=True)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "WINEPREFIX": str(folder / "prefix"),
            "WINEDEBUG": "-all",
            "DISPLAY": "",
        }
        self.count = 0
        self.running = []
        self.run("cmd", "/c", "exit 0")

    def start(self, program, *words, stdin=subprocess.DEVNULL, debug=None, work=None):
        """Output goes to files: Wine's own background processes keep a pipe open."""
        self.count += 1
        files = [self.folder / f"{self.count}.{name}" for name in ("out", "err")]
        environment = dict(self.environment)
        if debug:
            environment["WINEDEBUG"] = debug
        with open(files[0], "wb") as out, open(files[1], "wb") as err:
            process = subprocess.Popen(
                ["wine", program, *words],
                cwd=work or self.work,
                env=environment,
                stdin=stdin,
                stdout=out,
                stderr=err,
            )
        process.out, process.err = files
        self.running.append(process)
        return process

    def lh(self, *words, **options):
        return self.start(str(self.bin / "lh.exe"), *words, **options)

    def run(self, *words, text=None, code=0, **options):
        """Runs to the end, and gives what it has said on both outputs."""
        if text is not None:
            options["stdin"] = subprocess.PIPE
        process = self.start(*words, **options)
        if text is not None:
            text = text if isinstance(text, bytes) else text.encode()
            try:
                process.stdin.write(text)
                process.stdin.close()
            except BrokenPipeError:
                pass
        try:
            status = process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            raise Failed(f"{words} does not end: {said(process.err)}")
        check(status == code, f"{words}: status {status} instead of {code}", said(process.err))
        return said(process.out), said(process.err)

    def go(self, *words, **options):
        return self.run(str(self.bin / "lh.exe"), *words, **options)

    def path(self, name):
        return self.work / name

    def text(self, name):
        return self.path(name).read_text()

    def end(self):
        for process in self.running:
            if process.poll() is None:
                process.kill()
        subprocess.run(["wineserver", "-k"], env=self.environment, check=False)


def said(path):
    return path.read_bytes().decode(errors="replace")


def set_of(wine, name, count):
    """A rotated set in true order."""
    names = [f"{name}.{n}" for n in range(count, 0, -1)] + [name]
    return "".join(wine.text(one) for one in names if wine.path(one).exists())


def a_file(wine):
    wine.go("file", "app.log", text="one\ntwo\nthe last")
    wine.go("file", "app.log", text="three\r\n")
    check(wine.path("app.log").read_bytes() == b"one\ntwo\nthe last\nthree\r\n")


def a_rotated_file(wine):
    wine.go("rotate", "--max-bytes", "8K", "--backups", "20", "r.log", text=LINES)
    check(set_of(wine, "r.log", 20) == LINES)
    sizes = [path.stat().st_size for path in wine.work.glob("r.log*")]
    check(len(sizes) > 8 and max(sizes) < 8192, sizes)
    check(wine.go("cat", "r.log")[0] == LINES)


def compressed_backups(wine):
    options = ["--max-bytes", "8K", "--backups", "20", "--compress", "gzip"]
    wine.go("rotate", *options, "z.log", text=LINES)
    check(wine.path("z.log.1.gz").exists() and not wine.path("z.log.1").exists())
    check(wine.go("cat", "z.log")[0] == LINES)


def a_reader_does_not_stop_a_rollover(wine):
    wine.go("file", "t.log", text="first\n")
    tail = wine.lh("tail", "-f", "t.log")
    until("the tail", lambda: "first" in said(tail.out), lambda: said(tail.err))
    wine.go("rotate", "--max-bytes", "8K", "--backups", "30", "t.log", text=LINES)
    check(set_of(wine, "t.log", 30) == "first\n" + LINES)
    # It follows across the rollovers.
    until("the last line", lambda: said(tail.out) == "first\n" + LINES, lambda: said(tail.out)[-300:])
    tail.kill()


def a_reader_that_forbids_it_is_waited_for(wine):
    wine.go("file", "h.log", text="first\n")
    hold = wine.start(str(wine.bin / "hold.exe"), "h.log", "release", "ready")
    until("the reader", wine.path("ready").exists)
    lh = wine.lh("rotate", "--max-bytes", "1K", "--backups", "50", "h.log", stdin=subprocess.PIPE)
    half = len(LINES) // 2
    half = LINES.index("\n", half) + 1
    lh.stdin.write(LINES[:half].encode())
    lh.stdin.flush()
    # Nothing is lost, and nothing waits: it goes into the file that is there.
    until("the lines", lambda: wine.text("h.log") == "first\n" + LINES[:half], lambda: said(lh.err))
    check("cannot roll over" in said(lh.err), said(lh.err))
    check(not wine.path("h.log.1").exists())
    wine.path("release").touch()
    hold.wait(DEADLINE)
    # A while after a failure it is tried again.
    time.sleep(1.5)
    lh.stdin.write(LINES[half:].encode())
    lh.stdin.close()
    check(lh.wait(DEADLINE) == 0, said(lh.err))
    check(wine.path("h.log.1").exists(), said(lh.err))
    check(set_of(wine, "h.log", 50) == "first\n" + LINES)


def many_writers(wine):
    jobs = []
    for name in "abcd":
        options = ["--max-bytes", "16K", "--backups", "60", "m.log"]
        job = wine.lh("rotate", *options, stdin=subprocess.PIPE)
        jobs.append((name, job))

    def feed(name, job):
        for n in range(1000):
            job.stdin.write(f"{name}{n} {'x' * 60}\n".encode())
        job.stdin.close()

    threads = [threading.Thread(target=feed, args=one) for one in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for _, job in jobs:
        check(job.wait(DEADLINE) == 0, said(job.err))
    lines = set_of(wine, "m.log", 60).splitlines()
    for name in "abcd":
        own = [line for line in lines if line.startswith(name)]
        check(own == [f"{name}{n} {'x' * 60}" for n in range(1000)], name, len(own), own[:3])
    check(len(lines) == 4000)
    sizes = [path.stat().st_size for path in wine.work.glob("m.log*")]
    check(max(sizes) < 16384, sizes)


def by_the_clock(wine):
    plan, _ = wine.go("timed", "--when", "midnight", "--plan", "2", "c.log")
    check(re.fullmatch(r"(\S+T00:00:00\S+\tc\.log\.\d{4}-\d\d-\d\d\n){2}", plan), plan)
    lh = wine.lh("timed", "--when", "s", "--backups", "9", "c.log", stdin=subprocess.PIPE)
    lh.stdin.write(b"one\n")
    lh.stdin.flush()
    until("the first", lambda: wine.path("c.log").exists() and wine.text("c.log"))
    time.sleep(1.2)
    lh.stdin.write(b"two\n")
    lh.stdin.close()
    check(lh.wait(DEADLINE) == 0, said(lh.err))
    backups = [path for path in wine.work.glob("c.log.*")]
    check(len(backups) == 1 and backups[0].read_text() == "one\n", backups)
    check(re.fullmatch(r"c\.log\.\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d", backups[0].name), backups)
    check(wine.text("c.log") == "two\n")


def json_input(wine):
    record = {"message": "hé", "level": "error", "name": "app", "n": 1}
    out, _ = wine.go("-i", "json", "stream", "-f", "{levelname} {name}: {message} {n}",
                     text=json.dumps(record, ensure_ascii=False) + "\n")
    check(out == "ERROR app: hé 1\n", repr(out))


def a_command(wine):
    words = ["--stats", "file", "-f", "{levelname} {message}", "k.log", "--"]
    wine.go(*words, "cmd", "/c", "echo out& echo err 1>&2& exit 3", code=3)
    lines = sorted(line.split() for line in wine.text("k.log").splitlines())
    check(lines == [["ERROR", "err"], ["INFO", "out"]], lines)
    _, err = wine.go("file", "k.log", "--", "no-such-program", code=127)
    check("cannot run no-such-program" in err, err)


def a_key_of_the_console(wine):
    lh = str(wine.bin / "lh.exe")
    words = ["key.press", lh, "file", "key.log"]
    press = wine.start(str(wine.bin / "press.exe"), *words, stdin=subprocess.PIPE)
    press.stdin.write(b"one\ntwo")
    press.stdin.flush()
    log = wine.path("key.log")
    until("a line", lambda: log.exists() and log.read_bytes() == b"one\n", lambda: said(press.err))
    # Behind a pipe the first one is the writer's.
    for _ in range(2):
        wine.path("key.press").touch()
        until("the key", lambda: not wine.path("key.press").exists())
    # The input stays open, and still it ends.
    until("the end", lambda: press.poll() is not None, lambda: said(press.err))
    check(press.returncode == 0, f"status {press.returncode}", said(press.err))
    check(wine.text("key.log") == "one\ntwo\n", said(press.err))


def listening(wine, *words):
    lh = wine.lh("listen", *words)
    found = until("the port", lambda: re.findall(r"listening at (\w+) \S*:(\d+)", said(lh.err)),
                  lambda: said(lh.err))
    return lh, {kind: int(port) for kind, port in found}


def socket_and_listen(wine):
    lh, ports = listening(wine, "--tcp", "127.0.0.1:0", "--udp", "127.0.0.1:0", "--http",
                          "127.0.0.1:0", "file", "-f", "{name} {levelname} {message}", "n.log")
    tcp = f"127.0.0.1:{ports['tcp']}"
    has = lambda text: until(repr(text), lambda: wine.path("n.log").exists() and text in wine.text("n.log"),
                             lambda: said(lh.err), lambda: wine.text("n.log"))
    # All wires, by lh itself.
    for wire in ["json", "pickle", "lines", "syslog", "gelf", "lh"]:
        wine.go("socket", tcp, "--wire", wire, text=f"by {wire}\n")
        has(f"by {wire}\n")
    wine.go("udp", f"127.0.0.1:{ports['udp']}", text="by udp\n")
    has("by udp\n")
    wine.go("syslog", "--address", tcp, "--transport", "tcp", "-t", "tag", text="by tcp\n")
    has("tag INFO by tcp\n")
    wine.go("http", f"http://127.0.0.1:{ports['http']}/", "--body", "json", text="by http\n")
    has("by http\n")
    # And Python, from another system.
    handlers = [
        logging.handlers.SocketHandler("127.0.0.1", ports["tcp"]),
        logging.handlers.DatagramHandler("127.0.0.1", ports["udp"]),
        logging.handlers.SysLogHandler(("127.0.0.1", ports["udp"])),
        logging.handlers.HTTPHandler(f"127.0.0.1:{ports['http']}", "/", "POST"),
    ]
    for handler in handlers:
        kind = type(handler).__name__
        record = {"name": "python", "levelno": 40, "levelname": "ERROR", "msg": "by %s", "args": (kind,)}
        handler.handle(logging.makeLogRecord(record))
        has(f"by {kind}\n")
        handler.close()
    # More than one read takes, from several at once.
    before = wine.text("n.log").count("\n")
    def send():
        with socket.create_connection(("127.0.0.1", ports["tcp"])) as peer:
            peer.sendall(LINES.encode() * 20)
    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until("all of them", lambda: wine.text("n.log").count("\n") == before + 8 * 20 * 2000,
          lambda: wine.text("n.log").count("\n") - before)
    lh.kill()


def a_spool(wine):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = ["socket", f"127.0.0.1:{port}", "--wire", "lh", "--spool", "sp", "--drain-timeout", "300ms"]
    wine.go(*words, text=LINES)
    out, _ = wine.go("spool", "ls", "sp")
    check("2000" in out, out)
    lh, _ = listening(wine, "--tcp", f"127.0.0.1:{port}", "file", "-f", "message", "sp.log")
    wine.go("spool", "retry", "sp")
    until("all", lambda: wine.path("sp.log").exists() and wine.text("sp.log") == LINES, lambda: said(lh.err))
    lh.kill()


def requests(wine):
    bodies = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *words):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/"
    wine.go("http", url, "--body", "ndjson", "--batch", "500", text=LINES)
    check(b"".join(bodies).count(b"\n") == 2000 and len(bodies) == 4, len(bodies))
    server.shutdown()


def the_event_log(wine):
    words = ["eventlog", "--app", "lhtest", "--event-id", "7", "--category", "3"]
    lines = "ERROR it broke\nWARNING look here\nall is well\n" + "y" * 40000 + "\n"
    _, err = wine.go("--detect-level", *words, text=lines, debug="+eventlog,fixme+advapi")
    check('RegisterEventSourceW ((null),L"lhtest")' in err, err[:2000])
    calls = re.findall(r"ReportEventW \(\w+,0x(\w+),0x(\w+),0x(\w+),\w+,0x(\w+),0x(\w+),", err)
    want = [(kind, "0003", "00000007", "0001", "00000000") for kind in ["0001", "0002", "0004", "0004", "0004"]]
    check(calls == want, calls, err[:3000])
    for text in ["ERROR it broke", "WARNING look here", "all is well", "[part 1 of 2] yyy", "[part 2 of 2] yyy"]:
        check(f'L"{text}' in err, text, err[:3000])
    key = r"HKLM\System\CurrentControlSet\Services\EventLog\Application\lhtest"
    out, _ = wine.run("reg", "query", key)
    check("EventCreate.exe" in out and "TypesSupported" in out and "0x7" in out, out)
    wine.go("eventlog", "--app", "lhsystem", "--log", "system", "--dll", r"C:\texts.dll", text="x\n")
    out, _ = wine.run("reg", "query", key.replace("Application", "System").replace("lhtest", "lhsystem"))
    check(r"C:\texts.dll" in out, out)


def what_windows_has_not(wine):
    for words, code, text in [
        (["listen", "--unix", "a.sock"], 1, "no Unix sockets"),
        (["listen", "--unixgram", "a.sock"], 1, "no Unix sockets"),
        (["socket", "/run/a.sock"], 2, "no Unix sockets"),
        (["udp", "/run/a.sock"], 2, "no Unix sockets"),
        (["file", "--perm", "600", "p.log"], 1, "no permission bits"),
        (["--pty", "file", "p.log", "--", "cmd", "/c", "echo"], 126, "no pseudo-terminals"),
        (["eventlog", "--socket", "x"], 2, "--socket is for the journal of Linux"),
        (["eventlog", "-p", "user"], 2, "--priority is for the journal of Linux"),
    ]:
        _, err = wine.go(*words, text="x\n", code=code)
        check(text in err, words, err)


CHECKS = [
    a_file,
    a_rotated_file,
    compressed_backups,
    a_reader_does_not_stop_a_rollover,
    a_reader_that_forbids_it_is_waited_for,
    many_writers,
    by_the_clock,
    json_input,
    a_command,
    a_key_of_the_console,
    socket_and_listen,
    a_spool,
    requests,
    the_event_log,
    what_windows_has_not,
]


def main(exe, *names):
    failed = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        wine = Wine(exe, pathlib.Path(folder))
        try:
            for one in CHECKS:
                if names and one.__name__ not in names:
                    continue
                begun = time.monotonic()
                try:
                    one(wine)
                    result = "ok"
                except Failed as why:
                    failed.append(one.__name__)
                    result = f"FAILED\n{why}"
                print(f"{one.__name__} ... {result} ({time.monotonic() - begun:.1f} s)", flush=True)
        finally:
            wine.end()
    if failed:
        sys.exit("failed: " + ", ".join(failed))


if __name__ == "__main__":
    main(*sys.argv[1:])
