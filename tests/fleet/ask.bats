#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# list, show, top, stats and report with --fleet: PostgreSQL answers as an archive
# of the same bans does, and says of whom the bans are.

# lib/server.bash and lib/fleet.bash assign the variables that are not assigned here.
# shellcheck disable=SC2154

load ../lib/server
load ../lib/fleet
load ../lib/asked

bans=4000

setup_file() {
	root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	program=${BUILD:-$root/build}/fail2ban-archive
	shared=$(mktemp -d "${TMPDIR:-/tmp}/asked it.XXXXXX")
	still_clock_build "$BATS_FILE_TMPDIR"
	fleet_start
	"$pgbin/psql" -X -q -v ON_ERROR_STOP=1 -f "$root/helper/fleet/sql/1.sql"
	sql "CREATE ROLE asker LOGIN IN ROLE fail2ban_archive_reader;
	    CREATE ROLE web1 LOGIN IN ROLE fail2ban_archive_writer"
	archive_of_fleet "$shared"
	export shared still still_clock fleet
}

teardown_file() {
	fleet_stop
	rm -rf "$shared"
}

setup() {
	lab_setup
	export TZ=UTC0
	cp "$shared/bans.sqlite" "$lab/archive.sqlite"
	configured
}

teardown() { lab_teardown; }

# configured [ROLE]: the config names the archive, and the database.
configured() {
	cat >"$lab/archive.cfg" <<-END
		archive = "$lab/archive.sqlite"
		spool = "$lab/spool"
		geo = ["$root/tests/samples/places"]
		fleet = "host='$fleet' user=${1:-asker} dbname=postgres"
	END
}

# archive_of_fleet FOLDER: an archive and a database of the same bans.
archive_of_fleet() {
	lab=$1
	cat >"$lab/archive.cfg" <<-END
		archive = "$lab/bans.sqlite"
		spool = "$lab/spool"
	END
	"$root/tests/lib/random_bans.py" "$bans" 1 "$still" >"$lab/bans.jsonl"
	asked "$program" replay "$lab/bans.jsonl" >"$lab/replay.log" 2>&1
	asked "$program" export --format jsonl >"$lab/export.jsonl"
	filled "$lab/export.jsonl"
	# As if a merge had brought them: then the hosts have a column of their own.
	sqlite3 "$lab/bans.sqlite" "INSERT INTO meta VALUES ('merged:x', '')"
}

@test "top of a fleet is that of one archive with the same bans" {
	for by in id net user jail hour weekday host; do
		for count in bans failures time; do
			same top --format jsonl --by "$by" --count "$count" \
			    --limit 50
		done
	done
	same top --format jsonl --by net --prefix 16 --prefix 32
	same top --format csv --sort failures --limit 3
}

@test "stats and its message are those of one archive, by each filter and time zone" {
	local zone
	for zone in UTC0 America/St_Johns Asia/Kathmandu Pacific/Chatham \
	    Africa/Monrovia Europe/Berlin; do
		TZ=$zone same stats --format jsonl
		TZ=$zone same top --format jsonl --by hour
	done
	# For people there are changes, and lines below the table.
	asked "$program" stats | sed '/^Gaps/,$d' >"$lab/here"
	asked "$program-push" stats | sed '/^Gaps/,$d' >"$lab/fleet"
	grep -q '^By day' "$lab/here"
	# What is to be asked next is asked of the fleet, too.
	grep -q 'see top --fleet --by host$' "$lab/fleet"
	sed -i 's/see top --fleet/see top/' "$lab/fleet"
	diff "$lab/here" "$lab/fleet"
	asked "$program" stats --mail a@example.org | sed -n '/^The jails/,/^By hand/p' \
	    >"$lab/here"
	asked "$program-push" stats --mail a@example.org |
	    sed -n '/^The jails/,/^By hand/p' >"$lab/fleet"
	grep -q '^By hand' "$lab/here"
	diff "$lab/here" "$lab/fleet"
	while read -r filter; do
		# shellcheck disable=SC2086 # a line is several words
		same stats --format jsonl $filter
		# shellcheck disable=SC2086
		same top --format jsonl $filter
	done <"$BATS_TEST_DIRNAME/filters"
}

