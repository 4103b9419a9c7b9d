#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What a privacy officer asks: old bans are removed or made anonymous, an id is
# forgotten, and nothing of that comes back.

load ../lib/server
load ../lib/old_bans

sql() { sqlite3 "$lab/archive/archive.sqlite3" "$@"; }

# traces TEXT: the files that lie in the lab's archive folder and hold the text.
traces() { grep -rlF -e "$1" "$lab/archive" || true; }

# logged DAYS ID VERB: a line of fail2ban's log, so many days ago.
logged() {
	printf '%s 10:00:01,000 fail2ban.actions [7]: NOTICE  [sshd] %s %s\n' \
	    "$(date -d "-$1 days" +%F)" "$3" "$2"
}

# Without the figures that count different ids.
sums() { archive stats --format jsonl | sed 's/"\(ids\|id\)":[^,}]*,\?//g'; }

# tops: what stays the same when an id becomes its network.
tops() {
	local by
	for by in jail hour weekday country net; do
		archive top --by $by --format jsonl | sed 's/"ids":[0-9]*//'
	done
}

# bans_total: how many bans metrics has counted.
bans_total() {
	archive metrics |
	    awk '/^fail2ban_archive_bans_total/ { n += $2 } END { print n }'
}

# three: two old bans, one new one, with lines and a user name.
three() {
	config 'evidence = "tag";'
	ban 203.0.113.17 401 --matches <<<'failed for alice from 203.0.113.17'
	ban 2001:db8:1:2:3::4 400 --matches <<<'failed for bob'
	archived_before 395
	ban 198.51.100.9 0 --matches <<<'failed for carol'
}

@test "prune removes the bans that are older than an age" {
	three
	run -0 archive prune --older-than 365d
	[ "$output" = "prune: 2 bans removed" ]
	look '[r["ident"] for r in rows()] == ["198.51.100.9"]'
	run -0 archive runs --kind prune
	[[ $output == *completed*'--older-than 365d'* ]]
}

@test "prune needs no newer ban to remove the last one" {
	ban 203.0.113.17 400
	archived_before 395
	run -0 archive prune --older-than 365d
	look 'rows() == []'
}

@test "a dry run says how many bans prune would change, and changes none" {
	three
	archive export >"$lab/before"
	run -0 archive prune --older-than 365d --anonymize 300d --dry-run
	[ "${lines[0]}" = "prune: 2 bans would be removed" ]
	[ "${lines[1]}" = "prune: 0 bans would be made anonymous" ]
	run -0 archive prune --anonymize 300d --dry-run
	[ "$output" = "prune: 2 bans would be made anonymous" ]
	archive export | cmp - "$lab/before"
	[ -z "$(archive runs --kind prune | grep completed)" ]
}

@test "prune takes an age, and says so where it gets none" {
	three
	local age
	run -64 archive prune
	[[ $output == *--older-than*--anonymize* ]]
	for age in 365 '' x 2099-01-01 -1d; do
		run -64 archive prune --older-than "$age"
		[[ $output == *'--older-than: '* ]]
	done
	look 'len(rows()) == 3'
}

@test "an anonymous ban keeps its network, its times and its sums" {
	three
	sums >"$lab/before"
	tops >"$lab/tops"
	grep -q DE "$lab/tops"
	run -0 archive prune --anonymize 90d
	[ "$output" = "prune: 2 bans made anonymous" ]
	look '[r["ident"] for r in rows()] ==
	    ["203.0.113.0/24", "2001:db8:1:2::/64", "198.51.100.9"]'
	look 'not any(r["matches"] or r["captures"] or r["ip"] for r in rows()[:2])'
	look '[(r["failures"], r["seconds"], r["ended_why"]) for r in rows()[:2]] ==
	    [(3, 600, "expired")] * 2'
	sums | diff - "$lab/before"
	tops | diff - "$lab/tops"
	[ "$(sql 'SELECT count(*) FROM evidence')" -eq 1 ]
	archive verify
	# There is nothing left to do.
	run -0 archive prune --anonymize 90d
	[ "$output" = "prune: 0 bans made anonymous" ]
}

@test "an anonymous ban is the first one of its network, at its time" {
	ban 203.0.113.17 20
	archived_before 15
	archive prune --anonymize 10d
	look '[r["ident"] for r in rows()] == ["203.0.113.0/24"]'
	archive stats >"$lab/stats"
	grep -q '^From .* 1 ban of new ids, 0 of known ones$' "$lab/stats"
}

