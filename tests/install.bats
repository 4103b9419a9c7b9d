#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# install.sh into a scratch root that holds a copy of the distribution's own
# /etc/fail2ban, with a real fail2ban server of the test's own. What is not here
# (other systems' package managers, systemctl, SELinux) is a stub in PATH that
# notes how it was called.
#
# $lab is the test's own folder, from lib/server; a stub's text is for another
# shell than this one.
# shellcheck disable=SC2016,SC2154

load lib/server

# The tree as an administrator has it, built once.
setup_file() {
	export tree=$BATS_FILE_TMPDIR/tree
	mkdir "$tree"
	cp -a "$BATS_TEST_DIRNAME"/../{Makefile,action.d,helper,install.sh} "$tree"
	env -u BUILD -u MAKEFLAGS make -s -j2 -C "$tree"
}

setup() {
	lab_setup
	scratch=$lab/root
	installed=$scratch/usr/local/sbin/fail2ban-archive
	jail_file=$scratch/etc/fail2ban/jail.d/zz-fail2ban-archive.local
	unset BUILD MAKEFLAGS
	export DESTDIR=$scratch FAIL2BAN_SOCKET=$lab/run/sock PATH=$lab/bin:$PATH

	mkdir -p "$lab/bin" "$scratch"/{etc,proc}
	echo 'ID=debian' >"$scratch/etc/os-release"
	echo '/dev/sda1 / ext4 rw 0 0' >"$scratch/proc/mounts"
	stub dpkg-query 'printf installed'
	for command in apt-get dnf apk systemctl; do
		stub "$command" 'exit 1'
	done
	distribution_config
}

# Copy the distribution's /etc/fail2ban without what the administrator, or an
# install.sh that has run here, added to it. The jail sshd is enabled; it reads
# $lab/log/sshd and bans into a file, to stay off the machine's logs and firewall.
distribution_config() {
	rm -rf "${lab:?}/etc"
	cp -a /etc/fail2ban "$scratch/etc/fail2ban"
	find "$scratch/etc/fail2ban" \( -path '*/jail.d/*' -o -name '*.local' -o \
		-name '*fail2ban-archive*' \) -delete
	ln -s "$scratch/etc/fail2ban" "$lab/etc"
	server_config
	cat >"$lab/etc/jail.local" <<-END
		[DEFAULT]
		maxretry = 1
		banaction = into-a-file
		[sshd]
		enabled = true
		backend = polling
		logpath = $lab/log/sshd
	END
	cat >"$lab/etc/action.d/into-a-file.conf" <<-END
		[Definition]
		actionban = echo <ip> >>$lab/banned
	END
	: >"$lab/log/sshd"
}

# stub NAME SHELL-TEXT: a command that notes its call in $lab/calls.
stub() {
	printf '#!/bin/sh\necho "%s $*" >>"%s/calls"\n%s\n' "$1" "$lab" "$2" \
		>"$lab/bin/$1"
	chmod +x "$lab/bin/$1"
}

called() { grep -Fqx -- "$1" "$lab/calls"; }
calls_of() { grep -c "^$1" "$lab/calls" || true; }

# 3 is the pipe that bats itself waits on: no server may inherit it.
installer() { "$tree/install.sh" "$@" 3>&-; }

