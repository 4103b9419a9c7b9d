# SPDX-License-Identifier: GPL-2.0-or-later
"""The scenes. Each has a set-up, the command that is played, and the bans that the
archive must have afterwards."""

import fcntl
import os
import shutil
import signal
import sqlite3
import subprocess
import time

from places import ARCHIVE, CONFIG, LAB, PROGRAM, SPOOL, THEIRS

T = int(time.time())  # when the scenes play

EVENTS = "ban", "unban", "prolong", "flush"

NULL = None  # /dev/null, opened before the root is entered

DATA = ('{"matches": ["Nov 23 18:48:37 www sshd[1]: Failed password for root'
        ' from %s port 1"], "failures": 3, "user": "root"}')


def run(words, bound=20, before=(), env=None):
    """Return its exit status, -SIGNAL or None if it had to be ended, and its output."""
    program = PROGRAM + ("-event" if words[0] in EVENTS else "")
    words = [*before, program, "-c", CONFIG, *words]
    child = subprocess.Popen(
        words, stdin=NULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=env or {}, cwd="/", close_fds=False, start_new_session=True)
    try:
        said = child.communicate(timeout=bound)[0]
        status = child.returncode
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        said, status = child.communicate()[0], None
    except BaseException:  # the runner is ended
        os.killpg(child.pid, signal.SIGKILL)
        raise
    return status, said.decode("utf-8", "replace")


def must(words):
    status, said = run(words)
    assert status == 0, "status %s of %s: %s" % (status, " ".join(words), said)


def event(verb, jail, ident, since, seconds=86400, restored=0):
    return [verb, "--jail", jail, "--id", ident, "--ip", ident, "--family",
            "inet4", "--time", str(since), "--bantime", str(seconds),
            "--bancount", "1", "--failures", "3", "--restored", str(restored)]


def flush(jail):
    return ["flush", "--jail", jail, "--family", "inet4", "--time", str(T)]


def configure(*lines):
    with open(CONFIG, "w", encoding="utf-8") as f:
        f.write('archive = "%s";\nspool = "%s";\nfail2ban_database = "%s";\n'
                'fail2ban_socket = "%s/sock";\ninterval = 1;\n'
                'run_deadline = 5;\n' % (ARCHIVE, SPOOL, THEIRS, LAB))
        f.writelines(line + "\n" for line in lines)


def theirs(sql, *values):
    db = sqlite3.connect(THEIRS)
    db.execute(sql, values)
    db.commit()
    db.close()


def make_theirs():
    columns = ("timeofban INTEGER NOT NULL, bantime INTEGER NOT NULL,"
               " bancount INTEGER NOT NULL DEFAULT 1, data JSON")
    for sql in ("CREATE TABLE fail2banDb(version INTEGER)",
                "INSERT INTO fail2banDb VALUES(4)",
                "CREATE TABLE bans(jail TEXT NOT NULL, ip TEXT, %s)" % columns,
                "CREATE INDEX bans_jail_timeofban_ip ON bans(jail, timeofban)",
                "CREATE INDEX bans_jail_ip ON bans(jail, ip)",
                "CREATE INDEX bans_ip ON bans(ip)",
                "CREATE TABLE bips(ip TEXT NOT NULL, jail TEXT NOT NULL, %s,"
                " PRIMARY KEY(ip, jail))" % columns):
        theirs(sql)
    their_row("sshd", FOLLOWER, T - 1)


def their_row(jail, ident, timeofban, seconds=86400, tables=("bans", "bips")):
    data = (DATA % ident).encode()
    for table in tables:
        theirs("INSERT OR REPLACE INTO %s(jail, ip, timeofban, bantime,"
               " bancount, data) VALUES(?, ?, ?, ?, 1, ?)" % table,
               jail, ident, timeofban, seconds, data)


def they_forget(jail, ident):
    for table in "bans", "bips":
        theirs("DELETE FROM %s WHERE jail = ? AND ip = ?" % table, jail, ident)


class Held:
    """Hold the archive's locks, as another process would."""

    def __enter__(self):
        self.files = [open(ARCHIVE + end, "a", encoding="utf-8")
                      for end in (".gate", ".write")]
        for f in self.files:
            fcntl.flock(f, fcntl.LOCK_EX)

    def __exit__(self, *why):
        for f in self.files:
            f.close()


