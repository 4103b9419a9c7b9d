#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""random_bans.py N SEED NOW: print N bans of a fleet as JSON Lines, with the odd
values that archives have had."""

import json
import random
import sys

DAY = 86400 * 1000000


def ident(r):
    """An id, and its address where that differs."""
    return r.choice([
        lambda: (f"192.0.2.{r.randrange(40)}", None),
        lambda: (f"198.51.100.{r.randrange(9)}", None),
        lambda: (f"203.0.113.{r.choice([0, 64])}/26", None),
        lambda: (f"2001:db8::{r.randrange(20):x}", None),
        lambda: (f"2001:db8:{r.randrange(3)}::/48", None),
        lambda: (f"2001:0DB8:0::{r.randrange(9):04x}", None),
        lambda: (f"::ffff:192.0.2.{r.randrange(9)}", None),
        lambda: (f"session {r.randrange(9)}", f"198.51.100.{r.randrange(9)}"),
        lambda: (f"192.0.2.{r.randrange(9)}", f"2001:db8::{r.randrange(9):x}"),
        lambda: (r.choice(["no address", "ü{\\\"}", "-"]), None),
    ])()


def captures(r):
    return r.choice([
        None, None, {}, {"user": "root"}, {"user": ""},
        {"users": ["root", "admin", "root"]}, {"user": "ö'neill"},
        {"users": "['x', \"y'z\"]"}, {"port": "22", "user": ["a", "b"]},
    ])


def ban(r, now):
    days = r.choice([0.01, 1, 7, 14, 30, 60, 400, 6000])
    since = now - int(r.random() * days * DAY)
    # Exactly at a moment that figures are compared with, or just beside it.
    if r.random() < 0.1:
        since = now - r.choice([7, 14, 30, 60]) * DAY + r.choice([-1, 0, 1])
    if r.random() < 0.02:
        since = now + int(r.random() * 3 * DAY)
    seconds = r.choice([600, 600, 3600, 86400, 0, -1, None, 7 * 86400])
    one, ip = ident(r)
    made = {"jail": r.choice(["sshd", "sshd", "web", "mäil", "recidive"]),
            "ident": one, "ip": ip,
            "host": r.choice(["web1", "web2", "db", "ö"]),
            "since_us": since, "seconds": seconds,
            "failures": r.choice([None, 0, 3, 5, 1000]),
            "captures": captures(r),
            "matches": r.choice([None, [], ["a line"], ["x", "y \u202e"]]),
            "origin": r.choice(["log", "log", "manual", "list", "unknown"])}
    if r.random() < 0.7:
        made["ended_us"] = since + int(r.random() * 2 * DAY)
        made["ended_why"] = r.choice(
            ["expired", "manual", "flushed", "inferred"])
    return made


def main():
    n, seed, now = (int(v) for v in sys.argv[1:4])
    r = random.Random(seed)
    for _ in range(n):
        print(json.dumps(ban(r, now * 1000000 + 123456)))


main()