# installer, where there are all commands but fail2ban's.
bare_installer() {
	if [ ! -e "$lab/tools" ]; then
		mkdir "$lab/tools"
		ln -s /usr/bin/* "$lab/tools"
		rm "$lab"/tools/fail2ban-*
	fi
	PATH=$lab/bin:$lab/tools installer "$@"
}

# login_fails ADDRESS: sshd writes that in its log.
login_fails() {
	echo "$(LC_ALL=C date '+%b %d %T') lab sshd[1]: Failed password for" \
		"invalid user alice from $1 port 22 ssh2" >>"$lab/log/sshd"
}

# is_archived JAIL ADDRESS
is_archived() {
	"$installed" -c "$scratch/etc/fail2ban-archive.cfg" export |
		jq -e --arg jail "$1" --arg ident "$2" -n \
			'any(inputs; .jail == $jail and .ident == $ident)' >/dev/null
}

has_action() {
	actions=$(client get "$1" actions)
	[[ $actions == *fail2ban-archive* ]]
}

lacks_action() {
	actions=$(client get "$1" actions) || return
	[[ $actions != *fail2ban-archive* ]]
}

restarts() { grep -c "Jail '$1' stopped" "$lab/fail2ban.log" || true; }

# Every file below the folders: its mode, where it links to, name and content.
snapshot() {
	find "$@" ! -type d -printf '%m %l %p\n' | sort
	find "$@" -type f -exec sha256sum {} + | sort -k 2
}

unchanged_since() { diff <(echo "$1") <(snapshot "$scratch"); }

# ------------------------------------------------------------- installation --

@test "a ban after the installation is in the archive at once, and the jail's own action still runs" {
	server_start
	status 0 installer
	says 'From now on those of: sshd'
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

# ---------------------------------------------------------- what is refused --

@test "a dry run names its steps and changes nothing" {
	server_start
	before=$(snapshot "$scratch")
	status 0 installer --dry-run
	says 'would run: make -s install'
	says "would write: $jail_file"
	says 'would run: fail2ban reload --restart sshd'
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
	says 'put this right first'
	says nonesuch
	unchanged_since "$before"
}

@test "a change that fail2ban refuses is taken back" {
	printf '[Definition]\nactionban = %%(nonesuch)s\n' \
		>"$lab/etc/action.d/fail2ban-archive.local"
	server_start
	status 1 installer
	says 'fail2ban refuses the change'
	says 'taken back'
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

# -------------------------------------------------------- the way out again --

@test "--uninstall keeps the archive and the configuration, and the server goes on without the action" {
	server_start
	before=$(snapshot "$scratch")
	status 0 installer
	login_fails 192.0.2.14
	wait_for 15 is_archived sshd 192.0.2.14
	kept=$(sha256sum <"$scratch/etc/fail2ban-archive.cfg")

	status 0 installer --uninstall
	says "Left: $scratch/var/lib/fail2ban-archive"
	lacks_action sshd
	client get sshd banip | grep -q 192.0.2.14
	[ "$(sha256sum <"$scratch/etc/fail2ban-archive.cfg")" = "$kept" ]
	[ -s "$scratch/var/lib/fail2ban-archive/archive.sqlite3" ]
	diff <(echo "$before") <(snapshot "$scratch" |
		grep -v -e "$scratch/var/lib/fail2ban-archive/" -e fail2ban-archive.cfg)

	status 0 installer
	is_archived sshd 192.0.2.14
}

@test "--purge leaves not one file" {
	server_start
	before=$(snapshot "$scratch")
	status 0 installer
	status 0 installer --purge
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
	status 0 installer --purge
	[ "$(ls "$scratch/srv/mixed")" = file ]
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

# -------------------------------------------------------- systemd, or cron --

@test "the units verify, and their exposure is at most 2.0" {
	status 0 installer
	mkdir "$lab/units"
	cp "$scratch"/usr/local/lib/systemd/system/fail2ban-archive.* "$lab/units"
	[ -e "$lab/units/fail2ban-archive.timer" ]
	grep -qx 'ExecStart=/usr/local/sbin/fail2ban-archive reconcile' \
		"$lab/units/fail2ban-archive.service"
	# The program and its manual lie in the scratch root.
	sed -i "s|=/usr/local|=$scratch/usr/local|" "$lab/units/fail2ban-archive.service"
	export MANPATH=$scratch/usr/local/share/man
	status 0 systemd-analyze verify "$lab"/units/fail2ban-archive.{service,timer}
	[ -z "$said" ]
	status 0 systemd-analyze security --offline=true --threshold=20 \
		"$lab/units/fail2ban-archive.service"
}

@test "with systemd the timer is enabled, and disabled by --uninstall" {
	mkdir -p "$scratch/run/systemd/system"
	stub systemctl '[ "$1" != show ] || printf "%s\n" ProtectSystem=full ReadOnlyPaths='
	status 0 installer
	called 'systemctl enable --now fail2ban-archive.timer'
	[ ! -e "$scratch/etc/cron.d/fail2ban-archive" ]
	[ -z "$(find "$scratch/etc" -path '*.service.d*')" ]
	status 0 installer --uninstall
	called 'systemctl disable --now fail2ban-archive.timer'
}

@test "a sandboxed fail2ban gets a hole for the archive, and one restart to have it" {
	mkdir -p "$scratch/run/systemd/system"
	drop_in=$scratch/etc/systemd/system/fail2ban.service.d/fail2ban-archive.conf
	stub systemctl '[ "$1" != show ] || echo ProtectSystem=strict'
	server_start
	status 0 installer
	grep -qx "ReadWritePaths=-$scratch/var/lib/fail2ban-archive" "$drop_in"
	called 'systemctl daemon-reload'
	called 'systemctl try-restart fail2ban.service'
	status 0 installer
	[ "$(calls_of 'systemctl try-restart')" -eq 1 ]
	status 0 installer --uninstall
	[ ! -e "$drop_in" ]
}

@test "an archive elsewhere is opened to our own sandboxed unit" {
	mkdir -p "$scratch/run/systemd/system"
	stub systemctl ''
	echo "archive = \"$scratch/srv/bans/archive.sqlite3\";" \
		>"$scratch/etc/fail2ban-archive.cfg"
	status 0 installer
	grep -qx "ReadWritePaths=-$scratch/srv/bans" \
		"$scratch/etc/systemd/system/fail2ban-archive.service.d/fail2ban-archive.conf"
}

@test "without systemd it is cron.d, and --uninstall clears it" {
	status 0 installer
	grep -q '^\*/5 \* \* \* \* root  /usr/local/sbin/fail2ban-archive reconcile' \
		"$scratch/etc/cron.d/fail2ban-archive"
	[ "$(calls_of systemctl)" -eq 0 ]
	status 0 installer --uninstall
	[ ! -e "$scratch/etc/cron.d/fail2ban-archive" ]
}

