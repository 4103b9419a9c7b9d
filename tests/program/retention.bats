#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# retention_days removes old bans and must not remove others: by default a ban
# stays for good.

load ../lib/server
load ../lib/old_bans

reconcile_keeping() {
	config "fail2ban_database = \"$lab/fail2ban.sqlite3\";" \
	    "retention_days = $1;"
	archive reconcile
}

@test "by default an ended ban stays for good" {
	database ''
	ban 192.0.2.1 3000
	archived_before 2000
	reconcile_keeping 0
	look 'len(rows()) == 1'
}

@test "retention removes what ended and was archived before, with its lines" {
	database ''
	config 'evidence = "tag";'
	ban 192.0.2.1 40 --matches <<<'one line'
	ban 192.0.2.2 20 --matches <<<'another line'
	archived_before 35
	ban 192.0.2.3 0 --matches <<<'the last line'
	reconcile_keeping 30
	look '[r["ident"] for r in rows()] == ["192.0.2.2", "192.0.2.3"]'
	[ "$(sqlite3 "$lab/archive/archive.sqlite3" \
	    'SELECT count(*) FROM evidence')" -eq 2 ]
}

@test "retention counts from the archiving where that came later" {
	database ''
	ban 192.0.2.1 400
	ban 192.0.2.2 0
	reconcile_keeping 30
	look 'len(rows()) == 2'
}

@test "retention removes no ban that lives" {
	database ''
	archive ban --jail sshd --id 192.0.2.1 --bantime -1 --restored 0 \
	    --time "$((EPOCHSECONDS - 900 * day)).0"
	archived_before 800
	ban 192.0.2.2 0
	reconcile_keeping 30
	look 'len(rows()) == 2'
}

@test "retention counts from the newest ban where the clock runs ahead" {
	database ''
	ban 192.0.2.1 910
	ban 192.0.2.2 900
	archived_before 905
	reconcile_keeping 30
	look 'len(rows()) == 2'
}

@test "what retention removed, reconcile does not bring back" {
	local old=$((EPOCHSECONDS - 40 * day))
	database "INSERT INTO bans VALUES('sshd', '192.0.2.1', $old, 600, 1, '{}')"
	config "fail2ban_database = \"$lab/fail2ban.sqlite3\";" 'backfill = 0;'
	archive reconcile
	look 'len(rows()) == 1'
	archived_before 35
	ban 192.0.2.2 0
	reconcile_keeping 30
	look '[r["ident"] for r in rows()] == ["192.0.2.2"]'
	sqlite3 "$lab/fail2ban.sqlite3" \
	    "UPDATE bans SET data = '{}'; VACUUM"
	reconcile_keeping 30
	look '[r["ident"] for r in rows()] == ["192.0.2.2"]'
}

@test "rev counts on though the newest change was removed" {
	database ''
	ban 192.0.2.2 0
	ban 192.0.2.1 40
	archived_before 35
	local before
	before=$(archive export | sed 's/.*"rev":\([0-9]*\)}/\1/' | sort -n |
	    tail -n 1)
	reconcile_keeping 30
	ban 192.0.2.3 0
	look "max(r['rev'] for r in rows()) > $before"
}

# reads_all: the next reconcile reads all of fail2ban's database.
reads_all() {
	sqlite3 "$lab/archive/archive.sqlite3" 'UPDATE source SET full_us = 0'
}

remembered() {
	sqlite3 "$lab/archive/archive.sqlite3" 'SELECT count(*) FROM removed'
}

# reconciles_until EXPRESSION: reconcile, and look whether it is true.
reconciles_until() {
	archive reconcile >"$lab/out"
	look "$1" 2>"$lab/out"
}

@test "a permanent ban that fail2ban restores no more does not come back to life" {
	jail perm bantime=-1
	server_start
	client set perm banip 192.0.2.1 192.0.2.2
	soon 'len(rows()) == 2'
	archive reconcile
	server_stop
	jail perm bantime=-1 ignoreip=192.0.2.1
	server_start
	soon 'row("perm", "192.0.2.2")["restored"] == 1'
	wait_for 20 reconciles_until \
	    'row("perm", "192.0.2.1")["ended_why"] == "inferred"'
	sqlite3 "$lab/archive/archive.sqlite3" "
	    UPDATE ban SET added_us = added_us - 40 * $day * 1000000,
	        ended_us = ended_us - 35 * $day * 1000000
	    WHERE ended_why = 'inferred'"
	client set perm banip 192.0.2.3
	soon 'len(rows()) == 3'
	config 'retention_days = 30;'
	archive reconcile
	look '[r["ident"] for r in rows()] == ["192.0.2.2", "192.0.2.3"]'
	reads_all
	client set perm banip 192.0.2.4
	soon 'len(rows()) == 3'
	archive reconcile
	look '[r["ident"] for r in rows()] ==
	    ["192.0.2.2", "192.0.2.3", "192.0.2.4"]'
	look '"192.0.2.1" in [r["ip"] for r in bips()]'
	# It is remembered just as long as its row stands.
	[ "$(remembered)" -eq 1 ]
	sqlite3 "$lab/fail2ban.sqlite3" \
	    "DELETE FROM bips WHERE ip = '192.0.2.1';
	    DELETE FROM bans WHERE ip = '192.0.2.1'"
	reads_all
	archive reconcile
	[ "$(remembered)" -eq 0 ]
	# A new ban of the id is a ban like any other.
	jail perm bantime=-1
	client reload perm
	client set perm banip 192.0.2.1
	soon 'row("perm", "192.0.2.1")["ended_why"] is None'
}

