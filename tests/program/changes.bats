#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# export --after gives what is new, changed or gone, and misses nothing: a copy
# that follows it is the archive.

load ../lib/server
load ../lib/archives

day=86400

setup() {
	lab_setup
	db=$lab/archive/archive.sqlite3
	command sqlite3 "$lab/fail2ban.sqlite3" <"$root/tests/lib/fail2ban.sql"
	t0="2026-11-01 10:00"
}

# ev VERB ID TIME: an event of a ban of ten minutes.
ev() {
	"$event_program" -c "$lab/archive.cfg" "$1" --jail sshd --id "$2" \
	    --time "$3" --bantime 600 --bancount 1 --failures 3 --restored 0
}

# line TIME TEXT: as fail2ban writes it in its log.
line() { printf '%-24s%-24s[1]: NOTICE  %s\n' "$1" fail2ban.actions "$2"; }

follow() { "$python" "$root/tests/lib/follow.py" "$lab/copy" "$@"; }

# is_copy: what follow has gathered is the archive.
is_copy() {
	diff <(jq -cS '.bans[]' "$lab/copy" | sort) \
	    <(archive export | jq -cS . | sort) >"$lab/differs" || {
		head -n 4 "$lab/differs" >&2
		return 1
	}
}

# is_given_once: no ban has, or had, the number of another one.
is_given_once() {
	sqlite3 "$db" 'SELECT ban FROM gone UNION ALL SELECT id FROM ban' |
		sort | uniq -d | cmp - /dev/null
}

# next: the number to go on from.
next() { archive export --after 0 | jq -r '.next // empty'; }

# expired ID DAYS: a ban that began so many days ago, and expired.
expired() {
	ev ban "$1" "$((now - $2 * day)).5"
	ev unban "$1" "$((now - $2 * day)).5"
	# Its unban comes only now.
	sqlite3 "$db" "UPDATE ban SET ended_us = since_us + 600000000
	    WHERE ended_why = 'expired'"
}

# retention DAYS: reconcile with that retention_days, when all that is archived was
# archived a year ago.
retention() {
	sqlite3 "$db" "UPDATE ban SET added_us = added_us - 365 * $day * 1000000"
	config "retention_days = $1;"
	archive reconcile >"$lab/out"
	config
}