@test "busybox's crontab gets one line beside those it has, and loses it again" {
	mkdir -p "$scratch/etc/crontabs"
	daily='0 2 * * * run-parts /etc/periodic/daily'
	echo "$daily" >"$scratch/etc/crontabs/root"
	chmod 600 "$scratch/etc/crontabs/root"
	before=$(snapshot "$scratch/etc/crontabs")
	status 0 installer
	status 0 installer
	run cat "$scratch/etc/crontabs/root"
	[ "${#lines[@]}" -eq 2 ]
	[ "${lines[0]}" = "$daily" ]
	[[ ${lines[1]} == '*/5 * * * * /usr/local/sbin/fail2ban-archive reconcile'* ]]
	[ ! -e "$scratch/etc/cron.d" ]
	status 0 installer --uninstall
	diff <(echo "$before") <(snapshot "$scratch/etc/crontabs")
}

# ----------------------------------------------------------- other systems --

@test "Debian and Ubuntu: what is missing is installed by apt-get, fail2ban too" {
	stub apt-get ''
	stub dpkg-query 'case $* in *gcc*) printf installed ;; *) printf config-files ;; esac'
	for id in 'ID=debian' 'ID=ubuntu' 'ID=linuxmint
ID_LIKE="ubuntu debian"'; do
		echo "$id" >"$scratch/etc/os-release"
		: >"$lab/calls"
		status 0 bare_installer
		says 'fail2ban does not run'
		called 'apt-get update -q'
		called 'apt-get install -q -y fail2ban make libc6-dev pkg-config libsqlite3-dev libconfig-dev zlib1g-dev nettle-dev'
	done
}

@test "Fedora: what is missing is installed by dnf, fail2ban too" {
	stub dnf ''
	stub rpm 'exit 1'
	for id in 'ID=fedora' 'ID="rocky"
ID_LIKE="rhel centos fedora"'; do
		echo "$id" >"$scratch/etc/os-release"
		: >"$lab/calls"
		status 0 bare_installer
		called 'dnf install -y fail2ban make gcc glibc-devel pkgconf-pkg-config sqlite-devel libconfig-devel zlib-devel nettle-devel'
	done
}

@test "Alpine: what is missing is installed by apk, fail2ban too" {
	stub apk '[ "$1" = add ]'
	echo 'ID=alpine' >"$scratch/etc/os-release"
	status 0 bare_installer
	called 'apk add fail2ban make gcc musl-dev linux-headers pkgconf sqlite-dev libconfig-dev zlib-dev nettle-dev'
}

@test "where nothing is missing no package manager is asked to install" {
	stub rpm ''
	stub apk '[ "$1" = info ]'
	for id in debian fedora alpine; do
		echo "ID=$id" >"$scratch/etc/os-release"
		status 0 installer
	done
	called 'dpkg-query -W -f ${db:Status-Status} libsqlite3-dev'
	called 'rpm -q --whatprovides sqlite-devel'
	called 'apk info -e sqlite-dev'
	[ "$(calls_of apt-get) $(calls_of dnf) $(calls_of 'apk add')" = '0 0 0' ]
}

@test "an unknown system is refused with a list of what to install, and --force goes on" {
	printf 'ID=nonesuch\nID_LIKE=arch\n' >"$scratch/etc/os-release"
	before=$(snapshot "$scratch")
	status 1 installer
	for need in "$scratch/etc/os-release" fail2ban make SQLite libconfig zlib nettle; do
		says "$need"
	done
	unchanged_since "$before"
	status 0 installer --force
}

@test "SELinux: the archive's folder gets the type that fail2ban may write, and loses it by --purge" {
	mkdir -p "$scratch/sys/fs/selinux"
	folder=$scratch/var/lib/fail2ban-archive
	stub selinuxenabled ''
	stub restorecon ''
	stub rpm '[ "$3" != policycoreutils-python-utils ]'
	stub dnf ''
	stub semanage ''
	echo 'ID=fedora' >"$scratch/etc/os-release"
	status 0 installer
	called 'dnf install -y policycoreutils-python-utils'
	called "semanage fcontext -a -t fail2ban_var_lib_t $folder(/.*)?"
	called "restorecon -R $folder"

	# The rule of the first run is there: semanage refuses to add it again.
	stub semanage '[ "$2" != -a ]'
	status 0 installer
	called "semanage fcontext -m -t fail2ban_var_lib_t $folder(/.*)?"
	status 0 installer --purge
	called "semanage fcontext -d $folder(/.*)?"
}

@test "SELinux switched off: nothing is labelled" {
	mkdir -p "$scratch/sys/fs/selinux"
	stub selinuxenabled 'exit 1'
	stub semanage ''
	status 0 installer
	[ "$(calls_of semanage)" -eq 0 ]
}
