#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# An archive that an older program made: an event leaves it alone and waits, the
# next reconcile brings it up to date, and nothing is lost on the way.

load ../lib/server

# An archive of version 1: a ban that lives, with its row and log lines, one that
# was lifted by hand, and one of which only a row and a judgement are known.
setup() {
	lab_setup
	db=$lab/archive/archive.sqlite3
	mkdir -m 700 "$lab/archive"
	sqlite3 "$lab/fail2ban.sqlite3" <"$root/tests/lib/fail2ban.sql"
	sqlite3 "$db" 'PRAGMA journal_mode = WAL' >"$lab/out"
	sqlite3 "$db" <"$root/helper/archive/sql/1.sql"
	sqlite3 "$db" <<-'END'
		PRAGMA application_id = 1177698881;
		PRAGMA user_version = 1;
		INSERT INTO jail (name) VALUES ('sshd');
		INSERT INTO evidence VALUES (1, '["one line","another line"]',
		    '{"user":"root"}'), (2, NULL, '{"user":"x"}');
		INSERT INTO ban VALUES
		    (1, '', 1, '192.0.2.1', NULL, 2000000000, 2000000000250000, 0, -1,
		     1, 3, 1, 'log', 3, NULL, NULL, 1, 5, 2000000001000000, 0, NULL, 0,
		     0, 2000000000500000),
		    (2, '', 1, 'id "x"', '192.0.2.2', 1000, 1000500000, 0, 600,
		     1, 3, 2, 'log', 1, 1003000000, 'manual', 0, 3, 1000600000, 0,
		     NULL, 0, 0, 1000600000),
		    (3, '', 1, '192.0.2.3', NULL, 5000, 5000000000, 0, 600,
		     NULL, 2, NULL, 'log', 2, 5600000000, 'inferred', 0, 4, 0, 0, NULL,
		     0, 0, 9000000000);
		INSERT INTO sign VALUES
		    (1, 2000000000500000, 'ban', 2000000000250000, 1, -1, 1, 3, NULL,
		     NULL, NULL, NULL),
		    (1, 2000000000500000, 'row', 2000000000000000, 0, -1, 1, 3, NULL,
		     1, NULL, NULL),
		    (1, 2000000001000000, 'restored', 2000000000000000, 0, -1, 2, 3,
		     NULL, NULL, NULL, NULL),
		    (2, 1000600000, 'ban', 1000500000, 1, 600, 1, 3, '192.0.2.2', 2,
		     NULL, NULL),
		    (2, 1003000000, 'unban', 1000500000, 1, 600, 1, 3, '192.0.2.2',
		     NULL, 'manual', 1003000000),
		    (3, 9000000001, 'row', 5000000000, 0, 600, NULL, 2, NULL, NULL,
		     NULL, NULL),
		    (3, 9000000001, 'judged', 5000000000, 0, NULL, NULL, NULL, NULL,
		     NULL, 'inferred', 5600000000);
	END
	chmod 600 "$db"*
	sqlite3 "$db" 'SELECT * FROM bans ORDER BY rev' >"$lab/before"
	[ "$(wc -l <"$lab/before")" -eq 3 ]
	bans_are_as_before() {
		sqlite3 "$db" "SELECT * FROM bans WHERE rev <= 5 ORDER BY rev" |
			cmp - "$lab/before"
	}
}

newest=$(find "$root/helper/archive/sql" -name '*.sql' | wc -l)

version() {
	sqlite3 "$db" 'PRAGMA user_version'
}

@test "an event does not bring an older archive up to date, but waits" {
	status 0 archive ban --jail sshd --id 192.0.2.9 --time 1795458480.5
	says 'older program'
	look 'len(spooled()) == 1'
	[ "$(version)" -eq 1 ]
	bans_are_as_before
}

@test "a reader of an older archive says what to do" {
	status 66 archive list
	says 'a reconcile brings it up to date'
}

