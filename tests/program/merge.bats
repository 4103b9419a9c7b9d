#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# merge gathers the archives of several machines in one, which keeps the host of
# each ban; repeated, it reads only what has changed.

load ../lib/server
load ../lib/archives

setup() {
	lab_setup
	db=$lab/archive/archive.sqlite3
	from="$lab/all hosts"
	mkdir "$from"
	# Their ban time is over by now.
	now=$((EPOCHSECONDS - 3000))
	another web1 'evidence = "tag";'
	another web2 'evidence = "tag";'
}

# ev VERB ID TIME [OPTION...]: an event of a ban of ten minutes.
ev() {
	"$event_program" -c "$lab/archive.cfg" "$1" --jail sshd --id "$2" \
	    --time "$3" --bantime 600 --bancount 1 --failures 3 --restored 0 "${@:4}"
}

# copied NAME...: their archives, copied with their WAL as rsync does it.
copied() {
	local name suffix
	for name; do
		mkdir -p "$from/$name"
		rm -f "$from/$name"/archive.sqlite3*
		for suffix in '' -wal; do
			[ ! -e "$lab/$name/archive/archive.sqlite3$suffix" ] ||
			    cp "$lab/$name/archive/archive.sqlite3$suffix" "$from/$name/"
		done
	done
}

