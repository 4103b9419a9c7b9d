# SPDX-License-Identifier: GPL-2.0-or-later
"""Play one scene, with a fault or without, and judge it. All of this runs inside a
root of its own."""

import ctypes
import json
import os
import shutil
import signal
import socket
import sqlite3
import time
import traceback

import scenes
from calls import CHANGING, is_one_of, parse_trace, strike
from places import ARCHIVE, DEFAULT, LAB, SPOOL, STRACE, THEIRS
from scenes import FOLLOWER, HOLD, SCENES, Held, T, event, run
from state import is_kept, read_archive, read_spool

# fail2ban ends an action's command after 4 s; a reconcile has 5 s here.
BOUND = {"event": 4, "reconcile": 8}

DOCUMENTED = {0, 64, 65, 66, 69, 70, 71, 73, 74, 75, 76, 77, 78}

KEPT_MAX = 5  # folders of failures, of each worker


def now_us():
    return time.time_ns() // 1000


# ---------------------------------------------------------------- one fault --

class Case:
    """One run of a scene, with a fault or without, and its problems."""

    def __init__(self, scene, calls=None, reference=None, case=None):
        self.scene, self.calls, self.reference = scene, calls, reference
        _, self.words, self.ident, _, self.may = SCENES[scene]
        self.case, _, retry = (case or "").partition("/")
        self.retry = retry == "retry"
        self.kind = "reconcile" if self.ident is None else "event"
        self.problems = []
        self.struck = True
        self.lost = False  # the event may be

    def problem(self, kind, text):
        self.problems.append([kind, text])

    def command(self):
        before, env = strike(self.calls, self.case) if self.case else ([], {})
        bound = BOUND[self.kind]
        self.start_us = now_us()
        began = time.monotonic()
        if self.scene in HOLD:
            with Held():
                self.status, self.said = run(self.words, bound, before, env)
        else:
            self.status, self.said = run(self.words, bound, before, env)
        self.took = time.monotonic() - began
        self.end_us = now_us()
        self.said += read_syslog()
        if self.case:
            self.struck = self.has_struck(env)
        if self.status is None:
            self.problem("hung", "it had not ended after %d s" % bound)

    def has_struck(self, env):
        if env:
            return "the fault has struck" in self.said
        try:
            with open(LAB + "/struck", encoding="utf-8", errors="replace") as f:
                trace = f.read()
        except FileNotFoundError:
            return False
        return ("(INJECTED" in trace or "--- SIGTERM" in trace
                or "+++ killed by" in trace)

    def is_loaders(self):
        if not self.case:
            return False
        name, k, _ = self.case.split(":")
        return any(c["loader"] for c in self.calls
                   if (c["name"], c["k"]) == (name, int(k)))

    def check_status(self):
        fault = self.case.split(":")[-1]
        if self.status is None or self.is_loaders():
            return
        if self.status < 0 and fault in ("KILL", "TERM"):
            return
        if self.status == -signal.SIGSEGV and fault == "OOM":
            return  # libconfig does not look whether it has got memory
        if self.status == 71 and fault == "OOM":
            return  # without any memory it cannot report what was lost
        if self.status not in DOCUMENTED:
            self.problem("other", "exit status %s: %s"
                         % (self.status, self.said))
        if self.status > 0 and self.kind == "event" \
                and self.ident not in self.said:
            self.problem("other", "exit status %d, and the event was not "
                         "reported: %s" % (self.status, self.said))

    def check_event(self):
        """Check that an event with status 0 is in the archive or the spool."""
        if self.status != 0:
            self.lost = True
        elif is_kept(LAB, self.words, self.ident, self.start_us):
            pass
        elif "the defaults are used" in self.said and is_kept(
                DEFAULT, self.words, self.ident, self.start_us):
            self.lost = True
        else:
            self.lost = True
            self.problem("lost", "exit status 0, and the event is neither in "
                         "the archive nor in the spool: %s" % self.said)

    def check_reconcile(self):
        """Check that a reconcile with status 0 has done all, if no signal came."""
        if self.status == 0 and not self.case.endswith("TERM"):
            rows = []
            if os.path.exists(ARCHIVE):
                rows, _, _ = read_archive(ARCHIVE, LAB + "/copy")
            self.compare(rows, "exit status 0, yet right after it ")
            if read_spool(SPOOL):
                self.problem("other", "exit status 0, yet the spool is not "
                             "empty: %s" % read_spool(SPOOL))

    def run_again(self):
        """Run a failed ban command once more at once, as fail2ban does."""
        if self.retry and self.words[0] == "ban" and self.status != 0:
            status, said = run(self.words)
            if status == 0:
                self.lost = False
            else:
                self.problem("lost", "the second try failed: %s" % said)

    def follow(self):
        """Check that the next event goes into the archive at once."""
        words = event("ban", "sshd", FOLLOWER, "%d.25" % (T - 1))
        status, said = run(words, BOUND["event"])
        if status != 0:
            self.problem("lost", "the next event: status %s: %s"
                         % (status, said))
        elif any(s[1] == FOLLOWER for s in read_spool(SPOOL)):
            self.problem("other", "the next event was spooled: %s" % said)

    def reconcile(self):
        status, said = run(["reconcile"], BOUND["reconcile"])
        if status != 0:
            self.problem("other", "the next reconcile: status %s: %s"
                         % (status, said))

    def check_files(self):
        names = os.listdir(SPOOL) if os.path.isdir(SPOOL) else []
        for name in names:
            if not name.startswith("tmp-"):
                self.problem("other", "left in the spool: " + name)
        names = set(os.listdir(LAB + "/archive"))
        # An event that went to syslog leaves a note of that for check.
        names.discard("archive.sqlite3.syslog")
        more = names - set(self.reference["files"]) if self.reference else ()
        if more:
            self.problem("other", "left beside the archive: %s" % sorted(more))
        found = os.stat(THEIRS)
        if (found.st_size, found.st_mtime_ns) != THEIRS_WERE:
            self.problem("other", "fail2ban's database was written to")

    def compare(self, rows, when=""):
        """Compare the archive's bans with those of the run without the fault."""
        if not self.reference:
            return
        have, want = {}, {}
        for into, of in (have, rows), (want, self.reference["rows"]):
            for row in of:
                key = (row["jail"], row["ident"], row["timeofban"])
                if key[1] != FOLLOWER or when == "":
                    into.setdefault(key, []).append(row)
        for key in sorted(set(have) | set(want)):
            more = len(have.get(key, [])) - len(want.get(key, []))
            if more:
                self.problem("other" if when else
                             "doubled" if more > 0 else "lost",
                             "%sthe archive has %d rows of %s, not %d" % (
                                 when, len(have.get(key, [])), key,
                                 len(want.get(key, []))))
            else:
                for a, b in zip(have[key], want[key]):
                    self.compare_row(a, b, when)

    def compare_row(self, have, want, when):
        may = self.may.get(have["ident"]) if self.lost else None
        for field in want:
            if field in ("rev", "ended_us"):
                continue
            allowed = [want[field]] + (may or {}).get(field, [])
            if have[field] not in allowed:
                self.problem("other", "%s%s of %s is %r, not %s" % (
                    when, field, have["ident"], have[field],
                    " or ".join(map(repr, allowed))))
        if not self.is_time(have, want, may is not None):
            self.problem("other", "%sended_us of %s is %r; without a fault %r"
                         % (when, have["ident"], have["ended_us"],
                            want["ended_us"]))

    def is_time(self, have, want, late):
        """Check that an end has the time that it has without the fault, or the
        time of this run's event, or of its reconcile if that found the end."""
        end, ref = have["ended_us"], self.reference
        if end is None or want["ended_us"] is None:
            return end == want["ended_us"]
        if want["ended_us"] < ref["start_us"]:
            return end == want["ended_us"]
        if late and have["ended_why"] == "inferred":
            return end == have["since_us"] + have["seconds"] * 1000000
        if (want["ended_us"] <= ref["end_us"] and self.kind == "event"
                and not late):
            return self.start_us <= end <= self.end_us
        return self.start_us <= end <= now_us()

    def play(self, twice):
        self.command()
        if not self.struck:
            return
        self.check_status()
        try:
            if self.kind == "event":
                self.check_event()
            else:
                self.check_reconcile()
        except sqlite3.Error as e:
            self.problem("other", "right after it the archive is damaged: %s"
                         % e)
        self.run_again()
        self.follow()
        self.reconcile()
        try:
            rows, _, _ = read_archive(ARCHIVE, LAB + "/copy")
            self.compare(rows)
            if twice:
                self.reconcile()
                if rows != read_archive(ARCHIVE, LAB + "/copy")[0]:
                    self.problem("other", "a second reconcile changes bans")
        except (sqlite3.Error, OSError) as e:
            self.problem("other", "the archive is damaged: %s" % e)
            return
        self.check_files()
        self.rows = rows


