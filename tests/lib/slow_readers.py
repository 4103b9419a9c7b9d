#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Readers of $LAB's archive take nothing of what the commands print, while there
are $EVENTS events; then they take the rest. Print what is wrong, and fail."""

import array
import collections
import fcntl
import json
import os
import re
import subprocess
import sys
import termios
import time

LAB, PROGRAM = os.environ["LAB"], os.environ["PROGRAM"]
CONFIG = ["-c", LAB + "/archive.cfg"]
WAL = LAB + "/archive/archive.sqlite3-wal"
WAL_MAX = 1 << 20
PIPE = 60 * 1024  # a pipe with so much in it takes no more
DEADLINE = 60  # seconds
TRACED = 100  # events whose flushes are counted
CHECKPOINT = 2  # flushes of a checkpoint, which the count may begin beside

READERS = {
    "list": ["list"],
    "export": ["export"],
    "csv": ["export", "--format", "csv"],
    "an id": ["export", "--id", "192.0.2.1"],
    "show": ["show", "192.0.2.1"],
    "runs": ["runs", "--limit", "3000"],
    "report": ["report", "--output", "-", "--title", "word " * 20000],
    "top": ["top", "--limit", "13000", "--format", "jsonl"],
}


def start(words):
    return subprocess.Popen([PROGRAM, *CONFIG, *words], stdout=subprocess.PIPE)


def waits(reader):
    """The pipe is full, so that the command waits."""
    n = array.array("i", [0])
    fcntl.ioctl(reader.stdout, termios.FIONREAD, n)
    return n[0] >= PIPE


def event(n, before=()):
    subprocess.run(
        [*before, os.environ["EVENT_PROGRAM"], *CONFIG, "ban", "--jail", "sshd",
         "--id", "198.51.100.%d" % (n % 250), "--ip", "198.51.100.1", "--family",
         "inet4", "--time", str(1795000000 + n), "--bantime", "600",
         "--bancount", "1", "--failures", "3", "--restored", "0"], check=True)


def flushes(first):
    """How often events from the number first on flush, checkpoints included."""
    traces = LAB + "/flushes"
    open(traces, "w").close()
    for n in range(first, first + TRACED):
        event(n, ["strace", "-f", "-qq", "-A", "-o", traces, "-e",
                  "trace=fsync,fdatasync"])
    with open(traces, encoding="utf-8") as f:
        return len(re.findall(r"sync\(", f.read()))


def main():
    usual = flushes(0)
    readers = {name: start(words) for name, words in READERS.items()}
    deadline = time.monotonic() + DEADLINE
    while not all(map(waits, readers.values())):
        if time.monotonic() > deadline:
            sys.exit("they wait for no reader: %s" % ", ".join(
                name for name, r in readers.items() if not waits(r)))
        time.sleep(0.01)
    events = int(os.environ["EVENTS"])
    for n in range(TRACED, events):
        event(n)
    now, wrong = flushes(events), []
    if now > usual + CHECKPOINT:
        wrong.append("%d events flush %d times, not %d" % (TRACED, now, usual))
    size = os.stat(WAL).st_size
    if size >= WAL_MAX:
        wrong.append("the WAL has %d bytes" % size)
    for name, reader in readers.items():
        said = reader.communicate(timeout=DEADLINE)[0].decode()
        if reader.returncode != 0:
            wrong.append("%s: exit status %d" % (name, reader.returncode))
        if name in ("export", "an id"):
            wrong += bans_of(name, said)
        elif name == "report":
            if not said.endswith("</html>\n"):
                wrong.append("the page of report is not whole")
        elif said.count("\n") < 3000:
            wrong.append("%s: only %d lines" % (name, said.count("\n")))
    return "\n".join(wrong) or 0


def bans_of(name, said):
    """What is wrong with exported bans: those of before are there, each once."""
    bans = [json.loads(line) for line in said.splitlines()]
    count = collections.Counter((b["ident"], b["timeofban"]) for b in bans)
    old = sum(1 for _, second in count if second < 1795000000)
    wanted = 20000 if name == "export" else 6667
    if old != wanted:
        yield "%s: %d bans of before, not %d" % (name, old, wanted)
    if max(count.values()) > 1:
        yield "%s: %r twice" % (name, count.most_common(1)[0][0])
    if [b["timeofban"] for b in bans] != sorted(b["timeofban"] for b in bans):
        yield "%s: not in order" % name


if __name__ == "__main__":
    sys.exit(main())
