#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Three machines live at random, their archives are merged after every few steps,
# and many of the merges are killed: after a whole merge, the merged archive is what
# the three are, each field of each ban.
#
# SEED     chooses what is left to chance (default 1)
# ROUNDS   so many merges a test (default 40)

load ../lib/server
load ../lib/archives

hosts=(web1 'web 2' web3)

setup() {
	lab_setup
	db=$lab/archive/archive.sqlite3
	from=$lab/from
	mkdir "$from"
	now=$((EPOCHSECONDS - 90 * 86400))
	RANDOM=${SEED:-1}
	local host
	for host in "${hosts[@]}"; do
		another "$host" 'evidence = "tag";'
		mkdir "$from/$host"
		of "$host" archive flush --jail jail0
	done
}

# ev VERB ID TIME BANTIME [OPTION...]: an event.
ev() {
	"$event_program" -c "$lab/archive.cfg" "$1" --jail "jail$((RANDOM % 2))" --id "$2" \
	    --time "$3" --bantime "$4" --bancount 1 --failures $((RANDOM % 9)) \
	    --restored $((RANDOM % 4 == 0)) "${@:5}"
}

# logged VERB: a log with one line about an id of a ban that is there, or near it.
logged() {
	printf '%s,%03d fail2ban.actions [7]: NOTICE  [jail%d] %s 192.0.2.%d\n' \
	    "$(date -d "@$((now + RANDOM % 40))" '+%F %T')" $((RANDOM % 1000)) \
	    $((RANDOM % 2)) "$1" $((RANDOM % 5)) >"$lab/lines"
	archive replay --format log "$lab/lines" >"$lab/out" 2>&1
}

# lives: one step in the life of a machine.
lives() {
	local id=192.0.2.$((RANDOM % 5)) at=$((now + RANDOM % 40)).$((RANDOM % 3))
	local -a verbs=(Ban Unban 'Restore Ban' 'Increase Ban')
	case $((RANDOM % 24)) in
	[0-7]) ev ban "$id" "$at" 600 --matches <<<"a line $RANDOM" ;;
	8 | 9 | 10 | 11) ev ban "$id" "$at" $((RANDOM % 900)) ;;
	12 | 13 | 14) ev unban "$id" "$at" 600 ;;
	15 | 16) ev prolong "$id" "$at" 1200 ;;
	17 | 18 | 19 | 20) logged "${verbs[RANDOM % 4]}" ;;
	21) archive forget "$id" >"$lab/out" 2>&1 || true ;;
	22)
		sqlite3 "$lab/archive/archive.sqlite3" "UPDATE ban SET
		    added_us = 1 WHERE ident = '$id'"
		archive prune --anonymize 1d >"$lab/out" 2>&1
		;;
	23) archive flush --jail "jail$((RANDOM % 2))" >"$lab/out" 2>&1 || true ;;
	esac
}

# copies HOST: the archive is copied, with its WAL.
copies() {
	local suffix
	for suffix in '' -wal; do
		cp "$lab/$1/archive/archive.sqlite3$suffix" "$from/$1/"
	done
	rm -f "$from/$1/archive.sqlite3-shm"
}

# is_union: each host's bans are those of its archive.
is_union() {
	local host
	for host in "${hosts[@]}"; do
		diff <(archive export --host "$host" | jq -cS 'del(.rev, .host)' | sort) \
		    <(of "$host" archive export | jq -cS 'del(.rev, .host)' | sort) \
		    >"$lab/differs" || {
			echo "$host, round $round:" >&2
			head -n 8 "$lab/differs" >&2
			return 1
		}
	done
	[ "$(sqlite3 "$db" "SELECT count(*) FROM ban WHERE host = ''")" -eq 0 ]
	# No evidence is left without its ban, and there is some.
	[ "$round" -lt 5 ] || [ "$(sqlite3 "$db" 'SELECT count(*) FROM evidence')" -gt 0 ]
	[ "$(sqlite3 "$db" "SELECT count(*) FROM evidence WHERE id NOT IN
	    (SELECT evidence FROM ban WHERE evidence IS NOT NULL)")" -eq 0 ]
	# What follows the merged archive misses nothing.
	"$python" "$root/tests/lib/follow.py" "$lab/copy" >"$lab/out"
	diff <(jq -cS '.bans[]' "$lab/copy" | sort) \
	    <(archive export | jq -cS . | sort) | head -n 4
}

@test "after any history, and merges that were killed, the merged archive is the union" {
	local round host i
	for ((round = 0; round < ${ROUNDS:-40}; round++)); do
		for host in "${hosts[@]}"; do
			for ((i = RANDOM % 8; i > 0; i--)); do
				of "$host" lives
			done
			[ ! -e "$lab/$host/archive/archive.sqlite3" ] || copies "$host"
		done
		if ((RANDOM % 2)); then
			killed_at pwrite64 $((RANDOM % 60 + 1)) merge "$from" || true
			((RANDOM % 2)) || continue
		fi
		status 0 archive merge "$from"
		is_union
		status 0 archive merge "$from"
		says ': 0 rows read'
	done
	[ ! -e "$lab/ended_badly" ]
	status 0 archive merge "$from"
	is_union
	archive verify
}
