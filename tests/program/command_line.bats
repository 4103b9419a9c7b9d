#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The commands for people and scripts: list, show, export, help, config.

load ../lib/server

# ban JAIL ID TIME [SECONDS]
ban() {
	archive ban --jail "$1" --id "$2" --ip "$2" --family inet4 \
	    --time "$3" --bantime "${4:-600}" --bancount 1 --failures 3 \
	    --restored 0
}

# Five bans in two jails; the last two live.
five_bans() {
	now=$EPOCHSECONDS
	ban sshd 192.0.2.1 1767225600.25
	ban sshd 192.0.2.2 1769904000
	ban web 2001:db8::1 $((now - 864000))
	ban web 192.0.2.1 $((now - 500)) 86400
	ban sshd 203.0.113.7 $((now - 100)) -1
	local when
	for when in '192.0.2.1 1767225600.25' '192.0.2.2 1769904000'; do
		archive unban --jail sshd --id "${when% *}" --ip "${when% *}" \
		    --family inet4 --time "${when#* }" --bantime 600 \
		    --bancount 1 --failures 3 --restored 0
	done
	archive unban --jail web --id 2001:db8::1 --ip 2001:db8::1 \
	    --family inet6 --time $((now - 864000)) --bantime 600 \
	    --bancount 1 --failures 3 --restored 0
	look 'len(rows()) == 5'
}

# listed WANT OPTION...: list with these options has these addresses, in order.
listed() {
	local want=$1
	shift
	[ "$(archive list "$@" |
	    grep -oE '192\.0\.2\.[0-9]+|203\.0\.113\.[0-9]+|2001:db8::[0-9]+' |
	    paste -sd ' ')" = "$want" ]
}

@test "list has the newest first, and its options choose" {
	five_bans
	listed '203.0.113.7 192.0.2.1 2001:db8::1 192.0.2.2 192.0.2.1'
	listed '203.0.113.7 192.0.2.2 192.0.2.1' --jail sshd
	listed '192.0.2.1 192.0.2.1' --id 192.0.2.1
	listed '192.0.2.1' --id 192.0.2.1 --jail web
	listed '203.0.113.7 192.0.2.1' --active
	listed '203.0.113.7 192.0.2.1' --limit 2
	listed '203.0.113.7' --active --limit 1
	listed '' --jail none
}

@test "--since and --until take epoch seconds, ISO 8601 and ages" {
	five_bans
	listed '203.0.113.7 192.0.2.1' --since 7d
	diff <(archive list --since today) <(archive list --since "$(date +%F)")
	diff <(archive list --since 'this month') <(archive list --since "$(date +%Y-%m-01)")
	listed '203.0.113.7' --since 200s
	listed '192.0.2.2 192.0.2.1' --until 1769990400
	listed '192.0.2.2' --since 2026-02-01T00:00:00Z --until 2026-02-02T00:00:00Z
	listed '192.0.2.1' --until 2026-01-02
	listed '2001:db8::1' --since 2w --until 1d
	listed '203.0.113.7 192.0.2.1 2001:db8::1 192.0.2.2' --since 1767225601
	local wrong
	for wrong in x '' 7y -5 1d2 2026-13-01 2026-02-30 99999999999999999999; do
		status 64 archive list --since "$wrong"
	done
	for wrong in x '' -1 1.5 99999999999999999999; do
		status 64 archive list --limit "$wrong"
	done
}

@test "show prints all bans of one address" {
	five_bans
	archive show 192.0.2.1 >"$lab/show"
	grep -q sshd "$lab/show"
	grep -q web "$lab/show"
	grep -q expired "$lab/show"
	grep -qE '^(Banned now|Not banned now; last banned) ' <(head -n 1 "$lab/show")
	run -1 grep -E '203\.0\.113|192\.0\.2\.2' "$lab/show"
}

