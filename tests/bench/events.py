# SPDX-License-Identifier: GPL-2.0-or-later
"""These rows measure one event, for which fail2ban waits."""

import contextlib
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import threading
import time

from bench import WARM_UP, number
from lab import BANTIME, BANTIME_LIVE, Theirs, background
from replays import Log
from ruler import FLUSHES, Trace, at_most, line, p99_ratio, ratio

# Each python3 that keeps a ban runs this.
INSERT = """import sqlite3
db = sqlite3.connect("%s")
db.execute("%s")
db.commit()"""


@contextlib.contextmanager
def daemon():
    """Give the URL of a server on loopback that answers each request at once and
    keeps nothing. So the command that asks it does the least that it can."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

    def serve():
        with contextlib.suppress(OSError):  # the socket was shut down
            while True:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0), backlog=16) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield "http://127.0.0.1:%d/bans" % listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def event(bench):
    """A ban against SQLite's limit, the floor, the shell, Python and curl."""
    lab = bench.begun()
    tickets = lab.theirs.tickets(bench.sizes.rounds + WARM_UP)
    path, insert = bench.three_columns()
    insert %= ("{ip}", "{time}")
    with daemon() as url:
        ours, limit, floor, shell, python, curl = bench.pair(
            tickets, lab.ban(),
            [bench.tools + "/limit", bench.file("limit.sqlite3"), "{ip}", "{time}"],
            bench.floor(),
            [shutil.which("sqlite3"), path, insert],
            ["/usr/bin/python3", "-S", "-E", "-c", INSERT % (path, insert)],
            [shutil.which("curl"), "-sSf", "-H", "Content-Type: application/json",
             "-d", '{"jail": "sshd", "ip": "{ip}", "time": {time}}', url],
            warm_up=WARM_UP)
    lab.check(tickets)
    what = "a ban, evidence among %s rows" % number(bench.sizes.middle)
    return [
        ratio(what, "SQLite's limit: one row, one flush", ours, limit,
              at_most(1.35)),
        ratio("the same", "floor: append, fdatasync", ours, floor, at_most(1.9)),
        ratio("the same", "sqlite3 FILE INSERT", ours, shell, at_most(0.58)),
        ratio("the same", "python3 -S -E, INSERT", ours, python,
              at_most(0.12)),
        ratio("the same", "curl to a daemon that keeps nothing", ours, curl, None),
    ]


def slow_flush(bench):
    """A ban against the floor, on a disk whose flushes take 5 ms more."""
    lab = bench.begun()
    tickets = lab.theirs.tickets(bench.sizes.rounds + WARM_UP)
    ours, floor = bench.pair(tickets, lab.ban(), bench.floor(),
                             warm_up=WARM_UP,
                             before=[bench.tools + "/slow_flush", "5"])
    lab.check(tickets)
    return [ratio("the same, each flush takes 5 ms more", "floor, likewise",
                  ours, floor, at_most(1.3))]


def flushes(bench):
    """Flushes to disk of a ban."""
    lab = bench.begun()
    tickets = lab.theirs.tickets(bench.sizes.events)
    trace = Trace(FLUSHES)
    bench.pair(tickets, lab.ban(), before=trace.before)
    lab.check(tickets)
    count = sum(call.name != "exit" for call in trace.calls())
    return [line("flushes to disk a ban", "", count / len(tickets), "",
                 at_most(1.1), "%d in %d bans" % (count, len(tickets)))]


# A page of the WAL: SQLite writes the frame's header apart from it.
PAGE = re.compile(r"^\d+<[^>]*-wal>, .*, 2048, \d+$", re.DOTALL)


