#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Reconcile finds in fail2ban's own database the bans that the action did not see.

load ../lib/server

@test "bans made while the action was off are there after one reconcile" {
	jail sshd action= maxretry=2
	jail web action= bantime=-1
	server_start
	fails sshd 'auth failure user=a from 192.0.2.1' \
	    'auth failure user=b from 192.0.2.1' \
	    'network failure from 2001:db8:1::/48' \
	    'network failure from 2001:db8:1::/48'
	fails web 'session id=s3ss10n from 192.0.2.2' 'token id=t0k3n refused'
	client set sshd banip 192.0.2.3 'any text' 198.51.100.0/28
	soon 'len(bans()) == 7'
	[ ! -e "$lab/archive/archive.sqlite3" ]
	archive reconcile
	look 'calls() == [] and len(rows()) == 7'
	look 'all(same_as_theirs(b["jail"], b["ip"], seen=["database"],
	    since_us=b["timeofban"] * 1000000) for b in bans())'
	look 'row("web", "s3ss10n")["ip"] == "192.0.2.2"'
	archive export >"$lab/before"
	archive reconcile
	archive export | cmp - "$lab/before"
	look '[(r["added"], r["changed"]) for r in runs()][-1] == (0, 0)'
	look 'runs()[0]["added"] == 7'
}

@test "the database is asked of the server, and noted for the events" {
	config 'fail2ban_database = "";'
	jail sshd
	server_start
	client set sshd banip 192.0.2.1
	soon 'row("sshd", "192.0.2.1")["seen"] == ["event"]'
	archive reconcile
	look 'same_as_theirs("sshd", "192.0.2.1")'
	fails sshd 'auth failure user=x from 192.0.2.2' \
	    'auth failure user=x from 192.0.2.3' \
	    'auth failure user=x from 192.0.2.4'
	soon 'len(rows()) == 4 and
	    {"user": "x"} in [r["captures"] for r in rows()]'
	# The one noted serves a reconcile too, while there is no server.
	server_kill
	archive reconcile
	look 'runs()[-1]["state"] == "completed"'
	look 'all(same_as_theirs("sshd", b["ip"]) for b in bans())'
}

@test "a ban that reconcile found first is the same when its restored event comes" {
	jail sshd action=
	server_start
	fails sshd 'auth failure user=a from 192.0.2.1'
	soon 'len(bans()) == 1'
	archive reconcile
	jail sshd
	client reload --restart sshd
	soon 'same_as_theirs("sshd", "192.0.2.1", restored=1)'
	archive reconcile
	look 'same_as_theirs("sshd", "192.0.2.1", restored=1)'
}

@test "a ban that reconcile found first gets its exact time from the event" {
	jail sshd action=
	server_start
	at=$((EPOCHSECONDS - 1)).250 fails sshd 'auth failure user=a from 192.0.2.1'
	soon 'len(bans()) == 1'
	archive reconcile
	look 'row("sshd", "192.0.2.1")["since_us"] % 1000000 == 0'
	"$lab/helper" -c "$lab/archive.cfg" ban --jail sshd --id 192.0.2.1 \
	    --ip 192.0.2.1 --family inet4 --bantime 600 --bancount 1 \
	    --failures 1 --restored 0 \
	    --time "$(look 'print("%d.25" % bans()[0]["timeofban"]) or True')"
	look 'same_as_theirs("sshd", "192.0.2.1")'
	look 'row("sshd", "192.0.2.1")["since_us"] % 1000000 == 250000'
}

@test "a ban that fail2ban's purge leaves only in bips is archived" {
	jail perm action= bantime=-1
	server_start
	client set perm banip 192.0.2.1 192.0.2.2
	soon 'len(bans()) == 2'
	server_stop
	"$python" - "$lab/fail2ban.sqlite3" <<-'END'
		import sqlite3, sys
		db = sqlite3.connect(sys.argv[1])
		db.execute("DELETE FROM bans WHERE ip = '192.0.2.1'")
		db.commit()
	END
	archive reconcile
	look 'same_as_theirs("perm", "192.0.2.1")'
	look 'same_as_theirs("perm", "192.0.2.2")'
}

@test "rows that the purge takes away end nothing" {
	jail sshd
	server_start
	client set sshd banip 192.0.2.1
	soon 'len(rows()) == 1'
	archive reconcile
	server_stop
	"$python" - "$lab/fail2ban.sqlite3" <<-'END'
		import sqlite3, sys
		db = sqlite3.connect(sys.argv[1])
		db.execute("DELETE FROM bans")
		db.commit()
	END
	server_start
	soon 'row("sshd", "192.0.2.1")["restored"] == 1'
	archive reconcile
	look 'same_as_theirs("sshd", "192.0.2.1", restored=1)'
}

@test "a server that lost its database costs the archive nothing" {
	jail sshd
	server_start
	client set sshd banip 192.0.2.1 192.0.2.2
	soon 'len(rows()) == 2'
	archive reconcile
	server_kill
	rm "$lab/fail2ban.sqlite3"
	server_start
	client set sshd banip 192.0.2.3
	soon 'len(rows()) == 3'
	archive reconcile
	look 'same_as_theirs("sshd", "192.0.2.3")'
	# They are not manual: their rows did not go from the database that had them.
	look 'all(row("sshd", ip)["ended_why"] in (None, "inferred")
	    for ip in ("192.0.2.1", "192.0.2.2"))'
}

