# SPDX-License-Identifier: GPL-2.0-or-later
"""What the archive must say after a scenario. Each property yields lines that say
what differs, the kind of it first.

truth   The bans are those that fail2ban made and that somebody told: an event that
        came, or a row that a run found. A ban begins at its ticket's time; to the
        second if only a row or a restored event told it. It ends
        - lives: null. Where the server does not answer: a ban whose rows are gone or
          whose last known time is up may have ended too.
        - an unban came: at that event; expired if <time> + <bantime> was up, else
          manual, or inferred where fail2ban has no database.
        - unban --all, the flush came, runs followed: flushed at the flush. If another
          ban of the id was made later, also inferred at the flush or when that was
          made; if the server was stopped before the first run, also inferred at the
          flush or at its expiry.
        - nobody saw it end: inferred at its expiry; inferred when the next ban of the
          id was made; inferred at a flush after its last sign of life; inferred at a
          run after the end that found that the server lacks it; manual at a run after
          the end that found its rows deleted by hand before the time was up; flushed
          at such a flush if its rows were deleted by hand, in the same database.
          If the id was banned anew after such a flush, also flushed. Never later
          than its expiry.
        Its ban time is the unban's, else the row's, else an event's. After each run
        what the server has lives, once.
log     A replay of fail2ban's log adds the bans that nobody told, each once, and
        changes no row; but a ban that it adds ends one that lives, inferred, and an
        end that was inferred moves where a row or a restored event told of another
        ban of the id, and only its Ban line shows when that was made. Of two bans
        of one second of which the events show one, it shows the other.
order   The same events, log and export, replayed into fresh archives, give the same
        rows in any order, and so does the log in two pieces: those of one command,
        and those that begin with a start of the server. Other pieces read one by
        one lack the jails' ban times, or a failure before its Ban line. After the
        clock was set back, pieces do not show by their stamps which is older.

Undecidable, so allowed:
- a ban that nobody told is missing; one whose row only a killed run may have read
  may be missing or there;
- two bans of one id with tickets of one second of which the events of one did not
  come: the row, and a restored or unban event of the bare second, may be of either;
- an unban that did not say whether the rows were gone, or that looked into a
  database that no run has seen: it may be a stop's, so inferred as well;
- a flush that a silent restore followed (F-ID, an event lost) and one after it:
  flushed at either;
- a flush that came of a ban whose row nobody saw: inferred at it;
- where no server answers, rows that are gone: amid a restore the ban lives on;
- where fail2ban has no database, which ban of an id the server means that has it;
- a ban whose end nobody told while its rows stay and the server has had it since
  its start is not asked about before its time is up (F-ID, an action switched off);
- a ban whose ticket comes again (its line is read again) while nobody has told of
  its end is one ban with the second; one that was flushed, lives on without a word
  (F-ID, an event lost) and whose line is read again after SIGKILL, may be two;
- a ban by hand that only the log has, soon after a failure: the log may begin it at
  that failure, if the jail's ban time from then was not up;
- an unban whose event did not come, and rows that came back before a run: the end
  is one of those above.
Left out of the order: rows, because only a reconcile reads them, and it reads the
database as it is now; a database is replayed as an import instead."""

import collections
import os

from server import SECOND, microseconds
from world import INTERVAL, Program, words

NEAR = 3000            # microseconds between two clock questions of one command
STAMP = len("2026-11-23 18:48:38,748")
RETRY = 10 * SECOND    # a restored ban within it is a retry (DESIGN)


def key(ban):
    return ban.jail, ban.ident


