"""Prints traces to stderr, each between two lines that begin with `==`."""

import ctypes
import faulthandler
import logging
import subprocess
import sys
import threading
import traceback


def mark(name):
    print("==", name, file=sys.stderr, flush=True)


def deep(n):
    if n == 0:
        raise ValueError("deep")
    deep(n - 1)


def forever(n):
    return forever(n + 1)


class Silent(Exception):
    pass


class Destroyed:
    def __del__(self):
        raise OSError(2, "in a destructor")


logging.basicConfig(level="DEBUG", format="%(asctime)s %(levelname)s %(name)s %(message)s")

mark("plain")
try:
    deep(2)
except ValueError:
    traceback.print_exc()
mark("logged, with a cause")
try:
    try:
        deep(1)
    except ValueError as error:
        raise KeyError("second") from error
except KeyError:
    logging.exception("it failed")
mark("logged with the stack")
try:
    1 / 0
except ZeroDivisionError:
    logging.error("it failed", exc_info=True, stack_info=True)
mark("a chain of three, with lines in a message")
try:
    try:
        try:
            raise RuntimeError("many\nlines\n\nof text")
        except RuntimeError:
            deep(1)
    except ValueError:
        raise Silent
except Silent:
    traceback.print_exc()
mark("a cause that was never raised")
try:
    raise ValueError("a") from TypeError("never raised")
except ValueError:
    traceback.print_exc()
mark("too deep")
try:
    forever(1)
except RecursionError:
    traceback.print_exc()
mark("syntax, with a trace")
try:
    compile("x = (\n", "bad.py", "exec")
except SyntaxError:
    traceback.print_exc()
mark("syntax, without")
subprocess.run([sys.executable, "-c", "def f(\n"], check=False)
mark("a thread")
thread = threading.Thread(target=deep, args=(0,))
thread.start()
thread.join()
mark("a destructor")
thing = Destroyed()
del thing
if sys.version_info >= (3, 11):
    mark("notes, in a chain")
    try:
        try:
            deep(0)
        except ValueError as error:
            error.add_note("a note\nof two lines")
            raise KeyError("second") from error
    except KeyError:
        traceback.print_exc()
    mark("groups")
    try:
        inner = ExceptionGroup("inner", [TypeError("t\nu"), OSError(2, "x")])
        try:
            deep(0)
        except ValueError as error:
            error.add_note("a note")
            raise ExceptionGroup("outer", [error, inner])
    except ExceptionGroup:
        traceback.print_exc()
    mark("a group in a chain")
    try:
        try:
            raise ExceptionGroup("first", [ValueError("x")])
        except ExceptionGroup:
            raise Silent
    except Silent:
        traceback.print_exc()
if len(sys.argv) > 1:
    mark("crash")
    faulthandler.enable()
    ctypes.string_at(0)
mark("uncaught")
raise Silent("last")
