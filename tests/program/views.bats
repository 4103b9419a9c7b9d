#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What people see of the archive: tables that fit the terminal, colour, the pager,
# filters, sorted fields, and bans as they come.

load ../lib/server

setup() {
	lab_setup
	now=$EPOCHSECONDS
}

# ban JAIL ID TIME SECONDS
ban() {
	archive ban --jail "$1" --id "$2" --ip "$2" --family inet4 --time "$3" \
	    --bantime "$4" --bancount 1 --failures 3 --restored 0
}

# imported BAN: replay an export of that ban.
imported() {
	tr -d '\n\t' <<<"$1" >"$lab/import.json"
	status 0 archive replay "$lab/import.json"
}

some_bans() {
	ban sshd 192.0.2.1 $((now - 100 * 86400)) 600
	ban web 192.0.2.77 $((now - 300)) 86400
	ban recidive 198.51.100.0/24 $((now - 200)) -1
	ban web 2001:db8:0:1::17 $((now - 100)) 86400
	imported "{\"jail\":\"sshd\",\"ident\":\"192.0.20.1\",
	    \"since_us\":$((now - 1000))000000,\"host\":\"www2\",\"origin\":\"log\",
	    \"captures\":{\"user\":\"root\",\"users\":\"['root', 'admin']\"},
	    \"seconds\":600,\"ended_us\":$((now - 400))000000,\"ended_why\":\"manual\"}"
}

# on_terminal COLUMNS WORD...: run the command on such a terminal, without a pager.
on_terminal() {
	local columns=$1
	shift
	"$python" "$root/tests/lib/terminal.py" --columns "$columns" \
	    "$program" -c "$lab/archive.cfg" "$@"
}

# ids WANT WORD...: list with these words has these ids, from the newest on.
ids() {
	local want=$1 got
	shift
	got=$(archive list "$@" --format csv --fields id | tail -n +2 | paste -sd ' ')
	[ "$got" = "$want" ] || {
		echo "list $*: $got" >&2
		return 1
	}
}

# widest: the most places that a line of standard input takes on a terminal.
widest() {
	"$python" -c 'import re, sys, unicodedata
def places(c):
    return 0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF")
print(max(sum(map(places, re.sub("\x1b\[[0-9;]*m", "", line.rstrip("\n"))))
          for line in sys.stdin))'
}

# ------------------------------------------------------------ the terminal --

@test "a table fits terminals of 60, 80 and 200 columns" {
	some_bans
	local columns
	for columns in 60 80 200; do
		on_terminal "$columns" list --no-pager >"$lab/out"
		[ "$(sed '/^$/,$d' "$lab/out" | wc -l)" -eq 6 ]
		[ "$(sed '/^$/,$d' "$lab/out" | widest)" -le "$columns" ]
		grep -q '192\.0\.2\.77 ' "$lab/out"
		grep -q '198\.51\.100\.0/24' "$lab/out"
	done
	grep -q 'FAILURES' "$lab/out"
}

@test "top and stats fit terminals of 60, 80 and 200 columns" {
	some_bans
	local columns words
	for columns in 60 80 200; do
		for words in top 'top --by net' 'top --by hour' stats; do
			# shellcheck disable=SC2086 # these are words
			on_terminal "$columns" $words --no-pager >"$lab/out"
			[ "$(widest <"$lab/out")" -le "$columns" ] || {
				echo "$words:" >&2
				cat "$lab/out" >&2
				return 1
			}
		done
	done
}

@test "hostile and long text leaves a table whole, and no escape sequence in it" {
	some_bans
	"$python" - "$now" >"$lab/hostile.json" <<-'END'
		import json, sys
		for i, ident in enumerate(("\x1b[2Jx" * 40, "\u202e" * 200, "\u65e5" * 90,
		                           "a\nb\rc\td", "e\u0301" * 50)):
		    print(json.dumps({"jail": "j" * 80, "ident": ident,
		        "since_us": (int(sys.argv[1]) - 50 + i) * 1000000}))
	END
	status 0 archive replay "$lab/hostile.json"
	local columns
	for columns in 60 80 200; do
		on_terminal "$columns" list --no-pager --color=never >"$lab/out"
		sed -i '/^$/,$d' "$lab/out"
		[ "$(wc -l <"$lab/out")" -eq 11 ]
		[ "$(widest <"$lab/out")" -le "$columns" ]
		run ! grep -q $'\e\|\t\|\u202e' "$lab/out"
		grep -q '192\.0\.2\.77 ' "$lab/out"
		grep -q '…' "$lab/out"
	done
}