@test "a reconcile brings an older archive up to date, with the events that wait" {
	archive ban --jail sshd --id 192.0.2.9 --time 1795458480.5
	archive reconcile
	[ "$(version)" -eq "$newest" ]
	bans_are_as_before
	look 'len(rows()) == 4 and spooled() == []'
	archive verify
}

@test "the sightings of an older archive's bans are still known" {
	archive reconcile
	# The same events once more, and a row: nothing new.
	archive ban --jail sshd --id 192.0.2.1 --time 2000000000.25 --bantime -1 \
	    --bancount 1 --failures 3
	archive unban --jail sshd --id 'id "x"' --ip 192.0.2.2 --time 1000.5 \
	    --bantime 600
	sqlite3 "$lab/fail2ban.sqlite3" "INSERT INTO bans VALUES ('sshd',
	    '192.0.2.1', 2000000000, -1, 1, '{\"matches\": [\"one line\",
	    \"another line\"], \"failures\": 3, \"user\": \"root\"}')"
	archive reconcile
	bans_are_as_before
	look 'len(rows()) == 3'
	# A restored ban counts on, and another one of that second is its own.
	archive ban --jail sshd --id 192.0.2.1 --time 2000000000 --bantime -1 \
	    --restored 1
	look 'row("sshd", "192.0.2.1")["restored"] == 2'
	archive ban --jail sshd --id 'id "x"' --time 1000.5 --bantime 600
	look 'sorted(r["nth"] for r in rows() if r["ident"] == "id \"x\"") == [0, 1]'
}

@test "a backup of an older archive can be restored, and is then brought up" {
	cp "$db" "$lab/copy"
	rm -r "$lab/archive"
	archive restore "$lab/copy"
	archive reconcile
	bans_are_as_before
}

# schema: the text of the archive's schema, as events read it.
schema() {
	sqlite3 "$db" 'SELECT type, name, tbl_name, sql FROM sqlite_schema
	    WHERE sql IS NOT NULL ORDER BY name'
}

# of_version N: an empty archive of that version.
of_version() {
	local i
	rm -f "$db"*
	sqlite3 "$db" 'PRAGMA journal_mode = WAL' >"$lab/out"
	for ((i = 1; i <= $1; i++)); do
		sqlite3 "$db" <"$root/helper/archive/sql/$i.sql"
	done
	sqlite3 "$db" "PRAGMA application_id = 1177698881; PRAGMA user_version = $1"
	chmod 600 "$db"*
}

@test "the schema is the same text whatever version the archive was begun with" {
	local v
	rm "$db"*
	archive reconcile
	schema >"$lab/fresh"
	run ! grep -q -e -- -- "$lab/fresh"
	for ((v = 1; v < newest; v++)); do
		of_version "$v"
		archive reconcile
		[ "$(version)" -eq "$newest" ]
		schema | cmp - "$lab/fresh"
		archive verify
	done
}

@test "an upgrade that fails changes nothing, and the next one is whole" {
	of_version 7
	schema >"$lab/before_it"
	# The index of the last version is there already, and is another one.
	sqlite3 "$db" 'CREATE TABLE theirs(x); DROP INDEX ban_ended;
	    CREATE INDEX ban_ended ON theirs(x); DROP INDEX ban_rev'
	schema >"$lab/before_it"
	run archive reconcile
	[ "$status" -ne 0 ]
	[ "$(version)" -eq 7 ]
	schema | cmp - "$lab/before_it"
	sqlite3 "$db" 'DROP TABLE theirs; CREATE INDEX ban_ended
	    ON ban (max(ended_us, added_us)); CREATE UNIQUE INDEX ban_rev ON ban (rev)'
	archive reconcile
	[ "$(version)" -eq "$newest" ]
	archive verify
}

