# SPDX-License-Identifier: GPL-2.0-or-later
"""This module measures commands in turn, traces system calls, and makes lines of
the table."""

import collections
import re
import shutil
import statistics
import subprocess
import tempfile

STRACE = shutil.which("strace") or "/usr/bin/strace"
FLUSHES = "fsync,fdatasync,msync,sync_file_range,sync,syncfs"

# met is None if there is no goal.
Line = collections.namedtuple("Line", "measure against figure spread goal met")
# pair prints this for one run of a command.
Run = collections.namedtuple("Run", "us kib")


# ------------------------------------------------------------------ figures --

def at_most(limit):
    return "≤", limit


def at_least(limit):
    return "≥", limit


def line(measure, against, value, unit, goal=None, spread=""):
    met = None
    if goal:
        met = value <= goal[1] if goal[0] == "≤" else value >= goal[1]
    text = "%s %g %s" % (*goal, unit) if goal else ""
    return Line(measure, against, "%.2f %s" % (value, unit), spread, text, met)


def ms(us):
    return "%.2f ms" % (us / 1000)


def ratio(measure, against, ours, others, goal):
    """The median of the ratios of the rounds, its quartiles, and the medians of
    the times."""
    ratios = [a.us / b.us for a, b in zip(ours, others)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    times = [ms(statistics.median(r.us for r in runs))
             for runs in (ours, others)]
    return line(measure, against, middle, "×", goal,
                "%.2f–%.2f (%s / %s)" % (low, high, *times))


def p99(runs):
    return sorted(r.us for r in runs)[len(runs) * 99 // 100]


def p99_ratio(measure, against, busy, idle, goal):
    """Return the figure of all events; its spread is that of the blocks, lists of
    runs."""
    ratios = [p99(b) / p99(i) for b, i in zip(busy, idle)]
    busy, idle = sum(busy, []), sum(idle, [])
    return line(measure, against, p99(busy) / p99(idle), "×", goal,
                "%.2f–%.2f (%s / %s)" % (min(ratios), max(ratios),
                                         ms(p99(busy)), ms(p99(idle))))


# ------------------------------------------------------------------- timing --

def pair(tools, tickets, *commands, warm_up=0, before=()):
    """Run the commands in turn, a round for each ticket; return a list of runs for
    each command. `before` is put in front of the whole command line."""
    with tempfile.NamedTemporaryFile("w") as f:
        f.writelines("%s %s\n" % t for t in tickets)
        f.flush()
        words = [*before, tools + "/pair", str(warm_up), f.name]
        for command in commands:
            words += ["--", *command]
        said = subprocess.run(words, check=True,
                              stdout=subprocess.PIPE).stdout.decode()
    rounds = [[int(n) for n in text.split()] for text in said.splitlines()]
    return [[Run(*r[2 * k:2 * k + 2]) for r in rounds]
            for k in range(len(commands))]


# ------------------------------------------------------------- system calls --

class Trace:
    """A file that strace writes; `before` is put before a command."""

    # A time, the call and its arguments, its result, and how long it took.
    CALL = re.compile(r"^(\d+) +(\d+\.\d+) (\w+)\((.*)\) += (-?\d+|\?).*"
                      r"<(\d+\.\d+)>$")
    EXIT = re.compile(r"^(\d+) +(\d+\.\d+) \+\+\+ ")

    Call = collections.namedtuple("Call", "pid start name args result end")

    def __init__(self, calls):
        self.file = tempfile.NamedTemporaryFile("r")
        self.before = [STRACE, "-f", "--seccomp-bpf", "-ttt", "-T", "-y", "-o",
                       self.file.name, "-e", "trace=" + calls, "--"]

    def calls(self):
        """All calls that ended, and "exit" where a process did; in seconds."""
        self.file.seek(0)
        for text in self.file:
            if found := self.CALL.match(text):
                pid, start, name, args, result, took = found.groups()
                yield self.Call(pid, float(start), name, args, result,
                                float(start) + float(took))
            elif found := self.EXIT.match(text):
                at = float(found[2])
                yield self.Call(found[1], at, "exit", "", "0", at)


def longest_hold(calls, is_taken, is_released):
    """Return the longest time in ms that a process had a lock. A process releases
    its locks at its end at the latest."""
    since, longest, times = {}, 0, 0
    for call in calls:
        if call.pid in since and (call.name == "exit" or is_released(call)):
            longest = max(longest, call.end - since.pop(call.pid))
        elif call.pid not in since and call.result == "0" and is_taken(call):
            since[call.pid] = call.end
            times += 1
    if not times:
        raise RuntimeError("the lock was never taken: this proves nothing")
    return 1000 * longest


# SQLite's lock bytes (sqlite.org, os.h): SHARED_FIRST and SHARED_SIZE.
SHARED_FIRST, SHARED_SIZE = 0x40000002, 510


def holds_shared(path):
    """The two conditions of longest_hold for a reader's lock on a database."""
    file = "<%s>" % path
    lock = re.compile(r"l_start=(\d+), l_len=(\d+)")

    def is_taken(call):
        return (call.name == "fcntl" and file in call.args
                and "F_RDLCK" in call.args and "l_start=%d, l_len=%d" % (
                    SHARED_FIRST, SHARED_SIZE) in call.args)

    def is_released(call):
        if file not in call.args:
            return False
        if call.name == "close":
            return True
        found = lock.search(call.args)
        if call.name != "fcntl" or "F_UNLCK" not in call.args or not found:
            return False
        start, length = int(found[1]), int(found[2])
        return start <= SHARED_FIRST and (
            length == 0 or start + length > SHARED_FIRST)

    return is_taken, is_released


def holds_flock(path):
    """The two conditions of longest_hold for a lock file of the archive's."""
    file = "<%s>" % path

    def is_taken(call):
        return (call.name == "flock" and file in call.args
                and "LOCK_EX" in call.args)

    def is_released(call):
        return file in call.args and (
            call.name == "close" or "LOCK_UN" in call.args)

    return is_taken, is_released
