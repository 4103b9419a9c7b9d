#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""agree.py EVENTS REPLAYED LOG STOPS HELD

Checks that an archive that was filled by replay alone agrees with fail2ban's log,
and with an archive that got the same bans by events. EVENTS and REPLAYED are the
exports of both archives, LOG is the log of the server. A line of STOPS is the first
and the last line of LOG that a stop wrote, counted from one, and the jail that
was stopped, or * for all: what was unbanned there was not lifted. A line of HELD
is a jail and an id that the server holds in the end.

A line is printed for each disagreement."""

import collections
import json
import os
import re
import sys
import time

BEGINS_WITHIN = 5  # seconds: a log has a failure's time without its fraction
ENDS_WITHIN = 2 * int(os.environ.get("SLOWNESS", "1"))
PRINTED_MAX = 40

LINE = re.compile(r"(.{19}),(\d{3}) fail2ban\.actions +\[\d+\]: NOTICE +"
                  r"\[([^]]+)\] Unban (.*)")


def rows(path):
    """The bans of each jail and id, in the order of their ends: one of them ends
    before the next begins, and a log knows beginnings by the second only."""
    found = collections.defaultdict(list)
    # splitlines will not do: a text may hold an end of line of another kind.
    with open(path, encoding="utf-8", newline="\n") as f:
        for line in f:
            row = json.loads(line)
            found[row["jail"], row["ident"]].append(row)
    for of_id in found.values():
        of_id.sort(key=lambda r: (r["ended_us"] or float("inf"),
                                  r["since_us"], r["nth"]))
    return found


def unbans(log, stops):
    """The times at which each jail and id was unbanned, in seconds, without the
    unbans of a stop."""
    with open(stops) as f:
        stopped = [line.split() for line in f]
    found = collections.defaultdict(list)
    with open(log, encoding="utf-8", newline="\n") as f:
        for n, line in enumerate(f, 1):
            m = LINE.match(line.rstrip("\n"))
            if m and not any(int(a) <= n <= int(b) and jail in (m[3], "*")
                             for a, b, jail in stopped):
                at = time.mktime(time.strptime(m[1], "%Y-%m-%d %H:%M:%S"))
                found[m[3], m[4]].append(at + int(m[2]) / 1000)
    return found


def live(bans):
    return {key: sum(r["ended_us"] is None for r in of_id)
            for key, of_id in bans.items()
            if any(r["ended_us"] is None for r in of_id)}


def differences(events, replayed, ends, held):
    for key in sorted(set(events) | set(replayed)):
        a, b = events.get(key, []), replayed.get(key, [])
        if len(a) != len(b):
            yield "%s: %d bans by events, %d by replay" % (key, len(a), len(b))
            continue
        for x, y in zip(a, b):
            if abs(x["since_us"] - y["since_us"]) > BEGINS_WITHIN * 1e6:
                yield "%s: began at %d by events, at %d by replay" % (
                    key, x["since_us"], y["since_us"])
            if (x["ended_us"] is None) != (y["ended_us"] is None):
                yield "%s: ended %s by events, %s by replay" % (
                    key, x["ended_why"], y["ended_why"])
        yield from other_ends(key, b, list(ends.get(key, [])))
    for name, bans in ("events", events), ("replay", replayed):
        found = live(bans)
        for key in sorted(held - set(found)):
            yield "%s: held by the server, not live by %s" % (key, name)
        for key in sorted(set(found) - held):
            yield "%s: live by %s, not held by the server" % (key, name)
        for key in sorted(k for k, n in found.items() if n > 1):
            yield "%s: more than one live ban by %s" % (key, name)


def other_ends(key, bans, ends):
    """An unban that no ban ended at, and what ended at none and yet is not
    inferred."""
    for row in bans:
        if row["ended_us"] is None:
            continue
        near = [e for e in ends if abs(e - row["ended_us"] / 1e6) < ENDS_WITHIN]
        if near:
            ends.remove(min(near, key=lambda e: abs(e - row["ended_us"] / 1e6)))
        elif row["ended_why"] != "inferred":
            yield "%s: %s at %d, and the log has no such unban" % (
                key, row["ended_why"], row["ended_us"])
    for end in ends:
        yield "%s: unbanned at %.3f by the log, and no ban ended then" % (
            key, end)


def main():
    events, replayed = rows(sys.argv[1]), rows(sys.argv[2])
    ends = unbans(sys.argv[3], sys.argv[4])
    with open(sys.argv[5], encoding="utf-8") as f:
        held = {tuple(line.rstrip("\n").split(" ", 1)) for line in f}
    if not events or not ends or not held:
        print("nothing to compare")
        return 1
    found = list(differences(events, replayed, ends, held))
    for line in found[:PRINTED_MAX]:
        print(line)
    if found:
        print("%d differences" % len(found))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
