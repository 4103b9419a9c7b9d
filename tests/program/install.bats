#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# install.sh archives the bans of fail2ban, from before and from then on.
#
# $lab and the like are from lib/server and lib/install; a stub's text is for
# another shell than this one.
# shellcheck disable=SC2016,SC2154

load ../lib/server
load ../lib/install

@test "a ban after the installation is in the archive at once, and the jail's own action still runs" {
	server_start
	status 0 installer
	says 'From now on these jails are archived: sshd'
	[[ $said != *'does not run'* ]]
	login_fails 192.0.2.10
	wait_for 15 is_archived sshd 192.0.2.10
	grep -qx 192.0.2.10 "$lab/banned"
}

@test "what was banned before the installation is archived by it" {
	server_start
	client set sshd banip 192.0.2.11
	status 0 installer
	says '1 bans are archived'
	is_archived sshd 192.0.2.11
}

@test "a live ban stays live through the installation" {
	server_start
	client set sshd banip 192.0.2.12
	status 0 installer
	wait_for 15 eval 'client get sshd banip | grep -q 192.0.2.12'
}

@test "a second run changes no file and restarts no jail" {
	server_start
	status 0 installer
	has_action sshd
	[ "$(restarts sshd)" -eq 1 ]
	before=$(snapshot "$scratch"/{etc,usr})
	status 0 installer
	diff <(echo "$before") <(snapshot "$scratch"/{etc,usr})
	[ "$(restarts sshd)" -eq 1 ]
}

@test "all enabled jails get the action, and a jail enabled later gets it from another run" {
	jail first enabled=true filter=sshd "logpath=$lab/log/first"
	jail off filter=sshd "logpath=$lab/log/off"
	server_start
	status 0 installer
	has_action sshd
	has_action first
	[ "$(grep -c '^\[' "$jail_file")" -eq 2 ]

	jail later enabled=true filter=sshd "logpath=$lab/log/later"
	client reload
	status 0 installer
	has_action later
	[ "$(restarts sshd)" -eq 1 ]
}

@test "--jail turns the action on in the named jails only" {
	for name in first second third; do
		jail "$name" enabled=true filter=sshd "logpath=$lab/log/$name"
	done
	server_start
	status 0 installer --jail first --jail third --jail first
	has_action first
	has_action third
	lacks_action sshd
	lacks_action second
}

@test "--jail with a name that is not enabled changes nothing and names those that are" {
	before=$(snapshot "$scratch")
	status 1 installer --jail nonesuch
	says 'nonesuch'
	says 'sshd'
	unchanged_since "$before"
}

@test "a jail whose name is not plain is left out with a warning, the others are archived" {
	jail 'a$(touch pwned)' enabled=true filter=sshd "logpath=$lab/log/sshd"
	jail "it's" enabled=true filter=sshd "logpath=$lab/log/sshd"
	status 0 installer
	says 'left out'
	says 'pwned'
	says "it's"
	[ "$(grep '^\[' "$jail_file")" = '[sshd]' ]
	[ -z "$(find "$tree" "$lab" -name pwned)" ]
}

@test "without a running fail2ban all is put in place, and the server started later archives" {
	status 0 installer
	says 'fail2ban does not run'
	server_start
	login_fails 192.0.2.13
	wait_for 15 is_archived sshd 192.0.2.13
}

@test "a log file that is missing does not stop the installation, and is named" {
	rm "$lab/log/sshd"
	status 0 installer
	says 'It cannot start: Have not found any log file for '
	grep -qx '\[sshd\]' "$jail_file"
}

@test "an upgrade keeps the configuration" {
	status 0 installer
	echo 'interval = 60;' >>"$scratch/etc/fail2ban-archive.cfg"
	before=$(snapshot "$scratch/etc/fail2ban-archive.cfg")
	status 0 installer
	diff <(echo "$before") <(snapshot "$scratch/etc/fail2ban-archive.cfg")
}

