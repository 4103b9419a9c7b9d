#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A first backfill of many rows writes a new file, which takes the archive's place.
# Whatever happens meanwhile, the archive has what a backfill into itself gives, each
# field of each ban. There events come after the backfill, here before its end.
#
# SEED     chooses what is left to chance (default 1)
# KILLS    so many kills a call (default 1)

load ../lib/server
load ../lib/archives
load ../lib/asked

rows=5600

setup() {
	lab_setup
	still_clock_build "$lab"
	now=$EPOCHSECONDS
	db=$lab/archive/archive.sqlite3
	"$python" "$root/tests/lib/many_rows.py" "$lab/fail2ban.sqlite3" "$rows" "$now" \
	    "${SEED:-1}"
	config 'run_deadline = 300;'
}

# at SECONDS COMMAND...: run the command at that time after the first run.
at() { by_clock "$((now + $1))" "${@:2}"; }

ev() {
	at 10 "$program" -c "$lab/archive.cfg" "$1" --jail "$2" --id "$3" --time "$4" \
	    --bantime 600000 --bancount 1 --failures 3 "${@:5}"
}

# begun: the archive has bans already, of ids that fail2ban's database has too.
begun() {
	at -20 archive ban --jail sshd --id 203.0.113.3 --time "$((now - 5000)).5" \
	    --bantime 600000 --bancount 1 --failures 3 --restored 0
	at -20 archive ban --jail new --id 198.51.100.1 --time "$((now - 30)).25" \
	    --bantime 600 --bancount 1 --failures 3 --restored 0
}

# few_events: what fail2ban says meanwhile.
few_events() {
	ev ban sshd 198.51.100.7 "$now.5" --restored 0
	ev ban web 203.0.113.2 "$((now - 5000)).0" --restored 1
	ev ban later 198.51.100.8 "$now.75" --restored 0
}

# events: moreover bans end. A row goes that was read.
events() {
	few_events
	ev unban sshd 203.0.113.3 "$((now - 5000)).5"
	sqlite3 "$lab/fail2ban.sqlite3" "DELETE FROM bans WHERE ip = '203.0.113.1';
	    DELETE FROM bips WHERE ip = '203.0.113.1'"
	ev unban sshd 203.0.113.1 "$((now - 5000)).0"
	ev ban sshd 203.0.113.1 "$now.9" --restored 0
	at 11 archive flush --jail mail
}

# kept: print all that the archive has of each ban. A row may be seen by a reconcile
# and by an event, or by an event only.
kept() {
	archive export | jq -cS 'del(.rev)' | LC_ALL=C sort
	sqlite3 "$db" "SELECT jail.name, ident, timeofban, nth, life_us, pending_us,
	    present, known_as, made_us, gone_us, (SELECT group_concat(sign, ' + ')
	    FROM (SELECT DISTINCT format('%s %s %s %s %s %s', value ->> 0, value ->> 2,
	    value ->> 3, value ->> 4, value ->> 5, value ->> 7) AS sign
	    FROM json_each(signs) ORDER BY sign))
	    FROM ban JOIN jail ON jail.id = ban.jail" | LC_ALL=C sort
	sqlite3 "$db" "SELECT name, flushed_us, restored_us FROM jail ORDER BY 1;
	    SELECT name, at_us FROM flush JOIN jail ON jail.id = flush.jail ORDER BY 1, 2;
	    SELECT count(*) FROM evidence;
	    SELECT full_us > 0, full_bans, mark_rowid, mark_key FROM source;
	    SELECT key, value FROM meta WHERE key IN ('floor', 'left_out', 'reached')"
}

# in_itself COMMAND...: what the archive has after a backfill into itself, the
# command and another reconcile, in $lab/wanted.
in_itself() {
	sqlite3 "$db" "INSERT INTO meta VALUES ('backfill_in_place', 1)"
	at 0 archive reconcile >"$lab/said"
	"$@"
	at 1800 archive reconcile >>"$lab/said"
	kept >"$lab/wanted"
	archive verify
	rm -r "$lab/archive"
	[ ! -e "$lab/spool" ] || [ -z "$(ls "$lab/spool")" ]
}

