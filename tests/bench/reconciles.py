# SPDX-License-Identifier: GPL-2.0-or-later
"""These rows measure a reconcile, which runs for ever, beside everything else."""

import contextlib
import functools
import shutil
import sqlite3

from bench import ONCE, number
from lab import HERE
from ruler import (Trace, at_most, holds_flock, holds_shared, line,
                   longest_hold, ratio)


def backfill(bench):
    """The first reconcile against INSERT … SELECT in the sqlite3 shell."""
    theirs, ours, shell = bench.theirs(bench.sizes.large), [], []
    for n in range(bench.sizes.backfills):
        labs = [bench.lab(bench.theirs(0)), bench.lab(theirs)]
        labs[0].run("reconcile")  # all tables, nothing in them
        commands = [
            [shutil.which("sqlite3"), "-bail", labs[0].archive,
             "ATTACH '%s' AS theirs" % theirs.path,
             ".read '%s/backfill.sql'" % HERE],
            labs[1].reconcile()]
        for k in (0, 1) if n % 2 else (1, 0):
            ((run,),) = bench.pair(ONCE, commands[k])
            (shell, ours)[k].append(run)
        same_bans(labs)
        for lab in labs:
            lab.remove()
    what = "first backfill of %s rows" % number(bench.sizes.large)
    return [ratio(what, "sqlite3: INSERT … SELECT", ours, shell, at_most(1))]


def same_bans(labs):
    """Fail unless both have done the same work."""
    found = []
    for lab in labs:
        with contextlib.closing(sqlite3.connect(lab.archive)) as db:
            found.append(db.execute(
                "SELECT count(*), sum(timeofban), sum(seconds), sum(failures),"
                " sum(length(matches)), sum(length(captures)), count(ended_us),"
                " sum(ended_us / 1000000) FROM bans").fetchone())
    if found[0] != found[1]:
        raise RuntimeError("not the same bans: %s, %s" % tuple(found))


def memory(bench):
    """Peak memory of a reconcile, and whether it grows with the rows."""
    sizes = bench.sizes
    large, middle = (bench.backfilled(n)[1].kib / 1024
                     for n in (sizes.large, sizes.middle))
    what = "peak memory of a reconcile of %s rows" % number(sizes.large)
    return [line(what, "", large, "MiB", at_most(24)),
            line("the same", "of %s rows" % number(sizes.middle),
                 large / middle, "×", at_most(1.1), "%.2f / %.2f MiB" % (
                     large, middle))]


def nothing_new(bench):
    """A reconcile that finds nothing against --version."""
    sizes = bench.sizes.large, bench.sizes.small
    labs = [bench.backfilled(n)[0] for n in sizes]
    for lab in labs:
        lab.run("reconcile")
    *ours, version = bench.pair(
        ONCE * bench.sizes.rounds, *(lab.reconcile() for lab in labs),
        [bench.program, "--version"])
    return [ratio("reconcile, nothing new, %s rows" % number(rows),
                  "--version", runs, version, at_most(3))
            for rows, runs in zip(sizes, ours)]


def few_new(bench):
    """A reconcile of few new rows among many against among few."""
    sizes, runs = bench.sizes, ([], [])
    labs = [bench.backfilled(n)[0] for n in (sizes.large, sizes.small)]
    for n in range(sizes.rounds // 2):
        for lab in labs:
            lab.theirs.add(sizes.fresh, live=False)
        for k in (0, 1) if n % 2 else (1, 0):
            runs[k].extend(*bench.pair(ONCE, labs[k].reconcile()))
    for lab in labs:
        lab.check(lab.theirs.tickets(sizes.fresh, live=False))
    return [ratio("reconcile, %d new among %s rows" % (
        sizes.fresh, number(sizes.large)), "among %s" % number(sizes.small),
        *runs, at_most(1.5))]


@functools.lru_cache(None)
def traced_backfill(bench):
    """The longest that a backfill held a shared lock on fail2ban's database,
    and its own lock to write, in ms."""
    lab = bench.lab(bench.theirs(bench.sizes.large))
    trace = Trace("fcntl,flock,close")
    bench.pair(ONCE, lab.reconcile(), before=trace.before)
    lab.remove()
    return (longest_hold(trace.calls(), *holds_shared(lab.theirs.path)),
            longest_hold(trace.calls(), *holds_flock(lab.archive + ".write")))


def traced_hold(lab, bench, tickets, command):
    trace = Trace("fcntl,close")
    bench.pair(tickets, command, before=trace.before)
    return longest_hold(trace.calls(), *holds_shared(lab.theirs.path))


def shared_lock(bench):
    """The longest time that fail2ban cannot write to its database."""
    lab, _ = bench.backfilled(bench.sizes.large)
    lab.theirs.add(bench.sizes.fresh, live=True)
    holds = [("backfill", traced_backfill(bench)[0]),
             ("few new", traced_hold(lab, bench, ONCE, lab.reconcile())),
             ("ban", traced_hold(lab, bench, lab.theirs.tickets(50),
                                 lab.ban()))]
    return [line("longest shared lock on fail2ban's database, traced",
                 "it loses rows at 5,000 ms", max(h for _, h in holds), "ms",
                 at_most(50), ", ".join("%s %.2f" % h for h in holds))]


def write_lock(bench):
    """The longest write transaction of a backfill."""
    return [line("longest write transaction of a backfill, traced", "",
                 traced_backfill(bench)[1], "ms", at_most(50))]
