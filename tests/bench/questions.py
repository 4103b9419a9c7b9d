# SPDX-License-Identifier: GPL-2.0-or-later
"""These rows measure what people ask of a large archive, and a ban beside it."""

import shutil
import time

from bench import ONCE, number
from events import beside
from ruler import at_most, line, p99_ratio, ratio

# The question, its words, the same as SQL, and the most milliseconds. ID is a ban's.
# SQL counts the different ids of all bans in most of a minute: that is left out.
MONTH = "timeofban > strftime('%s', 'now') - 30 * 86400"
QUESTIONS = [
    ("show ID", ["show", "ID"],
     "SELECT * FROM jail JOIN ban ON ban.jail = jail.id LEFT JOIN evidence"
     " ON evidence.id = ban.evidence WHERE ident = 'ID'", 20),
    ("list -n 50", ["list", "-n", "50"],
     "SELECT * FROM ban ORDER BY timeofban DESC LIMIT 50", 20),
    ("list --net 192.0.2.0/24 -n 50",
     ["list", "--net", "192.0.2.0/24", "-n", "50"],
     "SELECT * FROM jail CROSS JOIN ban ON ban.jail = jail.id AND ident BETWEEN"
     " '192.0.2.' AND '192.0.2.~' ORDER BY timeofban DESC LIMIT 50", 20),
    ("top --since 30d", ["top", "--since", "30d"],
     "SELECT ident, count(*), sum(failures) FROM ban WHERE " + MONTH +
     " GROUP BY ident ORDER BY 2 DESC LIMIT 10", 500),
    ("stats --since 30d", ["stats", "--since", "30d"],
     "SELECT jail, count(*), sum(failures), count(DISTINCT ident), max(seconds)"
     " FROM ban WHERE " + MONTH + " GROUP BY jail", 500),
    ("top", ["top"], "SELECT ident, count(*) FROM ban GROUP BY ident"
     " ORDER BY 2 DESC LIMIT 10", 3000),
    ("stats", ["stats"], None, 3000),
    ("report", ["report", "--output", "-"], None, 5000),
]
REPORT_KIB = 64 * 1024


def questions(bench):
    """What people ask of a large archive, against the same as SQL."""
    lab = bench.large_archive()
    bans = "of %s bans" % number(bench.sizes.archived)
    ident = lab.newest_ident()
    lines = []
    for name, words, sql, goal in QUESTIONS:
        words = [ident if word == "ID" else word for word in words]
        commands = [lab.command(*words)]
        if sql:
            commands.append([shutil.which("sqlite3"), "-readonly", lab.archive,
                             sql.replace("ID", ident)])
        ours, *shell = bench.pair(ONCE * (3 if goal > 20 else 20), *commands)
        middle = sorted(run.us for run in ours)[len(ours) // 2]
        lines.append(line("%s, %s" % (name, bans), "", middle / 1000, "ms",
                          at_most(goal)))
        lines += [ratio("the same", "sqlite3: the same as SQL", ours, runs, None)
                  for runs in shell]
    lines.append(line("peak memory of that report", "",
                      max(run.kib for run in ours) / 1024, "MiB",
                      at_most(REPORT_KIB / 1024)))
    return lines


def p99_questions(bench):
    """The slowest bans while stats counts all bans, again and again."""
    lab = bench.large_archive()
    lab.theirs.add(2 * bench.sizes.blocks * bench.sizes.block, live=True)
    again = ["/bin/sh", "-c", 'while "$@" >/dev/null; do :; done', "sh"]
    busy, idle = beside(bench, lab, again + lab.command("stats"),
                        lambda lab, process: time.sleep(0.5))
    return [p99_ratio("p99 of a ban, %s bans are counted" % number(
        bench.sizes.archived), "p99, idle", busy, idle, at_most(2))]
