#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# push brings what changed into the PostgreSQL of a fleet: each ban once, with all
# its fields, whatever happens in between.

load ../lib/server
load ../lib/fleet

setup() {
	lab_setup
	fleet_start
	fleet_init
}

teardown() {
	fleet_stop
	lab_teardown
}

@test "what is archived is pushed with all its fields, then what changed" {
	local now=$EPOCHSECONDS
	machine 'web 1'
	ev 'web 1' ban 192.0.2.1 "$now.25"
	ev 'web 1' ban 2001:db8::1 "$now.50"
	push 'web 1'
	same_there 'web 1'
	ev 'web 1' unban 192.0.2.1 "$now.25"
	ev 'web 1' ban 192.0.2.3 "$now.75"
	push 'web 1'
	same_there 'web 1'
	[ "$(sql 'SELECT count(*) FROM fail2ban_archive.ban')" -eq 3 ]
	[ "$(state 'web 1' rev)" = "$(sql 'SELECT last_rev FROM fail2ban_archive.host')" ]
}

# questions: how many statements the server has been asked since mark.
mark() { marked=$(stat -c %s "$fleet/log"); }
questions() {
	tail -c "+$((marked + 1))" "$fleet/log" |
		grep -cE '^fail2ban-archive-push .*LOG:  (statement|execute)' || true
}

@test "a push with nothing new is one question to the server" {
	machine web
	ev web ban 192.0.2.1 "$EPOCHSECONDS.25"
	push web
	sql "ALTER SYSTEM SET log_statement = 'all'"
	sql 'SELECT pg_reload_conf()' >"$lab/out"
	until [ "$(sql 'SHOW log_statement')" = all ]; do :; done
	sql "UPDATE fail2ban_archive.host SET last_push = 'epoch', name = 'old'"
	mark
	push web
	[ "$(questions)" -eq 1 ]
	# It says all that is to be said.
	[ "$(sql "SELECT last_push > now() - interval '1 minute', name, version,
	    spool, gaps, push_interval, abs(clock_skew) < 5
	    FROM fail2ban_archive.host")" = 't|web|0.1.0|0|0|300|t' ]
}

@test "a push says how many changes it sent, and how far the fleet is" {
	local now=$EPOCHSECONDS out
	machine web
	ev web ban 192.0.2.1 "$now.1"
	[ "$(push web)" = 'push: 1 change sent; the fleet has all changes up to 1' ]
	[ "$(push web --once)" = 'push: nothing new; the fleet has all changes up to 1' ]
	ev web ban 192.0.2.2 "$now.2"
	ev web ban 192.0.2.3 "$now.3"
	[ "$("$program" -c "$lab/web/archive.cfg" push)" = \
	    'push: 2 changes sent; the fleet has all changes up to 3' ]
	# One that goes on prints only where something was sent.
	ev web ban 192.0.2.4 "$now.4"
	"$push_program" -c "$lab/web/archive.cfg" push --every 1 >"$lab/every" 3>&- &
	out=$!
	until [ "$(wc -l <"$lab/every")" -eq 1 ]; do :; done
	ev web ban 192.0.2.5 "$now.5"
	until [ "$(wc -l <"$lab/every")" -eq 2 ]; do :; done
	kill "$out"
	wait "$out"
	diff - "$lab/every" <<-END
		push: 1 change sent; the fleet has all changes up to 4
		push: 1 change sent; the fleet has all changes up to 5
	END
}

@test "a command line without a verb pushes" {
	machine web
	ev web ban 192.0.2.1 "$EPOCHSECONDS.1"
	[[ $("$push_program" -c "$lab/web/archive.cfg") == 'push: 1 change sent;'* ]]
	[[ $("$push_program" -c "$lab/web/archive.cfg" --once) == 'push: nothing new;'* ]]
	[[ $("$push_program" -c "$lab/archive.cfg" --init) == *'The central schema is in'* ]]
	status 64 "$push_program" -c "$lab/web/archive.cfg" --bogus
	says 'push: --bogus'
	status 64 "$push_program" -c "$lab/web/archive.cfg" --every 0
	# Help, a version and other words mean what they did.
	"$push_program" --help | grep -q 'Without a COMMAND it does push'
	"$push_program" --version | grep -q '^fail2ban-archive-push '
	status 64 "$push_program" -c "$lab/web/archive.cfg" nonesuch
	status 64 "$push_program" -c "$lab/web/archive.cfg" blocklist --nonesuch
	says 'see fail2ban-archive-push blocklist --help'
	same_there web
}

