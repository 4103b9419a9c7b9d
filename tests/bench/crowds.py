# SPDX-License-Identifier: GPL-2.0-or-later
"""Each crowd is an archive in which one thing is many. `make bench-growth` counts what
the verbs cost in it."""

import contextlib
import gzip
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

from lab import BANTIME, BANTIME_LIVE, TREE, Lab, Theirs, evidence

sys.path.insert(0, TREE + "/tests/lib")

from postgres import Server  # noqa: E402

SERVER = TREE + "/tests/lib/answering_server.py"
DAY = 86400


def ident_of(n):
    return "2001:db8::%x:%x" % (n * 40503 >> 16, n * 40503 & 0xffff)


def row(ident, at, bantime=BANTIME, jail="sshd", data=None):
    return jail, ident, at, bantime, 1, data or evidence(ident, at, at)


class Crowd(Lab):
    """A lab whose state can be brought back after a command has changed it. subject
    is a row of fail2ban's: the jail, the id and the time that events are about."""

    def __init__(self, folder, program):
        os.makedirs(folder)
        super().__init__(folder, program, Theirs(folder + "/theirs.sqlite3", 0, 0))
        self.now = int(time.time())
        self.saved, self.server, self.fleet = folder + "/saved", None, None
        self.words = {}  # what else a verb has to be given
        self.subject = row("192.0.2.1", self.now - 100, BANTIME_LIVE)
        with open(self.config, "a", encoding="utf-8") as f:
            f.write("geo = [];\nspool_limit = 200000;\n")

    def fill(self, rows):
        """fail2ban's database has these rows, and so has the archive; the last row
        is the subject."""
        self.theirs.put(rows)
        self.subject = rows[-1]
        self.run("reconcile")
        # They were archived a day ago, so that retention takes them for old.
        with contextlib.closing(sqlite3.connect(self.archive)) as db:
            db.execute("UPDATE ban SET added_us = added_us - 86400000000")
            db.commit()
        self.run("reconcile")

    def ticket(self, verb, bantime=None, restored=0, subject=None):
        jail, ident, at, seconds, *_ = subject or self.subject
        return [self.program + "-event", "-c", self.config, verb, "--jail", jail,
                "--id", ident, "--ip", "192.0.2.1", "--family", "inet4",
                "--time", "%d.25" % at, "--bantime", str(bantime or seconds),
                "--bancount", "1", "--failures", "5",
                "--restored", str(restored)]

    def put_in_spool(self, events):
        """Put these events, (at_us, words of the command), into the spool."""
        folder = self.folder + "/spool"
        os.makedirs(folder, 0o700, exist_ok=True)
        for n, (at_us, words) in enumerate(events):
            verb, *options = words[words.index("-c") + 2:]
            words = [verb, "--at", str(at_us), *options, "--row", "0", "--tag", "0"]
            with open("%s/%020d-%d" % (folder, at_us, n + 1), "w") as f:
                f.write("\0".join(words) + "\0")

    def lives(self, ident):
        with contextlib.closing(sqlite3.connect(self.archive)) as db:
            return db.execute("SELECT 1 FROM ban WHERE ident = ? AND"
                              " ended_us IS NULL", (ident,)).fetchone()

    def answer(self, jails):
        """A server answers that has these ids in these jails."""
        with open(self.folder + "/jails", "w", encoding="utf-8") as f:
            json.dump(jails, f)
        self.server = subprocess.Popen([
            sys.executable, "-B", SERVER, self.folder + "/none",
            self.folder + "/jails", self.folder + "/questions"])
        while not os.path.exists(self.folder + "/none"):
            time.sleep(0.01)

    def push(self):
        """A fleet has the bans."""
        os.chmod(self.folder, 0o755)  # the server has another user
        self.fleet = Server(self.folder + "/postgres")
        where = "host=%s user=postgres dbname=fleet" % self.fleet.folder
        with open(self.config, "a", encoding="utf-8") as f:
            f.write('push = "%s";\nfleet = "%s";\n' % (where, where))
        self.run("push", "--init")
        self.run("push")

    def save(self):
        """Note the state, to which `back` returns."""
        if self.fleet:
            self.fleet.sql("CREATE DATABASE saved TEMPLATE fleet", "postgres")
        # The events read no WAL that is longer here than there.
        if os.path.exists(self.archive):
            with contextlib.closing(sqlite3.connect(self.archive)) as db:
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        os.makedirs(self.saved)
        shutil.copy2(self.theirs.path, self.saved)
        for name in "archive", "spool":
            if os.path.isdir("%s/%s" % (self.folder, name)):
                shutil.copytree("%s/%s" % (self.folder, name),
                                "%s/%s" % (self.saved, name))

    def back(self):
        # It stays the same file, or a reconcile would take it for another one.
        shutil.copyfile(self.saved + "/theirs.sqlite3", self.theirs.path)
        for name in "archive", "spool", "out":
            shutil.rmtree("%s/%s" % (self.folder, name), ignore_errors=True)
            if os.path.isdir("%s/%s" % (self.saved, name)):
                shutil.copytree("%s/%s" % (self.saved, name),
                                "%s/%s" % (self.folder, name))
        os.makedirs(self.folder + "/out")
        if self.fleet:
            self.fleet.sql("DROP DATABASE fleet WITH (FORCE)", "postgres")
            self.fleet.sql("CREATE DATABASE fleet TEMPLATE saved", "postgres")

    def end(self):
        if self.server:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait()
        if self.fleet:
            self.fleet.stop()
        self.remove()


