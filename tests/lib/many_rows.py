#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""many_rows.py PATH COUNT NOW SEED: a database of fail2ban's with so many rows, of
three jails: ids that come once, ids that come again and again, bans that live, bans
that are too old, rows that are no bans, and rows that only "bips" has."""

import os
import random
import sqlite3
import sys

path, count, now, seed = sys.argv[1], *map(int, sys.argv[2:])
dice = random.Random(seed)
db = sqlite3.connect(path)
with open(os.path.dirname(os.path.abspath(__file__)) + "/fail2ban.sql",
          encoding="utf-8") as f:
    db.executescript(f.read())
db.executemany("INSERT OR IGNORE INTO jails (name) VALUES (?)",
               [("sshd",), ("web",), ("mail",)])


def row(n):
    jail = dice.choice(("sshd", "sshd", "web", "mail"))
    ident = "2001:db8::%x" % n
    if dice.random() < 0.3:
        ident = "192.0.2.%d" % dice.randrange(200)
    at = now - 900000 + n * 900000 // count - dice.randrange(3)
    seconds = dice.choice((600, 600, 600, 3600, 86400 * 30, -1))
    data = '{"matches": ["line %d of %s", "another"], "failures": %d%s}' % (
        n, ident, dice.randrange(1, 9), dice.choice(("", ', "user": "root"')))
    if dice.random() < 0.01:
        data = dice.choice(("no JSON", None, b"\xff\xfe"))
    return jail, ident, at, seconds, dice.randrange(1, 4), data


rows = [row(n) for n in range(count)]
rows[7] = ("sshd", "203.0.113.1", now - 5000, 600000, 1, rows[7][5])
rows[8] = ("web", "203.0.113.2", now - 5000, 600000, 1, rows[8][5])
rows[9] = ("sshd", "203.0.113.3", now - 5000, 600000, 1, rows[9][5])
rows[10] = ("mail", "203.0.113.4", now - 5000, 600000, 1, rows[10][5])
rows[11] = ("sshd", None, now, 600, 1, None)
into = " (jail, ip, timeofban, bantime, bancount, data) VALUES (?, ?, ?, ?, ?, ?)"
db.executemany("INSERT INTO bans" + into, rows)
db.executemany("INSERT OR REPLACE INTO bips" + into,
               [r for r in rows if r[1] is not None])
db.executemany("INSERT INTO bips" + into, [
    (r[0], "198.51.100.%d" % (200 + n), *r[2:]) for n, r in enumerate(rows[-20:])])
db.commit()
