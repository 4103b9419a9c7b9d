# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Questions to a fleet. Loaded after server and fleet: the database is filled by SQL
# from an archive; the clock stands still at $still.
#
# lib/server.bash and lib/fleet.bash assign the variables that are not assigned here.
# shellcheck disable=SC2154

# filled FILE [HOST]: the bans of an export, as one machine has pushed them.
filled() {
	{
		printf '%s\n' "CREATE TEMP TABLE line (n serial, j jsonb);
		    COPY line (j) FROM STDIN
		    WITH (FORMAT csv, QUOTE E'\\x01', DELIMITER E'\\x02');"
		cat "$1"
		echo '\.'
		cat <<-'SQL'
			CREATE FUNCTION pg_temp.understood(text) RETURNS inet
			LANGUAGE plpgsql AS $$ BEGIN
				RETURN replace($1, '::ffff:', '')::inet;
			EXCEPTION WHEN others THEN
				RETURN NULL;
			END $$;
			INSERT INTO fail2ban_archive.host
				(host_uuid, name, archive_id, token)
				SELECT gen_random_uuid(), :'host', :'host', 'x';
			INSERT INTO fail2ban_archive.ban (host_uuid, archive_id,
				ban_no, rev, jail, ident, ip, host, since_us,
				timeofban, nth, seconds, bancount, failures,
				matches, captures, origin, seen, ended_us,
				ended_why, restored, sending, address)
			SELECT h.host_uuid, h.archive_id, n, r.rev, r.jail,
				r.ident, r.ip, r.host, r.since_us, r.timeofban,
				r.nth, r.seconds, r.bancount, r.failures,
				nullif(r.matches, 'null'),
				nullif(r.captures, 'null'), r.origin, r.seen,
				r.ended_us, r.ended_why, r.restored, 1,
				coalesce(pg_temp.understood(r.ip),
					pg_temp.understood(r.ident))
			FROM line, fail2ban_archive.host AS h,
				jsonb_populate_record(
					NULL::fail2ban_archive.ban, j) AS r
			WHERE h.name = :'host';
			ANALYZE fail2ban_archive.ban;
		SQL
	} | "$pgbin/psql" -X -q -v ON_ERROR_STOP=1 -v host="${2:-pusher}"
}

# still_clock: the two programs see one time, that of $still.
still_clock_build() {
	"${CC:-cc}" -shared -fPIC -O1 -D_GNU_SOURCE -o "$1/still_clock.so" \
	    "$root/tests/lib/still_clock.c"
	still_clock=$1/still_clock.so
	still=$EPOCHSECONDS
}

# by_clock SECONDS COMMAND...: the command sees that time. A sanitizer wants to be
# loaded before all else, and does without it.
by_clock() {
	ASAN_OPTIONS=$ASAN_OPTIONS:verify_asan_link_order=0 STILL_CLOCK=$1 \
	    LD_PRELOAD=$still_clock "${@:2}"
}

# asked PROGRAM ARGUMENT...: at the time $still.
asked() { by_clock "$still" "$1" -c "$lab/archive.cfg" "${@:2}"; }

# same VERB OPTION...: the archive and the fleet give the same output. With
# order=sort, bans of one microsecond may come in any order.
same() {
	asked "$program" "$@" 2>"$lab/here.err" | "${order:-cat}" >"$lab/here"
	asked "$program-push" "$@" 2>"$lab/fleet.err" |
	    "${order:-cat}" >"$lab/fleet"
	if ! cmp "$lab/here" "$lab/fleet" >&2 || [ -s "$lab/fleet.err" ]; then
		echo "differs: $*" >&2
		diff "$lab/here" "$lab/fleet" | head -n 10 >&2
		cat "$lab/fleet.err" >&2
		return 1
	fi
}
