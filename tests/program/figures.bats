#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# top and stats: what they count, what they print for programs and for people, the
# message of stats --mail, and totals that survive the bans.

load ../lib/server

# The bans of a test are ages old, and the age of each is its name's last number.
day=86400

setup() {
	lab_setup
	export TZ=UTC0
	command sqlite3 "$lab/fail2ban.sqlite3" <"$root/tests/lib/fail2ban.sql"
}

# imported FILTER: archive the bans that a filter of jq makes; ban(id; days; more)
# is one of ten minutes that expired, so many days ago.
imported() {
	jq -cn --argjson now "$EPOCHSECONDS" "
	    def ban(\$id; \$days; \$more):
	        (1000000 * (\$now - (\$days * $day | floor))) as \$since |
	        {jail: \"sshd\", ident: \$id, since_us: \$since, seconds: 600,
	        failures: 3, ended_us: (\$since + 600000000),
	        ended_why: \"expired\"} + \$more; $1" >"$lab/bans.jsonl"
	archive replay "$lab/bans.jsonl"
}

# top_is EXPECTED OPTION...: what top prints for a program: each key and count.
top_is() {
	local said
	said=$(archive top --format jsonl "${@:2}" |
	    jq -rj '[.[]] as $v | "\($v[0]) \($v[1]);"')
	[ "$said" = "$1" ] || {
		echo "$said, not $1" >&2
		return 1
	}
}

# total EXPRESSION: a value of the line of all jails.
total() { archive stats --format jsonl "${@:2}" | tail -n 1 | jq -r "$1"; }

@test "top counts bans, failures and time by each key" {
	imported 'ban("192.0.2.1"; 1; {captures: {users: ["root", "admin"]}}),
	    ban("192.0.2.1"; 2; {jail: "web", failures: 50}),
	    ban("192.0.2.2"; 3; {captures: {user: "root"}, seconds: -1,
	        ended_us: null, ended_why: null}),
	    ban("2001:db8::1"; 4; {host: "mail"}),
	    ban("session 7"; 5; {ip: "198.51.100.9"}),
	    ban("no address"; 6; {failures: null, seconds: null})'
	top_is '192.0.2.1 2;' --limit 1
	top_is '192.0.2.1 2;192.0.2.2 1;2001:db8::1 1;no address 1;session 7 1;'
	top_is '192.0.2.0/24 3;198.51.100.0/24 1;2001:db8::/64 1;' --by net
	top_is '192.0.0.0/16 3;198.51.0.0/16 1;2001:db8::/33 1;' --by net \
	    --prefix 16 --prefix 33
	top_is 'root 2;admin 1;' --by user
	top_is 'sshd 5;web 1;' --by jail
	top_is 'null 5;mail 1;' --by host
	top_is 'FR 1;' --by country
	top_is '192.0.2.1 2;' --count failures --limit 1
	top_is '192.0.2.2 1;' --count time --limit 1
	top_is '192.0.2.1 1;' --jail web
	top_is '192.0.2.1 1;' web 192.0.2.0/24
	[ "$(archive top --by hour --format jsonl | jq -s 'map(.bans) | add')" -eq 6 ]
	[ "$(archive top --by weekday --format jsonl | jq -s length)" -eq 6 ]
	archive top --by weekday --format jsonl |
	    jq -e '.weekday | test("^[a-z]+day$")'
	status 64 archive top --by idle
	status 64 archive top --count ids
	status 64 archive top --by net --prefix 129
}

@test "top's keys are the ones that programs know" {
	imported 'ban("192.0.2.1"; 1; {}), ban("192.0.2.1"; 2; {}),
	    ban("192.0.2.2"; 3; {}), ban("192.0.2.3"; 4; {})'
	[ "$(archive top --format jsonl --limit 1)" = '{"id":"192.0.2.1","bans":2,"failures":6,"seconds":1200,"share":0.5}' ]
	for key in id net user jail hour weekday country asn host; do
		archive top --by "$key" --format csv | head -n 1 |
		    grep -qx "$key,bans,failures,seconds,share"
	done
	archive top --by net --limit 1 | grep -q '^192\.0\.2\.0/24 .*100'
	archive top | tail -n 1 | grep -q '█'
}

@test "each line of top can be pasted into show" {
	imported 'ban("192.0.2.1"; 1; {}), ban("2001:db8::1"; 2; {})'
	for key in $(archive top --format jsonl | jq -r .id); do
		archive show "$key" | head -n 1 | grep -q '^Not banned now'
	done
}

# Bans of so many other ids and networks that the first ones have few of all.
others='(range(1000; 6000) | ban("2001:db8:\(.)::1"; 50; {})),'

@test "all ids are counted by an index as each ban by itself" {
	imported "$others"'(range(400) | ban(["192.0.2.\(. % 50)", "x\(. % 7)",
	    "192.0.2.1", "2001:db8::\(.)"][. % 4]; . / 10 + 0.3;
	    {jail: "j\(. % 3)", host: [null, "mail"][. % 2], failures: .}))'
	# With a time the ids cannot be counted by that index.
	for limit in 0 1 3 10 200 1000; do
		diff <(archive top --limit "$limit" --format csv) \
		    <(archive top --limit "$limit" --format csv --since 2000-01-01)
	done
	diff <(archive top --jail j1 --format csv) \
	    <(archive top --jail j1 --format csv --since 2000-01-01)
	diff <(archive top --jail none --format csv) \
	    <(archive top --jail none --format csv --since 2000-01-01)
	diff <(archive stats --format csv) \
	    <(archive stats --format csv --since 2000-01-01)
	diff <(archive stats j2 --format csv) \
	    <(archive stats j2 --format csv --since 2000-01-01)
	diff <(archive stats | grep -A 1 ^Ids) \
	    <(archive stats --since 2000-01-01 | grep -A 1 ^Ids)
}