@test "colour is for terminals, unless NO_COLOR, TERM or --color says otherwise" {
	some_bans
	on_terminal 80 list --no-pager | grep -q $'\e\[31m.*198\.51\.100'
	run ! grep -q $'\e' <(archive list)
	run ! grep -q $'\e' <(NO_COLOR=1 on_terminal 80 list --no-pager)
	NO_COLOR='' on_terminal 80 list --no-pager | grep -q $'\e'
	run ! grep -q $'\e' <(TERM=dumb on_terminal 80 list --no-pager)
	run ! grep -q $'\e' <(on_terminal 80 list --no-pager --color=never)
	archive list --color | grep -q $'\e'
	archive list --color=always | grep -q $'\e'
	NO_COLOR=1 archive list --color=always | grep -q $'\e'
	run ! grep -q $'\e' <(archive list --color=auto)
	status 64 archive list --color=red
	says '--color: red: must be auto, always or never'
}

@test "a pager gets what goes to a terminal, and only that" {
	some_bans
	cat >"$lab/pager" <<-END
		#!/bin/sh
		echo "paged \$* LESS=\$LESS"
		cat
	END
	chmod +x "$lab/pager"
	export PAGER="$lab/pager -x two"
	on_terminal 80 list >"$lab/out"
	grep -q 'paged -x two LESS=FRX' "$lab/out"
	grep -q '192\.0\.2\.77' "$lab/out"
	LESS=R on_terminal 80 show 192.0.2.77 | grep -q 'paged -x two LESS=R$'
	run ! grep -q paged <(on_terminal 80 list --no-pager)
	run ! grep -q paged <(archive list)
	run ! grep -q paged <(PAGER='' on_terminal 80 list)
	run ! grep -q paged <(PAGER='cat' on_terminal 80 list)
	run ! grep -q paged <(TERM=dumb on_terminal 80 list)
	# One that does not exist is no loss, and more(1), which waits for a key, is
	# never taken in its place: some systems have no other one.
	PAGER=$lab/none on_terminal 80 list </dev/null >"$lab/out"
	grep -q '192\.0\.2\.77' "$lab/out"
	# PAGER is words, no text for a shell.
	PAGER="$lab/pager;touch $lab/pwned" on_terminal 80 list >/dev/null
	[ ! -e "$lab/pwned" ]
}

@test "a pager that is left early is no failure" {
	some_bans
	cat >"$lab/pager" <<-END
		#!/bin/sh
		head -n 1
	END
	chmod +x "$lab/pager"
	local i
	for ((i = 0; i < 3000; i++)); do
		echo "{\"jail\":\"sshd\",\"ident\":\"198.51.100.$((i % 250))\",\"since_us\":$((now - 9000 + i))000000}"
	done >"$lab/many.json"
	status 0 archive replay "$lab/many.json"
	PAGER=$lab/pager status 0 on_terminal 80 list
	[ "$(wc -l <<<"$said")" -eq 1 ]
	status 0 bash -c '"$0" -c "$1" list 2>&1 | head -n 1' "$program" "$lab/archive.cfg"
	[ "$(wc -l <<<"$said")" -eq 1 ]
}

# ------------------------------------------------------- filters and forms --

@test "words are jails, networks, addresses and other ids" {
	some_bans
	ids '2001:db8:0:1::17 192.0.2.77' web
	ids '192.0.2.77 192.0.2.1' 192.0.2.0/24
	ids 192.0.2.77 web 192.0.2.0/24
	ids 192.0.2.77 192.0.2.0/24 -j web
	ids 192.0.2.1 192.0.2.1
	ids 198.51.100.0/24 198.51.100.0/24
	ids '' stray
	ids 192.0.2.77 -n 1 192.0.2.0/24
	ids 192.0.2.77 192.0.2.0/24 -n 1
	status 64 archive list web sshd
	says 'sshd: a second jail; give one'
	status 64 archive list 192.0.2.1 192.0.2.2
	says '192.0.2.2: a second id; give one'
	status 64 archive list 192.0.2.0/24 198.51.100.0/24
	says '198.51.100.0/24: a second network; give one'
}

