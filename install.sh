#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Install, upgrade or remove fail2ban-archive. usage() says what this script does;
# install_all() and uninstall_all() have the order of the steps.

set -euf
umask 022

usage() {
	cat <<'END'
usage: ./install.sh [--jail NAME]... [--force] [--dry-run]
       ./install.sh --uninstall | --purge [--force] [--dry-run]

This script installs missing packages (fail2ban too), builds and installs
fail2ban-archive, fills the archive from fail2ban's database, turns the action
on in every enabled jail, and starts a timer that runs a reconcile every five
minutes. Run it again to upgrade, or after you have enabled another jail: it
keeps your configuration, and restarts only jails that lack the action.

  --jail NAME   turn the action on in this jail only; may be repeated
  --uninstall   remove everything except the archive and its configuration
  --purge       remove these too
  --dry-run     print each step and change nothing
  --force       continue where this script would refuse: fail2ban has no
                database, the system is unknown, or another file of yours uses
                the action
  --help        print this text

For a trial, set DESTDIR=/DIR. The script then takes DIR for the root folder: it
reads and writes all files below it (etc/os-release, etc/fail2ban, proc/mounts,
...), and a missing one, such as run/systemd/system, counts as absent. It reaches
fail2ban only through the socket FAIL2BAN_SOCKET. The action names paths below
DIR, and so does a new etc/fail2ban-archive.cfg. The packages and the build are
those of this machine.
END
}

# ------------------------------------------------------------------- basics --

say() {
	printf '%s\n' "$*"
}

warn() {
	say "install.sh: $*" >&2
}

die() {
	warn "$@"
	exit 1
}

# Run a command that changes something; in a dry run print it.
run() {
	if [ "$dry_run" ]; then
		say "would run: $*"
	else
		"$@"
	fi
}

# Write standard input to the file $1, whole or not at all; keep the file's mode.
write_file() {
	if [ "$dry_run" ]; then
		say "would write: $1"
		sed 's/^/    /'
	else
		mkdir -p "${1%/*}"
		[ ! -e "$1" ] || cp -p "$1" "$1.new"
		cat >"$1.new"
		mv -f "$1.new" "$1"
	fi
}

# Succeed if $1 is one of the words $2.
has_word() {
	case " $2 " in
	*" $1 "*) ;;
	*) return 1 ;;
	esac
}

# ----------------------------------------------------------------- fail2ban --

has_fail2ban() {
	command -v fail2ban-client >/dev/null
}

fail2ban() {
	fail2ban-client -q -c "$etc" ${socket:+-s "$socket"} "$@"
}

is_running() {
	has_fail2ban && fail2ban ping >/dev/null 2>&1
}

names() {
	sed -n "$1" "$tmp/stream" | paste -s -d ' ' -
}

# Read the configuration as fail2ban dumps it: each line is a Python list, such as
# ['add', 'sshd', 'auto'] or ['set', 'sshd', 'addaction', 'fail2ban-archive'].
# With -d, the test -t does not fail for a missing log, which is not our concern.
# Only plain names are taken, because a jail's name becomes a word in this script
# and a line in a configuration.
read_config() {
	fail2ban -d -t >"$tmp/stream" 2>"$tmp/errors" || return 1
	name="'\([A-Za-z0-9_.@+][A-Za-z0-9_.@+-]*\)'"
	enabled=$(names "s/^\['add', $name, .*/\1/p")
	archived=$(names "s/^\['set', $name, 'addaction', '$action'\]\$/\1/p")
	odd=$(grep "^\['add', " "$tmp/stream" | grep -v "^\['add', $name, ") || :
}

# Print whether the running server has the jail $1, and with the action or not.
jail_state() {
	if ! actions=$(fail2ban get "$1" actions 2>/dev/null); then
		say absent
	elif has_word "$action" "$(say "$actions" | tail -n 1 | tr -d ,)"; then
		say archived
	else
		say unarchived
	fi
}