@test "the text of an anonymous ban is in no file of the archive" {
	three
	[ -n "$(traces alice)" ]
	archive prune --anonymize 90d
	local text
	for text in alice bob 203.0.113.17 2001:db8:1:2:3::4; do
		[ -z "$(traces "$text")" ]
	done
	[ -n "$(traces carol)" ]
}

# neighbours DAYS ID...: bans of one second, so many days ago, made anonymous.
neighbours() {
	local id since=$((EPOCHSECONDS - $1 * day))
	for id in "${@:2}"; do
		ban "$id" "$1"
	done
	sql "UPDATE ban SET since_us = $since * 1000000, timeofban = $since,
	    made_us = $since * 1000000 WHERE ident NOT LIKE '%/%'"
	archived_before $(($1 - 5))
	archive prune --anonymize 90d
}

@test "neighbours that were banned at one moment stay as many bans" {
	neighbours 400 192.0.2.1 192.0.2.2 192.0.2.3
	look '[(r["ident"], r["nth"]) for r in rows()] ==
	    [("192.0.2.0/24", n) for n in (1000, 1001, 1002)]'
	archive verify
}

@test "a ban of the network itself takes none of the anonymous ones of its second" {
	local time since
	neighbours 400 192.0.2.1 192.0.2.2 2001:db8::1
	since=$(sql 'SELECT timeofban FROM ban LIMIT 1')
	archive export >"$lab/copy"
	for time in $since.0 $since.3 $since.4; do
		archive ban --jail sshd --id 192.0.2.0/24 --time $time \
		    --bantime -1 --bancount 1 --failures 7 --restored 0
		archive unban --jail sshd --id 192.0.2.0/24 --time $time \
		    --bantime -1
	done
	archive ban --jail sshd --id 2001:db8::/64 --time $since.4 \
	    --bantime -1 --bancount 1 --failures 7 --restored 1
	look 'sorted((r["ident"], r["failures"]) for r in rows()) ==
	    [("192.0.2.0/24", 3)] * 2 + [("192.0.2.0/24", 7)] * 3 +
	    [("2001:db8::/64", 3), ("2001:db8::/64", 7)]'
	# A copy of them changes nothing.
	archive export --after 0 >"$lab/before"
	archive replay "$lab/copy"
	archive export --after 0 | cmp - "$lab/before"
	archive verify
}

# network DAYS OPTION...: a ban of the network itself, so many days ago, of which the
# event came then.
network() {
	local since=$((EPOCHSECONDS - $1 * day))
	archive ban --jail sshd --id 192.0.2.0/24 --time "$since.3" \
	    --bancount 1 --failures 7 --restored 0 "${@:2}"
	sql "UPDATE ban SET made_us = since_us + 1, life_us = since_us + 1,
	    signs = json_replace(signs, '\$[0][1]', 300001)
	    WHERE since_us = $since * 1000000 + 300000"
}

@test "a ban of the network itself lives on beside anonymous ones, until it is banned again" {
	network 500 --bantime -1
	neighbours 400 192.0.2.1 192.0.2.2 192.0.2.3
	# A row says more of it.
	local since
	since=$(sql 'SELECT min(timeofban) FROM ban')
	database "INSERT INTO bans VALUES
	        ('sshd', '192.0.2.0/24', $since, -1, 3, '{}');
	    INSERT INTO bips VALUES
	        ('192.0.2.0/24', 'sshd', $since, -1, 3, '{}')"
	archive reconcile
	look '[(r["bancount"], r["ended_why"]) for r in rows()] ==
	    [(3, None)] + [(1, "expired")] * 3'
	# Its unban got lost.
	network 1 --bantime 172800
	look '[r["ended_why"] for r in rows()] ==
	    ["inferred"] + ["expired"] * 3 + [None]'
	look 'rows()[0]["ended_us"] >= rows()[4]["since_us"]'
	archive verify
}

@test "a log's ban of the network itself is none of the anonymous ones" {
	neighbours 400 192.0.2.1 192.0.2.2
	date -d "@$(sql 'SELECT min(timeofban) FROM ban')" \
	    +'%F %T,300 fail2ban.actions [7]: NOTICE  [sshd] Ban 192.0.2.0/24' \
	    >"$lab/old.log"
	archive replay --force "$lab/old.log"
	look 'sorted(r["nth"] for r in rows()) == [0, 1000, 1001]'
}

