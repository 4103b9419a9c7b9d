#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# check as a plugin of a monitoring system: statuses, options, performance data,
# JSON, and what it looks at. Beside a program that answers as fail2ban would.
# $lab, $root and the like are from lib/server. Other shells expand what is in
# single quotes.
# shellcheck disable=SC2016,SC2154

load ../lib/server

setup() {
	lab_setup
	cp "$root/tests/samples/mixed20-deb-running.sqlite3" "$lab/fail2ban.sqlite3"
	chmod 600 "$lab/fail2ban.sqlite3"
	db=$lab/archive/archive.sqlite3
	# The defaults of -w and -c, so that a slow machine is no trouble.
	config 'interval = 300;'
	archive reconcile
}

# a_server JAILS [SETTINGS]: a server that has these bans, '{"sshd": ["192.0.2.1"]}'.
a_server() {
	echo "$1" >"$lab/jails"
	echo "${2:-{\}}" >"$lab/jails.settings"
	: >"$lab/questions"
	in_background "$python" "$root/tests/lib/answering_server.py" \
	    "$lab/run/sock" "$lab/jails" "$lab/questions"
	wait_for 5 test -S "$lab/run/sock"
}

# figures: the performance data of the check, without the size.
figures() {
	archive check "$@" | head -n 1 | sed -n 's/^[^|]* | //p' |
		sed 's/archive=[0-9]*B/archive=B/'
}

# point NAME: what the check has of that point, as JSON.
point() {
	archive check --format json >"$lab/json" || true
	jq -e --arg name "$1" '.data.points[] | select(.name == $name)' "$lab/json"
}

# point_is NAME EXPRESSION: the expression of jq is true of the point.
point_is() {
	point "$1" >"$lab/point"
	jq -e "$2" "$lab/point" >/dev/null || {
		cat "$lab/point" >&2
		return 1
	}
}

reconciled_ago() {
	sqlite3 "$db" "UPDATE run SET finished_us = finished_us - $1 * 1000000"
}

# spooled N: so many events wait in the spool.
spooled() {
	mkdir -p "$lab/spool"
	local n
	for ((n = 1; n <= $1; n++)); do
		: >"$lab/spool/$(printf '%020d' "${EPOCHREALTIME/./}")-$n"
	done
}

# bans_of JAIL DAYS HOURS N: on each of so many days up to HOURS ago, N bans.
bans_of() {
	local day n at
	for ((day = $2 - 1; day >= 0; day--)); do
		for ((n = 1; n <= $4; n++)); do
			at=$((EPOCHSECONDS - $3 * 3600 - 5 - day * 86400))
			TZ=UTC0 printf '%(%F %T)T,000 fail2ban.actions [1]: NOTICE  [%s] Ban 198.51.100.%d\n' \
			    "$at" "$1" $((day * 20 + n))
		done
	done >>"$lab/old.log"
	sort -o "$lab/old.log" "$lab/old.log"
}

# ------------------------------------------------------------------ the plugin --

