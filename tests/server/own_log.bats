#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Replay finds in the log of a real server every ban that the events brought:
# bans of several jails, over restarts, kills, unbans and expiries. The server
# lives once, for all tests of this file; each has copies of its files.

load ../lib/server
load ../lib/archives

# v4 and v6 FIRST LAST: addresses, one a line.
v4() { seq "$1" "$2" | sed 's/^/192.0.2./'; }
v6() { seq "$1" "$2" | xargs printf '2001:db8::%x\n'; }

# failing JAIL: each line of the input fails there.
failing() {
	local id
	while read -r id; do fails "$1" "auth failure user=u from $id"; done
}

# banned NUMBER JAIL...: that many bans of these jails have been logged since
# the line `since`, in all.
banned() {
	[ "$(tail -n "+$((since + 1))" "$lab/fail2ban.log" |
	    grep -cE "NOTICE +\[($(IFS='|'; echo "${*:2}"))\] Ban ")" -ge "$1" ]
}

logged_lines() { wc -l <"$lab/fail2ban.log"; }

# stops JAIL|* COMMAND...: what it unbans there is not lifted.
stops() {
	local first=$(($(logged_lines) + 1))
	"${@:2}" >/dev/null
	echo "$first $(logged_lines) $1" >>"$lab/stops"
}

# The server has back what it had: as many as the archive has live ones.
restored() {
	wait_for 20 eval 'diff <(held) <(live) >"$lab/out"'
}

reconciles() {
	archive_in_background reconcile --every 1
	reconcile=$!
}

rests() {
	kill -TERM "$reconcile"
	wait "$reconcile" || true
}

# A crowd of all kinds of bans, and who of them is lifted.
burst() {
	since=$(logged_lines)
	{ v4 1 20; v6 1 20; } | failing sshd
	fails sshd 'network failure from 198.51.100.0/28'
	v4 31 40 | failing perm
	v4 41 52 | failing short
	v6 41 43 | failing incr
	# The failures were some time ago, and it took two of them.
	at=$((EPOCHSECONDS - 40)).500 fails tries 'auth failure user=u from 192.0.2.61'
	at=$((EPOCHSECONDS - 30)).750 fails tries 'auth failure user=u from 192.0.2.61'
	mapfile -t hand < <(v4 71 90; v6 71 80; echo 'some text')
	client set hand banip "${hand[@]}" >/dev/null
	wait_for 30 banned 98 sshd perm short incr tries hand
	client set hand unbanip "${hand[@]:0:6}" "${hand[@]:24:8}" >/dev/null
	client set sshd unbanip 192.0.2.7 2001:db8::7 >/dev/null
}

short_is_over() {
	soon 'len(ban_lines("short")) == len(ban_lines("short", "Unban"))'
}

# The log is read again from its beginning, as after a crash that lost the last
# writes of fail2ban's database: the bans of this jail, and its place in the log.
forget_jail() {
	"$python" - "$lab/fail2ban.sqlite3" "$1" <<-'END'
		import sqlite3, sys
		db = sqlite3.connect(sys.argv[1])
		for table in "bans", "bips", "logs":
		    db.execute("DELETE FROM %s WHERE jail = ?" % table, sys.argv[2:])
		db.commit()
	END
}

