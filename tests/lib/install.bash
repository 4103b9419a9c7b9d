# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# install.sh into a scratch root that holds a copy of the distribution's own
# /etc/fail2ban, with a real fail2ban server of the test's own. Commands that
# differ between systems (package managers, systemctl, SELinux) are stubs in PATH
# that note how they were called. Loaded after server.
#
# $lab is the test's own folder, from lib/server; a stub's text is for another
# shell than this one.
# shellcheck disable=SC2016,SC2034,SC2154

# The tree as an administrator has it, built once for a file of tests; there is
# little to build when $BUILD has it.
setup_file() {
	export tree=$BATS_FILE_TMPDIR/tree
	mkdir "$tree"
	cp -a "$root"/{Makefile,action.d,helper,install.sh} "$tree"
	if [ -n "${BUILD:-}" ]; then
		mkdir "$tree/build"
		(cd "$BUILD" && find . \( -name '*.o' -o -name '*.inc' -o \
			-name library.a -o -name event_link -o \
			-name 'fail2ban-archive*' \) \
			-exec cp -a --parents -t "$tree/build" {} +)
	fi
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
