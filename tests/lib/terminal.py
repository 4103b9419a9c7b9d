#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""terminal.py [--columns N] [--lines N] COMMAND...: run the command on a
terminal of its own, and print what it wrote there, without carriage returns.
Exit as the command does, or with 1 when it writes nothing for a minute: then
it waits for a key."""

import argparse
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios

parser = argparse.ArgumentParser()
parser.add_argument("--columns", type=int, default=80)
parser.add_argument("--lines", type=int, default=24)
parser.add_argument("command", nargs=argparse.REMAINDER)
given = parser.parse_args()

ours, theirs = pty.openpty()
fcntl.ioctl(theirs, termios.TIOCSWINSZ,
            struct.pack("HHHH", given.lines, given.columns, 0, 0))
pid = os.fork()
if pid == 0:
    os.setsid()
    fcntl.ioctl(theirs, termios.TIOCSCTTY, 0)
    for fd in range(3):
        os.dup2(theirs, fd)
    os.close(ours)
    os.environ.setdefault("TERM", "xterm")
    os.execvp(given.command[0], given.command)
os.close(theirs)
while True:
    if not select.select([ours], [], [], 60)[0]:
        os.killpg(pid, signal.SIGKILL)
        sys.exit("terminal.py: it waits for a key")
    try:
        piece = os.read(ours, 65536)
    except OSError:  # the last writer has gone
        break
    if not piece:
        break
    sys.stdout.buffer.write(piece.replace(b"\r\n", b"\n"))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
