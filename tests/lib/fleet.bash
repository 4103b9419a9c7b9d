# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A private PostgreSQL of the distribution, and the machines that push into it.
# Loaded after server. It listens on a socket in a folder of its own, and runs as
# nobody, as PostgreSQL refuses to be root.
#
# lib/server.bash assigns the variables that are not assigned here.
# shellcheck disable=SC2154

push_program=$program-push

# postgres_bin: print the folder of the newest PostgreSQL that is installed.
postgres_bin() {
	local -a all
	mapfile -t all < <(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V)
	echo "${all[-1]}"
}

pgbin=$(postgres_bin)

as_nobody() {
	(cd / && setpriv --reuid=nobody --regid=nogroup --clear-groups "$@")
}

# fleet_folder: make the folder of a PostgreSQL, $fleet.
fleet_folder() {
	# Another user must reach it, and the name of a socket is short.
	fleet=$(mktemp -d /tmp/fleet.XXXXXX)
	chown nobody:nogroup "$fleet"
	chmod 755 "$fleet"
}

# fleet_start [OPTION...]: make a PostgreSQL, by these options of initdb, and start
# it, in $fleet, if there is one.
fleet_start() {
	[ -n "${fleet-}" ] || fleet_folder
	as_nobody "$pgbin/initdb" -D "$fleet/data" -U postgres -A trust -E UTF8 \
	    --locale=C --no-sync "$@" >"$fleet.initdb" 2>&1 || {
		cat "$fleet.initdb" >&2
		return 1
	}
	mv "$fleet.initdb" "$fleet/initdb"
	as_nobody tee -a "$fleet/data/postgresql.conf" >"$fleet/conf" <<-END
		listen_addresses = ''
		unix_socket_directories = '$fleet'
		fsync = off
		shared_buffers = 64MB
		max_connections = 60
		deadlock_timeout = 200ms
		log_destination = stderr
		log_line_prefix = '%a '
	END
	export PGHOST=$fleet PGPORT=5432 PGDATABASE=postgres PGUSER=postgres
	unset PGSERVICE PGSERVICEFILE PGPASSWORD PGPASSFILE
	fleet_up
}

fleet_up() {
	as_nobody "$pgbin/pg_ctl" -D "$fleet/data" -l "$fleet/log" -w \
	    -t "$((60 * slowness))" start >/dev/null 3>&- || {
		tail -n 20 "$fleet/log" >&2
		return 1
	}
}

# fleet_down [MODE]: stop it: fast, or immediate.
fleet_down() {
	as_nobody "$pgbin/pg_ctl" -D "$fleet/data" -w -m "${1:-fast}" \
	    -t "$((60 * slowness))" stop >/dev/null 2>&1 3>&-
}

# fleet_stop: stop it for good, and remove it.
fleet_stop() {
	[ -n "${fleet-}" ] || return 0
	fleet_down immediate || true
	rm -rf "$fleet"
}

