#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# install.sh starts reconciles: by systemd, by cron.d, by a crontab of busybox.
#
# $lab and the like are from lib/server and lib/install; a stub's text is for
# another shell than this one.
# shellcheck disable=SC2016,SC2154

load ../lib/server
load ../lib/install

@test "the units verify, and their exposure is at most 2.0" {
	status 0 installer
	mkdir "$lab/units"
	cp "$scratch"/usr/local/lib/systemd/system/fail2ban-archive* "$lab/units"
	[ -e "$lab/units/fail2ban-archive.timer" ]
	grep -qx 'ExecStart=/usr/local/sbin/fail2ban-archive reconcile --no-push' \
		"$lab/units/fail2ban-archive.service"
	grep -qx 'ExecStart=/usr/local/sbin/fail2ban-archive push --due' \
		"$lab/units/fail2ban-archive-push.service"
	# The programs and their manuals lie in the scratch root.
	sed -i "s|=/usr/local|=$scratch/usr/local|" "$lab"/units/*.service
	export MANPATH=$scratch/usr/local/share/man
	status 0 systemd-analyze verify "$lab"/units/fail2ban-archive{.service,.timer,-push.service}
	[ -z "$said" ]
	status 0 systemd-analyze security --offline=true --threshold=20 \
		"$lab/units/fail2ban-archive.service"
	# A push needs the network.
	status 0 systemd-analyze security --offline=true --threshold=25 \
		"$lab/units/fail2ban-archive-push.service"
	grep -qx 'RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX' \
		"$lab/units/fail2ban-archive-push.service"
	! grep -E '^(PrivateNetwork|IPAddressDeny)=' "$lab/units/fail2ban-archive-push.service"
}

@test "with systemd the timer is enabled, and disabled by --uninstall" {
	mkdir -p "$scratch/run/systemd/system"
	stub systemctl '[ "$1" != show ] || printf "%s\n" ProtectSystem=full ReadOnlyPaths='
	status 0 installer
	called 'systemctl enable --now fail2ban-archive.timer'
	called 'systemctl enable fail2ban-archive-push.service'
	[ ! -e "$scratch/etc/cron.d/fail2ban-archive" ]
	[ -z "$(find "$scratch/etc" -path '*.service.d*')" ]
	status 0 installer --uninstall
	called 'systemctl disable --now fail2ban-archive.timer'
	called 'systemctl disable --now fail2ban-archive-push.service'
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

@test "an archive elsewhere is opened to our own sandboxed units" {
	mkdir -p "$scratch/run/systemd/system"
	stub systemctl ''
	echo "archive = \"$scratch/srv/bans/archive.sqlite3\";" \
		>"$scratch/etc/fail2ban-archive.cfg"
	status 0 installer
	grep -qx "ReadWritePaths=-$scratch/srv/bans" \
		"$scratch/etc/systemd/system/fail2ban-archive.service.d/fail2ban-archive.conf"
	grep -qx "ReadWritePaths=-$scratch/srv/bans" \
		"$scratch/etc/systemd/system/fail2ban-archive-push.service.d/fail2ban-archive.conf"
	status 0 installer --uninstall
	[ ! -e "$scratch/etc/systemd/system/fail2ban-archive-push.service.d/fail2ban-archive.conf" ]
	[ ! -e "$scratch/usr/local/share/fail2ban-archive" ]
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

@test "without systemd and without cron it says what to run instead" {
	mkdir "$lab/tools"
	ln -s /usr/bin/* /usr/sbin/* "$lab/tools" 2>"$lab/out" || true
	rm -f "$lab"/tools/{cron,crond}
	PATH=$lab/bin:$lab/tools status 0 installer
	says "-c $scratch/etc/fail2ban-archive.cfg reconcile --every 300"
	stub cron ''
	status 0 installer
	[[ $said != *--every* ]]
}
