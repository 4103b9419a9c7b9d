# SPDX-License-Identifier: GPL-2.0-or-later
"""The machine of one scenario: a simulated fail2ban, its socket, the archive, and
what happens to the events on their way. A scenario is a list of steps, made from
one seed; each step has dice of its own, so that the others stay as they are when
one is left out."""

import os
import pickle
import random
import shutil
import socket
import sqlite3
import subprocess
import threading

from server import SECOND, Clock, Jail, Server

EPOCH = 1795000000
INTERVAL = 300
END = b"<F2B_END_COMMAND>"
JAILS = (("sshd", 600, False), ("perm", -1, False), ("short", 40, False),
         ("incr", 60, True), ("day", 86400, False),
         ("web", 3600, False, True))
IDS = ("192.0.2.1", "192.0.2.2", "2001:db8::3")

# What can happen, how often, and with which numbers.
STEPS = (("ban", 30), ("failure", 4), ("banip", 8), ("unbanip", 10), ("unban_all", 4),
         ("restart", 6), ("kill", 4), ("restart_jail", 3), ("wait", 18),
         ("reconcile", 16), ("ignore", 2), ("clock", 2), ("action", 2),
         ("lose_database", 1), ("bantime", 1), ("clean", 1), ("amid", 1))
OF_JAIL = ("ban", "failure", "banip", "unbanip", "restart_jail", "action", "bantime")
KINDS = ("whole", "lossy", "spooled", "clocks")


def scenario(seed):
    """The steps of a scenario, its kind first."""
    dice = random.Random(seed)
    kind = KINDS[seed % len(KINDS)]
    jails = dice.sample(range(len(JAILS)), dice.randrange(1, 3))
    ids = dice.sample(IDS, dice.randrange(1, 4 if dice.random() < 0.2 else 3))
    names = [n for n, weight in STEPS for _ in range(weight)
             if kind == "clocks" or n != "clock"]
    keeps = dice.random() < 0.93
    steps = [("begin", kind, jails, not keeps or dice.random() < 0.85, keeps)]
    for _ in range(dice.randrange(4, dice.choice((10, 20, 40)))):
        name = dice.choice(names)
        step = [name]
        if name in OF_JAIL:
            step.append(dice.choice(jails))
        if name in ("ban", "failure", "banip", "unbanip", "ignore"):
            step.append(dice.choice(ids))
        if name in ("ban", "failure"):
            step.append(dice.choice((0, 0, 0, 1, 2, 5, 100, 290)))  # lag
            step.append(dice.choice(("whole", "whole", "fraction")))
        if name == "wait":
            step.append(dice.choice((0.01, 0.3, 1, 2, 5, 45, 310, 700, 4000)
                                    + (90000,) * (dice.random() < 0.3)))
        if name in ("restart", "kill", "restart_jail", "lose_database", "amid"):
            step.append(dice.choice((1, 1, 3, 50, 650)))
        if name == "kill":
            step.append(dice.choice((0, 0, 1, 2, 3)))
        if name == "clock":
            step.append(dice.choice((-3700, -70, -2, 2, 70, 3700)))
        if name == "reconcile":
            step.append(dice.choice(("good",) * 9 + ("killed",)))
        steps.append((*step, dice.randrange(10**9)))
    return steps


def words(event):
    verb, options = event
    out = [verb]
    for name, value in options.items():
        out += ["--" + name, str(value)]
    return b"".join(w.encode() + b"\0" for w in out)


