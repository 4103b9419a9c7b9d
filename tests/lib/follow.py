#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""follow.py COPY [LINES]
follow.py COPY --follow

Bring a copy of the archive's bans up to date by what export says has changed, as
a program that ships them does: COPY is a JSON file with the bans by their
numbers, and the number to go on from. A copy of another archive is given up. The
folder is $LAB, the program $PROGRAM.

The first form ends with the changes. After so many LINES the reader is killed,
and what it had read so far stays in the copy. It prints what was read: how many
bans, and how many had gone. When the copy is given up, the next call reads all.

The second form goes on until it is killed. It saves the copy whenever it has read
where to go on."""

import json
import os
import subprocess
import sys


EMPTY = {"next": 0, "archive": None, "bans": {}}


def load(path):
    if not os.path.exists(path):
        return dict(EMPTY, bans={})
    with open(path, encoding="utf-8") as f:
        copy = json.load(f)
    # A reading of all that was killed is begun anew: it does not know which archive
    # it has read.
    return copy if copy["next"] > 0 else dict(EMPTY, bans={})


def save(path, copy):
    with open(path + ".new", "w", encoding="utf-8") as f:
        json.dump(copy, f)
    os.rename(path + ".new", path)


def words_for(copy, follow):
    words = ["export", "--after", str(copy["next"])]
    if copy["archive"]:
        words += ["--archive", copy["archive"]]
    return words + ["--follow"] * follow


class Reader:
    """What was read since the copy's number: each id once, revs in order."""

    def __init__(self, copy):
        self.copy, self.bans, self.gone = copy, 0, 0
        self.seen, self.rev = set(), copy["next"]

    def take(self, change):
        """Apply a line to the copy; return true when it says where to go on."""
        copy = self.copy
        if "next" in change:
            assert change["next"] >= self.rev
            copy.update(change)
            self.seen, self.rev = set(), change["next"]
            return True
        assert change["id"] not in self.seen, "twice: %r" % change
        assert change["rev"] > self.rev, "not in order: %r" % change
        self.seen.add(change["id"])
        self.rev = change["rev"]
        if "gone" in change:
            assert change["gone"] in ("merged", "pruned")
            copy["bans"].pop(str(change["id"]), None)
            self.gone += 1
        else:
            copy["bans"][str(change.pop("id"))] = change
            self.bans += 1
        return False


def read(path, lines, follow):
    """Read the changes once; return true when the copy was given up."""
    copy = load(path)
    reader = Reader(copy)
    with subprocess.Popen([os.environ["PROGRAM"], "-c",
                           os.environ["LAB"] + "/archive.cfg",
                           *words_for(copy, follow)],
                          stdout=subprocess.PIPE) as run:
        for text in run.stdout:
            if lines == 0:
                run.kill()
                break
            lines -= 1
            if reader.take(json.loads(text)) and follow:
                save(path, copy)
    other = lines != 0 and run.returncode == 65
    assert other or lines == 0 or run.returncode == 0, "export failed"
    save(path, EMPTY if other else copy)
    print(reader.bans, reader.gone)
    return other


def main():
    path, rest = sys.argv[1], sys.argv[2:]
    follow = rest == ["--follow"]
    lines = int(rest[0]) if rest and not follow else -1
    while read(path, lines, follow) and follow:
        pass


if __name__ == "__main__":
    main()
