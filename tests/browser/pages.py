#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""pages.py FOLDER: make archives, and a report of each, FOLDER/NAME.html. The program
is $PROGRAM."""

import functools
import json
import os
import random
import sqlite3
import subprocess
import sys
import time

NOW = int(time.time())
DAY = 86400
JAILS = ["sshd", "postfix-sasl", "dovecot", "nginx-http-auth", "recidive"]
NETWORKS = {"203.0.113.": 55, "192.0.2.": 30, "198.51.100.": 12, "2001:db8:1::": 6,
            "2001:db8:2::": 3}
USERS = {"root": 50, "admin": 20, "test": 9, "ubuntu": 8, "oracle": 5, None: 10}
TIMES = {600: 40, 3600: 30, DAY: 20, 7 * DAY: 8, -1: 1}
ENDS = {"expired": 88, "manual": 3, "flushed": 4, "inferred": 5}
HOSTILE = ['"><script>alert(1)</script>', "<img src=x onerror=alert(1)>", "{{style}}",
           "\u202egnp.exe", "x" * 3000, "\u4e2d\u6587" * 40, "a\nb\tc", "&lt;b&gt;",
           "' onload='x", "</title></style></svg><h1>x", "\u05e9\u05dc\u05d5\u05dd",
           "url(https://192.0.2.1/x)"]


def choice(weights):
    return random.choices(list(weights), weights.values())[0]


def ban(jail, ident, since, seconds=600, why="expired", user=None):
    after = seconds if why == "expired" and seconds > 0 else \
        random.randint(1, min(abs(seconds) * 500, DAY))
    ended = since + after
    if ended >= NOW or (why == "expired" and seconds < 0):
        ended = why = None
    return {"jail": jail, "ident": ident, "since_us": since * 1000000 + 250000,
            "seconds": seconds, "failures": random.randint(3, 30), "ended_us":
            ended and ended * 1000000, "ended_why": why, "captures": {"user": user}}


def some(n, days, jails):
    """n bans of so many days, more of them at night, of few ids often."""
    for _ in range(n):
        since = NOW - 60 - int(random.random() * days * DAY)
        if random.random() < 0.4 and 8 <= time.localtime(since).tm_hour:
            since -= 8 * 3600
        number = min(int(random.paretovariate(0.5)), 254) if random.random() < 0.7 else \
            random.randint(1, 254)
        jail = choice({jail: 1 / (i + 1) ** 1.5 for i, jail in enumerate(jails)})
        yield ban(jail, choice(NETWORKS) + str(number), since, choice(TIMES),
                  choice(ENDS), choice(USERS))


def hostile():
    yield from some(300, 20, JAILS)
    for text in HOSTILE:
        for i in range(random.randint(5, 60)):
            jail = "j-" + text[:60].replace("\n", "").replace("\t", "")
            yield ban(jail if i % 2 else "sshd", text,
                      NOW - random.randint(60, 20 * DAY), user=text)


PAGES = {
    "quarter": lambda: some(4800, 90, JAILS),
    "empty": lambda: [],
    "one": lambda: [ban("sshd", "192.0.2.10", NOW - 3600)],
    "jails": lambda: some(6000, 60, ["jail-%02d" % i for i in range(40)]),
    "years": lambda: some(20000, 15 * 365, JAILS),
    "hostile": hostile,
}


def gaps(archive):
    """Runs that came late: one gap is longer than fail2ban remembers."""
    with sqlite3.connect(archive) as db:
        db.executemany(
            "INSERT INTO run (kind, state, started_us, finished_us, gap_seconds, lossy)"
            " VALUES ('reconcile', 'completed', ?1, ?1, ?2, ?3)",
            [((NOW - 40 * DAY) * 1000000, 3 * DAY, 1), ((NOW - 9 * DAY) * 1000000, 7200, 0)])


def countries(file):
    """A database that knows where the networks are from."""
    records = {net + ("0/24" if "." in net else "/64"): {"country": {"iso_code": code}}
               for net, code in zip(NETWORKS, ("AQ", "BV", "HM", "AQ", "TF"))}
    subprocess.run([os.path.dirname(__file__) + "/../lib/mmdb.py", file], check=True,
                   text=True, input=json.dumps({"type": "GeoLite2-Country",
                                                "epoch": NOW - 9 * DAY,
                                                "records": records}))


def main():
    random.seed(1)
    countries(sys.argv[1] + "/countries.mmdb")
    program = os.environ["PROGRAM"]
    for name, bans in PAGES.items():
        folder = "%s/%s" % (sys.argv[1], name)
        os.mkdir(folder, 0o700)
        config = folder + "/cfg"
        with open(config, "w") as f:
            f.write('archive = "%s/archive/a.sqlite3"; spool = "%s/spool";\n'
                    'fail2ban_database = ""; fail2ban_socket = "%s/none";\n'
                    'geo = ["%s/countries.mmdb"];\n'
                    % (folder, folder, folder, sys.argv[1]))
        with open(folder + "/bans.jsonl", "w") as f:
            f.writelines(json.dumps(b) + "\n" for b in bans())
        run = functools.partial(subprocess.run, check=True, stdout=subprocess.DEVNULL)
        run([program, "-c", config, "replay", "--format", "json", folder + "/bans.jsonl"])
        if name == "quarter":
            gaps(folder + "/archive/a.sqlite3")
        run([program, "-c", config, "report", "--output", folder + ".html",
             "--title", "Bans on mail.example.org"])


main()