@test "an old row of the network itself is none of the anonymous ones" {
	neighbours 400 192.0.2.1 192.0.2.2
	database "INSERT INTO bans VALUES('sshd', '192.0.2.0/24',
	    $(sql 'SELECT min(timeofban) FROM ban'), 77, 3, '{}')"
	archive replay --force "$lab/fail2ban.sqlite3"
	look 'sorted((r["nth"], r["seconds"]) for r in rows()) ==
	    [(0, 77), (1000, 600), (1001, 600)]'
}

@test "a new ban of the network itself does not mix with anonymous ones" {
	three
	archive prune --anonymize 90d
	archive ban --jail sshd --id 203.0.113.0/24 --time "$EPOCHSECONDS.5" \
	    --bantime 600 --bancount 1 --failures 7 --restored 0
	look 'len(rows()) == 4'
	look '[r["failures"] for r in rows() if r["ident"] == "203.0.113.0/24"] == [3, 7]'
}

@test "an id that is no address becomes the network of its address, or anonymous" {
	local since=$((EPOCHSECONDS - 400 * day))
	archive ban --jail sshd --id alice --time $since.0 --bantime 600 \
	    --bancount 1 --failures 3 --restored 0 --ip 203.0.113.5
	ban bob@example.org 401
	archive unban --jail sshd --id alice --time $since.0 --bantime 600
	archived_before 395
	archive prune --anonymize 90d
	look 'sorted(r["ident"] for r in rows()) == ["203.0.113.0/24", "anonymous"]'
	[ -z "$(traces alice)" ] && [ -z "$(traces bob@)" ]
}

@test "who reads the changes is told that an anonymous ban's old self has gone" {
	three
	archive export --after 0 >"$lab/all"
	local next
	next=$(sed -n 's/.*"next":\([0-9]*\).*/\1/p' "$lab/all")
	archive prune --anonymize 90d
	archive export --after "$next" >"$lab/news"
	jq -se '[.[] | select(.gone == "pruned").id] == [1, 2]' "$lab/news"
	jq -se '[.[] | select(.ident).id] == [4, 5]' "$lab/news"
	jq -se '[.[] | .id // empty] | length == (unique | length)' "$lab/news"
}

@test "the archive knows which tombstones a copy must obey; the feed says pruned of all" {
	ban 192.0.2.2 600
	archived_before 590
	three
	ban 192.0.2.1 100
	database ''
	archive reconcile
	archive export --after 0 >"$lab/all"
	local next
	next=$(sed -n 's/.*"next":\([0-9]*\).*/\1/p' "$lab/all")
	[ "$(bans_total)" -eq 5 ]
	archive forget 192.0.2.1
	# The counters count what is forgotten like what is pruned.
	ban 198.51.100.10 0
	[ "$(bans_total)" -eq 6 ]
	archive prune --older-than 500d --anonymize 90d
	[ "$(sql 'SELECT why FROM gone ORDER BY rev')" = \
	    $'forgotten\nmerged\npruned\nanonymized\nanonymized' ]
	archive export --after "$next" >"$lab/news"
	jq -se '[.[] | .gone // empty] ==
	    ["pruned", "merged", "pruned", "pruned", "pruned"]' "$lab/news"
	archive export --after "$next" --format ecs >"$lab/news"
	[ -z "$(grep -e forgotten -e anonymized "$lab/news")" ]
}

@test "list --follow does not print anonymous bans as new ones" {
	three
	archive_in_background list --follow --limit 1 --format jsonl
	local lister=$!
	wait_for 10 grep -q 198.51.100.9 "$lab/out"
	ban 198.51.100.10 0
	wait_for 10 grep -q 198.51.100.10 "$lab/out"
	archive prune --anonymize 90d
	ban 198.51.100.11 0
	wait_for 10 grep -q 198.51.100.11 "$lab/out"
	kill "$lister"
	run ! grep -q '203.0.113.0/24' "$lab/out"
}

@test "the config's anonymize_days does the same at each reconcile, found by index" {
	three
	database ''
	config 'anonymize_days = 90;' 'evidence = "tag";'
	archive reconcile
	look '[r["ident"] for r in rows()] ==
	    ["203.0.113.0/24", "2001:db8:1:2::/64", "198.51.100.9"]'
	run -0 archive runs --kind prune
	[[ $output == *'anonymize_days'* ]]
	archive export >"$lab/before"
	archive reconcile
	archive export | cmp - "$lab/before"
}