@test "list gives the bans of one archive, with each field, by each filter" {
	order="sort" same list --format jsonl
	same list --format csv --limit 7
	same list --limit 9 --color=never
	order="sort" same list --format jsonl --sort seconds
	order="sort" same list --format jsonl --fields jail,host,user,state,end
	while read -r filter; do
		# shellcheck disable=SC2086 # a line is several words
		order="sort" same list --format jsonl $filter
		# shellcheck disable=SC2086
		same list --format csv --fields since,nth --limit 5 $filter
	done <"$BATS_TEST_DIRNAME/filters"
	same list mäil --format csv --fields since,nth
	same list 192.0.2.3 203.0.113.0/24 web --format csv --fields since
	asked "$program-push" list --format jsonl --fields host --limit 50 |
	    grep -qx '{"host":"web1"}'
}

@test "report is that of one archive, but for what it says of gaps and hosts" {
	asked "$program" report --output "$lab/here.html"
	asked "$program-push" report --output "$lab/fleet.html"
	run ! grep -q 'this machine' "$lab/fleet.html"
	grep -q 'All bans of all jails of the fleet' "$lab/fleet.html"
	sed -i 's/All bans of all jails[^.]*\.//; s/Reconcile has never run.*$//
	    s/Gaps: .*$//' "$lab/here.html" "$lab/fleet.html"
	diff "$lab/here.html" "$lab/fleet.html" | head -n 20
	cmp "$lab/here.html" "$lab/fleet.html"
}

@test "show tells of all bans of an id, and its first sentence names hosts" {
	for id in 192.0.2.3 2001:db8::5 'session 3' 198.51.100.4 'no address'; do
		asked "$program" show "$id" >"$lab/here"
		asked "$program-push" show "$id" >"$lab/fleet"
		run ! grep -E 'see show [^-]' "$lab/fleet"
		sed -i 's/see show --fleet/see show/' "$lab/fleet"
		diff <(sed 1d "$lab/here" | sort) <(sed 1d "$lab/fleet" | sort)
		head -n 1 "$lab/fleet"
		head -n 1 "$lab/fleet" |
		    grep -Eq '(^Banned now on .*|^Not banned now.*); [0-9]+ bans on [1-4] hosts since'
	done
	status 1 asked "$program-push" show 192.0.2.250
	[ "${said%%$'\n'*}" = "Never banned." ]
	asked "$program" show 192.0.2.0/24 >"$lab/here"
	asked "$program-push" show 192.0.2.0/24 >"$lab/fleet"
	diff <(sort "$lab/here") <(sort "$lab/fleet")
}

@test "show names the hosts whose newest bans may be missing" {
	run ! "$program-push" -c "$lab/archive.cfg" show 192.0.2.250
	[[ $output != *silent* ]]
	sql "INSERT INTO fail2ban_archive.host (host_uuid, name, archive_id, token,
	    last_push) SELECT gen_random_uuid(), E'we\\x1bb' || i, 'a' || i, 't',
	    now() - interval '1 day' * (10 - i) FROM generate_series(1, 5) AS i"
	run "$program-push" -c "$lab/archive.cfg" show 192.0.2.250
	sql "DELETE FROM fail2ban_archive.host WHERE name <> 'pusher'"
	[ "$status" -eq 1 ]
	echo "$output"
	[ "${lines[0]}" = 'Never banned.' ]
	grep -qx '  silent    we\\x1bb1 for 9d, we\\x1bb2 for 8d, we\\x1bb3 for 7d and 2 more: their newest bans may be missing' \
	    <<<"$output"
	run "$program-push" -c "$lab/archive.cfg" show 192.0.2.3
	[[ $output != *silent* ]]
}

