#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Install, upgrade or remove fail2ban-archive. usage() says what this script does;
# install_all() and uninstall_all() have the order of the steps. What comes after
# the program is installed is done by helper/install/setup.sh.

set -euf
umask 022

usage() {
	cat <<'END'
usage: ./install.sh [--jail NAME]... [--no-history] [--force] [--dry-run]
       ./install.sh --uninstall [--force] [--dry-run]
       ./install.sh --purge [--yes] [--force] [--dry-run]

This script installs missing packages (fail2ban too), builds and installs
fail2ban-archive, turns the action on in every enabled jail, starts a timer that
runs a reconcile every five minutes, and archives the bans that fail2ban's
database and logs still have. Run it again to upgrade, or after you have enabled
another jail: it keeps your configuration, and restarts only jails that lack the
action.

  --jail NAME   turn the action on in this jail only; may be repeated
  --no-history  do not replay fail2ban's database and logs
  --uninstall   remove everything except the archive and its configuration
  --purge       remove these too; this script asks before it does
  --yes         do not ask
  --dry-run     print each step and change nothing; root is not needed
  --force       continue where this script would refuse: fail2ban has no
                database, the system is unknown, fail2ban cannot read its
                configuration, or another file of yours uses the action. That
                file then gets an action that does nothing
  --help        print this text

For a trial, set DESTDIR=/DIR. The script then takes DIR for the root folder: it
reads and writes all files below it (etc/os-release, etc/fail2ban, proc/mounts,
...), and a missing one, such as run/systemd/system, counts as absent. The
database and the log that etc/fail2ban names are read where it says. It reaches
fail2ban only through the socket FAIL2BAN_SOCKET. The action names paths below
DIR, and so does a new etc/fail2ban-archive.cfg. The packages and the build are
those of this machine.
END
}

CDPATH='' cd -- "$(dirname -- "$0")"
# shellcheck source=helper/install/setup.sh
. helper/install/setup.sh
# shellcheck source=helper/install/system.sh
. helper/install/system.sh

# -------------------------------------------------------------------- steps --

make_install() {
	say "Build and install"
	run make -s
	if [ "$root" ] && [ ! -e "$config" ]; then
		printf '%s = "%s";\n' archive "$archive" spool "$folder/spool" \
			fail2ban_socket "$socket" | write_file "$config"
	fi
	installed=$etc/action.d/$action.conf
	[ ! -e "$installed" ] || cp "$installed" "$tmp/action"
	run make -s install DESTDIR="$root" PREFIX="$prefix" SYSCONFDIR=/etc
	[ ! -e "$tmp/action" ] || cmp -s "$tmp/action" "$installed" ||
		action_changed=1
}

# The package's files and ours would call each other's program.
refuse_package() {
	[ ! -e "$root/usr/sbin/$action" ] || [ "$force" ] ||
		die "$root/usr/sbin/$action: the program is there from a package:" \
			"use $action-setup, or remove the package first"
}

install_all() {
	refuse_package
	find_system
	find_archive
	refuse_network_fs
	survey
	install_packages
	[ "$surveyed" ] || survey
	make_install
	set_up
	schedule
	take_history
	finish
}

# Purging loses all bans for good.
confirm() {
	[ "$purge" ] && [ -z "$yes$dry_run" ] || return 0
	[ -t 0 ] || die "--purge removes $archive with all its bans: add --yes if" \
		"you want that"
	printf 'Remove %s with all its bans for good? [y/N] ' "$archive"
	read -r answer || answer=
	case $answer in
	[yY] | [yY][eE][sS]) ;;
	*) die "nothing was removed" ;;
	esac
}

uninstall_all() {
	refuse_package
	find_archive
	confirm
	turn_off
	unschedule
	close_sandboxes
	remove_metrics
	run make -s uninstall DESTDIR="$root" PREFIX="$prefix" SYSCONFDIR=/etc
	leave_empty_action
	! has_systemd || run systemctl daemon-reload
	if [ "$purge" ]; then
		remove_folder
		run rm -f "$config"
	else
		say "Kept: $folder and $config; ./install.sh --purge removes them."
	fi
	[ -z "$failed" ] || die "fail2ban still runs the action: restart fail2ban"
}

# --------------------------------------------------------------------- main --

self=install.sh prefix=/usr/local purge='' yes=''
while [ $# -gt 0 ]; do
	taken=1
	case $1 in
	--purge) uninstall=1 purge=1 ;;
	--yes) yes=1 ;;
	*) take_option "$@" ;;
	esac
	shift "$taken"
done
begin
if [ "$uninstall" ]; then
	uninstall_all
else
	install_all
fi