@test "an upgrade with another action is taken up by the running jails, without a restart" {
	server_start
	status 0 installer
	cp -a "$tree" "$lab/upgrade"
	sed -i 's/^timeout *=.*/timeout = 7/' "$lab/upgrade/action.d/fail2ban-archive.conf"
	tree=$lab/upgrade status 0 installer
	[ "$(client get sshd action fail2ban-archive timeout)" = 7 ]
	[ "$(restarts sshd)" -eq 1 ]
}

@test "an upgrade from one program to two loses no ban while fail2ban runs" {
	server_start
	status 0 installer
	# Before, one program was all there was.
	sed -i "s|$installed-event|$installed|" "$jail_file"
	client reload
	rm "$installed-event"
	[ "$(client get sshd action fail2ban-archive helper)" = "$installed" ]
	client set sshd banip 192.0.2.31
	bans() {
		local n
		for ((n = 32; n < 250; n++)); do
			client set sshd banip "192.0.2.$n"
			[ ! -e "$lab/upgraded" ] || break
		done >"$lab/out"
		echo "$n" >"$lab/last"
	}
	bans 3>&- &
	status 0 installer
	: >"$lab/upgraded"
	wait $!
	[ -x "$installed-event" ]
	run ! logged 'returned 127'
	run ! logged 'Failed to execute ban'
	local n last
	last=$(cat "$lab/last")
	for ((n = 31; n <= last; n++)); do is_archived sshd "192.0.2.$n"; done
}

@test "with fail2ban stopped the bans of its database are archived, and events find it from the first on" {
	server_start
	client set sshd banip 192.0.2.15
	server_stop
	status 0 installer
	is_archived sshd 192.0.2.15
	says 'fail2ban does not run'
	[ "$(readlink "$scratch/var/lib/fail2ban-archive/archive.sqlite3.fail2ban")" = \
		"$lab/fail2ban.sqlite3" ]
	server_start
	login_fails 192.0.2.16
	wait_for 15 is_archived sshd 192.0.2.16
	"$installed" -c "$scratch/etc/fail2ban-archive.cfg" show 192.0.2.16 |
		grep -q 'Failed password for invalid user alice'
}

@test "the months before are archived: the whole database and all logs, packed ones too" {
	server_start
	client set sshd banip 192.0.2.17
	server_stop
	sqlite3 "$lab/fail2ban.sqlite3" "INSERT INTO bans VALUES ('sshd', '192.0.2.18',
	    1700000000, 600, 1, '{\"matches\": [], \"failures\": 3}')"
	log_line() {
		echo "$1 fail2ban.actions        [7]: NOTICE  [sshd] Ban $2"
	}
	log_line '2024-03-05 10:00:01,122' 192.0.2.19 >"$lab/fail2ban.log.1"
	log_line '2024-02-05 10:00:01,122' 192.0.2.20 | gzip >"$lab/fail2ban.log.2.gz"
	server_start
	status 0 installer --no-history
	is_archived sshd 192.0.2.17
	run ! is_archived sshd 192.0.2.18
	run ! is_archived sshd 192.0.2.19
	status 0 installer
	for n in 17 18 19 20; do is_archived sshd 192.0.2.$n; done
}

@test "a log that cannot be read does not fail the installation" {
	head -c 5000 /dev/zero | tr '\0' x >"$lab/fail2ban.log.1.xz"
	mkdir "$lab/fail2ban.log.d"
	server_start
	status 0 installer
	has_action sshd
}

@test "an action with name= is named" {
	echo 'action = fail2ban-archive[name=SSH]' >>"$lab/etc/jail.local"
	cp "$tree/action.d/fail2ban-archive.conf" "$lab/etc/action.d"
	status 0 installer
	says 'has name= or actname='
	says 'fail2ban-archive-SSH'
}

@test "man is not named where there is none" {
	bare_installer --help >"$lab/out"
	rm "$lab/tools/man"
	ln -s "$(command -v fail2ban-client)" "$(command -v fail2ban-server)" "$lab/tools"
	status 0 bare_installer
	says 'fail2ban-archive --help'
	[[ $said != *'man fail2ban-archive'* ]]
}
