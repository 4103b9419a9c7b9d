#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# push brings what changed into the PostgreSQL of a fleet: each ban once, with all
# its fields, whatever happens in between.

load ../lib/server
load ../lib/fleet

setup() {
	lab_setup
	fleet_start
	fleet_init
}

teardown() {
	fleet_stop
	lab_teardown
}

@test "what is archived is pushed with all its fields, then what changed" {
	local now=$EPOCHSECONDS
	machine 'web 1'
	ev 'web 1' ban 192.0.2.1 "$now.25"
	ev 'web 1' ban 2001:db8::1 "$now.50"
	push 'web 1'
	same_there 'web 1'
	ev 'web 1' unban 192.0.2.1 "$now.25"
	ev 'web 1' ban 192.0.2.3 "$now.75"
	push 'web 1'
	same_there 'web 1'
	[ "$(sql 'SELECT count(*) FROM fail2ban_archive.ban')" -eq 3 ]
	[ "$(state 'web 1' rev)" = "$(sql 'SELECT last_rev FROM fail2ban_archive.host')" ]
}
