#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A ban is active while a running server has it, as far as the archive can know.

load ../lib/server

# active ID...: list --active and export --active have just these ids.
active() {
	local want=$*
	[ "$(archive export --active | sed 's/.*"ident":"\([^"]*\)".*/\1/' |
		sort | paste -sd ' ')" = "$want" ] || return 1
	[ "$(archive list --active | grep -c ' active$')" -eq $# ]
}

@test "a ban is ending while the server is stopped, and active once it is back" {
	jail sshd
	server_start
	client set sshd banip 192.0.2.1 198.51.100.0/28 >/dev/null
	soon 'len(rows()) == 2'
	active 192.0.2.1 198.51.100.0/28
	archive show 198.51.100.7 | grep -q 'banned in sshd: 198\.51\.100\.0/28$'
	server_stop
	active
	[ "$(archive list | grep -c ' ending$')" -eq 2 ]
	server_start
	soon 'len(rows()) == 2 and all(r["restored"] == 1 for r in rows())'
	active 192.0.2.1 198.51.100.0/28
	client set sshd unbanip 192.0.2.1 >/dev/null
	eventually 'row("sshd", "192.0.2.1")["ended_why"] == "manual"'
	active 198.51.100.0/28
}

@test "a ban of unknown ban time is active once the server says that it has it" {
	jail sshd
	server_start
	client set sshd banip 192.0.2.1 >/dev/null
	wait_for $((15 * slowness)) logged 'Ban 192.0.2.1'
	eventually 'len(rows()) == 1 and len(bans()) == 1'
	# Only a line of the log is left of it, stamped before the server's start, and
	# one of a ban that the server has not.
	command sqlite3 "$lab/fail2ban.sqlite3" 'DELETE FROM bans; DELETE FROM bips'
	rm -r "$lab/archive"
	sed -n 's/^[^,]*\(,.* Ban 192\.0\.2\.\)1$/2022-06-12 02:24:31\11/p' \
	    "$lab/fail2ban.log" >"$lab/old.log"
	sed 's/1$/2/' "$lab/old.log" >>"$lab/old.log.2"
	status 0 archive replay "$lab/old.log" "$lab/old.log.2"
	[ "$(archive list | grep -c ' unknown$')" -eq 2 ]
	active
	archive reconcile
	active 192.0.2.1
}
