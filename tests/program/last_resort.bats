#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# An event that the archive does not take goes to the spool, or else to syslog.

load ../lib/server

setup() {
	lab_setup
	db=$lab/archive/archive.sqlite3
	cp "$root/tests/samples/mixed20-deb-running.sqlite3" "$lab/fail2ban.sqlite3"
	chmod 600 "$lab/fail2ban.sqlite3"
}

# syslog_stuck DGRAM|STREAM COMMAND...: with a /dev of its own, whose log is
# such a socket that no process reads. The command's status is in $lab/rc.
syslog_stuck() {
	cat >"$lab/stuck.py" <<-'END'
		import socket, sys, time
		kind = getattr(socket, 'SOCK_' + sys.argv[1])
		s = socket.socket(socket.AF_UNIX, kind)
		s.bind('/dev/log')
		if sys.argv[1] == 'STREAM':
		    s.listen(0)
		keep = []
		for i in range(8):
		    c = socket.socket(socket.AF_UNIX, kind)
		    c.setblocking(False)
		    keep.append(c)
		    try:
		        c.connect('/dev/log')
		        while sys.argv[1] == 'DGRAM':
		            c.send(b'x')
		    except BlockingIOError:
		        pass
		open(sys.argv[2], 'w').close()
		time.sleep(120)
	END
	cat >"$lab/inside" <<-END
		mount -t tmpfs none /dev
		mknod -m 666 /dev/null c 1 3
		"$python" "$lab/stuck.py" \$1 "$lab/is_stuck" </dev/null >/dev/null 2>&1 3>&- &
		while [ ! -e "$lab/is_stuck" ]; do sleep 0.05; done
		shift
		"\$@"
		echo \$? >"$lab/rc"
		kill -KILL %1
	END
	rm -f "$lab/is_stuck"
	unshare -m bash "$lab/inside" "$@" 2>"$lab/err"
}

@test "a standard error without a reader costs no event" {
	archive reconcile
	head -c 40960 /dev/zero | tr '\0' '\252' |
		dd of="$db" conv=notrunc status=none
	# The reader is gone before the event begins.
	"$python" - "$program" "$lab/archive.cfg" <<-'END'
		import os, subprocess, sys
		read, write = os.pipe()
		os.close(read)
		sys.exit(subprocess.run([sys.argv[1], '-c', sys.argv[2],
		    'ban', '--jail', 'sshd', '--id', '192.0.2.60', '--time',
		    '1795480000.5', '--bantime', '600'],
		    stderr=write).returncode != 0)
	END
	look 'len(spooled()) == 1'
}

@test "a syslog that takes nothing holds an event up for less than its timeout" {
	archive reconcile
	sqlite3 "$lab/fail2ban.sqlite3" "INSERT INTO bans VALUES ('sshd',
	    '192.0.2.50', 1795480000, 600, 1, CAST(json_object('matches',
	    json_array(replace(hex(zeroblob(7900)), '0', ' '))) AS BLOB))"
	# Neither the archive nor the spool takes it: it goes to syslog.
	mkdir -p "$lab/spool"
	chmod 777 "$lab/archive" "$lab/spool"
	local kind began
	for kind in DGRAM STREAM; do
		began=${EPOCHREALTIME/./}
		syslog_stuck $kind timeout -s KILL "$((30 * slowness))" "$program" \
		    -c "$lab/archive.cfg" ban --jail sshd --id 192.0.2.50 \
		    --time 1795480000 --bantime 600
		[ "$(cat "$lab/rc")" -eq 77 ]
		# The action's timeout.
		((${EPOCHREALTIME/./} - began < 4000000 * slowness))
	done
}

