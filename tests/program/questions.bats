#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How a reconcile finds the bans that have ended, and how often it asks the server:
# beside a program that answers as fail2ban would, and counts the questions.

load ../lib/server

setup() {
	lab_setup
	command sqlite3 "$lab/fail2ban.sqlite3" <"$root/tests/lib/fail2ban.sql"
	db=$lab/archive/archive.sqlite3
}

# a_server JAILS: a server that has these bans, as has takes them.
a_server() {
	has "$1"
	: >"$lab/questions"
	in_background "$python" "$root/tests/lib/answering_server.py" \
	    "$lab/run/sock" "$lab/jails" "$lab/questions"
	server=$!
	wait_for 5 test -S "$lab/run/sock"
}

# has JAILS: the server now has these bans, '{"sshd": ["192.0.2.1"]}'. has none: it
# says nothing that can be understood.
has() {
	rm -f "$lab/jails"
	[ "$1" = none ] || echo "$1" >"$lab/jails"
}

# asked N [QUESTION]: since the last call the server was asked N times, that
# question or for the bans of a jail.
asked() {
	local n
	n=$(grep -cE "${2:-banip}" "$lab/questions" || true)
	[ "$n" -eq "$1" ] || {
		echo "asked $n times, not $1:" >&2
		cat "$lab/questions" >&2
		return 1
	}
	: >"$lab/questions"
}

# their_ban JAIL ID SECONDS: fail2ban's database has that ban, of the second $began.
their_ban() {
	command sqlite3 "$lab/fail2ban.sqlite3" "
		INSERT OR IGNORE INTO jails(name) VALUES('$1');
		INSERT INTO bans VALUES('$1', '$2', $began, $3, 1, '{}');
		INSERT INTO bips SELECT ip, jail, timeofban, bantime, bancount,
		    data FROM bans WHERE jail = '$1' AND ip = '$2'"
}

# their_rows_go ID: its rows are gone from fail2ban's database.
their_rows_go() {
	command sqlite3 "$lab/fail2ban.sqlite3" \
	    "DELETE FROM bans WHERE ip = '$1'; DELETE FROM bips WHERE ip = '$1'"
}

# they_write: fail2ban writes its database; no ban changes.
they_write() {
	command sqlite3 "$lab/fail2ban.sqlite3" \
	    "UPDATE jails SET enabled = 1 - enabled"
}

# bans JAIL ID SECONDS: fail2ban bans that id now: a row, and an event.
bans() {
	began=$EPOCHSECONDS
	their_ban "$@"
	archive ban --jail "$1" --id "$2" --ip "$2" --family inet4 \
	    --time "$began.25" --bantime "$3" --bancount 1 --failures 3 \
	    --restored 0
}

an_interval_passes() { wait_for 5 past $((EPOCHSECONDS + 2)); }

lives() { look 'row("sshd", "192.0.2.1")["ended_us"] is None'; }

@test "live bans of two jails that come by turns are two questions" {
	local n
	for ((n = 1; n < 40; n += 2)); do
		bans sshd "192.0.2.$n" -1
		bans web "192.0.2.$((n + 1))" -1
	done
	archive reconcile
	a_server "$("$python" -c 'import json
ids = ["192.0.2.%d" % n for n in range(1, 41)]
print(json.dumps({"sshd": ids[::2], "web": ids[1::2]}))')"
	archive reconcile
	cp "$lab/questions" "$lab/first"
	asked 2
	cp "$lab/first" "$lab/questions"
	asked 1 status
	look 'len(rows("--active")) == 40'
	# The answers are noted: there is no doubt any more.
	they_write
	archive reconcile
	asked 0 .
}

@test "a ban that neither a row nor the server shows has ended" {
	config 'lock_deadline = 1;'
	archive reconcile
	a_server '{"sshd": []}'
	began=$EPOCHSECONDS
	their_ban sshd 192.0.2.1 -1
	flock "$db.write" "$program" -c "$lab/archive.cfg" ban --jail sshd \
	    --id 192.0.2.1 --ip 192.0.2.1 --family inet4 \
	    --time "$began.25" --bantime -1 --bancount 1 --failures 3 \
	    --restored 0
	look 'len(spooled()) == 1'
	# Then it is unbanned, and the unban command is killed.
	their_rows_go 192.0.2.1
	archive reconcile
	asked 1
	look 'row("sshd", "192.0.2.1")["ended_why"] == "manual"'
}

@test "the server is asked before rows that are gone end a ban, and after" {
	a_server '{"sshd": ["192.0.2.1"]}'
	bans sshd 192.0.2.1 -1
	archive reconcile
	asked 0 .
	their_rows_go 192.0.2.1
	archive reconcile
	asked 1
	lives
	# Nothing changes, but the doubt stays.
	archive reconcile
	asked 1
	lives
	has '{"sshd": []}'
	archive reconcile
	asked 1
	look 'row("sshd", "192.0.2.1")["ended_why"] == "manual"'
	archive reconcile
	asked 0 .
}

@test "rows that come back leave no doubt" {
	a_server '{"sshd": ["192.0.2.1"]}'
	bans sshd 192.0.2.1 -1
	archive reconcile
	their_rows_go 192.0.2.1
	archive reconcile
	their_ban sshd 192.0.2.1 -1
	archive reconcile
	asked 2
	they_write
	archive reconcile
	asked 0 .
	lives
}

