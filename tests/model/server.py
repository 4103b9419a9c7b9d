# SPDX-License-Identifier: GPL-2.0-or-later
"""A simulated fail2ban, written from what fail2ban 1.0.2 does (server/actions.py,
banmanager.py, observer.py, jail.py, database.py), not from what the archive makes
of it. It keeps its ban lists, writes its database and its log, tells its actions'
calls to a listener, and notes the truth: a Ban for each ban that it made, with the
time at which it was made, its end, and how often it was restored."""

import decimal
import json
import os
import sqlite3
import time

SECOND = 10**6
FINDTIME = 600
PURGE_EVERY = 3600
FORMULA_MAX = 20
SCHEMA = os.path.join(os.path.dirname(__file__), "../lib/fail2ban.sql")


def microseconds(text):
    """The time that a ticket's text has, cut."""
    return int(decimal.Decimal(text) * SECOND)


def stamp(us):
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(us // SECOND))


def span(s):
    """fail2ban's seconds2str, for less than a day."""
    if s >= 3595:
        s = round(s / 10)
        hours, s = divmod(s, 360)
        return "%dh" % hours + (" %dm" % (s // 6) if s >= 6 else "")
    parts = (["%dm" % (s // 60)] if s >= 60 else []) + (
        ["%ds" % (s % 60)] if s % 60 else [])
    return " ".join(parts)


class Clock:
    """The machine's clock, which can be set, and one that only goes on."""

    def __init__(self, us):
        self.us = self.true_us = us

    def tick(self, us):
        self.us += us
        self.true_us += us


class Ban:
    """The truth about one ban. Times are the machine's, in microseconds."""

    def __init__(self, jail, ident, text, clock):
        self.jail, self.ident, self.text = jail, ident, text
        self.tob = round(float(text))
        self.made, self.made_true = clock.us, clock.true_us
        self.end = self.end_us = self.end_true = None
        self.stopped = []     # the stops of a server that had it
        self.restored = 0
        self.row_seconds = self.failures = None
        self.deleted = None   # when its rows were deleted: true time, database
        self.logged_us = None  # when its Ban line was written
        self.events = []

    def ends(self, how, clock):
        self.end, self.end_us, self.end_true = how, clock.us, clock.true_us

    def __str__(self):
        return "%s %s ticket %s made %.6f" % (
            self.jail, self.ident, self.text, self.made / SECOND)


class Ticket:
    def __init__(self, ident, text, failures, seconds=None, bancount=0):
        self.ident, self.text, self.failures = ident, text, failures
        self.seconds, self.bancount = seconds, bancount
        self.restored, self.ban = False, None

    def bantime(self, jail):
        return self.seconds if self.seconds is not None else jail.seconds

    def end_us(self, jail):
        seconds = self.bantime(jail)
        if seconds == -1:
            return None
        return microseconds(self.text) + seconds * SECOND


class Jail:
    def __init__(self, name, seconds, increment=False, fid=False):
        self.name, self.seconds, self.increment = name, seconds, increment
        self.fid = fid        # its filter has <F-ID>
        self.tickets = {}
        self.running = self.has_items = False
        self.action = True    # False: the action is switched off
        self.lines = []       # what its filter has read: ident, text
        self.prolongs = []    # due, ticket
        self.held = {}        # the ban of each id that a stop interrupted


class Server:
    """listen(verb, ban, words) is called for each command of the action and
    returns whether it succeeded. Each step takes some microseconds of dice.
    keeps: it has a database (dbfile is not None)."""

    def __init__(self, folder, clock, listen, keeps=True):
        self.path = os.path.join(folder, "f2b.sqlite3")
        self.clock, self.listen, self.keeps = clock, listen, keeps
        self.log, self.bans, self.jails, self.starts = [], [], {}, []
        self.ignored, self.running, self.started = set(), False, 0
        self.db_born, self.losses, self.purge_age = None, 0, 86400
        self.latest = 0       # the latest stamp of its log
        self.db = None
        self.new_database()

    # --------------------------------------------------------- its database --

    def new_database(self):
        if self.db:
            self.db.close()
            self.losses += 1
            os.rename(self.path, "%s.lost-%d" % (self.path, self.losses))
        self.db = sqlite3.connect(self.path, isolation_level=None)
        with open(SCHEMA) as f:
            self.db.executescript(
                "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;"
                " BEGIN; %s COMMIT;" % f.read())
        self.db_born = self.clock.us

    def change(self, *statements):
        self.db.execute("BEGIN")
        for statement in statements:
            self.db.execute(*statement)
        self.db.execute("COMMIT")

    def delete_rows(self, jail, ident=None):
        self.change(*(("DELETE FROM %s WHERE jail = ?1 AND ip = coalesce(?2, ip)"
                       % table, (jail.name, ident)) for table in ("bips", "bans")))
        self.note_deleted(lambda ban: ban.jail == jail.name
                          and ident in (None, ban.ident))

    def note_deleted(self, chosen):
        for ban in self.bans:
            if self.keeps and chosen(ban) and not ban.deleted:
                ban.deleted = self.clock.true_us, self.losses

    def rows(self):
        """The keys of all rows: jail, id, second, ban time, table."""
        return [row for table in ("bans", "bips") for row in self.db.execute(
            "SELECT jail, ip, timeofban, bantime, '%s' FROM %s" % (table, table))]

    def row(self, ban):
        """The ban's row as an event sees it: None or bantime, bancount, data."""
        for table in "bans", "bips":
            found = self.db.execute(
                "SELECT bantime, bancount, data FROM %s WHERE jail = ? AND ip = ?"
                " AND timeofban = ? ORDER BY rowid DESC" % table,
                (ban.jail, ban.ident, ban.tob)).fetchone()
            if found:
                return found
        return None

    def purge(self):
        now = self.clock.us / SECOND
        self.purged = self.clock.true_us
        self.change(
            ("DELETE FROM bans WHERE timeofban < ?", (now - self.purge_age,)),
            ("DELETE FROM bips WHERE timeofban < ?1 AND bantime != -1 AND"
             " timeofban + bantime * 3 < ?1", (int(now) - self.purge_age,)))

    # --------------------------------------------------------------- actions --

    def write(self, room, level, text):
        self.latest = max(self.latest, self.clock.us)
        self.log.append("%s,%03d %-24s[7268]: %-7s %s" % (
            stamp(self.clock.us), self.clock.us // 1000 % 1000,
            "fail2ban." + room, level, text))

    def notice(self, jail, text):
        self.write("actions", "NOTICE", "[%s] %s" % (jail.name, text))

    def call(self, verb, jail, ticket=None, between=None):
        """Run the action's command for a ticket, as fail2ban does or does not: it
        fails inside for a restored ticket of an F-ID jail. The other thread does
        between() before the command looks for the row."""
        between = between or (lambda: None)
        if not jail.action or jail.fid and ticket and ticket.restored or (
                verb in ("unban", "flush") and not jail.has_items):
            return between()
        words = {"jail": jail.name}
        if ticket:
            words.update({
                "id": ticket.ident, "ip": ticket.ident, "family": "inet4",
                "time": ticket.text, "bantime": ticket.bantime(jail),
                "bancount": ticket.bancount, "failures": ticket.failures,
                "restored": int(ticket.restored)})
        else:
            words.update({"family": "inet4", "time": self.clock.us / SECOND})
        self.clock.tick(1500)
        between()
        succeeded = self.listen(verb, ticket.ban if ticket else None, words)
        if verb == "ban" and succeeded:
            jail.has_items = True
        if verb == "flush" and succeeded:
            jail.has_items = False
        self.clock.tick(1500)

    def check_ban(self, jail, ticket, dice):
        """Actions.__checkBan and Observer.banFound."""
        now, end = self.clock.us, ticket.end_us(jail)
        if end is not None and end < now:
            return
        old = jail.tickets.get(ticket.ident)
        if old:
            old_end = old.end_us(jail)
            if old_end is not None and (end is None or end > old_end):
                seconds = ticket.bantime(jail)
                later = microseconds(ticket.text) - microseconds(old.text)
                if seconds != -1 and later > 0:
                    seconds += -(-later // SECOND)
                old.seconds = seconds
            if microseconds(ticket.text) - microseconds(old.text) >= 3 * SECOND:
                self.notice(jail, ticket.ident + " already banned")
            return
        jail.tickets[ticket.ident] = ticket
        ticket.bancount += 1
        ticket.ban = ban = self.ban_of(jail, ticket)
        self.notice(jail, "%sBan %s" % (
            "Restore " if ticket.restored else "", ticket.ident))
        ban.logged_us = ban.logged_us or self.clock.us
        if ticket.restored:
            self.call("ban", jail, ticket)
        elif dice.random() < 0.1:
            self.call("ban", jail, ticket)
            self.observe(jail, ticket)
        else:
            self.call("ban", jail, ticket, lambda: self.observe(jail, ticket))

    def ban_of(self, jail, ticket):
        """The ban that a ticket begins, or goes on with after a stop."""
        held = jail.held.pop(ticket.ident, None)
        # A stop lifts a ban that does not come back; SIGKILL lifts none.
        if held and not held.end and ticket.text in (held.text, str(held.tob)) and (
                ticket.restored or held.stopped[-1][0] == "killed"):
            held.restored += ticket.restored
            return held
        if held and not held.end:
            self.over(held)
        if ticket.restored:  # the clock was set back: its time is not up yet
            for ban in reversed(self.bans):
                if (ban.jail, ban.ident, ban.tob) == (
                        jail.name, ticket.ident, int(ticket.text)):
                    ban.end = ban.end_us = ban.end_true = None
                    ban.restored += 1
                    return ban
        ban = Ban(jail.name, ticket.ident, ticket.text, self.clock)
        ban.failures = ticket.failures
        self.bans.append(ban)
        return ban

    def over(self, ban):
        """A ban that a stop interrupted does not come back: that was its end."""
        ban.end, ban.end_us, ban.end_true = ban.stopped[-1]

    def observe(self, jail, ticket):
        base = seconds = ticket.bantime(jail)
        if jail.increment and base > 0:
            before = self.db.execute(
                "SELECT bancount FROM bips WHERE jail = ? AND ip = ?",
                (jail.name, ticket.ident)).fetchone()
            if before:
                ticket.bancount = max(ticket.bancount, before[0] + 1)
                seconds = base << min(before[0], FORMULA_MAX)
                ticket.seconds = seconds
        if not self.keeps:
            return
        if seconds != base:
            self.write("observer", "NOTICE", "[%s] Increase Ban %s (%d # %s -> %s)" % (
                jail.name, ticket.ident, ticket.bancount, span(seconds),
                stamp(ticket.end_us(jail))))
            jail.prolongs.append((self.clock.us + SECOND * min(
                10, max(0, seconds - base - 5)), ticket))
        ticket.ban.row_seconds, ticket.ban.deleted = seconds, None
        data = json.dumps({"matches": ["a line"] * min(ticket.failures, 1),
                           "failures": ticket.failures}).encode()
        row = (jail.name, ticket.ident, ticket.ban.tob, seconds, ticket.bancount,
               data)
        self.change(
            ("INSERT INTO bans(jail, ip, timeofban, bantime, bancount, data)"
             " VALUES(?, ?, ?, ?, ?, ?)", row),
            ("INSERT OR REPLACE INTO bips(jail, ip, timeofban, bantime, bancount,"
             " data) VALUES(?, ?, ?, ?, ?, ?)", row))

    def unban(self, jail, ticket, how):
        ticket.ban.ends(how, self.clock)
        self.notice(jail, "Unban " + ticket.ident)
        self.call("unban", jail, ticket)

    # ------------------------------------------------------ what people do --

    def found(self, jail, ident, text, dice, again=False, enough=True):
        """A log line of that time is read. enough: that makes a ban."""
        if not again:
            jail.lines.append((ident, text, enough))
        if self.clock.us - microseconds(text) > FINDTIME * SECOND \
                or ident in self.ignored:
            return
        self.write("filter", "INFO", "[%s] Found %s - %s" % (
            jail.name, ident, stamp(microseconds(text))))
        self.clock.tick(dice.randrange(500, 40000))
        if enough:
            self.check_ban(jail, Ticket(ident, text, 3), dice)

    def banip(self, jail, ident, dice):
        self.check_ban(jail, Ticket(ident, repr(self.clock.us / SECOND), 0), dice)

    def unbanip(self, jail, ident):
        self.delete_rows(jail, ident)
        self.clock.tick(300)
        ticket = jail.tickets.pop(ident, None)
        if ticket:
            self.unban(jail, ticket, "manual")

    def flush(self, jail, how):
        tickets, jail.tickets = jail.tickets, {}
        jail.prolongs = []
        self.notice(jail, "Flush ticket(s) with fail2ban-archive")
        at = (how, self.clock.us, self.clock.true_us)
        self.call("flush", jail)
        if how == "flushed":
            self.delete_rows(jail)
        for ticket in tickets.values():
            self.notice(jail, "Unban " + ticket.ident)
            if how == "flushed":
                ticket.ban.end, ticket.ban.end_us, ticket.ban.end_true = at
            else:
                ticket.ban.stopped.append(at)
                jail.held[ticket.ident] = ticket.ban

    def unban_all(self):
        for jail in self.jails.values():
            if jail.running:
                self.flush(jail, "flushed")

    def stop_jail(self, jail):
        self.write("filter", "INFO", "Removed logfile: '/var/log/%s.log'" % jail.name)
        self.flush(jail, "stopped")
        self.write("jail", "INFO", "Jail '%s' stopped" % jail.name)
        jail.running = False

    def start_jail(self, jail, dice, again=0, amid=False):
        """again: that many lines are read once more; amid: unban --all comes
        while bans are restored."""
        self.write("jail", "INFO", "Creating new jail '%s'" % jail.name)
        self.write("actions", "INFO", "  banTime: %d" % jail.seconds)
        self.write("jail", "INFO", "Jail '%s' started" % jail.name)
        jail.running, jail.has_items = True, False
        lines = jail.lines[len(jail.lines) - again:] if again else []
        early = dice.random() < 0.5
        tickets = self.to_restore(jail)
        if early:
            for ident, text, enough in lines:
                self.found(jail, ident, text, dice, True, enough)
        for n, ticket in enumerate(tickets):
            self.clock.tick(dice.randrange(1000, 60000))
            if amid and n == len(tickets) // 2:
                self.flush(jail, "flushed")
            self.check_ban(jail, ticket, dice)
        if not early:
            for ident, text, enough in lines:
                self.found(jail, ident, text, dice, True, enough)
        for ban in jail.held.values():
            if not ban.end:
                self.over(ban)
        jail.held = {}

    def to_restore(self, jail):
        """Jail.restoreCurrentBans."""
        now, tickets = self.clock.us / SECOND, []
        for ident, tob, seconds, bancount, data in self.db.execute(
                "SELECT ip, timeofban, bantime, bancount, data FROM bips"
                " WHERE jail = ? AND (timeofban + bantime > ? OR bantime <= -1)"
                " ORDER BY ip", (jail.name, now)).fetchall():
            most = None if jail.increment or jail.seconds == -1 else jail.seconds
            if most is not None and tob <= now - most:
                continue
            if most is not None and (seconds == -1 or seconds > most):
                seconds = most
            if seconds != -1 and tob + seconds <= now or ident in self.ignored:
                continue
            ticket = Ticket(ident, str(tob), json.loads(data)["failures"], seconds,
                            bancount)
            ticket.restored = True
            tickets.append(ticket)
        return tickets

    def start(self, dice, again=0, amid=False):
        self.write("server", "INFO", "Starting Fail2ban v1.0.2")
        if self.keeps:
            self.write("database", "INFO",
                       "Connected to fail2ban persistent database '%s'" % self.path)
        self.running, self.started = True, self.clock.us
        self.starts.append(self.clock.true_us)
        self.purged = self.clock.true_us
        for jail in self.jails.values():
            jail.action = True
            self.start_jail(jail, dice, 0 if jail.increment else again, amid)

    def stop(self):
        self.write("server", "INFO", "Shutdown in progress...")
        self.write("server", "INFO", "Stopping all jails")
        for jail in self.jails.values():
            if jail.running:
                self.stop_jail(jail)
        self.write("server", "INFO", "Exiting Fail2ban")
        self.running = False

    def kill(self):
        self.running = False
        for jail in self.jails.values():
            for ticket in jail.tickets.values():
                ticket.ban.stopped.append(("killed", self.clock.us,
                                           self.clock.true_us))
                jail.held[ticket.ident] = ticket.ban
            jail.tickets, jail.running, jail.prolongs = {}, False, []

    # ---------------------------------------------------------------- time --

    def due(self):
        """The next moment at which something happens by itself, or None."""
        times = []
        if self.running:
            for jail in self.jails.values():
                if jail.running:
                    times += [e for e in (t.end_us(jail) for t in
                                          jail.tickets.values()) if e is not None]
                    times += [at for at, _ in jail.prolongs]
            times.append(self.clock.us + max(0, self.purged + PURGE_EVERY * SECOND
                                             - self.clock.true_us))
        return min(times, default=None)

    def happen(self):
        """Do what is due by now."""
        now = self.clock.us
        for jail in self.jails.values():
            for at, ticket in list(jail.prolongs):
                if at <= now:
                    jail.prolongs.remove((at, ticket))
                    if jail.tickets.get(ticket.ident) is ticket:
                        self.call("prolong", jail, ticket)
            for ident, ticket in list(jail.tickets.items()):
                end = ticket.end_us(jail)
                if end is not None and now > end:
                    del jail.tickets[ident]
                    self.unban(jail, ticket, "expired")
        if self.running and \
                self.clock.true_us - self.purged >= PURGE_EVERY * SECOND:
            self.purge()

    def wait(self, us, dice):
        """Let time pass."""
        end = self.clock.true_us + us
        while self.clock.true_us < end:
            due = self.due()
            step = end - self.clock.true_us
            if due is not None:
                step = min(step, max(1, due - self.clock.us)
                           + dice.randrange(1000, 900000))
            self.clock.tick(step)
            self.happen()

    def answer(self, question):
        """What the socket answers."""
        if question[0] == "status":
            names = sorted(n for n, j in self.jails.items() if j.running)
            return [("Number of jail", len(names)), ("Jail list", ", ".join(names))]
        if question[:2] == ["get", "dbfile"]:
            return self.path if self.keeps else None
        if question[:2] == ["get", "dbpurgeage"]:
            return self.purge_age
        if question[0] == "get" and question[2] == "banip":
            jail = self.jails[question[1]]
            return ["%s \t%s + %d = %s" % (
                t.ident, stamp(microseconds(t.text)),
                t.bantime(jail),
                "9999-12-31 23:59:59" if t.end_us(jail) is None
                else stamp(t.end_us(jail))) for t in jail.tickets.values()]
        if question[0] == "get":
            return []
        raise ValueError(question)
