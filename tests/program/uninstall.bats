#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# install.sh --uninstall and --purge.
#
# $lab and the like are from lib/server and lib/install; a stub's text is for
# another shell than this one.
# shellcheck disable=SC2016,SC2154

load ../lib/server
load ../lib/install

@test "--uninstall keeps the archive and the configuration, and the server goes on without the action" {
	server_start
	before=$(snapshot "$scratch")
	status 0 installer
	login_fails 192.0.2.14
	wait_for 15 is_archived sshd 192.0.2.14
	kept=$(sha256sum <"$scratch/etc/fail2ban-archive.cfg")

	status 0 installer --uninstall
	says "Kept: $scratch/var/lib/fail2ban-archive"
	lacks_action sshd
	client get sshd banip | grep -q 192.0.2.14
	[ "$(sha256sum <"$scratch/etc/fail2ban-archive.cfg")" = "$kept" ]
	[ -s "$scratch/var/lib/fail2ban-archive/archive.sqlite3" ]
	diff <(echo "$before") <(snapshot "$scratch" |
		grep -v -e "$scratch/var/lib/fail2ban-archive/" -e fail2ban-archive.cfg)

	status 0 installer
	is_archived sshd 192.0.2.14
}

@test "--uninstall removes the metrics, which nobody writes any more" {
	mkdir -p "$scratch/srv"
	cat >"$scratch/etc/fail2ban-archive.cfg" <<-END
		archive = "$scratch/srv/bans/archive.sqlite3";
		fail2ban_socket = "$lab/run/sock";
		metrics_file = "$scratch/srv/f.prom";
	END
	server_start
	status 0 installer
	grep -q '^fail2ban_archive_up 1' "$scratch/srv/f.prom"
	status 0 installer --uninstall --dry-run
	[ -e "$scratch/srv/f.prom" ]
	status 0 installer --uninstall
	[ ! -e "$scratch/srv/f.prom" ]
}

@test "--purge leaves not one file" {
	server_start
	before=$(snapshot "$scratch")
	status 0 installer
	status 0 installer --purge --yes
	unchanged_since "$before"
	[ ! -e "$scratch/var/lib/fail2ban-archive" ]
}

@test "--purge of an archive in a folder with other things removes the archive only" {
	mkdir -p "$scratch/srv/mixed"
	echo precious >"$scratch/srv/mixed/file"
	cat >"$scratch/etc/fail2ban-archive.cfg" <<-END
		archive = "$scratch/srv/mixed/bans.sqlite3";
		spool = "$lab/spool";
		fail2ban_socket = "$lab/run/sock";
	END
	server_start
	status 0 installer
	[ -e "$scratch/srv/mixed/bans.sqlite3" ]
	status 0 installer --purge --yes
	[ "$(ls "$scratch/srv/mixed")" = file ]
}

@test "--purge of an archive in another folder removes every file of ours, whatever has been run" {
	mkdir -p "$scratch/srv/mixed"
	echo precious >"$scratch/srv/mixed/bans.sqlite3.txt"
	cat >"$scratch/etc/fail2ban-archive.cfg" <<-END
		archive = "$scratch/srv/mixed/bans.sqlite3";
		spool = "$scratch/srv/spool";
		fail2ban_socket = "$lab/run/sock";
	END
	server_start
	status 0 installer
	: >"$lab/empty"
	ours() {
		"$installed" -c "$scratch/etc/fail2ban-archive.cfg" "$@"
	}
	status 0 ours replay "$lab/empty"
	status 0 ours reban --live
	status 0 ours backup "$lab/backup"
	status 0 ours restore "$lab/backup"
	# A replay, a restore and an event that were killed leave these.
	for suffix in .dry-run .dry-run-wal .dry-run.gate .restore .restore-journal \
		.fail2ban.new .suspect .corrupt-20250102T030405Z-wal; do
		: >"$scratch/srv/mixed/bans.sqlite3$suffix"
	done
	mkdir -p "$scratch/srv/spool"
	: >"$scratch/srv/spool/00001735787045000000-123"
	: >"$scratch/srv/spool/00001735787045000000-123.bad"
	: >"$scratch/srv/spool/tmp-00001735787045000000-123"
	status 0 installer --purge --yes
	[ "$(ls "$scratch/srv/mixed")" = bans.sqlite3.txt ]
	[ ! -e "$scratch/srv/spool" ]
}

@test "--purge removes the archive that the program uses, whatever else the configuration's text says" {
	mkdir -p "$scratch"/srv/{theirs,spool}
	echo precious >"$scratch/srv/theirs/archive.sqlite3"
	cat >"$scratch/etc/fail2ban-archive.cfg" <<-END
		/* Before, it was
		archive = "$scratch/srv/theirs/archive.sqlite3";
		*/
		# archive = "$scratch/srv/theirs/archive.sqlite3";
		spool = "$scratch/srv/spool"; archive = "$scratch/srv/bans.sqlite3"; // archive = "$scratch/srv/theirs/archive.sqlite3";
		fail2ban_socket :
		    "$lab/run/sock"
	END
	server_start
	status 0 installer
	[ -e "$scratch/srv/bans.sqlite3" ]
	status 0 installer --purge --yes
	[ "$(ls "$scratch/srv")" = theirs ]
	[ "$(ls "$scratch/srv/theirs")" = archive.sqlite3 ]
}