@test "an archive of several batches is pushed, and each partition is made" {
	machine web
	bans web 12000 1700000000
	push web
	same_there web
	[ "$(sql 'SELECT count(*) FROM fail2ban_archive.ban')" -eq 12000 ]
	[ "$(sql 'SELECT count(*) FROM fail2ban_archive.ban_other')" -eq 0 ]
	[ "$(sql 'SELECT count(*) FROM fail2ban_archive.ban_2023_11')" -gt 0 ]
}

@test "a ban whose second has changed stands once" {
	local now=$EPOCHSECONDS
	machine web
	ev web ban 192.0.2.1 "$now.25"
	ev web ban 192.0.2.2 "$now.25"
	push web
	sqlite3 "$(archive_of web)" "UPDATE ban SET timeofban = timeofban - 7776000,
	    since_us = since_us - 7776000000000, made_us = made_us - 7776000000000,
	    rev = (SELECT max(rev) + 1 FROM ban) WHERE ident = '192.0.2.1'"
	push web
	same_there web
	[ "$(sql 'SELECT count(*) FROM fail2ban_archive.ban')" -eq 2 ]
}

# tombstone NAME NUMBER WHY: a ban of its archive goes.
tombstone() {
	sqlite3 "$(archive_of "$1")" "INSERT INTO gone (rev, ban, why, gone_us)
	    SELECT 1 + max((SELECT max(rev) FROM ban),
	    coalesce((SELECT max(rev) FROM gone), 0)), $2, '$3', 1000000;
	    DELETE FROM ban WHERE id = $2"
}

@test "a merged ban is deleted, a pruned one is kept and marked, a forgotten one is deleted" {
	local now=$EPOCHSECONDS
	machine web
	for i in 1 2 3 4; do ev web ban "192.0.2.$i" "$now.$i"; done
	push web
	tombstone web 1 merged
	tombstone web 2 pruned
	sqlite3 "$(archive_of web)" "UPDATE ban SET ended_us = since_us + 1,
	    ended_why = 'manual', pending_us = 0 WHERE ident = '192.0.2.3'"
	on web archive forget 192.0.2.3 >"$lab/out"
	push web
	same_there web
	[ "$(sql 'SELECT ident, pruned_us FROM fail2ban_archive.ban ORDER BY 1')" = \
	    $'192.0.2.2|1000000\n192.0.2.4|' ]
	[ "$(sql "SELECT count(*) FROM fail2ban_archive.bans
	    WHERE ident = '192.0.2.2' AND NOT active")" -eq 1 ]
}

@test "the manual's statement deletes what was pruned before it was forgotten, and no other" {
	local now=$EPOCHSECONDS delete
	delete=$(sed -n '/^DELETE FROM/,/;$/p' "$root/helper/dist/fail2ban-archive-push.8")
	machine web
	machine db
	ev web ban 192.0.2.10 "$now.1"
	ev web ban session "$now.2" --ip 192.0.2.10
	ev web ban 192.0.2.11 "$now.3"
	ev db ban 192.0.2.10 "$now.4"
	push web
	push db
	tombstone web 1 pruned
	tombstone web 2 pruned
	tombstone web 3 pruned
	push web
	# The archive has no ban to forget, and tells the fleet nothing.
	status 1 on web archive forget 192.0.2.10
	push web
	[ "$(sql 'SELECT count(*) FROM fail2ban_archive.ban')" -eq 4 ]
	sql "$delete"
	# All is sent again.
	sql "UPDATE fail2ban_archive.host SET last_rev = 0 WHERE name = 'web'"
	push web
	[ "$(sql "SELECT h.name, ident, pruned_us IS NULL FROM fail2ban_archive.ban
	    JOIN fail2ban_archive.host AS h USING (host_uuid) ORDER BY 1")" = \
	    $'db|192.0.2.10|t\nweb|192.0.2.11|f' ]
}

# restored NAME: its archive is restored from a copy of itself: it has a new id.
restored() {
	on "$1" archive backup "$lab/$1/copy" >"$lab/out"
	on "$1" archive restore "$lab/$1/copy" >"$lab/out" 2>&1
	rm "$lab/$1/copy"
}