# ---------------------------------------------------------- inside the root --

THEIRS_WERE = LOG = None
ENTERED = []


def enter(root):
    global LOG
    scenes.NULL = os.open("/dev/null", os.O_RDWR)
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # die with the runner
    os.chroot(root)
    os.chdir("/")
    os.umask(0o022)
    LOG = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    LOG.setblocking(False)
    LOG.bind("/dev/log")


def read_syslog():
    said = b""
    try:
        while True:
            said += LOG.recv(65536) + b"\n"
    except BlockingIOError:
        return said.decode("utf-8", "replace")


def copy_tree(source, target):
    """fail2ban's database stays the same file: the archive knows its inode."""
    os.mkdir(target)
    os.chmod(target, os.stat(source).st_mode & 0o777)
    for entry in os.scandir(source):
        to = target + "/" + entry.name
        if entry.is_dir(follow_symlinks=False):
            copy_tree(entry.path, to)
        elif entry.name == "fail2ban.sqlite3":
            os.link(entry.path, to)
        elif entry.is_symlink():
            os.symlink(os.readlink(entry.path), to)
        else:
            shutil.copyfile(entry.path, to)
            os.chmod(to, entry.stat().st_mode & 0o777)


def fresh_lab(scene):
    global THEIRS_WERE
    shutil.rmtree(LAB, ignore_errors=True)
    shutil.rmtree(DEFAULT, ignore_errors=True)
    copy_tree("/scenes/" + scene, LAB)
    found = os.stat(THEIRS)
    THEIRS_WERE = (found.st_size, found.st_mtime_ns)
    read_syslog()