@test "show finds the ids that were banned for an address" {
	archive ban --jail web --id s3ss10n --ip 192.0.2.20 --family inet4 \
	    --time "$EPOCHSECONDS" --bantime 600 --bancount 1 --failures 3 \
	    --restored 0
	archive show 192.0.2.20 >"$lab/show"
	grep -q s3ss10n "$lab/show"
}

@test "show and --id know an address in any spelling" {
	local id
	ban sshd 2001:db8::17 "$EPOCHSECONDS"
	ban sshd 192.0.2.1 "$EPOCHSECONDS"
	ban sshd 192.0.2.0/24 "$EPOCHSECONDS"
	ban sshd ' text ' "$EPOCHSECONDS"
	for id in 2001:DB8::0017 ' 2001:db8:0:0::17' 2001:db8::17/128 192.0.2.1/32 \
	    ::ffff:192.0.2.1 '192.0.2.1 ' 192.0.2.77/24 192.0.2.0/255.255.255.0 \
	    ' text '; do
		status 0 archive show "$id"
		[ "$(archive export --id "$id" | wc -l)" -eq 1 ]
		[ "$(archive list --id "$id" | wc -l)" -eq 2 ]
	done
}

@test "show prints the live bans of the networks that hold an address" {
	ban sshd 192.0.2.0/24 "$EPOCHSECONDS"
	ban web 192.0.0.0/16 "$EPOCHSECONDS"
	ban web 192.0.2.0/25 1769904000
	archive unban --jail web --id 192.0.2.0/25 --ip 192.0.2.0/25 \
	    --family inet4 --time 1769904000 --bantime 600 --bancount 1 \
	    --failures 3 --restored 0
	ban web 198.51.100.0/24 "$EPOCHSECONDS"
	status 1 archive show ::ffff:192.0.2.9
	says 'Never banned; 192.0.2.0/24, which holds it, is banned in sshd until '
	run -1 archive show 192.0.2.9
	echo "$output" >"$lab/show"
	grep -q 'banned in sshd: 192\.0\.2\.0/24$' "$lab/show"
	grep -q 'banned in web: 192\.0\.0\.0/16$' "$lab/show"
	[ "$(grep -c '^  holds     192\.0\.2\.9$' "$lab/show")" -eq 2 ]
	[ "$(grep -c '  banned in' "$lab/show")" -eq 2 ]
}

@test "show of an address that was never banned ends with 1, as grep does" {
	ban sshd 192.0.2.0/24 "$EPOCHSECONDS"
	status 1 archive show 203.0.113.9
	[ "${said%%$'\n'*}" = 'Never banned.' ]
	status 1 archive show 203.0.113.0/24
	[ "${said%%$'\n'*}" = 'Never banned.' ]
}

@test "a ban of an old log whose ban time and end nobody knows is not active" {
	echo '2022-06-12 02:24:31,000 fail2ban.actions        [1]: NOTICE  [sshd] Ban 192.0.2.10' \
	    >"$lab/old.log"
	status 0 archive replay "$lab/old.log"
	archive list | grep -q ' unknown$'
	archive show 192.0.2.10 | grep -q '^  ended     unknown$'
	[ "$(archive list --active)" = 'no such bans' ]
	[ -z "$(archive export --active)" ]
}

@test "a ban whose time is up, or that was flushed, is ending until it is settled" {
	ban sshd 192.0.2.1 $((EPOCHSECONDS - 20)) 10
	ban web 192.0.2.2 $((EPOCHSECONDS - 20))
	listed '192.0.2.2' --active
	archive list --id 192.0.2.1 | grep -q ' ending$'
	archive list --id 192.0.2.2 | grep -q ' active$'
	archive show 192.0.2.1 | grep -q '^  ended     ending$'
	archive flush --jail web
	listed '' --active
	archive list --id 192.0.2.2 | grep -q ' ending$'
	[ "$(archive export --active | wc -l)" -eq 0 ]
}