def pages(bench):
    """Pages that a ban writes to the WAL, also beside a reader that waits."""
    lab = bench.begun()
    tickets = lab.theirs.tickets(2 * bench.sizes.events)
    alone = pages_a_ban(bench, lab, tickets[::2])
    with contextlib.closing(sqlite3.connect("file:%s?mode=ro" % lab.archive,
                                            uri=True)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM ban LIMIT 1").fetchall()
        beside_it = pages_a_ban(bench, lab, tickets[1::2])
    lab.check(tickets)
    return [line("pages that a ban writes to the WAL", "", alone, "", at_most(5)),
            line("the same, beside a reader that waits", "", beside_it, "",
                 at_most(5))]


def pages_a_ban(bench, lab, tickets):
    trace = Trace("pwrite64")
    bench.pair(tickets, lab.ban(), before=trace.before)
    return sum(PAGE.search(call.args) is not None
               for call in trace.calls()) / len(tickets)


def size(bench):
    """The size of the program that fail2ban calls."""
    stripped = bench.file("stripped")
    subprocess.run(["strip", "-o", stripped, bench.program + "-event"], check=True)
    return [line("the events' program, stripped", "",
                 os.stat(stripped).st_size / 2**20, "MiB", at_most(2))]


def large_archive(bench):
    """A ban in a large archive against one in a small."""
    sizes = bench.sizes
    labs = [bench.large_archive(),
            bench.lab(bench.theirs(sizes.middle), sizes.few)]
    tickets = labs[0].theirs.tickets(sizes.rounds + WARM_UP)
    ours, small = bench.pair(tickets, *(lab.ban() for lab in labs),
                             warm_up=WARM_UP)
    for lab in labs:
        lab.check(tickets)
    return [ratio("a ban, %s archived" % number(sizes.archived),
                  "%s archived" % number(sizes.few), ours, small,
                  at_most(1.15))]


def wait_for_write(lab, process):
    """Wait until another process has written to the archive."""
    def written():
        return [os.stat(lab.archive + end).st_mtime_ns for end in ("", "-wal")
                if os.path.exists(lab.archive + end)]

    before = written()
    while written() == before and process.poll() is None:
        time.sleep(0.01)
    time.sleep(0.1)


def beside(bench, lab, command, begin):
    """Measure blocks of bans beside a command, in turn with as many blocks while it
    does not run. A reconcile that is ended is continued by the next one."""
    sizes, busy, idle = bench.sizes, [], []
    tickets = lab.theirs.tickets(2 * sizes.blocks * sizes.block)
    blocks = [tickets[n::2 * sizes.blocks] for n in range(2 * sizes.blocks)]
    while blocks:
        idle += bench.pair(blocks.pop(), lab.ban())
        with background(command) as process:
            begin(lab, process)
            busy += bench.pair(blocks.pop(), lab.ban())
            bench.insist(process.poll() is None,
                         "it was over before the bans were")
    lab.check(tickets)
    return busy, idle


def p99_backfill(bench):
    """The slowest bans while a reconcile backfills."""
    theirs = bench.theirs(bench.sizes.large)
    lab = bench.lab(theirs, bench.sizes.begun)
    busy, idle = beside(bench, lab, lab.reconcile(), wait_for_write)
    lab.remove()
    return [p99_ratio("p99 of a ban, %s rows are backfilled" % number(
        bench.sizes.large), "p99, idle", busy, idle, at_most(1.5))]


def p99_export(bench):
    """The slowest bans while export reads all."""
    lab, _ = bench.backfilled(bench.sizes.large)
    lab.theirs.add(2 * bench.sizes.blocks * bench.sizes.block, live=True)
    again = ["/bin/sh", "-c", 'while "$@" >/dev/null; do :; done', "sh"]
    busy, idle = beside(bench, lab, again + lab.command("export"),
                        lambda lab, process: time.sleep(0.5))
    return [p99_ratio("p99 of a ban, %s rows are exported" % number(
        bench.sizes.large), "p99, idle", busy, idle, at_most(2))]


def p99_replay(bench):
    """The slowest bans while logs are replayed. Each replay is of another host, so
    that all its bans are new."""
    lab = bench.begun()
    log = Log(bench.file("replayed.log"), bench.sizes.large)
    again = ["/bin/sh", "-c", 'n=0; while n=$((n + 1)) && '
             '"$@" --host "$$.$n" "$0" >/dev/null 2>&1; do :; done', log.path]
    busy, idle = beside(bench, lab, again + lab.command("replay", "--force"),
                        wait_for_write)
    lab.remove()
    return [p99_ratio("p99 of a ban, logs of %s lines are replayed" % number(
        log.lines), "p99, idle", busy, idle, at_most(2))]


def memory(bench):
    """Peak memory of a ban."""
    lab = bench.begun()
    (runs,) = bench.pair(lab.theirs.tickets(50), lab.ban())
    return [line("peak memory of a ban", "", max(r.kib for r in runs) / 1024,
                 "MiB", at_most(6))]


def wait(bench):
    """The time that a ban waits for a reconcile that is writing."""
    theirs = bench.theirs(bench.sizes.large)
    lab = bench.lab(theirs, bench.sizes.begun)
    tickets = theirs.tickets(2 * bench.sizes.block)
    trace, waited = Trace("flock"), {}
    with background(lab.reconcile()) as process:
        wait_for_write(lab, process)
        bench.pair(tickets, lab.ban(), before=trace.before)
        bench.insist(process.poll() is None, "it was over before the bans were")
    lab.check(tickets)
    lab.remove()
    for call in trace.calls():
        if "LOCK_EX" in call.args:
            waited.setdefault(call.pid, 0)
            waited[call.pid] += 1000 * (call.end - call.start)
    waits = sorted(waited.values())
    return [line("longest a ban waits for a backfill that writes",
                 "of %s bans" % number(len(waits)), waits[-1], "ms",
                 at_most(60), "median %.2f, p99 %.2f ms" % (
                     waits[len(waits) // 2], waits[len(waits) * 99 // 100]))]


def bytes_kept(bench):
    """Bytes on disk of a ban with five log lines."""
    return [kept(bench, "live", bench.sizes.kept, True),
            kept(bench, "unbanned", bench.sizes.kept_ended, False)]


def kept(bench, what, count, live):
    theirs = Theirs(bench.file("kept-%s.sqlite3" % what), count,
                    count if live else 0)
    lab = bench.lab(theirs)
    tickets = theirs.tickets(count, live)
    bench.pair(tickets, lab.event("ban", BANTIME_LIVE if live else BANTIME))
    if not live:
        bench.pair(tickets, lab.event("unban", BANTIME))
    lab.run("reconcile")  # the WAL is empty then
    lab.check(tickets)
    ours, lines = os.stat(lab.archive).st_size, len(lab.run("export"))
    return line("bytes on disk a ban, five lines of 90, %s" % what,
                "JSON Lines", ours / lines, "×", at_most(0.6),
                "%.0f / %.0f bytes, of %s bans" % (
                    ours / count, lines / count, number(count)))