live_on() {
	jail sshd
	jail perm bantime=-1
	jail hand
	jail web
	jail again
	jail tries maxretry=2
	local crowd=$((2 * briefly))
	jail short "bantime=$crowd"
	jail incr "bantime=$crowd" bantime.increment=true
	# A ban that is not back two intervals after a start has ended. After a kill
	# the server has to find some in its logs first.
	config "interval = $slowness;"
	server_start
	reconciles

	burst
	short_is_over
	# Two bans of an id within one second of its log.
	local second=$EPOCHSECONDS
	at=$second fails sshd 'auth failure user=u from 192.0.2.99'
	soon '"192.0.2.99" in [l[2] for l in ban_lines("sshd")]'
	client set sshd unbanip 192.0.2.99 >/dev/null
	at=$second fails sshd 'auth failure user=u from 192.0.2.99'
	soon '[l[2] for l in ban_lines("sshd")].count("192.0.2.99") == 2'
	soon '[r["nth"] for r in rows() if r["ident"] == "192.0.2.99"] == [0, 1]'
	# Each is banned longer this time, over a stop.
	soon 'len(ban_lines("incr", "Unban")) == 3'
	v6 41 43 | failing incr
	soon 'len(ban_lines("incr")) == 6 and "] Increase Ban " in log()'
	restored
	stops '*' server_stop
	server_start
	restored
	stops sshd client reload --restart sshd
	restored
	client unban --all >/dev/null
	soon 'all(r["ended_us"] for r in rows())'

	burst
	fails web 'session id=s3ss10n from 192.0.2.20' 'token id=t0k3n refused' \
	    'session id=a-b_c from 2001:db8::20' 'session id=0 from 192.0.2.20'
	v4 21 24 | failing again
	soon 'len(ban_lines("web")) == len(ban_lines("again")) == 4'
	client set web unbanip 0 >/dev/null
	client set again unbanip 192.0.2.21 >/dev/null
	soon 'len([r for r in rows() if r["jail"] in ("web", "again") and
	    r["ended_why"] == "manual"]) == 2'
	short_is_over
	v4 53 56 | failing short
	soon 'len(ban_lines("short")) == 28'
	soon 'len([r for r in rows() if r["jail"] == "short"]) == 28'
	# Its short bans run out while the server is down.
	rests
	server_kill
	forget_jail again
	soon 'max(l[0] for l in ban_lines("short")) + int(s) + 1 <
	    __import__("time").time()' "s=$crowd"
	server_start
	soon 'len(ban_lines("again")) == 8'
	soon 'len(called("ban", "again", "192.0.2.24")) == 2'
	reconciles
	restored
	stops '*' server_stop
	server_start
	restored

	since=$(logged_lines)
	{ v4 91 98; v6 91 98; } | failing sshd
	client set perm banip 192.0.2.7 2001:db8::7 >/dev/null
	wait_for 15 banned 18 sshd perm
	client set sshd unbanip 192.0.2.91 2001:db8::5b >/dev/null
	restored
	rests
	archive reconcile >/dev/null
	held >"$lab/held"
	server_kill
}

setup_file() {
	lab_setup
	export lived=$lab
	live_on
	: >"$lab/lived"
}

teardown_file() {
	local pid
	for pid in "${started[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
	if [ -e "$lived/lived" ]; then
		rm -rf "$lived"
	else
		echo "kept: $lived" >&2
	fi
}

setup() {
	lab_setup
	cp -a "$lived"/{archive,fail2ban.log,fail2ban.sqlite3,stops,held} "$lab"
	another b
}

# agrees NAME: the archive there, filled by replay, says what the log does, and
# what the one here says, which has seen the events.
agrees() {
	archive export >"$lab/of_events"
	of "$1" archive export >"$lab/of_replay"
	"$python" "$root/tests/lib/agree.py" "$lab/of_events" "$lab/of_replay" \
	    "$lab/fail2ban.log" "$lab/stops" "$lab/held" >&2
}

@test "an archive filled by replay alone has every ban of the events" {
	of b replays "$lab/fail2ban.log"
	of b last_run 'kind="replay"' 'state="completed"' bad=0
	of b look 'runs()[-1]["added"] == len(rows()) >= 200'
	agrees b
	of b look 'all(r["seen"] == ["log"] for r in rows())'
	of b look 'all(r["ended_why"] in (None, "expired", "manual", "inferred")
	    for r in rows())'
	of b adds_nothing "$lab/fail2ban.log"
}

@test "a log whose bans came by events already changes nothing" {
	adds_nothing "$lab/fail2ban.log"
	look 'runs()[-1]["rows"] > 0 and
	    not any("log" in r["seen"] for r in rows())'
}