@test "stats ends with the hosts that have not pushed in time" {
	asked "$program-push" stats | tail -n 1 >"$lab/last"
	grep -qx 'Silent      none: the host pushed in time' "$lab/last"
	sql "INSERT INTO fail2ban_archive.host (host_uuid, name, archive_id,
	    token, last_push, spool, gaps) VALUES
	    (gen_random_uuid(), E'we\\x1bb', 'a', 't', now() - interval '3 days', 12, 2),
	    (gen_random_uuid(), 'late', 'b', 't', now() - interval '2 days', 0, 0)"
	asked "$program-push" stats >"$lab/stats"
	asked "$program-push" stats --format jsonl >"$lab/jsonl"
	asked "$program-push" stats --jail none >"$lab/none"
	sql "DELETE FROM fail2ban_archive.host WHERE name <> 'pusher'"
	tail -n 3 "$lab/stats"
	tail -n 3 "$lab/stats" | head -n 1 | grep -qx 'Silent      2 of 3 hosts:'
	tail -n 2 "$lab/stats" | head -n 1 | grep -Eqx \
	    ' +we\\x1bb: last push [0-9: -]+, [0-9dh ]+ ago; 12 events waited in its spool'
	tail -n 1 "$lab/stats" | grep -Eqx ' +late: last push [0-9: -]+, [0-9dh ]+ ago'
	grep -qx 'Gaps        2 in the 30 days before the last push, on 1 of 2 hosts' \
	    "$lab/stats"
	run ! grep -q reconcile "$lab/stats"
	run ! grep -q Silent "$lab/jsonl"
	tail -n 1 "$lab/none" | grep -q late
}

@test "a fleet has no this machine, and --host takes a name as it is" {
	asked "$program-push" top --by host >"$lab/top"
	run ! grep -q 'this machine' "$lab/top"
	asked "$program-push" list --host localhost | grep -qx 'no such bans'
	asked "$program-push" list --limit 1 |
	    grep -Eq ' (web1|web2|db|ö) '
}

@test "--fleet hands over to the program that speaks to PostgreSQL" {
	"$program" -c "$lab/archive.cfg" list --fleet --limit 3 --format jsonl |
	    jq -es 'length == 3' >/dev/null
	"$program" -c "$lab/archive.cfg" top --by host --fleet | grep -q web1
	status 64 "$program" -c "$lab/archive.cfg" list --fleet --follow
	[[ $said == *"--follow prints the bans of this archive"* ]]
	status 64 "$program-push" -c "$lab/archive.cfg" list --follow
	status 64 "$program" -c "$lab/archive.cfg" export --fleet
}

@test "who may not read hears which role is needed, and who has no tables what makes them" {
	configured web1
	for verb in "list" "show 192.0.2.1" "top" "stats" "report --output -"; do
		# shellcheck disable=SC2086
		status 77 "$program-push" -c "$lab/archive.cfg" $verb
		[[ $said == *'GRANT fail2ban_archive_reader TO "web1"'* ]]
	done
	configured asker
	sed -i 's/dbname=postgres/dbname=template1/' "$lab/archive.cfg"
	status 69 "$program" -c "$lab/archive.cfg" list --fleet
	[[ $said == *"push --init"* ]]
	configured
	sql "UPDATE fail2ban_archive.setting SET version = 0"
	status 69 "$program" -c "$lab/archive.cfg" list --fleet
	sql "UPDATE fail2ban_archive.setting SET version = 99"
	[[ $said == *"push --migrate"* ]]
	status 76 "$program" -c "$lab/archive.cfg" list --fleet
	sql "UPDATE fail2ban_archive.setting SET version = 1"
	sed -i '/fleet =/d' "$lab/archive.cfg"
	status 78 "$program" -c "$lab/archive.cfg" stats --fleet
	[[ $said == *"set fleet or push"* ]]
	echo "fleet = \"host='$lab/none' dbname=x\"" >>"$lab/archive.cfg"
	status 75 "$program" -c "$lab/archive.cfg" stats --fleet
	sed -i "s/dbname=x/password=sesame/" "$lab/archive.cfg"
	status 78 "$program" -c "$lab/archive.cfg" stats --fleet
	[[ $said == *"the key fleet has a password"* ]]
	[[ $said != *sesame* ]]
}

@test "a question that the server ends says what makes it shorter" {
	sql "ALTER ROLE asker SET statement_timeout = '1ms'"
	status 75 "$program-push" -c "$lab/archive.cfg" stats
	sql 'ALTER ROLE asker RESET statement_timeout'
	[[ $said == *'such as by --since, or raise statement_timeout'* ]]
	"$program-push" -c "$lab/archive.cfg" stats >"$lab/out"
}

# running TEXT: how many questions with a text PostgreSQL is at work on.
running() {
	sql "SELECT count(*) FROM pg_stat_activity
	    WHERE state = 'active' AND usename = 'asker'"
}

# runs N: wait until so many are at work.
runs() {
	for _ in {1..500}; do
		[ "$(running)" -ne "$1" ] || return 0
	done
	return 1
}