# same_nets OPTION...: networks are counted by an index as each ban by itself. With a
# time they cannot be counted by that index.
same_nets() {
	diff <(archive top --by net --format csv "$@") \
	    <(archive top --by net --format csv --since 2000-01-01 "$@") >&2
}

# of_nets MORE: archive bans of networks whose ids are spread: addresses, mapped ones,
# networks, larger networks, and what is no address; MORE is a filter for other bans.
of_nets() {
	imported "$others"'(range(600) | . as $i | ban(["192.0.2.\(. % 50)", "x\(. % 7)",
	    "192.0.20.\(. % 9)", "2001:db8:\(. % 5 + 1)::\(.)",
	    "::ffff:192.0.2.\(. % 9)", "192.0.2.0/24", "192.0.0.0/16",
	    "203.0.113.\(. % 3)", "198.51.\(. % 30).7", "198.51.100.9 ",
	    "0.0.0.\(. % 4)", "192.0.2.0/255.255.255.0", "192.0.2", "203.0.112.0/23",
	    "::ffff:203.0.113.0/120", "2001:db8::/32", ""][. % 17]; . / 10 + 0.3;
	    {jail: "j\(. % 3)", host: [null, "mail"][. % 2], failures: .})),
	    (range(60) | ban(["u\(. % 4)", "192.0.20.1", "198.51.9.7",
	    "::ffff:192.0.2.1"][. % 4]; . / 10; {jail: "j\(. % 2)",
	    ip: ["198.51.3.1", "203.0.113.9", "2001:db8:1::7", "192.0.20.1",
	    "no address", "::ffff:198.51.4.1"][. % 6], failures: .})),'"$1"
}

@test "all networks are counted by an index as each ban by itself" {
	# Two networks begin with the bytes of 192.0.2.0/24.
	of_nets 'ban("198.18.0.1"; 1; {jail: "one"}), ban("192.0.2.0/23"; 1; {}),
	    ban("c000:200::/24"; 1; {})'
	for limit in 0 1 2 5 10 200 1000; do
		same_nets --limit "$limit"
		for prefix in 8 16 22 24 30; do
			same_nets --limit "$limit" --prefix "$prefix"
		done
		same_nets --limit "$limit" --prefix 48
	done
	same_nets --jail j1
	same_nets --jail none
	same_nets --count failures
	archive report --jail one --output - >"$lab/page"
	run ! grep -q '<bdi>j[0-2]' "$lab/page"
	for scope in '' --jail=j1; do
		# shellcheck disable=SC2086 # no option at all, or one
		diff <(archive report $scope --output - | networks) \
		    <(archive report $scope --since 2000-01-01 --output - | networks) >&2
	done
}