@test "after 0 there is each ban with its number, then the number to go on from" {
	ev ban 192.0.2.1 "$EPOCHSECONDS.25"
	ev ban 192.0.2.2 "$EPOCHSECONDS.75"
	archive export --after 0 >"$lab/said"
	[ "$(jq -c '[.ident, .id, .rev, .next]' "$lab/said")" = \
	    '["192.0.2.1",1,1,null]
["192.0.2.2",2,2,null]
[null,null,null,2]' ]
	[ "$(tail -n 1 "$lab/said" | jq -r 'keys | join(" ")')" = 'after archive next' ]
	[ "$(tail -n 1 "$lab/said" | jq -r .archive)" = \
	    "$(sqlite3 "$db" "SELECT value FROM meta WHERE key = 'id'")" ]
	# Without the number they are the objects of export.
	diff <(head -n 2 "$lab/said" | jq -c 'del(.id)') <(archive export)
}

@test "only what is new, changed or gone comes after a number, each once, oldest change first" {
	local now=$EPOCHSECONDS
	ev ban 192.0.2.1 "$now.25"
	ev ban 192.0.2.2 "$now.75"
	ev ban 192.0.2.3 "$now.80"
	[ "$(follow)" = '3 0' ]
	[ "$(follow)" = '0 0' ]
	ev unban 192.0.2.2 "$now.75"
	ev ban 192.0.2.4 "$now.85"
	ev unban 192.0.2.1 "$now.25"
	[ "$(archive export --after 3 | jq -r '.ident // .next')" = \
	    $'192.0.2.2\n192.0.2.4\n192.0.2.1\n6' ]
	[ "$(follow)" = '3 0' ]
	is_copy
}

@test "a ban that is merged into another has gone" {
	line "$t0:40,000" '[sshd] Restore Ban 192.0.2.1' >"$lab/log2"
	line "$t0:10,000" '[sshd] Ban 192.0.2.1' >"$lab/log1"
	replays "$lab/log2"
	follow
	replays "$lab/log1"
	follow
	is_copy
	[ "$(sqlite3 "$db" 'SELECT count(*) FROM ban')" -eq 1 ]
}

@test "a ban that retention removes has gone, and its number is not given again" {
	local now=$EPOCHSECONDS
	ev ban 192.0.2.8 "$now.1"
	ev ban 192.0.2.1 "$((now - 50 * day)).5"
	expired 192.0.2.2 40
	# The last change is that of a ban which goes.
	expired 192.0.2.1 50
	follow
	retention 30
	# The newest number went: another ban has one beyond it.
	[ "$(archive export --after 5 | jq -c '[.id, .rev, .gone, .next]')" = \
	    $'[2,6,"pruned",null]\n[3,7,"pruned",null]\n[1,8,"merged",null]\n[4,9,null,null]\n[null,null,null,9]' ]
	follow
	is_copy
	ev ban 192.0.2.9 "$now.9"
	retention 30
	[ "$(archive export --after 9 | jq -c '[.id, .rev, .gone]')" = \
	    $'[5,10,null]\n[null,null,null]' ]
	follow
	is_copy
}

@test "what has gone is remembered as long as a ban would be, then the reader must begin anew" {
	local now=$EPOCHSECONDS
	expired 192.0.2.1 50
	expired 192.0.2.2 45
	ev ban 192.0.2.3 "$now.5"
	follow
	retention 30
	[ "$(sqlite3 "$db" 'SELECT count(*) FROM gone')" -eq 2 ]
	retention 30
	[ "$(sqlite3 "$db" 'SELECT count(*) FROM gone')" -eq 2 ]
	sqlite3 "$db" "UPDATE gone SET gone_us = gone_us - 31 * $day * 1000000"
	retention 30
	[ "$(sqlite3 "$db" 'SELECT count(*) FROM gone')" -eq 1 ]
	status 65 archive export --after 5
	says 'export all again, with --after 0'
	archive export --after 0 >"$lab/said"
	archive export --after "$(next)" | jq -e '.next' >"$lab/said"
	# The number that stays is not given again.
	ev ban 192.0.2.4 "$now.75"
	rm "$lab/copy"
	follow
	is_copy
}

@test "a reader learns that what has gone is forgotten while it reads" {
	jq -cn 'range(5000) | {jail: "sshd", ident: "2001:db8::\(.)",
	    since_us: ((1700000000 + .) * 1000000), seconds: 60}' >"$lab/bans.jsonl"
	archive replay "$lab/bans.jsonl"
	sqlite3 "$db" "INSERT INTO gone VALUES (5001, 9999, 'pruned', 1),
	    (5002, 9998, 'pruned', 1)"
	# The program waits for its reader, who has taken one line.
	archive export --after 1 2>"$lab/said" | {
		read -r _
		sqlite3 "$db" "DELETE FROM gone WHERE rev = 5001;
		    INSERT INTO meta VALUES ('forgotten_rev', 5001)"
		cat >"$lab/rest"
	} || true
	grep -q 'export all again, with --after 0' "$lab/said"
	run ! grep -q next "$lab/rest"
}

@test "a number of another archive, or one that comes yet, is refused" {
	local id
	ev ban 192.0.2.1 "$EPOCHSECONDS.5"
	id=$(sqlite3 "$db" "SELECT value FROM meta WHERE key = 'id'")
	archive export --after 1 --archive "$id"
	status 65 archive export --after 2
	says 'the newest has 1'
	archive backup "$lab/backup"
	archive restore "$lab/backup" >"$lab/out"
	status 65 archive export --after 1 --archive "$id"
	says 'export all again, with --after 0'
	rm "$lab/out"
	status 64 archive export --archive "$id"
	says '--archive: needs --after'
}

@test "changes take no filter, and no format of a list" {
	ev ban 192.0.2.1 "$EPOCHSECONDS.5"
	status 64 archive export --after 0 --jail sshd
	says '--after: takes no filter such as --jail'
	status 64 archive export --after 0 --active
	status 64 archive export --after 0 --since 7d
	status 64 archive export --follow --user root
	says '--follow: takes no filter such as --user'
	status 64 archive export --after 0 --format nft
	says 'needs --list'
	status 64 archive export --after -1
	status 64 archive export --after x
	status 0 archive export --after 0 --format jsonl
}