class Known:
    """What somebody told of a ban."""

    def __init__(self, ban, world):
        self.ban = ban
        # Bans of one second: the row may be of either.
        self.twins = [b for b in world.server.bans if key(b) == key(ban)
                      and b.tob == ban.tob and (b is ban or not b.events)]
        self.origins = {"log" if b.failures else "manual" for b in self.twins}
        events = sorted(ban.events, key=lambda e: e[0])
        self.events, self.before = events, []
        self.fresh = any(e["time"] == ban.text for _, _, e in events)
        self.told = any(v == "ban" and not e["restored"] for _, v, e in events)
        self.since = microseconds(ban.text) if self.fresh else ban.tob * SECOND
        self.unban = events[-1][2] if events and events[-1][1] == "unban" else None
        own = (ban.jail, ban.ident, ban.tob)
        after = [p for p in world.passes if p["true"] >= ban.made_true and (
            not ban.deleted or p["true"] < ban.deleted[0])]
        self.row = any(own in p["rows"] for p in after if p["good"])
        self.half = any(own in p["rows"] for p in after if not p["good"])
        self.certain = bool(events) or self.row and not any(
            b is not ban and key(b) == key(ban) and b.tob == ban.tob
            for b in world.server.bans)
        self.possible = self.certain or self.row or self.half
        self.life = max((true for true, verb, _ in events if verb != "unban"),
                        default=ban.made_true)
        self.seen_us = max((e["at"] for _, verb, e in events if verb != "unban"),
                           default=ban.made)
        self.row_seen = self.row or self.half or any(
            e["row"] == 2 for _, _, e in events)
        self.seconds = seconds = {e["bantime"] for _, _, e in events} | {
            e["row-bantime"] for _, _, e in events if "row-bantime" in e}
        if ban.row_seconds is not None and (self.row or self.half):
            seconds.add(ban.row_seconds)
        if self.unban:
            self.seconds = {self.unban["bantime"]}
        elif self.row and ban.row_seconds is not None:
            self.seconds = {ban.row_seconds}
        self.expiries = {s + n * SECOND for n in seconds if n != -1
                         for s in (self.since, ban.tob * SECOND)}
        starts = [e for _, verb, e in events if verb == "ban"]
        self.begun = {e["at"] for e in starts if not e["restored"]} or \
            {self.since, self.since - SECOND // 2, ban.made} | {
                e["at"] for e in starts}


    def split(self, world):
        """Whether it was flushed and seen anew without a sign of life between, as
        after a stop, a restore that nobody told, SIGKILL, and its line read again."""
        return any(
            verb == "ban" and not e["restored"] and any(
                jail == self.ban.jail and before < flushed < true
                for jail, _, flushed in world.flushes)
            for (before, _, _), (true, verb, e) in zip(self.events, self.events[1:]))


def near(a, b, slack=NEAR):
    """Whether two times, which may be unknown, are about the same."""
    return a is not None and b is not None and -slack <= a - b <= slack


def restores(known):
    count, last = 0, None
    for _, verb, e in known.before + known.events:
        if verb == "ban" and e["restored"] and (
                last is None or e["at"] - last > RETRY):
            count, last = count + 1, e["at"]
    return count


def doubted(known, world):
    """Whether a run has a reason to ask the server: the rows are gone, or the jail
    was flushed or the server started after the last sign of life."""
    ban = known.ban
    life = max([known.life] + [p["true"] for p in world.passes
                               if p["held"] and key(ban) in p["held"]])
    return world.server.keeps and (
        ban.jail, ban.ident, ban.tob) not in world.passes[-1]["rows"] or any(
        true > life for jail, _, true in world.flushes if jail == ban.jail) or any(
        true > life for true in world.server.starts)