@test "a server that does not answer may have a ban whose rows are gone" {
	a_server '{"sshd": ["192.0.2.1"]}'
	bans sshd 192.0.2.1 600
	archive reconcile
	their_rows_go 192.0.2.1
	has none
	archive reconcile
	lives
	has '{"sshd": []}'
	archive reconcile
	look 'row("sshd", "192.0.2.1")["ended_why"] == "manual"'
}

@test "a jail's name with a comma and a blank hides no other jail" {
	a_server '{"a, b": [], "sshd": ["192.0.2.1"]}'
	bans sshd 192.0.2.1 600
	bans web 192.0.2.2 600
	bans 'a, b' 192.0.2.3 600
	archive reconcile
	their_rows_go 192.0.2.1
	their_rows_go 192.0.2.2
	their_rows_go 192.0.2.3
	archive reconcile
	asked 3
	look '{r["jail"]: r["ended_why"] for r in rows()} ==
	    {"sshd": None, "web": "manual", "a, b": "manual"}'
}

@test "a server that was killed has no ban" {
	a_server '{"sshd": ["192.0.2.1"]}'
	bans sshd 192.0.2.1 600
	archive reconcile
	kill -KILL "$server"
	wait "$server" 2>/dev/null || true
	their_rows_go 192.0.2.1
	test -S "$lab/run/sock"
	archive reconcile
	look 'row("sshd", "192.0.2.1")["ended_why"] == "manual"'
}

@test "a ban that is overdue lives while the server has it" {
	a_server '{"sshd": ["192.0.2.1", "192.0.2.2"]}'
	archive reconcile
	bans sshd 192.0.2.1 1
	bans sshd 192.0.2.2 1
	wait_for 9 past $((EPOCHSECONDS + 4))
	archive reconcile
	asked 1
	look 'len(rows("--active")) == 2'
	has '{"sshd": ["192.0.2.2"]}'
	archive reconcile
	asked 1
	look '[(r["ended_why"], r["ended_us"]) for r in rows()] ==
	    [("inferred", rows()[0]["since_us"] + 1000000), (None, None)]'
}

@test "the bans of a jail that was stopped for two runs live when it is back" {
	a_server '{"sshd": ["192.0.2.1"], "web": ["s1", "s2", "s3"]}'
	bans sshd 192.0.2.1 -1
	bans web s1 -1
	bans web s2 600
	bans web s3 600
	archive reconcile
	has '{"sshd": ["192.0.2.1"]}'
	# A ban's time may be ahead of its event, and the flush comes after both.
	wait_for 5 past $((began + 1))
	archive flush --jail web --family None
	archive reconcile
	look '[r["ended_us"] for r in rows()] == [None] * 4'
	look '[r["jail"] for r in rows("--active")] == ["sshd"]'
	an_interval_passes
	archive reconcile
	look '[r["ended_why"] for r in rows() if r["jail"] == "web"] ==
	    ["inferred"] * 3'
	asked 0
	# No restored event comes: fail2ban runs no command for such bans.
	has '{"sshd": ["192.0.2.1"], "web": ["s1", "s2"]}'
	they_write
	archive reconcile
	asked 1
	look '[r["ended_why"] for r in rows() if r["jail"] == "web"] ==
	    [None, None, "inferred"]'
	an_interval_passes
	archive reconcile
	they_write
	: >"$lab/questions"
	archive reconcile
	asked 0 .
	look '[r["ended_why"] for r in rows() if r["jail"] == "web"] ==
	    [None, None, "inferred"]'
	look '[r["ended_us"] for r in rows() if r["jail"] == "sshd"] == [None]'
}

@test "a ban that a start of the server left out lives when another has it" {
	a_server '{"web": ["s1"]}'
	bans web s1 -1
	archive reconcile
	kill "$server"
	rm "$lab/run/sock"
	a_server '{"web": []}'
	archive reconcile
	an_interval_passes
	archive reconcile
	look 'row("web", "s1")["ended_why"] == "inferred"'
	kill "$server"
	rm "$lab/run/sock"
	a_server '{"web": ["s1"]}'
	archive reconcile
	asked 1
	look 'row("web", "s1")["ended_us"] is None'
}

@test "a flush is found under later ones, however late the run" {
	a_server '{"sshd": []}'
	archive reconcile
	local seconds=$((3 * slowness))
	bans sshd 192.0.2.1 "$seconds"
	archive reconcile
	their_rows_go 192.0.2.1
	archive flush --jail sshd --family inet4
	local flushed=$EPOCHREALTIME
	# The ban time is up when the run looks.
	wait_for 9 past $((began + seconds + 2))
	archive flush --jail sshd --family inet4
	archive reconcile
	look 'ended("sshd", "192.0.2.1", "flushed", about=float(at) - 0.5)' \
	    "at=$flushed"
}

@test "reban --live asks once which jails there are, and four questions about each" {
	began=$((EPOCHSECONDS - 60))
	for jail in sshd web mail; do their_ban $jail 192.0.2.1 6000; done
	archive reconcile
	a_server '{"sshd": [], "web": [], "mail": []}'
	archive reban --live --dry-run >"$lab/out"
	[ "$(grep -c 192.0.2.1 "$lab/out")" -eq 3 ]
	[ "$(grep -cx status "$lab/questions")" -eq 1 ]
	[ "$(wc -l <"$lab/questions")" -eq 13 ]
}