@test "one line, then performance data with the thresholds" {
	status 0 archive check
	[ "$(wc -l <<<"$said")" -eq 1 ]
	[[ $said =~ ^'fail2ban-archive OK: last reconcile '[0-9]+' s ago; 0 events in the spool; ' ]]
	[[ $said =~ ' | reconcile_age='[0-9]+'s;600;86400;0 spool=0;0;100;0 live=3;;;0 bans=19c archive='[0-9]+'B gaps=0c'$ ]]
	[[ $(figures -w 60 -c @10:20) =~ ^reconcile_age=[0-9]+'s;60;@10:20;0 spool=0;0;100;0 ' ]]
	# The size is that of the archive with its WAL.
	size=${said##*archive=}
	[ "${size%%B*}" -eq $(($(stat -c %s "$db") + $(stat -c %s "$db-wal"))) ]
}

@test "performance data of what is not known is U" {
	rm -r "$lab/archive"
	[ "$(figures)" = 'reconcile_age=U;600;86400;0 spool=0;0;100;0 live=U;;;0 bans=U archive=U gaps=U' ]
}

@test "-w and -c are ranges of the age of the last reconcile" {
	reconciled_ago 1000
	local want range
	while read -r want range; do
		status "$want" archive check -c '~:' -w "$range"
		status "$want" archive check --critical='~:' --warning "$range"
		# -c is worse.
		status $((2 * want)) archive check -w '~:' -c "$range"
	done <<-END
		0 100000
		1 900
		0 900:
		1 100000:
		0 ~:100000
		1 ~:900
		0 900:100000
		1 @900:100000
		0 @0:900
	END
	# The defaults.
	status 1 archive check
	says 'WARNING: last reconcile 100'
	reconciled_ago 90000
	status 2 archive check
	says 'CRITICAL: last reconcile'
	# The config's -c stands before the verb.
	status 0 "$program" -c "$lab/archive.cfg" check -c 200000 -w 100000
}

@test "a wrong command line is UNKNOWN, on standard output" {
	local words
	while read -r words; do
		# shellcheck disable=SC2086 # words
		status 3 archive check $words
		# shellcheck disable=SC2086
		archive check $words >"$lab/out" 2>/dev/null || true
		[ "$(wc -l <"$lab/out")" -eq 1 ]
		grep -q '^fail2ban-archive UNKNOWN: check: ' "$lab/out"
	done <<-END
		-w
		-w abc
		-w 20:10
		-w 10:20:30
		-c -1
		-c @
		--critical=
		-t 0
		-t -1
		-t 1.5
		-t 3601
		-t x
		--format xml
		-x
		--no-such
		word
		-v word
		--verbose=3
	END
}

@test "--help and --version end with 3, and name the program" {
	status 3 archive check --help
	says 'usage: fail2ban-archive [-c FILE] check'
	says '(-w)'
	says '(-c)'
	says '(-t)'
	says '(-v)'
	status 3 archive check -h
	status 3 archive check -w 10 --help
	status 3 archive check --version
	[[ $said =~ ^fail2ban-archive\ [0-9] ]]
	status 3 archive check -V
	status 0 archive help check
	# Of the program and of other verbs they end with 0 as before.
	status 0 archive --version
	status 0 archive list --help
	status 64 archive list --version
}

@test "each failure of the plugin itself is 3" {
	status 3 "$program" -c "$lab/none.cfg" check
	says 'fail2ban-archive UNKNOWN: '
	echo 'nonsense' >"$lab/bad.cfg"
	status 3 "$program" -c "$lab/bad.cfg" check
	says 'fail2ban-archive UNKNOWN: '
	status 3 "$program" -c "$lab/bad.cfg" check --format json
	jq -e '.version == 1 and .error == 3 and .errorString != "" and .data.status == 3' <<<"$said"
	status 3 sh -c '"$0" -c "$1" check >/dev/full' "$program" "$lab/archive.cfg"
}

@test "-v adds a line for each point, and a command for each trouble" {
	spooled 1
	status 1 archive check -v
	local line first=${said%%$'\n'*} n=0
	[[ $first == 'fail2ban-archive WARNING: 1 events in the spool | '* ]]
	while read -r line; do
		[[ $line =~ ^(OK|WARNING|CRITICAL|UNKNOWN)\ [a-z_]+:\ . ]]
		[[ $line != WARNING* ]] || [[ $line == *'. Run: '* ]]
		# Nagios takes what follows a bar for performance data.
		[[ $line != *'|'* ]]
		((++n))
	done <<<"${said#*$'\n'}"
	[ "$n" -ge 11 ]
	says 'WARNING spool: 1 events in the spool. Run: fail2ban-archive reconcile'
	# Higher levels are the same.
	[ "$(archive check -v -v -v | wc -l)" -eq $((n + 1)) ]
}

@test "the manual explains each point" {
	a_server '{"sshd": []}'
	local name n=0
	archive check --format json >"$lab/json"
	for name in archive $(jq -r '.data.points[].name' "$lab/json"); do
		[ "$name" = bans ] || grep -qx "\.It Sy $name" "$root/helper/dist/fail2ban-archive.8"
		((++n))
	done
	[ "$n" -ge 14 ]
}

# -------------------------------------------------------------------- the JSON --

@test "the JSON has what LibreNMS and Zabbix take, and the same status" {
	a_server '{"sshd": [], "bare": []}' '{"actions": {"bare": ["nftables"]}}'
	status 1 archive check --format json
	[ "$(wc -l <<<"$said")" -eq 1 ]
	jq -e . <<<"$said" >"$lab/json"
	jq -e 'keys_unsorted == ["version", "error", "errorString", "data"]' "$lab/json"
	jq -e '.version == 1 and .error == 0 and .errorString == ""' "$lab/json"
	jq -e '.data | .state == "WARNING" and .status == 1' "$lab/json"
	# LibreNMS's application fail2ban: the bans of each jail, and of all.
	jq -e '.data | .total == 3 and ([.jails[]] | add) == 3' "$lab/json"
	jq -e '.data.jails | .perm == 2 and .recidive == 1 and .bare == 0' "$lab/json"
	# Zabbix: a macro has a text or a number, never null.
	jq -e '.data.discovery | map(."{#JAIL}") == (map(."{#JAIL}") | sort | unique)' "$lab/json"
	jq -e '[.data.discovery[] | to_entries[] | select(.key | startswith("{#"))
	    | .value | type] | unique - ["string", "number"] == []' "$lab/json"
	jq -e '.data.discovery | map({(."{#JAIL}"): ."{#COVERED}"}) | add
	    | .bare == 0 and .sshd == 1 and .perm == null' "$lab/json"
	jq -e '.data.figures | keys_unsorted == ["reconcile_age", "spool", "live", "bans",
	    "archive", "gaps"]' "$lab/json"
	jq -e '.data.points | all(keys_unsorted == ["name", "state", "status", "value",
	    "text", "command"])' "$lab/json"
	jq -e '.data.points | map(.name) | length == (unique | length)' "$lab/json"
}