@test "a backslash in syslog is as it was" {
	cat >"$lab/heard.py" <<-'END'
		import socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind('/dev/log')
		open(sys.argv[1], 'w').close()
		out = open(sys.argv[2], 'wb')
		while True:
		    out.write(s.recv(70000).rstrip(b'\0') + b'\n')
		    out.flush()
	END
	archive reconcile
	mkdir -p "$lab/spool"
	chmod 777 "$lab/archive" "$lab/spool"
	sqlite3 "$lab/fail2ban.sqlite3" "INSERT INTO bans VALUES ('sshd',
	    '192.0.2.50', 1795480000, 600, 1, CAST(json_object('matches',
	    json_array(replace(hex(zeroblob(3000)), '0', '\\'))) AS BLOB))"
	cat >"$lab/inside" <<-END
		mount -t tmpfs none /dev
		mknod -m 666 /dev/null c 1 3
		"$python" "$lab/heard.py" "$lab/ears" "$lab/heard" </dev/null >/dev/null 2>&1 3>&- &
		while [ ! -e "$lab/ears" ]; do sleep 0.05; done
		"$program" -c "$lab/archive.cfg" ban --jail sshd --id 192.0.2.50 \
		    --time 1795480000 --bantime 600
		while ! grep -q ' # ' "$lab/heard"; do sleep 0.05; done
		kill -KILL %1
	END
	unshare -m timeout "$((60 * slowness))" bash "$lab/inside" 2>/dev/null
	"$python" - "$lab/heard" <<-'END'
		import json, re, sys, urllib.parse
		parts = re.findall(r'event \d+/\d+ (.*)', open(sys.argv[1]).read())
		words = ''.join(parts).split(' # ')[0].split(' ')
		data = urllib.parse.unquote(words[words.index('--data') + 1])
		assert json.loads(data)['matches'] == ['\\' * 6000], data[:80]
	END
}

@test "nothing is removed where a link in the place of the spool leads to" {
	archive reconcile
	mkdir -m 700 "$lab/theirs"
	echo precious >"$lab/theirs/tmp-precious"
	touch -d '1 hour ago' "$lab/theirs/tmp-precious"
	ln -s "$lab/theirs" "$lab/spool"
	archive reconcile || true
	[ -e "$lab/theirs/tmp-precious" ]
}

@test "an event that goes to syslog alone leaves its time beside the archive" {
	archive reconcile
	[ ! -e "$db.syslog" ]
	# A wrong command line is no event.
	status 64 archive ban --jail sshd
	[ ! -e "$db.syslog" ]
	mkdir -p "$lab/spool"
	chmod 777 "$lab/archive" "$lab/spool"
	status 77 archive ban --jail sshd --id 192.0.2.50 --time 1795480000
	[ "$(stat -c '%a %s %F' "$db.syslog")" = '600 0 regular empty file' ]
	# The next one sets its time.
	touch -d '3 days ago' "$db.syslog"
	status 77 archive ban --jail sshd --id 192.0.2.51 --time 1795480001
	(($(stat -c %Y "$db.syslog") > EPOCHSECONDS - 3600))
}

@test "nothing is changed where a link in the place of the note leads to" {
	archive reconcile
	mkdir -p "$lab/spool"
	# They lie where the sandbox of an event allows a change.
	chmod 777 "$lab/archive" "$lab/spool"
	touch -d '3 days ago' "$lab/archive/theirs"
	local before
	before=$(stat -c '%Y %a' "$lab/archive/theirs")
	ln -s "$lab/archive/theirs" "$db.syslog"
	status 77 archive ban --jail sshd --id 192.0.2.50 --time 1795480000
	rm "$db.syslog"
	ln -s "$lab/archive/nothing" "$db.syslog"
	status 77 archive ban --jail sshd --id 192.0.2.50 --time 1795480000
	rm "$db.syslog"
	ln "$lab/archive/theirs" "$db.syslog"
	status 77 archive ban --jail sshd --id 192.0.2.50 --time 1795480000
	rm "$db.syslog"
	mkfifo "$db.syslog"
	status 77 archive ban --jail sshd --id 192.0.2.50 --time 1795480000
	[ "$(stat -c '%Y %a' "$lab/archive/theirs")" = "$before" ]
	[ ! -e "$lab/archive/nothing" ]
}