@test "--net takes the bans inside a network of any size, in both families" {
	some_bans
	ids '192.0.2.77 192.0.2.1' --net 192.0.2.0/24
	ids '192.0.2.77' --net 192.0.2.64/26
	ids '192.0.2.1' --net 192.0.2.0/31
	ids '192.0.2.77' --net 192.0.2.77
	ids '192.0.20.1 192.0.2.1' --net 192.0.0.0/16 --jail sshd
	ids '192.0.20.1' --net 192.0.16.0/20
	ids '198.51.100.0/24 192.0.2.77 192.0.20.1 192.0.2.1' --net 0.0.0.0/0
	ids '198.51.100.0/24' --net 198.0.0.0/7
	ids '' --net 198.51.100.0/25
	ids '2001:db8:0:1::17' --net 2001:db8::/32
	ids '2001:db8:0:1::17' --net 2001:db8:0:1::/64
	ids '' --net 2001:db8::/64
	ids '2001:db8:0:1::17' --net 2000::/3
	ids '2001:db8:0:1::17' --net ::/0
	ids '192.0.2.77 192.0.2.1' --net ::ffff:192.0.2.0/120
	status 64 archive list --net 192.0.2
	says '--net: 192.0.2: give a network such as 192.0.2.0/24 or 2001:db8::/32'
}

@test "an id in another spelling than fail2ban's is found by its address" {
	local id
	for id in ::ffff:192.0.2.8 2001:DB8::2 2001:0db8:0000::0003; do
		archive ban --jail sshd --id "$id" --ip "$id" --family inet6 \
		    --time "$now" --bantime 600 --bancount 1 --failures 3 --restored 0
	done
	imported "{\"jail\":\"web\",\"ident\":\"2001:DB8::4\",\"since_us\":${now}000000}"
	echo "$(date -d "@$((now - 60))" '+%F %T'),001 fail2ban.actions [1]: NOTICE [old] Ban 2001:DB8::5" \
	    >"$lab/old.log"
	status 0 archive replay "$lab/old.log"
	for id in 192.0.2.8 2001:db8::2 2001:db8::3; do
		status 0 archive show "$id"
		says 'Banned now in sshd'
		[ "$(archive list --net "$id" --format csv --fields ip | tail -n +2)" = "$id" ]
	done
	archive show 2001:db8::4 | grep -q 'banned in web: 2001:DB8::4$'
	archive show 2001:db8::5 | grep -q 'banned in old: 2001:DB8::5$'
	[ "$(archive list --net 2001:db8::/64 --format csv | wc -l)" -eq 5 ]
}

@test "each filter chooses, and all of them together" {
	some_bans
	ids 192.0.20.1 --user admin
	ids '' --user adm
	ids 192.0.20.1 --ended-why manual
	ids 192.0.20.1 --host www2
	ids '2001:db8:0:1::17 198.51.100.0/24 192.0.2.77 192.0.2.1' --host localhost
	ids '2001:db8:0:1::17 198.51.100.0/24 192.0.2.77 192.0.2.1' --host "$(hostname)"
	ids '2001:db8:0:1::17 198.51.100.0/24 192.0.2.77' -a
	ids '2001:db8:0:1::17 198.51.100.0/24' -a -n 2
	ids '2001:db8:0:1::17' -s 250s -j web
	ids '192.0.2.1' --until 7d
	ids 192.0.20.1 --origin log --host www2 -u root sshd --net 192.0.20.0/24 \
	    --ended-why manual --since 1h --until now
	ids '' --origin list
	status 64 archive list --ended-why tired
	says '--ended-why: tired: must be expired, manual, flushed or inferred'
	status 64 archive list --origin moon
	says '--origin: moon: must be log, manual, list or unknown'
	status 64 archive list --since tomorow
	says "--since: 'tomorow' is not a time"
}

@test "export takes the filters of list" {
	some_bans
	[ "$(archive export --net 192.0.0.0/16 -u root | jq -r .ident)" = 192.0.20.1 ]
	[ "$(archive export -a | jq -r .ident | paste -sd ' ')" = \
	    '192.0.2.77 198.51.100.0/24 2001:db8:0:1::17' ]
	status 64 archive export --format table
	says 'export: --format: must be jsonl, csv or ecs'
}

@test "JSON Lines and CSV of list have the fields of export, and the country" {
	some_bans
	diff <(archive list --format jsonl | jq -c 'del(.country)' | LC_ALL=C sort) \
	    <(archive export | jq -c . | LC_ALL=C sort)
	[ "$(archive list --format jsonl --country fr | jq -r .country)" = FR ]
	diff <(archive list --format csv | sed 's/,[A-Zcountry]*$//' | LC_ALL=C sort) \
	    <(archive export --format csv | LC_ALL=C sort)
}

