# SPDX-License-Identifier: GPL-2.0-or-later
"""These rows measure a replay of a log: someone runs it once, by hand, and the log
may be large."""

import contextlib
import heapq
import os
import random
import shutil
import sqlite3
import time

from bench import ONCE, number
from ruler import at_most, line, ratio

JAILS = "sshd", "sshd", "postfix-sasl"
BANTIME = 600


class Log:
    """A fail2ban.log of this many lines. Many addresses have three failures, a ban
    and its end each, and most of them come again."""

    def __init__(self, path, lines):
        self.path, self.lines, self.bans = path, 0, 0
        mix = random.Random(1)
        addresses = ["2001:db8::%x" % mix.randrange(1 << 32)
                     for _ in range(max(20, lines // 25))]
        with open(path, "w") as self.file:
            self.begin = int(time.time()) - 90 * 86400
            self.put(0, "jail", "INFO", "Creating new jail 'sshd'")
            self.put(0, "actions", "INFO", "  banTime: %d" % BANTIME)
            self.put(0, "jail", "INFO", "Creating new jail 'postfix-sasl'")
            self.put(0, "actions", "INFO", "  banTime: %d" % BANTIME)
            self.write(lines, mix, addresses)

    def put(self, at, part, level, text):
        self.lines += 1
        stamp = time.strftime("%Y-%m-%d %H:%M:%S",
                              time.localtime(self.begin + at))
        self.file.write("%s,%03d %-23s [7268]: %-7s %s\n" % (
            stamp, at * 1000 % 1000, "fail2ban." + part, level, text))
        return stamp

    def write(self, lines, mix, addresses):
        at, live, ends = 0.0, set(), []
        while self.lines < lines:
            at += mix.random() * 20
            while ends and ends[0][0] <= at:
                end, of = heapq.heappop(ends)
                live.discard(of)
                self.put(end, "actions", "NOTICE", "[%s] Unban %s" % of)
            of = mix.choice(JAILS), mix.choice(addresses)
            if of in live:
                continue
            stamp = time.strftime("%Y-%m-%d %H:%M:%S",
                                  time.localtime(self.begin + at))
            for _ in range(3):
                self.put(at, "filter", "INFO",
                         "[%s] Found %s - %s" % (*of, stamp))
            self.put(at + 0.3, "actions", "NOTICE", "[%s] Ban %s" % of)
            self.bans += 1
            live.add(of)
            heapq.heappush(ends, (at + BANTIME, of))


def replayed(bench, log):
    """Return a lab whose archive has all bans of the log, and the run."""
    lab = bench.lab(bench.theirs(0))
    lab.run("reconcile")  # all tables, nothing in them
    ((run,),) = bench.pair(ONCE, lab.command("replay", "--force", log.path))
    with contextlib.closing(sqlite3.connect(lab.archive)) as db:
        found = db.execute("SELECT count(*) FROM bans").fetchone()[0]
    if found != log.bans:
        raise RuntimeError("%d bans, not %d" % (found, log.bans))
    return lab, run


def replay(bench):
    """A log of many lines against zgrep and the shell's import of as many rows into a
    table with a primary key."""
    sizes = bench.sizes
    log = Log(bench.file("large.log"), sizes.large)
    rows = bench.file("rows.csv")
    with open(rows, "w") as f:
        f.writelines("sshd,2001:db8::%x,%d,600\n" % (n, log.begin + n)
                     for n in range(log.lines))
    other = bench.file("imported.sqlite3")
    theirs = [shutil.which("sh"), "-c",
              "zgrep -c Ban '%s' && sqlite3 '%s' "
              "-cmd 'CREATE TABLE t(jail, id, since, seconds,"
              " PRIMARY KEY (jail, id, since))' "
              "'.mode csv' \".import '%s' t\"" % (log.path, other, rows)]
    ours, shell = [], []
    for _ in range(sizes.backfills):
        with contextlib.suppress(FileNotFoundError):
            os.remove(other)
        os.sync()
        ((run,),) = bench.pair(ONCE, theirs)
        shell.append(run)
        lab, run = replayed(bench, log)
        ours.append(run)
        lab.remove()
    return [ratio("replay of a log of %s lines, %s bans" % (
        number(log.lines), number(log.bans)), "zgrep -c, sqlite3 .import with a key",
        ours, shell, at_most(1.3))]


def memory(bench):
    """Peak memory of a replay with full caches, and whether it grows."""
    kib = []
    for lines in 3 * bench.sizes.large, bench.sizes.large:
        lab, run = replayed(bench, Log(bench.file("some.log"), lines))
        kib.append(run.kib / 1024)
        lab.remove()
    return [line("peak memory of a replay of %s lines" %
                 number(3 * bench.sizes.large), "of %s lines" %
                 number(bench.sizes.large), kib[0] / kib[1], "×",
                 at_most(1.1), "%.2f / %.2f MiB" % tuple(kib))]
