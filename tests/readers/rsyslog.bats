#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The examples of the manual's section SHIPPING THE CHANGES, with a real rsyslogd and
# logger of their own: they touch no log of the system.

load ../lib/server

manual=$root/helper/dist/fail2ban-archive.8

setup() {
	lab_setup
	now=$EPOCHSECONDS
	mkdir "$lab/work" "$lab/bin"
	# The examples call it by its name.
	cat >"$lab/bin/fail2ban-archive" <<-END
		#!/bin/sh
		exec "$program" -c "$lab/archive.cfg" "\$@"
	END
	chmod +x "$lab/bin/fail2ban-archive"
	PATH=$lab/bin:$PATH
}

# example LINE: the example of the section that begins with this line.
example() {
	sed -n '/^\.Sh SHIPPING THE CHANGES/,/^\.Sh ELASTIC/p' "$manual" |
		awk -v begin="$1" '/^\.Ed/ { on = 0 } on && (said || index($0, begin) == 1) {
		    said = 1; print } /^\.Bd/ { on = 1; said = 0 }' | sed 's/\\e/\\/g' |
		sed "s#/var/log#$lab#"
}

# rsyslog: start rsyslogd with the configuration in $lab/rsyslog.conf.
rsyslog() {
	rsyslogd -n -f "$lab/rsyslog.conf" -i "$lab/rsyslog.pid" </dev/null \
	    >>"$lab/rsyslog.out" 2>&1 3>&- &
	daemon=$!
	started+=("$daemon")
}

ship() {
	sh "$lab/ship" </dev/null >>"$lab/ship.out" 2>&1 3>&- &
	shipper=$!
	started+=("$shipper")
}

# has_got ID: rsyslog has written a document of that id.
has_got() {
	[ -e "$lab/got" ] && grep '^{.*}$' "$lab/got" | jq -e -n --arg id "$1" \
	    'any(inputs; .source.address == $id)' >"$lab/out"
}

@test "rsyslog ships each document of the file, whole and once, over restarts of both" {
	example '#!/bin/sh' >"$lab/ship"
	example 'global(' >"$lab/rsyslog.conf"
	# Its file takes the place of the SIEM.
	sed -i -e "s#action(type=\"omfwd\".*#action(type=\"omfile\" file=\"$lab/got\"#" \
	    -e 's#^ *protocol="tcp" template#template#' \
	    -e "1i global(workDirectory=\"$lab/work\")" "$lab/rsyslog.conf"
	grep -q 'omfile.*got' "$lab/rsyslog.conf"
	rsyslogd -N1 -f "$lab/rsyslog.conf"
	archive ban --jail sshd --id 192.0.2.1 --time "$now.1"
	ship
	rsyslog
	wait_for 20 has_got 192.0.2.1
	archive ban --jail sshd --id "$(printf 'x%.0s' {1..900})" --time "$now.2"
	archive ban --jail sshd --id 192.0.2.2 --time "$now.3"
	wait_for 20 has_got 192.0.2.2
	kill -KILL "$shipper"
	{ wait "$shipper" || true; } 2>/dev/null
	kill -TERM "$daemon"
	wait "$daemon"
	# The file ends in the middle of a line.
	printf '{"@timestamp":"2026' >>"$lab/fail2ban-archive.json"
	archive ban --jail sshd --id 192.0.2.3 --time "$now.4"
	ship
	rsyslog
	wait_for 20 has_got 192.0.2.3
	grep '^{.*}$' "$lab/got" | "$python" "$root/tests/lib/ecs.py" >"$lab/out"
	# Each change is there once.
	[ "$(grep '^{.*}$' "$lab/got" | jq -c 'select(.event.action == "ban") |
	    .event.sequence' | sort | uniq -c | awk '{ print $1 $2 }' | paste -sd ' ')" = \
	    '11 12 13 14' ]
	[ "$(stat -c %a "$lab/fail2ban-archive.json")" = 600 ]
}

# file_has EXPRESSION: the file has a line for which the jq expression is true.
file_has() { jq -e -n "any(inputs; $1)" "$lab/fail2ban-archive.json" >"$lab/out"; }

@test "the script writes all again when another archive has taken the place" {
	example '#!/bin/sh' >"$lab/ship"
	archive ban --jail sshd --id 192.0.2.1 --time "$now.1"
	archive backup "$lab/backup"
	ship
	wait_for 20 file_has '.next == 1'
	archive restore "$lab/backup" >"$lab/out"
	local got=0
	wait "$shipper" || got=$?
	[ "$got" -eq 65 ]
	ship
	wait_for 20 file_has ".archive == \"$(archive export --after 1 | jq -r .archive)\""
	[ "$(grep -c '"action":"ban"' "$lab/fail2ban-archive.json")" -eq 2 ]
	# The next time it goes on.
	kill "$shipper"
	wait "$shipper"
	ship
	archive ban --jail sshd --id 192.0.2.2 --time "$now.2"
	wait_for 20 file_has '.next == 2'
	[ "$(grep -c '"action":"ban"' "$lab/fail2ban-archive.json")" -eq 3 ]
}

@test "logger hands each document to syslog whole" {
	archive ban --jail sshd --id 192.0.2.1 --time "$now.1"
	cat >"$lab/rsyslog.conf" <<-END
		global(workDirectory="$lab/work" maxMessageSize="64k")
		module(load="imuxsock" sysSock.use="off")
		input(type="imuxsock" socket="$lab/socket" createPath="off")
		template(name="line" type="string" string="%msg%\n")
		if \$programname == "fail2ban-archive" then
		  action(type="omfile" file="$lab/got" template="line")
	END
	rsyslog
	wait_for 20 test -S "$lab/socket"
	example 'fail2ban-archive export --follow' |
	    sed "s#logger #&--socket $lab/socket #" >"$lab/ship"
	grep -q -e '--socket' "$lab/ship"
	ship
	# From now on only: logger may not have begun when this one comes.
	archive ban --jail sshd --id "$(printf 'y%.0s' {1..900})" --time "$now.2"
	wait_for 20 comes
	[ "$(sed 's/^ //' "$lab/got" | jq -r 'select(.event.action == "ban") |
	    .source.address' | grep -c '^192\.0\.2\.1$')" -eq 0 ]
	kill "$shipper"
}

# comes: a document of a new ban has come to rsyslog, each time of another ban.
comes() {
	archive ban --jail sshd --id "192.0.2.$((++comes + 1))" --time "$now.$comes"
	[ -e "$lab/got" ] && sed 's/^ //' "$lab/got" | jq -e -n \
	    'any(inputs; .event.action == "ban")' >"$lab/out"
}