@test "an archive that cannot be read is an error in the JSON" {
	echo damaged >"$db"
	status 2 archive check --format json
	jq -e '.error == 3 and (.errorString | contains("CRITICAL")) and .data.status == 2
	    and .data.total == null' <<<"$said"
}

# ------------------------------------------------------------------ the points --

@test "events in the spool are a warning, more than 100 are critical" {
	spooled 100
	status 1 archive check
	says 'spool=100;0;100;0'
	spooled 1
	status 2 archive check
	says 'CRITICAL: 101 events in the spool'
	point_is spool '.status == 2 and .value == 101'
}

@test "a spool that takes no event is critical" {
	mkdir -p "$lab/spool"
	status 0 archive check
	chmod 777 "$lab/spool"
	status 2 archive check
	says "CRITICAL: spool: $lab/spool: "
	rmdir "$lab/spool"
	: >"$lab/spool"
	status 2 archive check
	rm "$lab/spool"
	mkdir -m 700 "$lab/theirs"
	ln -s "$lab/theirs" "$lab/spool"
	status 2 archive check
}

@test "an event that went to syslog alone is a warning for a day" {
	point_is last_resort '.status == 0'
	mkdir -p "$lab/spool"
	chmod 777 "$lab/archive" "$lab/spool"
	status 77 archive ban --jail sshd --id 192.0.2.50 --time 1795480000
	chmod 700 "$lab/archive" "$lab/spool"
	status 1 archive check
	says 'an event went to syslog alone at 20'
	point_is last_resort '.command | contains("fail2ban-archive replay --format syslog ")'
	touch -d '23 hours ago' "$db.syslog"
	point_is last_resort '.status == 1'
	touch -d '25 hours ago' "$db.syslog"
	point_is last_resort '.status == 0'
	status 0 archive check
}

@test "a busy jail that bans no more is named, and one with a ban a week is not" {
	bans_of busy 8 26 8
	bans_of week 1 26 1
	bans_of attack 1 26 60
	bans_of today 8 2 8
	bans_of gone 8 26 8
	archive replay --tz UTC "$lab/old.log"
	a_server '{"busy": [], "week": [], "attack": [], "today": []}'
	status 1 archive check
	says 'jail busy banned on 7 of 7 days, and since 20'
	says 'jail gone banned on 7 of 7 days'
	says 'fail2ban does not have it any more'
	local other
	for other in week attack today; do
		[[ $said != *"jail $other"* ]]
	done
	point_is silence '.status == 1 and (.command | startswith("fail2ban-client status "))'
	jq -e '.data.discovery | map(select(.silent == 1) | ."{#JAIL}") == ["busy", "gone"]' "$lab/json"
}

