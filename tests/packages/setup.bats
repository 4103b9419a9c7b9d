#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# fail2ban-archive-setup turns the action on and off, where the program came from a
# package, and no tree is there.
#
# $lab and the like are from lib/server and lib/install; a stub's text is for
# another shell than this one.
# shellcheck disable=SC2016,SC2154

load ../lib/server
load ../lib/install

# Install as a package does: the files are in place, and nothing is turned on.
place() {
	make -s -C "$tree" install DESTDIR="$scratch" "$@"
	printf '%s = "%s";\n' archive "$scratch/var/lib/fail2ban-archive/archive.sqlite3" \
		spool "$scratch/var/lib/fail2ban-archive/spool" \
		fail2ban_socket "$lab/run/sock" >"$scratch/etc/fail2ban-archive.cfg"
	set_up=$scratch/usr/local/sbin/fail2ban-archive-setup
	cd /
}

@test "setup turns the action on in all enabled jails, and archives the bans of before" {
	server_start
	client set sshd banip 192.0.2.11
	place
	lacks_action sshd
	status 0 "$set_up"
	says 'From now on these jails are archived: sshd'
	is_archived sshd 192.0.2.11
	login_fails 192.0.2.10
	wait_for 15 is_archived sshd 192.0.2.10
	before=$(snapshot "$scratch"/{etc,usr})
	status 0 "$set_up"
	diff <(echo "$before") <(snapshot "$scratch"/{etc,usr})
	[ "$(restarts sshd)" -eq 1 ]
}

@test "setup --jail turns the action on in that jail only" {
	jail first enabled=true filter=sshd "logpath=$lab/log/first"
	server_start
	place
	status 0 "$set_up" --jail first --no-history
	has_action first
	lacks_action sshd
	[[ $said != *'bans of before'* ]]
}

@test "setup --uninstall turns the action off, and keeps the program and the archive" {
	server_start
	place
	before=$(snapshot "$scratch"/{etc,usr})
	status 0 "$set_up"
	has_action sshd
	status 0 "$set_up" --uninstall
	lacks_action sshd
	diff <(echo "$before") <(snapshot "$scratch"/{etc,usr})
	[ -s "$scratch/var/lib/fail2ban-archive/archive.sqlite3" ]
}

@test "setup --uninstall is refused while another file turns the action on, and changes nothing" {
	server_start
	place
	status 0 "$set_up"
	printf '[sshd]\naction = fail2ban-archive\n' >"$lab/etc/jail.d/mine.local"
	before=$(snapshot "$scratch"/{etc,usr})
	status 1 "$set_up" --uninstall
	says mine.local
	diff <(echo "$before") <(snapshot "$scratch"/{etc,usr})
	status 0 "$set_up" --uninstall --force
	says 'the action stays on'
	[ -s "$lab/etc/action.d/fail2ban-archive.conf" ]
}

@test "setup --reload has the running jails read a changed action, and restarts none" {
	server_start
	place
	status 0 "$set_up"
	sed -i 's/^timeout *=.*/timeout = 7/' "$lab/etc/action.d/fail2ban-archive.conf"
	status 0 "$set_up" --reload
	[ "$(client get sshd action fail2ban-archive timeout)" = 7 ]
	[ "$(restarts sshd)" -eq 1 ]
	status 0 "$set_up" --uninstall
	status 0 "$set_up" --reload
	lacks_action sshd
}

@test "a dry run of setup names its steps and changes nothing" {
	server_start
	place
	before=$(snapshot "$scratch")
	status 0 "$set_up" --dry-run
	says "would write: $jail_file"
	says 'Reload: --restart sshd'
	unchanged_since "$before"
}

@test "setup says what is missing where there is no fail2ban" {
	place
	mkdir "$lab/tools"
	ln -s /usr/bin/* "$lab/tools"
	rm "$lab"/tools/fail2ban-*
	PATH=$lab/bin:$lab/tools status 1 "$set_up"
	says 'install fail2ban first'
	PATH=$lab/bin:$lab/tools status 0 "$set_up" --reload
}

@test "setup uses the program of its own PREFIX" {
	place PREFIX=/usr
	set_up=$scratch/usr/sbin/fail2ban-archive-setup
	status 0 "$set_up" --dry-run
	says "would run: $scratch/usr/sbin/fail2ban-archive -c"
}

@test "the manual of setup has the options of its help, and no others" {
	options() { sed -n "$1" "$2" | sort; }
	cat "$root"/helper/install/setup.sh "$root"/helper/install/setup_main.sh >"$lab/setup"
	status 0 sh "$lab/setup" --help
	echo "$said" >"$lab/help"
	diff <(options 's/^  \(--[a-z-]*\).*/\1/p' "$lab/help") \
		<(options 's/^\.It Fl -\([a-z-]*\).*/--\1/p' \
			"$root/helper/dist/fail2ban-archive-setup.8")
	status 64 sh "$lab/setup" --nonesuch
}
