#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Whoever reads what a command prints may stop reading, as a pager that is left
# open does. An event costs no more for it, and the archive's WAL does not grow.

load ../lib/server

@test "readers that take nothing cost no event a flush, and the WAL no room; each ban is printed once" {
	# Bans of one id and of others, three a second.
	jq -cn 'range(20000) | (1700000000 + (. / 3 | floor)) as $second |
	    {jail: "sshd", ident: (if . % 3 == 0 then "192.0.2.1" else
	    "2001:db8::\(.)" end), ip: null, host: null,
	    since_us: ($second * 1000000), timeofban: $second, nth: 0, seconds: 60,
	    bancount: 1, failures: 3, matches: ["a line of a log"], captures: null,
	    origin: "unknown", seen: ["log"], ended_us: null, ended_why: null,
	    restored: 0}' >"$lab/bans.jsonl"
	archive replay "$lab/bans.jsonl"
	sqlite3 "$lab/archive/archive.sqlite3" "
	    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n
	        WHERE i < 3000)
	    INSERT INTO run (kind, source, state, started_us, finished_us)
	        SELECT 'reconcile', 'a database', 'completed', i, i FROM n"
	EVENTS=$((3000 / slow_build)) EVENT_PROGRAM=$event_program \
	    "$python" "$root/tests/lib/slow_readers.py"
}
