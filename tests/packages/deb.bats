#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make deb: what is in the package, and how it comes and goes in a system of its own,
# an overlay over this one, which changes nothing here.
#
# $lab and the like are from lib/server; what stands in single quotes is for another
# shell than this one.
# shellcheck disable=SC2016,SC2154

load ../lib/server

setup_file() {
	local was=$BATS_FILE_TMPDIR/was
	export packages=$BATS_FILE_TMPDIR
	unset BUILD MAKEFLAGS MAKELEVEL
	cd "$BATS_TEST_DIRNAME/../.." || return
	# One file of each kind is another one in the version of before.
	mkdir "$was"
	cp -a Makefile README.md action.d helper "$was"
	sed -i 's/^timeout = .*/timeout = 9/' "$was/action.d/fail2ban-archive.conf"
	sed -i '2s/$/ It is of before./' "$was/helper/dist/fail2ban-archive.cfg"
	nice make -s -C "$was" deb BUILD=build VERSION=0.0.9 >"$packages/log" 2>&1 &&
		mv "$was"/build/fail2ban-archive_*.deb "$packages/old.deb" &&
		nice make -s deb BUILD="$packages/build" >"$packages/log" 2>&1 &&
		mv "$packages"/build/fail2ban-archive_*.deb "$packages/new.deb" &&
		mv "$packages"/build/fail2ban-archive-push_*.deb "$packages/push.deb" || {
		cat "$packages/log" >&2
		return 1
	}
}

