#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The bans of one id follow one another in the order in which fail2ban made them,
# whatever order their witnesses come in.

load ../lib/server
load ../lib/archives
load ../lib/asked

setup() {
	lab_setup
	TZ=UTC
	export TZ
	t=1795000000
}

# ev VERB AT_US ROW WORD...: an event of 192.0.2.1 in sshd, as it waits in a file.
ev() {
	{
		printf '%s\0--at\0%s\0--jail\0sshd\0--id\000192.0.2.1\0' "$1" "$2"
		printf '%s\0' "${@:4}"
		printf -- '--row\000%s\0--tag\0000\0' "$3"
	} >"$lab/event"
	replays --force "$lab/event"
}

# line SECOND MS ROOM TEXT: a line as fail2ban.ROOM writes it.
line() {
	local level=NOTICE
	[ "$3" = actions ] || level=INFO
	printf '%s,%s %-24s[7268]: %-7s %s\n' \
	    "$(date -u -d "@$1" '+%Y-%m-%d %H:%M:%S')" "$2" "fail2ban.$3" \
	    "$level" "$4"
}

found() { line "$1" "$2" filter "[sshd] Found 192.0.2.1 - $(date -u -d "@$3" '+%Y-%m-%d %H:%M:%S')"; }

@test "a log in one piece and in two gives the same bans after a ban that lived" {
	local i s
	for i in $(seq 33); do
		s=$((t + 1000 + i * 100))
		line $s 000 actions '[sshd] Ban 192.0.2.1'
		line $((s + 20)) 000 actions '[sshd] Unban 192.0.2.1'
	done >"$lab/a.log"
	head -n 32 "$lab/a.log" >"$lab/first"
	tail -n +33 "$lab/a.log" >"$lab/second"
	ev ban ${t}700000 0 --time $t.5 --bantime -1 --failures 3 --restored 0
	another two
	of two ev ban ${t}700000 0 --time $t.5 --bantime -1 --failures 3 \
	    --restored 0
	replays "$lab/a.log"
	of two replays "$lab/first" "$lab/second"
	same_as two
	look 'sum(r["ended_us"] is None for r in rows()) == 0'
}

@test "of two bans of one second the one that lives ends when its time is up" {
	local began=$(($(date +%s) - 4000)) signs
	cat >"$lab/export.jsonl" <<-END
		{"jail":"sshd","ident":"192.0.2.1","host":"web1","since_us":${began}000000,"nth":0,"seconds":10,"failures":3,"ended_us":${began}300000,"ended_why":"manual"}
		{"jail":"sshd","ident":"192.0.2.1","host":"web1","since_us":${began}000000,"nth":1,"seconds":10,"failures":3}
	END
	replays "$lab/export.jsonl"
	sqlite3 "$lab/fail2ban.sqlite3" <"$root/tests/lib/fail2ban.sql"
	archive reconcile
	look 'all(r["ended_us"] is not None for r in rows())'
	look 'len(rows()) == 2'
	signs=$(sqlite3 "$lab/archive/archive.sqlite3" 'SELECT signs FROM ban')
	archive reconcile
	archive reconcile
	[ "$signs" = "$(sqlite3 "$lab/archive/archive.sqlite3" 'SELECT signs FROM ban')" ]
}

@test "after a flush an older ticket's ban lives, and the flushed one does not" {
	ev ban ${t}020000 0 --time $t.01 --bantime -1 --failures 0 --restored 0
	{
		printf 'flush\0--at\0%s\0--jail\0sshd\0--family\0inet4\0' \
		    ${t}200000
		printf -- '--time\0%s\0--row\0000\0--tag\0000\0' $t.2
	} >"$lab/event"
	replays --force "$lab/event"
	ev ban ${t}500000 0 --time $((t - 2)).0 --bantime -1 --failures 3 \
	    --restored 0
	look 'len(rows()) == 2'
	look '[r["ended_us"] for r in rows() if r["timeofban"] == int(t) - 2]
	    == [None]' "t=$t"
	look '[(r["ended_us"], r["ended_why"]) for r in rows()
	    if r["timeofban"] == int(t)] == [(int(t) * 10**6 + 200000, "inferred")]' \
	    "t=$t"
}