@test "a restored archive is pushed whole; the old rows stand until then" {
	machine web
	bans web 6000
	push web
	old=$(sql 'SELECT archive_id FROM fail2ban_archive.host')
	restored web
	ev web ban 192.0.2.1 "$EPOCHSECONDS.25"
	# The second batch fails.
	sql "ALTER TABLE fail2ban_archive.ban ADD CONSTRAINT later
	    CHECK (sending = 1 OR ban_no < 5500) NOT VALID"
	sql "ALTER TABLE fail2ban_archive.host ADD CONSTRAINT later
	    CHECK (next_rev IS NULL OR next_rev < 5001)"
	fail_push 65 web
	[ "$(sql 'SELECT count(*) FROM fail2ban_archive.bans')" -eq 6000 ]
	[ "$(sql 'SELECT count(*) FROM fail2ban_archive.ban')" -gt 6000 ]
	[ "$(sql 'SELECT archive_id FROM fail2ban_archive.host')" = "$old" ]
	sql "ALTER TABLE fail2ban_archive.ban DROP CONSTRAINT later"
	# It was restored once more in the middle.
	restored web
	fail_push 65 web
	sql "ALTER TABLE fail2ban_archive.host DROP CONSTRAINT later"
	push web
	same_there web
	[ "$(sql 'SELECT count(*) FROM fail2ban_archive.ban')" -eq 6001 ]
	[ "$(sql 'SELECT archive_id FROM fail2ban_archive.host')" != "$old" ]
	push web
	same_there web
}

@test "an archive whose forgotten bans cannot be named is pushed whole" {
	local now=$EPOCHSECONDS
	machine web
	for i in 1 2 3; do ev web ban "192.0.2.$i" "$now.$i"; done
	push web
	# It has gone, and that is forgotten too.
	tombstone web 2 merged
	sqlite3 "$(archive_of web)" "INSERT OR REPLACE INTO meta VALUES
	    ('forgotten_rev', (SELECT max(rev) FROM gone)); DELETE FROM gone"
	ev web ban 192.0.2.4 "$now.5"
	ev web ban 192.0.2.5 "$now.6"
	push web
	same_there web
	[ "$(sql 'SELECT count(*) FROM fail2ban_archive.ban')" -eq 4 ]
	# From now on it is pushed as before.
	ev web unban 192.0.2.4 "$now.5"
	push web
	same_there web
	[ "$(sql 'SELECT sending, next_rev FROM fail2ban_archive.host')" = '2|' ]
}

@test "an archive that was set back is refused, and pushed whole once it is accepted" {
	local now=$EPOCHSECONDS
	machine web
	ev web ban 192.0.2.1 "$now.1"
	push web
	cp -a "$lab/web/archive" "$lab/web/before"
	ev web ban 192.0.2.2 "$now.2"
	ev web ban 192.0.2.3 "$now.3"
	push web
	rm -r "$lab/web/archive"
	mv "$lab/web/before" "$lab/web/archive"
	ev web ban 192.0.2.9 "$now.9"
	fail_push 77 web
	says 'was set back'
	says "accept_host('$(state web host)')"
	sql "SELECT fail2ban_archive.accept_host('$(state web host)')"
	push web
	same_there web
	[ "$(sql 'SELECT count(*) FROM fail2ban_archive.ban')" -eq 2 ]
}

@test "a machine that is accepted after its copy has pushed is pushed whole" {
	local now=$EPOCHSECONDS
	machine web
	ev web ban 192.0.2.1 "$now.1"
	push web
	# The copy brings as many changes as the machine has, and then more.
	machine_of_copy() {
		rm -rf "$lab/copy"
		mkdir -p "$lab/copy"
		cp -a "$lab/web/archive" "$lab/copy/archive"
		machine_config copy
		sed -i "s/user='copy'/user='web'/" "$lab/copy/archive.cfg"
	}
	machine_of_copy
	ev copy ban 192.0.2.3 "$now.3"
	push copy
	ev web ban 192.0.2.2 "$now.2"
	fail_push 77 web
	sql "SELECT fail2ban_archive.accept_host('$(state web host)')"
	push web
	same_there web
	machine_of_copy
	ev copy ban 192.0.2.4 "$now.4"
	push copy
	ev web ban 192.0.2.5 "$now.5"
	ev web ban 192.0.2.6 "$now.6"
	sql "SELECT fail2ban_archive.accept_host('$(state web host)')"
	push web
	same_there web
	push web
	same_there web
}