@test "--fields chooses and orders, --sort orders, --limit counts afterwards" {
	some_bans
	[ "$(archive list --format csv --fields jail,id -n 1)" = \
	    $'jail,ident\nweb,2001:db8:0:1::17' ]
	[ "$(archive list --format jsonl --fields user,state --host www2)" = \
	    '{"user":"root,admin","state":"ended"}' ]
	ids '192.0.2.1 192.0.2.77 192.0.20.1 198.51.100.0/24 2001:db8:0:1::17' --sort id
	ids '2001:db8:0:1::17 198.51.100.0/24' --sort -id --limit 2
	ids '192.0.2.1 192.0.20.1' --sort since_us -n 2
	status 64 archive list --fields id,jail,ident
	says '--fields: ident: named twice'
	[ -z "$(archive list --limit 0 --format csv --fields id | tail -n +2)" ]
	status 64 archive list --fields jale
	says '--fields: jale: no such field: did you mean jail?'
	status 64 archive list --sort end,id
	says '--sort: end,id: no such field'
}

@test "times are local, the zone is told once, and --utc makes them UTC" {
	ban sshd 192.0.2.1 1767225600 600
	TZ=Asia/Tokyo archive list >"$lab/out"
	grep -q '^SINCE (JST) ' "$lab/out"
	grep -q '^2026-01-01 09:00:00 ' "$lab/out"
	TZ=Asia/Tokyo archive list --utc >"$lab/out"
	grep -q '^SINCE (UTC) ' "$lab/out"
	grep -q '^2026-01-01 00:00:00 ' "$lab/out"
	# The day of --since is one of the zone that is printed.
	TZ=Asia/Tokyo ids 192.0.2.1 --since 2026-01-01T09:00 --until 2026-01-01T09:01
	TZ=Asia/Tokyo ids '' --since 2026-01-01T09:00 --utc
	TZ=Asia/Tokyo ids 192.0.2.1 --utc --since 2026-01-01 --until 2026-01-01T00:01
}

# ------------------------------------------------------------------- show ---

# shown LINE...: what show printed, in $lab/shown, has these lines.
shown() {
	local line
	for line; do
		grep -qFx -- "$line" "$lab/shown" || {
			echo "not shown: $line" >&2
			cat "$lab/shown" >&2
			return 1
		}
	done
}

@test "show sums up an id, and tells what else its network did" {
	some_bans
	ban recidive 192.0.2.77 $((now - 200)) -1
	status 0 archive show 192.0.2.77
	echo "$said" >"$lab/shown"
	shown '  bans      2: 1 in recidive, 1 in web' '  failures  6' \
	    '  ended     2 not yet' \
	    '  network   192.0.2.0/24: 3 bans of 2 ids, 2 active; see show 192.0.2.0/24'
	grep -qF "  first     $(date -d "@$((now - 300))" '+%F %T')" "$lab/shown"
	grep -qF "  last      $(date -d "@$((now - 200))" '+%F %T')" "$lab/shown"
	archive show 192.0.20.1 >"$lab/shown"
	shown '  users     admin (1), root (1)' '  ended     1 manual' \
	    '  users     root,admin' '  banned    10m'
	archive show 2001:db8:0:1::17 >"$lab/shown"
	shown '  network   2001:db8:0:1::/64: 1 ban of 1 id, 1 active; see show 2001:db8:0:1::/64'
}

@test "show says what a word may be that was never banned" {
	some_bans
	local word
	status 1 archive show sshd
	says 'Never banned; sshd is a jail: see list sshd.'
	for word in 192.0.2.1O 300.1.1.1 192.0.2.0/33 2001:db8::g; do
		status 1 archive show "$word"
		says "Never banned; $word is no address."
	done
	status 1 archive show 203.0.113.200
	[ "${said%%$'\n'*}" = 'Never banned.' ]
	status 64 archive show ''
	status 64 archive show 192.0.2.1 --limit 3
	says 'show: --limit is for the ids of a network'
}

