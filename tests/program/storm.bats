#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A crowd of events comes while everything runs that can be in their way. In the
# end each is there once, even if it was killed or locked out. SOAK=1 in the
# environment takes the crowd in full.

load ../lib/server

setup() {
	lab_setup
	loops=()
}

# A loop that is not over would start another program.
teardown() {
	over
	lab_teardown
}

# loop COMMAND...: run the command again and again until over; note a failure.
loop() {
	local name=$1
	(
		while [ ! -e "$lab/over" ]; do
			"$@" >>"$lab/$name.out" 2>&1 || echo "$name: $?" >>"$lab/failed"
			echo >>"$lab/$name.rounds"
		done
	) </dev/null 3>&- &
	loops+=("$!")
}

over() {
	local pid
	: >"$lab/over"
	for pid in "${loops[@]}"; do wait "$pid" || true; done
	loops=()
}

rounds() { cat "$lab/$1.rounds" 2>/dev/null | wc -l; }

# For a reader that takes its time, three seconds of it: as long as export waits
# for it, it has the archive open.
slow_export() {
	archive export | "$python" -c 'import json, sys, time
until = time.monotonic() + 3
for line in sys.stdin.buffer:
    json.loads(line)
    if time.monotonic() < until:
        time.sleep(0.001)'
	[ "${PIPESTATUS[*]}" = '0 0' ]
}

# A copy of the archive is a whole one.
copy() {
	rm -f "$lab/copy"
	archive backup "$lab/copy" && [ "$(sqlite3 -readonly "$lab/copy" 'PRAGMA integrity_check')" = ok ]
}

# plan PROCESSES EVENTS: write the events of each process, "ID TIME" a line, to
# plan/N. fail2ban's database has every other of these bans already.
plan() {
	mkdir "$lab/plan"
	sqlite3 "$lab/fail2ban.sqlite3" <"$root/tests/lib/fail2ban.sql"
	"$python" - "$lab" "$1" "$2" <<-'END'
		import sqlite3, sys, time
		lab, processes, events = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
		db = sqlite3.connect(lab + "/fail2ban.sqlite3")
		now = int(time.time()) - 600
		for p in range(processes):
		    with open("%s/plan/%d" % (lab, p), "w") as f:
		        for n in range(events):
		            at = "%d.%06d" % (now + n, (p * 7919 + n) % 1000000)
		            ip = "2001:db8::%x:%x" % (p, n)
		            f.write("%s %s\n" % (ip, at))
		            if n % 2 == 0:
		                db.execute("INSERT INTO bans VALUES"
		                    "('sshd', ?, ?, 86400, 1, ?)",
		                    (ip, int(round(float(at))),
		                    b'{"matches": ["a line"], "failures": 3}'))
		db.commit()
	END
}

# play N: send the events of plan/N one after another; taken gets a line for each.
play() {
	local id at start
	while read -r id at; do
		start=${EPOCHREALTIME/./}
		"$event_program" -c "$lab/archive.cfg" ban --jail sshd --id "$id" \
		    --ip "$id" --family inet6 \
		    --time "$at" --bantime 86400 --bancount 1 --failures 3 \
		    --restored 0 2>>"$lab/said" || echo "ban: $?" >>"$lab/failed"
		echo "$start $((${EPOCHREALTIME/./} - start)) 0" >>"$lab/taken"
	done <"$lab/plan/$1"
}

@test "events of a crowd of processes at once are all archived, once each" {
	local n processes=64 events=20 pids=()
	[ "${SOAK:-0}" = 1 ] && events=200
	[ "$slow_build" -eq 1 ] || processes=16
	plan "$processes" "$events"
	config "run_deadline = $((60 * slowness));"
	: >"$lab/failed"
	archive reconcile
	local start=${EPOCHREALTIME/./}
	for ((n = 0; n < processes; n++)); do
		play "$n" 3>&- &
		pids+=($!)
		started+=($!)
	done
	loop archive reconcile
	loop slow_export
	loop copy
	for n in "${pids[@]}"; do wait "$n"; done
	local took=$((${EPOCHREALTIME/./} - start))
	over
	archive reconcile
	look 'len(rows()) == len({r["ident"] for r in rows()}) == int(n)' \
	    "n=$((processes * events))"
	look 'spooled() == []'
	look 'all(same(r, {"failures": 3, "seconds": 86400, "ended_us": None,
	    "seen": ["event"] + ["database"] * (int(r["ident"].split(":")[-1], 16)
	    % 2 == 0)}) for r in rows())'
	diff "$lab/failed" - </dev/null
	{
		echo "# $((processes * events)) events of $processes processes" \
		    "in $((took / 1000)) ms, beside $(rounds archive)" \
		    "reconciles, $(rounds slow_export) exports," \
		    "$(rounds copy) backups"
		echo "# $(figure '"an event took %.3f s, the worst %.3f s; %d of "
		    "them went through the spool" % (taken()[len(taken()) // 2],
		    taken()[-1], sum(r["spooled"] or 0 for r in runs()))')"
	} >&3
}

# locks_archive SECONDS: for one half of them as the program itself locks it,
# for the other as a curious one does.
locks_archive() {
	in_background "$python" -c 'import fcntl, sqlite3, sys, time
path, seconds = sys.argv[1], float(sys.argv[2])
files = [open(path + end, "r+") for end in (".gate", ".write")]
db = sqlite3.connect(path, isolation_level=None, timeout=30)
for f in files:
    fcntl.flock(f, fcntl.LOCK_EX)
time.sleep(seconds / 2)
db.execute("BEGIN IMMEDIATE")
for f in files:
    f.close()
time.sleep(seconds / 2)
db.execute("ROLLBACK")
db.close()' "$lab/archive/archive.sqlite3" "$1"
	locker=$!
}