@test "a copy of a machine is refused, and its archive too, by both names" {
	local now=$EPOCHSECONDS
	machine web
	ev web ban 192.0.2.1 "$now.1"
	push web
	machine copy
	cp -a "$lab/web/archive" "$lab/copy/archive"
	ev web ban 192.0.2.2 "$now.2"
	push web
	ev copy ban 192.0.2.3 "$now.3"
	sed -i "s/user='copy'/user='web'/" "$lab/copy/archive.cfg"
	fail_push 77 copy
	says copy
	says 'web pushed last as it'
	says "$(state web host)"
	# Without the file it is another machine, with the archive of the first.
	rm "$(archive_of copy).push"
	machine_config copy
	fail_push 77 copy
	says "web ($(state web host), last push 2"
	says "copy ($(state copy host))"
	# The cure.
	restored copy
	push copy
	same_there copy web
	push web
}

@test "a push whose commit was not heard of is no copy" {
	local now=$EPOCHSECONDS
	machine web
	ev web ban 192.0.2.1 "$now.1"
	push web
	ev web ban 192.0.2.2 "$now.2"
	cp "$(archive_of web).push" "$lab/before"
	push web
	# As if killed before its note: it had noted the next token.
	{
		cat "$lab/before"
		echo "next $(sql 'SELECT token FROM fail2ban_archive.host')"
	} >"$(archive_of web).push"
	push web
	ev web ban 192.0.2.3 "$now.3"
	push web
	same_there web
}

@test "what PostgreSQL would refuse is pushed all the same" {
	local now=$EPOCHSECONDS
	machine web
	for i in 1 2 3 4 5 6 7 8 9; do ev web ban "192.0.2.$i" "$now.$i"; done
	sqlite3 "$(archive_of web)" "
	    UPDATE ban SET evidence = NULL;
	    INSERT INTO evidence (id, matches, captures) VALUES
		(101, '[\"a\\u0000b\\ud800c\\\\u0000\"]', '{\"a\": 1, \"a\": 2}'),
		(102, '[1e999999, -1e-999999, 12, 1.5e3]', '{\"n\": ' ||
		    replace(hex(zeroblob(2000)), '0', '9') || '}'),
		(103, replace(hex(zeroblob(600)), '00', '[') ||
		    replace(hex(zeroblob(600)), '00', ']'), NULL),
		(104, 'no JSON', '[]'),
		(105, CAST(x'5b22ff80225d' AS TEXT), NULL),
		(106, '[\"' || replace(hex(zeroblob(5000000)), '0', 'x') || '\"]', NULL),
		(107, replace(hex(zeroblob(2000)), '00', '[') ||
		    replace(hex(zeroblob(2000)), '00', ']'), NULL);
	    UPDATE ban SET evidence = 100 + id WHERE id < 8;
	    UPDATE ban SET ident = CAST(x'ff0a095c2e' AS TEXT), seconds = -7,
		since_us = 9223372036854775807, timeofban = -9223372036854775807
		WHERE id = 8;
	    UPDATE ban SET ident = replace(hex(zeroblob(20000)), '0', 'y') || '/',
		ip = '999.1.1.1', ended_us = -9223372036854775807, ended_why = 'manual'
		WHERE id = 9"
	push web
	[ "$(sql 'SELECT count(*) FROM fail2ban_archive.ban')" -eq 9 ]
	[ "$(sql "SELECT matches, captures FROM fail2ban_archive.ban WHERE ban_no = 1")" = \
	    $'["a\xef\xbf\xbdb\xef\xbf\xbdc\\\\u0000"]|{"a": 2}' ]
	[ "$(sql "SELECT matches, jsonb_typeof(captures -> 'n')
	    FROM fail2ban_archive.ban WHERE ban_no = 2")" = \
	    '["1e999999", "-1e-999999", 12, 1500]|string' ]
	[ "$(sql "SELECT matches, captures FROM fail2ban_archive.ban WHERE ban_no = 4")" = \
	    '["no JSON"]|{"text": "[]"}' ]
	[ "$(sql "SELECT matches FROM fail2ban_archive.ban WHERE ban_no = 5")" = \
	    $'["\xef\xbf\xbd\xef\xbf\xbd"]' ]
	[ "$(sql "SELECT length(matches ->> 0) FROM fail2ban_archive.ban
	    WHERE ban_no = 6")" -eq 10000000 ]
	[ "$(sql "SELECT since_us, seconds, ident = E'\xef\xbf\xbd\n\t\\\\.'
	    FROM fail2ban_archive.ban WHERE ban_no = 8")" = '253402300799999999|-1|t' ]
	[ "$(sql "SELECT length(ident), address, ended_us FROM fail2ban_archive.ban
	    WHERE ban_no = 9")" = '40001||-62135596800000000' ]
}