@test "a jail is not silent while fail2ban does not run, nor where that is not known" {
	bans_of busy 8 26 8
	archive replay --tz UTC "$lab/old.log"
	status 0 archive check
	# It was stopped soon after the last ban, and is started now.
	sqlite3 "$db" "INSERT OR REPLACE INTO flush SELECT id,
	    ($EPOCHSECONDS - 25 * 3600) * 1000000 FROM jail WHERE name = 'busy';
	    UPDATE jail SET flushed_us = ($EPOCHSECONDS - 25 * 3600) * 1000000
	    WHERE name = 'busy'"
	a_server '{"busy": []}'
	status 0 archive check
	sqlite3 "$db" "UPDATE jail SET flushed_us = 0"
	status 1 archive check
	# No reconcile ran for a day: the machine was off.
	sqlite3 "$db" "UPDATE run SET gap_seconds = 80000, lossy = 0 WHERE kind = 'reconcile'"
	status 0 archive check
}

@test "fail2ban must remember a ban for longer than two intervals" {
	a_server '{"sshd": []}' '{"dbpurgeage": 600}'
	status 0 archive check
	a_server_says '{"dbpurgeage": 599}'
	status 1 archive check
	says 'fail2ban remembers a ban for 599 s only, and a reconcile comes every 300 s'
	point_is dbpurgeage '.value == 599 and .command == "fail2ban-client set dbpurgeage 86400"'
	# A server without a database.
	a_server_says '{"dbpurgeage": null}'
	status 0 archive check
}

a_server_says() { echo "$1" >"$lab/jails.settings"; }

@test "a database of fail2ban that cannot be read is a warning" {
	point_is database '.status == 0'
	head -c 8192 /dev/zero >"$lab/fail2ban.sqlite3"
	status 1 archive check
	says 'not an SQLite database'
	rm "$lab/fail2ban.sqlite3"
	status 1 archive check
	says 'No such file'
	mkfifo "$lab/fail2ban.sqlite3"
	status 1 archive check
	says 'not a regular file'
}

@test "a gap that is longer than fail2ban remembers is a warning for a day" {
	sqlite3 "$db" "UPDATE run SET gap_seconds = 1000, lossy = 0"
	status 0 archive check
	says 'gaps=1c'
	sqlite3 "$db" "UPDATE run SET gap_seconds = 200000, lossy = 1"
	status 1 archive check
	says 'longer than fail2ban remembers, until 20'
	sqlite3 "$db" "UPDATE run SET started_us = started_us - 90000000000"
	status 0 archive check
	says 'gaps=1c'
}

@test "a clock that is behind the newest ban is a warning" {
	archive ban --jail sshd --id 192.0.2.1 --time "$((EPOCHSECONDS + 30)).5" --bantime 600
	status 0 archive check
	archive ban --jail sshd --id 192.0.2.2 --time "$((EPOCHSECONDS + 3600)).5" --bantime 600
	status 1 archive check
	says 's behind the newest ban'
}

@test "a full disk and one without inodes are critical" {
	local size
	for size in 12m 64m,nr_inodes=90; do
		mkdir -p "$lab/small"
		unshare -m sh -euc '
			mount -t tmpfs -o mode=700,size="$2" none "$LAB/small"
			mkdir -m 700 "$LAB/small/archive"
			cp -a "$LAB/archive/." "$LAB/small/archive/"
			sed "s|$LAB/archive/|$LAB/small/archive/|" "$LAB/archive.cfg" >"$LAB/small.cfg"
			"$0" -c "$LAB/small.cfg" "$1" >"$LAB/out" || echo "$?" >"$LAB/rc"
		' "$program" check "$size"
		[ "$(cat "$lab/rc")" -eq 2 ]
		grep -q "CRITICAL: $lab/small/archive: [0-9]* MiB and [0-9]* inodes are free" "$lab/out"
	done
}