@test "show counts no network of thousands for one of its addresses" {
	local i
	for ((i = 0; i < 5002; i++)); do
		printf '{"jail":"sshd","ident":"2001:db8:0:1::%x","since_us":%d000000}\n' \
		    $((i + 1)) $((now - 9000 + i))
	done >"$lab/many.json"
	status 0 archive replay "$lab/many.json"
	archive show 2001:db8:0:1::1 >"$lab/shown"
	shown '  network   2001:db8:0:1::/64: thousands of bans; see show 2001:db8:0:1::/64'
	archive show 2001:db8:0:1::/64 >"$lab/shown"
	grep -q '^  bans      5002 of 5002 ids' "$lab/shown"
}

@test "show of a network sums up what is inside of it" {
	some_bans
	status 0 archive show 192.0.0.0/16
	echo "$said" >"$lab/shown"
	shown 'Banned now in part: 1 ban active; 3 bans of 3 ids ever.' \
	    '  bans      3 of 3 ids: 2 in sshd, 1 in web'
	local id
	for id in 192.0.2.1 192.0.2.77 192.0.20.1; do
		grep -qE "^${id//./\\.} +1 " "$lab/shown"
	done
	# Its bans are not printed one by one, but for its own.
	run ! grep -q ' banned in ' "$lab/shown"
	archive show 198.51.100.0/24 >"$lab/shown"
	grep -q '^Banned now in recidive for ever; 1st ban since ' "$lab/shown"
	grep -q ' banned in recidive: 198\.51\.100\.0/24$' "$lab/shown"
	archive show 192.0.2.0/24 -n 1 >"$lab/shown"
	[ "$(grep -c '^192\.0\.2\.[0-9]* ' "$lab/shown")" -eq 1 ]
	archive show 2001:db8::/32 | grep -q '^2001:db8:0:1::17 '
	status 1 archive show 192.88.99.0/24
	[ "${said%%$'\n'*}" = 'Never banned.' ]
}

@test "show prints captures as words" {
	imported "{\"jail\":\"sshd\",\"ident\":\"192.0.2.5\",\"since_us\":${now}000000,
	    \"captures\":{\"mlfid\":\" www \\u001b[1m: \",\"user\":\"root\",\"users\":[\"root\",\"o'neill\"],
	    \"port\":22,\"empty\":\"\",\"none\":null,\"more\":[1,\"a\"]}}"
	archive show 192.0.2.5 >"$lab/shown"
	shown "  users     root,o'neill" '  mlfid      www \x1b[1m: ' '  port      22' \
	    '  more      [1,"a"]'
	run ! grep -q 'captures\|empty\|none\|{' "$lab/shown"
}

# ------------------------------------------------------------- countries ---

@test "list, top, show and the filters know where an address is from" {
	ban sshd 203.0.113.5 $((now - 30)) 600
	ban sshd 198.51.100.5 $((now - 20)) 600
	ban sshd 198.51.100.6 $((now - 10)) 600
	ban sshd 192.0.2.1 "$now" 600
	ids 203.0.113.5 --country de
	ids '198.51.100.6 198.51.100.5' --country FR
	[ "$(archive top --by country --format csv --fields country,bans | paste -sd ' ')" = \
	    'country,bans FR,2 DE,1' ]
	[ "$(archive export --country DE | jq -r .ident)" = 203.0.113.5 ]
	[ "$(archive stats --country FR --format jsonl | jq -s '.[-1].ever')" -eq 2 ]
	archive show 203.0.113.5 >"$lab/shown"
	shown '  from      DE'
	# The database is named below what people read, and only there.
	grep -q "^Countries from .*tests/samples/places of " "$lab/shown"
	archive list --fields id,country | grep -q '^Countries from '
	run ! grep -q '^Countries' <(archive list --format csv --fields id,country)
	run ! grep -q '^Countries' <(archive list)
	status 64 archive list --country Germany
	says '--country: Germany: must be two letters, such as DE'
	status 64 archive list --asn ASX
}

@test "without a database of places nothing breaks, and one line says what to install" {
	config "geo = [\"$lab/none.mmdb\"];"
	ban sshd 203.0.113.5 "$now" 600
	archive list | grep -q '203\.0\.113\.5'
	[ "$(archive list --format jsonl | jq 'has("country") or has("asn")')" = false ]
	local words
	for words in 'top --by country' 'list --fields id,country' 'list --country DE'; do
		# shellcheck disable=SC2086 # these are words
		status 0 archive $words
		[ "$(grep -c 'install the package tor-geoipdb' <<<"$said")" -eq 1 ]
		says 'none.mmdb'
	done
	status 0 archive top --by asn
	says 'in the key geo of the configuration'
	archive show 203.0.113.5 >"$lab/shown" 2>/dev/null
	grep -q '^  from      unknown: no database of countries: install the package' "$lab/shown"
	archive stats >/dev/null
}