def check_reference(scene, case):
    """Check the run without a fault: if that is wrong, the others prove nothing."""
    want = SCENES[scene][3]
    wrong = [text for _, text in case.problems]
    for ident, fields in want.items():
        found = [r for r in case.rows if r["ident"] == ident]
        if len(found) != 1:
            wrong.append("%d rows of %s" % (len(found), ident))
        for field, value in fields.items() if found else ():
            if found[0][field] != value:
                wrong.append("%s of %s is %r" % (field, ident, found[0][field]))
    if not any(r["ident"] == FOLLOWER for r in case.rows):
        wrong.append("the next event is missing")
    return wrong


def check_calls(calls):
    """Return a problem if strace saw no write: such a ban would get no faults."""
    if any(not c["loader"] and c["name"] == "exit_group" for c in calls) and \
            any(is_one_of(c, CHANGING) for c in calls):
        return []
    return ["strace lists no calls, or not all of them"]


def prepare(scene):
    """Make the scene, play it without a fault, and list its calls."""
    shutil.rmtree(LAB, ignore_errors=True)
    os.mkdir(LAB)
    SCENES[scene][0]()
    os.makedirs("/scenes", exist_ok=True)
    os.rename(LAB, "/scenes/" + scene)

    fresh_lab(scene)
    case = Case(scene)
    case.play(True)
    reference = {"rows": case.rows, "start_us": case.start_us,
                 "end_us": case.end_us, "files": os.listdir(LAB + "/archive")}
    wrong = check_reference(scene, case)

    fresh_lab(scene)
    trace = [STRACE, "-f", "-qq", "-o", LAB + "/trace"]
    if scene in HOLD:
        with Held():
            run(SCENES[scene][1], before=trace)
    else:
        run(SCENES[scene][1], before=trace)
    with open(LAB + "/trace", encoding="utf-8", errors="replace") as f:
        calls = parse_trace(f.read())
    with open("/scenes/%s.json" % scene, "w", encoding="utf-8") as f:
        json.dump([calls, reference], f)
    return {"wrong": wrong + check_calls(calls), "calls": calls}


def play(scene, name, twice):
    if scene not in PREPARED:
        with open("/scenes/%s.json" % scene, encoding="utf-8") as f:
            PREPARED[scene] = json.load(f)
    for _ in range(3):  # of the calls that wait, one more or less may be made
        fresh_lab(scene)
        case = Case(scene, *PREPARED[scene], name)
        case.play(twice)
        if case.struck:
            break
    else:
        case.problem("missed", "the fault has not struck")
    answer = {"problems": case.problems, "took": case.took}
    if case.problems:
        with open(LAB + "/problems", "w", encoding="utf-8") as f:
            f.writelines("%s: %s\n" % tuple(p) for p in case.problems)
        with open(LAB + "/said", "w", encoding="utf-8") as f:
            f.write("status %s\n%s" % (case.status, case.said))
        if len(os.listdir("/kept")) < KEPT_MAX:
            os.rename(LAB, "/kept/%s:%s" % (scene, name.replace("/", ":")))
    return answer


PREPARED = {}


def work(line, root):
    """Do one task of a worker, which enters its root at the first one."""
    if not ENTERED:
        enter(root)
        ENTERED.append(root)
    task = json.loads(line)
    try:
        return globals()[task[0]](*task[1:])
    except Exception:  # the runner prints it
        return {"wrong": [traceback.format_exc()], "problems":
                [["other", traceback.format_exc()]], "took": 0}
