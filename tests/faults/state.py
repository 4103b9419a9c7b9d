# SPDX-License-Identifier: GPL-2.0-or-later
"""Read the archive and the spool."""

import os
import shutil
import sqlite3

from places import DEFAULT, LAB

# By their numbers in the archive.
SIGNS = ("ban", "restored", "prolong", "row", "unban", "judged")


def read_archive(path, folder):
    """Return (bans, signs, flushes) of a copy of the archive, which stays as it is.
    Raises sqlite3.Error if it is damaged."""
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)
    for end in "", "-wal":
        if os.path.exists(path + end):
            shutil.copyfile(path + end, folder + "/copy" + end)
    db = sqlite3.connect("file:%s/copy?mode=ro" % folder, uri=True)
    db.row_factory = sqlite3.Row
    try:
        whole = db.execute("PRAGMA integrity_check").fetchone()[0]
        if whole != "ok":
            raise sqlite3.DatabaseError(whole)
        if db.execute("PRAGMA foreign_key_check").fetchone():
            raise sqlite3.DatabaseError("a row refers to one that is missing")
        if not db.execute("PRAGMA schema_version").fetchone()[0]:
            return [], [], []
        return ([dict(r) for r in db.execute("SELECT * FROM bans")],
                [(SIGNS[r[0]], r[1], r[2]) for r in db.execute(
                    "SELECT json_extract(value, '$[0]'), ident,"
                    " timeofban * 1000000 + json_extract(value, '$[1]')"
                    " FROM ban, json_each(signs)")],
                [tuple(r) for r in db.execute(
                    "SELECT 'flush', name, flushed_us FROM jail")])
    finally:
        db.close()


def read_spool(folder):
    """Return (verb, ident or jail, at_us) of each event that waits."""
    found = []
    for name in os.listdir(folder) if os.path.isdir(folder) else []:
        if not name[0].isdigit() or name.endswith(".bad"):
            continue
        with open(folder + "/" + name, encoding="utf-8") as f:
            *words, rest = f.read().split("\0")
        key = "--jail" if words[:1] == ["flush"] else "--id"
        if rest == "" and key in words:
            found.append((words[0], words[words.index(key) + 1],
                          int(name.split("-")[0])))
    return found


def is_kept(base, words, ident, start_us):
    """Return true if the event is in the archive or the spool below base."""
    verb = "restored" if words[-2:] == ["--restored", "1"] else words[0]
    archive = base + "/archive/archive.sqlite3"
    if base == DEFAULT:
        archive = base + "/archive.sqlite3"
    signs = []
    if os.path.exists(archive):
        _, signs, flushes = read_archive(archive, LAB + "/copy")
        signs = signs + flushes
    spooled = read_spool(base + "/spool")
    return (any(s[0] == verb and s[1] == ident and s[2] >= start_us
                for s in signs)
            or any(s[0] == words[0] and s[1] == ident and s[2] >= start_us
                   for s in spooled))