# merges [PATH...]: the merge succeeds; what it says is in $said.
merges() {
	[ $# -gt 0 ] || set -- "$from"
	status 0 archive merge "$@"
}

# beside: an ending of each file that may lie beside an archive.
beside() { sed -n 's/^\([-.][^ ]*\).*/\1/p' "$root/helper/archive/beside" | sed 's/[*]/x/'; }

# says_both TEXT TEXT: one line of what was said has both.
says_both() { grep -F -- "$1" <<<"$said" | grep -qF -- "$2"; }

# bans: each ban's host, id and end.
bans() { archive export | jq -r '[.host // "-", .ident, .ended_why // "-"] | join(" ")' | sort; }

# is_union NAME...: the bans of each host are those of its archive, in all but rev
# and host.
is_union() {
	local name
	for name; do
		diff <(archive export --host "$name" | jq -cS 'del(.rev, .host)' | sort) \
		    <(of "$name" archive export | jq -cS 'del(.rev, .host)' | sort)
	done
}

@test "no file beside an archive is a source" {
	local ending
	of web1 ev ban 192.0.2.1 "$now.1"
	copied web1
	[ "$(beside | wc -l)" -ge 19 ]
	for ending in $(beside); do
		[ -e "$from/web1/archive.sqlite3$ending" ] ||
		    echo x >"$from/web1/archive.sqlite3$ending"
	done
	rm "$from/web1/archive.sqlite3-shm" "$from/web1/archive.sqlite3-journal"
	merges
	says 'merge: 1 sources:'
	[[ $said != *'left out'* ]]
}

@test "the bans of a folder's archives are gathered, each with its host, once" {
	of web1 ev ban 192.0.2.1 "$now.25" --matches <<<'one line'
	of web2 ev ban 192.0.2.1 "$now.25"
	of web2 ev ban 192.0.2.2 "$now.50"
	ev ban 192.0.2.9 "$now.1"
	copied web1 web2
	merges
	says_both 'host web1: ' '1 rows read, 1 bans added'
	says_both 'host web2: ' '2 rows read, 2 bans added'
	says '2 sources: 3 rows read, 3 bans added, 0 changed, 0 skipped, 0 bad'
	[ "$(bans)" = $'- 192.0.2.9 -\nweb1 192.0.2.1 -\nweb2 192.0.2.1 -\nweb2 192.0.2.2 -' ]
	is_union web1 web2
	archive verify
	merges
	says '2 sources: 0 rows read, 0 bans added, 0 changed'
	says_both 'host web1: ' 'nothing new'
}

@test "a later merge reads only what has changed, and changes it" {
	local i
	for i in {1..30}; do
		of web1 ev ban "192.0.2.$i" "$now.$((i + 100))"
	done
	copied web1
	merges
	says '30 rows read, 30 bans added'
	of web1 ev unban 192.0.2.7 "$now.107"
	of web1 ev ban 192.0.2.99 "$now.99"
	copied web1
	merges
	says '2 rows read, 1 bans added, 1 changed'
	is_union web1
	# Its row stayed the same, with a rev of its own.
	[ "$(sqlite3 "$db" 'SELECT count(DISTINCT rev), max(id) FROM ban')" = '31|31' ]
}

@test "a forgotten ban goes from the merged archive, and a pruned one stays" {
	of web1 ev ban 192.0.2.1 "$now.1" --matches <<<'secret name'
	of web1 ev unban 192.0.2.1 "$now.1"
	of web1 ev ban 192.0.2.2 "$((now - 8640000)).2"
	of web1 ev unban 192.0.2.2 "$((now - 8640000)).2"
	of web1 ev ban 192.0.2.3 "$now.3"
	copied web1
	merges
	of web1 archive forget 192.0.2.1
	sqlite3 "$lab/web1/archive/archive.sqlite3" "UPDATE ban SET added_us = 1,
	    ended_us = since_us + 1 WHERE ident = '192.0.2.2'"
	of web1 archive prune --older-than 30d
	copied web1
	merges
	[ "$(bans)" = $'web1 192.0.2.2 expired\nweb1 192.0.2.3 -' ]
	[ -z "$(grep -rlF -e 'secret name' -e 192.0.2.1 "$lab/archive")" ]
	archive verify
	archive stats
}

@test "the last ban of an archive is forgotten, though its id is another one then" {
	of web1 ev ban 192.0.2.1 "$now.1"
	of web1 ev unban 192.0.2.1 "$now.1"
	copied web1
	merges
	of web1 archive forget 192.0.2.1
	of web1 ev ban 192.0.2.2 "$now.2"
	copied web1
	merges
	[ "$(bans)" = 'web1 192.0.2.2 -' ]
}

@test "an archive that was restored is read again, and no ban is there twice" {
	of web1 ev ban 192.0.2.1 "$now.1"
	of web1 ev ban 192.0.2.2 "$now.2"
	of web1 archive backup "$lab/backup"
	of web1 ev ban 192.0.2.3 "$now.3"
	of web1 ev unban 192.0.2.2 "$now.2"
	copied web1
	merges
	of web1 archive restore "$lab/backup"
	of web1 ev unban 192.0.2.1 "$now.1"
	copied web1
	merges
	# What only the merged archive has is history.
	[ "$(bans)" = $'web1 192.0.2.1 expired\nweb1 192.0.2.2 -\nweb1 192.0.2.3 -' ]
	of web1 archive forget 192.0.2.1
	copied web1
	merges
	[ "$(bans)" = $'web1 192.0.2.2 -\nweb1 192.0.2.3 -' ]
}

@test "this archive and its copies are not merged into it" {
	ev ban 192.0.2.1 "$now.1"
	of web1 ev ban 192.0.2.2 "$now.2"
	archive backup "$from/localhost.sqlite3"
	copied web1
	merges
	says_both 'host localhost: ' 'it is this archive itself, or a copy of it'
	[ "$(bans)" = $'- 192.0.2.1 -\nweb1 192.0.2.2 -' ]
	status 65 archive merge "$db"
	says 'this archive itself'
	status 65 archive merge --host other "$from/localhost.sqlite3"
}

@test "exports are merged: a plain one, and the changes" {
	of web1 ev ban 192.0.2.1 "$now.25"
	of web1 ev ban 192.0.2.2 "$now.50"
	of web1 archive export >"$from/web1.jsonl"
	merges
	is_union web1
	merges
	says '1 sources: 0 rows read'
	of web1 ev unban 192.0.2.1 "$now.25"
	of web1 archive export | gzip >"$from/web1.jsonl.gz"
	rm "$from/web1.jsonl"
	merges
	is_union web1
	of web2 ev ban 192.0.2.1 "$now.1"
	of web2 ev unban 192.0.2.1 "$now.1"
	of web2 ev ban 192.0.2.2 "$now.2"
	mkdir "$from/web2"
	of web2 archive export --after 0 >"$from/web2/1.jsonl"
	merges
	is_union web2
	of web2 archive forget 192.0.2.1
	of web2 archive export --after 3 >"$from/web2/2.jsonl"
	merges
	is_union web2
	merges
	says '0 rows read'
	# One that does not go on where the last one has ended.
	of web2 ev ban 192.0.2.3 "$now.3"
	of web2 ev ban 192.0.2.4 "$now.4"
	of web2 archive export --after 6 >"$from/web2/3.jsonl"
	status 65 archive merge "$from"
	says 'make it with export --after 4'
	# One that was cut.
	of web2 archive export --after 4 | head -n 1 >"$from/web2/3.jsonl"
	status 65 archive merge "$from"
	says 'copy it again'
	is_union web1
}

@test "a bad source does not stop the others, and the exit status tells it" {
	of web1 ev ban 192.0.2.1 "$now.1"
	of web2 ev ban 192.0.2.2 "$now.2"
	copied web1 web2
	head -c 5000 "$from/web1/archive.sqlite3" >"$from/bad.sqlite3"
	ln -s "$lab/web1/archive/archive.sqlite3" "$from/link.sqlite3"
	cp "$from/web1/archive.sqlite3" "$from/web2/.archive.sqlite3.Ab12Cd"
	echo 'a log line' >"$from/web2/notes.txt"
	status 65 archive merge "$from" "$lab/none.sqlite3"
	says 'bad.sqlite3'
	says 'none.sqlite3'
	says '1 symbolic links are left out'
	says 'notes.txt: left out'
	[ "$(bans)" = $'web1 192.0.2.1 -\nweb2 192.0.2.2 -' ]
	last_run 'kind="merge"' 'state="failed"'
	archive runs | grep -q 'merge.*failed'
}

@test "this machine's reconcile, reban and prune leave merged bans alone" {
	command sqlite3 "$lab/fail2ban.sqlite3" <"$root/tests/lib/fail2ban.sql"
	of web1 ev ban 192.0.2.1 "$now.1"
	of web1 "$event_program" -c "$lab/web1/archive.cfg" ban --jail sshd --id 192.0.2.2 \
	    --time "$now.2" --bantime -1 --bancount 1 --failures 3 --restored 0
	copied web1
	merges
	archive reconcile
	is_union web1
	[ "$(sqlite3 "$db" 'SELECT min(missed_us) >= 1 << 61 FROM ban')" -eq 1 ]
	run archive reban --dry-run
	[[ $output != *192.0.2.* ]]
}

# sql NAME STATEMENTS: change the archive of a host by hand.
sql() { sqlite3 "$lab/$1/archive/archive.sqlite3" "$2"; }

@test "a source that lies changes no ban of another source, and damages nothing" {
	of web1 ev ban 192.0.2.1 "$now.1"
	of web1 ev ban 192.0.2.2 "$now.2"
	copied web1
	merges
	archive export | jq -cS 'del(.rev)' | sort >"$lab/before"
	# The same bans as web1's, with other facts; then gone, and forgotten.
	cp -r "$lab/web1/archive" "$lab/web2/"
	sql web2 "UPDATE meta SET value = '0123456789abcdef0123456789abcdef' WHERE key = 'id';
	    UPDATE ban SET host = 'web1', failures = 99"
	copied web2
	merges
	says_both 'host web2' '2 bans are left out: '
	archive export | jq -cS 'del(.rev)' | sort | diff - "$lab/before"
	sql web2 "INSERT INTO gone VALUES (1000, 1, 'forgotten', 1), (1001, 2, 'merged', 1);
	    DELETE FROM ban"
	copied web2
	merges
	archive export | jq -cS 'del(.rev)' | sort | diff - "$lab/before"
	# One of its own takes the time and the number of one of web1's.
	sql web2 "INSERT INTO ban (jail, ident, host, timeofban, since_us, nth, origin, seen,
	    restored, rev, life_us, pending_us, added_us) SELECT 1, '192.0.2.1', 'web1',
	    $now, $now * 1000000 + 1, 0, 'log', 1, 0, 2000, 0, 0, 1"
	copied web2
	merges
	sql web2 "UPDATE ban SET rev = 2001, since_us = $now * 1000000 + 100000"
	copied web2
	merges
	diff <(archive export | jq -cS 'del(.rev)' | sort | comm -12 - "$lab/before") "$lab/before"
	archive verify
}

