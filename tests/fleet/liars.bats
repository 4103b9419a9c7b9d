#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A role that writes what it likes, and a database that is set up otherwise, do no
# harm to the others; and what the administrator calls does what it says.

load ../lib/server
load ../lib/fleet

S=fail2ban_archive

setup() {
	lab_setup
	fleet_start
	fleet_init
}

teardown() {
	fleet_stop
	lab_teardown
}

# refused ROLE TEXT: the statement fails for the role; the words are in $said.
refused() {
	if said=$(sql "$@" 2>&1); then
		echo "not refused: $*: $said" >&2
		return 1
	fi
}

# fleet VERB...: ask the fleet as the reader anna.
fleet_reader() {
	sql 'CREATE ROLE anna LOGIN IN ROLE fail2ban_archive_reader'
	config "fleet = \"host='$fleet' user=anna dbname=postgres\";"
}
asks() { "$push_program" -c "$lab/archive.cfg" "$@"; }

# liar VALUES...: add a machine of role liar whose columns have these values.
liar() {
	sql liar "INSERT INTO $S.host (host_uuid, name, archive_id, token, $1)
	    VALUES (gen_random_uuid(), 'liar', gen_random_uuid(), 't', $2)"
}

reader_reads() {
	sql anna "SELECT * FROM $S.silent_hosts" >"$lab/out"
	sql anna "SELECT * FROM $S.host" >"$lab/out"
	asks stats >"$lab/out"
	asks report --output - >"$lab/out"
}

@test "no number that a machine says of itself breaks a view or a question" {
	local column number
	machine web
	machine liar
	ev web ban 192.0.2.1 "$EPOCHSECONDS.1"
	push web
	fleet_reader
	for number in 9223372036854775807 -9223372036854775808 -1 "'NaN'" \
	    "'Infinity'" "'-Infinity'"; do
		for column in spool gaps push_interval last_rev last_ban sending \
		    next_rev clock_skew; do
			liar "$column" "$number" 2>"$lab/out" || true
			liar "$column" "$number" 2>"$lab/out" || true
		done
		reader_reads
		sql "DELETE FROM $S.host WHERE name = 'liar'"
	done
	for number in "'4714-11-24 00:00:00+00 BC'" "'294276-12-31'"; do
		liar last_push "$number"
	done
	reader_reads
}

# trap_operators: where each role may make operators and functions, make those
# that PostgreSQL would prefer to its own, for all pairs of types that a
# statement may have.
trap_operators() {
	sql 'GRANT CREATE ON SCHEMA public TO liar'
	sql liar "SET search_path = pg_catalog;
	DO \$\$
	DECLARE
		types text[] := '{bigint,integer,smallint,numeric,real,
		    double precision,text,varchar,name,jsonb,inet,cidr,uuid,
		    timestamp,timestamptz,interval}';
		a text; b text; o text; f text; called text;
	BEGIN
		FOREACH a IN ARRAY types LOOP
			FOREACH f IN ARRAY '{to_timestamp,to_char,jsonb_strip_nulls,sum,min,
			    max,count,\"left\",to_regclass,length,date_trunc,isfinite,family,
			    masklen,network,abs,now}'::text[] LOOP
				EXECUTE format('CREATE FUNCTION public.%s(%s) RETURNS %s LANGUAGE plpgsql
				    AS ''BEGIN RAISE EXCEPTION ''''trapped by %s(%s)''''; END''',
				    f, a, a, replace(f, '\"', ''), a);
			END LOOP;
			FOREACH b IN ARRAY types LOOP
				EXECUTE format('CREATE FUNCTION public.jsonb_build_object(text, %s, text, %s)
				    RETURNS jsonb LANGUAGE plpgsql
				    AS ''BEGIN RAISE EXCEPTION ''''trapped by build''''; END''', a, b);
				FOREACH f IN ARRAY '{to_char,set_masklen,date_trunc}'::text[] LOOP
				EXECUTE format('CREATE FUNCTION public.%I(%s, %s) RETURNS text LANGUAGE plpgsql
				    AS ''BEGIN RAISE EXCEPTION ''''trapped by %s(%s,%s)''''; END''', f, a, b, f, a, b);
				END LOOP;
				FOREACH o IN ARRAY '{+,-,*,/}'::text[] LOOP
					called := 'trap_' || ascii(o);
					EXECUTE format('CREATE OR REPLACE FUNCTION public.%s(%s, %s) RETURNS %s
					    LANGUAGE plpgsql AS ''BEGIN RAISE EXCEPTION ''''trapped by %s %s %s'''';
					    END''', called, a, b, a, a, o, b);
					EXECUTE format('CREATE OPERATOR public.%s (FUNCTION = public.%s,
					    LEFTARG = %s, RIGHTARG = %s)', o, called, a, b);
				END LOOP;
				FOREACH o IN ARRAY '{<,>,<=,>=,=,<>,~,<<=,?|,->,||}'::text[] LOOP
					called := 'trap';
					FOR i IN 1 .. length(o) LOOP
						called := called || '_' || ascii(substr(o, i, 1));
					END LOOP;
					EXECUTE format('CREATE OR REPLACE FUNCTION public.%s(%s, %s) RETURNS boolean
					    LANGUAGE plpgsql AS ''BEGIN RAISE EXCEPTION ''''trapped by %s %s %s'''';
					    END''', called, a, b, a, o, b);
					EXECUTE format('CREATE OPERATOR public.%s (FUNCTION = public.%s,
					    LEFTARG = %s, RIGHTARG = %s)', o, called, a, b);
				END LOOP;
			END LOOP;
		END LOOP;
	END \$\$"
}

