#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The server goes and comes back: a ban that lives on is still one row.

load ../lib/server

# Bans of all kinds, live for long, and all of them in the archive.
live_bans() {
	fails sshd 'auth failure user=a from 192.0.2.1' \
	    'auth failure user=b from 2001:db8::1' \
	    'network failure from 198.51.100.0/28'
	fails perm 'auth failure user=c from 192.0.2.2'
	client set sshd banip 192.0.2.3 'some text' >/dev/null
	eventually 'len(rows()) == len(bans()) == 6 and
	    all(r["matches"] is not None for r in rows())'
}

# every_ban_lives RESTORED: it is as fail2ban's database has it, was restored
# that often, and is there once.
every_ban_lives() {
	soon 'len(rows()) == 6 and all(same_as_theirs(b["jail"], b["ip"],
	    restored=int(n)) for b in bans())' "n=$1"
}

@test "after a restart the bans live, and restored counts up" {
	jail sshd
	jail perm bantime=-1
	server_start
	live_bans
	server_stop
	server_start
	every_ban_lives 1
	archive reconcile
	every_ban_lives 1
	look 'len(calls("flush")) >= 2 and calls("unban") == []'
	# A command that fail2ban runs twice comes at once; a restart later on is
	# another one.
	local first=$EPOCHSECONDS
	wait_for 12 later "$((first + 10))"
	server_stop
	server_start
	every_ban_lives 2
	archive reconcile
	archive reconcile
	every_ban_lives 2
}

later() { ((EPOCHSECONDS > $1)); }

@test "a reconcile while the server is down ends nothing" {
	jail sshd
	jail perm bantime=-1
	server_start
	live_bans
	archive reconcile
	server_stop
	archive reconcile
	archive reconcile
	every_ban_lives 0
	server_start
	every_ban_lives 1
}

@test "reload ends nothing, with and without --restart" {
	jail sshd
	jail perm bantime=-1
	server_start
	live_bans
	client reload
	every_ban_lives 0
	client reload --restart sshd
	client reload --restart perm
	every_ban_lives 1
	archive reconcile
	every_ban_lives 1
}

@test "the time of a restored ban keeps its fraction" {
	jail sshd
	server_start
	at=$((EPOCHSECONDS - 2)).500001 fails sshd 'auth failure user=a from 192.0.2.1'
	at=$((EPOCHSECONDS - 1)).499999 \
	    fails sshd 'auth failure user=a from 192.0.2.2'
	soon 'len(rows()) == 2'
	archive export | jq -c '[.ident, .since_us, .timeofban, .nth]' >"$lab/before"
	server_stop
	server_start
	soon 'all(r["restored"] == 1 for r in rows())'
	archive export | jq -c '[.ident, .since_us, .timeofban, .nth]' |
	    cmp - "$lab/before"
}

@test "SIGKILL ends nothing and makes no second row" {
	jail sshd
	jail perm bantime=-1
	server_start
	live_bans
	server_kill
	archive reconcile
	every_ban_lives 0
	server_start
	# It comes back with every ban: restored, or read from its log again.
	soon 'all(log().count("[%s] Ban %s\n" % (b["jail"], b["ip"])) +
	    log().count("[%s] Restore Ban %s\n" % (b["jail"], b["ip"])) == 2
	    for b in bans())'
	soon 'len(calls("ban")) == 12'
	look 'len(rows()) == 6'
	archive reconcile
	look 'len(rows()) == 6 and all(r["ended_us"] is None for r in rows())'
	look 'all(r["restored"] == len([c for c in called("ban", r["jail"], r["ident"])
	    if c["restored"] == "1"]) for r in rows())'
}

@test "a log that is read again after SIGKILL makes no second row" {
	jail sshd
	server_start
	fails sshd 'auth failure user=a from 192.0.2.1'
	soon 'len(rows()) == 1'
	server_kill
	# As if the ban had not been restored first: its rows and the position in
	# the log are lost, as they are with a database that was not synced.
	"$python" - "$lab/fail2ban.sqlite3" <<-'END'
		import sqlite3, sys
		db = sqlite3.connect(sys.argv[1])
		for table in "bans", "bips", "logs":
		    db.execute("DELETE FROM " + table)
		db.commit()
	END
	server_start
	soon 'len(called("ban", "sshd", "192.0.2.1")) == 2'
	archive reconcile
	look 'same_as_theirs("sshd", "192.0.2.1", restored=0)'
}

