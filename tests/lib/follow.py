#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""follow.py COPY [LINES]

Bring a copy of the archive's bans up to date by what export says has changed, as
a program that ships them does: COPY is a JSON file with the bans by their
numbers, and the number to go on from. After so many LINES the reader is killed,
and what it had read so far stays in the copy. A copy of another archive is given
up: the next call reads all again. The folder is $LAB, the program
$PROGRAM. Print what was read: how many bans, and how many had gone."""

import json
import os
import subprocess
import sys


def main():
    path, lines = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else -1
    copy = {"next": 0, "archive": None, "bans": {}}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as f:
            copy = json.load(f)
    words = ["export", "--after", str(copy["next"])]
    if copy["archive"]:
        words += ["--archive", copy["archive"]]
    bans = gone = 0
    seen, rev = set(), copy["next"]
    with subprocess.Popen([os.environ["PROGRAM"], "-c",
                           os.environ["LAB"] + "/archive.cfg", *words],
                          stdout=subprocess.PIPE) as run:
        for text in run.stdout:
            if lines == 0:
                run.kill()
                break
            lines -= 1
            change = json.loads(text)
            if "next" in change:
                assert change["next"] >= rev
                copy.update(change)
                continue
            assert change["id"] not in seen, "twice: %r" % change
            assert change["rev"] > rev, "not in order: %r" % change
            seen.add(change["id"])
            rev = change["rev"]
            if "gone" in change:
                assert change["gone"] in ("merged", "pruned")
                copy["bans"].pop(str(change["id"]), None)
                gone += 1
            else:
                copy["bans"][str(change.pop("id"))] = change
                bans += 1
    if lines != 0 and run.returncode == 65:
        copy = {"next": 0, "archive": None, "bans": {}}
    else:
        assert lines == 0 or run.returncode == 0, "export failed"
    with open(path + ".new", "w", encoding="utf-8") as f:
        json.dump(copy, f)
    os.rename(path + ".new", path)
    print(bans, gone)


if __name__ == "__main__":
    main()