@test "no statement runs an operator or a function that another role made" {
	local now=$EPOCHSECONDS view verb i
	machine web
	machine liar
	fleet_reader
	trap_operators
	# The schema is made where they are, too.
	sql "DROP SCHEMA $S CASCADE" 2>"$lab/out"
	fleet_init
	for i in 1 2 3; do ev web ban "192.0.2.$i" "$now.$i"; done
	bans web 3 1700000000
	push web
	ev web unban 192.0.2.1 "$now.1"
	on web archive forget 198.51.0.1 >"$lab/out"
	sqlite3 "$(archive_of web)" "UPDATE ban SET timeofban = timeofban - 7776000,
	    rev = (SELECT max(rev) + 1 FROM ban) WHERE ident = '192.0.2.3'"
	push web
	same_there web
	sql "SELECT $S.accept_host('$(state web host)')"
	push web

	on web archive backup "$lab/backup" >"$lab/out"
	on web archive restore "$lab/backup" >"$lab/out"
	push web
	same_there web
	"$push_program" -c "$lab/web/archive.cfg" blocklist >"$lab/out"
	asks blocklist >"$lab/out"
	for view in bans banned_now seen_on_hosts networks silent_hosts; do
		sql anna "SELECT count(*) FROM $S.$view" >"$lab/out"
	done
	sql "SELECT $S.forget_host('$(state web host)')"
	push web
	# Some find nothing, which is no failure here.
	for verb in 'list --format jsonl' 'list --active' 'list --net 192.0.2.0/24' \
	    'list --user root' stats 'stats --mail root' 'top --by user' \
	    'top --by net' 'top --by jail --count time' 'top --count failures' \
	    'top --by user --net 192.0.2.0/24' 'report --output -' 'show 192.0.2.3' \
	    'stats --host web'; do
		# shellcheck disable=SC2086
		asks $verb >"$lab/out" 2>>"$lab/said" || true
	done
	run ! grep . "$lab/said"
}

