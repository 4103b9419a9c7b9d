#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# reban --list bans a block list in a jail of a real server. However often it is
# cut off, each id is banned once and has one row.

load ../lib/server
load ../lib/archives
load ../lib/reban

# own: an address of this machine that is no loopback; none where it has none.
own() {
	awk '/32 host LOCAL/ && last !~ /^127\./ { print last; exit }
	    { last = $2 }' /proc/net/fib_trie
}

@test "a list is banned, without the addresses that would lock an administrator out" {
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

# would_ban: print the ids that a dry run of the list on standard input bans.
would_ban() {
	status 0 archive reban --list - --jail hand --dry-run
	sed -n 's/^would ban \(.*\) in hand$/\1/p' <<<"$said" | LC_ALL=C sort
}

@test "what fail2ban-client prints of a jail is a list for another jail" {
	jail sshd
	jail web
	jail hand
	server_start
	printf '%s\n' 192.0.2.10 192.0.2.11 198.51.100.0/24 2001:db8::1 |
	    LC_ALL=C sort >"$lab/ids"
	bans sshd <"$lab/ids"
	client get sshd banip | tee "$lab/banip" | would_ban | diff "$lab/ids" -
	[ "$(wc -l <"$lab/banip")" -eq 1 ]
	client get sshd banip --with-time | would_ban | diff "$lab/ids" -
	client get sshd banip $'\n' | would_ban | diff "$lab/ids" -
	client status sshd | would_ban | diff "$lab/ids" -
	client banned | would_ban | diff "$lab/ids" -
	archive export --active | would_ban | diff "$lab/ids" -
	archive export --active --format csv | would_ban | diff "$lab/ids" -
	# An id that is no address makes the line bad, and no other id is left out.
	echo session-1 | bans sshd
	status 65 archive reban --list - --jail hand --dry-run \
	    < <(client get sshd banip)
	says 'line 1: session-1: not an address'
}

@test "a line with a wrong address bans no other address, and each form is read" {
	jail hand
	server_start
	archive reconcile
	printf '%s\n' '198.51.100.000 - 198.51.100.255 , 000 , some network' \
	    '198.51.100.1/33 203.0.113.9' \
	    'Your IP 203.0.113.7 has been blocked' >"$lab/list1"
	would_ban <"$lab/list1" | diff <(echo 198.51.100.0/24) -
	status 0 archive reban --list "$lab/list1" --jail hand
	says '1 sent'
	says 'line 2: 198.51.100.1/33: not an address'
	says '2 bad'
	wait_for 20 has_banned 1 hand
	[ "$(held)" = 'hand 198.51.100.0/24' ]
	client set hand unbanip 198.51.100.0/24 >/dev/null

	cat >"$lab/list2" <<-'END'
		{"meta": {"ip": "203.0.113.7"}, "data": [
		  {"ipAddress": "192.0.2.10", "abuseConfidenceScore": 100},
		  {"ipAddress": "192.0.2.999"}
		]}
	END
	would_ban <"$lab/list2" | diff <(echo 192.0.2.10) -
	status 0 archive reban --list "$lab/list2" --jail hand
	says 'line 1: 192.0.2.999: not an address'
	says '1 sent'
	says '1 bad'
}

# The set of nftables that fail2ban makes takes single addresses only.
@test "a network for a set of nftables that takes none is named" {
	cat >"$lab/etc/action.d/nftables-lab.conf" <<-'END'
		[Definition]
		actionstart = <nft> add set inet t s \{ type ipv4_addr\; \}
		actionban = <nft> add element inet t s \{ <ip> \}
		[Init]
		nft = true
	END
	sed 's/;/& flags interval\\;/' "$lab/etc/action.d/nftables-lab.conf" \
	    >"$lab/etc/action.d/nftables-wide.conf"
	jail singles 'action = nftables-lab'
	jail wide 'action = nftables-wide'
	jail bare
	server_start
	archive reconcile
	printf '%s\n' 203.0.113.1 198.51.100.0/25 198.51.100.128/26 >"$lab/list1"
	status 0 archive reban --list "$lab/list1" --jail singles --dry-run
	says 'jail singles: the set of its action nftables-lab takes no network such as 198.51.100.0/25'
	[ "$(grep -c 'takes no network' <<<"$said")" -eq 1 ]
	local name
	for name in wide bare; do
		status 0 archive reban --list "$lab/list1" --jail "$name"
		[[ $said != *'no network'* ]]
	done
	echo 203.0.113.1 >"$lab/list2"
	status 0 archive reban --list "$lab/list2" --jail singles
	[[ $said != *'no network'* ]]
}

# a_list JAIL NUMBER: twice, and then with --force.
twice() {
	v6 1 "$2" >"$lab/list1"
	status 0 archive reban --list "$lab/list1" --jail "$1"
	says "$2 sent"
	wait_for 600 has_banned "$2" "$1"
	# fail2ban writes its database after that.
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
	config "run_deadline = $((60 * slowness));"
	jail bare action=
	server_start
	twice bare $((20000 / slow_build))
}

@test "a long list is sent once, and each of its bans is archived" {
	local n=200
	[ "${SOAK:-0}" = 1 ] && n=20000
	config "run_deadline = $((60 * slowness));"
	jail sshd
	server_start
	twice sshd "$n"
	look 'len(calls("ban")) == int(n) and spooled() == []' "n=$n"
}

@test "a list that is cut off again and again is banned once, in the end" {
	# shellcheck disable=SC2034 # cut_off counts them
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
