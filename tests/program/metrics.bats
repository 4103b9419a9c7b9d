#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# metrics writes what Prometheus can watch, and no counter ever falls.

load ../lib/server
load ../lib/archives

day=86400

setup() {
	lab_setup
	db=$lab/archive/archive.sqlite3
	now=$EPOCHSECONDS
	command sqlite3 "$lab/fail2ban.sqlite3" <"$root/tests/lib/fail2ban.sql"
}

# ev VERB ID TIME [OPTION...]: an event of a ban of ten minutes.
ev() {
	"$event_program" -c "$lab/archive.cfg" "$1" --jail sshd --id "$2" \
	    --time "$3" --bantime 600 --bancount 1 --failures 3 --restored 0 "${@:4}"
}

# line TIME TEXT: as fail2ban writes it in its log.
line() { printf '%-24s%-24s[1]: NOTICE  %s\n' "$1" fail2ban.actions "$2"; }

# metric NAME [VALUE]: the metrics in $lab/m have the sample, with that value; or
# print its value.
metric() {
	if [ $# -eq 1 ]; then
		awk -v name="fail2ban_archive_$1" \
			'index($0, name " ") == 1 { print $NF }' "$lab/m"
	elif ! grep -qFx "fail2ban_archive_$1 $2" "$lab/m"; then
		echo "not $2: $1" >&2
		grep -F "fail2ban_archive_${1%%\{*}" "$lab/m" >&2
		return 1
	fi
}

measure() { archive metrics >"$lab/m"; }

@test "an archive's bans, ends and failures are counted, and those that live" {
	ev ban 192.0.2.1 "$now.25"
	ev ban 192.0.2.2 "$((now - 2 * day)).50"
	ev unban 192.0.2.2 "$((now - 2 * day)).50"
	ev ban 192.0.2.3 "$now.75" --failures 0
	measure
	metric 'bans_total{jail="sshd",origin="log"}' 2
	metric 'bans_total{jail="sshd",origin="manual"}' 1
	metric 'bans_total{jail="sshd",origin="list"}' 0
	metric 'bans_total{jail="sshd",origin="unknown"}' 0
	metric 'ends_total{jail="sshd",why="expired"}' 1
	metric 'ends_total{jail="sshd",why="inferred"}' 0
	metric 'ban_failures_total{jail="sshd"}' 6
	metric 'bans_live{jail="sshd"}' 2
	metric spool_events 0
	metric gaps 0
	metric up 0
	metric reconcile_success 0
	metric reconcile_timestamp_seconds 0
	metric size_bytes "$(stat -c %s "$db")"
	metric 'build_info{version="'"$("$program" --version | awk '{ sub(",", ""); print $2 }')"'"}' 1
	[[ $(metric last_event_timestamp_seconds) == 1[0-9]* ]]
	# No sample has a timestamp, an id or a user.
	run ! grep -vE '^(# (HELP|TYPE) |[a-z0-9_]+(\{[^{}]*\})? [0-9.]+$)' "$lab/m"
	run ! grep -F 192.0.2 "$lab/m"
}

@test "the last reconcile has its success, its end and how long it took" {
	ev ban 192.0.2.1 "$now.25"
	archive reconcile
	measure
	metric reconcile_success 1
	(($(metric reconcile_timestamp_seconds | cut -d . -f 1) >= now))
	[[ $(metric reconcile_duration_seconds) =~ ^[0-9]+(\.[0-9]+)?$ ]]
	local last
	last=$(metric reconcile_timestamp_seconds)
	rm "$lab/fail2ban.sqlite3"
	status 66 archive reconcile
	measure
	metric reconcile_success 0
	metric reconcile_timestamp_seconds "$last"
	# This process died long ago.
	sqlite3 "$db" "INSERT INTO run (kind, state, started_us)
	    VALUES ('reconcile', 'running', 1)"
	measure
	metric reconcile_success 0
}

@test "events that wait and gaps are counted" {
	ev ban 192.0.2.1 "$now.25"
	archive reconcile
	sqlite3 "$db" "UPDATE run SET started_us = started_us - 9000000,
	    finished_us = finished_us - 9000000"
	archive reconcile
	flock "$db.write" "$event_program" -c "$lab/archive.cfg" ban --jail sshd \
	    --id 192.0.2.2 --time "$now.5" --bantime 600 --restored 0
	measure
	metric gaps 1
	metric spool_events 1
	measure
	metric gaps 1
}

@test "a file appears whole, every user may read it, and nothing else is left" {
	ev ban 192.0.2.1 "$now.25"
	mkdir "$lab/node"
	(umask 077 && archive metrics --output "$lab/node/f.prom")
	[ "$(stat -c %a "$lab/node/f.prom")" = 644 ]
	chmod 600 "$lab/node/f.prom"
	archive metrics --output "$lab/node/f.prom"
	[ "$(stat -c %a "$lab/node/f.prom")" = 644 ]
	[ "$(ls -A "$lab/node")" = f.prom ]
	archive metrics --output - | diff - "$lab/node/f.prom"
	# It is written under another name, which node_exporter does not read.
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 \
	    strace -f -o "$lab/trace" -e trace=rename,openat,fsync \
	    "$program" -c "$lab/archive.cfg" metrics --output "$lab/node/f.prom"
	run ! grep -E 'node/[^"]*\.prom", O_(WRONLY|RDWR)' "$lab/trace"
	grep -q 'rename(".*/node/f.prom.tmp-.*/node/f.prom")' "$lab/trace"
}

@test "a file that cannot be written leaves the older one, and nothing else" {
	ev ban 192.0.2.1 "$now.25"
	mkdir "$lab/node"
	echo old >"$lab/other"
	ln -s "$lab/other" "$lab/node/link.prom"
	status 73 archive metrics --output "$lab/node/link.prom"
	says 'not a regular file'
	[ "$(cat "$lab/other")" = old ]
	status 73 archive metrics --output "$lab/none/f.prom"
	rm "$lab/node/link.prom"
	status 73 archive metrics --output "$db"
	says 'this is the archive'
	config "metrics_file = \"$db\";"
	status 0 archive reconcile
	says 'this is the archive'
	archive verify
	# The disk has one page, and the metrics of 200 jails are longer.
	for ((n = 0; n < 200; n++)); do
		echo "INSERT INTO jail (name) VALUES ('jail$n');"
	done | sqlite3 "$db"
	# shellcheck disable=SC2016 # the inner shell expands them
	status 74 unshare --mount --propagation private sh -eu -c '
		mount -t tmpfs -o size=4k disk "$LAB/node"
		echo old >"$LAB/node/f.prom"
		rc=0
		"$PROGRAM" -c "$LAB/archive.cfg" metrics --output "$LAB/node/f.prom" || rc=$?
		[ "$(ls -A "$LAB/node")" = f.prom ]
		[ "$(cat "$LAB/node/f.prom")" = old ]
		exit $rc'
	says 'f.prom'
}

@test "a reconcile writes metrics_file at its end, also where it has failed" {
	ev ban 192.0.2.1 "$now.25"
	config "metrics_file = \"$lab/m\";"
	archive reconcile
	metric reconcile_success 1
	metric 'bans_total{jail="sshd",origin="log"}' 1
	[ "$(stat -c %a "$lab/m")" = 644 ]
	ev ban 192.0.2.2 "$now.5"
	rm "$lab/fail2ban.sqlite3"
	status 66 archive reconcile
	metric reconcile_success 0
	metric 'bans_total{jail="sshd",origin="log"}' 2
	# The archive cannot be read.
	echo 'no archive' >"$db"
	rm -f "$db-wal" "$db-shm"
	chmod 644 "$db"
	mkdir "$db.d" && mv "$db" "$db.d" && mv "$db.d" "$db"
	rm "$lab/m"
	run archive reconcile
	[ "$status" -ne 0 ]
	metric reconcile_success 0
	metric up 0
	metric spool_events 0
	run ! grep bans_total "$lab/m"
}

@test "a metrics_file that cannot be written is a warning, and no failure" {
	ev ban 192.0.2.1 "$now.25"
	config "metrics_file = \"$lab/none/f.prom\";"
	status 0 archive reconcile
	says 'metrics_file: '
	says "$lab/none/f.prom"
	says 'reconcile: 0 rows read'
	config 'metrics_file = "f.prom";'
	status 78 archive reconcile
	says 'metrics_file: must be an absolute path'
}

@test "with nothing new the archive is not written" {
	ev ban 192.0.2.1 "$now.25"
	measure
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 \
	    strace -f -y -o "$lab/trace" -e trace=pwrite64,fsync,fdatasync \
	    "$program" -c "$lab/archive.cfg" metrics >"$lab/m"
	run ! grep -E 'sqlite3(-wal)?>' "$lab/trace"
	metric 'bans_total{jail="sshd",origin="log"}' 1
}

@test "a reader that does not get the lock has the same figures" {
	local n
	for n in 1 2 3; do ev ban 192.0.2.$n "$now.$n"; done
	measure
	ev ban 192.0.2.4 "$now.4"
	ev unban 192.0.2.1 "$now.1"
	flock "$db.write" "$program" -c "$lab/archive.cfg" metrics >"$lab/read"
	[ "$(sqlite3 "$db" "SELECT value FROM meta WHERE key = 'counted_rev'")" -eq 3 ]
	measure
	diff "$lab/m" "$lab/read"
	metric 'bans_total{jail="sshd",origin="log"}' 4
}

@test "there is no archive yet" {
	status 66 archive metrics
	says 'no archive here yet'
	[ ! -e "$lab/archive" ]
	status 66 archive metrics --output "$lab/m"
	[ ! -e "$lab/m" ]
}

@test "hostile names of jails make no other samples, nor two of one name" {
	ev ban 192.0.2.1 "$now.25" --jail $'a"} 1\nfail2ban_archive_up 7\\'
	sqlite3 "$db" "INSERT INTO jail (name) VALUES (CAST(x'61ff' AS TEXT)),
	    (CAST(x'61fe' AS TEXT)), ('');
	    UPDATE ban SET jail = (SELECT max(id) - 1 FROM jail);"
	measure
	[ "$(grep -c '^fail2ban_archive_up' "$lab/m")" -eq 1 ]
	metric 'bans_total{jail="a\"} 1\nfail2ban_archive_up 7\\",origin="log"}' 0
	metric $'bans_total{jail="a\uFFFD",origin="log"}' 1
	sed -n 's/ [^ ]*$//p' "$lab/m" | grep -v '^#' | sort | uniq -d >"$lab/twice"
	[ ! -s "$lab/twice" ]
	iconv -f utf8 -t utf8 "$lab/m" | cmp - "$lab/m"
}

@test "other exporters' names have our figures, and never their failures" {
	local names
	ev ban 192.0.2.1 "$now.25"
	ev ban 192.0.2.2 "$((now - 2 * day)).50"
	ev unban 192.0.2.2 "$((now - 2 * day)).50"
	for names in f2b fail2ban; do
		archive metrics --names $names >"$lab/said"
		grep -qx "${names}_up 0" "$lab/said"
		grep -qx "${names}_jail_banned_current{jail=\"sshd\"} 1" "$lab/said"
		grep -qx "${names}_jail_banned_total{jail=\"sshd\"} 2" "$lab/said"
		grep -qx "${names}_banned_current{jail=\"sshd\"} 1" "$lab/said"
		grep -qx "${names}_banned_total{jail=\"sshd\"} 2" "$lab/said"
		run ! grep -E 'failed|archive_' "$lab/said"
		run ! grep -vE "^(# (HELP|TYPE) )?${names}_" "$lab/said"
	done
	diff <(archive metrics --names archive) <(archive metrics)
	status 64 archive metrics --names other
	says '--names: must be archive, f2b or fail2ban'
	status 64 archive metrics now
}

@test "a counter stays where the origin of bans turns out to be another one" {
	local at="2026-11-01 10"
	line "$at:00:10,000" '[sshd] Ban 192.0.2.1' >"$lab/log1"
	line "$at:40:10,000" '[sshd] Ban 192.0.2.2' >>"$lab/log1"
	replays "$lab/log1"
	measure
	metric 'bans_total{jail="sshd",origin="unknown"}' 2
	archive export | jq -c '.origin = "log"' >"$lab/bans.jsonl"
	replays "$lab/bans.jsonl"
	[ "$(sqlite3 "$db" "SELECT count(*) FROM ban WHERE origin = 'log'")" -eq 2 ]
	measure
	metric 'bans_total{jail="sshd",origin="unknown"}' 2
	metric 'bans_total{jail="sshd",origin="log"}' 2
	# They are two bans all the same.
	archive metrics --names f2b | grep -qFx 'f2b_jail_banned_total{jail="sshd"} 2'
	line "$at:50:10,000" '[sshd] Ban 192.0.2.3' >"$lab/log2"
	replays "$lab/log2"
	measure
	metric 'bans_total{jail="sshd",origin="unknown"}' 2
}

@test "a restored archive has the figures of its copy" {
	ev ban 192.0.2.1 "$now.25"
	ev ban 192.0.2.2 "$now.5"
	measure
	archive backup "$lab/backup"
	ev unban 192.0.2.1 "$now.25"
	ev ban 192.0.2.3 "$now.75"
	measure
	archive restore "$lab/backup" >"$lab/out"
	measure
	metric 'bans_total{jail="sshd",origin="log"}' 2
	ev ban 192.0.2.4 "$now.85"
	measure
	metric 'bans_total{jail="sshd",origin="log"}' 3
	[ "$(sqlite3 "$db" "SELECT value FROM meta WHERE key = 'counted_rev'")" -eq \
	    "$(sqlite3 "$db" 'SELECT max(rev) FROM ban')" ]
}

@test "an archive of an older version has its figures after a reconcile" {
	ev ban 192.0.2.1 "$now.25"
	sqlite3 "$db" 'DROP TABLE counted; PRAGMA user_version = 6' >"$lab/out"
	status 66 archive metrics
	says 'a reconcile brings it up to date'
	archive reconcile
	measure
	metric 'bans_total{jail="sshd",origin="log"}' 1
}

# ------------------------------------------------------------------ a year --

# A year in steps of about four days. All that is archived becomes older by a step,
# which to the program is as if the clock had gone on.
step() {
	sqlite3 "$db" "UPDATE ban SET added_us = added_us - 4 * $day * 1000000"
}

# expire: the bans of before the present step end when their time was up.
expire() {
	sqlite3 -separator ' ' "$db" "SELECT ident, jail.name, since_us FROM ban
	    JOIN jail ON jail.id = ban.jail WHERE ended_us IS NULL
	    ORDER BY random() LIMIT 2" | while read -r id jail since; do
		ev unban "$id" "${since:0:10}.${since:10}" --jail "$jail"
	done
	sqlite3 "$db" "UPDATE ban SET ended_us = since_us + 600000000
	    WHERE ended_why = 'expired'"
}

# change DAY N: something happens on that day of the year.
change() {
	local at=$((now - 366 * day + $1 * day + RANDOM % 50000)) n=$((RANDOM % 3))
	local id=192.0.2.$((RANDOM % 4)) jails=(sshd web mail) verbs=(Ban Unban 'Restore Ban')
	local jail=${jails[RANDOM % 3]} verb=${verbs[RANDOM % 3]}
	case $((RANDOM % 24)) in
	[0-8]) ev ban "$id" "$at.$n" --jail "$jail" --failures "$((RANDOM % 4))" ;;
	9 | 1[0-2]) ev unban "$id" "$at.$n" --jail "$jail" ;;
	1[3-5])
		line "$(date -d "@$at" '+%F %T'),$((RANDOM % 900 + 100))" \
		    "[$jail] $verb $id" >"$lab/log.$2"
		archive replay "$lab/log.$2" >"$lab/out" 2>&1
		;;
	16 | 17) expire ;;
	18 | 19) archive reconcile >"$lab/out" 2>&1 ;;
	20 | 21) step ;;
	22) archive prune --anonymize $((RANDOM % 30 + 10))d >"$lab/out" ;;
	23) archive forget "$id" >"$lab/out" 2>&1 || true ;;
	esac
}

