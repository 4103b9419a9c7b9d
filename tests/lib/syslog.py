#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""syslog.py listen SOCKET FILE   until standard input ends, each datagram that
                                  comes is a line of FILE, a JSON text
syslog.py stuck SOCKET            its queue is full, and no process reads it
syslog.py events FILE             the events among these lines, a JSON list

Both sockets are ready when a line is written to standard output."""

import json
import re
import select
import socket
import sys
import urllib.parse

RECORD = re.compile(
    r"<(\d+)>\w{3} [ \d]\d \d\d:\d\d:\d\d fail2ban-archive\[(\d+)\]: "
    r"event (\d+)/(\d+) (.*)", re.S)


def bound(path):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(path)
    return s


def listen(path, file):
    s = bound(path)
    with open(file, "w", encoding="utf-8") as out:
        print("ready", flush=True)
        while True:
            ready, _, _ = select.select([s, sys.stdin], [], [])
            if s in ready:
                text = s.recv(1 << 20).decode("utf-8", "surrogateescape")
                print(json.dumps(text), file=out, flush=True)
            elif not sys.stdin.buffer.read1(1):
                return


def stuck(path):
    s = bound(path)
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sender.setblocking(False)
    try:
        while True:
            sender.sendto(b"full", path)
    except BlockingIOError:
        print("ready", flush=True)
    sys.stdin.read()


def decoded(line):
    """An event's words from a whole line: what it said of itself, and why."""
    words, why = line.split(" # ", 1)
    words = [urllib.parse.unquote_to_bytes(w).decode("utf-8")
             for w in words.split(" ")]
    assert len(words) % 2 == 1, words
    event = {"verb": words[0], "why": why}
    for option, value in zip(words[1::2], words[2::2]):
        assert option.startswith("--") and option[2:] not in event, words
        event[option[2:]] = value
    return event


def events(file):
    parts, levels = {}, {}
    with open(file, encoding="utf-8") as f:
        for line in f:
            text = json.loads(line)
            assert all(32 <= ord(c) < 127 for c in text), text
            m = RECORD.fullmatch(text)
            if m is None:
                continue
            of_pid = parts.setdefault(m[2], [])
            assert int(m[3]) == len(of_pid) + 1, "part %s of %s" % (m[3], m[2])
            of_pid.append((int(m[4]), m[5]))
            levels.setdefault(m[2], set()).add(int(m[1]))
    found = []
    for pid, of_pid in parts.items():
        assert {n for n, _ in of_pid} == {len(of_pid)}, "parts of %s" % pid
        event = decoded("".join(text for _, text in of_pid))
        event["levels"] = sorted(levels[pid])
        event["parts"] = len(of_pid)
        found.append(event)
    return found


def main():
    if sys.argv[1] == "listen":
        listen(*sys.argv[2:])
    elif sys.argv[1] == "stuck":
        stuck(*sys.argv[2:])
    else:
        json.dump(events(*sys.argv[2:]), sys.stdout)


if __name__ == "__main__":
    main()