# sql [ROLE] TEXT: print the rows of a statement, columns split by |.
sql() {
	local role=postgres
	[ $# -eq 1 ] || { role=$1; shift; }
	PGUSER=$role "$pgbin/psql" -X -q -A -t -v ON_ERROR_STOP=1 -c "$1"
}

# fleet_init: make the schema.
fleet_init() { "$push_program" -c "$lab/archive.cfg" push --init; }

# machine NAME [LINE...]: make the lab of a machine, with a role of its own.
machine() {
	sql "CREATE ROLE \"$1\" LOGIN IN ROLE fail2ban_archive_writer"
	mkdir -p "$lab/$1"
	machine_config "$@"
}

# machine_config NAME [LINE...]: write its config again.
machine_config() {
	local name=$1 lab=$lab/$1
	shift
	config "push = \"host='$fleet' user='$name' dbname=postgres\";" \
	    "push_name = \"$name\";" "$@"
}

# on NAME COMMAND...: run the command with the lab of that machine as $lab.
on() {
	local lab=$lab/$1
	LAB=$lab "${@:2}"
}

# push NAME [WORDS...]: let a machine push.
push() { "$push_program" -c "$lab/$1/archive.cfg" push "${@:2}"; }

# archive_of NAME: print the path of its archive.
archive_of() { echo "$lab/$1/archive/archive.sqlite3"; }

# ev NAME VERB ID TIME [WORDS...]: an event of a ban of ten minutes.
ev() {
	"$event_program" -c "$lab/$1/archive.cfg" "$2" --jail sshd --id "$3" \
	    --time "$4" --bantime 600 --bancount 1 --failures 3 --restored 0 \
	    "${@:5}"
}

# fields: the fields that both sides have, one object a line, sorted.
fields() { jq -cS '{id, jail, ident, ip, host, since_us, timeofban, nth, seconds,
	bancount, failures, matches, captures, origin, seen, ended_us, ended_why,
	restored, rev}' | LC_ALL=C sort; }

# here NAME: print what the archive of a machine has.
here() { on "$1" archive export --after 0 | jq -c 'select(.jail)' | fields; }

# there NAME: print what the centre has of it, but for pruned bans.
there() {
	sql "SELECT to_jsonb(b) || jsonb_build_object('id', b.ban_no)
	    FROM fail2ban_archive.ban AS b JOIN fail2ban_archive.host AS h
	    USING (host_uuid, archive_id)
	    WHERE h.name = '$1' AND b.pruned_us IS NULL" | fields
}

# same_there NAME...: the centre has what each machine has, each ban once.
same_there() {
	local name
	for name; do
		diff <(here "$name") <(there "$name") >"$lab/differs" || {
			head -n 6 "$lab/differs" >&2
			return 1
		}
	done
	# No row of another archive, and no ban twice.
	[ "$(sql "SELECT count(*) FROM fail2ban_archive.ban AS b
	    WHERE NOT EXISTS (SELECT FROM fail2ban_archive.host AS h
	    WHERE h.host_uuid = b.host_uuid AND h.archive_id = b.archive_id)")" \
	    -eq 0 ]
	[ -z "$(sql "SELECT ban_no FROM fail2ban_archive.ban
	    GROUP BY host_uuid, archive_id, ban_no HAVING count(*) > 1")" ]
}

# state NAME KEY: print a value of the file beside its archive.
state() { sed -n "s/^$2 //p" "$(archive_of "$1").push"; }

# fail_push CODE NAME [WORDS...]: the push fails so; its words are in $said.
fail_push() {
	local code=$1 got=0
	shift
	said=$(push "$@" 2>&1) || got=$?
	[ "$got" -eq "$code" ] || {
		echo "exit status $got, not $code: $said" >&2
		return 1
	}
}

# bans NAME N [SECOND]: give its archive N more bans at once; the last one began
# at that second.
bans() {
	local from=${3:-$EPOCHSECONDS}
	"$python" - "$2" "$from" "$1" <<-'END' >"$lab/$1/import.jsonl"
		import json, sys
		n, since, name = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
		for i in range(n):
		    print(json.dumps({"jail": "sshd",
		        "ident": "198.51.%d.%d" % (i // 250 % 250, i % 250),
		        "since_us": (since - i * 7) * 1000000 + i, "timeofban": since - i * 7,
		        "seconds": 600, "bancount": 1, "failures": 3,
		        "matches": ["line %d of %s" % (i, name)], "captures": {"user": "root"},
		        "origin": "unknown", "ip": None, "host": None, "nth": 0,
		        "seen": ["log"], "restored": 0, "ended_us": (since - i * 7 + 600) * 1000000,
		        "ended_why": "expired"}))
	END
	on "$1" archive replay "$lab/$1/import.jsonl" >"$lab/out"
}

# asked EXPRESSION: wait until it is true of some connection of push, as
# pg_stat_activity has it.
asked() {
	local until=$((SECONDS + 60 * slowness))
	until [ "$(sql "SELECT count(*) > 0 FROM pg_stat_activity WHERE
	    application_name = 'fail2ban-archive-push' AND ($1)")" = t ]; do
		((SECONDS < until))
	done
}

# hold TEXT: run a statement in a transaction that stays open until let_go.
hold() {
	coproc HOLDER { "$pgbin/psql" -X -q -A -t 2>&1; }
	holder=$HOLDER_PID
	printf 'BEGIN;\n%s;\nSELECT 1;\n' "$1" >&"${HOLDER[1]}"
	read -r -t "$((60 * slowness))" -u "${HOLDER[0]}" _
}

let_go() {
	echo 'ROLLBACK; \q' >&"${HOLDER[1]}"
	wait "$holder"
}
