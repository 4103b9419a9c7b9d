#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""forge.py log LINES [SEED]          a log of fail2ban, as many lines, the last
                                      of them now
forge.py csv                          of JSON Lines on standard input, the CSV
forge.py database FILE VERSION [OFFSET JAIL ID SECONDS]...
                                      fail2ban's database of that version; each
                                      ban began that many seconds from now
forge.py spoil FILE HOW               turns a good archive into a hostile one;
                                      see SPOILS
forge.py spoils                       the names of all HOWs
forge.py flip FILE SEED               some bytes of it are others

Makes input for replay."""

import csv
import json
import random
import sqlite3
import sys
import time

FIELDS = ("jail ident ip host since_us timeofban nth seconds bancount failures"
          " matches captures origin seen ended_us ended_why restored rev").split()


def log(lines, seed="1"):
    """Bans of some jails: found, banned, most of them unbanned, some restored."""
    dice = random.Random(int(seed))
    lines = int(lines)
    live, n, clock = [], 0, time.time() - lines
    out = sys.stdout

    def put(level, room, text, ms=0):
        stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(clock))
        out.write("%s,%03d %-24s[7268]: %-7s %s\n" % (
            stamp, ms, "fail2ban." + room, level, text))

    written = 0
    while written < lines:
        clock += 1
        if len(live) > 500 or live and dice.random() < 0.3:
            put("NOTICE", "actions", "[%s] Unban %s" %
                live.pop(dice.randrange(len(live))))
            written += 1
        elif written + 2 <= lines and dice.random() < 0.5:
            n += 1
            jail = dice.choice(("sshd", "recidive", "nginx-http-auth"))
            ident = dice.choice(("2001:db8::%x", "id %d")) % dice.randrange(3000)
            if (jail, ident) in live:
                continue
            put("INFO", "filter", "[%s] Found %s - %s" % (
                jail, ident, time.strftime("%Y-%m-%d %H:%M:%S",
                                           time.localtime(clock - 1))))
            put("NOTICE", "actions", "[%s] Ban %s" % (jail, ident), 500)
            live.append((jail, ident))
            written += 2
        else:
            put("INFO", "filter", "[sshd] Found 192.0.2.%d - %s" % (
                dice.randrange(256), time.strftime("%Y-%m-%d %H:%M:%S",
                                                   time.localtime(clock))))
            written += 1


def guarded(text):
    """A text that a spreadsheet would take for more has an apostrophe in front,
    and so has one that begins with it."""
    return "'" + text if text[:1] in "=+-@'" or text[:1] < " " else text


def to_csv():
    out = csv.writer(sys.stdout, lineterminator="\r\n")
    out.writerow(FIELDS)
    # splitlines will not do: a text may hold an end of line of another kind.
    for line in sys.stdin.buffer.read().decode("utf-8").split("\n")[:-1]:
        row = {k: guarded(v) if isinstance(v, str) and v else v
               for k, v in json.loads(line).items()}
        out.writerow(["" if row[k] is None else
                      json.dumps(row[k], ensure_ascii=False,
                                 separators=(",", ":"))
                      if isinstance(row[k], (list, dict)) else row[k]
                      for k in FIELDS])


def database(path, version, *bans):
    version, now = int(version), int(time.time())
    db = sqlite3.connect(path)
    more = "" if version < 3 else ("bantime INTEGER NOT NULL,"
                                   " bancount INTEGER NOT NULL default 1,")
    db.executescript("""
        CREATE TABLE fail2banDb(version INTEGER);
        CREATE TABLE jails(name TEXT NOT NULL UNIQUE,
            enabled INTEGER NOT NULL DEFAULT 1);
        CREATE TABLE bans(jail TEXT NOT NULL, ip TEXT,
            timeofban INTEGER NOT NULL, %s data JSON);""" % more)
    if version >= 4:
        db.executescript("""
            CREATE TABLE bips(ip TEXT NOT NULL, jail TEXT NOT NULL,
                timeofban INTEGER NOT NULL, %s data JSON,
                PRIMARY KEY(ip, jail));""" % more)
    db.execute("INSERT INTO fail2banDb VALUES(?)", (version,))
    while bans:
        offset, jail, ip, seconds, *bans = bans
        data = json.dumps({"matches": ["a line of " + ip], "failures": 4,
                           "user": "u"}).encode()
        middle = () if version < 3 else (int(seconds), 1)
        start = now + int(offset)
        db.execute("INSERT INTO bans VALUES(%s)" % ",".join(
            "?" * (4 + len(middle))), (jail, ip, start, *middle, data))
        if version >= 4:
            db.execute("INSERT OR REPLACE INTO bips VALUES(?,?,?,?,?,?)",
                       (ip, jail, start, *middle, data))
    db.commit()


ENDLESS = ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
           " SELECT * FROM (SELECT i FROM n) JOIN %s ON 1 WHERE i < 0")
BAD_CELLS = ("'x'", "''", "x'00ff'", "NULL", "1e300", "-1e300", "9e999",
             "9223372036854775807", "-9223372036854775808", "-5", "0.5",
             "zeroblob(100)", "'12abc'", "printf('%.*c', 100000, 'y')",
             "CAST(x'ff41' AS TEXT)", "'a' || char(0) || 'b'")
BAD_JSON = ("'['", "'[[]]'", "'[1,2,3]'", "'{}'", "'null'", "''", "NULL", "7",
            "x'ff'", "'[[0,0,0,-1,1,1,999999,1,5,null]]'",
            "'[[9,1e400,\"x\",[],{}]]'", "'[[0,9223372036854775807,"
            "9223372036854775807,9223372036854775807]]'",
            "'[[0,-9223372036854775808]]'", "printf('%.*c', 200000, '[')",
            "'[[4,0,0,0,0,0,0,99,0,\"' || char(27) || '[31m\"]]'",
            "'[\"' || char(0) || '\"]'", "'[\"' || char(1) || char(2) || '\"]'",
            "CAST(x'5b22ff225d' AS TEXT)", "'[\"\\ud800\"]'",
            "printf('[\"%.*c\"]', 300000, 'z')")


def every_row(db, table, key, column, values):
    """The rows get the values in turn; what the table refuses is left."""
    keys = [k for k, in db.execute("SELECT %s FROM %s" % (key, table))]
    for n, of_row in enumerate(keys):
        try:
            db.execute("UPDATE %s SET %s = %s WHERE %s = ?" % (
                table, column, values[n % len(values)], key), (of_row,))
        except sqlite3.Error:
            pass


def spoil_cells(db):
    for n, column in enumerate(
            "host jail ident ip timeofban since_us nth seconds bancount failures"
            " evidence origin seen ended_us ended_why restored".split()):
        every_row(db, "ban", "id", column, BAD_CELLS[n:] + BAD_CELLS[:n])


def spoil_names(db):
    every_row(db, "jail", "id", "name", (
        "''", "char(10) || 'x'", "x'ff'", "printf('%.*c', 200000, 'j')",
        "char(27) || ']0;x' || char(7)", "'a' || char(0) || 'b'"))


def spoil_schema(db):
    """A table that has the pages of another."""
    db.execute("PRAGMA writable_schema = 1")
    db.execute("UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM"
               " sqlite_master WHERE name = 'run') WHERE name = 'ban'")


def script(text):
    return lambda db: db.executescript(text)


SPOILS = {
    "cells": spoil_cells,
    "names": spoil_names,
    "signs": lambda db: every_row(db, "ban", "id", "signs", BAD_JSON),
    "matches": lambda db: every_row(db, "evidence", "id", "matches", BAD_JSON),
    "captures": lambda db: every_row(db, "evidence", "id", "captures", BAD_JSON),
    "pieces": lambda db: [every_row(db, "evidence", "id", c, (
        "char(1, 2, 3, 4)", "char(10)", "x'01'", "printf('%.*c', 99999, 'p')"))
        for c in "abcd"],
    "view": script("ALTER TABLE ban RENAME TO theirs; CREATE VIEW ban AS "
                   + ENDLESS % "theirs"),
    "table": script("DROP VIEW bans; CREATE TABLE bans(jail, ident);"
                    " DROP TABLE evidence"),
    "columns": script("DROP VIEW bans; ALTER TABLE ban DROP COLUMN origin;"
                      " ALTER TABLE ban RENAME COLUMN ident TO it"),
    "generated": script("DROP VIEW bans; ALTER TABLE ban RENAME TO theirs;"
                        " CREATE TABLE ban(id INTEGER PRIMARY KEY, jail, host,"
                        " ident AS (printf('%.*c', 900000000, 'x')))"),
    "triggers": script("".join(
        "CREATE TRIGGER %s_%s AFTER %s ON %s BEGIN DELETE FROM ban; END;" %
        (table, what, what, table) for table in ("ban", "jail", "run", "meta")
        for what in ("INSERT", "UPDATE", "DELETE"))),
    "bans": script("DROP VIEW bans; CREATE VIEW bans AS " + ENDLESS % "ban"),
    "jails": script("PRAGMA foreign_keys = OFF; DELETE FROM jail"),
    "empty": script("DELETE FROM ban; DELETE FROM jail; DELETE FROM meta"),
    "schema": spoil_schema,
    "newer": script("PRAGMA user_version = 9999"),
    "other": script("PRAGMA application_id = 7"),
    "counts": script("UPDATE ban SET rev = -id; UPDATE ban SET restored ="
                     " 9223372036854775807, nth = 9223372036854775800 + id % 7"),
    "future": script("UPDATE ban SET since_us = 9223372036854775807 - id,"
                     " timeofban = 9223372036854, ended_us = -9e18"),
}


def spoil(path, how):
    db = sqlite3.connect(path)
    SPOILS[how](db)
    db.commit()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def flip(path, seed):
    dice = random.Random(int(seed))
    with open(path, "r+b") as f:
        data = bytearray(f.read())
        # The header's first bytes say what file it is.
        for _ in range(20):
            data[dice.randrange(100, len(data))] = dice.randrange(256)
        f.seek(0)
        f.write(data)


def main():
    verb = sys.argv[1]
    if verb == "spoils":
        print("\n".join(SPOILS))
        return
    {"log": log, "csv": to_csv, "database": database, "spoil": spoil,
     "flip": flip}[verb](*sys.argv[2:])


if __name__ == "__main__":
    main()
