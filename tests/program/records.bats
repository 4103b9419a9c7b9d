#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Replay finds fail2ban's records, and the events of fail2ban-archive, in lines of
# many forms; it takes no other program's text for one, and says of each line about
# a ban that it could not read it.

load ../lib/server
load ../lib/archives

setup() {
	lab_setup
	TZ=UTC
	export TZ
}

stamp='2024-03-05 10:00:01,100'
own="$stamp fail2ban.actions        [1]: NOTICE  [sshd]"
flush='event 1/1 flush --at 1795459718000000 --jail sshd --restored 0 --row 0 --tag 0 # why'
event() {
	echo "event 1/1 ban --at 1795459718000000 --jail sshd --id $1 --time 1795459718.0 --bantime -1 --failures 3 --tag 0 # why"
}

# idents: the ids in the archive, one a line, sorted.
idents() { archive export | jq -r .ident | LC_ALL=C sort; }

@test "a log-in name makes no event" {
	local name
	name="fail2ban-archive[1]: $(event 192.0.2.8)"
	{
		echo "Nov 23 18:48:38 www sshd[4117]: Invalid user $name from 203.0.113.9"
		echo "Nov 23 18:48:38 www sshd[4117]: $name"
		echo "<38>1 2026-11-23T18:48:38Z www sshd 4117 - - $name"
		echo "2026-11-23T18:48:38.123456789Z log-in of $name"
		echo "www fail2ban[1]: $flush"
		echo "$own Ban 192.0.2.10"
	} >"$lab/auth.log"
	replays --year 2026 "$lab/auth.log"
	[ "$(idents)" = 192.0.2.10 ]
	look '[r["seen"] for r in rows()] == [["log"]]'
	last_run added=1 bad=0
}

@test "an id makes no event, and hides no ban" {
	{
		echo "2026-11-23 18:48:38,700 fail2ban.filter         [7268]: INFO    [web] Found fail2ban-archive[1]: $(event 192.0.2.9) - 2026-11-23 18:48:37"
		echo "2026-11-23 18:48:38,748 fail2ban.actions        [7268]: NOTICE  [web] Ban hidden fail2ban-archive[1]: event x"
		echo "2026-11-23 18:48:38,749 fail2ban.actions        [7268]: NOTICE  [web] Ban sshd[1]: fail2ban-archive[1]: $(event 192.0.2.9)"
		echo "2026-11-23 18:48:38,750 fail2ban.utils          [7268]: ERROR   7f -- stderr: fail2ban-archive[1]: $(event 192.0.2.9)"
	} >"$lab/fail2ban.log.1"
	replays "$lab/fail2ban.log.1"
	[ "$(idents | cut -d ' ' -f 1)" = "hidden"$'\n'"sshd[1]:" ]
	look 'all(r["seen"] == ["log"] for r in rows())'
	last_run added=2 bad=0
}

@test "events come out of every form of syslog, and their number is shown" {
	{
		echo "<26>1 2026-11-23T18:48:38Z www fail2ban-archive 77 - - $(event 192.0.2.1)"
		echo "Nov 23 18:48:38 www fail2ban-archive[78]: $(event 192.0.2.2)"
		echo "Nov 23 18:48:38 www daemon.crit fail2ban-archive[79]: $(event 192.0.2.3)"
		echo "{\"MESSAGE\":\"$(event 192.0.2.4)\",\"SYSLOG_IDENTIFIER\":\"fail2ban-archive\",\"_PID\":\"80\"}"
		echo "Nov 23 18:48:38 www fail2ban-archive[81]: replay: another text"
	} >"$lab/syslog"
	replays "$lab/syslog"
	[ "$(idents)" = "$(printf '192.0.2.%d\n' 1 2 3 4)" ]
	look 'all(r["seen"] == ["event"] for r in rows())'
	says '4 events that syslog kept were read'
	# A log without any says nothing of them.
	echo "$own Ban 192.0.2.10" >"$lab/log1"
	replays "$lab/log1"
	[[ $said != *event* ]]
}

@test "the first line may come after zeros or a byte order mark" {
	local file
	for file in zeros mark; do
		if [ $file = zeros ]; then
			head -c 400 /dev/zero
		else
			printf '\357\273\277'
		fi >"$lab/$file.log"
		printf '%s Ban 192.0.2.%d\n' "$own" 10 "$own" 11 >>"$lab/$file.log"
		rm -rf "$lab/archive"
		replays "$lab/$file.log"
		[ "$(idents)" = "192.0.2.10"$'\n'"192.0.2.11" ]
		last_run added=2 bad=0 skipped=0
	done
}

@test "logs of several forms may stand in one file" {
	{
		echo "{\"log\":\"$own Ban 192.0.2.1\\n\",\"stream\":\"stdout\",\"time\":\"2024-03-05T10:00:01.100123456Z\"}"
		echo "Mar  5 10:00:02 www sshd[4117]: Accepted publickey for root"
		echo " 2024-03-05 10:00:03,122 7F866D09D6C0 NOTIC [sshd] Ban 192.0.2.2"
		echo "2014-08-10 06:49:27,446 fail2ban.server.actions[21667]: NOTICE  [sshd] Ban 192.0.2.3"
		echo "<29>1 2024-03-05T10:00:04.123456+00:00 host fail2ban.actions 610 - - NOTICE  [sshd] Ban 192.0.2.4"
	} >"$lab/log1"
	replays "$lab/log1"
	[ "$(idents)" = "$(printf '192.0.2.%d\n' 1 2 3 4)" ]
	last_run added=4 bad=0 skipped=1
	look 'row("sshd", "192.0.2.1")["since_us"] == 1709632801100000'
	look 'row("sshd", "192.0.2.4")["since_us"] == 1709632804123456'
}

