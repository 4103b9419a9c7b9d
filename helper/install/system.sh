# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2034,SC2154 # variables shared with install.sh
#
# This is what install.sh does besides setup.sh, and differs from system to system:
# packages, the removal of the archive, systemd or cron.

# ----------------------------------------------------------------- packages --

# Set $system to the column of helper/install/packages for this system.
find_system() {
	release=$root/etc/os-release
	[ -r "$release" ] || die "$release: cannot be read, so the system is not known"
	for id in $(sed -n 's/^ID\(_LIKE\)\{0,1\}=//p' "$release" | tr -d "\"'"); do
		case $id in
		debian | ubuntu) system=debian && return ;;
		fedora | rhel) system=fedora && return ;;
		alpine) system=alpine && return ;;
		esac
	done
	system=
	[ "$force" ] || die "$release: the system is not Debian, Ubuntu, Fedora or" \
		"Alpine: install fail2ban, make, a C compiler, pkg-config, and SQLite," \
		"libconfig, zlib, nettle, libsmartcols, libmaxminddb and libpq with" \
		"their headers, then run this with --force"
}

# Print this system's packages for the purposes "$@".
packages_for() {
	awk -v heading="$system" -v purposes=" $* " '
		/^#/ || NF == 0 { next }
		!column { for (i = 2; i <= NF; i++) if ($i == heading) column = i; next }
		index(purposes, " " $1 " ") && $column != "-" { print $column }
	' helper/install/packages
}

is_installed() {
	case $system in
	debian) dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null |
		grep -qx installed ;;
	fedora) rpm -q --whatprovides "$1" >/dev/null 2>&1 ;;
	alpine) apk info -e "$1" >/dev/null 2>&1 ;;
	esac
}

# A fail2ban that did not come from a package is good enough.
install_packages() {
	[ "$system" ] || return 0
	set -- build
	has_fail2ban || set -- run "$@"
	! has_selinux || set -- selinux "$@"
	packages=$(packages_for "$@")
	missing=
	for package in $packages; do
		is_installed "$package" || missing="$missing $package"
	done
	[ "$missing" ] || return 0
	say "Install packages:$missing"
	# shellcheck disable=SC2086 # one word a package
	case $system in
	debian)
		run apt-get update -q
		run env DEBIAN_FRONTEND=noninteractive apt-get install -q -y $missing
		;;
	fedora) run dnf install -y $missing ;;
	alpine) run apk add $missing ;;
	esac
}

# ------------------------------------------------------ the archive's folder --

# Remove the archive and the files beside it from a folder that has others, too.
remove_archive() {
	run rm -f "$archive"
	set +f
	while read -r suffix _; do
		# shellcheck disable=SC2086 # a pattern
		case $suffix in
		[-.]*) run rm -f "$archive"$suffix ;;
		esac
	done <helper/archive/beside
	set -f
}

# Remove the spool's events: each is a file that is named by its time, in 20
# digits. The folder goes when nothing else lies in it.
remove_spool() {
	spool=$(configured spool)
	spool=${spool:-$root/var/lib/$action/spool}
	[ -d "$spool" ] || return 0
	five='[0-9][0-9][0-9][0-9][0-9]'
	event=$five$five$five$five-
	set +f
	# shellcheck disable=SC2086 # patterns
	run rm -f "$spool"/$event* "$spool"/tmp-$event*
	set -f
	remove_empty "$spool"
}

remove_empty() {
	[ ! -d "$1" ] || run rmdir "$1" 2>/dev/null ||
		warn "$1: other files lie in it: kept"
}

# The default folder is ours when the archive is in it. Otherwise only the files
# of the configured archive and spool are ours: the default folder may hold
# another archive, or a copy.
remove_folder() {
	if [ "$folder" = "$root/var/lib/$action" ]; then
		[ -z "$(configured spool)" ] || remove_spool
		run rm -rf "$folder"
	else
		remove_archive
		remove_spool
		remove_empty "$root/var/lib/$action"
	fi
	! has_selinux || run semanage fcontext -d "$folder(/.*)?" || :
}

# ---------------------------------------------------------- systemd and cron --

crontab=/etc/crontabs/root
cron_file=/etc/cron.d/fail2ban-archive

has_cron() {
	command -v cron >/dev/null || command -v crond >/dev/null
}

cron_lines() {
	sed "s|@SBIN@|$prefix/sbin|" helper/dist/cron.d/fail2ban-archive.cron.in
}

crontab_without_ours() {
	grep -v "/$action reconcile" "$root$crontab" || :
}

# busybox's crond does not read cron.d. It reads one table for each user, without a
# column for the user, and loads the change because the file is a new one.
schedule() {
	if has_systemd; then
		run systemctl enable "$action-push.service"
		run systemctl enable --now "$action.timer"
		return
	fi
	if has_cron; then
		say "cron is the timer: make sure that its daemon runs"
	else
		warn "there is no systemd and no cron: start this with fail2ban, and" \
			"keep it running: $program -c $config reconcile --every 300"
	fi
	if [ -f "$root$crontab" ] && [ ! -d "$root${cron_file%/*}" ]; then
		{
			crontab_without_ours
			cron_lines | sed -n 's|^\(\*/5.*\) root  |\1 |p'
		} | write_file "$root$crontab"
	else
		cron_lines | write_file "$root$cron_file"
	fi
}

unschedule() {
	! has_systemd || for unit in "$action.timer" "$action-push.service"; do
		! systemctl is-enabled "$unit" >/dev/null 2>&1 ||
			run systemctl disable --now "$unit"
	done
	if [ -f "$root$crontab" ] && grep -q "/$action reconcile" "$root$crontab"; then
		crontab_without_ours | write_file "$root$crontab"
	fi
	run rm -f "$root$cron_file"
}
