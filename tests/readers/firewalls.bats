#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# nft and ipset load the lists of export --list, each in a network of its own: the
# firewall of this machine is not touched.

load ../lib/server

setup() {
	lab_setup
	jq -cn 'range(3000) | {jail: "sshd", ident: "198.51.\(. / 250 | floor).\(. % 250)",
	    since_us: ((1700000000 + .) * 1000000)}' >"$lab/bans.jsonl"
	jq -cn '("2001:db8::/32", "2001:db8::1", "192.0.2.0/25", "192.0.2.128/25",
	    "192.0.2.7", "user", "203.0.113.9") | {jail: "web", ident: .,
	    since_us: 1700000000000000}' >>"$lab/bans.jsonl"
	status 0 archive replay "$lab/bans.jsonl"
}

# alone COMMAND...: run it where no network is.
alone() { unshare --net "$@"; }

# list FILE WORD...
list() { archive export --list "${@:2}" >"$lab/$1" 2>"$lab/err"; }

# loaded: the elements of a set that nft lists as JSON, one on a line.
loaded() {
	jq -r '.nftables[] | .set? // empty | .elem // [] | .[] |
	    if type == "object" then "\(.prefix.addr)/\(.prefix.len)" else . end' |
		sort
}

@test "nft loads the list, and loads it again over an older one" {
	list nets --format nft
	list plain
	alone nft -c -f "$lab/nets"
	echo 'add element inet fail2ban-archive banned4 { 203.0.113.200 }' >"$lab/older"
	# shellcheck disable=SC2016 # the inner shell expands it
	alone sh -euc 'nft -f "$LAB/nets"; nft -f "$LAB/older"; nft -f "$LAB/nets"
		nft -j list ruleset' >"$lab/loaded"
	# nft leaves out what is inside of a network, and nothing else.
	diff <(loaded <"$lab/loaded") \
	    <(grep -vx -e 192.0.2.7 -e 2001:db8::1 "$lab/plain" | sort)
	[ "$(loaded <"$lab/loaded" | wc -l)" -eq 3004 ]
}

@test "nft loads a list of all addresses, and one of nothing, of one family" {
	list nets --format nft --family 6
	run ! grep -q banned4 "$lab/nets"
	list none --format nft --jail none
	list joined --format nft --aggregate
	jq -cn '("0.0.0.0/0", "::/0") | {jail: "all", ident: ., since_us: 1700000000000000}' \
	    >"$lab/all.jsonl"
	status 0 archive replay "$lab/all.jsonl"
	list all --format nft
	local file
	for file in nets none joined all; do alone nft -c -f "$lab/$file"; done
}

@test "the manual's rule blocks what is in the sets" {
	list nets --format nft
	sed -n '/^\.It Sy nft/,/^\.It Sy ipset/p' "$root/helper/dist/fail2ban-archive.8" |
	    awk '/^\.Ed/ { on = 0 } on; /^\.Bd/ { on = 1 }' >"$lab/rule"
	grep -q 'saddr @banned6 drop' "$lab/rule"
	# shellcheck disable=SC2016
	alone sh -euc 'nft -f "$LAB/nets"; nft -f "$LAB/rule"; nft -f "$LAB/nets"'
}

@test "ipset loads the list, and loads it again over an older one" {
	list nets --format ipset
	list plain
	# shellcheck disable=SC2016
	alone sh -euc 'ipset restore <"$LAB/nets"
		ipset add fail2ban-archive4 203.0.113.200
		ipset restore <"$LAB/nets"; ipset list -o save' >"$lab/loaded"
	diff <(sed -n 's/^add fail2ban-archive[46] //p' "$lab/loaded" | sort) \
	    <(sort "$lab/plain")
	run ! grep -q -e -new "$lab/loaded"
}

@test "ipset loads a list of all addresses" {
	jq -cn '("0.0.0.0/0", "::/0") | {jail: "all", ident: ., since_us: 1700000000000000}' \
	    >"$lab/all.jsonl"
	status 0 archive replay "$lab/all.jsonl"
	list all --format ipset
	# shellcheck disable=SC2016
	alone sh -euc 'ipset restore <"$LAB/all"
		ipset test fail2ban-archive4 203.0.113.200
		ipset test fail2ban-archive6 2001:db8:ffff::1'
}