# is_whole: the archive has the same, and no file is left beside it.
is_whole() {
	at 1800 archive reconcile >"$lab/out"
	kept >"$lab/has"
	diff "$lab/wanted" "$lab/has" >"$lab/differs" || {
		echo "$when:" >&2
		head -n 8 "$lab/differs" >&2
		return 1
	}
	[ "$(find "$lab/archive" -name '*.new*')" = '' ]
	[ ! -e "$lab/spool" ] || [ -z "$(ls "$lab/spool")" ]
	archive verify
}

# by_new_file: the archive was replaced: its bans have numbers after a gap.
by_new_file() { [ "$(sqlite3 "$db" 'SELECT max(id) FROM ban')" -gt 131072 ]; }
by_itself() { [ "$(sqlite3 "$db" 'SELECT max(id) FROM ban')" -lt 131072 ]; }

# stopped_at CALL N COMMAND...: the first run, stopped at its N-th call of that name,
# with the command before it goes on. Fails when it makes fewer calls.
stopped_at() {
	local child
	rm -f "$lab/trace"
	strace -qq -o "$lab/trace" -E LD_PRELOAD="$still_clock" -E STILL_CLOCK="$now" \
	    -e trace="$1" -e inject="$1:signal=STOP:when=$2" \
	    "$program" -c "$lab/archive.cfg" reconcile >"$lab/stopped" 2>&1 3>&- &
	started+=($!)
	wait_for 60 has_stopped $!
	"${@:3}"
	child=$(tr -d ' ' <"/proc/$!/task/$!/children")
	kill -CONT "$child"
	wait $!
}

# has_stopped PID: the traced program has stopped, and strace knows it.
has_stopped() {
	grep -qF 'stopped by SIGSTOP' "$lab/trace" 2>/dev/null || ! kill -0 "$1"
}

@test "a first backfill of many rows gives what one into the archive itself gives" {
	begun
	cp "$lab/fail2ban.sqlite3" "$lab/theirs"
	cp -r "$lab/archive" "$lab/begun"
	in_itself true
	cp -r "$lab/begun" "$lab/archive"
	when=undisturbed
	at 0 archive reconcile >"$lab/out"
	by_new_file
	diff "$lab/out" <(head -n 1 "$lab/said")
	is_whole
	[ "$(stat -c '%a %U' "$db")" = '600 root' ]
}

# beside FIRST LAST COMMAND...: the command comes at these flushes of the first run.
beside() {
	local n
	begun
	cp "$lab/fail2ban.sqlite3" "$lab/theirs"
	cp -r "$lab/archive" "$lab/begun"
	in_itself "${@:3}"
	for ((n = $1; n <= $2; n++)); do
		rm -rf "$lab/archive"
		cp -r "$lab/begun" "$lab/archive"
		cp "$lab/theirs" "$lab/fail2ban.sqlite3"
		when="stopped at fsync $n"
		stopped_at fsync "$n" "${@:3}"
		by_new_file
		is_whole
	done
}

# no_spool COMMAND...: the command, after which no event waits in the spool.
no_spool() {
	"$@"
	[ ! -e "$lab/spool" ] || [ -z "$(ls "$lab/spool")" ]
}

@test "events while a new file is written are archived at once, and stay" {
	beside 1 2 no_spool events
}

@test "events while the new file takes the archive's place wait for it" {
	beside 3 5 few_events
}

# follows: bring the copy up to date by what has changed.
follows() { "$python" "$root/tests/lib/follow.py" "$lab/copy" >>"$lab/followed"; }

# events_followed: events, and a reader of the changes before and after.
events_followed() {
	follows
	events
	follows
}

@test "a reader of the changes misses none across the new file, and gets none twice" {
	begun
	follows
	stopped_at fsync 1 events_followed
	by_new_file
	follows
	at 1800 archive reconcile >"$lab/out"
	follows
	diff <(jq -cS '.bans[]' "$lab/copy" | sort) <(archive export | jq -cS . | sort)
}

