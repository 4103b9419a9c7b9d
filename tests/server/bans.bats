#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Each ban of a real fail2ban is in the archive, as its own database has it.

load ../lib/server

@test "failing lines are a row, whole, within a second of the ban" {
	jail sshd maxretry=3
	server_start
	local n
	for n in 1 2 3 4 5 6 7 8; do
		fails sshd "auth failure user=root$n from 192.0.2.$n" \
		    "auth failure user=root$n from 192.0.2.$n" \
		    "auth failure user=root$n from 192.0.2.$n"
	done
	wait_for 10 logged '[sshd] Ban 192.0.2.8'
	within_a_second 'len(rows()) == 8 and all(same(r, {"failures": 3,
	    "seconds": 600, "origin": "log", "ended_us": None}) for r in rows())'
	# The log lines too, unless fail2ban's own thread was late to write them.
	look 'len([r for r in rows() if r["matches"]]) >= 4'
	archive reconcile
	look 'all(same_as_theirs("sshd", b["ip"], failures=3, bancount=1,
	    captures={"user": "root" + b["ip"][-1]}) for b in bans())'
	look 'all(len(r["matches"]) == 3 for r in rows())'
}

@test "the time of a ban is as exact as fail2ban gives it" {
	jail sshd
	server_start
	local past=$((EPOCHSECONDS - 9))
	at=$past.999999 fails sshd 'auth failure user=a from 192.0.2.1'
	at=$((past + 2)) fails sshd 'auth failure user=a from 192.0.2.2'
	at=$((past + 3)).500 fails sshd 'auth failure user=a from 192.0.2.3'
	at=$((past + 4)).500 fails sshd 'auth failure user=a from 192.0.2.4'
	at=$((past + 5)).500001 fails sshd 'auth failure user=a from 192.0.2.5'
	for host in 1 2 3 4 5; do
		eventually 'same_as_theirs("sshd", ip)' ip=192.0.2.$host
	done
	look 'all(r["since_us"] % 1000000 == us for r, us in zip(
	    [row("sshd", "192.0.2.%d" % n) for n in range(1, 6)],
	    [999999, 0, 500000, 500000, 500001]))'
}

@test "an IPv6 address and a network are bans like any other" {
	jail sshd
	server_start
	fails sshd 'auth failure user=six from 2001:db8::00ff' \
	    'network failure from 2001:db8:1::/48' \
	    'network failure from 198.51.100.0/28'
	eventually 'same_as_theirs("sshd", "2001:db8::ff", captures={"user": "six"})'
	eventually 'same_as_theirs("sshd", "2001:db8:1::/48")'
	eventually 'same_as_theirs("sshd", "198.51.100.0/28", ip=None)'
}

@test "a ban of an F-ID jail has its id, and the address where there is one" {
	jail web
	server_start
	fails web 'session id=s3ss10n from 192.0.2.20' 'token id=t0k3n refused'
	eventually 'same_as_theirs("web", "s3ss10n", ip="192.0.2.20")'
	eventually 'same_as_theirs("web", "t0k3n", ip=None)'
}

@test "a permanent ban has -1 seconds" {
	jail perm bantime=-1
	server_start
	fails perm 'auth failure user=x from 203.0.113.9'
	eventually 'same_as_theirs("perm", "203.0.113.9", seconds=-1)'
}

@test "bans by hand, of addresses, networks and any text, are manual ones" {
	jail sshd
	server_start
	client set sshd banip 192.0.2.30 2001:db8::30 203.0.113.0/29 'any text at all'
	local id
	for id in 192.0.2.30 2001:db8::30 203.0.113.0/29 'any text at all'; do
		eventually 'same_as_theirs("sshd", id, origin="manual", failures=0,
		    matches=[], captures={})' "id=$id"
	done
}

@test "banning by hand what is banned already changes nothing" {
	jail sshd
	server_start
	client set sshd banip 192.0.2.31
	eventually 'same_as_theirs("sshd", "192.0.2.31")'
	archive export >"$lab/before"
	client set sshd banip 192.0.2.31
	client set sshd banip 192.0.2.32
	soon 'len(rows()) == 2'
	archive export | head -n 1 | cmp - "$lab/before"
}