@test "what was pruned does not come back from the same logs under another name" {
	{
		logged 400 203.0.113.17 Ban
		logged 399 203.0.113.17 Unban
	} >"$lab/old.log"
	archive replay "$lab/old.log"
	look 'len(rows()) == 1'
	archived_before 395
	ban 198.51.100.9 0
	archive prune --older-than 365d
	look 'len(rows()) == 1'
	# The log goes on, so its content is another one; a later ban is new.
	logged 200 203.0.113.17 Ban >>"$lab/old.log"
	run -0 archive replay "$lab/old.log"
	[[ $output == *'2 lines or bans are left out'*'--force'* ]]
	look '[r["ident"] for r in rows()] == ["203.0.113.17", "198.51.100.9"]'
	archive replay --force "$lab/old.log"
	look 'len(rows()) == 3'
}

@test "what was made anonymous does not come back beside itself" {
	{
		logged 400 203.0.113.17 Ban
		logged 399 203.0.113.17 Unban
	} >"$lab/old.log"
	archive replay "$lab/old.log"
	archive export >"$lab/old.jsonl"
	archive export --format csv >"$lab/old.csv"
	archive backup "$lab/old.sqlite3"
	archived_before 395
	archive prune --anonymize 90d
	local source
	echo >>"$lab/old.log"
	for source in log jsonl csv sqlite3; do
		archive replay "$lab/old.$source"
		look '[r["ident"] for r in rows()] == ["203.0.113.0/24"]'
	done
}

@test "what was pruned by hand does not come back from fail2ban's database" {
	local old=$((EPOCHSECONDS - 40 * day))
	database "INSERT INTO bans VALUES('sshd', '192.0.2.1', $old, 600, 1, '{}')"
	config 'backfill = 0;'
	archive reconcile
	archived_before 35
	ban 192.0.2.2 0
	archive prune --older-than 30d
	sql 'UPDATE source SET full_us = 0'
	sqlite3 "$lab/fail2ban.sqlite3" "UPDATE bans SET bancount = 2;
	    INSERT INTO bans VALUES('sshd', '192.0.2.3', $old - 9, 600, 1, '{}')"
	archive reconcile
	look '[r["ident"] for r in rows()] == ["192.0.2.2"]'
}

@test "another host's history is taken though this machine's was pruned" {
	logged 500 203.0.113.17 Ban >"$lab/old.log"
	three
	archive prune --older-than 365d
	archive replay "$lab/old.log"
	look 'len(rows()) == 1'
	archive replay --host web1 "$lab/old.log"
	look '[r["host"] for r in rows()] == ["web1", None]'
}

@test "a live ban that the archive lacks is archived, however old" {
	three
	archive prune --older-than 365d
	archive ban --jail sshd --id 192.0.2.99 --bantime -1 --restored 1 \
	    --time $((EPOCHSECONDS - 700 * day)).0
	look '[r["ident"] for r in rows()] == ["192.0.2.99", "198.51.100.9"]'
}

@test "forget removes all of an id, and logs a run that does not name it" {
	three
	ban 203.0.113.17 3 --matches <<<'failed again'
	run -0 archive forget 203.0.113.17 --dry-run
	[ "$output" = "forget: 2 bans of 203.0.113.17 would be removed" ]
	run -0 archive forget 203.0.113.17
	[ "$output" = "forget: 2 bans of 203.0.113.17 removed" ]
	look '[r["ident"] for r in rows()] == ["2001:db8:1:2:3::4", "198.51.100.9"]'
	[ -z "$(traces 203.0.113.17)" ] && [ -z "$(traces alice)" ]
	run -0 archive runs --kind forget
	[[ $output == *completed* && $output != *203.0.113.17* ]]
	run -1 archive forget 203.0.113.17
	[ "$output" = "forget: the archive has no ban of 203.0.113.17" ]
	archive verify
}

@test "lines of a log that make no ban go with the time, or with the id" {
	database ''
	local n
	for n in 17 18; do
		logged 400 203.0.113.$n Unban >"$lab/log.$n"
		archive replay "$lab/log.$n"
	done
	ban 198.51.100.9 0
	look 'len(rows()) == 1'
	[ -n "$(traces 203.0.113.17)" ]
	run -1 archive forget 203.0.113.17
	[ -z "$(traces 203.0.113.17)" ] && [ -n "$(traces 203.0.113.18)" ]
	config 'anonymize_days = 90;'
	archive reconcile
	[ -z "$(traces 203.0.113.18)" ]
}