@test "drop_before forgets whole months, and what is pushed again stays away" {
	machine web
	bans web 3 1700000000
	bans web 3 1710000000
	# A clock was wrong once: these rows are in no month.
	sqlite3 "$(archive_of web)" "UPDATE ban SET timeofban = 86400 * id
	    WHERE id IN (1, 2)"
	push web
	[ "$(sql "SELECT count(*) FROM $S.ban_other")" -eq 2 ]
	# The third of November: the month has not ended.
	sql "SELECT $S.drop_before('2023-11-30 23:59+00')" >"$lab/out"
	[ "$(sql "SELECT min(timeofban) > 1690000000, count(*) FROM $S.ban")" = 't|4' ]
	[ "$(sql "SELECT keep_from FROM $S.setting")" -eq "$(date -u -d 2023-11-01 +%s)" ]
	# In another time zone the month begins with that of UTC.
	sql "SET TimeZone = 'Pacific/Auckland';
	    SELECT $S.drop_before('2023-12-01 00:00+00')" >"$lab/out"
	[ "$(sql "SELECT count(*) FROM $S.ban")" -eq 3 ]
	[ "$(sql "SELECT to_regclass('$S.ban_2023_11') IS NULL")" = t ]
	# An older moment brings nothing back.
	sql "SELECT $S.drop_before('2004-01-01')" >"$lab/out"
	[ "$(sql "SELECT keep_from FROM $S.setting")" -eq "$(date -u -d 2023-12-01 +%s)" ]
	# All that is sent again: old bans and their partition stay away.
	sql "UPDATE $S.host SET last_rev = 0, last_ban = 0"
	push web
	bans web 2 1700000500
	push web
	[ "$(sql "SELECT count(*) FROM $S.ban")" -eq 3 ]
	[ "$(sql "SELECT to_regclass('$S.ban_2023_11') IS NULL")" = t ]
	# A ban that moves out of what is kept goes.
	sqlite3 "$(archive_of web)" "UPDATE ban SET timeofban = timeofban - 50000000,
	    rev = (SELECT max(rev) + 1 FROM ban) WHERE id = 4"
	push web
	[ "$(sql "SELECT count(*) FROM $S.ban")" -eq 2 ]
}

@test "drop_before takes no moment to come" {
	local moment
	machine web
	bans web 3
	push web
	for moment in "now() + interval '1 second'" "'infinity'" "'-infinity'" NULL \
	    "'12026-01-01'"; do
		refused postgres "SELECT $S.drop_before($moment)"
		[[ $said == *'no moment of the past'* ]]
	done
	push web
	same_there web
	[ "$(sql "SELECT count(*) FROM $S.ban")" -eq 3 ]
}

@test "accept_host and forget_host refuse a machine that is not there" {
	local f uuid
	machine web
	machine other
	bans web 3
	bans other 3
	push web
	push other
	for f in accept_host forget_host; do
		for uuid in NULL "'00000000-0000-4000-8000-000000000001'"; do
			refused postgres "SELECT $S.$f($uuid)"
			[[ $said == *'no machine has'* ]]
		done
	done
	sql "SELECT $S.forget_host('$(state web host)')" >"$lab/out"
	[ "$(sql "SELECT name, (SELECT count(*) FROM $S.ban) FROM $S.host")" = \
	    'other|3' ]
	# The machine goes on as if it were new.
	push web
	same_there web other
	# What a machine without its row left is forgotten, too.
	sql "DELETE FROM $S.host WHERE name = 'web'"
	sql "SELECT $S.forget_host('$(state web host)')" >"$lab/out"
	[ "$(sql "SELECT count(*) FROM $S.ban")" -eq 3 ]
}

@test "a machine that is forgotten in the middle of a push leaves no ban" {
	local pid
	machine web
	bans web 3
	push web
	bans web 6000 1700000000
	hold "LOCK TABLE $S.ban IN SHARE MODE"
	push web >"$lab/out" 2>&1 &
	pid=$!
	asked "wait_event_type = 'Lock'"
	sql "SELECT $S.forget_host('$(state web host)')" >"$lab/forget" 2>&1 &
	until [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE
	    query LIKE 'SELECT%forget_host%' AND wait_event_type = 'Lock'
	    AND pid <> pg_backend_pid()")" -eq 1 ]; do :; done
	let_go
	wait "$!"
	wait "$pid" || true
	[ "$(sql "SELECT count(*) FROM $S.ban AS b WHERE NOT EXISTS (SELECT
	    FROM $S.host AS h WHERE h.host_uuid = b.host_uuid)")" -eq 0 ]
	push web
	same_there web
}