@test "a ban that the server refuses is named and left out, and no other" {
	machine web
	bans web 300
	sql "ALTER TABLE fail2ban_archive.ban ADD CONSTRAINT later
	    CHECK (ban_no NOT IN (7, 8, 250))"
	said=$(push web 2>&1)
	for i in 7 8 250; do says "ban $i is left out"; done
	says 'SQLSTATE 23514'
	says 'push: 297 changes sent, 3 refused; the fleet has all other changes up to 300'
	[ "$(sql 'SELECT count(*) FROM fail2ban_archive.ban')" -eq 297 ]
	[ "$(sql 'SELECT last_rev FROM fail2ban_archive.host')" -eq 300 ]
	ev web ban 192.0.2.1 "$EPOCHSECONDS.1"
	push web
	[ "$(sql 'SELECT count(*) FROM fail2ban_archive.ban')" -eq 298 ]
}

@test "a row of the machine that is refused costs no ban" {
	machine web
	bans web 20
	sql "ALTER TABLE fail2ban_archive.host ADD CONSTRAINT later
	    CHECK (last_rev < 10)"
	fail_push 65 web
	says later
	sql 'ALTER TABLE fail2ban_archive.host DROP CONSTRAINT later'
	push web
	same_there web
}

@test "an administrator may have all changes sent again" {
	machine web
	bans web 20
	push web
	sql 'DELETE FROM fail2ban_archive.ban WHERE ban_no IN (3, 17)'
	sql 'UPDATE fail2ban_archive.host SET last_rev = 0, last_ban = 0'
	push web
	same_there web
	[ "$(sql 'SELECT count(*) FROM fail2ban_archive.ban')" -eq 20 ]
}

@test "two pushes of one archive do not run at once" {
	machine web
	ev web ban 192.0.2.1 "$EPOCHSECONDS.1"
	(
		exec 9>"$(archive_of web).push-lock"
		flock 9
		fail_push 75 web
		says 'another push is at work'
	)
	push web
}

@test "twenty machines push at once into an empty centre" {
	local i pids=()
	for i in {1..20}; do
		machine "web$i"
		bans "web$i" 50 $((1700000000 + i))
	done
	for i in {1..20}; do push "web$i" >"$lab/out$i" 2>&1 & pids+=($!); done
	for i in "${pids[@]}"; do wait "$i"; done
	for i in {1..20}; do same_there "web$i"; done
	[ "$(sql 'SELECT count(*) FROM fail2ban_archive.ban')" -eq 1000 ]
}

# refused ROLE TEXT: the statement fails for the role; the words are in $said.
refused() {
	if said=$(sql "$@" 2>&1); then
		echo "not refused: $*: $said" >&2
		return 1
	fi
}