@test "fail2ban loses no ban while reconcile after reconcile reads" {
	jail sshd
	server_start
	archive_in_background reconcile --every 1
	(
		while [ ! -e "$lab/enough" ]; do archive reconcile; done
	) >/dev/null 2>&1 3>&- &
	local n ids=() reader=$!
	for ((n = 1; n <= 100; n++)); do ids+=("192.0.2.$n"); done
	client set sshd banip "${ids[@]}" >/dev/null
	wait_for 30 logged '[sshd] Ban 192.0.2.100'
	soon 'len(bans()) == 100' || true
	: >"$lab/enough"
	wait "$reader" || true
	look 'len(bans()) == len(rows()) == 100'
	look '"database is locked" not in log()'
}

@test "the database of the running server is replayed beside it" {
	jail sshd
	jail incr "bantime=60" bantime.increment=true
	jail web action= bantime=-1
	server_start
	fails sshd 'auth failure user=a from 192.0.2.1' \
	    'auth failure user=b from 192.0.2.2'
	fails incr 'auth failure user=c from 192.0.2.3'
	client set sshd banip 192.0.2.4 'any text'
	client set web banip 192.0.2.5 192.0.2.6
	soon 'len(bans()) == 7 and len(rows()) == 5'
	client set sshd unbanip 192.0.2.2
	soon 'row("sshd", "192.0.2.2")["ended_us"]'
	# Old rows, which the first reconcile leaves out.
	sqlite3 "$lab/fail2ban.sqlite3" "INSERT INTO bans VALUES
	    ('sshd', '192.0.2.7', unixepoch() - 2000000, 600, 1, '{}'),
	    ('sshd', '192.0.2.1', unixepoch() - 2000000, 600, 1, '{}')"
	archive reconcile
	look 'len(rows()) == 7'
	archive export | jq -c 'del(.rev)' >"$lab/before"
	local n ids=()
	for ((n = 1; n <= 50; n++)); do ids+=("198.51.100.$n"); done
	client set web banip "${ids[@]}" >/dev/null
	archive replay "$lab/fail2ban.sqlite3"
	wait_for 30 logged '[web] Ban 198.51.100.50'
	soon 'sum(b["jail"] == "web" for b in bans()) == 52'
	look '"database is locked" not in log()'
	# What events and reconcile told is unchanged; the older bans are added.
	archive export | jq -c 'del(.rev)' | grep -Fxf "$lab/before" | cmp - "$lab/before"
	look '[r["ident"] for r in rows() if r["seen"] == ["import"] and
	    r["jail"] == "sshd"] == ["192.0.2.1", "192.0.2.7"]'
	archive reconcile
	look '[r["seen"] for r in rows() if r["jail"] == "web"] == 52 * [["database"]]'
	archive export | jq -c 'del(.rev)' >"$lab/before"
	archive replay --force "$lab/fail2ban.sqlite3"
	archive export | jq -c 'del(.rev)' | cmp - "$lab/before"
	# The bans that live end as all others.
	client set sshd unbanip 192.0.2.1
	client set web unbanip 192.0.2.5
	soon '"manual" in [r["ended_why"] for r in rows("--id=192.0.2.1")]'
	archive reconcile
	look 'row("web", "192.0.2.5")["ended_why"] == "manual"'
	look 'row("sshd", "192.0.2.7")["ended_why"] == "inferred"'
}

@test "an archive that begins with a replay of the live database goes on as any other" {
	jail sshd
	server_start
	client set sshd banip 192.0.2.1 192.0.2.2 192.0.2.3
	soon 'len(bans()) == 3'
	rm -r "$lab/archive"
	archive replay "$lab/fail2ban.sqlite3"
	look 'len(rows()) == 3 and all(r["ended_us"] is None for r in rows())'
	archive reconcile
	look 'all(same_as_theirs("sshd", b["ip"], seen=["database"],
	    since_us=b["timeofban"] * 1000000) for b in bans())'
	client set sshd unbanip 192.0.2.1
	soon 'row("sshd", "192.0.2.1")["ended_why"] == "manual"'
	client reload --restart sshd
	soon 'row("sshd", "192.0.2.2")["restored"] == 1'
	archive reconcile
	look 'len(rows()) == 3 and row("sshd", "192.0.2.2")["ended_us"] is None'
}

@test "fail2ban goes on to ban while thousands of rows are backfilled" {
	local n ids
	jail web action= bantime=86400
	jail sshd bantime=86400
	server_start
	for n in {1..12}; do
		mapfile -t ids < <(seq -f "2001:db8::$n:%g" 1 500)
		client set web banip "${ids[@]}" >"$lab/out"
	done
	soon 'len(bans()) == 6000'
	archive_in_background reconcile
	for n in {1..40}; do
		client set sshd banip "192.0.2.$n" >>"$lab/out"
	done
	wait "${started[-1]}"
	soon 'len(bans()) == 6040'
	archive reconcile
	look 'len(rows()) == 6040 == len({(r["jail"], r["ident"]) for r in rows()})'
	look 'all("event" in r["seen"] for r in rows() if r["jail"] == "sshd")'
	look 'all(same_as_theirs("sshd", "192.0.2.%d" % n) for n in range(1, 41))'
	# A new file has taken the archive's place.
	[ "$(sqlite3 "$lab/archive/archive.sqlite3" 'SELECT max(id) FROM ban')" -gt 131072 ]
	archive verify
}