# A ban of this many seconds does not run out before the server is down.
short=$((3 * slowness))

@test "a ban that expired while the server was down is inferred at its second" {
	jail short bantime=$short
	server_start
	archive reconcile
	fails short 'auth failure user=a from 192.0.2.1'
	client set short banip 2001:db8::2
	eventually 'len(rows()) == 2 and all(r["matches"] is not None for r in rows())'
	server_kill
	runs_out "$short"
	archive reconcile
	local id
	for id in 192.0.2.1 2001:db8::2; do
		look 'ended("short", id, "inferred",
		    at=row("short", id)["since_us"] + int(s) * 1000000)' \
		    "id=$id" "s=$short"
	done
	archive export >"$lab/before"
	archive reconcile
	server_start
	archive reconcile
	archive export | cmp - "$lab/before"
}

# runs_out SECONDS: wait until the newest ban, of so many seconds, has been over
# for more than two intervals.
runs_out() {
	local last
	last=$(figure 'max(r["timeofban"] for r in rows())')
	wait_for 10 past "$((last + $1 + 3))"
}

@test "a ban that expired in a stop is inferred too, after the flush" {
	jail short bantime=$short
	server_start
	archive reconcile
	client set short banip 192.0.2.1
	soon 'len(rows()) == 1'
	server_stop
	look 'len(calls("flush")) == 1'
	runs_out "$short"
	archive reconcile
	look 'ended("short", "192.0.2.1", "inferred",
	    at=row("short", "192.0.2.1")["since_us"] + int(s) * 1000000)' "s=$short"
}

@test "an unban that comes late overrides what was inferred" {
	jail short bantime=$short
	server_start
	archive reconcile
	client set short banip 192.0.2.1
	soon 'len(rows()) == 1'
	server_kill
	runs_out "$short"
	archive reconcile
	look 'ended("short", "192.0.2.1", "inferred")'
	local before=$EPOCHREALTIME
	archive unban --jail short --id 192.0.2.1 --ip 192.0.2.1 --bantime "$short" \
	    --time "$(look 'print(calls("ban")[0]["time"]) or True')" \
	    --bancount 1 --failures 0 --restored 0
	look 'ended("short", "192.0.2.1", "expired", about=float(before))' \
	    "before=$before"
}

@test "a ban of an F-ID jail lives after a restart without an event for it" {
	jail web
	server_start
	fails web 'session id=s3ss10n from 192.0.2.20' \
	    'session id=an0ther from 192.0.2.20'
	soon 'len(rows()) == 2'
	archive reconcile
	server_stop
	server_start
	archive_in_background reconcile --every 1
	soon 'len([r for r in runs() if r["state"] == "completed" and
	    r["started_us"] / 1e6 > log_times(" started")[-1]]) >= 4'
	look 'same_as_theirs("web", "s3ss10n", ip="192.0.2.20", restored=0)'
	look 'same_as_theirs("web", "an0ther", ip="192.0.2.20", restored=0)'
	# No command runs for its unban either.
	client set web unbanip s3ss10n
	soon 'ended("web", "s3ss10n", "manual")'
	look 'calls("unban") == []'
	look 'same_as_theirs("web", "an0ther", ip="192.0.2.20", restored=0)'
}

@test "two bans of an id within one second are two rows" {
	jail sshd
	server_start
	local second=$EPOCHSECONDS
	at=$second fails sshd 'auth failure user=a from 192.0.2.1'
	# The unban deletes fail2ban's row of it.
	eventually 'len(rows()) == 1 and rows()[0]["captures"]'
	client set sshd unbanip 192.0.2.1
	eventually 'rows()[0]["ended_why"] == "manual"'
	at=$second fails sshd 'auth failure user=b from 192.0.2.1'
	eventually 'len(rows()) == 2 and rows()[1]["captures"]'
	look '[r["nth"] for r in rows()] == [0, 1] and
	    rows()[0]["since_us"] == rows()[1]["since_us"] and
	    [r["captures"] for r in rows()] == [{"user": "a"}, {"user": "b"}] and
	    rows()[1]["ended_us"] is None'
	archive reconcile
	look 'len(rows()) == 2 and rows()[1]["ended_us"] is None'
}