@test "list cuts an id of 4 MiB, and export keeps it" {
	"$python" -c 'import json
for i in range(3):
    print(json.dumps({"jail": "sshd", "ident": "\u00e9" * (2 << 20),
        "since_us": 1767225600000000 + i}, ensure_ascii=False))' >"$lab/long.json"
	status 0 archive replay "$lab/long.json"
	archive list >"$lab/list"
	[ "$(wc -l <"$lab/list")" -eq 4 ]
	[ "$(wc -c <"$lab/list")" -lt 2048 ]
	[ "$(grep -c '…' "$lab/list")" -eq 3 ]
	look '[len(r["ident"]) for r in rows()] == [2 << 20] * 3'
}

@test "export is one JSON object a line, oldest first" {
	five_bans
	look '[r["ident"] for r in rows()] == ["192.0.2.1", "192.0.2.2",
	    "2001:db8::1", "192.0.2.1", "203.0.113.7"]'
	look 'rows() == sorted(rows(), key=lambda r: r["since_us"])'
	look 'len({r["rev"] for r in rows()}) == 5'
	look 'same(rows()[0], {"jail": "sshd", "ident": "192.0.2.1", "ip": None,
	    "host": None, "since_us": 1767225600250000, "timeofban": 1767225600,
	    "nth": 0, "seconds": 600, "bancount": 1, "failures": 3,
	    "matches": None, "captures": None, "origin": "log",
	    "seen": ["event"], "ended_why": "expired", "restored": 0})'
	look 'same(rows()[4], {"seconds": -1, "ended_us": None, "ended_why": None})'
}

# in_csv EXPRESSION: rows are the records of the CSV export, by name, each text
# without the apostrophe that keeps it from being a formula; raw is the CSV.
in_csv() {
	archive export --format csv >"$lab/csv"
	"$python" - "$lab/csv" "$1" <<-'END'
		import csv, json, sys
		raw = open(sys.argv[1], newline="").read()
		header, *rows = csv.reader(raw.splitlines(True), strict=True)
		rows = [dict(zip(header, (v[1:] if v[:1] == "'" else v for v in row),
		                 strict=True)) for row in rows]
		assert eval("(" + sys.argv[2] + ")"), (header, rows)
	END
}

@test "export writes CSV with the fields of its JSON, in their order" {
	five_bans
	archive export --format csv >"$lab/csv"
	[ "$(head -n 1 "$lab/csv")" = \
		"$(archive export | jq -r keys_unsorted[] | head -n 18 | paste -sd , -)" ]
	[ "$(wc -l <"$lab/csv")" -eq 6 ]
	in_csv '[r["ident"] for r in rows] == ["192.0.2.1", "192.0.2.2",
	    "2001:db8::1", "192.0.2.1", "203.0.113.7"]'
	in_csv 'rows[0]["since_us"] == "1767225600250000" and
	    rows[0]["seen"] == "[\"event\"]" and rows[0]["origin"] == "log"'
	in_csv 'rows[4]["seconds"] == "-1"'
	# An unknown value is null, and not an empty text.
	in_csv 'all(rows[0][k] == "" for k in ("ip", "host", "matches", "captures"))'
	grep -q '^sshd,192.0.2.1,,,1767225600250000,1767225600,0,600,1,3,,,log,' "$lab/csv"
	# The options of list hold.
	[ "$(archive export --format csv --id 203.0.113.7 | wc -l)" -eq 2 ]
	archive export --format json | cmp - <(archive export)
}