@test "an export with a message is no log" {
	echo '{"jail":"sshd","ident":"192.0.2.1","since_us":1709632801100000,"message":"x"}' >"$lab/export"
	replays "$lab/export"
	[ "$(idents)" = 192.0.2.1 ]
}

@test "a line about a ban that cannot be read is bad, and its number is shown" {
	{
		echo "$own Ban 192.0.2.1"
		echo "[sshd] Ban 192.0.2.2"
		echo "an unknown form of $own Ban 192.0.2.3"
		echo "web-1  | $own Ban 192.0.2.4"
		echo "an unknown form that is not about a ban"
		echo "host1: $own Ban 192.0.2.5"
		echo "Mar  5 10:00:02 www sshd[4117]: user $own Ban 192.0.2.6"
	} >"$lab/log1"
	replays "$lab/log1"
	[ "$(idents)" = 192.0.2.1 ]
	last_run added=1 bad=4 skipped=2
	says 'line 2:'
	says 'line 3:'
	says 'line 4:'
	says 'line 6:'
}

@test "a failure that 0.9 found is not bad" {
	printf '2018-07-29 03:58:%s [1048]: %s\n' \
	    '41,574 fail2ban.filter        ' 'INFO    [sshd] Found 192.0.2.10' \
	    '42,574 fail2ban.actions       ' 'NOTICE  [sshd] Ban 192.0.2.10' \
	    >"$lab/log1"
	replays "$lab/log1"
	last_run added=1 bad=0 skipped=0
	look 'row("sshd", "192.0.2.10")["since_us"] == 1532836722574000'
}

@test "the stop of a server of 0.8 ends its bans" {
	cat >"$lab/log1" <<-'END'
		2013-04-05 23:48:59,404 fail2ban.jail   : INFO   Creating new jail 'ssh'
		2013-04-05 23:48:59,461 fail2ban.actions: INFO   Set banTime = 604800
		2013-04-05 23:48:59,601 fail2ban.jail   : INFO   Jail 'ssh' started
		2013-04-06 00:11:02,463 fail2ban.actions: WARNING [ssh] Ban 192.0.2.10
		2013-04-06 00:30:17,488 fail2ban.server : INFO   Stopping all jails
		2013-04-06 00:30:18,473 fail2ban.actions: WARNING [ssh] Unban 192.0.2.10
		2013-04-06 00:30:18,508 fail2ban.jail   : INFO   Jail 'ssh' stopped
		2013-04-06 00:30:18,509 fail2ban.server : INFO   Exiting Fail2ban
		2013-04-06 00:30:19,818 fail2ban.server : INFO   Changed logging target to /var/log/fail2ban.log for Fail2ban v0.8.8
	END
	replays "$lab/log1"
	look 'same(row("ssh", "192.0.2.10"), {"since_us": 1365207062463000,
	    "seconds": 604800, "ended_us": 1365208218473000,
	    "ended_why": "inferred"})'
	adds_nothing "$lab/log1"
}

@test "a ban of 0.9 that comes back after a restart is the same one" {
	cat >"$lab/log1" <<-'END'
		2018-09-26 18:00:00,000 fail2ban.jail           [1048]: INFO    Creating new jail 'sshd'
		2018-09-26 18:00:00,010 fail2ban.actions        [1048]: INFO    Set banTime = 86400
		2018-09-26 18:00:00,020 fail2ban.jail           [1048]: INFO    Jail 'sshd' started
		2018-09-26 18:10:00,500 fail2ban.actions        [1048]: NOTICE  [sshd] Ban 192.0.2.10
		2018-09-26 18:25:34,166 fail2ban.server         [1048]: INFO    Stopping all jails
		2018-09-26 18:25:34,252 fail2ban.actions        [1048]: NOTICE  [sshd] Unban 192.0.2.10
		2018-09-26 18:25:35,252 fail2ban.jail           [1048]: INFO    Jail 'sshd' stopped
		2018-09-26 18:25:35,266 fail2ban.server         [1048]: INFO    Exiting Fail2ban
		2018-09-26 18:38:24,555 fail2ban.server         [1093]: INFO    Changed logging target to /var/log/fail2ban.log for Fail2ban v0.9.7
		2018-09-26 18:38:24,566 fail2ban.database       [1093]: INFO    Connected to fail2ban persistent database '/var/lib/fail2ban/fail2ban.sqlite3'
		2018-09-26 18:38:24,569 fail2ban.jail           [1093]: INFO    Creating new jail 'sshd'
		2018-09-26 18:38:24,667 fail2ban.actions        [1093]: INFO    Set banTime = 86400
		2018-09-26 18:38:25,414 fail2ban.jail           [1093]: INFO    Jail 'sshd' started
		2018-09-26 18:38:25,938 fail2ban.actions        [1093]: NOTICE  [sshd] Ban 192.0.2.10
		2018-09-27 18:10:01,000 fail2ban.actions        [1093]: NOTICE  [sshd] Unban 192.0.2.10
	END
	replays "$lab/log1"
	look 'len(rows()) == 1'
	look 'same(row("sshd", "192.0.2.10"), {"since_us": 1537985400500000,
	    "seconds": 86400, "ended_why": "expired", "restored": 1})'
	# The same in two files.
	rm -rf "$lab/archive"
	head -n 8 "$lab/log1" >"$lab/log1.1"
	tail -n +9 "$lab/log1" >"$lab/log1.2"
	touch -d '2018-09-27 20:00' "$lab"/log1.?
	replays "$lab/log1.1" "$lab/log1.2"
	look 'len(rows()) == 1 and rows()[0]["restored"] == 1'
}