@test "a file system that can only be read is critical" {
	unshare -m sh -euc '
		mount --bind "$LAB/archive" "$LAB/archive"
		mount -o remount,bind,ro "$LAB/archive"
		"$0" -c "$LAB/archive.cfg" check >"$LAB/out" || echo "$?" >"$LAB/rc"
	' "$program"
	[ "$(cat "$lab/rc")" -eq 2 ]
	grep -q 'the file system is read-only' "$lab/out"
}

# with_etc SCRIPT: run the check after the script, with an empty /etc and /run, where
# nothing else is a timer; its output is in $lab/out.
with_etc() {
	unshare -m sh -euc '
		mkdir -p "$LAB/root/etc" "$LAB/root/run"
		mount -t tmpfs none /run
		mount -t tmpfs none /etc
		mkdir -p /etc/systemd/system /run/systemd/system
		# This machine may have the program, and its timer.
		for d in /usr/local/lib/systemd /usr/lib/systemd/system /var/spool/cron; do
			[ ! -d $d ] || mount -t tmpfs none $d
		done
		eval "$2"
		"$0" -c "$LAB/archive.cfg" check -v >"$LAB/out" || :
	' "$program" '' "$1"
	grep ' timer: ' "$lab/out"
}

@test "a timer is a unit that is enabled, or a line of cron" {
	local unit=/etc/systemd/system/fail2ban-archive.timer
	local wants=/etc/systemd/system/timers.target.wants
	with_etc : | grep -q '^OK timer: no timer is found$'
	with_etc "touch $unit" |
		grep -q '^WARNING timer: .* is not enabled. Run: systemctl enable --now fail2ban-archive.timer$'
	with_etc "touch $unit; mkdir $wants; ln -s $unit $wants/" | grep -q '^OK timer: .* is enabled$'
	with_etc "ln -s /dev/null $unit; mkdir $wants; ln -s $unit $wants/" |
		grep -q '^WARNING timer: .*Run: systemctl unmask fail2ban-archive.timer$'
	with_etc "mkdir /etc/cron.d; sed 's|@SBIN@|/usr/sbin|' \
	    '$root/helper/dist/cron.d/fail2ban-archive.cron.in' >/etc/cron.d/fail2ban-archive" |
		grep -q '^OK timer: cron runs reconcile$'
	with_etc "mkdir /etc/crontabs; echo '*/5 * * * * /usr/local/sbin/fail2ban-archive reconcile' \
	    >/etc/crontabs/root" | grep -q '^OK timer: cron'
	# A comment is no line, and a pipe is not waited for.
	with_etc "touch $unit; echo '# /usr/sbin/fail2ban-archive reconcile' >/etc/crontab
	    mkdir /etc/cron.d; mkfifo /etc/cron.d/fail2ban-archive" | grep -q '^WARNING timer: '
}

@test "where no timer is found and no reconcile comes, the command is the installer there is" {
	reconciled_ago 1000
	with_etc 'mount -t tmpfs none /usr/sbin; mount -t tmpfs none /usr/local/sbin' |
		grep -q '^OK timer: no timer is found, and no reconcile came in time. Run: ./install.sh$'
	with_etc 'mount -t tmpfs none /usr/sbin; mount -t tmpfs none /usr/local/sbin
	    : >/usr/local/sbin/fail2ban-archive-setup
	    chmod 755 /usr/local/sbin/fail2ban-archive-setup' |
		grep -q 'Run: fail2ban-archive-setup$'
}

# ------------------------------------------------------------ hostile, and slow --

@test "a jail's name breaks out of no line and no document" {
	local name=$'x | live=9\n"}|\e[2J\\' other='a$(touch pwned)'
	a_server "$(jq -nc --arg a "$name" --arg b "$other" '{($a): [], ($b): [], "-rf": []}')" \
	    "$(jq -nc --arg a "$name" --arg b "$other" '{actions: {($a): [], ($b): []}}')"
	status 1 archive check
	[ "$(wc -l <<<"$said")" -eq 1 ]
	[ "$(tr -cd '|' <<<"$said")" = '|' ]
	says 'x \x7c live=9\x0a"}\x7c\x1b[2J'
	status 1 archive check -v
	[ "$(tr -cd '|\033' <<<"$said")" = '|' ]
	status 1 archive check --format json
	[ "$(tr -d '\n' <<<"$said" | tr -cd '\000-\037')" = '' ]
	jq -e --arg a "$name" '.data.jails[$a] == 0 and
	    (.data.discovery | any(."{#JAIL}" == $a))' <<<"$said"
}