# networks: of a page, the list of the networks, and the network of the first part.
networks() {
	sed -n '/Worst network/,/of all/p; /id="networks"/,/<\/table>/p' |
	    grep . # it is there
}

@test "a network is listed with all its bans, whatever the spelling of their ids" {
	of_nets '(range(9) | ban(["2001:DB8:1::1", "2001:0db8:1:0::2",
	    "2001:db8:2::/ffff:ffff:ffff:ffff::", "::1:2", "0:0:0:0:0:ffff:cb00:7107",
	    "::FFFF:192.0.2.8", "0::ffff:c000:0201", "2001:db8:3::5/64",
	    "0.0.0.0/0"][.]; 1 + .; {failures: (1000 + .)}))'
	for limit in 1 5 200; do
		same_nets --limit "$limit"
		same_nets --limit "$limit" --prefix 8
	done
}

@test "stats has a line for each jail and one for all" {
	imported 'ban("192.0.2.1"; 3; {}), ban("192.0.2.1"; 4; {}),
	    ban("192.0.2.2"; 20; {seconds: 1200}),
	    ban("192.0.2.3"; 100; {ended_why: "manual"}),
	    ban("192.0.2.1"; 5; {jail: "web", seconds: -1, failures: 7,
	        ended_us: null, ended_why: null})'
	archive stats --format jsonl >"$lab/stats"
	jq -es 'map(.jail) == ["sshd", "web", null]' "$lab/stats"
	jq -es --argjson now "$EPOCHSECONDS" '.[2] as $all | $all |
	    .live == 1 and .today == 0 and .yesterday == 0 and .d7 == 3
	    and .d30 == 4 and .ever == 5 and .failures == 19 and .ids == 3
	    and .returning == 1 and .median_seconds == 600
	    and .longest_seconds == -1 and .expired == 3 and .manual == 1
	    and .flushed == 0 and .inferred == 0
	    and ($now - .first_us / 1000000 - 8640000 | fabs) < 60
	    and .last_us > .first_us' "$lab/stats"
	jq -es '.[0] | .ever == 4 and .returning == 1 and .longest_seconds == 1200
	    and (keys_unsorted | join(" ")) == "jail live today yesterday d7 d30 ever failures ids returning median_seconds longest_seconds expired manual flushed inferred first_us last_us"' \
	    "$lab/stats"
	[ "$(total .ever --jail web)" -eq 1 ]
	[ "$(total .ever --since 6d)" -eq 3 ]
	[ "$(total .ever --active)" -eq 1 ]
}

@test "today and yesterday are days of local time, and live bans live" {
	local midnight
	midnight=$(date -d 0:00 +%s)
	archive ban --jail sshd --id 192.0.2.1 --time "$midnight.5" \
	    --bantime -1 --bancount 1 --failures 3 --restored 0
	archive ban --jail sshd --id 192.0.2.2 --time "$((midnight - 1)).5" \
	    --bantime -1 --bancount 1 --failures 3 --restored 0
	[ "$(total '"\(.today) \(.yesterday) \(.live)"')" = '1 1 2' ]
	# In the east the day began earlier: by UTC both are of the day before.
	[ "$(TZ=UTC-14 total '.today + .yesterday')" -ge 1 ]
	[ "$(total .today --since today)" -eq 1 ]
}

@test "an archive without a ban has figures all the same" {
	archive flush --jail sshd
	[ "$(archive stats --format jsonl | jq -c '[.jail, .ever, .median_seconds, .first_us]')" = '[null,0,null,null]' ]
	archive stats | grep -q '^all jails'
	[ "$(archive top)" = 'no such bans' ]
	[ -z "$(archive top --format jsonl)" ]
	archive stats --mail root | grep -q ': 0 bans in 7 days'
}