@test "a database of another encoding is refused, by the first push and by --init" {
	local encoding
	machine web
	ev web ban 192.0.2.1 "$EPOCHSECONDS.1"
	for encoding in LATIN1 SQL_ASCII; do
		sql "CREATE DATABASE \"of $encoding\" ENCODING '$encoding'
		    TEMPLATE template0 LOCALE 'C'"
		machine_config web
		sed -i "s/dbname=postgres/dbname='of $encoding'/" "$lab/web/archive.cfg"
		PGDATABASE="of $encoding" "$pgbin/psql" -X -q -v ON_ERROR_STOP=1 \
		    -f "$root/helper/fleet/sql/1.sql"
		fail_push 69 web
		says "$encoding"
		says 'createdb --encoding=UTF8'
		[ -n "$(state web error)" ]
		PGDATABASE="of $encoding" sql "DROP SCHEMA $S CASCADE" 2>"$lab/out"
		said=$(PGDATABASE="of $encoding" "$push_program" \
		    -c "$lab/archive.cfg" push --init 2>&1) && false
		says 'createdb --encoding=UTF8'
		[ "$(PGDATABASE="of $encoding" sql "SELECT count(*) FROM pg_namespace
		    WHERE nspname = '$S'")" -eq 0 ]
	done
	machine_config web
	push web
	same_there web
}

@test "whoever lacks a right hears of that right" {
	machine web
	ev web ban 192.0.2.1 "$EPOCHSECONDS.1"
	# A database that takes all rights from the public leaves what push needs.
	sql 'CREATE DATABASE hard'
	sql 'REVOKE ALL ON DATABASE hard FROM PUBLIC'
	PGDATABASE=hard fleet_init
	sed -i 's/dbname=postgres/dbname=hard/' "$lab/web/archive.cfg"
	push web
	[ "$(PGDATABASE=hard sql "SELECT count(*) FROM $S.ban")" -eq 1 ]
	# --init by a role that may make no schema.
	PGDATABASE=hard sql "DROP SCHEMA $S CASCADE" 2>"$lab/out"
	fail_push 77 web --init
	says 'may not make the central schema'
	[[ $said != *'must be a member'* ]]
}

@test "the schema's owner may be another than the superuser" {
	local verb
	machine web
	sql 'CREATE ROLE fleet_owner LOGIN CREATEROLE'
	sql "DROP SCHEMA $S CASCADE" 2>"$lab/out"
	sql 'DROP OWNED BY fail2ban_archive_writer, fail2ban_archive_reader'
	sql 'CREATE DATABASE owned OWNER fleet_owner'
	PGUSER=fleet_owner PGDATABASE=owned fleet_init
	sed -i 's/dbname=postgres/dbname=owned/' "$lab/web/archive.cfg"
	bans web 3 1700000000
	push web
	export PGDATABASE=owned
	same_there web
	[ "$(sql "SELECT tableowner FROM pg_tables WHERE tablename = 'ban_2023_11'")" = \
	    fleet_owner ]
	sql fleet_owner "SELECT $S.drop_before('2023-12-01')" >"$lab/out"
	sql fleet_owner "SELECT $S.accept_host('$(state web host)')" >"$lab/out"
	push web
	sql fleet_owner "SELECT $S.forget_host('$(state web host)')" >"$lab/out"
	[ "$(sql "SELECT count(*) FROM $S.ban")" -eq 0 ]
}

@test "a role of many machines cannot be taken on to count as one more" {
	local name
	sql 'CREATE ROLE farm NOLOGIN IN ROLE fail2ban_archive_writer'
	machine web
	sql 'REVOKE fail2ban_archive_writer FROM web; GRANT farm TO web'
	bans web 3
	push web
	same_there web
	refused web "SET ROLE farm; INSERT INTO $S.host (host_uuid, name, archive_id,
	    token) VALUES (gen_random_uuid(), 'x', 'x', 'x')"
	[ "$(sql "SELECT count(*) FROM $S.host")" -eq 1 ]
	[ "$(sql web "SET ROLE farm; SELECT count(*) FROM $S.ban")" -eq 0 ]
	push web
}

@test "a writer cannot lock the table of machines, nor leave bans of none" {
	machine web
	machine liar
	bans web 3
	bans liar 3
	push liar
	refused liar "BEGIN; LOCK TABLE $S.host IN ACCESS EXCLUSIVE MODE"
	[[ $said == *'permission denied'* ]]
	refused liar "BEGIN; LOCK TABLE $S.setting IN SHARE MODE"
	[[ $said == *'permission denied'* ]]
	refused liar "DELETE FROM $S.host"
	[ "$(sql "SELECT count(*) FROM $S.host")" -eq 1 ]
	push web
}