@test "hostile user names arrive as they are and run nothing" {
	jail sshd
	server_start
	cd "$lab/run"
	local n=0 name names=(
		"\"double\" 'single' \\back\\ \$(touch '$lab/pwned') \`touch '$lab/pwned'\`"
		'%(__name__)s %s%n <ip> <matches> $HOME ${IFS} ; | & > <'
		$'\e[31mred\e[0m \e]0;title\a \r over \b\b \x7f'
		$'caf\xc3\xa9 \xe2\x80\xae\xf0\x9f\x98\x80'
		$'bad \xff\xfe \xc0\xaf \xed\xa0\x80 utf-8'
		$'tab\there {"json": [1, "x"]} --jail x -1'
	)
	for name in "${names[@]}"; do
		fails sshd "auth failure user=$name from 192.0.2.$((++n))"
	done
	for ((; n > 0; n--)); do
		eventually 'same_as_theirs("sshd", ip)' ip=192.0.2.$n
	done
	[ ! -e "$lab/pwned" ]
	# On the way out it is text: nothing that a terminal would obey.
	archive list >"$lab/list"
	archive show 192.0.2.3 >"$lab/show"
	run -1 grep -lP '[\x00-\x08\x0b-\x1f\x7f]' "$lab/list" "$lab/show"
	grep -q red "$lab/show"
	iconv -f utf-8 -t utf-8 <(archive export) >"$lab/valid"
}

@test "hostile ids arrive as they are and run nothing" {
	jail web
	server_start
	local id ids=(
		"\"double\" 'single' \$(kill \$\$) \`kill \$\$\` \\"
		'%(__name__)s %s%n <ip> $HOME ; | & > <'
		$'\e[31mred\e[0m' '--help' '-c' $'caf\xc3\xa9'
	)
	for id in "${ids[@]}"; do
		fails web "session id=$id from 192.0.2.40"
	done
	for id in "${ids[@]}"; do
		eventually 'same_as_theirs("web", id, ip="192.0.2.40")' "id=$id"
	done
	archive list >"$lab/list"
	run -1 grep -lP '[\x00-\x08\x0b-\x1f\x7f]' "$lab/list"
}

@test "an id that is no UTF-8 is one row, in valid UTF-8" {
	jail web
	server_start
	fails web $'session id=bad\xff\xfeid from 192.0.2.41'
	soon 'len(bans()) == 1 and len(rows()) == 1'
	client set web banip after
	soon 'len(rows()) == 2'
	archive reconcile
	look 'len(rows()) == 2 and rows()[0]["failures"] == 1'
	iconv -f utf-8 -t utf-8 <(archive export) >"$lab/valid"
}

@test "a log line of three megabytes stalls nothing" {
	jail sshd
	server_start
	{
		printf '%s lab: auth failure user=' "$EPOCHREALTIME"
		head -c 3000000 /dev/zero | tr '\0' x
		echo ' from 192.0.2.50'
	} >>"$lab/log/sshd"
	soon 'len(called("ban", "sshd", "192.0.2.50")) == 1'
	fails sshd 'auth failure user=next from 192.0.2.51'
	eventually 'same_as_theirs("sshd", "192.0.2.51")'
	look 'row("sshd", "192.0.2.50")["ended_us"] is None'
	look '"ERROR" not in log()'
}

@test "an increased ban time is right after the prolong, and in the next ban" {
	jail incr "bantime=$briefly" bantime.increment=true
	server_start
	fails incr 'auth failure user=x from 203.0.113.50'
	soon 'ended("incr", "203.0.113.50", "expired")'
	fails incr 'auth failure user=x from 203.0.113.50'
	soon 'len(called("prolong", "incr", "203.0.113.50")) == 1'
	eventually 'same(rows()[1], theirs("incr", "203.0.113.50", bancount=2,
	    seconds=int(called("prolong", "incr", "203.0.113.50")[0]["bantime"])))'
	look 'rows()[1]["seconds"] > int(s) and rows()[0]["seconds"] == int(s)' \
	    "s=$briefly"
	soon 'rows()[1]["ended_why"] == "expired"'
	look 'rows()[1]["ended_us"] >=
	    rows()[1]["since_us"] + rows()[1]["seconds"] * 1000000'
	look 'len(rows()) == 2'
}