# merge SECOND VERB: a restored ban, and then the ban that it continues, which takes its
# place: the former has gone.
merge() {
	local date
	date=$(date -d "@$((now - 20 * day))" +%F)
	line "$date 10:00:$1,000" "[sshd] $2 192.0.2.9" >"$lab/log.merge"
	archive replay --force "$lab/log.merge" >"$lab/out" 2>&1
}

# has_not_fallen BEFORE AFTER: no counter of BEFORE is greater than in AFTER.
has_not_fallen() {
	awk '!/^fail2ban_archive_[a-z_]*_total/ { next }
		{ name = $0; sub(/ [0-9]+$/, "", name) }
		NR == FNR { was[name] = $NF; next }
		{ is[name] = $NF }
		END {
			for (name in was)
				if (!(name in is) || is[name] < was[name]) {
					print name, was[name], "->", is[name]
					bad = 1
				}
			exit bad
		}' "$1" "$2" >&2
}

# what_is_true: the sums of the tables, in the form of the metrics.
what_is_true() {
	sqlite3 -separator ' ' "$db" "
	    WITH facts (jail, origin, why, failures, n) AS (
	        SELECT jail, origin, ended_why, coalesce(failures, 0), 1 FROM ban),
	    gone (jail, at, n) AS (SELECT jail, key, sum(value) FROM total,
	        json_each(sums) GROUP BY jail, key),
	    sums (jail, name, n) AS (
	        SELECT jail, 'bans_total origin ' || origin, 1 FROM facts
	        UNION ALL SELECT jail, 'ends_total why ' || why, 1 FROM facts
	            WHERE why IS NOT NULL
	        UNION ALL SELECT jail, 'ban_failures_total', failures FROM facts
	        UNION ALL SELECT jail, CASE at WHEN 2 THEN 'bans_total origin unknown'
	            WHEN 3 THEN 'ban_failures_total' WHEN 6 THEN 'ends_total why expired'
	            WHEN 7 THEN 'ends_total why manual' WHEN 8 THEN 'ends_total why flushed'
	            WHEN 9 THEN 'ends_total why inferred' WHEN 10 THEN 'bans_total origin log'
	            WHEN 11 THEN 'bans_total origin manual'
	            WHEN 12 THEN 'bans_total origin list' END, n FROM gone
	        UNION ALL SELECT jail, 'bans_total origin unknown', -n FROM gone
	            WHERE at IN (10, 11, 12))
	    SELECT jail.name, sum(n), sums.name FROM sums
	    JOIN jail ON jail.id = sums.jail WHERE sums.name IS NOT NULL GROUP BY 1, 3" |
		awk '{
			labels = $4 != "" ? "," $4 "=\"" $5 "\"" : ""
			print "fail2ban_archive_" $3 "{jail=\"" $1 "\"" labels "} " $2
		}'
}

