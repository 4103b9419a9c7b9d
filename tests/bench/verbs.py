# SPDX-License-Identifier: GPL-2.0-or-later
"""What `make bench-growth` counts: each verb, and an event of each kind."""

import glob
import os
import subprocess

from crowds import row
from lab import BANTIME_LIVE


def fresh(crowd, there):
    """A ban of the subject's id that begins now; its row is there, or is not yet."""
    jail, ident, *_, data = crowd.subject
    ban = row(ident, crowd.now - 5, BANTIME_LIVE, jail, data)
    if there:
        crowd.theirs.put([ban])
    return crowd.ticket("ban", subject=ban)


def one_new(crowd):
    """A reconcile of one new row, of the subject's id."""
    fresh(crowd, True)
    return crowd.reconcile()


def says(*words):
    return lambda crowd: crowd.command(*words)


def about_subject(*words):
    return lambda crowd: crowd.command(*words, crowd.subject[1])


def forget(crowd):
    """If the subject lives, it is unbanned before."""
    if crowd.lives(crowd.subject[1]):
        crowd.theirs.remove(crowd.subject[1])
        subprocess.run(crowd.ticket("unban"), check=True)
    return crowd.command("forget", crowd.subject[1])


def with_words(verb, *more):
    return lambda crowd: crowd.command(*verb.split()[:2], *crowd.words[verb],
                                       *more)


def push_one(crowd):
    """A push of one new ban."""
    subprocess.run(fresh(crowd, True), check=True)
    return asks_fleet("push")(crowd)


def push_all(crowd):
    """A push into a fleet that has no ban yet."""
    crowd.fleet.sql("TRUNCATE fail2ban_archive.ban, fail2ban_archive.host")
    os.remove(crowd.archive + ".push")
    return asks_fleet("push")(crowd)


def asks_fleet(*words):
    """valgrind does not follow the program that hands such a question over."""
    return lambda crowd: [crowd.program + "-push", "-c", crowd.config, *words]


EVENTS = {
    "ban": lambda crowd: fresh(crowd, True),
    "ban, its row is not there yet": lambda crowd: fresh(crowd, False),
    "ban, restored": lambda crowd: crowd.ticket("ban", restored=1),
    "prolong": lambda crowd: crowd.ticket("prolong", 2 * BANTIME_LIVE),
    "unban": lambda crowd: crowd.ticket("unban"),
    "flush": lambda crowd: [crowd.program + "-event", "-c", crowd.config, "flush",
                            "--jail", crowd.subject[0], "--family", "inet4"],
}
RECONCILES = {
    "reconcile, nothing new": lambda crowd: crowd.reconcile(),
    "reconcile, one new row": one_new,
}
QUESTIONS = {
    "list": says("list"),
    "list -n 50": says("list", "-n", "50"),
    "list --active": says("list", "--active"),
    "show ID": about_subject("show"),
    "top": says("top"),
    "top --by net": says("top", "--by", "net"),
    "top --by user": says("top", "--by", "user"),
    "top --by jail": says("top", "--by", "jail"),
    "stats": says("stats"),
    "stats --since 30d": says("stats", "--since", "30d"),
    "report": says("report", "--output", "-"),
    "export": says("export"),
    "export --after": says("export", "--after", "0"),
    "export --list": says("export", "--list", "--aggregate"),
    "metrics": says("metrics"),
    "check": says("check"),
    "check --after-restart": says("check", "--after-restart"),
    "runs": says("runs"),
    "verify": says("verify"),
}
CARE = {
    "prune --older-than": says("prune", "--older-than", "0d"),
    "prune --anonymize": says("prune", "--anonymize", "0d"),
    "forget": forget,
    "vacuum": says("vacuum"),
    "backup": lambda crowd: crowd.command("backup", crowd.folder + "/out/backup"),
    "reban --live": says("reban", "--live", "--dry-run"),
    "reban --list": with_words("reban --list", "--jail", "sshd", "--dry-run"),
    "merge": with_words("merge"),
    "replay": with_words("replay"),
    "replay of the database": lambda crowd: crowd.command(
        "replay", "--host", "web2", crowd.theirs.path),
    "replay of the spool": lambda crowd: crowd.command(
        "replay", "--format", "spool",
        *sorted(glob.glob(crowd.folder + "/spool/*"))),
}
FLEET = {
    "push, nothing new": asks_fleet("push"),
    "push, one new ban": push_one,
    "push, all bans": push_all,
    "list --fleet": asks_fleet("list", "--fleet"),
    "list --fleet -n 50": asks_fleet("list", "--fleet", "-n", "50"),
    "show --fleet ID": lambda crowd: asks_fleet(
        "show", "--fleet", crowd.subject[1])(crowd),
    "top --fleet": asks_fleet("top", "--fleet"),
    "stats --fleet": asks_fleet("stats", "--fleet"),
    "report --fleet": asks_fleet("report", "--fleet", "--output", "-"),
}
VERBS = {**EVENTS, **RECONCILES, **QUESTIONS, **CARE, **FLEET}

# These must cost the same, whatever there is.
FLAT = {*EVENTS, "reconcile, nothing new", "list -n 50", "push, nothing new",
        "push, one new ban", "list --fleet -n 50"}