# ids PREFIX FIRST LAST: print the ids, one a line, with hexadecimal numbers.
ids() { seq "$2" "$3" | xargs printf "$1%x\n"; }

# burst FIRST LAST: make that many bans from the log, as many by hand, and a short
# one for every tenth of them.
burst() {
	local n
	for ((n = $1; n <= $2; n++)); do
		fails log "auth failure user=x from $(printf 2001:db8:1::%x "$n")"
		((n % 10 != 0)) ||
		    fails short "auth failure user=x from 192.0.2.$((n / 10))"
	done
	ids 2001:db8:2:: "$1" "$2" | xargs -n 50 fail2ban-client -c "$lab/etc" \
	    -s "$lab/run/sock" set hand banip >/dev/null
}

# lifted FIRST LAST: unban these ids by hand.
lifted() {
	local lift
	mapfile -t lift < <(ids 2001:db8:2:: "$1" "$2")
	client set hand unbanip "${lift[@]}" >/dev/null
}

# same_counts EXPRESSION EXPRESSION: both have the same items, each equally often.
same_counts() {
	soon "__import__('collections').Counter($1) ==
	    __import__('collections').Counter($2)"
}

@test "a burst of bans with the helper killed and the archive locked is all there" {
	local part=$((60 / slow_build)) locked=5 n
	[ "${SOAK:-0}" = 1 ] && part=600 locked=30
	"${CC:-cc}" -O1 -D_DEFAULT_SOURCE -o "$lab/killer" \
	    "$root/tests/lib/killer.c"
	cat >"$lab/helper" <<-END
		#!/bin/sh
		exec "$lab/killer" ${SEED:-1} 20 "$lab/taken" "$event_program" "\$@"
	END
	config "run_deadline = $((60 * slowness));"
	jail hand
	jail log
	jail short "bantime=$briefly"
	server_start
	archive_in_background reconcile --every 1
	local reconcile=$!

	burst 1 "$part"
	soon 'len(ban_lines("log")) == int(n)' "n=$part"
	# fail2ban deletes the rows of a ban that is lifted: all are archived first.
	same_counts '(r["ident"] for r in rows())' '(l[2] for l in ban_lines())'
	lifted 1 10
	locks_archive "$locked"
	lifted 11 20
	burst $((part + 1)) $((2 * part))
	burst $((2 * part + 1)) $((3 * part))
	wait "$locker"
	burst $((3 * part + 1)) $((4 * part))
	lifted 21 30
	# One address once more, after its time.
	fails short 'auth failure user=again from 192.0.2.1'
	soon '[l[2] for l in ban_lines("short")].count("192.0.2.1") == 2'
	soon 'len(ban_lines("log")) == 4 * int(n)' "n=$part"
	same_counts '(l[2] for l in ban_lines("short"))' \
	    '(l[2] for l in ban_lines("short", "Unban"))'

	# The archive is what fail2ban's log says.
	same_counts '(r["ident"] for r in rows() if r["ended_why"])' \
	    '(l[2] for l in ban_lines(verb="Unban"))'
	kill -TERM "$reconcile"
	wait "$reconcile"
	archive reconcile
	archive reconcile
	look 'spooled() == []'
	same_counts '((r["jail"], r["ident"]) for r in rows())' \
	    '(l[1:] for l in ban_lines())'
	same_counts '((r["jail"], r["ident"]) for r in rows() if r["ended_why"])' \
	    '(l[1:] for l in ban_lines(verb="Unban"))'
	look 'all(r["ended_why"] in {"hand": ["manual"],
	    "short": ["expired", "inferred"]}[r["jail"]]
	    for r in rows() if r["ended_why"])'
	look 'all(same(r, {"seconds": int(s) if r["jail"] == "short" else 600,
	    "failures": int(r["jail"] != "hand"), "restored": 0,
	    "origin": "manual" if r["jail"] == "hand" else "log"})
	    for r in rows())' "s=$briefly"

	# fail2ban's own database agrees; it has lost only the lifted bans.
	same_counts '((b["jail"], b["ip"]) for b in bans())' \
	    '(l[1:] for l in ban_lines()
	    if l[1:] not in [u[1:] for u in ban_lines("hand", "Unban")])'
	look '"database is locked" not in log() and
	    log().count(" -- killed with SIGKILL") == killed() > 0'
	look 'all(re.search(" -- (exec|stderr|killed with SIGKILL)|"
	    "Failed to execute (un)?ban jail", line)
	    for line in log().split("\n") if "ERROR" in line)'

	# One event waited for the lock, and those after it did not.
	echo "# $(figure '"%d bans, %d calls of the helper, %d killed, %d events "
	    "through the spool; a call took %.1f ms, the worst %.1f ms, %d over "
	    "250 ms" % (len(ban_lines()), len(taken()), killed(),
	    sum(r["spooled"] or 0 for r in runs()), 1e3 * taken()[len(taken())
	    // 2], 1e3 * taken()[-1], len([t for t in taken() if t > 0.25]))')" \
	    "(SEED=${SEED:-1})" >&3
	look 'taken()[-1] < 0.5 + float(more)' "more=$slowness"
	look 'len([t for t in taken() if t >= 0.5]) <= 3'
	look 'taken()[-len(taken()) // 50] < 0.25 * float(more)' "more=$slowness"
}
