#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""look.py SECONDS EXPRESSION [NAME=VALUE...]

Succeeds when the expression becomes true within that many seconds; with "print"
for SECONDS, prints its value. The expression may use the functions below. They
read the archive, fail2ban's own database, its log, and the calls of its action.
The folder is $LAB, the program $PROGRAM."""

import decimal
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
import unicodedata

LAB = os.environ["LAB"]
PROGRAM = os.environ["PROGRAM"]
SLOWNESS = int(os.environ.get("SLOWNESS", "1"))
FIELDS = ("jail ident ip host since_us timeofban nth seconds bancount failures"
          " matches captures origin seen ended_us ended_why restored rev").split()


def query(path, sql, *values):
    """Rows of a database as dicts, read in one short transaction."""
    db = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
    db.text_factory = lambda b: b.decode("utf-8", "replace")
    db.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in db.execute(sql, values).fetchall()]
    finally:
        db.close()


# The archive

def rows(*options):
    """The rows that export writes, each with just the fields."""
    run = subprocess.run(
        [PROGRAM, "-c", LAB + "/archive.cfg", "export", *options],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert run.returncode == 0, run.stderr.decode("utf-8", "replace")
    # splitlines will not do: a text may hold U+0085 and U+2028, which JSON leaves alone.
    lines = run.stdout.decode("utf-8").split("\n")
    assert lines.pop() == "", "the last line is not ended"
    found = [json.loads(line) for line in lines]
    for row in found:
        assert list(row) == FIELDS, list(row)
    return found


def count(of="*"):
    """The number of bans in the archive, or of their distinct idents."""
    return query(LAB + "/archive/archive.sqlite3",
                 "SELECT count(%s) AS n FROM bans" % of)[0]["n"]


def row(jail, ident):
    """The only row of that id in that jail."""
    found = [r for r in rows() if (r["jail"], r["ident"]) == (jail, ident)]
    assert len(found) == 1, "%d rows of %s" % (len(found), ident)
    return found[0]


def harmless(*arguments):
    """The output of the program, which must hold nothing that a terminal obeys:
    no control character but the newline, none that turns the direction, no
    other end of a line."""
    run = subprocess.run(
        [PROGRAM, "-c", LAB + "/archive.cfg", *arguments],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert run.returncode == 0, run.stderr.decode("utf-8", "replace")
    said = (run.stdout + run.stderr).decode("utf-8")
    obeyed = [c for c in said if c != "\n" and (
        unicodedata.category(c) in ("Cc", "Zl", "Zp") or
        unicodedata.bidirectional(c) in ("LRE", "RLE", "LRO", "RLO", "PDF",
                                         "LRI", "RLI", "FSI", "PDI") or
        c in "\u061c\u200e\u200f")]
    assert not obeyed, (arguments, obeyed)
    return said


def runs():
    return query(LAB + "/archive/archive.sqlite3", "SELECT * FROM run")


def spooled():
    """The files in the spool that are events, without a killed helper's unfinished
    ones."""
    try:
        return sorted(n for n in os.listdir(LAB + "/spool")
                      if not n.startswith((".", "tmp-")))
    except FileNotFoundError:
        return []


# fail2ban

def bans():
    return query(LAB + "/fail2ban.sqlite3", "SELECT * FROM bans")


def bips():
    return query(LAB + "/fail2ban.sqlite3", "SELECT * FROM bips")


def log():
    with open(LAB + "/fail2ban.log", encoding="utf-8", errors="replace") as f:
        return f.read()


def log_times(what):
    """The times at which fail2ban logged lines that end in this, in seconds."""
    return [time.mktime(time.strptime(m[1], "%Y-%m-%d %H:%M:%S"))
            + int(m[2]) / 1000 for m in
            re.finditer("^(.{19}),([0-9]{3}) .*" + re.escape(what) + "$",
                        log(), re.M)]


def ban_lines(jail=None, verb="Ban"):
    """The Ban lines of the log, or those of another verb, of this jail or of any:
    each is (time in seconds, jail, id)."""
    return [(time.mktime(time.strptime(m[1], "%Y-%m-%d %H:%M:%S"))
             + int(m[2]) / 1000, m[3], m[4]) for m in
            re.finditer(r"^(.{19}),([0-9]{3}) [^\n]{,80}?NOTICE  "
                        r"\[([^]\n]+)\] %s (.*)$" % verb, log(), re.M)
            if jail in (None, m[3])]


def longest_wait(jail):
    """The longest time from one ban of a jail to the next. In it run the commands
    of the first ban, and those of other jails' bans in between."""
    times = [line[0] for line in ban_lines(jail)]
    return max(b - a for a, b in zip(times, times[1:]))


def calls(verb=None):
    """The calls of the helper by the action: one dict a call."""
    with open(LAB + "/calls", encoding="utf-8", errors="replace") as f:
        lines = f.read().splitlines()
    found = []
    for line in lines:
        words = line.split("\x1f")[:-1]
        call = {}
        while words:
            word = words.pop(0)
            if word == "-c":
                words.pop(0)
            elif not word.startswith("--"):
                call["verb"] = word
            elif "=" in word:
                key, call[key] = word[2:].split("=", 1)
            else:
                call[word[2:]] = words.pop(0)
        if verb in (None, call["verb"]):
            found.append(call)
    return found