@test "a process that has the archive open is waited for, then left alone" {
	begun
	cp -r "$lab/archive" "$lab/begun"
	in_itself true
	cp -r "$lab/begun" "$lab/archive"
	mkfifo "$lab/questions"
	sqlite3 "$db" <"$lab/questions" >>"$lab/out" 2>&1 3>&- &
	started+=("$!")
	exec 4>"$lab/questions"
	echo "SELECT count(*) FROM ban; BEGIN; SELECT count(*) FROM ban;" >&4
	wait_for 10 grep -q . "$lab/out"
	when='beside a shell'
	at 0 archive reconcile >"$lab/answer" 2>"$lab/said"
	grep -qF 'goes on in the archive itself' "$lab/said"
	by_itself
	exec 4>&-
	is_whole
}

@test "a new file that cannot be written is removed, and the archive itself is written" {
	begun
	cp -r "$lab/archive" "$lab/begun"
	in_itself true
	cp -r "$lab/begun" "$lab/archive"
	mkdir "$lab/archive/archive.sqlite3.new"
	when='no new file'
	at 0 archive reconcile >"$lab/answer" 2>"$lab/said"
	grep -qF 'goes on in the archive itself' "$lab/said"
	by_itself
	rmdir "$lab/archive/archive.sqlite3.new"
	is_whole
}

@test "a view that somebody made in the archive is kept" {
	begun
	sqlite3 "$db" 'CREATE VIEW mine AS SELECT count(*) AS n FROM ban'
	at 0 archive reconcile >"$lab/answer" 2>"$lab/said"
	grep -qF 'it has tables, indexes or views of others' "$lab/said"
	by_itself
	[ "$(sqlite3 "$db" 'SELECT n FROM mine')" -eq "$(archive export | wc -l)" ]
}

@test "runs that are too short for all rows go on, one after another" {
	local n=0
	rm "$lab/fail2ban.sqlite3"
	"$python" "$root/tests/lib/many_rows.py" "$lab/fail2ban.sqlite3" \
	    $((40000 / slow_build)) "$now" "${SEED:-1}"
	begun
	cp -r "$lab/archive" "$lab/begun"
	in_itself true
	cp -r "$lab/begun" "$lab/archive"
	config 'run_deadline = 1;'
	until [ "$(sqlite3 "$db" "SELECT state FROM run ORDER BY id DESC LIMIT 1")" = completed ]
	do
		((++n < 100))
		at 0 archive reconcile >"$lab/answer" 2>"$lab/said"
	done
	config 'run_deadline = 300;'
	when="after $n runs"
	is_whole
}

@test "few rows, or an archive with lines of logs, are archived the ordinary way" {
	printf '%s,123 fail2ban.actions [7]: NOTICE  [sshd] Ban 192.0.2.1\n' \
	    "$(date '+%F %T')" >"$lab/lines"
	archive replay --format log "$lab/lines" >"$lab/out"
	archive reconcile >"$lab/out"
	by_itself
	rm -r "$lab/archive"
	sqlite3 "$lab/fail2ban.sqlite3" "DELETE FROM bans WHERE rowid > 4999"
	archive reconcile >"$lab/out"
	by_itself
}

@test "a kill at any call, and the next reconcile: no ban is lost or doubled" {
	local call n all step
	begun
	cp -r "$lab/archive" "$lab/begun"
	in_itself true
	for call in pwrite64 openat fsync fdatasync rename unlink ftruncate; do
		rm -rf "$lab/archive"
		cp -r "$lab/begun" "$lab/archive"
		all=$(at 0 calls_of "$call" reconcile)
		by_new_file
		step=$((all / ${KILLS:-1} + 1))
		for ((n = 1 + RANDOM % step; n <= all; n += step)); do
			rm -rf "$lab/archive"
			cp -r "$lab/begun" "$lab/archive"
			when="killed at $call $n of $all"
			at 0 killed_at "$call" "$n" reconcile
			at 0 archive reconcile >"$lab/out"
			is_whole
		done
	done
	[ ! -e "$lab/ended_badly" ]
}
