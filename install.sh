#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Install, upgrade or remove fail2ban-archive. usage() says what this script does;
# install_all() and uninstall_all() have the order of the steps.

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

# Print the words of a command so that a shell can read them.
quoted() {
	line=
	for word in "$@"; do
		case $word in
		'' | *[!A-Za-z0-9/._+@%=:,*-]*)
			word="'$(printf '%s\n' "$word" | sed "s/'/'\\\\''/g")'"
			;;
		esac
		line="$line $word"
	done
	printf '%s\n' "${line# }"
}

# Run a command that changes something; in a dry run print it.
run() {
	if [ "$dry_run" ]; then
		say "would run: $(quoted "$@")"
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

# The server runs, or, where it cannot be asked, has a socket.
may_run() {
	is_running ||
		{ [ "$blind" ] && [ -S "${socket:-/run/fail2ban/fail2ban.sock}" ]; }
}

names() {
	sed -n "$1" "$tmp/stream" | paste -s -d ' ' -
}

# Print a text that the configuration sets for the whole server.
setting() {
	sed -n "s/^\['set', '$1', '\(.*\)'\]\$/\1/p" "$tmp/stream" | tail -n 1
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
	renamed=$(sed -n "s/^\['set', \(.*\), 'addaction', '\($action..*\)'\]\$/\1: \2/p" \
		"$tmp/stream")
	database=$(setting dbfile)
	log=$(setting logtarget)
	log=${log%%\[*}
	odd=$(grep "^\['add', " "$tmp/stream" | grep -v "^\['add', $name, ") || :
}

# Print whether the running server has the jail $1, and with the action or not.
jail_state() {
	if [ "$blind" ]; then
		say unknown
	elif ! actions=$(fail2ban get "$1" actions 2>/dev/null); then
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
	[ -z "$renamed" ] || warn "$etc: an action $action has name= or actname=," \
		"so that it is called otherwise: remove this parameter: $renamed"
	for jail in $jails; do
		has_word "$jail" "$enabled" || die "--jail $jail: this jail is not" \
			"enabled in $etc: enable it, or choose one of: $enabled"
	done
	wanted=${jails:-$enabled}
	check_database
}

# A restarted jail gets its live bans back only from fail2ban's database.
check_database() {
	[ -z "$force" ] || return 0
	case $(fail2ban get dbfile 2>/dev/null) in
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
	[ -z "$root" ] || line="${action}[helper=\"$program-event\", config=\"$config\"]"
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

# Print the files of the configuration, other than ours, that name the action.
files_with_action() {
	set +f
	grep -Els "^([^#]*[[:space:]=])?$action([[:space:][]|\$)" "$etc"/*.conf "$etc"/*.local "$etc"/jail.d/* |
		grep -vxF "$jail_file" || :
	set -f
}

# Find out who else uses the action: $others is empty when nobody does. A jail
# that is off, or a configuration that cannot be read, may name it as well.
find_others() {
	others=$(files_with_action)
	[ -z "$others$dry_run" ] || return 0
	! grep -q "'addaction', '$action" "$tmp/stream" || others=$etc
}

turn_off() {
	if ! has_fail2ban; then
		run rm -f "$jail_file"
		others=$(files_with_action)
		return
	fi
	read_config || [ "$force" ] || die "$etc: fail2ban cannot read its" \
		"configuration: correct it, or use --force: $(cat "$tmp/errors")"
	was_archived=$archived
	begin_change
	run rm -f "$jail_file"
	[ "$dry_run" ] || read_config || [ "$force" ] ||
		die "$etc: $(cat "$tmp/errors")"
	find_others
	[ "$force" ] || [ -z "$others" ] || die "$etc: another file of yours turns" \
		"the action on: remove the action from it, or use --force: $others"
	unchecked=
	reload_archived
}

# Let the running jails that had the action read what they have now.
reload_archived() {
	! may_run || for jail in $was_archived; do
		case $(jail_state "$jail") in
		archived | unknown) reload "$jail" ;;
		esac
	done
}

# fail2ban cannot read a configuration that names a missing action. Where another
# file still names ours, leave one that does nothing.
leave_empty_action() {
	[ "$others" ] || return 0
	write_file "$etc/action.d/$action.conf" <<-END
		# $action was uninstalled. This empty action stands here because other
		# files name it: fail2ban could not read its configuration without it.
		[Definition]
		actionban =
	END
	warn "$etc/action.d/$action.conf: left, as an action that does nothing:" \
		"remove the action from your files, then this file: $others"
	reload_archived
}

reload() {
	say "Reload: $*"
	if [ "$dry_run" ]; then
		run fail2ban-client -q -c "$etc" ${socket:+-s "$socket"} reload "$@"
	else
		fail2ban reload "$@" || failed=1
	fi
}

# A running jail needs a restart to get a new action, and a reload to get a changed
# one. The server needs a restart to get a new sandbox.
apply() {
	may_run || return 0
	if [ "$opened" ]; then
		say "Restart fail2ban: its sandbox has changed"
		run systemctl try-restart fail2ban.service || failed=1
		return 0
	fi
	for jail in $enabled; do
		case $(jail_state "$jail") in
		unarchived) ! has_word "$jail" "$wanted" || reload --restart "$jail" ;;
		unknown) ! has_word "$jail" "$missing" || reload --restart "$jail" ;;
		archived) [ -z "$action_changed" ] || reload "$jail" ;;
		esac
	done
}

# -------------------------------------------------------------------- steps --

# Print the path that the configuration gives for the key $1, if it gives one. The
# text is read piece by piece, as libconfig does: a key in a comment or in a string
# is none, and one line may have several keys.
configured() {
	[ ! -r "$config" ] || awk -v key="$1" '
		{ text = text $0 "\n" }
		END {
			for (; text != ""; text = substr(text, RLENGTH + 1)) {
				if (match(text, /^\/\*/)) {
					end = index(substr(text, 3), "*/")
					RLENGTH = end ? end + 3 : length(text)
				} else if (match(text, /^"([^"\\]|\\.)*"/)) {
					if (wanted)
						print substr(text, 2, RLENGTH - 2)
					wanted = 0
				} else if (match(text, /^[A-Za-z_*][A-Za-z0-9_*-]*/)) {
					wanted = substr(text, 1, RLENGTH) == key
				} else if (!match(text, /^(#|\/\/)[^\n]*/)) {
					match(text, /^(.|\n)/)
					if (substr(text, 1, 1) !~ /[=: \t\r\n]/)
						wanted = 0
				}
			}
		}' "$config"
}