@test "forget knows an id by its address and in any spelling" {
	local since=$((EPOCHSECONDS - 400 * day))
	archive ban --jail sshd --id alice --time $since.0 --bantime 600 \
	    --bancount 1 --failures 3 --restored 0 --ip 2001:db8::5
	archive unban --jail sshd --id alice --time $since.0 --bantime 600
	ban 2001:db8::5 3
	run -0 archive forget 2001:DB8:0::5
	[ "$output" = "forget: 2 bans of 2001:DB8:0::5 removed" ]
	look 'rows() == []'
}

@test "forget refuses an id that is banned now, and says how to lift that" {
	archive ban --jail ssh\'d --id 2001:db8::5 --time "$EPOCHSECONDS.0" \
	    --bantime 600 --bancount 1 --failures 3 --restored 0
	run -65 archive forget 2001:db8::5
	[[ $output == *"fail2ban-client set 'ssh'\"'\"'d' unbanip 2001:db8::5"* ]]
	look 'len(rows()) == 1'
}

@test "a forgotten id does not come back from a log, a database or the spool" {
	local old=$((EPOCHSECONDS - 5 * day))
	{
		logged 5 203.0.113.17 Ban
		logged 5 192.0.2.18 Ban
	} >"$lab/old.log"
	ban 203.0.113.17 5
	ban 192.0.2.18 6
	archive forget 203.0.113.17
	archive replay "$lab/old.log"
	database "INSERT INTO bans VALUES('sshd', '203.0.113.17', $old, 600, 1, '{}');
	    INSERT INTO bans VALUES('sshd', '192.0.2.19', $old, 600, 1, '{}')"
	mkdir -p "$lab/spool"
	flock "$lab/archive/archive.sqlite3.write" "$program" -c "$lab/archive.cfg" \
	    ban --jail sshd --id 203.0.113.17 --time "$((old - 99)).0" \
	    --bantime 600 --bancount 1 --failures 3 --restored 0
	[ -n "$(ls "$lab/spool")" ]
	archive reconcile
	[ -z "$(ls "$lab/spool")" ]
	look 'sorted({r["ident"] for r in rows()}) == ["192.0.2.18", "192.0.2.19"]'
	# It is banned again: that is another matter, whoever tells it.
	printf '%s fail2ban.actions [7]: NOTICE  [sshd] Ban 203.0.113.17\n' \
	    "$(date '+%F %T,%3N')" >"$lab/new.log"
	archive replay "$lab/new.log"
	look '[r["ident"] for r in rows()][-1] == "203.0.113.17"'
	ban 203.0.113.17 0
	look '[r["ident"] for r in rows()][-1] == "203.0.113.17"'
}

@test "a ban whose end is told long after becomes anonymous, too" {
	local since=$((EPOCHSECONDS - 400 * day)) old
	old='{"jail":"sshd","ident":"203.0.113.17","seconds":600'
	old+=",\"since_us\":${since}000000"
	echo "$old}" >"$lab/live.jsonl"
	archive replay --host web1 "$lab/live.jsonl"
	archive ban --jail sshd --id 203.0.113.18 --time $since.0 \
	    --bantime 600 --bancount 1 --failures 3 --restored 0
	archived_before 395
	archive prune --anonymize 90d
	look '[r["ended_us"] for r in rows()] == [None] * 2'
	echo "$old,\"ended_us\":${since}000001,\"ended_why\":\"expired\"}" \
	    >"$lab/ended.jsonl"
	archive replay --host web1 "$lab/ended.jsonl"
	archive unban --jail sshd --id 203.0.113.18 --time $since.0 --bantime 600
	archived_before 0
	run -0 archive prune --anonymize 90d --dry-run
	[ "$output" = "prune: 2 bans would be made anonymous" ]
	run -0 archive prune --anonymize 90d
	[ "$output" = "prune: 2 bans made anonymous" ]
	look '{r["ident"] for r in rows()} == {"203.0.113.0/24"}'
	[ -z "$(traces 203.0.113.1)" ]
}