# ------------------------------------------------------------------- crowds --

def bans_of_one_id(crowd, n):
    """bans of one id"""
    crowd.fill([row("192.0.2.1", crowd.now - 1000 * (n - k),
                    BANTIME_LIVE if k == n - 1 else BANTIME) for k in range(n)])


def rows_of_one_id(crowd, n):
    """rows of one id in fail2ban's database"""
    crowd.run("reconcile")
    crowd.theirs.put([row("192.0.2.1", crowd.now - 1000 * (n - k))
                      for k in range(n)])
    crowd.subject = row("192.0.2.1", crowd.now - 1000 * n, BANTIME_LIVE)


def live_bans(crowd, n):
    """live bans"""
    rows = [row(ident_of(k), crowd.now - 3 * n + k, BANTIME_LIVE)
            for k in range(n)]
    crowd.answer({"sshd": [r[1] for r in rows]})
    crowd.fill(rows)


def bans(crowd, n):
    """bans, each of another id"""
    crowd.fill([row(ident_of(k), crowd.now - 9000 - 60 * (n - k))
                for k in range(n)])
    export(crowd)


def fleet(crowd, n):
    """bans of a fleet, each of another id"""
    bans(crowd, n)
    crowd.push()


def years(crowd, n):
    """years, a ban a day"""
    crowd.fill([row(ident_of(k % 500), crowd.now - 9000 - DAY * (365 * n - k))
                for k in range(365 * n)])


def jails(crowd, n):
    """jails"""
    rows = [row(ident_of(k), crowd.now - 3 * n + k, BANTIME_LIVE,
                "jail%d" % k) for k in range(n)]
    crowd.answer({r[0]: [r[1]] for r in rows})
    crowd.fill(rows)


def spool_files(crowd, n):
    """spool files"""
    crowd.fill([row("192.0.2.1", crowd.now - 100, BANTIME_LIVE)])
    at = crowd.now - 3 * n
    crowd.put_in_spool([((at + k) * 1000000, crowd.ticket(
        "ban", subject=row(ident_of(k), at + k, BANTIME_LIVE)))
        for k in range(n)])


def log_lines(crowd, n):
    """log lines of one id"""
    crowd.subject = row("192.0.2.1", crowd.now - 100, BANTIME_LIVE)
    begin = crowd.now - 4000 * n

    def stamp(at):
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))

    def line(at, part, level, text):
        return "%s,000 %-23s [7268]: %-7s %s\n" % (
            stamp(at), "fail2ban." + part, level, text)

    with open(crowd.folder + "/fail2ban.log", "w", encoding="utf-8") as f:
        for k in range(n):
            at = begin + 4000 * k
            f.write(line(at, "filter", "INFO", "[sshd] Found 192.0.2.1 - "
                         + stamp(at)))
            f.write(line(at + 1, "actions", "NOTICE", "[sshd] Ban 192.0.2.1"))
            f.write(line(at + 601, "actions", "NOTICE", "[sshd] Unban 192.0.2.1"))
    shutil.copy(crowd.folder + "/fail2ban.log", crowd.folder + "/first.log")
    crowd.run("replay", crowd.folder + "/first.log")
    with open(crowd.folder + "/fail2ban.log", "a", encoding="utf-8") as f:
        f.write(line(begin + 4000 * n, "actions", "NOTICE",
                     "[sshd] Ban 192.0.2.1"))
    crowd.words["replay"] = [crowd.folder + "/fail2ban.log"]


def sightings(crowd, n):
    """sightings of one ban"""
    ban = row("192.0.2.1", crowd.now - 40 * n, BANTIME_LIVE)
    crowd.fill([ban])
    events = []
    for k in range(n):
        verb = "ban" if k % 2 else "prolong"
        events.append(((ban[2] + 30 * (k + 1)) * 1000000, crowd.ticket(
            verb, BANTIME_LIVE + k, k % 2)))
    crowd.put_in_spool(events)
    crowd.run("reconcile")


def one_second(crowd, n):
    """bans of one second"""
    crowd.fill([row(ident_of(k), crowd.now - 100, BANTIME_LIVE)
                for k in range(n)])
    export(crowd)


