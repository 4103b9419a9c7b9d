# SPDX-License-Identifier: GPL-2.0-or-later
"""These rows measure a push into a private PostgreSQL, against psql that copies the
same rows, and what a ban takes there."""

import contextlib
import os
import shutil
import sys

from bench import ONCE, number
from lab import TREE
from ruler import at_least, at_most, line

sys.path.insert(0, TREE + "/tests/lib")

from postgres import Server, newest  # noqa: E402

COLUMNS = ("ban_no rev jail ident ip host since_us timeofban nth seconds bancount "
           "failures matches captures origin seen ended_us ended_why restored").split()
BARE = ("CREATE TABLE bare AS SELECT %s FROM fail2ban_archive.ban LIMIT 0" %
        ", ".join(COLUMNS))


class Centre:
    """A server with the central schema, which a lab pushes into."""

    def __init__(self, bench, lab):
        self.bench, self.lab = bench, lab
        os.chmod(bench.folder, 0o755)  # the server has another user
        self.server = Server(bench.file("postgres"))
        with open(lab.config, "a", encoding="utf-8") as f:
            f.write('push = "host=%s user=postgres dbname=fleet";\n' %
                    self.server.folder)
        try:
            lab.run("push", "--init")
            self.server.sql(BARE)
        except BaseException:
            self.server.stop()
            raise

    def empty(self):
        """Let the centre have no ban, and the archive have pushed none."""
        self.server.sql("TRUNCATE fail2ban_archive.ban, fail2ban_archive.host, bare")
        with contextlib.suppress(FileNotFoundError):
            os.remove(self.lab.archive + ".push")
        self.server.sql("CHECKPOINT")

    def push(self):
        ((run,),) = self.bench.pair(ONCE, self.lab.command("push"))
        return run

    def bans(self):
        return int(self.server.sql("SELECT count(*) FROM fail2ban_archive.ban"))

    def copied(self, file):
        """Let psql copy the rows of a file into a table without an index."""
        ((run,),) = self.bench.pair(ONCE, [
            newest("psql"), "-X", "-q", "-h", str(self.server.folder), "-U",
            "postgres", "-c", "\\copy bare FROM '%s'" % file, "fleet"])
        return run

    def write_rows(self, file):
        """Write the rows that are there into a file."""
        self.server.sql("\\copy (SELECT %s FROM fail2ban_archive.ban ORDER BY rev)"
                        " TO '%s'" % (", ".join(COLUMNS), file))

    def number(self, sql):
        return float(self.server.sql("SELECT " + sql))

    def remove(self):
        self.server.stop()
        shutil.rmtree(self.server.folder)


@contextlib.contextmanager
def centre(bench, bans):
    lab = bench.lab(bench.theirs(0), bans)
    here = Centre(bench, lab)
    try:
        yield here
    finally:
        here.remove()
        lab.remove()


WAL = "pg_current_wal_lsn() - '0/0'"
DISK = ("sum(pg_total_relation_size(inhrelid)) FROM pg_inherits"
        " WHERE inhparent = 'fail2ban_archive.ban'::regclass")


def push(bench):
    """A push of many bans against psql's COPY of the same rows into a bare table."""
    bans = bench.sizes.middle
    ours, shell = [], []
    rows = bench.file("rows.copy")
    with centre(bench, bans) as here:
        here.push()  # makes the partitions
        bans = here.bans()
        here.write_rows(rows)
        for _ in range(bench.sizes.backfills):
            here.empty()
            before = here.number(WAL)
            ours.append(here.push())
            wal = (here.number(WAL) - before) / bans
            disk = here.number(DISK) / bans
            shell.append(here.copied(rows))
        bench.insist(here.bans() == bans, "the push is not whole")
        ratios = sorted(b.us / a.us for a, b in zip(ours, shell))
        best = min(run.us for run in ours)
        lines = [
            line("bans a second, a push of %s" % number(bans),
                 "psql: COPY into a table without an index",
                 ratios[len(ratios) // 2], "×", at_least(0.5),
                 "%.2f–%.2f (%.0f a second)" % (
                     ratios[0], ratios[-1], bans / best * 1e6)),
            line("WAL of a ban in PostgreSQL", "", wal, "bytes"),
            line("disk of a ban in PostgreSQL, with its indexes", "", disk, "bytes"),
        ]
        nothing = [here.push().us / 1000
                   for _ in range(bench.sizes.block // 20 + 1)]
        lines.append(line("a push with nothing new", "",
                          sorted(nothing)[len(nothing) // 2], "ms", at_most(20)))
    return lines


def memory(bench):
    """Peak memory of a push, and whether it grows."""
    kib = []
    for bans in 4 * bench.sizes.middle, bench.sizes.middle:
        with centre(bench, bans) as here:
            kib.append(here.push().kib / 1024)
    return [line("peak memory of a push of %s bans" % number(4 * bench.sizes.middle),
                 "of %s bans" % number(bench.sizes.middle), kib[0] / kib[1], "×",
                 at_most(1.1), "%.2f / %.2f MiB" % tuple(kib))]
