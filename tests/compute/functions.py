"""Remote functions for the tests: each is sent alone, as its text, to a worker process."""

from __future__ import annotations


def identity(value):
    return value


def add(a: int, b: int = 1) -> int:
    # Comments travel with the text.
    return a + b


def describe_worker():
    import os
    import pathlib
    import sys
    import threading

    return {
        "task_id": os.environ.get("GC_TASK_UUID"),
        "process_id": os.getpid(),
        "folder": str(pathlib.Path.cwd()),
        "interpreter": sys.executable,
        "main_thread": threading.current_thread() is threading.main_thread(),
        "path": sys.path,
    }


def variable(name):
    import os

    return os.environ.get(name)


def shout(text):
    import os
    import subprocess
    import sys

    print(text)
    print(text, file=sys.stderr)
    os.write(1, f"{text} by descriptor\n".encode())
    subprocess.run(["echo", f"{text} by a child"], check=True)
    return sys.stdin.read()


def unusual_output():
    import sys

    print("lone surrogate", "\ud800")
    sys.stdout.write("no end of line")
    return "said"


def print_lines(count):
    for number in range(count):
        print(number)
    return count


def close_everything_and_sleep():
    import os
    import time

    os.closerange(3, 100)
    time.sleep(60)


def close_all_and_sleep():
    import os
    import time

    os.closerange(0, 100)
    time.sleep(60)


def big(size_bytes):
    return "x" * size_bytes


def nest(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def refuse(reason):
    raise ValueError(reason)


def refuse_twice():
    try:
        raise KeyError("inner")
    except KeyError as error:
        raise RuntimeError("outer\nsecond line") from error


def return_something_else(kind):
    return {"set": {1}, "function": print, "bytes": b"x", "keys": {(1, 2): 3}}[kind]


def leave(code):
    import sys

    sys.exit(code)


def die(signal_number):
    import os

    print("about to die")
    os.kill(os.getpid(), signal_number)


def close_everything():
    import os

    os.closerange(3, 100)
    return 1


def sleep(seconds, mark=None):
    import os
    import pathlib
    import time

    if mark is not None:
        pathlib.Path(mark).write_text(str(os.getpid()))
    time.sleep(seconds)
    return "slept"


def start_a_child(mark):
    import pathlib
    import subprocess

    child = subprocess.Popen(["sleep", "600"])
    pathlib.Path(mark).write_text(str(child.pid))
    return child.pid


def die_leaving_a_child(mark):
    import os
    import pathlib
    import subprocess

    child = subprocess.Popen(["sleep", "600"])
    pathlib.Path(mark).write_text(str(child.pid))
    os.kill(os.getpid(), 9)


def recall_global(name):
    return name in globals()


def leave_a_global():
    global left_behind
    left_behind = 1
    return left_behind


def _helper():
    return "is not remote"