# A system with a fail2ban that bans into a file. It has processes of its own, and
# loses all that was written when they end.
setup() {
	lab_setup
	mkdir "$lab/system"
	in_background unshare --mount --pid --fork --kill-child sh -euc '
		mount -t tmpfs tmpfs "$1"
		cd "$1"
		mkdir upper work root
		mount -t overlay overlay -o lowerdir=/,upperdir=upper,workdir=work root
		mount -t proc proc root/proc
		mount --rbind /dev root/dev
		mount -t tmpfs tmpfs root/run
		mount -t tmpfs tmpfs root/tmp
		mkdir root/run/fail2ban
		cp "$2"/*.deb root/tmp
		exec sleep infinity' sh "$lab/system" "$packages"
	wait_for 20 eval "inner=\$(pgrep -P $! -x sleep)"
	in_system sh -euc '
		cd /etc/fail2ban
		rm -rf jail.d/* action.d/fail2ban-archive.conf ./*.local \
			/etc/fail2ban-archive.cfg /etc/cron.d/fail2ban-archive \
			/var/lib/fail2ban-archive /var/lib/fail2ban/* \
			/usr/local/sbin/fail2ban-archive* /usr/local/lib/systemd
		: >/var/log/try
		printf "[Definition]\nactionban = echo <ip> >>/tmp/banned\n" \
			>action.d/into-a-file.conf
		printf "[DEFAULT]\nmaxretry = 1\nbanaction = into-a-file\n[sshd]\nenabled = true\nbackend = polling\nlogpath = /var/log/try\n" \
			>jail.local
		fail2ban-client start'
}

teardown() {
	kill -KILL "$inner" || true
	lab_teardown
}

# in_system COMMAND...
in_system() {
	nsenter -t "$inner" -m -p chroot "/proc/$inner/cwd/root" \
		env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		HOME=/root LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive "$@" \
		</dev/null 3>&-
}

installs() { status 0 in_system dpkg -i "$@" "/tmp/${package:-new}.deb"; }

actions() { in_system fail2ban-client get sshd actions; }

archived() { in_system fail2ban-archive export | grep -qF "\"ident\":\"$1\""; }

# All files of the system but for dpkg's own, those of fail2ban's server, and caches.
files() {
	in_system find /etc /usr /lib /var -xdev \( -path /var/tmp -o \
		-path /var/lib/dpkg -o -path /var/lib/fail2ban -o -path /var/log -o \
		-path /var/cache \) -prune -o \( -name '*fail2ban-archive*' -o \
		-path '/etc/*' \) -print | sort
}

@test "the package has its files in Debian's places, and four of them are the administrator's" {
	dpkg-deb -c "$packages/new.deb" | awk '!/\/$/ { print $6 }' | sed 's|^\./lib/|./usr/lib/|' |
		LC_ALL=C sort | diff - <(LC_ALL=C sort <<-END
		./etc/cron.d/fail2ban-archive
		./etc/fail2ban-archive.cfg
		./etc/fail2ban/action.d/fail2ban-archive.conf
		./etc/logcheck/ignore.d.server/fail2ban-archive
		./usr/lib/systemd/system/fail2ban-archive.service
		./usr/lib/systemd/system/fail2ban-archive.timer
		./usr/sbin/fail2ban-archive
		./usr/sbin/fail2ban-archive-event
		./usr/sbin/fail2ban-archive-setup
		./usr/share/bash-completion/completions/fail2ban-archive
		./usr/share/doc/fail2ban-archive/README.Debian
		./usr/share/doc/fail2ban-archive/README.md.gz
		./usr/share/doc/fail2ban-archive/changelog.Debian.gz
		./usr/share/doc/fail2ban-archive/copyright
		./usr/share/lintian/overrides/fail2ban-archive
		./usr/share/fish/vendor_completions.d/fail2ban-archive.fish
		./usr/share/man/man5/fail2ban-archive.cfg.5.gz
		./usr/share/man/man8/fail2ban-archive-event.8.gz
		./usr/share/man/man8/fail2ban-archive-setup.8.gz
		./usr/share/man/man8/fail2ban-archive.8.gz
		./usr/share/zsh/vendor-completions/_fail2ban-archive
		END
		)
	dpkg-deb -I "$packages/new.deb" conffiles | sort | diff - <(printf '%s\n' \
		/etc/cron.d/fail2ban-archive /etc/fail2ban-archive.cfg \
		/etc/fail2ban/action.d/fail2ban-archive.conf \
		/etc/logcheck/ignore.d.server/fail2ban-archive)
	dpkg-deb --fsys-tarfile "$packages/new.deb" | tar -C "$lab" -x
	grep -qx 'ExecStart=/usr/sbin/fail2ban-archive reconcile --no-push' \
		"$lab"/{,usr/}lib/systemd/system/fail2ban-archive.service
	grep -qx 'helper = /usr/sbin/fail2ban-archive-event' \
		"$lab/etc/fail2ban/action.d/fail2ban-archive.conf"
	! grep -r /usr/local "$lab"/{etc/fail2ban*,etc/cron.d,lib,usr/sbin/*-setup}
}

@test "what needs PostgreSQL's library is in a package of its own" {
	dpkg-deb -c "$packages/push.deb" | awk '!/\/$/ { print $6 }' | sed 's|^\./lib/|./usr/lib/|' |
		LC_ALL=C sort | diff - <(LC_ALL=C sort <<-END
		./usr/lib/systemd/system/fail2ban-archive-push.service
		./usr/sbin/fail2ban-archive-push
		./usr/share/doc/fail2ban-archive-push/changelog.Debian.gz
		./usr/share/doc/fail2ban-archive-push/copyright
		./usr/share/fail2ban-archive/fleet.sql
		./usr/share/lintian/overrides/fail2ban-archive-push
		./usr/share/man/man8/fail2ban-archive-push.8.gz
		END
		)
	[[ $(dpkg-deb -f "$packages/push.deb" Depends) == *libpq5* ]]
	[[ $(dpkg-deb -f "$packages/push.deb" Depends) == *"fail2ban-archive (= "* ]]
	[[ $(dpkg-deb -f "$packages/new.deb" Depends) != *libpq* ]]
	[[ $(dpkg-deb -f "$packages/new.deb" Suggests) == *fail2ban-archive-push* ]]
	dpkg-deb --fsys-tarfile "$packages/push.deb" | tar -C "$lab" -x
	cat "$root"/helper/fleet/sql/*.sql | cmp - "$lab/usr/share/fail2ban-archive/fleet.sql"
	grep -qx 'ExecStart=/usr/sbin/fail2ban-archive push --due' \
		"$lab"/{,usr/}lib/systemd/system/fail2ban-archive-push.service
	dpkg-deb --fsys-tarfile "$packages/new.deb" | tar -C "$lab" -x
	[[ $(ldd "$lab/usr/sbin/fail2ban-archive-push") == *libpq* ]]
	[[ $(ldd "$lab/usr/sbin/fail2ban-archive") != *libpq* ]]
}

@test "without the package a push names it; with it, its unit follows each reconcile" {
	local wants=/etc/systemd/system/fail2ban-archive.service.wants/fail2ban-archive-push.service
	installs
	status 69 in_system fail2ban-archive push
	says 'install the package fail2ban-archive-push'
	# A completion does not need it.
	[[ $(in_system fail2ban-archive complete push --) == *--init* ]]
	in_system test ! -h $wants
	package=push installs
	in_system test -h $wants
	status 0 in_system fail2ban-archive push --help
	status 0 in_system dpkg -P fail2ban-archive-push
	in_system test ! -e /usr/share/fail2ban-archive
	in_system test ! -h $wants
}

@test "the package has the version of the Makefile" {
	[ "$(dpkg-deb -f "$packages/new.deb" Version)" = \
		"$(sed -n 's/^VERSION = //p' "$root/Makefile")-1" ]
	[ "$(dpkg-deb -f "$packages/old.deb" Version)" = 0.0.9-1 ]
	dpkg-deb --fsys-tarfile "$packages/old.deb" | tar -C "$lab" -x
	[[ $("$lab/usr/sbin/fail2ban-archive" --version) == 'fail2ban-archive 0.0.9,'* ]]
}

@test "lintian has nothing to say" {
	status 0 lintian --no-cfg --allow-root --fail-on error,warning \
		"$packages/new.deb" "$packages/push.deb"
	[ -z "$(grep -v '^running with root' <<<"$said")" ]
}

@test "the package names the sources of what is linked statically into it" {
	dpkg-deb --fsys-tarfile "$packages/new.deb" | tar -C "$lab" -x
	[[ $(ldd "$lab/usr/sbin/fail2ban-archive-event") == *'statically linked'* ]]
	[[ $(dpkg-deb -f "$packages/new.deb" Built-Using) == *glibc*libconfig* ]]
	[[ $(dpkg-deb -f "$packages/new.deb" Static-Built-Using) == *sqlite3* ]]
}

@test "installed, the timer is on and the action is off, until setup turns it on" {
	before=$(in_system sha256sum /etc/fail2ban/jail.local)
	installs
	says 'run: fail2ban-archive-setup'
	[[ $(actions) != *fail2ban-archive* ]]
	in_system test -h /etc/systemd/system/timers.target.wants/fail2ban-archive.timer
	[ "$(in_system ls /etc/fail2ban/jail.d)" = '' ]
	in_system fail2ban-client set sshd banip 192.0.2.11
	status 0 in_system fail2ban-archive reconcile
	archived 192.0.2.11

	status 0 in_system fail2ban-archive-setup
	[[ $(actions) == *fail2ban-archive* ]]
	in_system fail2ban-client set sshd banip 192.0.2.12
	wait_for 10 archived 192.0.2.12
	[ "$(in_system sha256sum /etc/fail2ban/jail.local)" = "$before" ]
	[ "$(in_system stat -c %a /var/lib/fail2ban-archive)" = 700 ]
	status 0 in_system dpkg -V fail2ban-archive
	[ -z "$said" ]
}

@test "an upgrade is read by the running jails, and keeps the archive and what was changed" {
	package=old installs
	status 0 in_system fail2ban-archive-setup
	in_system fail2ban-client set sshd banip 192.0.2.11
	wait_for 10 archived 192.0.2.11
	[ "$(in_system fail2ban-client get sshd action fail2ban-archive timeout)" = 9 ]
	in_system sed -i 's/^#max_matches.*/max_matches = 50;/' /etc/fail2ban-archive.cfg

	installs --force-confold
	[ "$(in_system fail2ban-client get sshd action fail2ban-archive timeout)" = 4 ]
	in_system grep -qx 'max_matches = 50;' /etc/fail2ban-archive.cfg
	in_system test -e /etc/fail2ban-archive.cfg.dpkg-dist
	archived 192.0.2.11
	in_system fail2ban-client get sshd banip | grep -q 192.0.2.11
	in_system test ! -e /run/fail2ban-archive.action
	# The same version once more changes nothing, and asks nothing.
	installs
	[[ $(actions) == *fail2ban-archive* ]]
}