# is_the_greatest: each counter of $lab/m is the greatest that its sum ever was; what
# it was so far is in $lab/greatest.
is_the_greatest() {
	what_is_true >"$lab/true"
	awk '!($1 in most) || $2 > most[$1] { most[$1] = $2 }
		END { for (name in most) if (most[name]) print name, most[name] }' \
		"$lab/greatest" "$lab/true" | sort >"$lab/now"
	mv "$lab/now" "$lab/greatest"
	grep -E '^[a-z0-9_]*_total' "$lab/m" | grep -v ' 0$' | sort |
		diff "$lab/greatest" - >&2
}

@test "over a year of retention and merges each counter is the greatest that it ever was" {
	local n changes=$((120 / slow_build))
	[ "${SOAK:-0}" = 1 ] && changes=5000
	RANDOM=${SEED:-1}
	config 'retention_days = 60;' "metrics_file = \"$lab/f.prom\";"
	ev ban 203.0.113.1 "$((now - 366 * day)).5"
	: >"$lab/greatest"
	measure
	for ((n = 0; n < changes; n++)); do
		case $n in
		20) merge 40 'Restore Ban' ;;
		21) merge 10 Ban ;;
		*) change $((n * 365 / changes)) "$n" ;;
		esac
		mv "$lab/m" "$lab/before"
		measure
		has_not_fallen "$lab/before" "$lab/m"
		is_the_greatest
		# Who may not write sees the same.
		[ $((n % 50)) -ne 7 ] || {
			flock "$db.write" "$program" -c "$lab/archive.cfg" metrics |
				diff - "$lab/m"
		}
	done
	echo "# $changes changes, $(sqlite3 "$db" "SELECT (SELECT count(*) FROM ban) ||
	    ' bans, ' || (SELECT CAST(total(sums ->> 2) AS INTEGER) FROM total) || ' removed, ' ||
	    (SELECT count(*) FROM gone WHERE why = 'merged') || ' merged, ' ||
	    (SELECT count(*) FROM run WHERE kind = 'anonymize' OR how LIKE '%anonymize%')
	    || ' anonymizings'") (SEED=${SEED:-1})" >&3
	# A short year may lack one of them.
	((changes < 120)) ||
		[ "$(sqlite3 "$db" "SELECT count(DISTINCT why) FROM gone")" -eq 3 ]
}
