#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The archive as a file: damaged, another's, open to others, copied, put back.
# A damaged archive is moved aside whole; a sound one never is.

load ../lib/server

bats_require_minimum_version 1.5.0

setup() {
	lab_setup
	db=$lab/archive/archive.sqlite3
	cp "$root/tests/samples/mixed20-deb-running.sqlite3" "$lab/fail2ban.sqlite3"
	chmod 600 "$lab/fail2ban.sqlite3"
}

# event VERB ID [PROGRAM...]: run by that program, such as strace.
event() {
	local verb=$1 id=$2
	shift 2
	"$@" "$program" -c "$lab/archive.cfg" "$verb" --jail sshd --id "$id" \
	    --ip "$id" --family inet4 --time "$EPOCHSECONDS.25" --bantime 600 \
	    --bancount 1 --failures 3 --restored 0
}

# aside: the one archive that was set aside as damaged.
aside() {
	local found=("$db".corrupt-*[0-9Z])
	[ "${#found[@]}" -eq 1 ] && [ -e "${found[0]}" ] && echo "${found[0]}"
}

# noise FILE OFFSET BYTES: overwritten with what is no page of SQLite's.
noise() {
	head -c "$3" /dev/zero | tr '\0' '\252' |
		dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# spooled_event ID...: events that find the archive locked.
spooled_event() {
	local id
	config 'lock_deadline = 1;'
	for id; do event ban "$id" flock "$db.write" 2>/dev/null; done
	config
	look 'len(spooled()) > 0'
}

# failing CALL ERROR PATTERN COMMAND...: the first call of that name that
# matches the pattern in a trace of the command fails with the error.
failing() {
	# The leak check cannot run in a traced process.
	local -x ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
	local call=$1 error=$2 pattern=$3 nth
	shift 3
	rm -rf "$lab/twin"
	cp -a "$lab/archive" "$lab/twin"
	strace -o "$lab/trace" -e trace="$call" "$@" >/dev/null 2>&1 || true
	nth=$(grep "^$call(" "$lab/trace" | grep -n -m 1 -- "$pattern" |
		cut -d : -f 1)
	[ -n "$nth" ]
	rm -rf "$lab/archive"
	mv "$lab/twin" "$lab/archive"
	strace -o "$lab/trace" -e trace="$call" \
	    -e inject="$call:error=$error:when=$nth" "$@"
	grep -q INJECTED "$lab/trace"
}

set_aside() { compgen -G "$db.corrupt-*"; }

# forge SQL: a copy of the archive in $lab/copy, with that done to it.
forge() {
	rm -f "$lab/copy"
	archive backup "$lab/copy"
	sqlite3 "$lab/copy" "$1" >/dev/null
}

# kept_whole FILE...: what was set aside is what was there, byte for byte.
kept_whole() {
	local file
	for file; do cmp "$file" "$(aside)${file#"$lab/was/archive.sqlite3"}"; done
}

# remember: what the archive's files hold now.
remember() {
	rm -rf "$lab/was"
	mkdir "$lab/was"
	cp "$db" "$lab/was/"
	[ ! -e "$db-wal" ] || cp "$db-wal" "$lab/was/"
}

# A full archive, then the damage "$@", then an event and a reconcile, and the
# check of what was set aside: all of it, unless there is a kept of its own.
kept() { kept_whole "$lab"/was/*; }
survives() {
	archive reconcile
	local bans
	bans=$(archive export | wc -l)
	event ban 192.0.2.77
	"$@"
	remember
	status 0 event ban 192.0.2.78
	status 0 archive reconcile
	kept
	status 0 archive verify
	# All that fail2ban's database has is there again, and the new event.
	look 'len(rows()) == int(bans) + 1 and row("sshd", "192.0.2.78")' \
	    "bans=$bans"
	look 'spooled() == []'
}

all_noise() { noise "$db" 0 40960; }
header_noise() { noise "$db" 0 100; }
table_noise() { noise "$db" 4096 32768; }
half() { truncate -s 8192 "$db"; }
stump() { truncate -s 100 "$db"; }
empty() { truncate -s 0 "$db"; }
removed() { rm "$db"; }

@test "an archive overwritten with noise is set aside, and another is begun" {
	survives all_noise
}

@test "an archive whose header is noise is set aside" {
	survives header_noise
}

@test "an archive whose tables are noise is set aside" {
	# But for the pages that its WAL had anew.
	kept() { LC_ALL=C grep -qaP '\xaa{4096}' "$(aside)"; }
	survives table_noise
}

@test "an archive cut off in the middle is set aside" {
	survives half
}

@test "an archive cut off in its first page is set aside" {
	survives stump
}

@test "the WAL of an archive that was cut to nothing is kept" {
	survives empty
}

@test "the WAL of an archive that was removed is kept" {
	archive reconcile
	event ban 192.0.2.77
	cp "$db-wal" "$lab/wal"
	rm "$db"
	status 0 event ban 192.0.2.78
	archive reconcile
	cmp "$lab/wal" "$db".corrupt-*-wal
	look 'row("sshd", "192.0.2.78")'
	status 1 archive check
	says '1 damaged'
}

@test "an archive that is set aside is reported once, as an error, with its name" {
	archive reconcile
	all_noise
	status 0 event ban 192.0.2.78
	says 'events wait'
	status 0 event ban 192.0.2.79
	[ -z "$said" ]
	status 0 archive reconcile
	says "kept as $(aside)"
	says 'damaged'
	says 'begun after one was damaged'
	status 0 archive reconcile
	[[ $said != *damaged* ]]
	status 1 archive check
	says 'WARNING'
	says '1 damaged'
	[ "$(stat -c %a "$(aside)")" = 600 ]
}

@test "bans that only the WAL of a damaged archive had are in what is kept" {
	archive reconcile
	event ban 192.0.2.77
	# A page that the event did not write, so that the WAL has no other.
	noise "$db" 0 16
	archive reconcile
	local kept
	kept=$(aside)
	[ -s "$kept-wal" ]
	grep -q 192.0.2.77 "$kept-wal"
}

@test "an archive begun after a loss takes bans of any age" {
	cp "$root/tests/samples/purged-bans-kept-bips-102.sqlite3" \
	    "$lab/fail2ban.sqlite3"
	config 'backfill = 1;'
	archive reconcile
	local few all
	few=$(archive export | wc -l)
	all=$(sqlite3 "$lab/fail2ban.sqlite3" 'SELECT count(*) FROM (
	    SELECT jail, ip, timeofban FROM bans UNION
	    SELECT jail, ip, timeofban FROM bips)')
	((few < all))
	all_noise
	archive reconcile
	look 'len(rows()) == int(all)' "all=$all"
}

@test "damage that a reader meets is found by the next reconcile" {
	archive reconcile
	# A page in the middle: opening the archive does not read it.
	local page size
	page=$(sqlite3 "$db" "SELECT rootpage FROM sqlite_schema
	    WHERE name = 'ban_ticket'")
	size=$(sqlite3 "$db" 'PRAGMA page_size')
	noise "$db" $(((page - 1) * size)) "$size"
	remember
	status 65 archive verify
	status 65 archive list
	says "$db"
	cmp "$db" "$lab/was/archive.sqlite3"
	archive reconcile
	cmp -i $(((page - 1) * size)) -n "$size" "$lab/was/archive.sqlite3" "$(aside)"
	status 0 archive verify
	look 'len(rows()) > 10'
}

@test "a mark of damage where there is none goes, and the archive stays" {
	archive reconcile
	: >"$db.suspect"
	archive reconcile
	[ ! -e "$db.suspect" ]
	run -1 set_aside
}

@test "an archive that others may write is not used, and the event waits" {
	archive reconcile
	local mode
	for mode in 620 602; do
		chmod $mode "$db"
		status 0 event ban 192.0.2.$mode
		says 'chmod go-w'
		status 77 archive reconcile
		status 77 archive list
		chmod 600 "$db"
		archive reconcile
		look 'row("sshd", "192.0.2.'$mode'") and spooled() == []'
	done
}

@test "an archive in a folder that others may write is not used" {
	archive reconcile
	chmod 770 "$lab/archive"
	status 0 event ban 192.0.2.1
	says "$lab/archive: group or others may write"
	status 77 archive reconcile
	chmod 1777 "$lab/archive"
	status 77 archive export
	chmod 700 "$lab/archive"
	archive reconcile
	look 'row("sshd", "192.0.2.1") and spooled() == []'
}

@test "an archive that belongs to another user is not used" {
	archive reconcile
	chown 12345 "$db"
	status 0 event ban 192.0.2.1
	says 'belongs to user 12345'
	status 77 archive reconcile
	chown 0 "$db"
	archive reconcile
	look 'row("sshd", "192.0.2.1") and spooled() == []'
}

@test "a symbolic link is not followed, for the archive or its folder" {
	archive reconcile
	mv "$db" "$lab/elsewhere"
	ln -s "$lab/elsewhere" "$db"
	cp "$lab/elsewhere" "$lab/before"
	status 0 event ban 192.0.2.1
	says 'not a regular file'
	status 65 archive reconcile
	cmp "$lab/elsewhere" "$lab/before"
	rm "$db"
	mv "$lab/elsewhere" "$db"
	mv "$lab/archive" "$lab/real"
	ln -s "$lab/real" "$lab/archive"
	status 77 archive reconcile
	says 'a symbolic link'
	rm "$lab/archive"
	mv "$lab/real" "$lab/archive"
	archive reconcile
	look 'row("sshd", "192.0.2.1") and spooled() == []'
}

@test "a spool that others may write is not believed" {
	archive reconcile
	mkdir -m 777 "$lab/spool"
	printf 'flush\0--at\0001\0--jail\0forged\0--tag\0000\0' \
	    >"$lab/spool/00000000000000000001-1"
	status 77 archive reconcile
	says 'group or others may write'
	[ -z "$(sqlite3 "$db" "SELECT 1 FROM jail WHERE name = 'forged'")" ]
}

@test "a reconcile leaves an empty WAL: the file alone is all of the archive" {
	local n
	archive reconcile
	for n in 1 2 3; do event ban 192.0.2.$n; done
	archive reconcile
	cp "$db" "$lab/copy"
	[ "$(sqlite3 "$lab/copy" 'SELECT count(*) FROM bans')" -eq \
	    "$(archive export | wc -l)" ]
	# It keeps its room on disk, for when that is full.
	(($(stat -c '%b * %B' "$db-wal") >= 64 * 4096))
}

@test "a backup is the archive of one moment, in one file" {
	archive reconcile
	event ban 192.0.2.1
	status 0 archive backup "$lab/copy"
	status 0 archive verify "$lab/copy"
	says sound
	[ "$(ls "$lab"/copy*)" = "$lab/copy" ]
	[ "$(stat -c %a "$lab/copy")" = 600 ]
	[ "$(sqlite3 "$lab/copy" 'SELECT count(*) FROM bans')" -eq \
	    "$(archive export | wc -l)" ]
	event ban 192.0.2.2
	[ "$(sqlite3 "$lab/copy" "SELECT count(*) FROM bans
	    WHERE ident = '192.0.2.2'")" -eq 0 ]
}

@test "a backup never overwrites a file, and leaves none where it failed" {
	archive reconcile
	: >"$lab/copy"
	status 73 archive backup "$lab/copy"
	says 'exists already'
	[ ! -s "$lab/copy" ]
	status 73 archive backup "$db"
	status 73 archive backup "$lab/none/copy"
	status 64 archive backup
	status 64 archive backup "$lab/a" "$lab/b"
	archive verify
	noise "$db" 4096 32768
	status 65 archive backup "$lab/bad"
	run -1 compgen -G "$lab/bad*"
}

@test "a backup that is damaged is neither sound nor restored" {
	archive reconcile
	archive backup "$lab/copy"
	noise "$lab/copy" 8192 4096
	archive export >"$lab/before"
	status 65 archive verify "$lab/copy"
	status 65 archive restore "$lab/copy"
	archive export | cmp - "$lab/before"
	: >"$lab/nothing"
	status 65 archive restore "$lab/nothing"
	status 66 archive restore "$lab/none"
	sqlite3 "$lab/theirs" 'CREATE TABLE theirs(x)'
	status 65 archive restore "$lab/theirs"
	says 'not an archive'
	archive export | cmp - "$lab/before"
	[ ! -e "$db.restore" ]
}

@test "a copy whose numbers are at their end is not restored" {
	archive reconcile
	forge "UPDATE ban SET rev = 9223372036854775807 - id"
	status 65 archive verify "$lab/copy"
	says 'out of range'
	status 65 archive restore "$lab/copy"
}

@test "a copy with a trigger in it is not restored" {
	archive reconcile
	archive backup "$lab/copy"
	sqlite3 "$lab/copy" "CREATE TRIGGER evil AFTER INSERT ON ban
	    BEGIN DELETE FROM ban; END"
	status 65 archive restore "$lab/copy"
	says trigger
	archive backup "$lab/other"
	sqlite3 "$lab/other" 'DROP INDEX ban_ticket;
	    CREATE INDEX ban_ticket ON ban (jail)'
	status 65 archive restore "$lab/other"
	says ban_ticket
}

@test "a restore puts the copy in place, and keeps the old archive whole" {
	archive reconcile
	event ban 192.0.2.1
	archive backup "$lab/copy"
	archive export >"$lab/before"
	local id
	id=$(sqlite3 "$db" "SELECT value FROM meta WHERE key = 'id'")
	# The WAL holds what must not get into the restored one.
	event ban 192.0.2.2
	event unban 192.0.2.1
	archive export >"$lab/after"
	remember
	status 0 archive restore "$lab/copy"
	says 'kept as'
	archive export | cmp - "$lab/before"
	archive verify
	cmp "$lab/was/archive.sqlite3" "$db".replaced-*[0-9Z]
	cmp "$lab/was/archive.sqlite3-wal" "$db".replaced-*-wal
	[ "$(sqlite3 "$db" "SELECT value FROM meta WHERE key = 'id'")" != "$id" ]
	# The file that was there is still an archive.
	config "archive = \"$(compgen -G "$db.replaced-*Z")\";"
	archive export | cmp - "$lab/after"
}

@test "after a restore events and reconciles go on, and bring what is missing" {
	archive reconcile
	archive export | jq -r .ident | sort >"$lab/all"
	archive backup "$lab/copy"
	sqlite3 "$lab/copy" "DELETE FROM ban WHERE ident LIKE '192.0.2.%'"
	[ "$(sqlite3 "$lab/copy" 'SELECT count(*) FROM bans')" -lt \
	    "$(wc -l <"$lab/all")" ]
	archive restore "$lab/copy"
	event ban 203.0.113.200
	archive reconcile
	archive export | jq -r .ident | sort | grep -v 203.0.113.200 |
		cmp - "$lab/all"
	look 'row("sshd", "203.0.113.200")'
}

@test "a restore where there is no archive yet begins one" {
	archive reconcile
	archive backup "$lab/copy"
	rm -r "$lab/archive"
	status 0 archive restore "$lab/copy"
	[[ $said != *kept* ]]
	archive verify
}

@test "an event that has the archive open when it is replaced is not lost" {
	archive reconcile
	archive backup "$lab/copy"
	local n pids=()
	for ((n = 1; n <= 40; n++)); do
		event ban 192.0.2.$n 3>&- &
		pids+=($!)
		if ((n == 20)); then archive restore "$lab/copy"; fi
	done
	for n in "${pids[@]}"; do wait "$n"; done
	archive reconcile
	# Those of before the restore are in what was kept, those after it here.
	{
		archive export
		config "archive = \"$(compgen -G "$db.replaced-*Z")\";"
		archive export
	} | jq -r 'select(.ident | startswith("192.0.2.")) | .ident' |
		sort -u >"$lab/found"
	for ((n = 1; n <= 40; n++)); do grep -qx "192.0.2.$n" "$lab/found"; done
}

@test "check prints one line for a monitoring system" {
	config 'interval = 300;'
	status 2 archive check
	says 'CRITICAL'
	archive reconcile
	status 0 archive check
	says 'OK: last reconcile'
	[ "$(wc -l <<<"$said")" -eq 1 ]
	mkdir -p "$lab/spool"
	: >"$lab/spool/00000000000000000001-1.bad"
	status 1 archive check
	says '1 files there are bad'
	rm "$lab/spool"/*.bad
	: >"$lab/spool/00000000000000000001-1"
	status 1 archive check
	says '1 events in the spool'
	rm "$lab/spool"/*
	sqlite3 "$db" "UPDATE run SET finished_us = finished_us - 700000000"
	status 1 archive check
	says 'WARNING'
	sqlite3 "$db" "UPDATE run SET finished_us = finished_us - 90000000000"
	status 2 archive check
}

# nobody_says COMMAND...: run the program as a user who may read only its config.
nobody_says() {
	cp "$program" "$lab/program"
	sed "s|$lab|/mnt|" "$lab/archive.cfg" >"$lab/nobody.cfg"
	chmod 755 "$lab/program"
	chmod 644 "$lab/nobody.cfg"
	as_nobody /mnt/program -c /mnt/nobody.cfg "$@"
}

@test "check of a user who may read nothing is UNKNOWN, and not a spool without events" {
	archive reconcile
	spooled_event 203.0.113.201
	status 3 nobody_says check
	says 'UNKNOWN'
	says 'run this as root'
	[[ $said != *'0 events'* ]]
}

@test "a missing archive is 66, one that the user may not read is 77, for each command" {
	archive reconcile
	for command in list 'show 192.0.2.1' export runs verify "backup $lab/copy" \
		reconcile "replay /dev/null" 'reban --live'; do
		# shellcheck disable=SC2086 # a command and its operand
		status 77 nobody_says $command
	done
	rm -r "$lab/archive"
	for command in list 'show 192.0.2.1' export runs verify "backup $lab/copy"; do
		# shellcheck disable=SC2086 # a command and its operand
		status 66 archive $command
	done
}

@test "check finds damage" {
	archive reconcile
	noise "$db" 8192 8192
	status 2 archive check
	says CRITICAL
}

@test "damage that is met while the spool is drained loses no event of it" {
	archive reconcile
	spooled_event 203.0.113.201 203.0.113.202 203.0.113.203
	local page
	page=$(sqlite3 "$db" "SELECT rootpage FROM sqlite_schema
	    WHERE name = 'ban_ticket'")
	head -c 4096 /dev/zero | tr '\0' '\252' |
		dd of="$db" bs=4096 seek=$((page - 1)) conv=notrunc status=none
	archive reconcile
	[ "$(set_aside | wc -l)" -gt 0 ]
	look 'len([r for r in rows() if r["ident"].startswith("203.0.113.20")]) == 3'
	look 'spooled() == []'
	run -1 compgen -G "$lab/spool/*.bad"
}

@test "an event that the archive refuses waits until it does not" {
	archive reconcile
	spooled_event 203.0.113.201 203.0.113.202
	sqlite3 "$db" "CREATE UNIQUE INDEX theirs ON ban (host)
	    WHERE id > $(sqlite3 "$db" 'SELECT max(id) FROM ban')"
	archive reconcile || true
	run -1 compgen -G "$lab/spool/*.bad"
	sqlite3 "$db" 'DROP INDEX theirs'
	archive reconcile
	look 'row("sshd", "203.0.113.201") and row("sshd", "203.0.113.202")'
	look 'spooled() == []'
}

@test "events that the archive refuses keep none of those behind them" {
	archive reconcile
	local n ids=()
	for ((n = 1; n <= 70; n++)); do ids+=("2001:db8:9::$n"); done
	spooled_event "${ids[@]}"
	sqlite3 "$db" "CREATE TRIGGER theirs BEFORE INSERT ON ban
	    WHEN length(new.ident) = 13 OR new.ident = '2001:db8:9::60'
	    BEGIN SELECT raise(ABORT, 'not these'); END"
	status 70 archive reconcile
	says 'the archive refused 10 events of the spool'
	look 'sum(r["ident"].startswith("2001:db8:9::") for r in rows()) == 60'
	look 'len(spooled()) == 10'
	sqlite3 "$db" 'DROP TRIGGER theirs'
	archive reconcile
	look 'sum(r["ident"].startswith("2001:db8:9::") for r in rows()) == 70'
}

@test "an index that an administrator added is no damage" {
	archive reconcile
	event ban 192.0.2.77
	# Functions that are not taken from a schema which is not trusted.
	sqlite3 "$db" "CREATE INDEX theirs
	    ON evidence (json_extract(captures, '$.user'))"
	status 0 event ban 192.0.2.78
	archive reconcile || true
	run -1 set_aside
	sqlite3 "$db" 'DROP INDEX theirs'
	archive reconcile
	look 'row("sshd", "192.0.2.77") and row("sshd", "192.0.2.78")'
}

@test "a read that fails once is not damage" {
	archive reconcile
	event ban 192.0.2.77
	archive export >"$lab/before"
	failing pread64 EIO ", $(($(sqlite3 "$db" 'PRAGMA page_size') + 24)), 32)" \
	    "$program" -c "$lab/archive.cfg" ban \
	    --jail sshd --id 192.0.2.78 --time "$EPOCHSECONDS.25" --bantime 600
	run -1 set_aside
	archive reconcile
	look 'row("sshd", "192.0.2.77") and row("sshd", "192.0.2.78")'
}

@test "a folder that cannot be looked at once is not an archive that is gone" {
	archive reconcile
	event ban 192.0.2.77
	failing newfstatat EIO "\"$lab/archive\", .*SYMLINK_NOFOLLOW" \
	    "$program" -c "$lab/archive.cfg" ban --jail sshd --id 192.0.2.78 \
	    --time "$EPOCHSECONDS.25" --bantime 600
	run -1 set_aside
	archive reconcile
	look 'row("sshd", "192.0.2.77") and row("sshd", "192.0.2.78")'
}

@test "a ban that was deleted by hand is no damage" {
	archive reconcile
	event ban 192.0.2.77
	event ban 192.0.2.78
	sqlite3 "$db" "DELETE FROM ban WHERE ident = '192.0.2.77'"
	status 0 archive check
	archive reconcile
	run -1 set_aside
	look 'row("sshd", "192.0.2.78")'
}

@test "an archive with a foreign index is neither sound nor restored" {
	archive reconcile
	forge 'CREATE UNIQUE INDEX theirs ON ban (substr(host, 1, 0))
	    WHERE id > 1000'
	status 65 archive verify "$lab/copy"
	says theirs
	status 65 archive restore "$lab/copy"
}

@test "bans of another's archive are printed without a control character" {
	archive reconcile
	event ban 192.0.2.1
	forge "UPDATE ban SET ended_us = 5, origin = char(27) || ']0;x' || char(7),
	    ended_why = char(27) || '[31m' || char(10) || 'forged'"
	archive restore "$lab/copy"
	archive list >"$lab/list"
	archive show 192.0.2.1 >>"$lab/list"
	grep -q forged "$lab/list"
	run -1 env LC_ALL=C grep -nP '[\x00-\x08\x0b-\x1f\x7f]|^forged' "$lab/list"
}

@test "no lock file is made where a link in the place of the folder leads to" {
	mkdir -m 700 "$lab/theirs"
	ln -s "$lab/theirs" "$lab/archive"
	status 0 event ban 192.0.2.1
	status 77 archive reconcile
	archive backup "$lab/copy" || true
	[ -z "$(ls -A "$lab/theirs")" ]
}

@test "a second restore does not touch the copy of the first" {
	archive reconcile
	archive backup "$lab/copy"
	# The first one has made its copy, and waits for the writers.
	# shellcheck disable=SC2016 # the other shell expands it
	in_background flock "$db.write" sh -c \
	    'until [ -e "$1" ]; do sleep 0.05; done' - "$lab/refused"
	wait_for 5 bash -c "! flock -n '$db.write' true"
	archive_in_background restore "$lab/copy"
	wait_for 5 [ -s "$db.restore" ]
	status 75 archive restore "$lab/copy"
	: >"$lab/refused"
	wait_for 10 compgen -G "$db.replaced-*"
	wait_for 10 archive verify
}

@test "a reader waits while another process puts an archive in place" {
	# The leak check cannot run in a traced process.
	local -x ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
	event ban 192.0.2.1
	mv "$db" "$lab/kept"
	exec 9<"$db.write"
	flock 9
	in_background strace -o "$lab/trace" -e trace=flock "$program" \
	    -c "$lab/archive.cfg" list --fields id 9>&-
	wait_for 5 grep -qs 'LOCK_NB).* EAGAIN' "$lab/trace"
	mv "$lab/kept" "$db"
	exec 9<&-
	wait $!
	grep -q '^192\.0\.2\.1$' "$lab/out"
}

@test "without an archive a reader fails at once" {
	event ban 192.0.2.1
	rm "$db"*
	status 66 archive list
	says 'no archive here yet'
	[ -z "$(ls -A "$lab/archive")" ]
}

@test "an archive that is gone but for its WAL is counted as a loss" {
	cp "$root/tests/samples/purged-bans-kept-bips-102.sqlite3" \
	    "$lab/fail2ban.sqlite3"
	config 'backfill = 1;'
	archive reconcile
	rm "$db"
	archive reconcile
	status 1 archive check
	says 'damaged'
	look 'len(rows()) == int(n)' "n=$(sqlite3 "$lab/fail2ban.sqlite3" \
	    'SELECT count(*) FROM (SELECT jail, ip, timeofban FROM bans UNION
	    SELECT jail, ip, timeofban FROM bips)')"
}

@test "a damaged copy that is verified leaves no mark" {
	archive reconcile
	archive backup "$lab/copy"
	noise "$lab/copy" $(($(stat -c %s "$lab/copy") / 2)) 4096
	cd "$lab"
	status 65 archive verify "$lab/copy"
	[ ! -e "$lab/.suspect" ]
}