@test "people read changes, ends, days, gaps and since when the archive knows" {
	imported '(range(6) | ban("192.0.2.\(.)"; 1.5; {})),
	    (range(4) | ban("192.0.2.\(.)"; 9.5; {})),
	    ban("192.0.2.1"; 70; {ended_why: "manual"})'
	archive reconcile
	archive stats >"$lab/stats"
	cat "$lab/stats" >&2
	grep -q '^sshd .* 6 *+50 % .* 10 .* new ' "$lab/stats"
	grep -q '^Ended .*10 expired, 1 by hand' "$lab/stats"
	grep -q '^By day  *[^ ]* at most 6 a day$' "$lab/stats"
	grep -q '^From .* 5 bans of new ids, 5 of known ones$' "$lab/stats"
	grep -q "^Known since $(date -d "@$((EPOCHSECONDS - 70 * day))" +%F)" "$lab/stats"
	grep -q '^Gaps *none' "$lab/stats"
	sqlite3 "$lab/archive/archive.sqlite3" "
	    INSERT INTO run (kind, state, started_us, gap_seconds, lossy)
	    VALUES ('reconcile', 'completed', $((EPOCHSECONDS - day))000000, 7200, 1)"
	archive stats | grep -q 'for 2h, longer than fail2ban remembers'
	# What the filter leaves out is no change.
	archive stats --since 8d | grep '^sshd ' | grep -qv '[%]\|new'
}

# message: the message of stats --mail, checked as a program that sends it would.
message() {
	archive stats --mail admin@example.org "$@" >"$lab/mail"
	"$python" - "$lab/mail" <<-'END'
		import email, email.policy, email.utils, sys
		with open(sys.argv[1], "rb") as f:
		    raw = f.read()
		m = email.message_from_bytes(raw, policy=email.policy.default)
		assert m["to"] == "admin@example.org", m["to"]
		assert m.get_content_type() == "text/plain"
		assert m.get_content_charset() == "utf-8"
		assert m["content-transfer-encoding"] == "8bit"
		assert m["mime-version"] == "1.0"
		assert email.utils.parsedate_to_datetime(m["date"]).tzinfo
		assert sorted(k.lower() for k in m.keys()) == sorted(["to",
		    "subject", "date", "mime-version", "content-type",
		    "content-transfer-encoding", "auto-submitted"]), m.keys()
		assert not m.defects, m.defects
		assert max(map(len, raw.split(b"\n"))) < 998
		raw.decode("utf-8")
		print(m["subject"])
		print(m.get_content())
	END
}

@test "stats --mail prints a message that a manager reads" {
	imported '(range(6) | ban("192.0.2.\(. % 2)"; 1 + . / 10;
	    {captures: {user: "root"}})),
	    ban("192.0.2.1"; 2; {jail: "web", ended_why: "manual"}),
	    (range(4) | ban("192.0.2.\(.)"; 9; {}))'
	archive reconcile
	message >"$lab/read"
	cat "$lab/read" >&2
	grep -qx '[^ ]*: 7 bans in 7 days (+75 %)' "$lab/read"
	grep -q '^7 bans, 75 % more than in the 7 days before (4)\.' "$lab/read"
	grep -q '^  sshd  *6 bans, 86 % of all, +50 %' "$lab/read"
	grep -q '^  192\.0\.2\.0/24 ' "$lab/read"
	grep -q '^  root ' "$lab/read"
	grep -q '^By hand 0 bans were made and 1 ban was lifted\.' "$lab/read"
	grep -q '^There was no gap' "$lab/read"
	[ "$(wc -l <"$lab/read")" -le 30 ]
	message --since 3d | grep -q ' in 3 days'
}

@test "a gap that is going on is told, whatever the time that is asked for" {
	imported 'ban("192.0.2.1"; 1; {})'
	message >"$lab/read"
	grep -q 'Bans may be missing: reconcile has never run' "$lab/mail"
	archive stats --since yesterday --until now | grep -q 'reconcile has never run'
	archive report --until now --output - | grep -qi 'reconcile has never run'
}