@test "an upgrade turns on nothing that is off" {
	package=old installs
	installs
	[[ $(actions) != *fail2ban-archive* ]]
	[ "$(in_system ls /etc/fail2ban/jail.d)" = '' ]
}

@test "removed, fail2ban goes on without the action; purged, only the archive is left" {
	before=$(files)
	installs
	status 0 in_system fail2ban-archive-setup
	in_system fail2ban-client set sshd banip 192.0.2.11
	wait_for 10 archived 192.0.2.11
	in_system sh -c 'echo "interval = 60;" >>/etc/fail2ban-archive.cfg'

	status 0 in_system dpkg -r fail2ban-archive
	[[ $(actions) != *fail2ban-archive* ]]
	in_system fail2ban-client get sshd banip | grep -q 192.0.2.11
	[ "$(in_system ls /etc/fail2ban/jail.d)" = '' ]
	in_system grep -qx 'interval = 60;' /etc/fail2ban-archive.cfg
	status 0 in_system fail2ban-client -t

	status 0 in_system dpkg -P fail2ban-archive
	says 'the archive of bans is kept in /var/lib/fail2ban-archive'
	in_system test -s /var/lib/fail2ban-archive/archive.sqlite3
	diff <(echo "$before") <(files | grep -v ^/var/lib/fail2ban-archive)
	status 0 in_system fail2ban-client -t

	installs
	archived 192.0.2.11
}