@test "an anonymous ban is never banned again" {
	database "INSERT INTO bans VALUES('sshd', '203.0.113.17',
	    $((EPOCHSECONDS - 400 * day)), -1, 1, '{}')"
	config 'backfill = 0;'
	archive reconcile
	# A server lacked it: so it may have been lost with its database.
	sql "UPDATE ban SET ended_us = since_us + 1, ended_why = 'inferred',
	    missed_us = since_us + 1"
	archived_before 395
	archive prune --anonymize 90d
	look '[r["ident"] for r in rows()] == ["203.0.113.0/24"]'
	[ "$(sql 'SELECT count(*) FROM ban WHERE present IS NULL
	    AND missed_us = 0 AND known_as IS NULL')" -eq 1 ]
}

@test "a forgotten id is nowhere, though fail2ban's database has its row" {
	local old=$((EPOCHSECONDS - 40 * day)) n
	database "INSERT INTO bans VALUES('sshd', '192.0.2.77', $old, 600, 1, '{}')"
	config 'backfill = 0;'
	for n in 1 2; do
		sql 'UPDATE source SET full_us = 0' || true
		archive reconcile
		archived_before 35
		# The second time there is only what prune remembers of it.
		[ "$n" -eq 1 ] || sql "INSERT INTO removed
		    VALUES (1, '192.0.2.77', $old)"
		archive forget 192.0.2.77 || [ "$n" -eq 2 ]
		[ -z "$(traces 192.0.2.77)" ]
	done
	archive reconcile
	look 'rows() == []'
	[ -z "$(traces 192.0.2.77)" ]
}

@test "no number is given out twice after the newest ban was forgotten" {
	ban 192.0.2.1 3
	ban 192.0.2.2 2
	archive export --after 0 >"$lab/all"
	local next id
	next=$(sed -n 's/.*"next":\([0-9]*\).*/\1/p' "$lab/all")
	id=$(sed -n 's/.*"archive":"\([^"]*\)".*/\1/p' "$lab/all")
	archive forget 192.0.2.2
	ban 192.0.2.3 1
	archive export --after "$next" --archive "$id" >"$lab/news"
	jq -se '[.[] | select(.gone).id] == [2, 1]' "$lab/news"
	jq -se '[.[] | select(.ident).id] == [3, 4]' "$lab/news"
	# An archive without bans begins anew, and says so.
	archive forget 192.0.2.1
	archive forget 192.0.2.3
	run -65 archive export --after "$next" --archive "$id"
	[[ $output == *'export all again'* ]]
}

@test "vacuum gives room back, and the bans stay" {
	"$python" - $((EPOCHSECONDS - 900 * day)) >"$lab/old.jsonl" <<-'END'
		import json, sys
		for n in range(9000):
		    since = (int(sys.argv[1]) + n) * 1000000
		    print(json.dumps({"jail": "sshd", "ident": "2001:db8::%x" % n,
		        "since_us": since, "seconds": 600, "ended_why": "expired",
		        "ended_us": since + 600000000}))
	END
	archive replay "$lab/old.jsonl"
	archived_before 800
	ban 192.0.2.1 0
	archive prune --older-than 700d
	local before after
	before=$(stat -c %s "$lab/archive/archive.sqlite3")
	run -0 archive vacuum
	[[ $output == "vacuum: $((before / 1000)) kB before, "* ]]
	after=$(stat -c %s "$lab/archive/archive.sqlite3")
	[ "$after" -lt $((before / 2)) ]
	look '[r["ident"] for r in rows()] == ["192.0.2.1"]'
	archive verify
	ban 192.0.2.2 0
	look 'len(rows()) == 2'
}

@test "an event does not wait for a vacuum, and loses nothing" {
	ban 192.0.2.1 0
	config 'lock_deadline = 3000;'
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 \
	    flock "$lab/archive/archive.sqlite3.write" \
	    flock "$lab/archive/archive.sqlite3.vacuum" \
	    strace -f -qq -o "$lab/trace" -e trace=flock "$event_program" \
	    -c "$lab/archive.cfg" ban --jail sshd --id 192.0.2.2 \
	    --time "$EPOCHSECONDS.0" --bantime 600 --bancount 1 --failures 3 \
	    --restored 0
	run ! grep -E 'flock\([0-9]+, LOCK_EX\) ' "$lab/trace"
	grep -q LOCK_NB "$lab/trace"
	archive reconcile || true
	look '[r["ident"] for r in rows()] == ["192.0.2.1", "192.0.2.2"]'
}