# ------------------------------------------------------------------- scenes --

OLD, X, FOLLOWER = "192.0.2.1", "192.0.2.10", "203.0.113.99"


def history():
    """Make an archive with one ban that lives and was reconciled."""
    configure()
    make_theirs()
    their_row("sshd", OLD, T - 3000)
    must(event("ban", "sshd", OLD, "%d.25" % (T - 3000)))
    must(["reconcile"])


def banned(jail, ident, seconds=86400, since=T - 100):
    their_row(jail, ident, since, seconds)
    must(event("ban", jail, ident, "%d.25" % since, seconds))


def make_ban():
    history()
    their_row("sshd", X, T - 10)


def make_first():
    configure()
    make_theirs()
    their_row("sshd", X, T - 10)


def make_lifted():
    history()
    banned("sshd", X)
    must(["reconcile"])
    they_forget("sshd", X)


def make_expired():
    history()
    banned("sshd", X, 3600, T - 7200)
    until = time.time() + 2.5  # two intervals: a reconcile may end it, too
    while time.time() < until:
        time.sleep(0.1)


def make_kept():
    history()
    banned("sshd", X)
    must(["reconcile"])


def make_flush():
    history()
    for ident in "192.0.2.11", "192.0.2.12":
        banned("web", ident)
    must(["reconcile"])
    for ident in "192.0.2.11", "192.0.2.12":
        they_forget("web", ident)


def make_prolong():
    history()
    banned("sshd", X, 600)
    must(["reconcile"])
    for table in "bans", "bips":
        theirs("UPDATE %s SET bantime = 172800 WHERE ip = ?" % table, X)


def make_locked():
    make_ban()
    configure("lock_deadline = 20;")


def make_lifted_locked():
    make_lifted()
    configure("lock_deadline = 20;")


def make_spooling():
    make_locked()
    with Held():
        must(event("ban", "sshd", "192.0.2.30", "%d.25" % (T - 20)))


def make_grown():
    """Archive events until the next one writes the WAL back into the database."""
    history()
    for n in range(200):
        shutil.rmtree(LAB + "/before", ignore_errors=True)
        shutil.copytree(LAB + "/archive", LAB + "/before")
        before = os.stat(ARCHIVE).st_mtime_ns
        must(event("ban", "sshd", "198.51.100.%d" % n, "%d.5" % (T - 50)))
        if os.stat(ARCHIVE).st_mtime_ns != before:
            break
    else:
        raise AssertionError("no event has written the WAL back")
    shutil.rmtree(LAB + "/archive")
    os.rename(LAB + "/before", LAB + "/archive")
    their_row("sshd", X, T - 10)


def spool_some():
    their_row("sshd", "198.51.100.1", T - 60)
    must(event("ban", "sshd", "198.51.100.1", "%d.25" % (T - 60)))
    must(event("ban", "sshd", "198.51.100.2", "%d.5" % (T - 50)))
    must(event("prolong", "sshd", "198.51.100.2", "%d.5" % (T - 50), 172800))


def add_rows():
    for n in 3, 4, 5:
        their_row("sshd", "198.51.100.%d" % n, T - 40)
    their_row("sshd", "198.51.100.6", T - 90000, tables=["bips"], seconds=-1)
    their_row("sshd", "198.51.100.7", T - 5000)
    their_row("sshd", "198.51.100.7", T - 2000)
    their_row("sshd", "198.51.100.8", T - 9000, 600)


def make_drain():
    history()
    banned("sshd", X)
    banned("web", "192.0.2.11")
    must(["reconcile"])
    they_forget("sshd", X)
    they_forget("web", "192.0.2.11")
    configure("lock_deadline = 1;")
    with Held():
        must(event("unban", "sshd", X, "%d.25" % (T - 100)))
        must(flush("web"))
        must(event("ban", "sshd", OLD, T - 3000, restored=1))
        spool_some()
    configure()
    add_rows()


def make_drain_first():
    make_first()
    with open(LAB + "/archive", "w", encoding="utf-8"):
        spool_some()
    os.unlink(LAB + "/archive")
    add_rows()


