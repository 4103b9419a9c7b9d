# SPDX-License-Identifier: GPL-2.0-or-later
"""This row measures a real fail2ban server."""

import contextlib
import os
import re
import shutil
import signal
import statistics
import subprocess
import time

from bench import number
from lab import TREE, Lab
from ruler import at_least, line

CONFIG = {
    "fail2ban.conf": """[DEFAULT]
loglevel = NOTICE
logtarget = {folder}/fail2ban.log
syslogsocket = auto
socket = {folder}/sock
pidfile = {folder}/pid
dbfile = {folder}/fail2ban.sqlite3
dbpurgeage = 1d
dbmaxmatches = 10
allowipv6 = auto
[Definition]
""",
    "filter.d/lab.conf": """[Definition]
failregex = ^ failure from <ADDR>$
""",
    "jail.conf": """[sshd]
enabled = true
backend = polling
usedns = no
filter = lab
logpath = {folder}/failures
bantime = 3600
action = {action}
""",
    "action.d/lab.conf": """[Definition]
actionban = {command}
""",
}
OURS = 'fail2ban-archive[helper="{program}-event", config="{folder}/archive.cfg"]'
DEADLINE = 30  # seconds until it is ready; and without a ban


class Server:
    """A private server with one jail, whose action is ours or a command."""

    def __init__(self, folder, program, command=None):
        self.folder, self.path = folder, folder + "/fail2ban.sqlite3"
        self.lab = Lab(folder, program, self)
        os.makedirs(folder + "/etc/action.d")
        os.makedirs(folder + "/etc/filter.d")
        shutil.copy(TREE + "/action.d/fail2ban-archive.conf",
                    folder + "/etc/action.d")
        values = {"folder": folder, "command": command, "action":
                  "lab" if command else OURS.format(folder=folder,
                                                    program=program)}
        for name, text in CONFIG.items():
            with open("%s/etc/%s" % (folder, name), "w") as f:
                f.write(text.format(**values))
        with open(folder + "/failures", "w"):
            pass

    def program(self, name, *words):
        return ["fail2ban-" + name, "-c", self.folder + "/etc",
                "-s", self.folder + "/sock", *words]

    @contextlib.contextmanager
    def running(self):
        with open(self.folder + "/said", "w+") as said:
            process = subprocess.Popen(
                self.program("server", "-f", "start"), stdout=said,
                stderr=said, stdin=subprocess.DEVNULL)
            try:
                self.wait("Server ready", self.folder + "/said", 1)
                self.lab.run("reconcile")
                yield
            finally:
                # At a stop, the server would run a command for each ban.
                process.send_signal(signal.SIGKILL)
                process.wait()

    def wait(self, text, path, count):
        """Wait until a file has this many lines with this text. The loop looks
        seldom, and reads only what is new."""
        have, rest, until = 0, b"", time.monotonic() + DEADLINE
        with open(path, "rb") as f:
            while have < count:
                new = f.read()
                have += (rest + new).count(text.encode())
                rest = (rest + new)[1 - len(text):]
                if new:
                    until = time.monotonic() + DEADLINE
                elif time.monotonic() > until:
                    raise RuntimeError("%d of %d: %s" % (have, count, text))
                time.sleep(0.05)

    def check(self, count):
        found = self.lab.run("export").count(b"\n")
        if found != count:
            raise RuntimeError("%d bans archived, not %d" % (found, count))

    def rate(self, count):
        """Let one client ban this many ids, and one more. fail2ban logs a ban
        before it runs its commands, one after another, so the last ban is logged
        when all other bans are done."""
        with self.running():
            ids = ["2001:db8::%x" % n for n in range(1, count + 2)]
            subprocess.run(self.program("client", "set", "sshd", "banip", *ids),
                           stdout=subprocess.DEVNULL, check=True)
            self.wait("] Ban ", self.folder + "/fail2ban.log", count + 1)
            time.sleep(0.5)
        with open(self.folder + "/fail2ban.log") as f:
            log = f.read()
        if " ERROR " in log:
            raise RuntimeError(re.search(".* ERROR .*", log)[0])
        times = [time.mktime(time.strptime(m[1], "%Y-%m-%d %H:%M:%S"))
                 + int(m[2]) / 1000 for m in
                 re.finditer(r"^(.{19}),(\d{3}) .*\] Ban ", log, re.M)]
        return count / (times[count] - times[0])


def bans_a_second(bench):
    """Bans a second through fail2ban, with our action and with others."""
    path, insert = bench.three_columns()
    commands = {
        "ours": None,
        "/bin/true": "/bin/true",
        "sqlite3 INSERT": '%s "%s" "%s"' % (
            shutil.which("sqlite3"), path, insert % ("<ip>", "<time>")),
    }
    count, rates = bench.sizes.bans, {name: [] for name in commands}
    for n in range(bench.sizes.alternations):
        names = list(commands)
        for name in names[n % 3:] + names[:n % 3]:
            one = Server(bench.file("server"), bench.program, commands[name])
            rates[name].append(one.rate(count))
            if name == "ours":
                one.check(count + 1)
            one.lab.remove()
    what = "bans a second, %s ids at once" % number(count)
    return [rate_ratio(what, "/bin/true as action", rates, at_least(0.85)),
            rate_ratio(what, "sqlite3 INSERT as action", rates,
                       at_least(1.45))]


def rate_ratio(measure, against, rates, goal):
    ours, others = rates["ours"], rates[against.removesuffix(" as action")]
    ratios = [a / b for a, b in zip(ours, others)]
    return line(measure, against, statistics.median(ratios), "×", goal,
                "%.2f–%.2f (%.0f / %.0f)" % (
                    min(ratios), max(ratios), statistics.median(ours),
                    statistics.median(others)))