def ended_in_one_second(crowd, n):
    """bans of one second that have ended"""
    crowd.fill([row(ident_of(k), crowd.now - 9000) for k in range(n)])
    export(crowd)


def anonymous_in_one_second(crowd, n):
    """anonymous bans of one network and second"""
    crowd.fill([row("2001:db8::%x" % (k + 1), crowd.now - 9000)
                for k in range(n)])
    crowd.run("prune", "--anonymize", "0d")
    crowd.subject = row("2001:db8::/64", crowd.now - 9000)
    export(crowd)


def one_second_of_one_id(crowd, n):
    """bans of one id in one second"""
    ban = row("192.0.2.1", crowd.now - 100, BANTIME_LIVE)
    crowd.subject = ban
    events = []
    for k in range(n):
        at_us = (ban[2] + 1) * 1000000 + 20 * k
        events.append((at_us, crowd.ticket("ban")))
        events.append((at_us + 10, crowd.ticket("unban")))
    crowd.put_in_spool(events[:-1])
    crowd.run("reconcile")


def size_of_id(crowd, n):
    """bytes of an id"""
    crowd.fill([row("x" * n, crowd.now - 100, BANTIME_LIVE)])
    export(crowd)


def evidence_lines(crowd, n):
    """log lines of one ban"""
    lines = ["Nov 23 22:40:00 www sshd[%d]: Failed password for root from "
             "192.0.2.1 port %d ssh2" % (k, 20000 + k) for k in range(n)]
    with open(crowd.config, "a", encoding="utf-8") as f:
        f.write("max_matches = 1000;\n")
    crowd.fill([row("192.0.2.1", crowd.now - 100, BANTIME_LIVE,
                    data=json.dumps({"matches": lines, "failures": n}).encode())])
    export(crowd)


def runs(crowd, n):
    """runs"""
    crowd.fill([row("192.0.2.1", crowd.now - 100, BANTIME_LIVE)])
    with contextlib.closing(sqlite3.connect(crowd.archive)) as db:
        columns = ", ".join(c[0] for c in db.execute(
            "SELECT name FROM pragma_table_info('run')") if c[0] != "id")
        db.execute("WITH RECURSIVE k(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k"
                   " WHERE n < ?) INSERT INTO run(%s) SELECT %s FROM k, (SELECT *"
                   " FROM run ORDER BY id DESC LIMIT 1)" % (columns, columns), (n,))
        db.commit()


def sources(crowd, n):
    """files to merge, each with a ban"""
    crowd.fill([row("192.0.2.1", crowd.now - 100, BANTIME_LIVE)])
    os.makedirs(crowd.folder + "/many")
    for k in range(n):
        with open("%s/many/host%d.jsonl" % (crowd.folder, k), "w") as f:
            json.dump({"jail": "sshd", "ident": ident_of(k), "seconds": 600,
                       "since_us": (crowd.now - 9000) * 1000000}, f)
            f.write("\n")
    crowd.words["merge"] = [crowd.folder + "/many"]


def bad_sources(crowd, n):
    """files to merge that are none"""
    sources(crowd, n)
    for name in os.listdir(crowd.folder + "/many"):
        with open("%s/many/%s" % (crowd.folder, name), "w") as f:
            f.write("no bans\n")


def known_sources(crowd, n):
    """archives that were merged, and are gone"""
    sources(crowd, n)
    crowd.run("merge", crowd.folder + "/many")
    bad = crowd.folder + "/broken.jsonl.gz"
    with open(bad, "wb") as f:
        few = crowd.run("export").splitlines(True)[:10]
        f.write(gzip.compress(b"".join(few))[:-20])
    names = []
    for k in range(n):
        names.append("%s/host%d.jsonl.gz" % (crowd.folder, k))
        os.link(bad, names[-1])
    crowd.words["merge"] = names


def list_lines(crowd, n):
    """addresses of a block list"""
    crowd.answer({"sshd": []})
    crowd.fill([row("192.0.2.1", crowd.now - 100, BANTIME_LIVE)])
    with open(crowd.folder + "/list", "w", encoding="utf-8") as f:
        f.writelines(ident_of(k) + "\n" for k in range(n))
    crowd.words["reban --list"] = [crowd.folder + "/list"]


def removed_bans(crowd, n):
    """bans that retention removed"""
    bans(crowd, n)
    crowd.run("prune", "--older-than", "0d")
    crowd.run("reconcile")


def export(crowd):
    """Write the bans to a file, for replay and merge."""
    with open(crowd.folder + "/bans.jsonl", "wb") as f:
        f.write(crowd.run("export"))
    crowd.words["replay"] = [crowd.folder + "/bans.jsonl", "--host", "web2"]
    crowd.words["merge"] = [crowd.folder + "/bans.jsonl", "--host", "web2"]