@test "a command for a silent jail is safe, whatever the jail's name is" {
	local name='a $(touch pwned)`touch pwned`;touch pwned'
	bans_of "$name" 8 26 8
	archive replay --tz UTC "$lab/old.log"
	a_server "$(jq -nc --arg a "$name" '{($a): []}')"
	point_is silence '.status == 1'
	cd "$lab"
	printf '#!/bin/sh\nprintf "%%s\\n" "$@"\n' >fail2ban-client
	chmod +x fail2ban-client
	PATH=$lab:$PATH sh -c "$(jq -r .command "$lab/point")" >"$lab/out"
	diff "$lab/out" <(printf 'status\n%s\n' "$name")
	[ ! -e pwned ]
}

# a_hostile_server SILENT|ENDLESS|GONE: a server that takes each question and never
# answers, or whose answer never ends, or that hangs up.
a_hostile_server() {
	cat >"$lab/hostile.py" <<-'END'
		import socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.bind(sys.argv[1])
		s.listen(16)
		held = []
		while True:
		    held.append(s.accept()[0])
		    if sys.argv[2] == "GONE":
		        held.pop().close()
		    try:
		        while sys.argv[2] == "ENDLESS":
		            held[-1].sendall(b"\x80\x05(" * 10000)
		    except OSError:
		        pass
	END
	in_background "$python" "$lab/hostile.py" "$lab/run/sock" "$1"
	wait_for 5 test -S "$lab/run/sock"
}

@test "a server that hangs up on each question is UNKNOWN" {
	a_hostile_server GONE
	status 3 archive check
	says 'UNKNOWN: the jails are not known'
	status 3 archive check --after-restart
}

@test "a server whose answer never ends is UNKNOWN" {
	a_hostile_server ENDLESS
	status 3 timeout "$((20 * slowness))" "$program" -c "$lab/archive.cfg" check
	says 'UNKNOWN: the jails are not known'
	status 3 timeout "$((20 * slowness))" "$program" -c "$lab/archive.cfg" check --after-restart
}

@test "a server that never answers makes no check longer than -t" {
	a_hostile_server SILENT
	status 3 timeout "$((20 * slowness))" "$program" -c "$lab/archive.cfg" check -t 1
	says 'UNKNOWN: the jails are not known (fail2ban: no answer in time)'
	status 3 timeout "$((20 * slowness))" "$program" -c "$lab/archive.cfg" check -t 1 --after-restart
	says 'fail2ban-archive UNKNOWN: no answer within 1 s, which ended while asking fail2ban'
	status 3 timeout "$((20 * slowness))" "$program" -c "$lab/archive.cfg" check -t 1 \
	    --after-restart --format json
	jq -e '.error == 3 and (.errorString | startswith("no answer within 1 s"))' <<<"$said"
}

@test "an answer that is not understood is UNKNOWN" {
	a_server '{"sshd": []}'
	rm "$lab/jails"
	status 3 archive check
	says 'the jails are not known'
}

# nobody_says COMMAND...: run the program as a user who may read only its config.
nobody_says() {
	cp "$program" "$lab/program"
	sed "s|$lab|/mnt|" "$lab/archive.cfg" >"$lab/nobody.cfg"
	chmod 755 "$lab/program"
	chmod 644 "$lab/nobody.cfg"
	as_nobody /mnt/program -c /mnt/nobody.cfg "$@"
}

@test "a user who may read nothing is told to be root, and nothing is a fault" {
	a_server '{"sshd": []}'
	chmod 700 "$lab/run"
	spooled 1
	chmod 700 "$lab/spool"
	status 3 nobody_says check -v
	says 'UNKNOWN archive: '
	says 'UNKNOWN spool: '
	says 'UNKNOWN jails: '
	says 'Run: sudo fail2ban-archive check'
	[[ $said != *WARNING* && $said != *CRITICAL* ]]
}