def why_not(known, row, world, later):
    """The kind of what is wrong about a row's end, and what is true; or None. later:
    what is known of the bans that were made after it."""
    ban, end, why = known.ban, row["ended_us"], row["ended_why"]
    last = world.passes[-1]
    asked = world.answers_it
    if known.unban:
        at = max(known.unban["at"], row["since_us"])  # no end is before it
        up = known.unban["bantime"] != -1 and at >= microseconds(
            known.unban["time"]) + known.unban["bantime"] * SECOND
        want = "expired" if up else "manual"
        unsure = not world.server.keeps or known.unban["row"] != 1 \
            or world.server.losses
        if near(end, at) and (why == want or why == "inferred" and not up
                              and unsure):
            return None
        if end is None and not up and not world.server.keeps \
                and last["held"] and key(ban) in last["held"]:
            return None  # the server has the id, and nobody told of which ban
        return "unban", "%s at its unban, %.6f" % (want, at / SECOND)
    if end is None and asked and any(b.end is None for b in known.twins):
        return None
    overdue = [e for e in known.expiries
               if e <= max(p["us"] for p in world.passes)]
    if ban.end is None:
        if end is None:
            return None
        gone = (ban.jail, ban.ident, ban.tob) not in last["rows"]
        if not asked and (gone and why in ("manual", "flushed", "inferred")
                          or why == "inferred" and end in overdue):
            return None
        return "lives", "it lives"
    unseen = "%s at %.6f, and no witness" % (ban.end, ban.end_us / SECOND)
    flushes = [(max(at, row["since_us"]), true) for jail, at, true in world.flushes
               if jail == ban.jail and (true >= known.life if known.events
                                        else at >= known.since - SECOND // 2)]
    by_hand = ban.deleted and any(
        p["good"] and p["db"] == ban.deleted[1] and p["true"] >= ban.deleted[0]
        for p in world.passes)
    after = [p for p in world.passes
             if p["true"] >= ban.end_true]
    successor = [b for k in later for b in k.begun]
    told = [at for at, true in flushes if ban.end == "flushed"
            and 0 <= ban.end_true - true + 10000 <= 20000]
    if told and asked and by_hand and not successor:
        if why == "flushed" and near(end, told[0], 10000):
            return None
        if why == "flushed" and any(near(end, at) for at, _ in flushes):
            return None  # of several, with a silent restore between
        if why == "inferred" and not known.row_seen and (
                near(end, told[0], 10000) or end in overdue):
            return None
        run = next((p for p in world.passes if p["true"] >= ban.end_true), last)
        if (run["started"] > ban.end_us or not run["ran"]) and why == "inferred" and (
                near(end, told[0], 10000) or end in overdue):
            return None  # its database may be another one
        return "flushed", "flushed at %.6f" % (told[0] / SECOND)
    asking = [p["true"] for p in after if p["asks"] and p["good"]]
    if end is None and asked and (
            not asking or asking[-1] - asking[0] < INTERVAL * SECOND
            or not doubted(known, world) and last["us"] - max(
                known.expiries, default=last["us"]) < 2 * INTERVAL * SECOND
            or not world.server.keeps and last["held"]
            and key(ban) in last["held"]):
        return None
    if end is None:
        settled = last["us"] - max([ban.end_us, *overdue]) > 2 * INTERVAL * SECOND
        if asked or settled and overdue:
            return "open", unseen
        return None
    if known.expiries and end > max(known.expiries) + NEAR:
        return "late", "no end after its expiry"
    if why == "inferred" and (
            end in overdue or successor and near(end, known.seen_us)
            or any(near(end, b) for b in successor)
            or any(near(end, at) for at, _ in flushes)
            or any(near(end, p["us"], 20000) for p in after)):
        return None
    if why == "flushed" and any(near(end, at, 10000) and (
            successor or ban.end == "flushed" and near(true, ban.end_true, 10000))
            for at, true in flushes):
        return None
    if why == "flushed" and by_hand and any(near(end, at) for at, _ in flushes):
        return None
    if not asked and why in ("manual", "flushed") and any(
            p["good"] and (ban.jail, ban.ident, ban.tob) not in p["rows"] and (
                near(end, p["us"], 20000) or any(
                    near(end, at) and true <= p["true"] for at, true in flushes))
            for p in world.passes if p["true"] >= known.life):
        return None  # amid a restore the rows go, and the ban lives
    if why == "manual" and by_hand and any(
            near(end, max(p["us"], row["since_us"]), 20000) for p in after):
        return None
    return "other", unseen


def shown(row):
    return "%s %s since %.6f nth %d: %s%s" % (
        row["jail"], row["ident"], row["since_us"] / SECOND, row["nth"],
        row["ended_why"] or "lives", "" if row["ended_us"] is None
        else " %.6f" % (row["ended_us"] / SECOND))


def held(world):
    """After each run the bans that the server has live, each once."""
    for run in world.passes:
        if world.kind == "lossy" or not run["good"] or run["held"] is None:
            continue
        live = collections.Counter(run["live"])
        for name in sorted(run["held"]):
            if live[name] != 1 and not any(
                    key(b) == name and not Known(b, world).certain
                    for b in world.server.bans):
                yield "held: %s %s is banned at the run of %.6f, and %d live" % (
                    *name, run["us"] / SECOND, live[name])


def merge_later(groups):
    """Of a ban whose own event nobody told, only the second is known: it may be the
    ban before it, if no row is of that time."""
    for (jail, ident, since), (knowns, same) in list(groups.items()):
        first = [k for k, (ks, _) in groups.items() if k[:2] == (jail, ident)
                 and k[2] != since and any(o.ban.tob == n.ban.tob
                                           and o.ban.made_true < n.ban.made_true
                                           for o in ks for n in knowns)]
        if first and not same and not any(k.fresh for k in knowns):
            groups[first[0]][0].extend(knowns)
            del groups[jail, ident, since]


def silent(world, ban, before, after):
    """Whether nobody told of an end between two true times: no flush, no run that
    missed the rows, and no two runs an interval apart that missed the ban in the
    server."""
    runs = [p for p in world.passes if p["good"] and before <= p["true"] <= after]
    missed = [p["true"] for p in runs if p["held"] is not None
              and key(ban) not in p["held"]]
    return not any(true for jail, _, true in world.flushes
                   if jail == ban.jail and before <= true <= after) and not any(
        (ban.jail, ban.ident, ban.tob) not in p["rows"] for p in runs) and not (
        missed and missed[-1] - missed[0] >= INTERVAL * SECOND)


def pairs(world, knowns, rows):
    """Pair what is known of bans of one id and time with rows, both in order. Yield
    the pairs, and what has no partner beside None."""
    for n in range(len(knowns) - 1, 0, -1):
        one, two = knowns[n - 1], knowns[n]
        if len(rows) < len(knowns) and (
                not one.unban and silent(world, one.ban, one.life, two.ban.made_true)
                or not one.certain or two.events and not two.told):
            two.before = one.before + one.events
            two.origins |= one.origins
            two.begun |= one.begun
            knowns = knowns[:n - 1] + knowns[n:]
    if len(rows) < len(knowns):
        knowns = [k for k in knowns if k.certain] or knowns[:len(rows)]
    if len(rows) > len(knowns) and any(k.split(world) for k in knowns):
        rows = rows[len(rows) - len(knowns):]
    for n in range(max(len(knowns), len(rows))):
        yield (knowns[n] if n < len(knowns) else None,
               rows[n] if n < len(rows) else None)


def truth(world, rows):
    groups = collections.defaultdict(lambda: ([], []))
    for ban in world.server.bans:
        known = Known(ban, world)
        if known.possible:
            groups[(*key(ban), known.since)][0].append(known)
    for row in rows:
        groups[row["jail"], row["ident"], row["since_us"]][1].append(row)
    merge_later(groups)
    matched = []
    for knowns, same in groups.values():
        if [r["nth"] for r in same] != list(range(len(same))):
            yield "nth: %s" % "; ".join(map(shown, same))
        for known, row in pairs(world, knowns, same):
            if known and row:
                matched.append((known, row))
            elif known and known.certain:
                yield "missing: %s" % known.ban
            elif row:
                yield "never: %s" % shown(row)
    yield from held(world)
    matched.sort(key=lambda pair: pair[0].ban.made_true)
    for n, (known, row) in enumerate(matched):
        later = [k for k, _ in matched[n + 1:] if key(k.ban) == key(known.ban)]
        wrong = why_not(known, row, world, later)
        if wrong:
            yield "%s: %s; true: %s" % (wrong[0], shown(row), wrong[1])
        if row["seconds"] not in known.seconds:
            yield "seconds: %s: %s; true: %s" % (
                shown(row), row["seconds"], known.seconds)
        if row["origin"] not in known.origins:
            yield "origin: %s: %s" % (shown(row), row["origin"])
        if world.kind != "clocks" and not known.split(
                world) and row["restored"] != restores(known):
            yield "restored: %s: %d times; true: %d" % (
                shown(row), row["restored"], restores(known))


def by_failure(world, ban, row):
    """Whether a log could take a failure for the ticket of a ban by hand: its time
    would not have been up when the ban was made."""
    jail = world.server.jails[ban.jail]
    return not ban.failures and any(
        ident == ban.ident and microseconds(text) // SECOND * SECOND ==
        row["since_us"] and (jail.seconds == -1 or microseconds(text)
                             + jail.seconds * SECOND >= ban.made)
        for ident, text, _ in jail.lines)


def go_on(world):
    """Let a clock that was set back go on beyond all stamps of the log: a line from
    the future is bad."""
    world.clock.us = max(world.clock.us, world.server.latest)


def moved(world, row, now):
    """Whether only an end moved that was inferred, because the log shows when a ban
    of the id was made, which no event did."""
    unmade = [b for b in world.server.bans
              if key(b) == (row["jail"], row["ident"]) and not any(
                  verb == "ban" and not e["restored"] for _, verb, e in b.events)]
    end, seconds = now["ended_us"], row["seconds"]
    return bool(unmade) and dict(now, nth=0, ended_us=0, ended_why=0) == dict(
        row, nth=0, ended_us=0, ended_why=0) and {
            row["ended_why"], now["ended_why"]} <= {None, "inferred"} and (
        end is None or seconds is not None and end == row["since_us"]
        + seconds * SECOND or any(near(end, b.logged_us) for b in unmade)
        or any(end in Known(b, world).begun for b in world.server.bans
               if key(b) == (row["jail"], row["ident"]))
        or any(near(end, at) for jail, at, _ in world.flushes
               if jail == row["jail"]))


def unseen(world, rows):
    """The bans that the rows lack, as fewer rows than bans have their second."""
    seconds = collections.defaultdict(list)
    for ban in world.server.bans:
        seconds[(*key(ban), ban.tob)].append(ban)
    for row in rows:
        same = seconds[row["jail"], row["ident"], row["timeofban"]]
        if same:
            same.pop()
    return [ban for bans in seconds.values() for ban in bans]


def log(world, rows):
    """Replay the log into the archive, and compare."""
    path = world.folder + "/fail2ban.log"
    with open(path, "w") as f:
        f.write("\n".join(world.server.log) + "\n")
    go_on(world)
    world.main.run("replay", path)
    after = world.main.rows()
    untold = [b for b in world.server.bans if not Known(b, world).certain]
    added = list(after)
    for row in rows:
        # An untold ban of the same second may have come before it.
        same = [r for r in added if all(r[k] == row[k] for k in (
            "jail", "ident", "since_us"))]
        now = next((r for r in same if dict(r, nth=0) == dict(row, nth=0)),
                   next((r for r in same if r["nth"] == row["nth"]), None))
        if now:
            added.remove(now)
        if now is None:
            yield "removed: %s" % shown(row)
        elif dict(now, nth=0) != dict(row, nth=0) and not moved(
                world, row, now) and not (
                row["ended_us"] is None and now["ended_why"] == "inferred"
                and dict(now, nth=row["nth"], ended_us=None, ended_why=None) == row
                and any(
                    near(now["ended_us"], b.made, 20000) or now["ended_us"] ==
                    b.tob * SECOND for b in untold
                    if key(b) == (row["jail"], row["ident"]))):
            yield "changed: %s: %s" % (shown(row), ", ".join(
                "%s %r -> %r" % (k, row[k], now[k]) for k in row
                if row[k] != now[k]))
    unknown = [b for b in world.server.bans if not Known(b, world).possible]
    lacking = unseen(world, rows)
    maybe = [b for b in world.server.bans if Known(b, world).possible
             and (b in lacking or not Known(b, world).certain)]
    either = set()
    for row in added:
        for ban in unknown + maybe:
            if key(ban) == (row["jail"], row["ident"]) and (
                    ban.tob * SECOND - 2 * SECOND <= row["since_us"]
                    <= ban.logged_us + NEAR or by_failure(world, ban, row)):
                (unknown if ban in unknown else maybe).remove(ban)
                either.add((*key(ban), ban.tob))
                break
        else:
            yield "added: %s" % shown(row)
    for ban in unknown:
        again = any(b is not ban and key(b) == key(ban) and int(float(b.text))
                    == int(float(ban.text)) for b in world.server.bans)
        if not again and (*key(ban), ban.tob) not in either:
            yield "left: %s" % ban


class Order:
    """Fresh archives from the same sources in other orders. A source is a file; a
    group of files is read by one command."""

    def __init__(self, world, dice, tools):
        self.world, self.dice, self.tools, self.n = world, dice, tools, 0
        self.events = [self.file("event-%d" % n, words(event))
                       for n, event in enumerate(world.events)]
        self.lines = [line + "\n" for line in world.server.log]
        self.whole = self.log("whole", self.lines)

    def file(self, name, content):
        path = "%s/%s" % (self.world.folder, name)
        with open(path, "wb") as f:
            f.write(content)
        return path

    def log(self, name, lines):
        name += "" if ".log" in name else ".log"
        return [self.file(name, "".join(lines).encode())]

    def archive(self, *groups):
        self.n += 1
        fresh = Program(*self.tools, "%s/fresh-%d" % (self.world.folder, self.n),
                        clock=self.world.clock)
        for group in groups:
            if group:
                fresh.run("replay", *group)
        return fresh.rows()

    def among(self, *groups):
        """The groups in any order, the events in any order before, between and
        after them."""
        events, groups = list(self.events), list(groups)
        self.dice.shuffle(events)
        self.dice.shuffle(groups)
        cuts = sorted(self.dice.randrange(len(events) + 1) for _ in groups)
        out = [events[:cuts[0]]]
        for group, cut, end in zip(groups, cuts, (*cuts[1:], len(events))):
            out += [group, events[cut:end]]
        return self.archive(*out)

    def pieces(self):
        """The log cut anywhere, for one command; or at a start of the server. Where
        the clock was set back, the pieces of one command are a rotation whose first
        stamps show its order, and no other piece has stamps of the one before it."""
        stamps = [line[:STAMP] for line in self.lines]
        clocks = self.world.kind == "clocks"
        cuts = [n for n in range(1, len(stamps))
                if not clocks or stamps[n] > stamps[0]]
        anywhere = None
        if cuts:
            cut = self.dice.choice(cuts)
            names = ("cut", "cut.log.1") if clocks else ("late", "early")
            anywhere = self.log(names[0], self.lines[cut:]) + self.log(
                names[1], self.lines[:cut])
        starts = [n for n, line in enumerate(self.lines)
                  if n and "Starting Fail2ban" in line
                  and max(stamps[:n]) <= min(stamps[n:])]
        if not starts:
            return anywhere, None
        cut = self.dice.choice(starts)
        return anywhere, (self.log("first", self.lines[:cut]),
                          self.log("second", self.lines[cut:]))

    def trials(self):
        """Yield a name, and two results that must be the same."""
        straight = self.archive(self.events, self.whole)
        yield "events around the log", straight, self.among(self.whole)
        anywhere, starts = self.pieces()
        if anywhere:
            yield "pieces in one command", straight, self.among(anywhere)
        if starts:
            yield "pieces that begin with a start", straight, self.among(*starts)
        export = [self.file("export", self.world.main.run("export").encode())]
        yield ("events, log and export", self.archive(self.events, self.whole, export),
               self.among(self.whole, export))


def order(world, dice, tools):
    if not world.events:
        return
    go_on(world)
    for name, a, b in Order(world, dice, tools).trials():
        if a != b:
            yield "%s: %s" % (name, "; ".join(
                "%s %s" % (sign, shown(r)) for sign, of, other in (
                    ("-", a, b), ("+", b, a)) for r in of if r not in other))