# Find the jails to archive, and refuse a restart that would lose live bans.
survey() {
	has_fail2ban || return 0
	surveyed=1
	read_config || die "$etc: fail2ban cannot read its configuration:" \
		"correct it first: $(cat "$tmp/errors")"
	[ -z "$odd" ] || warn "$etc: these jails are left out, because their names" \
		"have other characters than letters, digits and _ . @ + -: $odd"
	for jail in $jails; do
		has_word "$jail" "$enabled" || die "--jail $jail: this jail is not" \
			"enabled in $etc: enable it, or choose one of: $enabled"
	done
	wanted=${jails:-$enabled}
	check_database
}

# A restarted jail gets its live bans back only from fail2ban's database.
check_database() {
	[ -z "$force" ] && is_running || return 0
	case $(fail2ban get dbfile) in
	*disabled*) ;;
	*) return 0 ;;
	esac
	for jail in $wanted; do
		[ "$(jail_state "$jail")" != unarchived ] || die "jail $jail: must be" \
			"restarted, and would lose its live bans, because fail2ban has" \
			"no database: set dbfile in $etc/fail2ban.local, or use --force"
	done
}

# --------------------------------------------------------------- the action --

# Print the jail file with the jails "$@" added at its end.
jail_file_with() {
	if [ -e "$jail_file" ]; then
		cat "$jail_file"
	else
		say "# fail2ban-archive archives the bans of these jails. Its install.sh"
		say "# adds jails here; install.sh --uninstall removes this file."
	fi
	line=$action
	[ -z "$root" ] || line="${action}[helper=\"$program\", config=\"$config\"]"
	for jail in "$@"; do
		printf '\n[%s]\naction = %%(known/action)s\n         %s\n' "$jail" "$line"
	done
}

# From here until the change is checked, every exit undoes the change.
begin_change() {
	[ -z "$dry_run" ] || return 0
	[ ! -e "$jail_file" ] || cp -p "$jail_file" "$tmp/jails"
	unchecked=1
}

take_back() {
	if [ -e "$tmp/jails" ]; then
		cp -p "$tmp/jails" "$jail_file"
	else
		rm -f "$jail_file"
	fi
	warn "$jail_file: the change was undone"
}

turn_on() {
	[ "$surveyed" ] || say "Turn the action on in ${jails:-all enabled jails}"
	missing=
	for jail in $wanted; do
		has_word "$jail" "$archived$missing" || missing="$missing $jail"
	done
	[ "$missing" ] || return 0
	say "Turn the action on in:$missing"
	begin_change
	# shellcheck disable=SC2086 # one word a jail
	jail_file_with $missing | write_file "$jail_file"
	[ -z "$dry_run" ] || return 0
	read_config ||
		die "$jail_file: fail2ban refuses the change: $(cat "$tmp/errors")"
	for jail in $missing; do
		has_word "$jail" "$archived" || die "$jail_file: jail $jail does not" \
			"take the action: see which file in $etc/jail.d overrides it"
	done
	unchecked=
}

turn_off() {
	if ! has_fail2ban; then
		run rm -f "$jail_file"
		return
	fi
	read_config || [ "$force" ] || die "$etc: fail2ban cannot read its" \
		"configuration: correct it, or use --force: $(cat "$tmp/errors")"
	was_archived=$archived
	begin_change
	run rm -f "$jail_file"
	[ -z "$dry_run" ] || return 0
	read_config || [ "$force" ] || die "$etc: $(cat "$tmp/errors")"
	[ "$force" ] || ! grep -q "'addaction', '$action'\]\$" "$tmp/stream" ||
		die "$etc: another file of yours turns the action on in: $archived:" \
			"remove the action from that file, or use --force"
	unchecked=
	! is_running || for jail in $was_archived; do
		[ "$(jail_state "$jail")" != archived ] || reload "$jail"
	done
}

reload() {
	say "Reload: $*"
	run fail2ban reload "$@" || failed=1
}

# A running jail needs a restart to get a new action, and a reload to get a changed
# one. The server needs a restart to get a new sandbox.
apply() {
	is_running || return 0
	if [ "$opened" ]; then
		say "Restart fail2ban: its sandbox has changed"
		run systemctl try-restart fail2ban.service || failed=1
		return 0
	fi
	for jail in $enabled; do
		case $(jail_state "$jail") in
		unarchived) ! has_word "$jail" "$wanted" || reload --restart "$jail" ;;
		archived) [ -z "$action_changed" ] || reload "$jail" ;;
		esac
	done
}

