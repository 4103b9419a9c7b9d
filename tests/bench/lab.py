# SPDX-License-Identifier: GPL-2.0-or-later
"""The measurements use these: databases as fail2ban writes them, and archives."""

import contextlib
import functools
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))

# This is within the 648,000 s that an archive's first reconcile takes.
SPAN = 7 * 86400
# Most bans ended long ago; the live ones last for two weeks.
BANTIME, BANTIME_LIVE = 600, 14 * 86400

LINES, LINE_BYTES = 5, 90
USERS = "root admin test oracle postgres ubuntu user git guest support".split()
NETS = "192.0.2", "198.51.100", "203.0.113"
COLUMNS = "(jail, ip, timeofban, bantime, bancount, data)"


# ------------------------------------------------------ fail2ban's database --

@functools.lru_cache
def minute(n):
    return time.strftime("%b %d %H:%M:", time.localtime(60 * n))


def evidence(ip, at, mix):
    """The data of a row, as fail2ban writes them: here without a name that
    JSON would have to escape."""
    lines, user = [], ""
    for n in range(LINES):
        mix = mix * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
        second = at - LINES + 1 + n
        start = "%s%02d www sshd[%d]: Invalid user " % (
            minute(second // 60), second % 60, 1000 + (mix >> 33) % 30000)
        end = " from %s port %d" % (ip, 10000 + (mix >> 17) % 50000)
        user = "%s%d" % (USERS[(mix >> 40) % len(USERS)], mix)
        user = user[:LINE_BYTES - len(start) - len(end)]
        lines.append(start + user + end)
    return ('{"matches": ["%s"], "failures": %d, "user": "%s", "%s": "%s"}' % (
        '", "'.join(lines), LINES, user,
        "ip6" if ":" in ip else "ip4", ip)).encode()


def their_row(n, at, live):
    """The n-th ban. Ids come in no order and each once, but for the few IPv4
    addresses, which come again and again."""
    mix = n * 2654435761 & 0xffffffff
    ip = "2001:db8::%x:%x" % (mix >> 16, mix & 0xffff)
    if n % 64 == 0 and not live:
        ip = "%s.%d" % (NETS[n // 64 % 3], mix >> 24)
    return ("sshd", ip, at, BANTIME_LIVE if live else BANTIME, 1,
            evidence(ip, at, mix))


class Theirs:
    """A database of fail2ban with this many bans, of which the newest live."""

    def __init__(self, path, rows, live):
        self.path, self.rows = path, 0
        with self.open() as db, open(TREE + "/tests/lib/fail2ban.sql") as f:
            db.executescript(f.read())
        begin, now = int(time.time()) - SPAN - 60, int(time.time()) - 60
        self.insert((n, begin + (now - begin) * n // rows - n * 7919 % 5,
                     n >= rows - live) for n in range(rows))

    @contextlib.contextmanager
    def open(self):
        """Open it as fail2ban does."""
        with contextlib.closing(sqlite3.connect(self.path)) as db:
            db.executescript("PRAGMA journal_mode = MEMORY;"
                             "PRAGMA synchronous = OFF;"
                             "PRAGMA cache_size = -500000")
            yield db
            db.commit()

    def insert(self, bans):
        with self.open() as db:
            chunk = []
            for ban in bans:
                chunk.append(their_row(*ban))
                if len(chunk) == 10000:
                    self.insert_chunk(db, COLUMNS, chunk)
                    chunk = []
            self.insert_chunk(db, COLUMNS, chunk)

    def insert_chunk(self, db, columns, chunk):
        for table in "bans", "bips":
            db.executemany("INSERT OR REPLACE INTO %s %s VALUES "
                           "(?, ?, ?, ?, ?, ?)" % (table, columns), chunk)
        self.rows += len(chunk)

    def put(self, rows):
        """Add these rows: (jail, ip, timeofban, bantime, bancount, data)."""
        with self.open() as db:
            self.insert_chunk(db, COLUMNS, rows)

    def remove(self, ident):
        """Remove all rows of an id, as fail2ban does when someone unbans it."""
        with self.open() as db:
            for table in "bans", "bips":
                db.execute("DELETE FROM %s WHERE ip = ?" % table, (ident,))

    def add(self, count, live):
        """Add this many rows, of bans that live or of bans that have ended."""
        at = int(time.time()) - (0 if live else 5 * BANTIME)
        self.insert([(self.rows + n, at, live) for n in range(count)])

    def tickets(self, count, live=True, newest=True):
        """Return (ID, TIME) of this many bans that live, or that have ended: the
        newest or the oldest of them, the older first."""
        with self.open() as db:
            found = db.execute(
                "SELECT ip, timeofban FROM bans WHERE bantime = ? "
                "ORDER BY rowid %s LIMIT ?" % ("DESC" if newest else "ASC"),
                (BANTIME_LIVE if live else BANTIME, count)).fetchall()
        if len(found) < count:
            raise RuntimeError("%d rows are too few" % len(found))
        return [(ip, "%d.0" % at) for ip, at in sorted(
            found, key=lambda t: t[1])]


# -------------------------------------------------------------- the archive --

class Lab:
    """An archive, its config, and a database of fail2ban's."""

    def __init__(self, folder, program, theirs):
        self.folder, self.program, self.theirs = folder, program, theirs
        self.config = folder + "/archive.cfg"
        self.archive = folder + "/archive/archive.sqlite3"
        os.makedirs(folder, exist_ok=True)
        with open(self.config, "w", encoding="utf-8") as f:
            f.write('archive = "%s";\nspool = "%s/spool";\n'
                    'fail2ban_socket = "%s/none";\nfail2ban_database = "%s";\n'
                    'backfill = 0;\nrun_deadline = 3600;\n' % (
                        self.archive, folder, folder, theirs.path))

    def command(self, *words):
        return [self.program, "-c", self.config, *words]

    def event(self, verb, bantime=BANTIME_LIVE):
        """A command for pair, which fills in the ticket."""
        return [
            self.program + "-event", "-c", self.config, verb, "--jail", "sshd",
            "--id", "{ip}", "--ip", "{ip}", "--family", "inet6",
            "--time", "{time}", "--bantime", str(bantime),
            "--bancount", "1", "--failures", str(LINES), "--restored", "0"]

    def ban(self):
        return self.event("ban")

    def reconcile(self):
        return self.command("reconcile")

    def run(self, *words):
        return subprocess.run(self.command(*words), check=True,
                              stdout=subprocess.PIPE).stdout

    def check(self, tickets):
        """Fail unless each ban was archived at once, once, with all log lines."""
        found = {}
        first = min(float(at) for _, at in tickets)
        said = self.run("export", "--since", "%d" % first)
        for line in said.decode().splitlines():
            ban = json.loads(line)
            key = ban["ident"], "%d.0" % ban["timeofban"]
            found.setdefault(key, []).append(len(ban["matches"]))
        wrong = ["%s since %s: lines %s" % (*t, found.get(t))
                 for t in tickets if found.get(t) != [LINES]]
        if wrong:
            raise RuntimeError("%d of %d bans are not archived once with their "
                               "lines, such as %s" % (
                                   len(wrong), len(tickets), wrong[0]))
        spool = self.folder + "/spool"
        if os.path.isdir(spool) and os.listdir(spool):
            raise RuntimeError("events went into the spool")

    def newest_ident(self):
        """Return the id of the ban that was archived last."""
        with contextlib.closing(sqlite3.connect(self.archive)) as db:
            return db.execute(
                "SELECT ident FROM ban ORDER BY id DESC LIMIT 1").fetchone()[0]

    def remove(self):
        shutil.rmtree(self.folder)


# These columns differ in the k-th of :copies of :n bans that have :revs. Each copy
# begins some time after the one before; the originals come first. The copies share
# their log lines.
COPIED = {
    "ban": {
        "id": "id + k * :n",
        "rev": "rev + k * :revs",
        "ident": "printf('2001:db8:1::%x:%x', (id + k * :n) * 40503 % 65536,"
                 " (id + k * :n) * 2654435761 % 65521)",
        "timeofban": "timeofban - (:copies - k) * 6000",
        "since_us": "since_us - (:copies - k) * 6000000000",
        "ended_us": "ended_us - (:copies - k) * 6000000000",
    },
}


def copy_rows(db, table, changes, values):
    columns = [c[0] for c in db.execute(
        "SELECT name FROM pragma_table_info(?)", (table,))]
    columns = ", ".join(changes.get(c, c) for c in columns)
    db.execute("CREATE TEMP TABLE first AS SELECT * FROM %s" % table)
    db.execute("WITH RECURSIVE copy(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM"
               " copy WHERE k < :copies - 1) INSERT INTO %s"
               " SELECT %s FROM copy CROSS JOIN first" % (table, columns),
               values)
    db.execute("DROP TABLE first")


def multiply(path, copies):
    """Copy the ended bans of an archive until it has this many times as many. The
    program has written the originals."""
    if copies == 1:
        return
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
                         "PRAGMA cache_size = -1000000")
        indexes = db.execute("SELECT name, sql FROM sqlite_schema WHERE type ="
                             " 'index' AND sql IS NOT NULL").fetchall()
        n, revs = db.execute("SELECT max(id), max(rev) FROM ban").fetchone()
        # To sort each index once is far faster than to insert into it.
        for name, _ in indexes:
            db.execute("DROP INDEX " + name)
        for table, changes in COPIED.items():
            copy_rows(db, table, changes,
                      {"n": n, "revs": revs, "copies": copies})
        for _, sql in indexes:
            db.execute(sql)
        db.commit()
        db.execute("PRAGMA journal_mode = WAL")


# ---------------------------------------------------------------- processes --

@contextlib.contextmanager
def background(command):
    """The command, and what it starts, runs meanwhile."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL,
                               start_new_session=True)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()