@test "a writer can neither read, change nor delete what another one wrote, by no way" {
	local b table
	machine a
	machine b
	bans a 30 1700000000
	bans b 30 1700000000
	ev b ban 203.0.113.77 "$EPOCHSECONDS.1"
	push a
	push b
	b=$(state b host)
	here b >"$lab/b_had"
	S=fail2ban_archive
	# It sees its own alone.
	[ "$(sql a "SELECT count(*) FROM $S.host")" -eq 1 ]
	[ "$(sql a "SELECT count(*) FROM $S.ban")" -eq 30 ]
	[ "$(sql a "SELECT count(*) FROM $S.ban WHERE host_uuid = '$b'")" -eq 0 ]
	# It changes and deletes nothing of b's.
	sql a "UPDATE $S.ban SET jail = 'x' WHERE host_uuid = '$b';
	    DELETE FROM $S.ban WHERE host_uuid = '$b';
	    UPDATE $S.host SET name = 'x', token = '' WHERE host_uuid = '$b'"
	refused a "DELETE FROM $S.host WHERE host_uuid = '$b'"
	# It adds nothing to b's, and gives nothing of its own away.
	refused a "UPDATE $S.ban SET host_uuid = '$b'"
	[[ $said == *'row-level security'* ]]
	refused a "INSERT INTO $S.ban (host_uuid, archive_id, ban_no, rev, jail, ident,
	    since_us, timeofban, nth, origin, seen, restored, sending)
	    VALUES ('$b', 'x', 1, 1, 'x', 'x', 1, 1700000000, 1, 'x', '[]', 0, 1)"
	[[ $said == *'row-level security'* ]]
	refused a "INSERT INTO $S.ban (host_uuid, archive_id, ban_no, rev, jail, ident,
	    since_us, timeofban, nth, origin, seen, restored, sending)
	    SELECT '$b', archive_id, ban_no, rev + 1, 'x', 'x', since_us, timeofban,
	    1, 'x', '[]', 0, 9 FROM $S.ban
	    ON CONFLICT (host_uuid, archive_id, ban_no, timeofban)
	    DO UPDATE SET jail = 'x'"
	[[ $said == *'row-level security'* ]]
	refused a "INSERT INTO $S.host (host_uuid, name, archive_id, token)
	    VALUES ('$b', 'x', 'x', 'x')"
	# It cannot say that another role writes.
	refused a "UPDATE $S.host SET writer = 'b'"
	refused a "UPDATE $S.host SET host_uuid = '$b'"
	refused a "INSERT INTO $S.host (host_uuid, writer, name, archive_id, token)
	    VALUES (gen_random_uuid(), 'b', 'x', 'x', 'x')"
	# As the role of all writers it sees nothing, and writes nothing.
	[ "$(sql a "SET ROLE fail2ban_archive_writer; SELECT count(*) FROM $S.ban")" \
	    -eq 0 ]
	[ "$(sql a "SET ROLE fail2ban_archive_writer; SELECT count(*) FROM $S.host")" \
	    -eq 0 ]
	refused a "SET ROLE fail2ban_archive_writer;
	    INSERT INTO $S.host (host_uuid, name, archive_id, token)
	    VALUES (gen_random_uuid(), 'x', 'x', 'x')"
	refused a 'SET ROLE b'
	refused a "SET SESSION AUTHORIZATION b"
	refused a 'SET row_security = off; SELECT * FROM fail2ban_archive.ban'
	# No partition by its name, no view.
	for table in $(sql "SELECT relname FROM pg_class WHERE relkind IN ('r', 'v')
	    AND relnamespace = '$S'::regnamespace
	    AND relname NOT IN ('host', 'ban', 'setting')"); do
		refused a "SELECT * FROM $S.$table"
		[[ $said == *'permission denied'* ]]
		refused a "INSERT INTO $S.$table DEFAULT VALUES"
	done
	refused a "TRUNCATE $S.ban"
	refused a "UPDATE $S.setting SET writer_min_hosts = 1"
	refused a "CREATE TABLE $S.mine (x integer)"
	refused a "SELECT $S.drop_before(now())"
	refused a "SELECT $S.forget_host('$b')"
	refused a "SELECT $S.accept_host('$b')"
	# blocklist says to a writer only what two machines saw, whatever it asks.
	[ "$(sql a "SELECT count(*) FROM $S.blocklist(1, 'epoch')")" -eq 30 ]
	[ "$(sql a "SELECT count(*) FROM $S.blocklist(1, 'epoch')
	    WHERE ident = '203.0.113.77'")" -eq 0 ]
	[ "$(sql "SELECT count(*) FROM $S.blocklist(1, 'epoch')
	    WHERE ident = '203.0.113.77'")" -eq 1 ]
	# A function that is cheap to the planner sees no row of b's.
	sql 'GRANT CREATE ON SCHEMA public TO a'
	sql a "CREATE FUNCTION public.leak(text) RETURNS boolean LANGUAGE plpgsql
	    COST 0.0000001 AS \$\$ BEGIN RAISE NOTICE 'saw %', \$1; RETURN true; END \$\$"
	sql a "SELECT count(*) FROM $S.ban WHERE public.leak(ident)" >"$lab/out" 2>&1
	run ! grep -q 203.0.113.77 "$lab/out"
	# b's rows are as they were.
	there b | diff - "$lab/b_had"
	[ "$(sql "SELECT name FROM $S.host WHERE host_uuid = '$b'")" = b ]
}

@test "a superuser that takes on a writer's role sees what that sees" {
	machine web1
	machine db1
	ev web1 ban 192.0.2.1 "$EPOCHSECONDS.1"
	ev db1 ban 192.0.2.2 "$EPOCHSECONDS.1"
	push web1
	push db1
	[ "$(sql 'SET ROLE web1; SELECT string_agg(ident, chr(32)) FROM fail2ban_archive.ban')" = 192.0.2.1 ]
	[ "$(sql 'SET ROLE web1; SELECT count(*) FROM fail2ban_archive.host')" -eq 1 ]
	[ "$(sql "SET ROLE web1; WITH d AS (DELETE FROM fail2ban_archive.ban WHERE
	    ident = '192.0.2.2' RETURNING 1) SELECT count(*) FROM d")" -eq 0 ]
}