# --------------------------------------------------------------- after a restart --

# live_ban ID: a ban that is live here, from a minute ago.
live_ban() {
	archive ban --jail sshd --id "$1" --ip "$1" --family inet4 \
	    --time "$((EPOCHSECONDS - 60)).25" --bantime 3600 --bancount 1 \
	    --failures 3 --restored 0
}

@test "--after-restart compares the bans, with one question a jail" {
	rm "$lab/fail2ban.sqlite3"
	rm -r "$lab/archive"
	live_ban 192.0.2.1
	live_ban 192.0.2.2
	a_server '{"sshd": ["192.0.2.1", "192.0.2.2"], "web": []}'
	status 0 archive check --after-restart
	[ "$(wc -l <<<"$said")" -eq 1 ]
	[[ $said =~ ^'fail2ban-archive OK: 2 live in fail2ban, 2 live here, 0 were ended by the restart '.*' ago | live_in_fail2ban=2;;;0 live=2;;;0 ended_by_restart=0;;;0 lost=0;0;;0'$ ]]
	diff "$lab/questions" - <<-END
		status
		get sshd banip --with-time
		get web banip --with-time
	END
}

@test "--after-restart names what fail2ban lacks, and -w and -c are ranges of that" {
	rm -r "$lab/archive"
	live_ban 192.0.2.1
	live_ban 192.0.2.2
	live_ban 192.0.2.3
	a_server '{"sshd": ["192.0.2.1"]}'
	status 1 archive check --after-restart
	says '1 live in fail2ban, 3 live here, 0 were ended by the restart'
	says 'fail2ban lacks 2 that live here'
	says 'lost=2;0;;0'
	status 0 archive check --after-restart -w 2
	status 2 archive check --after-restart -c 1
	status 1 archive check --after-restart -v
	says 'Run: fail2ban-archive reban --live --dry-run'
	status 1 archive check --after-restart --format json
	jq -e '.error == 0 and .data.figures.lost == 2 and .data.total == 3' <<<"$said"
}

@test "--after-restart without a server, or without an archive, is UNKNOWN" {
	status 3 archive check --after-restart
	says 'UNKNOWN: '
	a_server '{"sshd": []}'
	rm -r "$lab/archive"
	status 3 archive check --after-restart
	says 'no archive here yet'
}

@test "no name of a jail is cut, and the jails that are not named are counted" {
	local long
	long=$(printf 'j%.0s' {1..500})
	a_server "{\"a\": [], \"$long\": [], \"last\": []}" \
	    "{\"actions\": {\"a\": [], \"$long\": [], \"last\": []}}"
	status 1 archive check
	says 'which ./install.sh turns on: a last and 1 more |'
}

@test "reconciles of the future are not said to be none" {
	reconciled_ago -10000
	status 1 archive check
	says 'each reconcile was completed after the present time'
	says 'reconcile_age=U'
	point_is reconcile '.command == "fail2ban-archive reconcile"'
	sqlite3 "$db" 'DELETE FROM run'
	status 1 archive check
	says 'no reconcile was completed yet'
}

# has_socket PID: the process has opened a socket.
has_socket() { [ -n "$(find "/proc/$1/fd" -lname 'socket:*')" ]; }

@test "a disk without room for the archive's -shm is UNKNOWN, in JSON, too" {
	# Nobody answers there, so that the check waits for the signal.
	in_background "$python" -c 'import os, socket, time
s = socket.socket(socket.AF_UNIX)
s.bind(os.environ["LAB"] + "/run/sock")
s.listen()
time.sleep(1000)'
	wait_for 5 test -S "$lab/run/sock"
	"$program" -c "$lab/archive.cfg" check -t 60 --format json >"$lab/json" 3>&- &
	started+=("$!")
	wait_for 5 has_socket "$!"
	kill -BUS "$!"
	local got=0
	wait "$!" || got=$?
	[ "$got" -eq 3 ]
	jq -e '.error == 3 and .data.status == 3' "$lab/json"
}