@test "purged while another file names the action, fail2ban can still start" {
	installs
	in_system sh -c 'printf "[sshd]\naction = %%(known/action)s\n fail2ban-archive\n" \
		>/etc/fail2ban/jail.d/mine.local'
	in_system fail2ban-client reload --restart sshd
	status 0 in_system dpkg -P fail2ban-archive
	says mine.local
	status 0 in_system fail2ban-client -t
	in_system fail2ban-client stop
	status 0 in_system fail2ban-client start
}

@test "a fail2ban whose configuration is broken does not stop the removal" {
	installs
	status 0 in_system fail2ban-archive-setup
	in_system sh -c 'echo "[broken" >/etc/fail2ban/jail.d/mine.local'
	status 0 in_system dpkg -P fail2ban-archive
	[ "$(in_system ls /etc/fail2ban/jail.d)" = mine.local ]
}

@test "the package refuses to stand beside what install.sh has installed" {
	in_system touch /usr/local/sbin/fail2ban-archive
	status 1 in_system dpkg -i /tmp/new.deb
	says './install.sh --uninstall'
	in_system test ! -e /usr/sbin/fail2ban-archive
	in_system rm /usr/local/sbin/fail2ban-archive
	# What --uninstall keeps, the package keeps.
	in_system sh -c 'echo "interval = 60;" >/etc/fail2ban-archive.cfg'
	installs --force-confold
	in_system grep -qx 'interval = 60;' /etc/fail2ban-archive.cfg
}

@test "cron reconciles where systemd does not, and only while the program is there" {
	installs
	line() { in_system sed -n 's|^\*/5 \* \* \* \* root  ||p' /etc/cron.d/fail2ban-archive; }
	[ -n "$(line)" ]
	reconciles() { in_system sqlite3 /var/lib/fail2ban-archive/archive.sqlite3 \
		'SELECT count(*) FROM run' 2>/dev/null; }
	command=$(line)
	in_system mkdir -p /run/systemd/system
	status 0 in_system sh -c "$command"
	in_system test ! -e /var/lib/fail2ban-archive
	in_system rmdir /run/systemd/system
	status 0 in_system sh -c "$command"
	[ "$(reconciles)" -eq 1 ]
	status 0 in_system dpkg -r fail2ban-archive
	status 0 in_system sh -c "$command"
	[ -z "$said" ]
}