class Program:
    """The program, with a clock and an archive."""

    def __init__(self, program, clock_so, folder, socket_path="/none",
                 database="/none", clock=None):
        self.program, self.folder, self.clock = program, folder, clock
        os.makedirs(folder + "/spool", 0o700)
        self.archive = folder + "/a.sqlite3"
        with open(folder + "/cfg", "w") as f:
            f.write('archive = "%s"; spool = "%s/spool"; fail2ban_database = "%s";'
                    'fail2ban_socket = "%s"; interval = %d;\n' % (
                        self.archive, folder, database, socket_path, INTERVAL))
        self.environ = {"LD_PRELOAD": clock_so, "TZ": "UTC", "PATH": "/bin"}

    def begin(self, *args, files=()):
        self.environ["MODEL_CLOCK"] = str(self.clock.us)
        self.environ["MODEL_UPTIME"] = str(
            self.clock.true_us // SECOND - EPOCH + 1000)
        self.environ["MODEL_FILES"] = " ".join("%s=%d" % f for f in files)
        return subprocess.Popen(
            [self.program, "-c", self.folder + "/cfg", *args], env=self.environ,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, close_fds=False)

    def run(self, *args, files=()):
        process = self.begin(*args, files=files)
        out = process.communicate()[0].decode()
        if process.returncode:
            raise RuntimeError("%s: status %d: %s" % (
                " ".join(args[:2]), process.returncode, out))
        return out

    def rows(self):
        """The rows that export writes, without rev."""
        if not os.path.exists(self.archive):
            return []
        db = sqlite3.connect("file:%s?mode=ro" % self.archive, uri=True)
        db.row_factory = sqlite3.Row
        rows = [dict(row) for row in db.execute(
            "SELECT * FROM bans ORDER BY jail, ident, since_us, nth")]
        db.close()
        for row in rows:
            del row["rev"]
        return rows


class Answers(threading.Thread):
    """The socket of whatever server is running."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.server, self.asked = path, None, []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(5)

    def run(self):
        while True:
            peer, _ = self.listener.accept()
            with peer:
                try:
                    self.session(peer)
                except (OSError, EOFError):
                    pass

    def session(self, peer):
        data = b""
        while True:
            more = peer.recv(65536)
            if not more:
                return
            data += more
            while END in data:
                question, data = data.split(END, 1)
                if question.startswith(b"<F2B_CLOSE"):
                    return
                question = pickle.loads(question)
                self.asked.append(question)
                try:
                    answer = (0, self.server.answer(question))
                except (KeyError, ValueError) as e:
                    answer = (1, e)
                peer.sendall(pickle.dumps(answer, protocol=5) + END)


class World:
    def __init__(self, program, clock_so, folder, answers):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder, 0o700)
        self.folder, self.answers = folder, answers
        self.clock = Clock(EPOCH * SECOND + 123456)
        self.server = answers.server = Server(folder, self.clock, self.listen)
        self.tools = program, clock_so
        self.events = []   # that came: verb, options
        self.late = []     # runs to wait for, and what deliver() is told
        self.passes = []   # of each: times, rows, what the server held, good
        self.flushes = []  # told: jail, machine's time, true time
        self.did = []      # plain words
        self.number = 0

    # ---------------------------------------------------------------- events --

    def listen(self, verb, ban, options):
        """A command of the action runs; return whether it succeeded."""
        dice = self.dice
        fate = dice.random()
        lossy = self.kind == "lossy" and not self.ending
        if lossy and fate < 0.15:
            self.say("  its %s event is lost" % verb)
            return False
        row = self.server.row(ban) if ban else None
        late = lossy and fate < 0.2 or verb == "ban" and row is None
        event = (verb, {"at": self.clock.us, **options, **(
            {} if not ban else {"row": 0} if late
            else {"row": int(self.server.keeps)} if row is None
            else {"row": 2, "row-bantime": row[0], "row-bancount": row[1],
                  "data": row[2].decode()}), "tag": 0})
        if lossy and fate < 0.35:
            passes = dice.randrange(1, 4)
            self.say("  its %s event comes %d runs late" % (verb, passes))
            self.late.append([passes, event, ban, self.clock.true_us])
            return True
        self.deliver(event, ban, self.clock.true_us, dice.random() < (
            0 if self.kind == "spooled" else 0.3))
        if lossy and fate < 0.45 and verb == "ban":
            self.say("  its command is run twice")
            self.clock.tick(4000)
            again = dict(event[1], at=self.clock.us)
            self.deliver((verb, again), ban, self.clock.true_us)
        return True

    def deliver(self, event, ban, true_us, call=False):
        """The event comes to the archive: by the program or by the spool."""
        verb, options = event
        self.number += 1
        if ban:
            ban.events.append((true_us, verb, options))
        else:
            self.flushes.append((options["jail"], options["at"],
                                 true_us))
        self.events.append(event)
        if call:
            clock, self.main.clock = self.main.clock, Clock(options["at"])
            self.main.run(verb, *(w for n in (
                "jail id ip family time bantime bancount failures restored").split()
                if n in options for w in ("--" + n, str(options[n]))),
                files=self.files())
            self.main.clock = clock
            return
        path = "%s/spool/%020d-%d" % (self.main.folder, options["at"], self.number)
        with open(path, "wb") as f:
            f.write(words(event))

    def files(self):
        return ((self.answers.path, self.server.started),
                (self.server.path, self.server.db_born))

    def say(self, text):
        self.did.append(text)

    # --------------------------------------------------------------- passes --

    def reconcile(self, how="good"):
        asks = self.answers_it and self.server.running
        for waiting in list(self.late):
            waiting[0] -= 1
            if waiting[0] <= 0:
                self.late.remove(waiting)
                self.deliver(*waiting[1:])
        if asks != os.path.exists(self.answers.path):
            away = self.answers.path + ".away"
            os.rename(*((away, self.answers.path) if asks else
                        (self.answers.path, away)))
        if how == "killed":
            self.main.environ["MODEL_KILL"] = str(self.dice.randrange(1, 60))
        process = self.main.begin("reconcile", files=self.files())
        out = process.communicate()[0].decode()
        self.main.environ.pop("MODEL_KILL", None)
        good = process.returncode == 0
        blind = not asks and not self.server.keeps  # nobody tells of a database
        if how != "killed" and not good and not blind:
            raise RuntimeError("reconcile: status %d: %s" % (process.returncode, out))
        self.passes.append({
            "us": self.clock.us, "true": self.clock.true_us, "good": good,
            "rows": {r[:3] for r in self.server.rows()}, "asks": asks,
            "ran": self.server.running,
            "held": {(j.name, i) for j in self.server.jails.values()
                     for i in j.tickets} if asks else None,
            "jails": {j.name for j in self.server.jails.values() if j.running},
            "started": self.server.started, "db": self.server.losses,
            "live": [(r["jail"], r["ident"]) for r in self.main.rows()
                     if r["ended_us"] is None] if good else None})
        self.clock.tick(20000)
        return out

    # ---------------------------------------------------------------- steps --

    def run(self, steps):
        """Do the steps, then what lets all settle."""
        self.ending = False
        for step in steps:
            name, *args, seed = step
            if name == "begin":
                _, self.kind, jails, self.answers_it, self.server.keeps = step
                self.main = Program(
                    *self.tools, self.folder + "/main", self.answers.path,
                    self.server.path if self.server.keeps else "", self.clock)
                for n in jails:
                    self.server.jails[JAILS[n][0]] = Jail(*JAILS[n])
                self.dice = random.Random(0)
                self.server.start(self.dice)
                self.clock.tick(SECOND)
                self.reconcile()
                continue
            self.dice = random.Random(seed)
            self.say("%.3f %s %s" % (self.clock.us / SECOND - EPOCH, name, " ".join(
                JAILS[a][0] if n == 0 and name in OF_JAIL
                else str(a) for n, a in enumerate(args))))
            getattr(self, "do_" + name)(*args)
            self.wait(self.dice.choice((0.002, 0.02, 0.2, 1.3)))
        self.say("%.3f all settles" % (self.clock.us / SECOND - EPOCH))
        self.dice = random.Random(1)
        self.ending = True
        for wait in 5, 2 * INTERVAL + 30, INTERVAL + 10, INTERVAL + 10:
            self.wait(wait)
            for waiting in self.late:
                waiting[0] = 0
            self.reconcile()

    def wait(self, seconds):
        self.server.wait(int(seconds * SECOND), self.dice)

    def jail(self, n):
        return self.server.jails.get(JAILS[n][0])

    def do_failure(self, n, ident, lag, kind):
        """A failure that is not enough for a ban."""
        self.do_ban(n, ident, lag, kind, enough=False)

    def do_ban(self, n, ident, lag, kind, enough=True):
        now = self.clock.us / SECOND - lag
        text = "%d.0" % now if kind == "whole" else repr(
            round(now - self.dice.random() / 100, self.dice.choice((1, 3, 6))))
        self.server.found(self.jail(n), ident, text, self.dice, enough=enough)

    def do_banip(self, n, ident):
        self.server.banip(self.jail(n), ident, self.dice)

    def do_unbanip(self, n, ident):
        self.server.unbanip(self.jail(n), ident)

    def do_unban_all(self):
        self.server.unban_all()

    def do_restart(self, down):
        self.server.stop()
        self.away(down)
        self.server.start(self.dice)

    def do_kill(self, down, again):
        self.server.kill()
        self.away(down)
        self.server.start(self.dice, again)

    def do_amid(self, down):
        self.server.stop()
        self.away(down)
        self.server.start(self.dice, amid=True)

    def away(self, down):
        """The server does not run; a reconcile may come meanwhile."""
        self.wait(down / 2)
        if self.dice.random() < 0.25:
            self.say("  a reconcile while the server is down")
            self.reconcile()
        self.wait(down / 2)

    def do_restart_jail(self, n, down):
        self.server.stop_jail(self.jail(n))
        self.away(down)
        self.server.start_jail(self.jail(n), self.dice)

    def do_lose_database(self, down):
        self.server.stop()
        self.away(down)
        self.server.new_database()  # it knows no place in a log either
        self.server.start(self.dice, 100)

    def do_bantime(self, n):
        """The jail's ban time is halved, with a restart."""
        self.server.stop()
        self.wait(1)
        jail = self.jail(n)
        jail.seconds = jail.seconds // 2 if jail.seconds > 10 else jail.seconds
        self.server.start(self.dice)

    def do_ignore(self, ident):
        self.server.ignored ^= {ident}

    def do_clock(self, seconds):
        self.clock.us += seconds * SECOND
        self.server.happen()

    def do_action(self, n):
        """The helper cannot be run for a while: on and off by turns."""
        self.jail(n).action = not self.jail(n).action

    def do_clean(self):
        """Somebody cleans fail2ban's tables with SQL."""
        now = self.clock.us // SECOND
        self.server.change(*(("DELETE FROM %s WHERE timeofban + bantime <= ?" % t,
                              (now,)) for t in ("bans", "bips")))
        self.server.note_deleted(lambda ban: ban.row_seconds is not None
                                 and ban.tob + ban.row_seconds <= now)

    def do_wait(self, seconds):
        self.wait(seconds)

    def do_reconcile(self, how):
        self.reconcile(how)