@test "a row that refers to one that is missing is found" {
	archive reconcile
	archive verify
	sqlite3 "$db" 'UPDATE ban SET jail = 99 WHERE id = 1'
	status 65 archive verify
	says 'refers to one that is missing'
	sqlite3 "$db" 'UPDATE ban SET jail = 1, evidence = 99 WHERE id = 1'
	status 65 archive verify
	says 'refers to one that is missing'
	sqlite3 "$db" 'UPDATE ban SET evidence = NULL WHERE id = 1;
	    INSERT INTO line(jail, ident, host, at_us, verb) VALUES (99, 1, 1, 1, 1)'
	status 65 archive verify
	says 'refers to one that is missing'
	sqlite3 "$db" 'DELETE FROM line; INSERT INTO note VALUES (99, 1, 1, 1)'
	status 65 archive verify
	says 'refers to one that is missing'
	sqlite3 "$db" 'DELETE FROM note'
	archive verify
}

# An archive of version $1 with several bans of one id, two of them of one ticket
# time, one of an older ticket that was made later, a row, and a flush.
several_bans() {
	local i
	rm "$db"*
	sqlite3 "$db" 'PRAGMA journal_mode = WAL' >"$lab/out"
	for i in 1 2 3 4; do
		[ "$i" -gt "$1" ] || sqlite3 "$db" <"$root/helper/archive/sql/$i.sql"
		[ "$i" -ne 1 ] || sqlite3 "$db" <<-'END'
			INSERT INTO jail (name, flushed_us) VALUES ('sshd', 6500000000);
			INSERT INTO ban (id, jail, ident, timeofban, since_us, nth, seconds,
			    origin, seen, ended_us, ended_why, restored, rev, life_us,
			    pending_us, added_us) VALUES
			    (1, 1, '192.0.2.1', 5000, 5000000000, 0, 600, 'unknown', 1,
			     5000400000, 'manual', 0, 1, 5000200000, 0, 1),
			    (2, 1, '192.0.2.1', 5000, 5000000000, 1, 600, 'unknown', 1,
			     5500000000, 'manual', 0, 2, 5000600000, 0, 1),
			    (3, 1, '192.0.2.1', 4990, 4990000000, 0, -1, 'unknown', 1,
			     6500000000, 'inferred', 0, 3, 6000000000, 0, 1),
			    (4, 1, '192.0.2.1', 7000, 7000000000, 0, 600, 'unknown', 2,
			     NULL, NULL, 0, 4, 0, 0, 1);
			INSERT INTO sign (ban, at_us, kind, since_us, exact, seconds, ended,
			    ended_us) VALUES
			    (1, 5000200000, 'ban', 5000000000, 1, 600, NULL, NULL),
			    (1, 5000400000, 'unban', 5000000000, 1, 600, 'manual', 5000400000),
			    (2, 5000600000, 'ban', 5000000000, 1, 600, NULL, NULL),
			    (2, 5500000000, 'unban', 5000000000, 1, 600, 'manual', 5500000000),
			    (3, 6000000000, 'ban', 4990000000, 1, -1, NULL, NULL),
			    (4, 7001000000, 'row', 7000000000, 0, 600, NULL, NULL);
		END
	done
	sqlite3 "$db" "PRAGMA application_id = 1177698881; PRAGMA user_version = $1"
	chmod 600 "$db"*
	sqlite3 "$db" 'SELECT * FROM bans ORDER BY rev' >"$lab/before"
}

@test "bans of one id from each older version keep the order of their making" {
	local v
	for v in 1 2 3 4; do
		several_bans "$v"
		archive reconcile
		[ "$(version)" -eq "$newest" ]
		# The reconcile ends the one whose time is long up.
		sqlite3 "$db" 'SELECT * FROM bans WHERE rev <= 3 ORDER BY rev' |
			cmp - <(head -n 3 "$lab/before")
		[ "$(sqlite3 "$db" "SELECT group_concat(id, ' ') FROM
		    (SELECT id FROM ban ORDER BY made_us)")" = '1 2 3 4' ]
		[ "$(sqlite3 "$db" 'SELECT at_us FROM flush')" = 6500000000 ]
		archive verify
	done
}