@test "no address and no name adds a header or a line to the message" {
	local address
	for address in '' 'a b@c' $'a@b\nBcc: c@d' $'a@b\r' 'a,b@c' 'a@b@c' '@b' 'a@' \
	    '-oops' 'A <a@b>' '"a"@b' 'é@b' 'a@b;c'; do
		status 64 archive stats --mail "$address"
	done
	archive flush --jail sshd
	for address in root a@b "o'neil+x=y@mail.example.org"; do
		archive stats --mail "$address" | grep -qx "To: $address"
	done
	imported 'ban("x\nBcc: evil@example.org\n\n.\n"; 1; {jail: "a\nTo: b",
	    captures: {user: "root\nSubject: \u001b[31m"}}),
	    ban("x\nBcc: evil@example.org\n\n.\n"; 2; {jail: "a\nTo: b"})'
	message >"$lab/read"
	cat "$lab/read" >&2
	grep -q '^  x\\x0aBcc' "$lab/read"
	run ! grep -q $'\x1b' "$lab/mail"
	run ! grep -q '^\(Bcc\|To: b\|Subject: .*31\|\.$\)' "$lab/mail"
	for key in id user jail; do
		[ "$(archive top --by "$key" | wc -l)" -eq 2 ]
		run ! grep -q $'\x1b' <(archive top --by "$key")
	done
}

# sums OPTION...: what stats and top say that must survive.
sums() {
	archive stats --format jsonl "$@" | jq -c 'del(.live, .today,
	    .yesterday, .ids, .returning, .median_seconds)'
	for key in jail hour weekday host; do
		archive top --by "$key" --limit 100 --format jsonl "$@"
	done
}

# All but the newest ban was archived ages ago.
age() {
	sqlite3 "$lab/archive/archive.sqlite3" "
	    UPDATE ban SET added_us = ended_us WHERE ended_us IS NOT NULL"
}

pruned() {
	config "retention_days = $1;"
	archive reconcile
}

@test "what retention removes stays in the totals" {
	imported '(range(50) | ban("192.0.2.\(. % 7)"; . * 3 + 0.7; {failures: .})),
	    (range(9) | ban("192.0.2.9"; 40 + . / 100; {jail: "web",
	        ended_why: ["manual", "flushed", "inferred"][. % 3],
	        seconds: [null, 60, 700][. % 3]})),
	    ban("192.0.2.8"; 300; {jail: "old", seconds: -1, ended_why: "manual"}),
	    ban("192.0.2.8"; 200; {host: "mail"})'
	age
	sums >"$lab/before"
	sums --since 100d >"$lab/before-since"
	sums --jail web >"$lab/before-web"
	pruned 60
	pruned 30
	# The newest change stays, because revs are counted from it.
	[ "$(archive list --format jsonl | wc -l)" -lt 13 ]
	diff "$lab/before" <(sums)
	diff "$lab/before-since" <(sums --since 100d)
	diff "$lab/before-web" <(sums --jail web)
	archive stats | grep -q '^Removed .* bans, by retention'
	# Of an id there is no total.
	[ "$(archive top --id 192.0.2.9 --format jsonl)" = '' ]
	[ "$(archive stats --id 192.0.2.9 --format jsonl | jq .ever)" -eq 0 ]
	archive backup "$lab/copy"
	archive restore "$lab/copy"
	diff "$lab/before" <(sums)
	archive verify
}

@test "a day counts the same after its bans were removed, in a zone of half hours" {
	export TZ=IST-5:30
	imported '(range(200) | ban("192.0.2.\(.)"; 20 + . / 37; {})),
	    ban("192.0.2.250"; 1; {})'
	age
	archive top --by hour --limit 24 --format csv >"$lab/hours"
	archive top --by weekday --format csv >"$lab/days"
	pruned 10
	[ "$(archive list --format jsonl | wc -l)" -eq 1 ]
	diff "$lab/hours" <(archive top --by hour --limit 24 --format csv)
	diff "$lab/days" <(archive top --by weekday --format csv)
}
