#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Replay reads the log of a real server in each form that the server has, and knows
# what its stop does to its bans.

load ../lib/server
load ../lib/archives

bans() { [ "$(client get sshd banip | wc -w)" -eq "$1" ]; }

# some_bans [OPTION...]: a server with these options bans three ids, lifts one, and
# stops. The archive forgets what the events told.
some_bans() {
	jail sshd
	: >"$lab/ready"
	fail2ban-server "$@" -c "$lab/etc" -s "$lab/run/sock" -p "$lab/run/pid" \
	    -f start </dev/null >"$lab/ready" 2>&1 3>&- &
	server=$!
	started+=("$server")
	wait_for 20 client status sshd >/dev/null
	client set sshd banip 192.0.2.1 192.0.2.2 >/dev/null
	fails sshd 'auth failure user=u from 192.0.2.3'
	wait_for 10 bans 3
	client set sshd unbanip 192.0.2.1 >/dev/null
	wait_for 10 bans 2
	server_stop
	rm -rf "$lab/archive"
}

# The archive has these bans from a log, and no other ones.
has_them() {
	last_run added=3 bad=0
	look 'len(rows()) == 3 and all(r["seen"] == ["log"] for r in rows())'
	look 'ended("sshd", "192.0.2.1", "manual")'
	look 'row("sshd", "192.0.2.3")["origin"] == "log"'
}

@test "the log of -vv is read, as that without it" {
	some_bans -vv
	grep -qE '^ .* NOTIC \[sshd\] Ban 192\.0\.2\.1$' "$lab/fail2ban.log"
	replays "$lab/fail2ban.log"
	has_them
	look 'row("sshd", "192.0.2.3")["ended_us"] is None'
}

@test "what goes to syslog is read, however that writes it" {
	server_config 'logtarget = SYSLOG' "syslogsocket = $lab/run/log"
	mkfifo "$lab/stay"
	"$python" "$root/tests/lib/syslog.py" listen "$lab/run/log" "$lab/heard" \
	    <"$lab/stay" >"$lab/listens" 3>&- &
	started+=("$!")
	exec 9>"$lab/stay"
	wait_for 10 test -s "$lab/listens"
	some_bans
	exec 9>&-
	wait "${started[0]}"
	# As the syslogs of RFC 3164, RFC 5424 and busybox write it.
	"$python" - "$lab/heard" "$lab/syslog" <<-'END'
		import datetime, json, re, sys
		forms = [open(sys.argv[2] + n, "w") for n in "123"]
		now = datetime.datetime.now().astimezone()
		short = now.strftime("%b %d %H:%M:%S")
		for line in open(sys.argv[1]):
		    text = json.loads(line).rstrip("\0")
		    pri, name, pid, rest = re.fullmatch(
		        r"<(\d+)>(\S+)\[(\d+)\]: (.*)", text, re.S).groups()
		    print(short, "www %s[%s]: %s" % (name, pid, rest), file=forms[0])
		    print("<%s>1 %s www %s %s - - %s" % (
		        pri, now.isoformat(), name, pid, rest), file=forms[1])
		    print(short, "www daemon.notice %s[%s]: %s" % (name, pid, rest),
		        file=forms[2])
	END
	local n
	for n in 1 2 3; do
		rm -rf "$lab/archive"
		replays --year "$(date +%Y)" "$lab/syslog$n"
		has_them
	done
}

@test "the stop of a server without a database ends its bans" {
	server_config 'dbfile = None'
	some_bans
	replays "$lab/fail2ban.log"
	has_them
	look 'ended("sshd", "192.0.2.2", "inferred")'
	look 'ended("sshd", "192.0.2.3", "inferred")'
	adds_nothing "$lab/fail2ban.log"
}

@test "the stop of a server with a database in memory ends its bans" {
	server_config 'dbfile = :memory:'
	some_bans
	replays "$lab/fail2ban.log"
	has_them
	look 'ended("sshd", "192.0.2.3", "inferred")'
}

@test "the stop of a server with a database ends no ban" {
	some_bans
	replays "$lab/fail2ban.log"
	has_them
	look 'row("sshd", "192.0.2.2")["ended_us"] is None'
	look 'row("sshd", "192.0.2.3")["ended_us"] is None'
}