@test "a number of an archive of an older version stays what it was" {
	local now=$EPOCHSECONDS
	ev ban 192.0.2.1 "$now.25"
	ev ban 192.0.2.2 "$now.50"
	# As an older program leaves it; and ids may be greater than revs there.
	sqlite3 "$db" 'UPDATE ban SET id = id + 40; DROP TABLE gone; DROP TABLE counted;
	    PRAGMA user_version = 5' >"$lab/out"
	archive reconcile
	follow
	[ "$(jq -c '.bans | keys' "$lab/copy")" = '["41","42"]' ]
	ev ban 192.0.2.3 "$now.75"
	follow
	is_copy
	[ "$(jq '.bans | keys | map(tonumber) | max' "$lab/copy")" -gt 42 ]
}

@test "CSV has the columns of all kinds of lines, and a last record to go on from" {
	local now=$EPOCHSECONDS
	ev ban 192.0.2.1 "$((now - 50 * day)).5"
	expired 192.0.2.2 50
	ev ban 192.0.2.3 "$now.5"
	retention 30
	archive export --after 0 --format csv >"$lab/csv"
	# shellcheck disable=SC2016
	"$python" - "$lab/csv" <<-'END' >"$lab/got"
		import csv, json, sys
		def value(key, text):
		    if text == "":
		        return None
		    if key in ("matches", "captures", "seen"):
		        return json.loads(text)
		    return int(text) if text.lstrip("-").isdigit() else text
		for row in csv.DictReader(open(sys.argv[1], newline="")):
		    print(json.dumps({k: value(k, v) for k, v in row.items()}))
	END
	[ "$(wc -l <"$lab/got")" -eq 4 ]
	# Each line of JSON is a record: its other columns are empty.
	diff <(jq -cS 'with_entries(select(.value != null))' "$lab/got") \
	    <(archive export --after 0 | jq -cS 'with_entries(select(.value != null))')
	jq -e 'has("id") and has("rev") and has("gone") and has("next") and
	    has("archive")' "$lab/got" >"$lab/out"
	grep -q '"gone": "pruned"' "$lab/got"
}

# ------------------------------------------------------------------ --follow --

# follows WORD...: start export --follow in the background.
follows() {
	"$program" -c "$lab/archive.cfg" export --follow "$@" </dev/null \
	    >"$lab/followed" 2>"$lab/follow_err" 3>&- &
	follower=$!
	started+=("$follower")
}

has_line() { grep -q "$1" "$lab/followed"; }

has_ended() { ! kill -0 "$follower" 2>/dev/null; }

# ends_with STATUS: the follower ends by itself, or by a signal that it was sent.
ends_with() {
	local got=0
	wait_for 10 has_ended
	wait "$follower" || got=$?
	[ "$got" -eq "$1" ] || {
		echo "exit status $got" >&2
		cat "$lab/follow_err" >&2
		return 1
	}
}

@test "--follow writes all, then each change as it comes, and where to go on after each" {
	local now=$EPOCHSECONDS
	ev ban 192.0.2.1 "$now.25"
	ev ban 192.0.2.2 "$now.50"
	follows
	wait_for 10 has_line '"next":2,'
	ev unban 192.0.2.1 "$now.25"
	wait_for 10 has_line '"next":3,'
	ev ban 192.0.2.3 "$now.75"
	wait_for 10 has_line '"next":4,'
	kill -TERM "$follower"
	ends_with 0
	[ ! -s "$lab/follow_err" ]
	[ "$(jq -r '.ident // .next' "$lab/followed" | paste -sd ' ')" = \
	    '192.0.2.1 192.0.2.2 2 192.0.2.1 3 192.0.2.3 4' ]
	# What was read is what --after gives.
	diff <(jq -cs 'last | del(.after)' "$lab/followed") \
	    <(archive export --after 0 | tail -n 1 | jq -c 'del(.after)')
}

