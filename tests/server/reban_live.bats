#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# reban --live brings the bans of the archive back into a real server that has
# lost its database. However often it is cut off, each id is banned once and has
# one row.

load ../lib/server
load ../lib/archives
load ../lib/reban

live_bans() {
	jail sshd
	jail perm bantime=-1
	jail hand
	jail web
	server_start
	local id
	for id in $(v4 101 120) $(v6 1 20); do
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
	client set sshd unbanip 192.0.2.107 2001:db8::7 >/dev/null
	client set hand unbanip 203.0.113.7 >/dev/null
	eventually 'sum(r["ended_why"] == "manual" for r in rows()) == 3'
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
	client set sshd unbanip 192.0.2.101 >/dev/null
	client set hand unbanip 'some text' >/dev/null
	eventually 'ended("sshd", "192.0.2.101", "manual", about=log_times(
	    "[sshd] Unban 192.0.2.101")[-1])'
	eventually 'ended("hand", "some text", "manual")'
	archive reconcile
	server_stop
	archive reconcile
	server_start
	wait_for 20 eval 'diff <(held) <(live) >"$lab/out"'
	# The start counts as another return if it comes ten seconds after reban.
	look 'all(r["restored"] in (1, 2) for r in rows() if r["ended_us"] is None
	    and r["jail"] != "web")'
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

@test "a server gets its bans back after two reconciles have seen it without them" {
	comes_back 2
}

@test "a ban that the server finds in its logs again is there already" {
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
	# Two were flushed at the stop, and banned anew from the log.
	look 'len(rows()) == 6 and [r["ended_why"] for r in rows()
	    if r["ended_us"] is not None] == ["inferred"] * 2'
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
	jail sshd "bantime=$briefly"
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

@test "a lifted ban is not brought back" {
	jail sshd
	server_start
	printf '%s\n' 192.0.2.1 192.0.2.102 | bans sshd
	eventually 'len(rows()) == 2 and all("database" in r["seen"] for r in rows())'
	client unban --all >/dev/null
	status 0 archive reban --live
	says '0 sent'
	[ -z "$(held)" ]
	archive reconcile
	look 'all(r["ended_why"] == "flushed" for r in rows())'
}

@test "an unanswered note is gone with the unban" {
	jail sshd
	server_start
	echo 192.0.2.1 | bans sshd
	eventually 'len(rows()) == 1 and "database" in rows()[0]["seen"]'
	# As of a reban that was cut off before anything was sent.
	sqlite3 "$lab/archive/archive.sqlite3" "INSERT INTO note SELECT jail, ident,
	    $EPOCHSECONDS * 1000000, timeofban FROM ban;
	    UPDATE jail SET noted_us = $EPOCHSECONDS * 1000000"
	client set sshd unbanip 192.0.2.1 >/dev/null
	eventually 'rows()[0]["ended_why"] == "manual"'
	client set sshd banip 192.0.2.1 >/dev/null
	soon '[r["ended_why"] for r in rows()] == ["manual", None]'
	look '[r["restored"] for r in rows()] == [0, 0]'
}

@test "what would lock an administrator out is not brought back" {
	jail sshd
	server_start
	printf '%s\n' 127.0.0.2 192.0.2.1 192.0.2.129 | bans sshd
	eventually 'len(rows()) == 3 and all("database" in r["seen"] for r in rows())'
	server_stop
	rm "$lab/fail2ban.sqlite3"
	jail sshd 'ignoreip = 192.0.2.128/25'
	server_start
	status 0 archive reban --live
	says '127.0.0.2: loopback'
	says '192.0.2.129: the jail ignores it'
	says '1 sent'
	says '2 refused'
	wait_for 10 eval '[ "$(held)" = "sshd 192.0.2.1" ]'
}

@test "only a jail that is asked for comes back, and a dry run brings none" {
	jail sshd
	jail hand
	server_start
	printf '%s\n' 192.0.2.1 192.0.2.102 | bans sshd
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

@test "only bans of this host's server are brought back" {
	jail sshd
	server_start
	local now=$EPOCHSECONDS
	echo 192.0.2.1 | bans sshd
	soon 'len(rows()) == 1'
	archive export >"$lab/a.jsonl"
	archive reconcile
	jq -c '.ident = "192.0.2.102" | .seen = ["import"]' "$lab/a.jsonl" >"$lab/import"
	jq -c '.ident = "192.0.2.3" | .host = "web1"' "$lab/a.jsonl" >"$lab/hosts"
	printf '%s,000 fail2ban.actions        [7268]: NOTICE  [sshd] Ban 192.0.2.4\n' \
	    "$(date -d "@$now" '+%Y-%m-%d %H:%M:%S')" >"$lab/log1"
	replays "$lab/import" "$lab/hosts" "$lab/log1"
	# The ban time of this one is unknown.
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
	# A run that failed is not remembered as done.
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

@test "live bans that come back with interruptions are there once, in the end" {
	live_bans
	loses_database 1
	# shellcheck disable=SC2034 # cut_off counts them
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