def make_backfill():
    """Have so many rows that the first backfill writes a new file."""
    make_first()
    must(event("ban", "sshd", X, "%d.25" % (T - 10)))
    data = (DATA % "192.0.2.40").encode()
    rows = [("2001:db8::%x" % n, T - 40000 + 7 * n, data)
            for n in range(5200)]
    db = sqlite3.connect(THEIRS)
    db.executemany("INSERT INTO bans(jail, ip, timeofban, bantime, bancount, data)"
                   " VALUES('sshd', ?, ?, 86400, 1, ?)", rows)
    db.commit()
    db.close()


BAN_X = event("ban", "sshd", X, "%d.25" % (T - 10))
# The fields that fail2ban's row does not have of a ban whose event was lost.
ROW_ONLY = {X: {"since_us": [(T - 10) * 1000000], "seen": ['["database"]']}}
LIVES = {"ended_why": None, "seconds": 86400}
DRAINED = {
    "198.51.100.1": dict(LIVES, seen='["event","database"]'),
    "198.51.100.2": {"ended_why": None, "seconds": 172800, "seen": '["event"]'},
    "198.51.100.3": LIVES, "198.51.100.5": LIVES,
    "198.51.100.6": {"ended_why": None, "seconds": -1},
    "198.51.100.8": {"ended_why": "inferred"},
}

# By name: the set-up, the command, its ident, the bans that the archive must have of
# which ident without a fault, and the differences that are allowed if the event is
# lost. hold: another process has the archive locked meanwhile.
SCENES = {
    "ban": (make_ban, BAN_X, X,
            {X: dict(LIVES, seen='["event","database"]'), OLD: LIVES},
            ROW_ONLY),
    "lifted": (make_lifted, event("unban", "sshd", X, "%d.25" % (T - 100)), X,
               {X: {"ended_why": "manual"}, OLD: LIVES}, {X: {}}),
    "expired": (make_expired,
                event("unban", "sshd", X, "%d.25" % (T - 7200), 3600), X,
                {X: {"ended_why": "expired"}, OLD: LIVES},
                {X: {"ended_why": ["inferred"]}}),
    "kept": (make_kept, event("unban", "sshd", X, "%d.25" % (T - 100)), X,
             {X: LIVES, OLD: LIVES}, {}),
    "flush": (make_flush, flush("web"), "web",
              {"192.0.2.11": {"ended_why": "flushed"},
               "192.0.2.12": {"ended_why": "flushed"}, OLD: LIVES},
              {"192.0.2.11": {"ended_why": ["manual"]},
               "192.0.2.12": {"ended_why": ["manual"]}}),
    "prolong": (make_prolong,
                event("prolong", "sshd", X, "%d.25" % (T - 100), 172800), X,
                {X: {"ended_why": None, "seconds": 172800}}, {}),
    "restored": (make_kept, event("ban", "sshd", X, T - 100, restored=1), X,
                 {X: dict(LIVES, restored=1)}, {X: {"restored": [0]}}),
    "locked": (make_locked, BAN_X, X, {X: LIVES, OLD: LIVES}, ROW_ONLY),
    "spooling": (make_spooling, BAN_X, X,
                 {X: LIVES, "192.0.2.30": LIVES}, ROW_ONLY),
    "lifted-locked": (make_lifted_locked,
                      event("unban", "sshd", X, "%d.25" % (T - 100)), X,
                      {X: {"ended_why": "manual"}, OLD: LIVES}, {X: {}}),
    "first": (make_first, BAN_X, X, {X: LIVES}, ROW_ONLY),
    "grown": (make_grown, BAN_X, X, {X: LIVES, OLD: LIVES}, ROW_ONLY),
    "drain": (make_drain, ["reconcile"], None,
              dict(DRAINED, **{OLD: dict(LIVES, restored=1),
                               X: {"ended_why": "manual"},
                               "192.0.2.11": {"ended_why": "flushed"}}), {}),
    "drain-first": (make_drain_first, ["reconcile"], None, DRAINED, {}),
    "backfill": (make_backfill, ["reconcile"], None,
                 {X: dict(LIVES, seen='["event","database"]'),
                  "2001:db8::1234": dict(LIVES, seen='["database"]')}, {}),
}
HOLD = ("locked", "spooling", "lifted-locked")