@test "--follow goes on after a number, and tells it at once" {
	ev ban 192.0.2.1 "$EPOCHSECONDS.25"
	ev ban 192.0.2.2 "$EPOCHSECONDS.50"
	follows --after 2
	wait_for 10 has_line '"next":2,'
	ev ban 192.0.2.3 "$EPOCHSECONDS.75"
	wait_for 10 has_line '"next":3,'
	kill -INT "$follower"
	ends_with 0
	[ "$(jq -r '.ident // .next' "$lab/followed" | paste -sd ' ')" = '2 192.0.2.3 3' ]
	# A number that was never given out ends it before it waits.
	status 65 archive export --follow --after 99
	status 65 archive export --follow --archive other
	says 'export all again, with --after 0'
}

@test "--follow writes CSV under one header, and documents of ECS" {
	ev ban 192.0.2.1 "$EPOCHSECONDS.25"
	follows --format csv
	wait_for 10 has_line '^,.*,1,[0-9a-f]\{32\}$'
	ev ban 192.0.2.2 "$EPOCHSECONDS.50"
	wait_for 10 has_line '^,.*,2,[0-9a-f]\{32\}$'
	kill "$follower"
	ends_with 0
	[ "$(cut -d , -f 1 "$lab/followed" | paste -sd ' ')" = 'jail sshd  sshd ' ]
	follows --format ecs
	wait_for 10 has_line '"next":2,'
	ev ban 192.0.2.3 "$EPOCHSECONDS.75"
	wait_for 10 has_line '"next":3,'
	kill "$follower"
	ends_with 0
	[ "$(jq -r '.source.ip // .event.action' "$lab/followed" | paste -sd ' ')" = \
	    '192.0.2.1 192.0.2.2 next 192.0.2.3 next' ]
}

@test "--follow ends when its reader has gone" {
	ev ban 192.0.2.1 "$EPOCHSECONDS.25"
	run --separate-stderr bash -c '"$1" -c "$2" export --follow 3>&- | head -n 1
	    exit "${PIPESTATUS[0]}"' - "$program" "$lab/archive.cfg"
	[ "$status" -eq 0 ]
	[ "$(jq -r .ident <<<"$output")" = 192.0.2.1 ]
	# shellcheck disable=SC2154 # run assigns it
	[ -z "$stderr" ]
}

# many_bans N
many_bans() {
	jq -cn "range($1)"' | {jail: "sshd", ident: "2001:db8::\(.)",
	    since_us: ((1700000000 + .) * 1000000), seconds: 60}' >"$lab/bans.jsonl"
	archive replay "$lab/bans.jsonl"
}

# waits_for_reader: the follower has written, and writes no more since the last look.
waits_for_reader() {
	local before=${written:-0}
	written=$(sed -n 's/^wchar: //p' "/proc/$follower/io")
	((written > 0 && written == before))
}

# is_free: no process reads the archive.
is_free() {
	[ "$(sqlite3 "$db" 'PRAGMA wal_checkpoint(TRUNCATE)')" = '0|0|0' ]
}

@test "--follow holds up no event while its reader does not read, and a signal ends it" {
	many_bans 5000
	mkfifo "$lab/pipe"
	exec 8<>"$lab/pipe"
	"$program" -c "$lab/archive.cfg" export --follow </dev/null \
	    >"$lab/pipe" 2>"$lab/follow_err" 3>&- 8>&- &
	follower=$!
	started+=("$follower")
	wait_for 10 waits_for_reader
	ev ban 192.0.2.1 "$EPOCHSECONDS.25"
	wait_for 10 is_free
	waits_for_reader
	kill -TERM "$follower"
	ends_with 0
	[ ! -s "$lab/follow_err" ]
	exec 8>&-
}

@test "--follow holds no snapshot while it waits for a change" {
	ev ban 192.0.2.1 "$EPOCHSECONDS.25"
	follows
	wait_for 10 has_line '"next":1,'
	ev ban 192.0.2.2 "$EPOCHSECONDS.50"
	wait_for 10 is_free
	wait_for 10 has_line '"next":2,'
	kill "$follower"
	ends_with 0
}

@test "--follow ends when another archive takes the place" {
	ev ban 192.0.2.1 "$EPOCHSECONDS.25"
	archive backup "$lab/backup"
	follows
	wait_for 10 has_line '"next":1,'
	archive restore "$lab/backup" >"$lab/out"
	ends_with 65
	grep -q 'export all again, with --after 0' "$lab/follow_err"
	[ "$(wc -l <"$lab/followed")" -eq 2 ]
}