@test "an id in CSV is exact, and no formula" {
	local id ids=('=cmd|x' '+1' '-1' '@a' "'" "''=x" 'a,b' 'a"b' '"' ' a ' a\\
	    $'a\nb' $'a\r\nb' $'\tx' $'\e[31mx' $'\u202ea' $'\u009bx')
	for id in "${ids[@]}"; do
		archive ban --jail '=j' --id "$id" --time "$EPOCHSECONDS" \
		    --bantime -1 --bancount 1 --failures 3 --restored 0
	done
	printf '%s\0' "${ids[@]}" >"$lab/ids"
	in_csv '{r["ident"] for r in rows} ==
	    set(open(sys.argv[1][:-3] + "ids", newline="").read()[:-1].split("\0"))'
	in_csv 'len(rows) == 17 and {r["jail"] for r in rows} == {"=j"}'
	in_csv 'not any(v[:1] in "=+@\t\r" for row in csv.reader(raw.splitlines(True))
	    for v in row if v)'
	[ "$(grep -c -- ',-1,1,3,' "$lab/csv")" -eq 17 ]
	# A terminal is shown it, and does not act on it.
	"$python" -c 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]))' \
	    "$program" -c "$lab/archive.cfg" export --format csv \
	    </dev/null >"$lab/shown"
	grep -qF 'u001b[31mx' "$lab/shown"
	run -1 grep -P '\x1b|\xc2\x9b|\xe2\x80\xae' "$lab/shown"
}

@test "log lines in CSV are JSON, and as harmless as in JSON" {
	cp "$root/tests/samples/mixed20-deb-running.sqlite3" "$lab/fail2ban.sqlite3"
	chmod 600 "$lab/fail2ban.sqlite3"
	archive reconcile
	in_csv 'len(rows) > 5 and any(r["matches"] for r in rows)'
	in_csv 'all(isinstance(json.loads(r[k]), t) for r in rows
	    for k, t in (("matches", list), ("captures", dict), ("seen", list)) if r[k])'
	archive export | jq -c .matches >"$lab/want"
	"$python" - "$lab/csv" >"$lab/got" <<-'END'
		import csv, sys
		for row in csv.DictReader(open(sys.argv[1], newline="")):
		    print(row["matches"] or "null")
	END
	diff <(jq -c . "$lab/got") "$lab/want"
}

@test "a format that export has not is refused" {
	status 64 archive export --format xml
	says json
	says csv
	status 64 archive export --format
}

@test "an empty archive is listed and exported as nothing" {
	status 66 archive reconcile
	[ -z "$(archive export)" ]
	[ "$(archive export --format csv | wc -l)" -eq 1 ]
	archive list
}

@test "where there is no archive yet, readers say so and make none" {
	status 66 archive list
	says "$lab/archive/archive.sqlite3"
	status 66 archive export
	status 66 archive show 192.0.2.1
	[ ! -e "$lab/archive" ]
}

@test "help is everywhere, and costs nothing" {
	local verb
	status 0 "$program" --help
	for verb in ban unban prolong flush reconcile list show export; do
		says "$verb"
	done
	for verb in ban unban prolong flush reconcile list show export; do
		status 0 "$program" "$verb" --help
		says "$verb"
	done
	for verb in --help -h help; do
		status 0 "$program" "$verb"
		says 'usage: fail2ban-archive [-c FILE] COMMAND'
	done
	diff <("$program" list --help) <("$program" list -h)
	diff <("$program" list --help) <("$program" help list)
	"$program" list --help | grep -q -e --limit
	"$program" reconcile --help | grep -q -e --every
	[ "$(archive list sshd --since 7d --help)" = "$(archive list --help)" ]
	[ "$(archive show 192.0.2.1 -h)" = "$(archive show --help)" ]
}

@test "the version comes with SQLite's" {
	status 0 "$program" --version
	says fail2ban-archive
	[[ $said =~ SQLite\ 3\.[0-9]+ ]]
}

@test "a mistyped command or option names the nearest one" {
	status 64 archive lits
	says 'lits: unknown command: did you mean list? See fail2ban-archive --help'
	status 64 archive help exprot
	says 'did you mean export?'
	status 64 archive list --jial=sshd
	says 'list: --jial=sshd: unknown option: did you mean --jail? See fail2ban-archive list --help'
	status 64 archive banana
	says 'banana: unknown command; see'
}

@test "a wrong command line is a usage error" {
	status 64 "$program"
	status 64 archive
	status 64 archive nonsense
	says nonsense
	status 64 archive list --nonsense
	says --nonsense
	status 64 archive export stray
	status 64 archive list --jail
	status 64 archive show
	status 64 archive show one two
	status 64 archive reconcile --every
	status 64 archive reconcile --every 0
	status 64 archive reconcile --every x
	status 64 "$program" -c
	status 64 archive $'non\e[31msense'
	[[ $said != *$'\e'* ]]
}

