# SPDX-License-Identifier: GPL-2.0-or-later
"""The rows share this: the sizes that are measured, and the data, which are made
when a row first asks for them."""

import collections
import functools
import os
import shutil
import sqlite3

import ruler
from lab import BANTIME, Lab, Theirs, multiply

Sizes = collections.namedtuple("Sizes", (
    "large middle small"    # rows in a database of fail2ban's
    " live"                 # of these rows, the ones of bans that live
    " archived begun few"   # bans in an archive: a large one, others
    " template"             # of these bans, the ones that the program wrote
    " rounds"               # of a pair
    " events"               # whose flushes are counted
    " blocks block"         # of events beside a reader or writer
    " backfills"            # rounds of a whole backfill
    " fresh"                # rows that are new to a reconcile
    " bans alternations"    # through a server
    " kept kept_ended"))    # whose bytes are counted

WARM_UP = 20  # rounds that do not count

FULL = Sizes(1000000, 100000, 10000, 3000, 10000000, 5000, 1000, 1000, 400,
             1000, 4, 300, 3, 100, 2000, 5, 20000, 10000)
SMOKE = Sizes(4000, 1000, 500, 200, 4000, 200, 40, 40, 8,
              20, 2, 20, 2, 10, 40, 1, 60, 40)

ONCE = [("-", "0")]  # a round of pair whose command asks for no ticket


def number(n):
    return "{:,}".format(n)


class Bench:
    def __init__(self, folder, program, tools, sizes, smoke):
        self.folder, self.program, self.tools = folder, program, tools
        self.sizes, self.smoke = sizes, smoke
        self.labs = 0

    def insist(self, condition, what):
        """Fail where a figure would be worthless; tiny sizes may fall short."""
        if not condition and not self.smoke:
            raise RuntimeError(what)

    def file(self, name):
        return "%s/%s" % (self.folder, name)

    def lab(self, theirs, archived=0):
        """Make a lab with this many ended bans in its archive. A reconcile has
        just run, as on a real machine, where it ran some minutes ago."""
        self.labs += 1
        folder = self.file("lab%d" % self.labs)
        if archived:
            before = Lab(folder, self.program, self.theirs(0))
            shutil.copytree(self.template(), os.path.dirname(before.archive))
            multiply(before.archive, archived // self.sizes.template)
            before.run("reconcile")
        os.sync()  # so that nothing is synced during the measurement
        return Lab(folder, self.program, theirs)

    def begun(self):
        """Make the lab in which most events are measured."""
        return self.lab(self.theirs(self.sizes.middle), self.sizes.begun)

    @functools.lru_cache(None)
    def theirs(self, rows):
        return Theirs(self.file("fail2ban-%d.sqlite3" % rows), rows,
                      min(rows, self.sizes.live))

    @functools.lru_cache(None)
    def template(self):
        """Make an archive of ids that were banned and unbanned."""
        lab = self.lab(self.theirs(self.sizes.middle))
        tickets = lab.theirs.tickets(self.sizes.template, live=False,
                                     newest=False)
        for verb in "ban", "unban":
            self.pair(tickets, lab.event(verb, BANTIME))
        lab.check(tickets)
        return os.path.dirname(lab.archive)

    @functools.lru_cache(None)
    def large_archive(self):
        """Return a lab with the largest archive. Its bans are not live."""
        return self.lab(self.theirs(self.sizes.middle), self.sizes.archived)

    @functools.lru_cache(None)
    def backfilled(self, rows):
        """Return a lab whose archive has all these rows, and its first run."""
        lab = self.lab(self.theirs(rows))
        ((run,),) = self.pair(ONCE, lab.reconcile())
        lab.run("reconcile")
        return lab, run

    def pair(self, tickets, *commands, **options):
        return ruler.pair(self.tools, tickets, *commands, **options)

    def floor(self):
        return [self.tools + "/floor", self.file("floor")]

    def three_columns(self):
        """Return a database to insert into, and the statement to use."""
        path = self.file("three-columns.sqlite3")
        if not os.path.exists(path):
            with sqlite3.connect(path) as db:
                db.execute("CREATE TABLE ban(ip TEXT, jail TEXT, time REAL)")
            db.close()
        return path, "INSERT INTO ban VALUES('%s', 'sshd', %s)"
