#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The steps that turn the action on and off in fail2ban's jails. install.sh does
# them after it has installed the program. fail2ban-archive-setup, which is
# installed with the program, is this file and setup_main.sh after it. Both set
# $self, their own name, and $prefix; nothing is done before a function is called.
# shellcheck disable=SC2034,SC2154 # variables shared with those who source this

set -euf
umask 022

# -------------------------------------------------------------------- basics --

say() {
	printf '%s\n' "$*"
}

warn() {
	say "$self: $*" >&2
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

# ------------------------------------------------------------------ fail2ban --

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

# ---------------------------------------------------------------- the action --

# Print the jail file with the jails "$@" added at its end.
jail_file_with() {
	if [ -e "$jail_file" ]; then
		cat "$jail_file"
	else
		say "# fail2ban-archive archives the bans of these jails. Its"
		say "# fail2ban-archive-setup adds jails here, and with --uninstall"
		say "# removes this file."
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

# Set $others to the other files that name the action, or to nothing. A jail
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

# ------------------------------------------------------ the archive's folder --

# Print the type of the file system that $folder is on, or will be on. Symbolic
# links are resolved.
folder_fs_type() {
	place=$folder
	while [ ! -d "$place" ]; do
		place=$(dirname "$place")
	done
	place=$(cd -P "$place" && pwd)
	awk -v place="${place%/}/" '
		{ mount = $2 == "/" ? "/" : $2 "/" }
		index(place, mount) == 1 && length(mount) >= longest {
			longest = length(mount)
			type = $3
		}
		END { print type }
	' "$root/proc/mounts"
}

# SQLite's locks and shared memory do not hold across a network.
refuse_network_fs() {
	[ -r "$root/proc/mounts" ] || return 0
	type=$(folder_fs_type)
	case $type in
	nfs* | cifs | smb* | 9p | afs | ceph | coda | gfs2 | glusterfs | lustre | \
		ocfs2 | fuse.ceph* | fuse.gluster* | fuse.rclone | fuse.s3fs | fuse.sshfs)
		die "$folder: lies on a network file system ($type), where SQLite is" \
			"not safe: set archive = \"FILE\"; in $config to a file on a local one"
		;;
	esac
}

has_selinux() {
	[ -d "$root/sys/fs/selinux" ] && command -v selinuxenabled >/dev/null &&
		selinuxenabled
}

# SELinux lets fail2ban write files that have the type of its own database.
make_folder() {
	[ -d "$folder" ] || run install -d -m 0700 "$folder"
	has_selinux || return 0
	run semanage fcontext -a -t fail2ban_var_lib_t "$folder(/.*)?" 2>/dev/null ||
		run semanage fcontext -m -t fail2ban_var_lib_t "$folder(/.*)?"
	run restorecon -R "$folder"
}

# ------------------------------------------------------------------- systemd --

has_systemd() {
	[ -d "$root/run/systemd/system" ]
}

# Let the unit $1 write to $folder. The - lets the unit start if the folder is
# missing. Fail if the unit could write there before.
add_drop_in() {
	drop_in=$units/$1.d/$action.conf
	! grep -qFx -e "ReadWritePaths=-$folder" "$drop_in" 2>/dev/null || return 1
	printf '[Service]\nReadWritePaths=-%s\n' "$folder" | write_file "$drop_in"
}

# fail2ban's actions run inside the sandbox of its unit, if an administrator has
# set one. The sandbox of our own unit lets only the default folder be written.
open_sandboxes() {
	has_systemd || return 0
	[ "$folder" = "$root/var/lib/$action" ] || for unit in "" -push; do
		add_drop_in "$action$unit.service" || :
	done
	if systemctl show -p ProtectSystem -p ReadOnlyPaths fail2ban.service |
		grep -q -e '^ProtectSystem=strict' -e '^ReadOnlyPaths=.' &&
		add_drop_in fail2ban.service; then
		opened=1
	fi
	run systemctl daemon-reload
}

# Remove what open_sandboxes wrote.
close_sandboxes() {
	run rm -f "$units/fail2ban.service.d/$action.conf" \
		"$units/$action.service.d/$action.conf" \
		"$units/$action-push.service.d/$action.conf"
}

# --------------------------------------------------------------------- steps --

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
	case ${uninstall:-0}$archive in
	1*\\*) ;;
	1/*) return ;;
	*[!A-Za-z0-9/._+@-]*) ;;
	0/*/*) return ;;
	esac
	die "$config: archive = \"$archive\": must be an absolute path, with a" \
		"folder of its own, of letters, digits and / . _ + @ -"
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

# Nobody writes the metrics any more: what node_exporter reads would only grow old.
remove_metrics() {
	metrics=$(configured metrics_file)
	case $metrics in
	"$root"/*) [ ! -f "$metrics" ] || run rm -f "$metrics" ;;
	esac
}

# After these steps the archive is filled and the action is on.
set_up() {
	make_folder
	open_sandboxes
	note_database
	reconcile
	turn_on
	apply
}

# Say how the steps ended.
finish() {
	[ "$dry_run" ] || summary
	[ -z "$failed" ] || die "fail2ban did not load the change: see its log;" \
		"until it does, the timer archives its bans"
}

# ------------------------------------------------------------- begin and end --

# Take the option $1 and, if it has one, its value $2. $taken is the number of both.
take_option() {
	taken=1
	case $1 in
	--jail)
		[ "${2:-}" ] || die "--jail: a jail's name is missing"
		jails="$jails $2" taken=2
		;;
	--uninstall) uninstall=1 ;;
	--no-history) no_history=1 ;;
	--dry-run) dry_run=1 ;;
	--force) force=1 ;;
	--help) usage && exit ;;
	*) usage >&2 && exit 64 ;;
	esac
}

jails='' uninstall='' no_history='' dry_run='' force=''

# Set all other variables. From then on, every exit cleans up.
begin() {
	root=${DESTDIR:-}
	root=${root%/}
	case $root in
	[!/]* | *[!A-Za-z0-9/._+@-]*)
		die "DESTDIR=$root: must be an absolute path of letters, digits, _ . + @ -"
		;;
	esac
	[ "$root$dry_run" ] || [ "$(id -u)" -eq 0 ] ||
		die "must run as root, with the same options"
	action=fail2ban-archive
	program=$root$prefix/sbin/$action
	config=$root/etc/$action.cfg
	etc=$root/etc/fail2ban
	jail_file=$etc/jail.d/zz-$action.local
	units=$root/etc/systemd/system
	socket=${FAIL2BAN_SOCKET:-${root:+$root/run/fail2ban/fail2ban.sock}}
	surveyed='' enabled='' archived='' wanted='' missing='' others=''
	was_archived='' database='' log='' renamed=''
	unchecked='' opened='' action_changed='' failed=''
	# A dry run of another user than root cannot ask the server.
	blind=''
	[ -z "$dry_run" ] || [ "$(id -u)" -eq 0 ] || blind=1
	tmp=$(mktemp -d)
	trap leave EXIT
	trap 'exit 1' HUP INT TERM
}

leave() {
	status=$?
	[ -z "$unchecked" ] || take_back
	rm -rf "$tmp"
	exit "$status"
}
