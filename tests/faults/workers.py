# SPDX-License-Identifier: GPL-2.0-or-later
"""Processes that play the scenes side by side, and the sums of their results."""

import json
import os
import re
import selectors
import shutil
import signal
import socket
import subprocess
import sys

from calls import all_cases, short_cases
from places import BUILD, PROGRAM, SHIM, STRACE, TREE
from play import work
from scenes import SCENES

PRINTED_MAX = 4  # the most problems of a fault that are printed


class Worker:
    """A process with a root of its own; it does one task at a time."""

    def __init__(self, root):
        self.sock, theirs_end = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            self.sock.close()
            stream = theirs_end.makefile("rw", encoding="utf-8")
            try:
                for line in stream:
                    stream.write(json.dumps(work(line, root)) + "\n")
                    stream.flush()
            finally:
                os._exit(0)
        theirs_end.close()
        self.stream = self.sock.makefile("rw", encoding="utf-8")

    def send(self, *task):
        self.stream.write(json.dumps(task) + "\n")
        self.stream.flush()

    def answer(self):
        line = self.stream.readline()
        if not line:
            raise SystemExit("tests/faults/run: a worker has died")
        return json.loads(line)

    def end(self):
        self.stream.close()
        self.sock.close()
        os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)


def make_root(root):
    """Make a root with the programs, strace, and the files that they need."""
    for folder in "dev", "etc", "kept", "tmp", "var/lib":
        os.makedirs(root + "/" + folder)
    programs = {PROGRAM: BUILD + "/fail2ban-archive",
                PROGRAM + "-event": BUILD + "/fail2ban-archive-event"}
    files = {**programs, STRACE: STRACE}
    for binary in *programs.values(), STRACE:
        said = subprocess.run(["ldd", binary], stdout=subprocess.PIPE,
                              check=True).stdout.decode()
        files.update((p, p) for p in re.findall(r"(/\S+)", said))
    if os.path.exists("/etc/ld.so.cache"):
        files["/etc/ld.so.cache"] = "/etc/ld.so.cache"
    for to, source in files.items():
        os.makedirs(os.path.dirname(root + to), exist_ok=True)
        shutil.copyfile(source, root + to)
        shutil.copymode(source, root + to)
    subprocess.run([os.environ.get("CC", "cc"), "-std=c11", "-D_DEFAULT_SOURCE",
                    "-O1", "-fPIC", "-shared", "-o", root + SHIM,
                    TREE + "/tests/faults/faults.c"], check=True)
    os.mknod(root + "/dev/urandom", 0o20666, os.makedev(1, 9))


def another_root(root, new):
    """Make a root that shares all files by hard links, and no folders."""
    for folder, _, names in os.walk(root):
        to = new + folder[len(root):]
        os.makedirs(to, exist_ok=True)
        shutil.copystat(folder, to)
        for name in names:
            if (folder, name) != (root + "/dev", "log"):
                os.link(folder + "/" + name, to + "/" + name)


class Tally:
    """The results of one scene's faults."""

    def __init__(self, scene, calls):
        self.scene, self.calls = scene, calls
        self.left = self.faults = 0
        self.problems = []  # [case, kind, text]
        self.slowest = (0, "")

    def take(self, case, answer):
        self.left -= 1
        self.problems += [[case, *p] for p in answer["problems"]]
        self.slowest = max(self.slowest, (answer["took"], case))

    def count(self, kind):
        return len({case for case, of, _ in self.problems if of == kind})

    def print(self, n):
        """Print the scene's line. A fault that has not struck proves nothing; the
        timing lets a few of them miss."""
        few = self.count("missed") <= self.faults // 100
        bad = [p for p in self.problems if p[1] != "missed" or not few]
        text = "%s: %d calls, %d faults" % (self.scene, self.calls, self.faults)
        for kind in "lost", "doubled", "hung":
            text += ", %d %s" % (self.count(kind), kind)
        for kind in "other", "missed":
            if self.count(kind):
                text += ", %d %s" % (self.count(kind), kind)
        print("%s %d - %s" % ("not ok" if bad else "ok", n, text))
        printed = {}
        for case, kind, what in self.problems:
            printed[case] = printed.get(case, 0) + 1
            if printed[case] > PRINTED_MAX:
                continue
            print("# tests/faults %s %s: %s: %s" % (
                self.scene, case, kind, what.strip().replace("\n", "\n#   ")))
        sys.stdout.flush()
        return not bad


def cases_for(calls, scene, everything, only):
    verb = SCENES[scene][1][0]
    if only:
        if only.partition("/")[0] not in all_cases(calls, verb):
            raise SystemExit("tests/faults/run: %s has no fault %s" % (scene, only))
        return [only]
    cases = (all_cases(calls, verb) if everything else
             short_cases(calls, scene, verb))
    if verb != "ban":
        return cases
    if everything:
        return [c + end for c in cases for end in ("", "/retry")]
    return [c + ("/retry" if i % 2 else "") for i, c in enumerate(cases)]


def play_all(workers, tallies, tasks, everything):
    """Hand out the tasks; print the scenes in their order when they are done."""
    selector = selectors.DefaultSelector()
    doing, tasks, passed, printed = {}, iter(tasks), True, 0
    names = list(tallies)

    def give(worker):
        task = next(tasks, None)
        if task:
            worker.send("play", *task, everything)
            doing[worker] = task
        else:
            selector.unregister(worker.sock)

    for worker in workers:
        selector.register(worker.sock, selectors.EVENT_READ, worker)
        give(worker)
    while printed < len(names):
        for key, _ in selector.select():
            scene, case = doing.pop(key.data)
            tallies[scene].take(case, key.data.answer())
            give(key.data)
        while printed < len(names) and tallies[names[printed]].left == 0:
            printed += 1
            passed = tallies[names[printed - 1]].print(printed) and passed
    return passed