def taken():
    """The time that each call of killer.c took, in seconds, the shortest
    first."""
    with open(LAB + "/taken") as f:
        return sorted(int(line.split()[1]) / 1e6 for line in f)


def killed():
    """The number of these calls that were killed."""
    with open(LAB + "/taken") as f:
        return sum(int(line.split()[2]) for line in f)


def called(verb, jail, ident):
    """The calls of the helper by the action about that id in that jail."""
    return [c for c in calls(verb) if (c.get("jail"), c.get("id")) == (jail, ident)]


# Both

def micros(text):
    """The microseconds of a time that fail2ban wrote as text, cut."""
    return int(decimal.Decimal(text) * 1000000)


def captures(data):
    return {k: v for k, v in data.items() if k not in
            ("matches", "failures", "fid", "ip", "ip4", "ip6")}


def theirs(jail, ident, **other):
    """The row that the archive has to have of fail2ban's newest ban of that id
    in that jail, as long as it lives. `other` fields are as given."""
    key = (jail, ident)
    ban = max((b for b in bans() + bips() if (b["jail"], b["ip"]) == key),
              key=lambda b: b["timeofban"])
    data = json.loads(ban["data"])
    fresh = [c for c in called("ban", *key) if c["restored"] == "0"
             and round(float(c["time"])) == ban["timeofban"]]
    restored = [c for c in called("ban", *key) if c["restored"] == "1"]
    ip = fresh[0]["ip"] if fresh else data.get("ip")
    matches = ["".join(m) for m in data["matches"]]
    want = {
        "jail": jail, "ident": ident, "ip": ip if ip != ident else None,
        "host": None,
        "since_us": micros(fresh[0]["time"] if fresh else ban["timeofban"]),
        "timeofban": ban["timeofban"], "nth": 0, "seconds": ban["bantime"],
        "bancount": ban["bancount"], "failures": data["failures"],
        "matches": matches,
        "captures": captures(data),
        "origin": "log" if data["failures"] or matches else "manual",
        "seen": ["event", "database"] if fresh or restored else ["database"],
        "ended_us": None, "ended_why": None, "restored": len(restored),
    }
    want.update(other)
    return want


def of_database(have):
    """The row that the archive has to have of a ban that it knows from fail2ban's
    database alone; with an inferred end if its time is long up."""
    key = (have["jail"], have["ident"])
    of_id = [b for b in bans() + bips() if (b["jail"], b["ip"]) == key]
    ban = next(b for b in of_id if b["timeofban"] == have["timeofban"])
    data = json.loads(ban["data"])
    matches = ["".join(m) for m in data["matches"]]
    seconds = int(ban["bantime"])
    ends = [b["timeofban"] for b in of_id if b["timeofban"] > ban["timeofban"]]
    if seconds >= 0 and ban["timeofban"] + seconds < time.time() - 10:
        ends.append(ban["timeofban"] + seconds)
    return {
        "ip": data.get("ip"), "host": None,
        "since_us": ban["timeofban"] * 1000000, "nth": 0, "seconds": seconds,
        "bancount": ban["bancount"], "failures": data["failures"],
        "matches": matches, "captures": captures(data),
        "origin": "log" if data["failures"] or matches else "manual",
        "seen": ["database"], "restored": 0,
        "ended_us": min(ends) * 1000000 if ends else None,
        "ended_why": "inferred" if ends else None,
    }


def same(have, want):
    """Return true for a row that is as wanted; the error names all differences.
    rev is compared if want has it."""
    differ = ["%s: %r, not %r" % (k, have[k], want[k])
              for k in want if have[k] != want[k]]
    assert not differ, "; ".join(differ)
    return True


def same_as_theirs(jail, ident, **other):
    return same(row(jail, ident), theirs(jail, ident, **other))


def ended(jail, ident, why, at=None, about=None):
    """Return true if the only row ended for that reason: at that microsecond, or
    about that second of the log, to which the way to the helper adds some."""
    have = row(jail, ident)
    assert have["ended_why"] == why, have
    assert at is None or have["ended_us"] == at, have
    assert about is None or -0.1 < have["ended_us"] / 1e6 - about \
        < 2 * SLOWNESS, \
        (have, about)
    return True


def main():
    names = dict(globals(), **dict(a.split("=", 1) for a in sys.argv[3:]))
    expression = " ".join(sys.argv[2].split())
    if sys.argv[1] == "print":
        print(eval(expression, names))
        return 0
    until = time.monotonic() + float(sys.argv[1])
    while True:
        try:
            why = "false"
            if eval(expression, names):
                return 0
        except Exception as e:  # a file or row may come later
            why = "%s: %s" % (type(e).__name__, e)
        if time.monotonic() >= until:
            break
        time.sleep(0.1)
    print("not so: %s\n%s" % (expression, why), file=sys.stderr)
    for name in "rows", "bans", "bips", "calls", "runs":
        try:
            for one in names[name]():
                print(name, str(one)[:2000], file=sys.stderr)
        except Exception as e:
            print(name, type(e).__name__, e, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