@test "a ban that dbpurgeage keeps for years does not come back" {
	local old=$((EPOCHSECONDS - 40 * day))
	database "INSERT INTO bans VALUES('sshd', '192.0.2.1', $old, 600, 1, '{}')"
	config 'backfill = 0;'
	archive reconcile
	archived_before 35
	ban 192.0.2.2 0
	reconcile_keeping 30
	look '[r["ident"] for r in rows()] == ["192.0.2.2"]'
	# Retention is shorter now than it was then.
	reads_all
	sqlite3 "$lab/fail2ban.sqlite3" "UPDATE bans SET bancount = 2"
	config 'retention_days = 300;' 'backfill = 0;'
	archive reconcile
	look '[r["ident"] for r in rows()] == ["192.0.2.2"]'
}

# turns: how often a reconcile takes the archive's lock.
turns() {
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 \
	    strace -f -qq -y -o "$lab/trace" -e trace=flock \
	    "$program" -c "$lab/archive.cfg" reconcile >"$lab/out"
	grep -c 'archive.sqlite3.write>, LOCK_EX' "$lab/trace"
}

@test "events get in between while retention removes many bans" {
	database ''
	"$python" - $((EPOCHSECONDS - 90 * day)) >"$lab/old.jsonl" <<-'END'
		import json, sys
		for n in range(1500):
		    since = (int(sys.argv[1]) + n) * 1000000
		    print(json.dumps({"jail": "sshd", "ident": "2001:db8::%x" % n,
		        "since_us": since, "seconds": 600, "ended_why": "expired",
		        "ended_us": since + 600000000}))
	END
	archive replay "$lab/old.jsonl"
	archive reconcile
	local without with
	without=$(turns)
	config 'retention_days = 60;'
	# Once a day it looks for what is left of ids without bans.
	archive reconcile
	# All were archived today: there is nothing to remove, nor to lock for.
	with=$(turns)
	[ "$with" -eq "$without" ]
	archived_before 61
	ban 192.0.2.2 0
	with=$(turns)
	echo "$with turns, without retention $without" >&2
	[ "$with" -ge $((without + 7)) ]
	look '[r["ident"] for r in rows()] == ["192.0.2.2"]'
}

@test "the proven time of an archive of before begins with its last run" {
	local db=$lab/archive/archive.sqlite3 version
	local last=$((EPOCHSECONDS - 2 * day))000000
	local ahead=$((EPOCHSECONDS + 4000 * day))000000
	mkdir -m 700 "$lab/archive"
	sqlite3 "$db" 'PRAGMA journal_mode = WAL' >"$lab/out"
	for version in 1 2 3; do
		sqlite3 "$db" <"$root/helper/archive/sql/$version.sql"
	done
	# The clock ran ahead in the second run.
	sqlite3 "$db" "PRAGMA application_id = 1177698881;
	    PRAGMA user_version = 3;
	    INSERT INTO run (kind, state, started_us, finished_us) VALUES
	        ('reconcile', 'completed', $last, $last),
	        ('reconcile', 'completed', $ahead, $ahead)"
	chmod 600 "$db"*
	database ''
	archive reconcile
	[ "$(sqlite3 "$db" "SELECT value FROM meta WHERE key = 'proven'")" -eq "$last" ]
}

# The ban that began first was archived long ago, and no other one.
first_is_old() {
	sqlite3 "$lab/archive/archive.sqlite3" "
	    UPDATE ban SET added_us = added_us - 40 * $day * 1000000
	    WHERE since_us = (SELECT min(since_us) FROM ban)"
}

# logged_at DAYS TIME VERB: a line of fail2ban's log, so many days ago.
logged_at() {
	printf '%s %s,000 fail2ban.actions [7]: NOTICE  [sshd] %s 192.0.2.1\n' \
	    "$(date -d "-$1 days" +%F)" "$2" "$3"
}

@test "retention removes the lines of a log with their ban, and no others" {
	database ''
	local days
	for days in 90 88; do
		logged_at $days 10:00:01 Ban
		logged_at $days 10:00:09 Unban
	done >"$lab/old.log"
	archive replay "$lab/old.log"
	look 'len(rows()) == 2'
	first_is_old
	ban 192.0.2.2 0
	reconcile_keeping 30
	look '[r["ident"] for r in rows()] == ["192.0.2.1", "192.0.2.2"]'
	[ "$(sqlite3 "$lab/archive/archive.sqlite3" \
	    'SELECT count(*) FROM line')" -eq 2 ]
	# The line that comes for the id brings back no removed ban.
	logged_at 80 10:00:01 Ban >"$lab/new.log"
	archive replay "$lab/new.log"
	look 'len([r for r in rows() if r["ident"] == "192.0.2.1"]) == 2'
}

@test "retention of a ban that ended when the next one began keeps the line of the next" {
	database ''
	# Nobody knows how long the first one was, and no unban was logged.
	logged_at 90 10:00:01 Ban >"$lab/old.log"
	logged_at 88 10:00:01 Ban >>"$lab/old.log"
	archive replay "$lab/old.log"
	look '[r["ended_us"] for r in rows()][0] == rows()[1]["since_us"]'
	first_is_old
	ban 192.0.2.2 0
	reconcile_keeping 30
	look '[r["ident"] for r in rows()] == ["192.0.2.1", "192.0.2.2"]'
	# The line of the next one is needed when another line comes.
	logged_at 80 10:00:01 Ban >"$lab/new.log"
	archive replay "$lab/new.log"
	look '[r["ended_us"] for r in rows() if r["ident"] == "192.0.2.1"] ==
	    [rows()[1]["since_us"], None]'
}
