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