@test "what a server notes without being asked is not printed" {
	machine web
	ev web ban 192.0.2.1 "$EPOCHSECONDS.1"
	fleet_reader
	sql "CREATE FUNCTION $S.notes() RETURNS trigger LANGUAGE plpgsql AS
	    \$\$ BEGIN RAISE WARNING E'a\\x1b[31mb\\nc'; RETURN NEW; END \$\$"
	sql "CREATE TRIGGER notes BEFORE INSERT OR UPDATE ON $S.host FOR EACH ROW
	    EXECUTE FUNCTION $S.notes()"
	push web 2>"$lab/said" >"$lab/out"
	run ! grep . "$lab/said"
	sql "CREATE FUNCTION $S.says(text) RETURNS boolean LANGUAGE plpgsql AS
	    \$\$ BEGIN RAISE WARNING E'a\\x1b[31mb\\nc'; RETURN true; END \$\$"
	sql "CREATE OR REPLACE VIEW $S.silent_hosts AS SELECT name, last_push,
	    now() - last_push AS silent_for, host_uuid, version, spool, gaps,
	    clock_skew FROM $S.host WHERE $S.says(name)"
	asks stats 2>"$lab/said" >"$lab/out"
	run ! grep . "$lab/said"
}

@test "no setting of a role or a database changes what is pushed or read" {
	local set
	machine web
	bans web 3
	fleet_reader
	for set in "search_path = ''" "search_path = public" "DateStyle = 'SQL, DMY'" \
	    'standard_conforming_strings = off' 'backslash_quote = off' \
	    'bytea_output = escape' 'extra_float_digits = -15' \
	    'IntervalStyle = iso_8601' "TimeZone = 'Asia/Kathmandu'" \
	    'transform_null_equals = on' 'quote_all_identifiers = on' \
	    "default_transaction_isolation = 'serializable'" \
	    "client_min_messages = debug1" "client_encoding = 'LATIN1'" \
	    'default_transaction_deferrable = on' 'synchronous_commit = off' \
	    "plan_cache_mode = force_generic_plan" 'array_nulls = off' \
	    'enable_partition_pruning = off' 'escape_string_warning = off'; do
		sql "ALTER ROLE web SET $set; ALTER ROLE anna SET $set"
		ev web ban 192.0.2.1 "$EPOCHSECONDS.1"
		bans web 2 1700000000
		push web 2>"$lab/said"
		same_there web
		asks stats >"$lab/out"
		asks list --format jsonl >"$lab/list"
		[ "$(wc -l <"$lab/list")" -eq "$(sql "SELECT count(*) FROM $S.ban")" ]
		sql "SELECT $S.forget_host('$(state web host)')" >"$lab/out"
		push web 2>>"$lab/said"
		same_there web
		run ! grep . "$lab/said"
		sql 'ALTER ROLE web RESET ALL; ALTER ROLE anna RESET ALL'
	done
}

@test "a standby is said to be one, and is asked all the same" {
	machine web
	bans web 3
	push web
	fleet_reader
	fleet_down
	as_nobody touch "$fleet/data/standby.signal"
	fleet_up
	fail_push 75 web
	says 'takes no writes'
	says 'target_session_attrs=read-write'
	bans web 2 1700000000
	fail_push 75 web
	asks stats >"$lab/out"
	[ "$(asks list --format jsonl | wc -l)" -eq 3 ]
	"$push_program" -c "$lab/web/archive.cfg" blocklist >"$lab/out"
	sed -i "s/dbname=postgres/dbname=postgres target_session_attrs=read-write/" \
	    "$lab/web/archive.cfg"
	fail_push 75 web
	fleet_down
	rm "$fleet/data/standby.signal"
	fleet_up
	push web
	same_there web
}

# prune_old NAME: prune its bans from before 2022; what was archived a short time
# ago would stay.
prune_old() {
	sqlite3 "$(archive_of "$1")" 'UPDATE ban SET added_us = since_us'
	on "$1" archive prune --older-than \
	    "$(((EPOCHSECONDS - 1650000000) / 86400))d" >"$lab/out"
	run ! grep -q ' 0 bans' "$lab/out"
}