@test "a reader reads all and writes nothing" {
	local view
	machine a
	bans a 5
	push a
	sql 'CREATE ROLE anna LOGIN IN ROLE fail2ban_archive_reader'
	for view in host ban bans banned_now seen_on_hosts networks silent_hosts; do
		sql anna "SELECT count(*) FROM fail2ban_archive.$view" >"$lab/out"
	done
	[ "$(sql anna 'SELECT count(*) FROM fail2ban_archive.bans')" -eq 5 ]
	refused anna "UPDATE fail2ban_archive.ban SET jail = 'x'"
	refused anna 'DELETE FROM fail2ban_archive.ban'
	refused anna "INSERT INTO fail2ban_archive.host (host_uuid, name, archive_id,
	    token) VALUES (gen_random_uuid(), 'x', 'x', 'x')"
	refused anna "SELECT fail2ban_archive.make_partitions('{}')"
}

@test "a machine that says it is several counts as one in blocklist" {
	local i
	machine a
	machine b
	bans a 3 1700000000
	push a
	for i in 1 2 3 4; do
		sql a "INSERT INTO fail2ban_archive.host (host_uuid, name, archive_id, token)
		    VALUES ('00000000-0000-4000-8000-00000000000$i', 'liar$i', 'x$i', 'x')"
		sql a "INSERT INTO fail2ban_archive.ban (host_uuid,
		    archive_id, ban_no, rev, jail, ident, host, since_us, timeofban, nth,
		    origin, seen, restored, address, sending)
		    SELECT '00000000-0000-4000-8000-00000000000$i', 'x$i', ban_no, rev,
		    jail, ident, 'host$i', since_us, timeofban, nth, origin, seen,
		    restored, address, 1
		    FROM fail2ban_archive.ban WHERE archive_id NOT LIKE 'x%'"
	done
	[ "$(sql "SELECT count(*) FROM fail2ban_archive.blocklist(1, 'epoch')")" -eq 3 ]
	[ "$(sql "SELECT count(*) FROM fail2ban_archive.blocklist(2, 'epoch')")" -eq 0 ]
	bans b 3 1700000000
	push b
	[ "$(sql "SELECT count(*) FROM fail2ban_archive.blocklist(2, 'epoch')")" -eq 3 ]
	[ "$(sql "SELECT count(*) FROM fail2ban_archive.blocklist(3, 'epoch')")" -eq 0 ]
}

@test "drop_before forgets the months before, for good, and keeps all others" {
	local ids="SELECT string_agg(ident, ' ' ORDER BY ident)
	    FROM fail2ban_archive.bans"
	machine web
	# A month that has a partition, one too old to have any, and this one.
	ev web ban 192.0.2.1 1600000000.5
	ev web ban 192.0.2.2 1000000000.5
	ev web ban 192.0.2.3 "$EPOCHSECONDS.5"
	push web
	[ "$(sql 'SELECT count(*) FROM fail2ban_archive.ban_other')" -eq 1 ]
	sql "SELECT fail2ban_archive.drop_before(now() - interval '2 years')"
	[ "$(sql "$ids")" = 192.0.2.3 ]
	[ -z "$(sql "SELECT to_regclass('fail2ban_archive.ban_2020_09')")" ]
	# Neither a change, a new ban nor a whole sending brings such a ban back.
	ev web prolong 192.0.2.1 1600000000.5 --bantime 700
	ev web ban 192.0.2.4 1600000001.5
	push web
	restored web
	push web
	[ "$(sql "$ids")" = 192.0.2.3 ]
	# An earlier moment does not open the months again.
	sql "SELECT fail2ban_archive.drop_before('2000-01-01')"
	restored web
	push web
	[ "$(sql "$ids")" = 192.0.2.3 ]
}

@test "forget_host forgets a machine and its bans, and no other machine" {
	machine a
	machine b
	ev a ban 192.0.2.1 "$EPOCHSECONDS.5"
	ev b ban 192.0.2.2 "$EPOCHSECONDS.5"
	push a
	push b
	sql "SELECT fail2ban_archive.forget_host('$(state a host)')"
	[ "$(sql 'SELECT name FROM fail2ban_archive.host')" = b ]
	[ "$(sql 'SELECT ident FROM fail2ban_archive.ban')" = 192.0.2.2 ]
}