# -------------------------------------------------------------- --follow ---

# has_line TEXT: the follower has printed such a line.
has_line() { grep -q "$1" "$lab/followed"; }

# follows WORD...: start list --follow in the background.
follows() {
	"$program" -c "$lab/archive.cfg" list --follow "$@" </dev/null \
	    >"$lab/followed" 2>"$lab/follow_err" 3>&- &
	follower=$!
	started+=("$follower")
}

@test "--follow begins with the last bans, prints each one that comes, and leaves cleanly" {
	some_bans
	follows -n 2 --fields id,jail
	wait_for 10 has_line '^192\.0\.20\.1 '
	run ! grep -q '198\.51\.100' "$lab/followed"
	ban sshd 203.0.113.1 "$now" 600
	wait_for 10 has_line '^203\.0\.113\.1 '
	ban sshd 203.0.113.2 "$now" 600
	wait_for 10 has_line '^203\.0\.113\.2 '
	# They stand under the heading.
	run -1 grep -v '^.\{16\}  [a-z]\|^ID' "$lab/followed"
	# What changes is no new ban.
	archive unban --jail sshd --id 203.0.113.1 --ip 203.0.113.1 --family inet4 \
	    --time "$now"
	ban sshd 203.0.113.3 "$now" 600
	wait_for 10 has_line '^203\.0\.113\.3 '
	kill -INT "$follower"
	wait "$follower"
	[ ! -s "$lab/follow_err" ]
	[ "$(grep -c '^ID' "$lab/followed")" -eq 1 ]
	[ "$(wc -l <"$lab/followed")" -eq 6 ]
}

@test "--follow takes filters and forms, and a reader that leaves ends it" {
	some_bans
	ban web 203.0.113.8 $((now - 50)) 86400
	follows 203.0.113.8 --fields jail,id -n 9
	wait_for 10 has_line '^web .*203\.0\.113\.8$'
	ban sshd 203.0.113.7 "$now" 600
	ban sshd 203.0.113.8 "$now" 600
	wait_for 10 has_line '^sshd .*203\.0\.113\.8$'
	run ! grep -q '203\.0\.113\.7' "$lab/followed"
	kill -TERM "$follower"
	wait "$follower"
	follows --format jsonl --jail web -n 9
	wait_for 10 has_line '2001:db8:0:1::17'
	ban sshd 203.0.113.1 "$now" 600
	ban web 203.0.113.2 "$now" 600
	wait_for 10 has_line '203\.0\.113\.2'
	[ "$(jq -r .ident "$lab/followed" | tail -n 1)" = 203.0.113.2 ]
	kill -TERM "$follower"
	wait "$follower"
	"$program" -c "$lab/archive.cfg" list --follow 2>"$lab/follow_err" 3>&- |
	    head -n 1 >"$lab/followed"
	has_line '^SINCE'
	[ ! -s "$lab/follow_err" ]
	status 64 archive list --follow --sort id
	says 'list: --follow prints bans as they come; leave out --sort'
}

# The follower does not look for its place in the file again: it is the same file.
@test "--follow prints a ban that was archived by a clock that was set back" {
	some_bans
	follows --fields id
	wait_for 10 has_line '^192\.0\.20\.1$'
	kill -STOP "$follower"
	ban sshd 203.0.113.1 "$now" 600
	sqlite3 "$lab/archive/archive.sqlite3" \
	    "UPDATE ban SET added_us = added_us - 3600000000 WHERE ident = '203.0.113.1'"
	kill -CONT "$follower"
	wait_for 10 has_line '^203\.0\.113\.1$'
	ban sshd 203.0.113.2 "$now" 600
	wait_for 10 has_line '^203\.0\.113\.2$'
	kill "$follower"
	wait "$follower"
	[ "$(grep -c '^203' "$lab/followed")" -eq 2 ]
}

@test "--follow holds no read transaction, and follows a restored archive" {
	some_bans
	status 0 archive backup "$lab/backup.sqlite3"
	ban sshd 203.0.113.1 "$now" 600
	follows --fields id
	wait_for 10 has_line '^203\.0\.113\.1$'
	status 0 archive restore "$lab/backup.sqlite3"
	ban sshd 203.0.113.9 "$now" 600
	wait_for 10 has_line '^203\.0\.113\.9$'
	kill "$follower"
	wait "$follower"
}
