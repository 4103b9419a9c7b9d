#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The way back into a real server: bans of the archive into one that has lost
# its database, and block lists into a jail. However often it is cut off, each
# id is banned once and has one row.

load ../lib/server
load ../lib/archives

v4() { seq "$1" "$2" | sed "s/^/${3:-192.0.2}./"; }
v6() { seq "$1" "$2" | xargs printf "${3:-2001:db8}::%x\n"; }

# has_banned NUMBER JAIL: so many bans of that jail are in the log.
has_banned() {
	[ "$(grep -c "NOTICE  \[$2\] Ban " "$lab/fail2ban.log")" -ge "$1" ]
}

# bans JAIL: the ids on standard input, and waits until the archive has them.
bans() {
	local ids before
	mapfile -t ids
	before=$(grep -c "NOTICE  \[$1\] Ban " "$lab/fail2ban.log") || true
	client set "$1" banip "${ids[@]}" >/dev/null
	wait_for 30 has_banned $((before + ${#ids[@]})) "$1"
}

# What a figure of the log or of the calls of our action was, and still is.
counts() { figure '(len(ban_lines()), len(calls()))'; }

# An interval has gone by, and a little.
interval_later() {
	passed() { look '__import__("time").time() > float(t) + 1.2' "t=$1" 2>/dev/null; }
	wait_for 10 passed "$EPOCHREALTIME"
}

# ---------------------------------------------------------------- --live --

live_bans() {
	jail sshd
	jail perm bantime=-1
	jail hand
	jail web
	server_start
	local id
	for id in $(v4 1 20) $(v6 1 20); do
		fails sshd "auth failure user=u from $id"
	done
	fails sshd 'network failure from 198.51.100.0/28'
	fails web 'session id=s3ss10n from 192.0.2.20' 'token id=t0k3n refused'
	{ v4 31 40; v6 31 35; } | bans perm
	{
		v4 1 30 203.0.113
		v6 41 50
		printf '%s\n' 'some text' "it's" '=1+1' 'ünï'
	} | bans hand
	wait_for 30 has_banned 41 sshd
	wait_for 10 has_banned 2 web
	# Some are not to come back.
	client set sshd unbanip 192.0.2.7 2001:db8::7 >/dev/null
	client set hand unbanip 203.0.113.7 >/dev/null
	soon 'sum(r["ended_why"] == "manual" for r in rows()) == 3'
	archive reconcile
	eventually 'len(rows()) == 102 and all("database" in r["seen"] for r in rows()
	    if r["ended_us"] is None)'
}

# loses_database PASSES: the server does, while it is down, and is reconciled
# that often when it is there again. Its logs are rotated: it would read them
# again, and ban from them.
loses_database() {
	live >"$lab/live"
	[ "$(wc -l <"$lab/live")" -eq 99 ]
	diff <(held) "$lab/live"
	archive export >"$lab/before"
	server_stop
	rm "$lab/fail2ban.sqlite3" "$lab"/log/*
	touch "$lab"/log/{sshd,perm,hand,web}
	status 66 archive reconcile
	says "$lab/fail2ban.sqlite3"
	server_start
	[ -z "$(held)" ]
	local pass
	for ((pass = 1; pass <= $1; pass++)); do
		((pass == 1)) || interval_later
		archive reconcile
	done
}

# All that lived before lives again: in the server, and in the row it had.
all_is_back() {
	wait_for 20 eval 'diff <(held) "$lab/live" >"$lab/out"'
	soon 'sum(r["ended_us"] is None for r in rows()) == 99'
	diff <(live) "$lab/live"
	archive export >"$lab/after"
	"$python" - "$lab/before" "$lab/after" <<-'END'
		import json, sys
		keys = "jail ident since_us nth host failures matches captures origin".split()
		before, after = ([json.loads(line) for line in
		    open(path, newline="\n")] for path in sys.argv[1:])
		def of(rows):
		    return {(r["jail"], r["ident"], r["since_us"], r["nth"]): r
		            for r in rows}
		assert len(before) == len(after), (len(before), len(after))
		for key, was in of(before).items():
		    now = of(after)[key]
		    differ = [(k, was[k], now[k])
		              for k in keys + ["ended_us", "ended_why"] if was[k] != now[k]]
		    assert not differ, (key, differ)
	END
}

comes_back() {
	live_bans
	loses_database "$1"
	status 0 archive reban --live
	says '99 sent'
	last_run 'kind="reban"' 'state="completed"' bad=0
	all_is_back
	look 'len(ban_lines()) == 102 + 99'

	# A second time there is nothing to do.
	counts >"$lab/counts"
	status 0 archive reban --live
	says '0 sent'
	says '99 already there'
	counts | diff "$lab/counts" -
	archive reconcile
	interval_later
	archive reconcile
	all_is_back

	# The rows live on as others do.
	client set sshd unbanip 192.0.2.1 >/dev/null
	client set hand unbanip 'some text' >/dev/null
	eventually 'ended("sshd", "192.0.2.1", "manual", about=log_times(
	    "[sshd] Unban 192.0.2.1")[-1])'
	eventually 'ended("hand", "some text", "manual")'
	archive reconcile
	server_stop
	archive reconcile
	server_start
	soon 'all(r["restored"] == 1 for r in rows() if r["ended_us"] is None and
	    r["jail"] != "web")'
	interval_later
	archive reconcile
	interval_later
	archive reconcile
	look 'len(rows()) == 102 and
	    sum(r["ended_us"] is None for r in rows()) == 97'
	diff <(held) <(live)
}

@test "a server that lost its database gets its bans back, each in its row" {
	comes_back 1
}

@test "so it does when two reconciles have seen the server without them" {
	comes_back 2
}

@test "what the server finds in its logs again is there already" {
	jail sshd
	jail hand
	server_start
	fails sshd 'auth failure user=u from 192.0.2.1' \
	    'auth failure user=u from 2001:db8::1'
	wait_for 10 has_banned 2 sshd
	printf '%s\n' 192.0.2.3 192.0.2.4 | bans hand
	eventually 'len(rows()) == 4 and all("database" in r["seen"] for r in rows())'
	live >"$lab/live"
	server_stop
	rm "$lab/fail2ban.sqlite3"
	server_start
	wait_for 10 has_banned 4 sshd
	archive reconcile
	status 0 archive reban --live
	says '2 sent'
	says '2 already there'
	wait_for 10 has_banned 4 hand
	archive reconcile
	diff <(held) "$lab/live"
	diff <(live) "$lab/live"
	look 'len(rows()) == 4'
}

# between FROM TO: it is that many microseconds after a second.
between() {
	local now=$((10#${EPOCHREALTIME#*.}))
	((now >= $1 && now < $2))
}

@test "a ban that comes back within the second that it has goes on in its row" {
	jail sshd
	server_start
	# To fail2ban's database the next second begins here.
	wait_for 10 between 500000 600000
	client set sshd banip 192.0.2.1 >/dev/null
	wait_for 10 has_banned 1 sshd
	soon 'len(rows()) == 1'
	server_kill
	rm "$lab/fail2ban.sqlite3"
	server_start
	status 0 archive reban --live
	wait_for 10 has_banned 2 sshd
	archive reconcile
	look 'len(rows()) == 1 and rows()[0]["ended_us"] is None'
	client set sshd unbanip 192.0.2.1 >/dev/null
	eventually 'ended("sshd", "192.0.2.1", "manual")'
}

@test "a ban that was brought back and runs out is expired, in its row" {
	jail sshd
	server_start
	printf '%s\n' 192.0.2.1 2001:db8::1 | bans sshd
	eventually 'len(rows()) == 2 and all("database" in r["seen"] for r in rows())'
	figure '[(r["ident"], r["since_us"]) for r in rows()]' >"$lab/since"
	interval_later
	server_stop
	rm "$lab/fail2ban.sqlite3"
	jail sshd bantime=2
	server_start
	archive reconcile
	# The second that fail2ban's database has of it then is a later one.
	wait_for 10 between 500000 700000
	status 0 archive reban --live
	local id
	for id in 192.0.2.1 2001:db8::1; do
		soon 'ended("sshd", id, "expired",
		    about=log_times("[sshd] Unban " + id)[-1])' "id=$id"
	done
	archive reconcile
	look 'len(rows()) == 2 and all(r["ended_why"] == "expired" for r in rows())'
	figure '[(r["ident"], r["since_us"]) for r in rows()]' | diff "$lab/since" -
}

@test "what was lifted is not brought back" {
	jail sshd
	server_start
	printf '%s\n' 192.0.2.1 192.0.2.2 | bans sshd
	eventually 'len(rows()) == 2 and all("database" in r["seen"] for r in rows())'
	client unban --all >/dev/null
	status 0 archive reban --live
	says '0 sent'
	[ -z "$(held)" ]
	archive reconcile
	look 'all(r["ended_why"] == "flushed" for r in rows())'
}

@test "a note that nobody answers is gone with the unban" {
	jail sshd
	server_start
	echo 192.0.2.1 | bans sshd
	eventually 'len(rows()) == 1 and "database" in rows()[0]["seen"]'
	# As of a reban that was cut off before anything was sent.
	sqlite3 "$lab/archive/archive.sqlite3" "INSERT INTO note SELECT jail, ident,
	    $EPOCHSECONDS * 1000000, timeofban FROM ban;
	    UPDATE jail SET noted_us = $EPOCHSECONDS * 1000000"
	client set sshd unbanip 192.0.2.1 >/dev/null
	soon 'rows()[0]["ended_why"] == "manual"'
	client set sshd banip 192.0.2.1 >/dev/null
	soon '[r["ended_why"] for r in rows()] == ["manual", None]'
	look '[r["restored"] for r in rows()] == [0, 0]'
}

@test "only a jail that is asked for comes back, and a dry run brings none" {
	jail sshd
	jail hand
	server_start
	printf '%s\n' 192.0.2.1 192.0.2.2 | bans sshd
	echo 192.0.2.3 | bans hand
	eventually 'len(rows()) == 3 and all("database" in r["seen"] for r in rows())'
	server_stop
	rm "$lab/fail2ban.sqlite3"
	server_start
	archive reconcile
	archive export >"$lab/before"
	figure 'len(runs())' >"$lab/runs"
	status 0 archive reban --live --dry-run
	says 3
	[ -z "$(held)" ]
	archive export | cmp - "$lab/before"
	figure 'len(runs())' | diff "$lab/runs" -
	status 0 archive reban --live --jail hand
	wait_for 10 eval '[ "$(held)" = "hand 192.0.2.3" ]'
	status 0 archive reban --live
	wait_for 10 eval '[ "$(held | wc -l)" -eq 3 ]'
	soon 'len(rows()) == 3 and all(r["ended_us"] is None for r in rows())'
}

@test "only what this host's server had is brought back" {
	jail sshd
	server_start
	local now=$EPOCHSECONDS
	echo 192.0.2.1 | bans sshd
	soon 'len(rows()) == 1'
	archive export >"$lab/a.jsonl"
	archive reconcile
	jq -c '.ident = "192.0.2.2" | .seen = ["import"]' "$lab/a.jsonl" >"$lab/import"
	jq -c '.ident = "192.0.2.3" | .host = "web1"' "$lab/a.jsonl" >"$lab/hosts"
	printf '%s,000 fail2ban.actions        [7268]: NOTICE  [sshd] Ban 192.0.2.4\n' \
	    "$(date -d "@$now" '+%Y-%m-%d %H:%M:%S')" >"$lab/log1"
	replays "$lab/import" "$lab/hosts" "$lab/log1"
	# Of this one nobody knows for how long.
	archive ban --jail sshd --id 192.0.2.5 --time "$now.5"
	# The time of this one is up.
	archive ban --jail sshd --id 192.0.2.6 --time "$((now - 700)).5" --bantime 600
	look 'len(rows()) == 6'
	server_stop
	rm "$lab/fail2ban.sqlite3"
	server_start
	status 0 archive reban --live
	says '1 sent'
	wait_for 10 eval '[ -n "$(held)" ]'
	look 'len(ban_lines()) == 2'
	[ "$(held)" = 'sshd 192.0.2.1' ]
}

@test "without a server, or without the jail, nothing is brought back" {
	archive ban --jail sshd --id 192.0.2.1 --time "$EPOCHREALTIME" --bantime 600
	archive export >"$lab/before"
	echo 192.0.2.9 >"$lab/list1"
	ends_badly reban --live
	says "$lab/run/sock"
	last_run 'kind="reban"' 'state="failed"'
	ends_badly reban --list "$lab/list1" --jail sshd
	last_run 'kind="reban"' 'state="failed"'
	jail hand
	server_start
	ends_badly reban --list "$lab/list1" --jail sshd
	says sshd
	last_run 'kind="reban"' 'state="failed"'
	ends_badly reban --live --jail sshd
	ends_badly reban --list "$lab/missing" --jail hand
	says "$lab/missing"
	archive export | cmp - "$lab/before"
	[ -z "$(held)" ]
	# What failed is not done.
	jail sshd
	client reload >/dev/null
	status 0 archive reban --list "$lab/list1" --jail sshd
	wait_for 10 eval '[ "$(held)" = "sshd 192.0.2.9" ]'
	local words
	for words in '' '--live --list x' "--list $lab/list1" '--jail sshd'; do
		# shellcheck disable=SC2086 # words
		status 64 archive reban $words
		[[ $said != *'unknown command'* ]]
	done
}

# ---------------------------------------------------------------- --list --

# own: an address of this machine that is no loopback; none where it has none.
own() {
	awk '/32 host LOCAL/ && last !~ /^127\./ { print last; exit }
	    { last = $2 }' /proc/net/fib_trie
}

@test "a list is banned, but for what would lock somebody out" {
	jail sshd 'ignoreip = 198.51.100.1 192.0.2.128/25 2001:db8:1::/48'
	server_start
	fails sshd 'auth failure user=u from 203.0.113.50'
	soon 'len(rows()) == 1'
	local mine refused=10
	# One that this machine has, in a lab's own range or not.
	mine=$(own)
	[ -z "$mine" ] || refused=11
	{
		echo '# a list of today'
		echo '203.0.113.1'
		echo '  203.0.113.2   # with a remark'
		echo '203.0.113.3 ; another'
		echo
		echo '203.0.113.16/28'
		echo '2001:db8::1'
		echo '2001:DB8:0::1'
		echo '203.0.113.1'
		printf '203.0.113.4\r\n'
		# It is there already.
		echo '203.0.113.50'
		# Refused, each for its reason.
		echo '127.0.0.1'
		echo '127.1.2.0/24'
		echo '::1'
		echo '198.51.100.1'
		echo '192.0.2.200'
		echo '192.0.2.192/26'
		echo '198.51.100.0/24'
		echo '2001:db8:1:2::3'
		echo '0.0.0.0/0'
		echo '::/0'
		[ -z "$mine" ] || echo "$mine"
		# Bad.
		echo 'nonsense'
		echo '203.0.113.256'
		echo '203.0.113.1/33'
		printf '\377\376\0\n'
		echo '203.0.113.5'
	} >"$lab/list1"
	archive export >"$lab/before"
	figure 'len(runs())' >"$lab/runs"
	status 0 archive reban --list "$lab/list1" --jail sshd --dry-run
	archive export | cmp - "$lab/before"
	figure 'len(runs())' | diff "$lab/runs" -
	look 'len(ban_lines()) == 1'

	status 0 archive reban --list "$lab/list1" --jail sshd
	says 'reban: 7 sent'
	says 'already there'
	says "$refused refused"
	says '4 bad'
	says 'nonsense'
	last_run 'kind="reban"' 'state="completed"' bad=4 \
	    "content='$(sha256sum <"$lab/list1" | cut -c 1-64)'"
	soon 'len(rows()) == 8'
	# A ban of the log meanwhile is one of the log.
	fails sshd 'auth failure user=u from 203.0.113.51'
	soon 'len(rows()) == 9'
	archive reconcile
	printf 'sshd %s\n' 203.0.113.{1,2,3,4,5,50,51} 203.0.113.16/28 2001:db8::1 |
	    LC_ALL=C sort | diff - <(held)
	diff <(held) <(live)
	look '{r["ident"] for r in rows() if r["origin"] == "log"} ==
	    {"203.0.113.50", "203.0.113.51"}'
	look '{r["origin"] for r in rows()} == {"log", "list"}'
	look 'all(r["seconds"] == 600 for r in rows())'

	# It stays one of a list, whatever becomes of it.
	client set sshd unbanip 203.0.113.2 >/dev/null
	eventually 'ended("sshd", "203.0.113.2", "manual")'
	server_stop
	server_start
	soon 'row("sshd", "203.0.113.3")["restored"] == 1'
	archive reconcile
	look 'sum(r["origin"] == "list" for r in rows()) == 7 and len(rows()) == 9'
	# By hand it is none any more.
	client set sshd banip 203.0.113.2 >/dev/null
	soon '[r["origin"] for r in rows() if r["ident"] == "203.0.113.2"] ==
	    ["list", "manual"]'
}

@test "a list that comes by standard input is one as any other" {
	jail sshd
	server_start
	printf '203.0.113.%d\n' 1 2 3 >"$lab/list1"
	status 0 archive reban --list - --jail sshd <"$lab/list1"
	says '3 sent'
	soon 'len(rows()) == 3 and all(r["origin"] == "list" for r in rows())'
	status 0 archive reban --list "$lab/list1" --jail sshd
	says 'completed already'
	# For another jail it is another one.
	jail hand
	client reload >/dev/null
	status 0 archive reban --list "$lab/list1" --jail hand
	says '3 sent'
	soon 'len(rows()) == 6'
}

# a_list JAIL NUMBER: twice, and then with --force.
twice() {
	v6 1 "$2" >"$lab/list1"
	status 0 archive reban --list "$lab/list1" --jail "$1"
	says "$2 sent"
	wait_for 600 has_banned "$2" "$1"
	# fail2ban writes its database behind that.
	wait_for 60 eval '[ "$(sqlite3 -readonly "$lab/fail2ban.sqlite3" \
	    "SELECT count(*) FROM bips" 2>/dev/null)" = '"$2"' ]'
	archive reconcile
	soon 'len(rows()) == int(n) and
	    all(r["origin"] == "list" for r in rows())' "n=$2"
	counts >"$lab/counts"
	archive export >"$lab/before"
	status 0 archive reban --list "$lab/list1" --jail "$1"
	says 'completed already'
	status 0 archive reban --force --list "$lab/list1" --jail "$1"
	says '0 sent'
	says "$2 already there"
	last_run 'state="completed"'
	counts | diff "$lab/counts" -
	look 'len(ban_lines()) == int(n) and " already banned" not in log()' "n=$2"
	archive export | cmp - "$lab/before"
}

@test "a long list is sent once, to a jail whose action is not ours" {
	config 'run_deadline = 60;'
	jail bare action=
	server_start
	twice bare $((20000 / slowness))
}

@test "a long list is sent once, and each of its bans is heard of" {
	local n=200
	[ "${SOAK:-0}" = 1 ] && n=20000
	config 'run_deadline = 60;'
	jail sshd
	server_start
	twice sshd "$n"
	look 'len(calls("ban")) == int(n) and spooled() == []' "n=$n"
}

# --------------------------------------------------------------- cut off --

# cut_off WORDS...: the program is killed at one of the calls by which it makes a
# difference or learns what it made, chosen by chance; or comes to its end before.
cut_off() {
	local most=('pwrite64 60' 'fdatasync 8' 'sendto 12' 'recvfrom 9') one
	read -ra one <<<"${most[RANDOM % 4]}"
	if killed_at "${one[0]}" $((1 + RANDOM % one[1])) "$@" 2>"$lab/out"; then
		kills=$((kills + 1))
	fi
	[ ! -e "$lab/ended_badly" ]
}

# cut_off_enough: that was so often, and what was killed was noted so.
cut_off_enough() {
	echo "# killed $kills times (SEED=${SEED:-1})" >&3
	((kills >= 8))
	last_run 'kind="reban"' 'state="completed"'
	look '{r["state"] for r in runs() if r["kind"] == "reban"} ==
	    {"completed", "interrupted"}'
}

@test "a list that is cut off again and again is banned once, in the end" {
	local kills=0 turn turns=24 n
	[ "${SOAK:-0}" = 1 ] && turns=300
	RANDOM=${SEED:-1}
	jail sshd
	server_start
	archive reconcile
	# Each time there is more of it, so that there is something to do.
	for ((turn = 1; turn <= turns; turn++)); do
		n=$((turn * 8))
		v6 1 "$n" >"$lab/list1"
		cut_off reban --list "$lab/list1" --jail sshd
	done
	status 0 archive reban --list "$lab/list1" --jail sshd
	cut_off_enough
	wait_for 60 has_banned "$n" sshd
	soon 'len(rows()) == int(n)' "n=$n"
	archive reconcile
	look 'len(rows()) == len(ban_lines()) == len({r["ident"] for r in rows()}) and
	    all(r["origin"] == "list" and r["ended_us"] is None for r in rows())'
	look 'len(rows()) == int(n) and " already banned" not in log()' "n=$n"
	diff <(held) <(live)
}

@test "live bans that come back with interruptions are there once, in the end" {
	live_bans
	loses_database 1
	local kills=0 turn
	RANDOM=${SEED:-1}
	for ((turn = 1; turn <= 24; turn++)); do cut_off reban --live; done
	status 0 archive reban --live
	cut_off_enough
	all_is_back
	look 'len(ban_lines()) == 102 + 99'
	archive reconcile
	interval_later
	archive reconcile
	all_is_back
}
