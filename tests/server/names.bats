#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The jail's name, on its way from fail2ban through the shell to the archive. The
# names have characters that the shell would expand. $lab is from lib/server.
# shellcheck disable=SC2016,SC2154

load ../lib/server

# one_ban_of JAIL: the archive has one ban, of that jail, seen by both witnesses.
one_ban_of() {
	eventually 'row(jail, "192.0.2.10")' "jail=$1"
	archive reconcile
	! logged 'returned 127'
	! logged 'not found'
	look '[(r["jail"], r["seen"]) for r in rows()] ==
	    [(jail, ["event", "database"])]' "jail=$1"
}

# action_with PARAMETERS: the jail's action, with these in front of the usual ones.
action_with() {
	echo "action=fail2ban-archive[$1, helper=\"$lab/helper\", config=\"$lab/archive.cfg\"]"
}

@test "a jail's name reaches the archive as it is, whatever the shell makes of its characters" {
	local names=('wp "admin"' 'a$(touch pwned)b' 'a`touch pwned`b' 'back\slash\\n'
		"it's" '$HOME' ' two  blanks' 'a;b|c&d' '-n') name n=0
	for name in "${names[@]}"; do
		n=$((n + 1))
		printf '[%s]\nlogpath = %s\n' "$name" "$lab/log/all" \
			>"$lab/etc/jail.d/$n.conf"
	done
	: >"$lab/log/all"
	server_start
	fails all 'auth failure user=a from 192.0.2.10'
	soon 'len(bans()) == int(n) and len(rows()) == int(n)' "n=$n"
	archive reconcile
	look '{r["jail"] for r in rows()} == {b["jail"] for b in bans()} and
	    len(rows()) == int(n)' "n=$n"
	look 'all(r["seen"] == ["event", "database"] for r in rows())'
	for name in "${names[@]}"; do
		[ "$name" = ' two  blanks' ] || look 'name in {r["jail"] for r in rows()}' "name=$name"
	done
	look '{c["action"] for c in calls("ban")} == {"fail2ban-archive"}'
	# The unbans and the flushes name the same jails.
	client unban --all
	archive reconcile
	look 'all(r["ended_why"] in ("manual", "flushed") for r in rows())'
	[ -z "$(find / -maxdepth 1 -name pwned)$(find "$lab" -name pwned)" ]
}

@test "an action called with name=, as the others of the jail are, makes no second ban" {
	jail sshd "$(action_with name=SSH)"
	server_start
	fails sshd 'auth failure user=a from 192.0.2.10'
	one_ban_of sshd
}

@test "a name= that begins with the jail's name makes no second ban" {
	jail sshd "$(action_with name=sshd-archive)"
	server_start
	fails sshd 'auth failure user=a from 192.0.2.10'
	one_ban_of sshd
}

@test "name= and the jail's own name in one: the jail's name is taken" {
	jail sshd "$(action_with 'name=%(__name__)s')"
	server_start
	fails sshd 'auth failure user=a from 192.0.2.10'
	one_ban_of sshd
}

@test "an event with name= that fail2ban's database does not explain fails and says so" {
	archive reconcile || true
	status 78 archive flush --jail SSH --action fail2ban-archive-SSH
	says 'remove the parameter name=SSH'
	status 78 archive ban --jail SSH --action fail2ban-archive-SSH \
	    --id 192.0.2.1 --time 1795458480.5
	status 0 archive ban --jail sshd --action fail2ban-archive \
	    --id 192.0.2.1 --time 1795458480.5
	look '[r["jail"] for r in rows()] == ["sshd"]'
}

@test "check names a jail without the action, and an action with name=" {
	config 'interval = 300;'
	jail sshd
	server_start
	archive reconcile
	status 0 archive check
	says 'OK: last reconcile'
	jail bare action=
	jail other "$(action_with name=SSH)"
	client reload
	status 1 archive check
	says 'jails without the action, which ./install.sh turns on: bare'
	says 'jail other: remove the parameter name=SSH'
	# An action whose helper is gone archives nothing.
	sed -i "s|$lab/helper|$lab/gone|" "$lab/etc/jail.conf"
	client reload
	status 2 archive check
	says "jail sshd: its action calls $lab/gone, which cannot be run (No such file or directory): run ./install.sh"
	sed -i "s|$lab/gone|$lab/helper|" "$lab/etc/jail.conf"
	server_stop
	status 0 archive check
	says 'the jails are not known'
}