@test "an event without its parts is refused, not archived" {
	run archive ban --jail sshd
	[ "$status" -ne 0 ]
	run archive ban --jail sshd --id 192.0.2.1 --time yesterday \
	    --bantime 600 --bancount 1 --failures 3 --restored 0
	[ "$status" -ne 0 ]
	run archive unban --id 192.0.2.1 --time 1795458480 --bantime 600
	[ "$status" -ne 0 ]
	look '__import__("os").path.exists(LAB + "/archive") is False or
	    rows() == []'
}

@test "the family may be missing, or be None" {
	archive ban --jail sshd --id text --ip text --time 1795458480 \
	    --bantime -1 --bancount 1 --failures 3 --restored 0
	archive ban --jail sshd --id text2 --ip text2 --family None \
	    --time 1795458480 --bantime -1 --bancount 1 --failures 3 --restored 0
	look 'len(rows()) == 2'
	archive flush --jail sshd --time 1795458490
	archive flush --jail sshd --family None --time 1795458490.5
	look 'len(rows()) == 2'
}

# refused LINE NUMBER WORD: a config with that last line.
refused() {
	printf '# a comment\n%s\n' "$1" >"$lab/bad.cfg"
	status 78 "$program" -c "$lab/bad.cfg" list
	says "$lab/bad.cfg:2: $2"
	# One line, with a reason after the key.
	[[ $said =~ bad\.cfg:2:\ $2:?\ .+ ]]
	[[ $said != *$'\n'* ]]
}

@test "an error in the config is reported with file, line, key and reason" {
	refused 'nonsense = 1;' nonsense
	refused 'interval = "often";' interval
	refused 'interval = 0;' interval
	refused 'interval = 1.5;' interval
	refused 'archive = 5;' archive
	refused 'run_deadline = -1;' run_deadline
	refused 'lock_deadline = 99999999;' lock_deadline
	refused 'retention_days = -1;' retention_days
	refused 'evidence = "all";' evidence
	refused 'backfill = 99999999999999L;' backfill
	refused 'spool = { a = 1; };' spool
	refused 'max_matches = [1, 2];' max_matches
	printf 'interval = 5;\n= ;\n' >"$lab/bad.cfg"
	status 78 "$program" -c "$lab/bad.cfg" list
	says "$lab/bad.cfg:2: "
}

@test "a missing config file that was named is an error" {
	status 66 "$program" -c "$lab/none.cfg" list
	says "$lab/none.cfg"
}

@test "all keys together are a config, in both notations" {
	config 'backfill = 0;' \
	    'lock_deadline = 500;' 'retention_days = 30;' \
	    'evidence : "database"' 'max_matches = 10;'
	ban sshd 192.0.2.1 "$EPOCHSECONDS"
	look 'len(rows()) == 1'
}

@test "list writes no escape sequence and no torn column for hostile text" {
	local id=$'a\e[31m\tb\r\nc'
	archive ban --jail $'j\e]0;x\a' --id "$id" --ip "$id" --family None \
	    --time "$EPOCHSECONDS" --bantime -1 --bancount 1 --failures 3 \
	    --restored 0
	look 'rows()[0]["ident"] == id and rows()[0]["jail"] == "j\x1b]0;x\x07"' \
	    "id=$id"
	archive list >"$lab/list"
	run -1 grep -lP '[\x00-\x08\x0b-\x1f\x7f]' "$lab/list"
	archive list --id "$id" >"$lab/list"
	grep -q 31m "$lab/list"
}

@test "a reader that goes away is no disaster" {
	five_bans
	archive export | head -n 1 >/dev/null
	status 0 archive list
	run bash -c '"$1" -c "$2" export >/dev/full' - "$program" "$lab/archive.cfg"
	[ "$status" -ne 0 ]
}
