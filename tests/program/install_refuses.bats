#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# install.sh refuses what would do harm, before it changes anything; what fails
# later is taken back.
#
# $lab and the like are from lib/server and lib/install; a stub's text is for
# another shell than this one.
# shellcheck disable=SC2016,SC2154

load ../lib/server
load ../lib/install

@test "a dry run names its steps and changes nothing" {
	server_start
	before=$(snapshot "$scratch")
	status 0 installer --dry-run
	says 'would run: make -s install'
	says "would write: $jail_file"
	says "would run: fail2ban-client -q -c $scratch/etc/fail2ban -s $lab/run/sock reload --restart sshd"
	unchanged_since "$before"
	[ "$(restarts sshd)" -eq 0 ]
	[ "$(calls_of systemctl)" -eq 0 ]

	status 0 installer
	before=$(snapshot "$scratch")
	status 0 installer --dry-run --purge
	unchanged_since "$before"
	has_action sshd
}

@test "a configuration that fail2ban cannot read is refused before anything changes" {
	jail broken enabled=true filter=nonesuch
	before=$(snapshot "$scratch")
	status 1 installer
	says 'correct it first'
	says nonesuch
	unchanged_since "$before"
}

@test "a change that fail2ban refuses is taken back" {
	printf '[Definition]\nactionban = %%(nonesuch)s\n' \
		>"$lab/etc/action.d/fail2ban-archive.local"
	server_start
	status 1 installer
	says 'fail2ban refuses the change'
	says 'the change was undone'
	[ ! -e "$jail_file" ]
	client reload
	lacks_action sshd
}

@test "a change that does not reach its jail is taken back to the file of before" {
	jail other enabled=true filter=sshd "logpath=$lab/log/other"
	status 0 installer --jail sshd
	before=$(snapshot "$jail_file")
	printf '[other]\naction = %%(action_)s\n' >"$lab/etc/jail.d/zzz.local"
	status 1 installer
	says 'jail other does not take the action'
	diff <(echo "$before") <(snapshot "$jail_file")
}

@test "a run that is stopped before its change is checked takes it back" {
	stub fail2ban-client "
		[ ! -e '$jail_file' ] || kill -TERM \$PPID
		exec $(command -v fail2ban-client) \"\$@\""
	status 1 installer
	[ ! -e "$jail_file" ]
}

@test "a server without a database is refused before anything changes, and done with --force" {
	printf '[DEFAULT]\ndbfile = None\n' >"$lab/etc/fail2ban.local"
	server_start
	before=$(snapshot "$scratch")
	status 1 installer
	says 'lose its live bans'
	says "$scratch/etc/fail2ban/fail2ban.local"
	unchanged_since "$before"
	[ "$(restarts sshd)" -eq 0 ]

	status 0 installer --force
	has_action sshd
	status 0 installer
}

@test "an archive on a network file system is refused before anything changes" {
	mkdir -p "$scratch/var/lib"
	before=$(snapshot "$scratch")
	for type in nfs nfs4 cifs smb3 9p ceph fuse.sshfs fuse.glusterfs; do
		printf '%s\n' "/dev/sda1 / ext4 rw 0 0" "nas:/ $scratch/var $type rw 0 0" \
			"/dev/sdb1 $scratch/var/li ext4 rw 0 0" >"$scratch/proc/mounts"
		status 1 installer
		says "network file system ($type)"
	done
	echo '/dev/sda1 / ext4 rw 0 0' >"$scratch/proc/mounts"
	unchanged_since "$before"
}

@test "a link onto a network file system is refused too" {
	mkdir -p "$scratch/var/lib" "$scratch/nas"
	ln -s "$scratch/nas" "$scratch/var/lib/fail2ban-archive"
	echo "nas:/ $(cd -P "$scratch/nas" && pwd) nfs4 rw 0 0" >>"$scratch/proc/mounts"
	status 1 installer
	says 'network file system (nfs4)'
}

@test "a local disk below a network mount is not refused" {
	mkdir -p "$scratch/var/lib"
	nas='nas:/ / nfs4 rw 0 0'
	disk="/dev/sda1 $scratch/var/lib ext4 rw 0 0"
	printf '%s\n' "$nas" "$disk" >"$scratch/proc/mounts"
	status 0 installer --dry-run
	printf '%s\n' "$disk" "$nas" >"$scratch/proc/mounts"
	status 0 installer
}

@test "a program that came from a package is refused before anything changes" {
	mkdir -p "$scratch/usr/sbin"
	: >"$scratch/usr/sbin/fail2ban-archive"
	before=$(snapshot "$scratch")
	status 1 installer
	says 'use fail2ban-archive-setup'
	status 1 installer --uninstall
	unchanged_since "$before"
}

@test "an archive without a folder of its own is refused" {
	for path in archive.sqlite3 /archive.sqlite3 '/a b/archive.sqlite3'; do
		echo "archive = \"$path\";" >"$scratch/etc/fail2ban-archive.cfg"
		status 1 installer
		says "archive = \"$path\""
	done
}

@test "an unknown option is an error, and --help says what there is" {
	status 64 installer --nonesuch
	status 0 installer --help
	for option in --jail --uninstall --purge --dry-run --force DESTDIR; do
		says "$option"
	done
}

@test "a dry run needs no root, and shows the restarts" {
	server_start
	cp -a "$tree" "$lab/tree"
	chmod 755 "$lab/run"
	chmod -R go+rX "$lab/tree" "$scratch" "$lab/etc" "$lab/bin"
	DESTDIR=/mnt/root FAIL2BAN_SOCKET=/mnt/run/sock TMPDIR=/tmp \
		PATH=/mnt/bin:$PATH status 0 as_nobody /mnt/tree/install.sh --dry-run
	says 'would run: fail2ban-client -q -c /mnt/root/etc/fail2ban -s /mnt/run/sock reload --restart sshd'
	[ ! -e "$jail_file" ]
}

@test "a dry run quotes what a shell would split" {
	echo "fail2ban_database = \"$lab/a b.sqlite3\";" >"$scratch/etc/fail2ban-archive.cfg"
	: >"$lab/a b.sqlite3"
	status 0 installer --dry-run
	says "replay '$lab/a b.sqlite3'"
}