# Set $archive to the path of the archive in the configuration.
find_archive() {
	archive=$(configured archive)
	archive=${archive:-$root/var/lib/$action/archive.sqlite3}
	folder=${archive%/*}
	case $steps$archive in
	uninstall_all*\\*) ;;
	uninstall_all/*) return ;;
	*[!A-Za-z0-9/._+@-]*) ;;
	install_all/*/*) return ;;
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

# Note where fail2ban's database is, for the events and for a reconcile while
# fail2ban does not run. A running server is asked by the reconcile.
note_database() {
	[ -z "$(configured fail2ban_database)" ] && ! is_running || return 0
	case ${database:-} in
	/*) run ln -sfn "$database" "$archive.fail2ban" ;;
	None | :memory:) run ln -sfn none "$archive.fail2ban" ;;
	esac
}

reconcile() {
	run "$program" -c "$config" reconcile ||
		warn "the first reconcile failed, see above; the timer runs it again"
}

# Archive all bans that fail2ban's database and logs still have: a reconcile takes
# only those of the last days. What was read before is skipped.
take_history() {
	[ -z "$no_history" ] || return 0
	say "Archive the bans of before"
	file=$(configured fail2ban_database)
	file=${file:-$(readlink "$archive.fail2ban")} || file=$database
	case $file in
	/*) [ ! -f "$file" ] || replay "$file" ;;
	esac
	case $log in
	/*) ;;
	*)
		[ "$log" != SYSTEMD-JOURNAL ] || say "fail2ban logs to the journal." \
			"This archives its bans: journalctl -u fail2ban -o short-iso |" \
			"$program replay -"
		log=$root/var/log/fail2ban.log
		;;
	esac
	set +f
	set -- "$log"*
	set -f
	[ ! -f "$1" ] || replay "$@"
}

replay() {
	run "$program" -c "$config" replay "$@" ||
		warn "not all could be replayed, see above; all else is in place"
}

summary() {
	say "$("$program" -c "$config" export | wc -l) bans are archived in $archive."
	say "From now on these jails are archived: ${archived:-none is enabled in $etc}"
	if ! is_running; then
		say "fail2ban does not run: start it, and its bans are archived."
		! has_fail2ban || fail2ban -t 2>&1 >/dev/null |
			sed -n 's/.*Failed during configuration: /It cannot start: /p'
	fi
	next="man $action"
	command -v man >/dev/null || next="$action --help"
	say "Next: $action list, $action show ADDRESS, $next"
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
	note_database
	reconcile
	turn_on
	apply
	schedule
	take_history
	[ "$dry_run" ] || summary
	[ -z "$failed" ] || die "fail2ban did not load the change: see its log;" \
		"until it does, the timer archives its bans"
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
	find_archive
	confirm
	turn_off
	unschedule
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

leave() {
	status=$?
	[ -z "$unchecked" ] || take_back
	rm -rf "$tmp"
	exit "$status"
}

# --------------------------------------------------------------------- main --

steps=install_all jails='' purge='' dry_run='' force='' yes='' no_history=''
while [ $# -gt 0 ]; do
	case $1 in
	--jail)
		[ "${2:-}" ] || die "--jail: a jail's name is missing"
		jails="$jails $2"
		shift
		;;
	--uninstall) steps=uninstall_all ;;
	--purge) steps=uninstall_all purge=1 ;;
	--yes) yes=1 ;;
	--no-history) no_history=1 ;;
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
surveyed='' enabled='' archived='' wanted='' missing='' others='' was_archived=''
database='' log='' renamed=''
unchecked='' opened='' action_changed='' failed=''
# A dry run of another user than root cannot ask the server.
blind=''
[ -z "$dry_run" ] || [ "$(id -u)" -eq 0 ] || blind=1
# shellcheck source=/dev/null
. helper/install/system.sh

tmp=$(mktemp -d)
trap leave EXIT
trap 'exit 1' HUP INT TERM
$steps