@test "--purge of an archive in another folder keeps an older archive in the default one" {
	mkdir -p "$scratch"/{srv,var/lib/fail2ban-archive/spool}
	echo precious >"$scratch/var/lib/fail2ban-archive/archive.sqlite3"
	: >"$scratch/var/lib/fail2ban-archive/spool/00001735787045000000-123"
	echo "archive = \"$scratch/srv/bans.sqlite3\";" >"$scratch/etc/fail2ban-archive.cfg"
	status 0 installer --purge --yes
	says 'other files lie in it: kept'
	[ "$(ls "$scratch/var/lib/fail2ban-archive")" = archive.sqlite3 ]
}

@test "--uninstall is refused while another file turns the action on, and changes nothing" {
	status 0 installer
	cat >>"$lab/etc/jail.local" <<-'END'
		action = %(action_)s
		         fail2ban-archive[actionban=true]
	END
	sed -i '/^\[sshd\]/,$d' "$jail_file"
	before=$(snapshot "$scratch")
	status 1 installer --uninstall
	says 'another file of yours'
	unchanged_since "$before"
}

@test "--uninstall with a configuration that fail2ban cannot read is refused, and done with --force" {
	status 0 installer
	jail broken enabled=true filter=nonesuch
	status 1 installer --uninstall
	says nonesuch
	[ -e "$jail_file" ]
	status 0 installer --uninstall --force
	[ ! -e "$jail_file" ]
	[ ! -e "$installed" ]
}

@test "--uninstall after fail2ban itself is gone leaves nothing of ours in its configuration" {
	status 0 installer
	status 0 bare_installer --uninstall
	[ -z "$(find "$scratch/etc/fail2ban" -name '*fail2ban-archive*')" ]
}

@test "--uninstall --force leaves what fail2ban can read, where another file names the action" {
	server_start
	status 0 installer
	cat >"$lab/etc/jail.d/mine.local" <<-END
		[mine]
		enabled = true
		filter = sshd
		logpath = $lab/log/sshd
		action = %(action_)s
		         fail2ban-archive[helper="$installed", config="$scratch/etc/fail2ban-archive.cfg"]
	END
	client reload
	has_action mine
	status 1 installer --uninstall
	says "$scratch/etc/fail2ban/jail.d/mine.local"
	status 0 installer --uninstall --force
	says 'an action that does nothing'
	status 0 fail2ban-client -c "$lab/etc" -d
	client reload
	login_fails 192.0.2.14
	wait_for 15 eval 'client get mine banip | grep -q 192.0.2.14'
	wait_for 15 grep -qx 192.0.2.14 "$lab/banned"
	run ! logged 'ERROR'
	rm "$lab/etc/jail.d/mine.local"
	status 0 installer --uninstall
	[ ! -e "$scratch/etc/fail2ban/action.d/fail2ban-archive.conf" ]
}

@test "--uninstall --force of a broken configuration keeps the action that its files name" {
	status 0 installer
	jail broken enabled=true filter=nonesuch action=fail2ban-archive
	status 0 installer --uninstall --force
	says 'an action that does nothing'
	rm "$lab/etc/jail.d/broken.conf"
	jail mended enabled=true filter=sshd action=fail2ban-archive
	status 0 fail2ban-client -c "$lab/etc" -d
}

@test "--purge asks, or needs --yes" {
	status 0 installer
	before=$(snapshot "$scratch")
	status 1 installer --purge </dev/null
	says '--yes'
	status 1 script -qec "$tree/install.sh --purge" /dev/null <<<n
	says 'nothing was removed'
	unchanged_since "$before"
	status 0 installer --purge --dry-run
	unchanged_since "$before"
	status 0 script -qec "$tree/install.sh --purge" /dev/null <<<y
	[ ! -e "$scratch/var/lib/fail2ban-archive" ]
}

@test "--purge finds an archive at any path" {
	status 0 installer
	for path in "$scratch/srv/a b/it's \$HOME/bans*.db" "$scratch/srv/bans"; do
		mkdir -p "${path%/*}"
		printf 'archive = "%s";\nspool = "%s";\n' "$path" "$scratch/srv/my spool" \
			>"$scratch/etc/fail2ban-archive.cfg"
		"$installed" -c "$scratch/etc/fail2ban-archive.cfg" ban --jail sshd \
			--id 192.0.2.1 --time 1795458480.5
		: >"${path%/*}/bans of mine"
		[ -e "$path" ]
		status 0 installer --purge --yes
		[ "$(find "${path%/*}" -maxdepth 1 -type f -printf '%f')" = 'bans of mine' ]
		[ ! -e "$scratch/srv/my spool" ]
		status 0 installer --no-history
	done
}
