#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# check beside a real server: what it finds of its jails, and after a restart.
# $lab is from lib/server.
# shellcheck disable=SC2154

load ../lib/server

# two_bans: the jail sshd has banned two ids, and both are archived.
two_bans() {
	jail sshd
	server_start
	fails sshd 'auth failure user=a from 192.0.2.10' \
	    'auth failure user=b from 2001:db8::1'
	eventually 'len(rows()) == 2'
	archive reconcile
}

# it_forgets: fail2ban has lost its database, and finds no failures in the log.
it_forgets() {
	rm "$lab/fail2ban.sqlite3"
	: >"$lab/log/sshd"
}

# answers WORDS: check --after-restart says them, if need be after a reconcile.
answers() {
	archive reconcile
	archive check --after-restart >"$lab/answer" || true
	grep -qF "$1" "$lab/answer"
}

@test "check finds each jail of a real server, and what the server remembers" {
	config 'interval = 300;'
	two_bans
	status 0 archive check -v
	says 'OK: last reconcile'
	says 'OK jails: 1 of 1 jails are archived'
	says 'OK dbpurgeage: fail2ban remembers a ban for 86400 s'
	says 'OK silence: no jail has died quietly'
	says "OK database: $lab/fail2ban.sqlite3 can be read"
	says 'live=2;;;0 bans=2c'
	status 0 archive check --format json
	jq -e '.data.jails.sshd == 2 and .data.discovery[0]."{#COVERED}" == 1' <<<"$said"
	# The command that mends is one that the server takes.
	client set dbpurgeage 100
	status 1 archive check -v
	[[ $said =~ 'Run: fail2ban-client '(set dbpurgeage [0-9]+) ]]
	# shellcheck disable=SC2086 # words
	client ${BASH_REMATCH[1]}
	status 0 archive check
}

@test "after a restart that keeps all bans, all are live in both" {
	two_bans
	server_stop
	status 3 archive check --after-restart
	server_start
	wait_for 10 answers '2 live in fail2ban, 2 live here, 0 were ended by the restart'
	grep -q '^fail2ban-archive OK: ' "$lab/answer"
}

@test "the bans that a restart ended are counted" {
	two_bans
	server_stop
	it_forgets
	server_start
	wait_for 10 answers '0 live in fail2ban, 0 live here, 2 were ended by the restart'
	grep -q '^fail2ban-archive OK: ' "$lab/answer"
}

@test "after a server was killed and has lost its database, its bans are missed first" {
	two_bans
	server_kill
	it_forgets
	server_start
	wait_for 10 answers '0 live in fail2ban, 2 live here'
	status 1 archive check --after-restart -v
	says 'fail2ban lacks 2 that live here'
	says 'Run: fail2ban-archive reban --live --dry-run'
	wait_for 20 answers '0 live here, 2 were ended by the restart'
}