@test "an increased ban time is found by reconcile where no prolong came" {
	jail incr "bantime=$briefly" bantime.increment=true bantime.factor=10
	sed -i '/^actionprolong/d' "$lab/etc/action.d/fail2ban-archive.conf"
	server_start
	fails incr 'auth failure user=x from 203.0.113.51'
	soon 'ended("incr", "203.0.113.51", "expired")'
	fails incr 'auth failure user=x from 203.0.113.51'
	soon 'len(rows()) == 2 and bans()[1]["bantime"] > int(s)' "s=$briefly"
	archive reconcile
	look 'same(rows()[1], theirs("incr", "203.0.113.51", bancount=2))'
	look 'calls("prolong") == []'
}

@test "a random part of the ban time is whole seconds in the archive" {
	jail incr bantime=60 bantime.increment=true bantime.rndtime=50
	server_start
	fails incr 'auth failure user=x from 203.0.113.53'
	soon 'len(bans()) == 1 and len(rows()) == 1'
	archive reconcile
	look 'same_as_theirs("incr", "203.0.113.53", seconds=int(bans()[0]["bantime"]))'
}

@test "two jails may ban one address: two rows" {
	jail sshd
	jail web bantime=3600
	server_start
	fails sshd 'auth failure user=x from 192.0.2.60'
	fails web 'auth failure user=y from 192.0.2.60'
	eventually 'same_as_theirs("sshd", "192.0.2.60", captures={"user": "x"})'
	eventually 'same_as_theirs("web", "192.0.2.60", captures={"user": "y"})'
}

@test "more failures than fail2ban keeps log lines of are counted all the same" {
	jail sshd maxretry=14 maxmatches=12
	server_start
	local n
	for ((n = 0; n < 14; n++)); do
		fails sshd "auth failure user=many$n from 192.0.2.61"
	done
	eventually 'same_as_theirs("sshd", "192.0.2.61", failures=14)'
	look 'len(row("sshd", "192.0.2.61")["matches"]) ==
	    len(__import__("json").loads(bans()[0]["data"])["matches"])'
}

@test "evidence turned off leaves only numbers" {
	config 'evidence = "none";'
	jail sshd
	server_start
	fails sshd 'auth failure user=secret from 192.0.2.62'
	eventually 'same(dict(row("sshd", "192.0.2.62"), seen=None), theirs("sshd",
	    "192.0.2.62", matches=None, captures=None, seen=None))'
	archive reconcile
	look 'row("sshd", "192.0.2.62")["matches"] is None'
	run -1 grep -r secret "$lab/archive"
}

@test "where there is no database, the log lines come from the action's tag" {
	config 'evidence = "tag";' 'fail2ban_database = "";'
	server_config 'dbfile = None'
	sed -i 's/^action = fail2ban-archive\[/&evidence="tag", /' \
	    "$lab/etc/jail.conf"
	jail sshd maxretry=2
	server_start
	fails sshd "auth failure user=\"a\" \$(touch '$lab/pwned') from 192.0.2.64" \
	    'auth failure user=b from 192.0.2.64'
	soon 'same(row("sshd", "192.0.2.64"), {"failures": 2, "seconds": 600,
	    "seen": ["event"], "origin": "log"})'
	look 'len(row("sshd", "192.0.2.64")["matches"]) == 2 and
	    "touch" in row("sshd", "192.0.2.64")["matches"][0]'
	[ ! -e "$lab/pwned" ]
	# Lines too long for one argument: fail2ban's own message is the worst.
	{
		printf '%s lab: auth failure user=' "$EPOCHREALTIME"
		head -c 131065 /dev/zero | tr '\0' x
		echo ' from 192.0.2.65'
	} >>"$lab/log/sshd"
	at=$EPOCHREALTIME fails sshd 'auth failure user=b from 192.0.2.65'
	client set sshd banip 192.0.2.66
	soon 'row("sshd", "192.0.2.66")["ended_us"] is None'
}

@test "no more log lines are kept than max_matches says" {
	config 'max_matches = 2;'
	jail sshd maxretry=5
	server_start
	local n
	for n in 1 2 3 4 5; do
		fails sshd "auth failure user=u$n from 192.0.2.63"
	done
	eventually 'len(row("sshd", "192.0.2.63")["matches"]) == 2'
	look 'row("sshd", "192.0.2.63")["failures"] == 5'
	archive reconcile
	look 'len(row("sshd", "192.0.2.63")["matches"]) == 2'
}