@test "a forgotten id is forgotten, also where its bans were pruned before" {
	machine web
	bans web 6 1700000000
	bans web 1 1600000000
	push web
	prune_old web
	push web
	[ "$(sql "SELECT count(*) FROM $S.ban WHERE pruned_us IS NOT NULL")" -eq 1 ]
	# What has merely changed or was forgotten of another id takes nothing.
	on web archive forget 198.51.0.1 >"$lab/out"
	push web
	[ "$(sql "SELECT count(*) FROM $S.ban WHERE pruned_us IS NOT NULL")" -eq 1 ]
	on web archive forget 198.51.0.0 >"$lab/out"
	push web
	[ "$(sql "SELECT count(*) FROM $S.ban WHERE ident = '198.51.0.0'")" -eq 0 ]
	[ "$(sql "SELECT count(*) FROM $S.ban")" -eq 4 ]
	same_there web
}

@test "what is forgotten and pruned while a restored archive is sent is so at the end" {
	machine web
	bans web 6000 1700000000
	bans web 3 1600000000
	push web
	on web archive backup "$lab/copy" >"$lab/out"
	on web archive restore "$lab/copy" >"$lab/out" 2>&1
	# It stops in the middle: the second batch is refused.
	sql "ALTER TABLE $S.host ADD CONSTRAINT later CHECK (coalesce(next_rev, 0)
	    < 5500)"
	fail_push 65 web
	[ "$(sql "SELECT next_rev > 0 FROM $S.host")" = t ]
	on web archive forget 198.51.0.5 >"$lab/out"
	on web archive forget 198.51.20.5 >"$lab/out"
	prune_old web
	sql "ALTER TABLE $S.host DROP CONSTRAINT later"
	push web
	same_there web
	[ "$(sql "SELECT count(*) FROM $S.ban WHERE ident IN ('198.51.0.5',
	    '198.51.20.5')")" -eq 0 ]
}

@test "months that nobody has bans of, and few locks, are an error that says what to raise" {
	machine web
	machine liar
	bans web 6 1700000000
	push web
	sql liar "SELECT $S.make_partitions(ARRAY(SELECT extract(epoch FROM day)::bigint
	    FROM generate_series(timestamp '2004-01-01', now()::timestamp, '20 days')
	    AS day))" >"$lab/out"
	on web archive forget 198.51.0.1 >"$lab/out"
	fleet_down
	printf 'max_connections = 10\nmax_wal_senders = 0\nmax_locks_per_transaction = 10\n' \
	    >>"$fleet/data/postgresql.conf"
	fleet_up
	fail_push 75 web
	says 'max_locks_per_transaction'
	fleet_down
	echo 'max_locks_per_transaction = 300' >>"$fleet/data/postgresql.conf"
	fleet_up
	push web
	same_there web
}

@test "a schema that lacks a function or a column is an error that says so" {
	machine web
	bans web 3
	sql "ALTER FUNCTION $S.make_partitions RENAME TO other"
	fail_push 69 web
	says 'fleet.sql'
	sql "ALTER FUNCTION $S.other RENAME TO make_partitions"
	sql "ALTER TABLE $S.host RENAME spool TO other"
	fail_push 69 web
	says 'fleet.sql'
	sql "ALTER TABLE $S.host RENAME other TO spool"
	push web
	same_there web
}