@test "a signal ends a question at once, in PostgreSQL too" {
	local sig pid got
	for sig in INT TERM HUP; do
		# The question waits for this lock.
		sql "BEGIN; LOCK fail2ban_archive.host; SELECT pg_sleep(60)" \
		    >"$lab/locker" 2>&1 &
		locker=$!
		for _ in {1..500}; do
			[ "$(sql "SELECT count(*) FROM pg_locks WHERE granted
			    AND mode = 'AccessExclusiveLock'")" -eq 0 ] || break
		done
		env --default-signal=INT "$program-push" -c "$lab/archive.cfg" \
		    stats >"$lab/out" 2>&1 &
		pid=$!
		runs 1
		kill -s "$sig" "$pid"
		got=0
		wait "$pid" || got=$?
		[ "$got" -eq $((128 + $(kill -l "$sig"))) ]
		runs 0
		sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		    WHERE query LIKE '%pg_sleep(60)%' AND pid <> pg_backend_pid()" \
		    >"$lab/out"
		wait "$locker" || true
	done
}

@test "what a lying machine writes breaks no question, and no terminal" {
	sql web1 "INSERT INTO fail2ban_archive.host (host_uuid, name, archive_id,
	    token, gaps, spool) VALUES ('00000000-0000-4000-8000-000000000001',
	    E'\\x1b[31m', 'liar', 't', 9223372036854775807, -1)"
	sql web1 "INSERT INTO fail2ban_archive.ban (host_uuid, archive_id, ban_no,
	    rev, jail, ident, ip, since_us, timeofban, nth, seconds, failures,
	    matches, captures, origin, seen, ended_us, ended_why, restored,
	    sending, pruned_us)
	    SELECT '00000000-0000-4000-8000-000000000001', 'liar', i, i,
	    E'liar\\x1b]0;x\\x07', E'a\\x1b[2J' || repeat('x', 100 * i),
	    E'\\x1b', 253402300799999999 * (i % 2), 9223372036854775807 * (i % 2),
	    i, (ARRAY[9223372036854775807, -1, 0, NULL])[1 + i % 4],
	    9223372036854775807, '{\"no\": \"array\"}', '[\"no object\"]', 'lie',
	    'true', NULL, 'lie', -1, 1, NULL FROM generate_series(1, 9) AS i"
	for verb in "list --jail liar" "list --format jsonl" "list --limit 9" \
	    "stats" "top --count failures" "top --by jail --count time" \
	    "report --output -" "list --active --format jsonl"; do
		# shellcheck disable=SC2086
		asked "$program-push" $verb >"$lab/out"
		run ! grep -q $'\x1b' "$lab/out"
	done
	asked "$program-push" list --format jsonl --jail $'liar\e]0;x\a' |
	    jq -es 'length == 9 and all(.matches == null and .seen == null)' \
	    >"$lab/out"
	asked "$program-push" show $'\e' >"$lab/out"
	run ! grep -q $'\x1b' "$lab/out"
	sql "DELETE FROM fail2ban_archive.ban WHERE archive_id = 'liar';
	    DELETE FROM fail2ban_archive.host WHERE archive_id = 'liar'"
	run ! sql web1 "INSERT INTO fail2ban_archive.host (host_uuid, name,
	    archive_id, token, last_push) VALUES (gen_random_uuid(), 'x', 'x', 't',
	    'infinity')"
}

@test "a reader that leaves early ends the question, in PostgreSQL too" {
	"$program-push" -c "$lab/archive.cfg" list --format jsonl | head -n 1 \
	    >"$lab/out"
	[ "$(wc -l <"$lab/out")" -eq 1 ]
	runs 0
}

@test "what a machine has pushed is what its archive says" {
	machine web7
	for i in 1 2 3; do
		ev web7 ban "192.0.2.20$i" "$EPOCHSECONDS"
	done
	push web7
	"$program" -c "$lab/web7/archive.cfg" list --format jsonl |
	    jq -c '.host = "web7"' >"$lab/here"
	"$program" -c "$lab/archive.cfg" list --fleet --format jsonl --host web7 \
	    >"$lab/fleet"
	cmp "$lab/here" "$lab/fleet"
	[ "$(wc -l <"$lab/fleet")" -eq 3 ]
	"$program" -c "$lab/archive.cfg" show --fleet 192.0.2.201 |
	    grep -q '^Banned now on web7; in sshd@web7 until'
}