@test "cells, numbers and hosts of a source that are none are refused" {
	local change
	of web1 ev ban 192.0.2.1 "$now.1" --matches <<<'a line'
	cp -r "$lab/web1/archive" "$lab/sound"
	for change in "ban SET rev = 9223372036854775807" "ban SET rev = 'x'" \
	    "ban SET id = -5" "ban SET id = 9223372036854775807" \
	    "ban SET ident = x'00ff'" "ban SET since_us = -1" "ban SET seen = 999" \
	    "ban SET host = hex(zeroblob(400))" "ban SET nth = 99999999999" \
	    "ban SET ended_why = 'x'" "meta SET value = 'no id' WHERE key = 'id'" \
	    "evidence SET matches = 5" "jail SET name = ''" "ban SET jail = 77"; do
		rm -rf "$lab/web1/archive"
		cp -r "$lab/sound" "$lab/web1/archive"
		sqlite3 "$lab/web1/archive/archive.sqlite3" "PRAGMA foreign_keys = OFF;
		    PRAGMA ignore_check_constraints = ON; UPDATE $change;
		    UPDATE meta SET value = lower(hex(randomblob(16)))
		    WHERE key = 'id' AND value <> 'no id'"
		copied web1
		run archive merge "$from"
		case $status in
		0) [[ $output == *' 1 bad'* ]] || {
			echo "$change: $output" >&2
			return 1
		} ;;
		65) ;;
		*) echo "$status: $change: $output" >&2 && return 1 ;;
		esac
		archive verify
		[ "$(sqlite3 "$db" 'SELECT count(*) FROM ban')" -eq 0 ] || {
			echo "taken: $change" >&2
			return 1
		}
	done
}

