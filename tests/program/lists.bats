#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# export --list gives each address and network once, for firewalls and AbuseIPDB.

load ../lib/server

setup() {
	lab_setup
	now=$EPOCHSECONDS
}

# ban JAIL ID [SECONDS_AGO [WORD...]]
ban() {
	local jail=$1 id=$2 ago=${3:-100}
	shift $(($# < 3 ? $# : 3))
	"$event_program" -c "$lab/archive.cfg" ban --jail "$jail" --id "$id" \
	    --time "$((now - ago)).5" --bantime 600 --failures 3 "$@"
}

# list WORD...: the list, in one line; what is said on standard error in $lab/err.
list() { archive export --list "$@" 2>"$lab/err" | paste -sd ' '; }

some_bans() {
	ban sshd 192.0.2.10 300
	ban sshd 192.0.2.10 200
	ban web 192.0.2.10 100
	ban web 192.0.2.9
	ban web 2001:db8::2 $((3 * 86400))
	ban recidive 198.51.100.0/25
	ban recidive 198.51.100.128/25
	ban sshd 198.51.100.7
}

@test "each id is listed once, in the order of the addresses" {
	some_bans
	[ "$(list)" = '192.0.2.9 192.0.2.10 198.51.100.0/25 198.51.100.7 198.51.100.128/25 2001:db8::2' ]
	[ ! -s "$lab/err" ]
	[ "$(list --format plain)" = "$(list)" ]
	[ "$(list --format cidr --net 192.0.2.0/24)" = '192.0.2.9/32 192.0.2.10/32' ]
	[ "$(list --format cidr --family 6)" = '2001:db8::2/128' ]
}

@test "two spellings of an address are one" {
	ban sshd 2001:DB8:0::1
	ban web 2001:db8::1
	ban web ::ffff:192.0.2.1
	ban web 192.0.2.1
	[ "$(list)" = '192.0.2.1 2001:db8::1' ]
	[ "$(list --min-bans 2)" = '192.0.2.1 2001:db8::1' ]
}

@test "a list takes the filters, and bans are counted after these" {
	some_bans
	[ "$(list --min-bans 2)" = 192.0.2.10 ]
	[ "$(list --min-bans 3)" = 192.0.2.10 ]
	[ -z "$(list --min-bans 4)" ]
	[ "$(list --min-bans 2 --jail sshd)" = 192.0.2.10 ]
	[ -z "$(list --min-bans 3 --jail sshd)" ]
	[ "$(list --jail web)" = '192.0.2.9 192.0.2.10 2001:db8::2' ]
	[ "$(list --jail web --since 1d)" = '192.0.2.9 192.0.2.10' ]
	[ "$(list --jail web --until 1d)" = '2001:db8::2' ]
	[ "$(list --family 4 --jail web)" = '192.0.2.9 192.0.2.10' ]
	[ "$(list --country FR)" = '198.51.100.0/25 198.51.100.7' ]
	[ "$(list --id 192.0.2.9)" = 192.0.2.9 ]
	[ "$(list --active --jail web)" = '192.0.2.9 192.0.2.10' ]
	[ -z "$(list --jail other)" ]
}

@test "--aggregate joins networks so that no address is added" {
	some_bans
	[ "$(list --aggregate)" = '192.0.2.9 192.0.2.10 198.51.100.0/24 2001:db8::2' ]
	ban web 192.0.2.8
	ban web 192.0.2.11
	[ "$(list --aggregate --format cidr)" = \
	    '192.0.2.8/30 198.51.100.0/24 2001:db8::2/128' ]
	# Only what has enough bans is joined.
	[ "$(list --aggregate --min-bans 2)" = 192.0.2.10 ]
}

@test "what is no address is left out, and counted" {
	ban sshd 192.0.2.1
	ban web 'session 7' 100 --ip 192.0.2.2
	ban web 'session 7' 200 --ip 192.0.2.2
	ban web $'\e[2J' 100
	[ "$(list)" = 192.0.2.1 ]
	[ "$(cat "$lab/err")" = \
	    'fail2ban-archive: left out: 2 ids that are no address and no network' ]
	[ -z "$(list --min-bans 2)" ]
	grep -qF 'left out: 1 id that is no address' "$lab/err"
	[ -z "$(list --min-bans 3)" ]
	[ ! -s "$lab/err" ]
}

@test "the network that is left of an anonymous ban is not listed" {
	command sqlite3 "$lab/fail2ban.sqlite3" <"$root/tests/lib/fail2ban.sql"
	# A network that was banned as such, and has ended, is.
	ban sshd 203.0.113.0/24 $((90 * 86400))
	ban sshd 198.51.0.0/16 $((90 * 86400)) --ip 198.51.100.7
	ban sshd 192.0.2.1 $((90 * 86400))
	ban sshd 2001:db8::1 $((90 * 86400))
	sqlite3 "$lab/archive/archive.sqlite3" "UPDATE ban SET added_us = since_us,
	    ended_us = since_us + 1, ended_why = 'expired'"
	ban sshd 198.51.100.0/24
	archive prune --anonymize 30d >"$lab/out"
	archive export | grep -q '"192\.0\.2\.0/24"'
	[ "$(list)" = '198.51.0.0/16 198.51.100.0/24 203.0.113.0/24' ]
	[ "$(cat "$lab/err")" = \
	    'fail2ban-archive: left out: 2 networks that may stand for bans that became anonymous' ]
	[ -z "$(list --min-bans 2)" ]
	[ ! -s "$lab/err" ]
}

@test "the files of nft and ipset define both sets, whatever is in them" {
	some_bans
	list --format nft >"$lab/out"
	grep -q 'add set inet fail2ban-archive banned4 { type ipv4_addr; flags interval; }' "$lab/out"
	grep -q 'add set inet fail2ban-archive banned6' "$lab/out"
	# A set takes no overlaps.
	run ! grep -q '198\.51\.100\.7' "$lab/out"
	list --format nft --family 6 >"$lab/out"
	run ! grep -q banned4 "$lab/out"
	grep -q '2001:db8::2' "$lab/out"
	list --format ipset >"$lab/out"
	grep -q 'add fail2ban-archive4-new 198\.51\.100\.7 ' "$lab/out"
	grep -q 'swap fail2ban-archive6-new fail2ban-archive6' "$lab/out"
	list --format ipset --jail other >"$lab/out"
	grep -q 'swap fail2ban-archive4-new fail2ban-archive4' "$lab/out"
}

@test "a report for AbuseIPDB has each address once, with the categories of its jails" {
	config 'abuseipdb = { sshd = "18,22"; web = "21"; };'
	some_bans
	archive export --list --format abuseipdb >"$lab/csv" 2>"$lab/err"
	"$python" - "$lab/csv" "$now" <<-'END'
		import csv, datetime, sys
		rows = list(csv.DictReader(open(sys.argv[1], newline="")))
		now = int(sys.argv[2])
		assert [(r["IP"], r["Categories"], r["Comment"]) for r in rows] == [
		    ("192.0.2.9", "21", "fail2ban: 1 ban, 3 failures"),
		    ("192.0.2.10", "18,21,22", "fail2ban: 3 bans, 9 failures"),
		    ("198.51.100.7", "18,22", "fail2ban: 1 ban, 3 failures"),
		    ("2001:db8::2", "21", "fail2ban: 1 ban, 3 failures")], rows
		for row in rows[:3]:
		    at = datetime.datetime.fromisoformat(row["ReportDate"].replace("Z", "+00:00"))
		    assert at.timestamp() == now - 100, row
	END
	[ "$(head -n 1 "$lab/csv")" = IP,Categories,ReportDate,Comment ]
	[ "$(cat "$lab/err")" = 'fail2ban-archive: jail recidive: left out: the key abuseipdb of the configuration gives it no categories' ]
	# A ban that fail2ban restores after a restart is the same, and begins when it did.
	[ "$(archive export --list --format abuseipdb --since 150s 2>"$lab/err" |
	    grep -c '^192\.0\.2\.10,"21"')" -eq 1 ]
}

@test "a report names no user, machine, jail or log line" {
	config 'abuseipdb = { secretjail = "18"; };'
	tr -d '\n\t' >"$lab/import.json" <<-END
		{"jail":"secretjail","ident":"192.0.2.1","since_us":$((now - 60))000000,
		"host":"secrethost","captures":{"user":"secretuser"},
		"matches":["secretline"],"failures":2}
	END
	status 0 archive replay "$lab/import.json"
	archive export --list --format abuseipdb >"$lab/csv"
	[ "$(wc -l <"$lab/csv")" -eq 2 ]
	run ! grep -q secret "$lab/csv"
}

@test "a report has only addresses, of jails whose names no key can have, too" {
	config 'abuseipdb = ({ jail = "my jail.1"; categories = "4"; });'
	ban 'my jail.1' 192.0.2.1
	ban 'my jail.1' 198.51.100.0/24
	ban 'my jail.1' 'session'
	archive export --list --format abuseipdb >"$lab/csv" 2>"$lab/err"
	[ "$(cut -d , -f 1,2 "$lab/csv" | paste -sd ' ')" = 'IP,Categories 192.0.2.1,"4"' ]
	[ "$(cat "$lab/err")" = 'fail2ban-archive: left out: 2 ids that are no address' ]
}

@test "a report has at most 10,000 lines: those that were banned last" {
	config 'abuseipdb = { sshd = "18"; };'
	jq -cn 'range(12000) | {jail: "sshd", origin: "log",
	    ident: "2001:db8::\(. / 1000 | floor):\(. % 1000 + 1)", failures: 3,
	    since_us: ((1700000000 + .) * 1000000)}' >"$lab/bans.jsonl"
	status 0 archive replay "$lab/bans.jsonl"
	archive export --list --format abuseipdb >"$lab/csv" 2>"$lab/err"
	[ "$(wc -l <"$lab/csv")" -eq 10000 ]
	[ "$(cut -d , -f 1 "$lab/csv" | sort -u | wc -l)" -eq 10000 ]
	grep -q 'left out: 2001 addresses: AbuseIPDB takes 9999 in a file, and the file has' "$lab/err"
	grep -q '^2001:db8::11:1000,' "$lab/csv"
	grep -q '^2001:db8::2:2,' "$lab/csv"
	run ! grep -q '^2001:db8::2:1,' "$lab/csv"
	[ "$(archive export --list --family 6 | wc -l)" -eq 12000 ]
}

@test "wrong combinations of options are refused" {
	ban sshd 192.0.2.1
	local words
	while read -r words; do
		# shellcheck disable=SC2086 # these are words
		status 64 archive export ${words%%:*}
		says "${words#*: }"
	done <<-'END'
		--format nft: export: --format nft: needs --list
		--format abuseipdb --since 7d: needs --list
		--min-bans 2: export: --min-bans: needs --list
		--family 4: export: --family: needs --list
		--aggregate --format ecs: export: --aggregate: needs --list
		--list --format jsonl: with --list it must be plain, cidr, nft, ipset or abuseipdb
		--list --format csv: with --list it must be plain
		--list --format ecs: with --list it must be plain
		--list --after 0: export: --list: takes neither --after
		--list --follow: export: --list: takes neither --after
		--list --archive x: export: --list: takes neither --after
		--list --family 5: export: --family: must be 4 or 6
		--list --min-bans 0: --min-bans: 0 is not from 1
		--list --min-bans x: --min-bans:
		--list --format xml: export: --format: must be jsonl
		--list --format abuseipdb --aggregate: takes reports of addresses only
	END
}

@test "an archive without bans gives an empty list" {
	ban sshd 192.0.2.1
	sqlite3 "$lab/archive/archive.sqlite3" 'DELETE FROM ban'
	[ -z "$(list)" ]
	[ -z "$(list --aggregate --format cidr)" ]
	[ "$(list --format abuseipdb)" = IP,Categories,ReportDate,Comment ]
}