@test "--follow ends when what has gone is forgotten before it was read" {
	ev ban 192.0.2.1 "$EPOCHSECONDS.25"
	follows
	wait_for 10 has_line '"next":1,'
	kill -STOP "$follower"
	sqlite3 "$db" "INSERT INTO gone VALUES (12, 9, 'pruned', 1);
	    INSERT INTO meta VALUES ('forgotten_rev', 11)"
	kill -CONT "$follower"
	ends_with 65
	grep -q 'export all again, with --after 0' "$lab/follow_err"
}

# change N: make some change, of any kind.
change() {
	local id=192.0.2.$((RANDOM % 2)) at=$((start + RANDOM % 4 * 300 + $1 % 7 * 3))
	case $((RANDOM % 40)) in
	[0-9] | 1[0-3]) ev ban "$id" "$at.$((RANDOM % 10))" ;;
	1[4-9] | 2[0-3]) ev unban "$id" "$at.$((RANDOM % 10))" ;;
	2[4-9] | 3[0-4])
		line "$(date -d "@$at" '+%F %T'),$((RANDOM % 900 + 100))" \
		    "[sshd] $(shuf -n 1 -e Ban Unban 'Restore Ban') $id" >"$lab/log.$1"
		archive replay --force "$lab/log.$1" >"$lab/out"
		;;
	35) retention 20 ;;
	36) archive prune --anonymize $((RANDOM % 30 + 10))d >"$lab/out" ;;
	# It may be banned now, or not be there.
	37) archive forget "$id" >"$lab/out" 2>&1 || [ $? -eq 65 ] || [ $? -eq 1 ] ;;
	38) archive vacuum >"$lab/out" ;;
	39) swap ;;
	esac
}

# swap: make a copy of the archive, or put an earlier one in its place.
swap() {
	if [ -e "$lab/earlier" ]; then
		archive restore "$lab/earlier" >"$lab/out"
		rm "$lab/earlier"
	else
		archive backup "$lab/earlier"
	fi
}

@test "a copy that follows under fire, and is killed again and again, is the archive" {
	local n changes=$((160 / slow_build)) start=$((EPOCHSECONDS - 40 * day))
	[ "${SOAK:-0}" = 1 ] && changes=50000
	RANDOM=${SEED:-1}
	ev ban 203.0.113.1 "$EPOCHSECONDS.5"
	: >"$lab/read"
	for ((n = 0; n < changes; n++)); do
		change "$n"
		((RANDOM % 3)) || follow $((RANDOM % 8)) >>"$lab/read"
	done
	# After a restore the first reading only says that all is to be read again.
	follow >>"$lab/read"
	follow >>"$lab/read"
	is_copy
	is_given_once
	echo "# $changes changes, $(awk '{ b += $1; g += $2 }
	    END { print b, "bans and", g, "that had gone" }' "$lab/read") (SEED=${SEED:-1})" >&3
	[ "$(awk '{ g += $2 } END { print g }' "$lab/read")" -gt 0 ]
}

# copies: start a follower, which saves its copy, in the background.
copies() {
	"$python" "$root/tests/lib/follow.py" "$lab/copy" --follow </dev/null \
	    >>"$lab/copies" 2>&1 3>&- &
	follower=$!
	started+=("$follower")
}

# shares: what the follower has saved is the archive.
shares() { is_copy 2>/dev/null; }

@test "a follower that is killed under fire, and goes on again and again, has the archive" {
	local n changes=$((160 / slow_build)) start=$((EPOCHSECONDS - 40 * day)) kills=0
	[ "${SOAK:-0}" = 1 ] && changes=50000
	RANDOM=${SEED:-2}
	ev ban 203.0.113.1 "$EPOCHSECONDS.5"
	copies
	for ((n = 0; n < changes; n++)); do
		change "$n"
		((RANDOM % 16)) || {
			kill -KILL "$follower" || cat "$lab/copies" >&2
			{ wait "$follower" || true; } 2>/dev/null
			copies
			((++kills))
		}
	done
	wait_for 30 shares || is_copy
	is_given_once
	kill -0 "$follower"
	echo "# $changes changes, $kills kills (SEED=${SEED:-2})" >&3
}