@test "the schema is the same by psql as by --init, which says when it is there" {
	local dump=("$pgbin/pg_dump" -s --no-owner)
	sql 'CREATE DATABASE other'
	PGDATABASE=other "$pgbin/psql" -X -q -1 -v ON_ERROR_STOP=1 \
	    -f "$root/helper/fleet/sql/1.sql"
	diff <("${dump[@]}" postgres | grep -v '^.\(un\)\?restrict ') \
	    <("${dump[@]}" other | grep -v '^.\(un\)\?restrict ')
	# It names the database: the config, or the environment, may mean another.
	[ "$(fleet_init)" = "The central schema is in $fleet:5432/postgres\
 already, with version 1; nothing is to be done." ]
	[ "$("$push_program" -c "$lab/archive.cfg" push --migrate)" = "$(fleet_init)" ]
	sql 'CREATE DATABASE third'
	[ "$(PGDATABASE=third fleet_init)" = \
	    "The central schema is made in $fleet:5432/third, with version 1." ]
}

@test "a schema that is newer, older or missing is an error that says what to do" {
	machine web
	ev web ban 192.0.2.1 "$EPOCHSECONDS.1"
	sql 'UPDATE fail2ban_archive.setting SET version = 2'
	fail_push 76 web
	says 'install the newer fail2ban-archive'
	fail_push 76 web --migrate
	fail_push 76 web --init
	sql 'UPDATE fail2ban_archive.setting SET version = 0'
	fail_push 69 web
	says 'push --migrate'
	sql 'DROP SCHEMA fail2ban_archive CASCADE'
	fail_push 69 web
	says 'push --init'
	sql 'CREATE SCHEMA fail2ban_archive'
	fail_push 77 web
	sql 'DROP SCHEMA fail2ban_archive'
	fail_push 69 web --migrate
	# A machine's role may not make it, and nothing is left of the try.
	fail_push 77 web --init
	says 'this role may not make the central schema'
	[[ $said != *fail2ban_archive_writer* ]]
	[ "$(sql "SELECT count(*) FROM pg_namespace
	    WHERE nspname = 'fail2ban_archive'")" -eq 0 ]
	fleet_init
	push web
	same_there web
}

@test "a password in the config is refused, and is never printed" {
	local secret
	machine web
	ev web ban 192.0.2.1 "$EPOCHSECONDS.1"
	for secret in "host='$fleet' user=web password=Geheim" \
	    'postgresql://web:Geheim@/postgres' 'password = Geheim' \
	    "host=x pass'word=Geheim" 'sslpassword=Geheim' \
	    'postgresql://web:Geheim/#@192.0.2.1/postgres' 'port=Geheim'; do
		machine_config web
		sed -i "s|^push = .*|push = \"$secret\";|" "$lab/web/archive.cfg"
		fail_push 78 web
		[[ $said != *Geheim* ]]
	done
	run ! grep -q Geheim "$fleet/log"
}

@test "a password that is missing or wrong, and a service that is missing, are errors that name the file" {
	export PGPASSFILE="$lab/pass word"
	machine web
	ev web ban 192.0.2.1 "$EPOCHSECONDS.1"
	sql "ALTER ROLE web PASSWORD 'right'"
	sed -i '1i local all web scram-sha-256' "$fleet/data/pg_hba.conf"
	sql 'SELECT pg_reload_conf()' >"$lab/out"
	while PGUSER=web "$pgbin/psql" -X -w -c '' >"$lab/out" 2>&1; do :; done
	fail_push 77 web
	says "write the line $fleet:5432:postgres:web:PASSWORD to $PGPASSFILE, with mode 0600"
	# The line is the one that libpq looks for.
	echo "$fleet:5432:postgres:web:wrong" >"$PGPASSFILE"
	chmod 600 "$PGPASSFILE"
	fail_push 77 web
	says "$PGPASSFILE"
	[[ $said != *wrong* ]]
	sed -i 's/wrong$/right/' "$PGPASSFILE"
	push web
	same_there web
	sed -i 's/^push = .*/push = "service=nonesuch";/' "$lab/web/archive.cfg"
	fail_push 78 web
	says nonesuch
	says .pg_service.conf
}

@test "a server that is gone or asks for more is an error that says where" {
	machine web
	ev web ban 192.0.2.1 "$EPOCHSECONDS.1"
	sql 'ALTER ROLE web NOLOGIN'
	fail_push 75 web
	says web
	sql 'ALTER ROLE web LOGIN'
	sql 'REVOKE fail2ban_archive_writer FROM web'
	fail_push 77 web
	sql 'GRANT fail2ban_archive_writer TO web'
	fleet_down
	fail_push 75 web
	says "$fleet"
	[ -n "$(state web error)" ]
	[ -n "$(state web failed_us)" ]
	[ -z "$(state web pushed_us)" ]
	fleet_up
	push web
	[ -z "$(state web error)" ]
	[ -n "$(state web pushed_us)" ]
	same_there web
}