@test "a log cut in two at any line, in any order, has the same bans" {
	local lines cut turn turns=6
	[ "${SOAK:-0}" = 1 ] && turns=100
	lines=$(logged_lines)
	RANDOM=${SEED:-1}
	for ((turn = 0; turn < turns; turn++)); do
		cut=$((1 + (RANDOM * 32768 + RANDOM) % (lines - 1)))
		echo "cut after line $cut of $lines"
		head -n "$cut" "$lab/fail2ban.log" >"$lab/first"
		tail -n "+$((cut + 1))" "$lab/fail2ban.log" >"$lab/second"
		another "forth$turn"
		of "forth$turn" replays "$lab/first" "$lab/second"
		agrees "forth$turn"
		another "back$turn"
		of "back$turn" replays "$lab/second" "$lab/first"
		agrees "back$turn"
	done
}

# starts: the lines with which a server began, but for the first.
starts() {
	grep -n -- '-----$' "$lab/fail2ban.log" | cut -d : -f 1 | tail -n +2
}

@test "a log cut in two where the server started gives the same archive" {
	of b replays "$lab/fail2ban.log"
	of b all_but_rev >"$lab/whole"
	local start
	for start in $(starts); do
		echo "cut before line $start"
		head -n $((start - 1)) "$lab/fail2ban.log" >"$lab/first"
		tail -n "+$start" "$lab/fail2ban.log" >"$lab/second"
		another "forth$start"
		of "forth$start" replays "$lab/first" "$lab/second"
		of "forth$start" all_but_rev | diff "$lab/whole" -
		another "back$start"
		of "back$start" replays "$lab/second" "$lab/first"
		of "back$start" all_but_rev | diff "$lab/whole" -
	done
}

@test "a rotated and packed log gives the same archive" {
	of b replays "$lab/fail2ban.log"
	of b all_but_rev >"$lab/whole"
	local at
	mapfile -t at < <(starts)
	csplit -s -f "$lab/part-" "$lab/fail2ban.log" "${at[@]}"
	gzip "$lab"/part-*
	another packed
	of packed replays "$lab"/part-*.gz
	of packed all_but_rev | diff "$lab/whole" -
	of packed figure 'len(runs())' >"$lab/runs"
	# The content counts, not the packing.
	gunzip "$lab"/part-*.gz
	of packed replays "$lab"/part-*
	says 'completed already'
	of packed look 'len([r for r in runs() if r["added"] or r["changed"]]) <= int(n)' \
	    "n=$(cat "$lab/runs")"
	of packed all_but_rev | diff "$lab/whole" -
}

@test "a ban that a log brings first and fail2ban's database later is one ban" {
	cp "$lab/fail2ban.sqlite3" "$lab/b/"
	of b replays "$lab/fail2ban.log"
	of b figure 'len(rows())' >"$lab/before"
	of b archive reconcile
	agrees b
	of b look 'len(rows()) == int(n)' "n=$(cat "$lab/before")"
	of b look 'runs()[-1]["added"] == 0'
	# They are known by their second now, and no longer by the log alone.
	of b look '{(b["jail"], b["ip"], b["timeofban"], b["bantime"])
	    for b in bans()} <= {(r["jail"], r["ident"], r["timeofban"], r["seconds"])
	    for r in rows() if r["seen"] == ["database"]}'
	of b adds_nothing "$lab/fail2ban.log"
}

@test "a ban that fail2ban's database brings first and a log later is one ban" {
	cp "$lab/fail2ban.sqlite3" "$lab/b/"
	of b archive reconcile
	of b replays "$lab/fail2ban.log"
	agrees b
}

@test "a log that is replayed as it grows has each ban once" {
	local n lines part
	lines=$(wc -l <"$lab/fail2ban.log")
	for n in 1 2 3 4 5; do
		part=$((lines * n / 5))
		head -n "$part" "$lab/fail2ban.log" >"$lab/growing"
		of b replays "$lab/growing"
	done
	agrees b
	of b all_but_rev >"$lab/grown"
	another whole
	of whole replays "$lab/fail2ban.log"
	of whole all_but_rev | diff "$lab/grown" -
}
