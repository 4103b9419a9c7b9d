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
	another web1
	another web2
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
		for suffix in '' -wal; do
			cp "$lab/$name/archive/archive.sqlite3$suffix" "$from/$name/"
		done
	done
}

# merges [PATH...]: the merge succeeds; what it says is in $said.
merges() {
	[ $# -gt 0 ] || set -- "$from"
	status 0 archive merge "$@"
}

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
