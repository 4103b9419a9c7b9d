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
import re
import sys
import time

SECOND_US = 1000000  # a log has a failure's time without its fraction
PRINTED_MAX = 40

LINE = re.compile(r"(.{19}),(\d{3}) fail2ban\.actions +\[\d+\]: NOTICE +"
                  r"\[([^]]+)\] ((?:Increase |Restore )?Ban|Unban) (.*)")


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


def read_log(log, stops):
    """The times at which each jail and id was banned, and those at which it was
    unbanned, in microseconds, without the unbans of a stop."""
    with open(stops) as f:
        stopped = [line.split() for line in f]
    bans, unbans = (collections.defaultdict(list) for _ in range(2))
    with open(log, encoding="utf-8", newline="\n") as f:
        for n, line in enumerate(f, 1):
            m = LINE.match(line.rstrip("\n"))
            if not m:
                continue
            second = time.mktime(time.strptime(m[1], "%Y-%m-%d %H:%M:%S"))
            at = int(second) * SECOND_US + int(m[2]) * 1000
            if m[4] != "Unban":
                bans[m[3], m[5]].append(at)
            elif not any(int(a) <= n <= int(b) and jail in (m[3], "*")
                         for a, b, jail in stopped):
                unbans[m[3], m[5]].append(at)
    return bans, unbans


def live(bans):
    return {key: sum(r["ended_us"] is None for r in of_id)
            for key, of_id in bans.items()
            if any(r["ended_us"] is None for r in of_id)}


def begins_alike(x, y, ban_lines):
    """A ban begins at its last failure. Where the log does not have that one, as
    for a ban by hand, replay takes the time of the Ban line, which the server
    writes when it comes to it."""
    if abs(x["since_us"] - y["since_us"]) < SECOND_US:
        return True
    written = [at for at in ban_lines if at > x["since_us"]]
    return written and y["since_us"] == min(written)


def differences(events, replayed, ban_lines, ends, held):
    for key in sorted(set(events) | set(replayed)):
        a, b = events.get(key, []), replayed.get(key, [])
        lines = ban_lines.get(key, [])
        if len(a) != len(b):
            yield "%s: %d bans by events, %d by replay" % (key, len(a), len(b))
            continue
        for x, y in zip(a, b):
            if not begins_alike(x, y, lines):
                yield "%s: began at %d by events, at %d by replay" % (
                    key, x["since_us"], y["since_us"])
            if (x["ended_us"] is None) != (y["ended_us"] is None):
                yield "%s: ended %s by events, %s by replay" % (
                    key, x["ended_why"], y["ended_why"])
        yield from other_ends(key, b, lines, list(ends.get(key, [])))
    for name, bans in ("events", events), ("replay", replayed):
        found = live(bans)
        for key in sorted(held - set(found)):
            yield "%s: held by the server, not live by %s" % (key, name)
        for key in sorted(set(found) - held):
            yield "%s: live by %s, not held by the server" % (key, name)
        for key in sorted(k for k, n in found.items() if n > 1):
            yield "%s: more than one live ban by %s" % (key, name)


def other_ends(key, bans, ban_lines, ends):
    """An end that is not inferred and that the log does not have, and an unban at
    which no ban ended. An inferred end stands for an unban when the log has no Ban
    line between the two."""
    inferred = []
    for row in bans:
        if row["ended_us"] in ends:
            ends.remove(row["ended_us"])
        elif row["ended_why"] == "inferred":
            inferred.append(row["ended_us"])
        elif row["ended_us"] is not None:
            yield "%s: %s at %d, and the log has no such unban" % (
                key, row["ended_why"], row["ended_us"])
    for end in ends:
        stands = [at for at in inferred
                  if not any(min(at, end) < line < max(at, end)
                             for line in ban_lines)]
        if stands:
            inferred.remove(stands[0])
        else:
            yield "%s: unbanned at %d by the log, and no ban ended then" % (
                key, end)


def main():
    events, replayed = rows(sys.argv[1]), rows(sys.argv[2])
    ban_lines, ends = read_log(sys.argv[3], sys.argv[4])
    with open(sys.argv[5], encoding="utf-8") as f:
        held = {tuple(line.rstrip("\n").split(" ", 1)) for line in f}
    if not events or not ban_lines or not ends or not held:
        print("nothing to compare")
        return 1
    found = list(differences(events, replayed, ban_lines, ends, held))
    for line in found[:PRINTED_MAX]:
        print(line)
    if found:
        print("%d differences" % len(found))
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