# -------------------------------------------------------------------- steps --

# Print the path that the configuration gives for the key $1, if it gives one.
configured() {
	[ ! -r "$config" ] || sed -n \
		"s/^[[:space:]]*$1[[:space:]]*[=:][[:space:]]*\"\([^\"]*\)\".*/\1/p" \
		"$config"
}

# Set $archive to the path of the archive in the configuration.
find_archive() {
	archive=$(configured archive)
	archive=${archive:-$root/var/lib/$action/archive.sqlite3}
	folder=${archive%/*}
	case $archive in
	*[!A-Za-z0-9/._+@-]*) ;;
	/*/*) return ;;
	esac
	die "$config: archive = \"$archive\": must be an absolute path, with a" \
		"folder of its own, of letters, digits and / . _ + @ -"
}

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

reconcile() {
	run "$program" -c "$config" reconcile ||
		warn "the first reconcile failed, see above; the timer runs it again"
}

summary() {
	say "$("$program" -c "$config" export | wc -l) bans are archived in $archive."
	say "From now on these jails are archived: ${archived:-none is enabled in $etc}"
	if ! is_running; then
		say "fail2ban does not run: start it, and its bans are archived."
		! has_fail2ban || fail2ban -t 2>&1 >/dev/null |
			sed -n 's/.*Failed during configuration: /It cannot start: /p'
	fi
	say "Next: $action list, $action show ADDRESS, man $action"
}

install_all() {
	find_system
	find_archive
	refuse_network_fs
	survey
	install_packages
	[ "$surveyed" ] || survey
	make_install
	make_folder
	open_sandboxes
	reconcile
	turn_on
	apply
	schedule
	[ "$dry_run" ] || summary
	[ -z "$failed" ] || die "fail2ban did not load the change: see its log;" \
		"until it does, the timer archives its bans"
}

uninstall_all() {
	find_archive
	turn_off
	unschedule
	run make -s uninstall DESTDIR="$root" PREFIX="$prefix" SYSCONFDIR=/etc
	! has_systemd || run systemctl daemon-reload
	if [ "$purge" ]; then
		remove_folder
		run rm -f "$config"
	else
		say "Kept: $folder and $config; ./install.sh --purge removes them."
	fi
	[ -z "$failed" ] || die "fail2ban still runs the action: restart fail2ban"
}

leave() {
	status=$?
	[ -z "$unchecked" ] || take_back
	rm -rf "$tmp"
	exit "$status"
}

# --------------------------------------------------------------------- main --

steps=install_all jails='' purge='' dry_run='' force=''
while [ $# -gt 0 ]; do
	case $1 in
	--jail)
		[ "${2:-}" ] || die "--jail: a jail's name is missing"
		jails="$jails $2"
		shift
		;;
	--uninstall) steps=uninstall_all ;;
	--purge) steps=uninstall_all purge=1 ;;
	--dry-run) dry_run=1 ;;
	--force) force=1 ;;
	--help) usage && exit ;;
	*) usage >&2 && exit 64 ;;
	esac
	shift
done

CDPATH='' cd -- "$(dirname -- "$0")"
root=${DESTDIR:-}
root=${root%/}
case $root in
[!/]* | *[!A-Za-z0-9/._+@-]*)
	die "DESTDIR=$root: must be an absolute path of letters, digits, _ . + @ -"
	;;
esac
[ "$root$dry_run" ] || [ "$(id -u)" -eq 0 ] || die "must run as root, with the same options"

action=fail2ban-archive
prefix=/usr/local
program=$root$prefix/sbin/$action
config=$root/etc/$action.cfg
etc=$root/etc/fail2ban
jail_file=$etc/jail.d/zz-$action.local
socket=${FAIL2BAN_SOCKET:-${root:+$root/run/fail2ban/fail2ban.sock}}
surveyed='' enabled='' archived='' wanted=''
unchecked='' opened='' action_changed='' failed=''
# shellcheck source=/dev/null
. helper/install/system.sh

tmp=$(mktemp -d)
trap leave EXIT
trap 'exit 1' HUP INT TERM
$steps