@test "two hosts with one archive's id are refused, and an older copy is left out" {
	of web1 ev ban 192.0.2.1 "$now.1"
	copied web1
	cp "$from/web1/archive.sqlite3"* "$lab/"
	of web1 ev ban 192.0.2.2 "$now.2"
	copied web1
	merges
	mkdir "$from/web9"
	cp "$from/web1"/* "$from/web9/"
	status 65 archive merge "$from"
	says 'was merged as that of host web1'
	rm -r "$from/web9"
	cp "$lab"/archive.sqlite3* "$from/web1/"
	merges
	says 'older than the one that was merged'
	is_union web1
}

@test "names of this machine are refused for others, and --host names one file" {
	of web1 ev ban 192.0.2.1 "$now.1"
	copied web1
	status 65 archive merge --host "$(hostname)" "$from/web1/archive.sqlite3"
	says 'is the name of this machine'
	status 65 archive merge --host localhost "$from/web1/archive.sqlite3"
	# The name of a machine is the same in capitals.
	local own
	own=$(hostname)
	status 65 archive merge --host "${own^^}" "$from/web1/archive.sqlite3"
	status 65 archive merge --host LocalHost "$from/web1/archive.sqlite3"
	status 64 archive merge --host a "$from"
	status 64 archive merge --host a "$from/web1/archive.sqlite3" "$from/web1/archive.sqlite3"
	merges --host 'Müller "x" <b>' "$from/web1/archive.sqlite3"
	[ "$(archive export | jq -r .host)" = 'Müller "x" <b>' ]
	archive metrics | grep -F 'fail2ban_archive_host_bans{host="Müller \"x\" <b>"} 1'
	archive report --output "$lab/page.html"
	[ -z "$(grep -F '"x" <b>' "$lab/page.html")" ]
}

@test "what a source has forgotten to tell is found when all of it is read again" {
	local id
	for id in 1 2 3; do
		of web1 ev ban 192.0.2.$id "$now.$id"
		of web1 ev unban 192.0.2.$id "$now.$id"
	done
	copied web1
	merges
	of web1 archive forget 192.0.2.1
	of web1 ev ban 192.0.2.4 "$now.4"
	# The tombstones are older than retention keeps them.
	sql web1 "INSERT OR REPLACE INTO meta VALUES ('forgotten_rev',
	    (SELECT max(rev) FROM gone)); DELETE FROM gone"
	copied web1
	merges
	says 'all was read again'
	is_union web1
	merges
	says ': 0 rows read'
}

@test "a single machine's output is as it was, a merged archive's has its hosts" {
	ev ban 192.0.2.1 "$now.1"
	archive metrics | grep -c host_bans | grep -qx 0
	[[ $(archive list) != *HOST* ]]
	[[ $(archive stats) != *Hosts* ]]
	of web1 ev ban 192.0.2.1 "$now.1"
	copied web1
	merges
	archive metrics | grep -Fx 'fail2ban_archive_host_bans{host="web1"} 1'
	archive metrics | grep -Fx 'fail2ban_archive_host_bans{host="localhost"} 1'
	archive list | grep -q '^SINCE.* HOST '
	archive list --host web1 | grep -q ' sshd *web1 '
	archive stats | grep -q '^Hosts  *2: '
	archive show 192.0.2.1 | grep -q 'hosts  *1 on this machine, 1 on web1'
	archive top --by host --format jsonl | jq -se 'map(.host) | sort == [null, "web1"]'
}

@test "a merge waits for a replay, and an event does not wait for a merge" {
	of web1 ev ban 192.0.2.1 "$now.1"
	copied web1
	ev ban 192.0.2.9 "$now.9"
	exec 9>>"$db.replay"
	flock 9
	archive_in_background merge "$from" 9>&-
	wait_for 10 grep -q 'waiting for the run' "$lab/out"
	ev ban 192.0.2.8 "$now.8"
	flock -u 9
	wait_for 10 grep -q '1 bans added' "$lab/out"
	[ "$(bans | wc -l)" -eq 3 ]
}

@test "two bans of one second whose times change places in their source do so here" {
	of web1 ev ban 192.0.2.1 "$now.1"
	of web1 ev ban 192.0.2.1 "$now.2"
	of web1 ev ban 192.0.2.1 "$now.3"
	sql web1 "UPDATE ban SET failures = id"
	copied web1
	merges
	[ "$(bans | wc -l)" -eq 3 ]
	# Each takes the time of the next one, the last one that of the first.
	sql web1 "UPDATE ban SET nth = -id;
	    UPDATE ban SET since_us = $now * 1000000 + 100000 * (1 + id % 3), nth = 0,
	        rev = 100 + id"
	copied web1
	merges
	says '3 rows read, 0 bans added, '
	is_union web1
	archive verify
}

@test "a host's name keeps the spaces and lines that it has" {
	local name n=0
	for name in ' web 1' $'web\n1' 'web1 ' '  '; do
		another "name$n"
		of "name$n" ev ban 192.0.2.1 "$now.1"
		merges --host "$name" "$lab/name$n/archive/archive.sqlite3"
		of "name$n" ev ban 192.0.2.2 "$now.2"
		merges --host "$name" "$lab/name$n/archive/archive.sqlite3"
		[ "$(archive list --host "$name" --format jsonl | wc -l)" -eq 2 ]
		n=$((n + 1))
	done
}

@test "exports of changes in one file are refused unless they go on one after another" {
	of web1 ev ban 192.0.2.1 "$now.1"
	of web2 ev ban 198.51.100.1 "$now.1"
	local i
	for i in 0 1 2; do
		of web1 archive export --after "$i" >"$lab/$i"
		of web1 ev ban "192.0.2.2$i" "$now.2"
	done
	of web2 archive export --after 0 >"$lab/other"
	# One is missing; two machines; the later one first.
	cat "$lab"/{0,2} >"$from/web1.jsonl"
	status 65 archive merge "$from"
	says 'some are missing: those up to 1 are followed by an export --after 2'
	cat "$lab"/{other,0} >"$from/web1.jsonl"
	status 65 archive merge "$from"
	says 'two archives'
	of web1 archive export --after 0 | cat - "$lab/0" >"$from/web1.jsonl"
	status 65 archive merge "$from"
	says 'not in order'
	[ -z "$(bans)" ]
	of web1 archive export --after 3 >"$lab/3"
	cat "$lab"/{0,1,2,3} >"$from/web1.jsonl"
	merges
	is_union web1
}

@test "a forgotten ban that had no end yet counts with its ban time" {
	of web1 ev ban 192.0.2.1 "$now.1"
	of web1 ev ban 192.0.2.2 "$now.2"
	copied web1
	merges
	local before
	before=$(archive top --by host --format jsonl)
	archive forget 192.0.2.1
	[ "$(archive top --by host --format jsonl)" = "$before" ]
	# Forgotten there, it is so here.
	of web1 ev ban 192.0.2.3 "$now.3"
	copied web1
	merges
	before=$(archive top --by host --format jsonl)
	of web1 ev unban 192.0.2.3 "$now.3"
	of web1 archive forget 192.0.2.3
	copied web1
	merges
	[ "$(archive top --by host --format jsonl)" = "$before" ]
}

@test "what has gone is found, too, where the reading of all was killed" {
	of web1 "$python" - "$now" >"$lab/many.jsonl" <<-'END'
		import json, sys
		for i in range(1200):
		    print(json.dumps({"jail": "sshd", "ident": "198.51.%d.%d" % divmod(i, 200),
		        "since_us": int(sys.argv[1]) * 1000000, "timeofban": int(sys.argv[1]),
		        "seconds": 600, "origin": "log", "nth": 0, "seen": ["log"],
		        "restored": 0}))
	END
	of web1 ev ban 192.0.2.1 "$now.1"
	of web1 ev unban 192.0.2.1 "$now.1"
	of web1 archive replay "$lab/many.jsonl"
	copied web1
	merges
	of web1 archive forget 192.0.2.1
	# Its tombstone has gone, and it is the oldest change.
	sql web1 "INSERT OR REPLACE INTO meta VALUES ('forgotten_rev',
	    (SELECT max(rev) FROM gone)); DELETE FROM gone;
	    UPDATE ban SET rev = rev + 5000"
	copied web1
	sqlite3 "$db" "CREATE TRIGGER stop BEFORE UPDATE ON ban WHEN new.ident = '198.51.5.3'
	    BEGIN SELECT RAISE(ABORT, 'killed here'); END"
	status 65 archive merge "$from" || true
	echo "$said"
	sqlite3 "$db" 'DROP TRIGGER stop'
	merges
	is_union web1
}

@test "an archive whose WAL cannot be read is no file of another kind, and fails" {
	local -a as=()
	[ "$EUID" -ne 0 ] ||
	    as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
	of web1 ev ban 192.0.2.1 "$now.1"
	copied web1
	[ -s "$from/web1/archive.sqlite3-wal" ]
	mkdir "$lab/archive"
	[ "$EUID" -ne 0 ] || chown -R nobody "$lab/archive"
	chmod -R a+rX "$lab"
	chmod a-w "$from/web1"
	status 66 "${as[@]}" "$program" -c "$lab/archive.cfg" merge "$from"
	chmod u+w "$from/web1"
	says 'web1/archive.sqlite3: its -wal can only be read'
	# Without a WAL it can be read there.
	rm "$from/web1"/archive.sqlite3*
	of web1 archive backup "$from/web1/archive.sqlite3"
	chmod a+r "$from/web1/archive.sqlite3"
	chmod a-w "$from/web1"
	said=$("${as[@]}" "$program" -c "$lab/archive.cfg" merge "$from" 2>&1) || true
	chmod u+w "$from/web1"
	says ': 1 rows read, 1 bans added'
}

@test "retention takes the bans whose ends a lost machine never said" {
	local old=$((now - 8640000))
	of web1 ev ban 192.0.2.1 "$old.1" --matches <<<'a line'
	of web1 "$event_program" -c "$lab/web1/archive.cfg" ban --jail sshd --id 192.0.2.2 \
	    --time "$old.2" --bantime -1 --bancount 1 --failures 3 --restored 0
	of web1 ev ban 192.0.2.3 "$now.3"
	of web1 ev ban 192.0.2.4 "$((old + 5184000)).4"
	copied web1
	merges
	# A ban that came only now is kept, however old it is.
	status 0 archive prune --older-than 90d
	says '0 bans removed'
	sqlite3 "$db" 'UPDATE ban SET added_us = 1'
	status 0 archive prune --older-than 90d --anonymize 30d --dry-run
	says '1 bans would be removed'
	says '1 bans would be made anonymous'
	[ "$(archive top --by host --format jsonl | jq .bans)" -eq 4 ]
	status 0 archive prune --older-than 90d --anonymize 30d
	says '1 bans removed'
	says '1 bans made anonymous'
	[ "$(bans)" = $'web1 192.0.2.0/24 expired\nweb1 192.0.2.2 -\nweb1 192.0.2.3 -' ]
	[ "$(archive top --by host --format jsonl | jq .bans)" -eq 4 ]
	# They do not come back.
	of web1 ev unban 192.0.2.1 "$old.1"
	of web1 ev unban 192.0.2.4 "$((old + 5184000)).4"
	copied web1
	merges
	says '2 bans are left out'
	archive verify
	[ "$(bans | wc -l)" -eq 3 ]
}

@test "a copy that has the pages of two moments is refused, and loses no change" {
	local web1=$lab/web1/archive/archive.sqlite3
	of web1 "$python" - "$now" >"$lab/many.jsonl" <<-'END'
		import json, sys
		for i in range(600):
		    print(json.dumps({"jail": "sshd", "ident": "198.51.%d.%d" % divmod(i, 200),
		        "since_us": int(sys.argv[1]) * 1000000, "timeofban": int(sys.argv[1]),
		        "seconds": 600, "origin": "log", "nth": 0, "seen": ["log"],
		        "restored": 0}))
	END
	of web1 archive replay "$lab/many.jsonl"
	of web1 ev ban 192.0.2.1 "$now.1"
	copied web1
	merges
	# The WAL is written back, and begun anew, between the copies of the two.
	sql web1 'PRAGMA wal_checkpoint(TRUNCATE)'
	cp "$web1" "$from/web1/archive.sqlite3"
	of web1 ev unban 198.51.0.9 "$now"
	sql web1 'PRAGMA wal_checkpoint(TRUNCATE)'
	of web1 ev unban 192.0.2.1 "$now.1"
	cp "$web1-wal" "$from/web1/archive.sqlite3-wal"
	rm -f "$from/web1/archive.sqlite3-shm"
	status 65 archive merge "$from"
	says 'copied while it was written to'
	copied web1
	merges
	is_union web1
}

@test "a name in a folder that says no host does not stop the others" {
	of web1 ev ban 192.0.2.1 "$now.1"
	of web2 ev ban 192.0.2.2 "$now.2"
	copied web1 web2
	touch "$from"/$'a\xff.sqlite3'
	status 65 archive merge "$from"
	says 'a\xff.sqlite3: its name does not say whose bans it has'
	says ': 2 sources: 2 rows read, 2 bans added'
	mkdir "$from"/$'v\xff'
	echo '{}' >"$from"/$'v\xff'/1.jsonl
	of web2 ev ban 192.0.2.3 "$now.3"
	copied web2
	status 65 archive merge "$from"
	says ': 1 rows read, 1 bans added'
	[ "$(bans | wc -l)" -eq 3 ]
}

@test "the clock of another machine is no fault of this one" {
	command sqlite3 "$lab/fail2ban.sqlite3" <"$root/tests/lib/fail2ban.sql"
	of web1 ev ban 192.0.2.1 "$((EPOCHSECONDS + 864000)).1"
	copied web1
	merges
	archive reconcile
	run archive check
	[[ $output != *"the clock is"* ]]
	ev ban 192.0.2.2 "$((EPOCHSECONDS + 86400)).1"
	run archive check
	[[ $output == *"the clock is"* ]]
}