@test "no ban that is written by hand breaks a view, or a question in any time zone" {
	local view zone verb
	machine web
	machine liar
	fleet_reader
	ev web ban 192.0.2.1 "$EPOCHSECONDS.1"
	push web
	sql liar "INSERT INTO $S.host (host_uuid, name, archive_id, token)
	    VALUES ('00000000-0000-4000-8000-000000000001', '', 'l', 't')"
	sql liar "INSERT INTO $S.ban (host_uuid, archive_id, ban_no, rev, jail, ident,
	    ip, host, since_us, timeofban, nth, seconds, bancount, failures, matches,
	    captures, origin, seen, ended_us, ended_why, restored, address, sending,
	    pruned_us, received_at)
	    SELECT '00000000-0000-4000-8000-000000000001', 'l', row_number() OVER (),
	    lie, '', coalesce(address, ''), address, '', since, lie, lie, wait, lie, lie,
	    json, json, '', json, ends, ends::text, lie, address::inet, lie, lie, received
	    FROM unnest('{-9223372036854775808,9223372036854775807}'::bigint[]) AS lie,
	    unnest('{-62135596800000000,253402300799999999}'::bigint[]) AS since,
	    unnest('{-1,9223372036854775807,NULL}'::bigint[]) AS wait,
	    unnest('{NULL,-62135596800000000,253402300799999999}'::bigint[]) AS ends,
	    unnest('{::/0,0.0.0.0/0,::ffff:0.0.0.0/95,255.255.255.255/1,NULL}'::text[])
	    AS address,
	    unnest(ARRAY['null', '[[1e300]]', '\"text\"']::jsonb[]) AS json,
	    unnest('{infinity,-infinity}'::timestamptz[]) AS received"
	for view in bans banned_now seen_on_hosts networks silent_hosts \
	    "blocklist(1, '-infinity')" "blocklist(-5, 'infinity')" \
	    'blocklist(NULL, NULL)'; do
		sql anna "SELECT * FROM $S.$view" >"$lab/out"
	done
	"$push_program" -c "$lab/web/archive.cfg" blocklist >"$lab/out"
	for zone in UTC Pacific/Kiritimati America/Adak; do
		for verb in stats 'stats --mail root' 'report --output -' 'top --by net' \
		    'top --by hour' 'top --by weekday --count time' \
		    'list --format jsonl' 'list --active' 'show 255.255.255.255' \
		    'list --limit 50' 'top --by host --count failures'; do
			# shellcheck disable=SC2086
			TZ=$zone asks $verb >"$lab/out" 2>>"$lab/said" || true
		done
	done
	run ! grep . "$lab/said"
}

@test "after the database was set back to a backup, all machines are accepted at once" {
	local name
	for name in a b; do
		machine "$name"
		bans "$name" 5 1700000000
		push "$name"
	done
	"$pgbin/pg_dump" -Fc -n "$S" -f "$lab/dump"
	for name in a b; do
		bans "$name" 3
		on "$name" archive forget 198.51.0.4 >"$lab/out"
		push "$name"
	done
	sql "DROP SCHEMA $S CASCADE" 2>"$lab/out"
	"$pgbin/pg_restore" -d postgres "$lab/dump"
	fail_push 77 a
	says "SELECT fail2ban_archive.accept_host('$(state a host)')"
	sql "SELECT $S.accept_host(host_uuid) FROM $S.host" >"$lab/out"
	push a
	push b
	same_there a b
	bans a 4 1710000000
	push a
	same_there a b
}

@test "the first push of an accepted machine closes it to copies, with and without news" {
	local news
	machine web
	bans web 5
	for news in 0 2; do
		push web
		sql "SELECT $S.accept_host('$(state web host)')" >"$lab/out"
		[ "$news" -eq 0 ] || bans web "$news" 1700000000
		cp "$(archive_of web).push" "$lab/before"
		push web
		[ "$(sql "SELECT token = '' FROM $S.host")" = f ]
		same_there web
		# Another one with the same file comes too late.
		bans web 1 1600000000
		push web
		cp "$(archive_of web).push" "$lab/after"
		cp "$lab/before" "$(archive_of web).push"
		bans web 1 1650000000
		fail_push 77 web
		cp "$lab/after" "$(archive_of web).push"
		push web
	done
}

@test "the longest names leave the cure of a copy whole" {
	local long
	long=$(printf 'n%.0s' {1..255})
	machine web
	ev web ban 192.0.2.1 "$EPOCHSECONDS.1"
	sed -i "s/^push_name.*/push_name = \"$long\";/" "$lab/web/archive.cfg"
	push web
	sql "UPDATE $S.host SET token = 'other'"
	ev web ban 192.0.2.2 "$EPOCHSECONDS.2"
	fail_push 77 web
	says "accept_host('$(state web host)')"
	says "move $(archive_of web).push away"
	rm "$(archive_of web).push"
	fail_push 77 web
	says 'restore FILE'
}