@test "a log adds and changes nothing of the bans that events have shown" {
	ev ban ${t}012000 0 --time $t.0 --bantime -1 --failures 3
	ev unban ${t}019000 1 --time $t.0 --bantime -1 --failures 3
	ev ban ${t}044000 0 --time $((t - 1)).0 --bantime -1 --failures 3
	ev ban $((t + 2))057000 0 --time $((t - 1)) --bantime -1 --failures 3 \
	    --restored 1
	{
		found $t 010 $t
		line $t 012 actions '[sshd] Ban 192.0.2.1'
		line $t 015 actions '[sshd] Unban 192.0.2.1'
		found $t 040 $((t - 1))
		line $t 042 actions '[sshd] Ban 192.0.2.1'
		line $((t + 2)) 053 actions '[sshd] Restore Ban 192.0.2.1'
	} >"$lab/a.log"
	adds_nothing "$lab/a.log"
	look 'len(rows()) == 2'
}

@test "an unban after the clock was set back ends its ban" {
	ev ban 1790000000700000 0 --time 1790000000.5 --bantime 600 --failures 3
	ev unban 1789999945700000 1 --time 1790000000.5 --bantime 600 --failures 3
	look 'len(rows()) == 1 and rows()[0]["ended_why"] == "manual"'
}

@test "a ban that is restored often does not grow" {
	local i
	mkdir -p "$lab/spool" && chmod 700 "$lab/spool"
	ev ban ${t}000000 0 --time $t.0 --bantime -1 --failures 3 --restored 0
	for i in $(seq 150); do
		printf 'ban\0--at\0%s\0--jail\0sshd\0--id\000192.0.2.1\0--time\0%s\0--bantime\0-1\0--failures\0003\0--restored\0001\0--row\0000\0--tag\0000\0' \
		    $((t + i * 3600))000000 $t >"$lab/event.$(printf %03d "$i")"
	done
	replays "$lab"/event.*
	look 'rows()[0]["restored"] == 150'
	[ "$(sqlite3 "$lab/archive/archive.sqlite3" \
	    'SELECT json_array_length(signs) <= 64 FROM ban')" = 1 ]
}

@test "a failure too few before a ban by hand makes no ban" {
	ev ban $((t + 100))380000 0 --time $((t + 100)).372 --bantime 600 \
	    --failures 0 --restored 0
	{
		found $t 010 $t
		line $((t + 100)) 375 actions '[sshd] Ban 192.0.2.1'
	} >"$lab/a.log"
	adds_nothing "$lab/a.log"
	look 'len(rows()) == 1'
}

# at SECONDS VERB ID [TICKET]: an event of a permanent ban, so many seconds after $t
# by the clock of then. The ticket is of that time or of another one.
at() {
	by_clock "$((t + $1))" archive "$2" --jail perm --id "$3" \
	    --time "$((t + ${4-$1})).0" --bantime -1 --bancount 1 --failures 3 \
	    --restored 0
}

@test "a ban after the clock was set back lives, and the bans before it do not" {
	still_clock_build "$lab"
	# The one was lifted, and the unban of the other got lost.
	at 3600 ban 192.0.2.1
	at 3605 unban 192.0.2.1 3600
	at 400000000 ban 192.0.2.2
	at 0 ban 192.0.2.1
	at 0 ban 192.0.2.2
	look '[(r["ident"][-1], r["ended_why"]) for r in rows()] ==
	    [("1", None), ("2", None), ("1", "manual"), ("2", "inferred")]'
	# The next one ends them when it is made.
	at 10 ban 192.0.2.1
	at 10 ban 192.0.2.2
	look '[r["ended_us"] and r["ended_us"] // 10**6 - int(t)
	    for r in rows()][:4] == [10, 10, None, None]' t=$t
	archive verify
}

@test "a clock that is set back within a log makes no second ban" {
	{
		line 1709634240 010 actions '[sshd]   banTime: 3600'
		found 1709634299 900 1709634299
		line 1709634300 000 actions '[sshd] Ban 192.0.2.1'
		line 1709633822 000 server 'Starting Fail2ban v1.0.2'
		line 1709633822 060 actions '[sshd] Restore Ban 192.0.2.1'
		line 1709637900 100 actions '[sshd] Unban 192.0.2.1'
	} >"$lab/a.log"
	replays "$lab/a.log"
	look 'len(rows()) == 1'
	look 'rows()[0]["since_us"] == 1709634299000000'
	look 'rows()[0]["ended_us"] == 1709637900100000'
}
