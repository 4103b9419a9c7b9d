#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The archive distinguishes the ways in which a ban ends, and keeps the facts that
# fail2ban then forgets.

load ../lib/server
load ../lib/archives

@test "a ban whose time is up is expired when fail2ban lifts it" {
	jail short "bantime=$briefly"
	server_start
	fails short 'auth failure user=x from 192.0.2.1'
	client set short banip 2001:db8::1
	local id
	for id in 192.0.2.1 2001:db8::1; do
		soon 'ended("short", id, "expired",
		    about=log_times("[short] Unban " + id)[0])' "id=$id"
		archive reconcile
		look 'row("short", id)["ended_us"] >=
		    row("short", id)["since_us"] + int(s) * 1000000' \
		    "id=$id" "s=$briefly"
		# All else is as it was while the ban lived.
		look 'same_as_theirs("short", id, ended_why="expired",
		    ended_us=row("short", id)["ended_us"])' "id=$id"
	done
	archive export >"$lab/before"
	archive reconcile
	archive export | cmp - "$lab/before"
}

@test "unbanip is a manual end, and the archive keeps what fail2ban deletes" {
	jail sshd "bantime=$briefly"
	server_start
	fails sshd 'auth failure user=first from 192.0.2.1'
	soon 'ended("sshd", "192.0.2.1", "expired")'
	fails sshd 'auth failure user=second from 192.0.2.1'
	soon '[r["ended_why"] for r in rows()] == ["expired"] * 2'
	client set sshd bantime 600
	fails sshd 'auth failure user=third from 192.0.2.1'
	eventually 'len(rows()) == 3 and rows()[2]["matches"] is not None'
	look 'same(rows()[2], theirs("sshd", "192.0.2.1"))'
	# The unban deletes fail2ban's rows of all three.
	archive reconcile
	client set sshd unbanip 192.0.2.1
	eventually 'rows()[2]["ended_why"] == "manual"'
	look 'bans() == bips() == []'
	look '-0.1 < rows()[2]["ended_us"] / 1e6 -
	    log_times("[sshd] Unban 192.0.2.1")[-1] < 2 * SLOWNESS'
	archive reconcile
	look '[(r["captures"]["user"], r["ended_why"]) for r in rows()] ==
	    [("first", "expired"), ("second", "expired"), ("third", "manual")]'
	archive show 192.0.2.1 >"$lab/show"
	grep -q first "$lab/show"
	grep -q third "$lab/show"
}

@test "unbanip of every kind of id is a manual end" {
	jail sshd
	jail web
	server_start
	fails web 'session id=s3ss10n from 192.0.2.20'
	client set sshd banip 192.0.2.1 2001:db8::1 198.51.100.0/28 'some text'
	soon 'len(rows()) == 5'
	client set sshd unbanip 192.0.2.1 2001:db8::1 198.51.100.0/28 'some text'
	client set web unbanip s3ss10n
	eventually '[r["ended_why"] for r in rows()] == ["manual"] * 5'
}

@test "a manual end is found by reconcile where no unban came" {
	jail sshd
	server_start
	client set sshd banip 192.0.2.1 192.0.2.2
	soon 'len(rows()) == 2'
	archive reconcile
	client set sshd delaction fail2ban-archive
	client set sshd unbanip 192.0.2.1
	archive reconcile
	look 'ended("sshd", "192.0.2.1", "manual",
	    about=log_times("[sshd] Unban 192.0.2.1")[0])'
	look 'same_as_theirs("sshd", "192.0.2.2")'
}

@test "unban --all, twice, with IPv4 and IPv6, is a flush after reconcile" {
	jail sshd
	server_start
	local turn
	for turn in 1 2; do
		client set sshd banip 192.0.2.$turn 2001:db8::$turn text$turn
		soon 'len(rows()) == 3 * int(n)' n=$turn
		archive reconcile
		client unban --all
		soon 'len(calls("flush")) == 3 * int(n)' n=$turn
		look 'bans() == []'
		archive reconcile
		for id in 192.0.2.$turn 2001:db8::$turn text$turn; do
			look 'ended("sshd", id, "flushed", about=log_times(
			    "[sshd] Flush ticket(s) with fail2ban-archive")[-1])' \
			    "id=$id"
		done
	done
	look '{c["family"] for c in calls("flush")} == {"inet4", "inet6", "None"}'
	look 'len(rows()) == 6 and calls("unban") == []'
	archive export >"$lab/before"
	archive reconcile
	archive export | cmp - "$lab/before"
}

@test "a stop with 400 live bans is two flush commands, no unbans" {
	jail sshd
	server_start
	local n ids=()
	for ((n = 0; n < 200; n++)); do
		ids+=("198.51.100.$n" "$(printf '2001:db8::%x' "$n")")
	done
	client set sshd banip "${ids[@]}" >/dev/null
	wait_for 90 logged "[sshd] Ban ${ids[399]}"
	soon 'len([r for r in rows() if r["ended_us"] is None]) == 400'
	server_stop
	look '[c["family"] for c in calls() if c["verb"] != "ban"] ==
	    ["inet4", "inet6"]'
	archive reconcile
	look 'len(rows()) == 400 and all(r["ended_us"] is None for r in rows())'
}

# A stop, then a start with another config. The bans that fail2ban does not
# restore end, at the stop; the others live.
restart_with() {
	archive reconcile
	server_stop
	"$@"
	server_start
	archive_in_background reconcile --every 1
}

@test "a ban that is ignored after a restart has ended at the stop" {
	jail sshd
	server_start
	client set sshd banip 192.0.2.1 192.0.2.2
	soon 'len(rows()) == 2'
	restart_with jail sshd ignoreip=192.0.2.1
	soon 'ended("sshd", "192.0.2.1", "inferred", about=log_times(
	    "[sshd] Flush ticket(s) with fail2ban-archive")[0])'
	look 'same_as_theirs("sshd", "192.0.2.2", restored=1)'
	look 'len(bans()) == 2'
}

@test "a permanent ban that is ignored after a restart has ended too" {
	jail perm bantime=-1
	server_start
	client set perm banip 192.0.2.1 192.0.2.2
	soon 'len(rows()) == 2'
	restart_with jail perm bantime=-1 ignoreip=192.0.2.1
	soon 'ended("perm", "192.0.2.1", "inferred", about=log_times(
	    "[perm] Flush ticket(s) with fail2ban-archive")[0])'
	look 'same_as_theirs("perm", "192.0.2.2", restored=1)'
}

@test "the bans of a jail that is gone after a restart have ended at the stop" {
	jail sshd
	jail web
	server_start
	client set web banip 192.0.2.1 2001:db8::1
	client set sshd banip 192.0.2.1
	soon 'len(rows()) == 3'
	restart_with rm "$lab/etc/jail.d/web.conf"
	local id
	for id in 192.0.2.1 2001:db8::1; do
		soon 'ended("web", id, "inferred", about=log_times(
		    "[web] Flush ticket(s) with fail2ban-archive")[0])' "id=$id"
	done
	look 'same_as_theirs("sshd", "192.0.2.1", restored=1)'
}

@test "the bans of a jail that a reload removed have ended at its flush" {
	jail sshd
	jail web
	server_start
	client set web banip 192.0.2.1
	client set sshd banip 192.0.2.1
	soon 'len(rows()) == 2'
	rm "$lab/etc/jail.d/web.conf"
	client reload
	archive_in_background reconcile --every 1
	soon 'ended("web", "192.0.2.1", "inferred", about=log_times(
	    "[web] Flush ticket(s) with fail2ban-archive")[0])'
	look 'same_as_theirs("sshd", "192.0.2.1")'
}

@test "a ban that a lowered ban time leaves out has ended at the stop" {
	jail sshd
	jail web
	server_start
	client set sshd banip 192.0.2.1
	client set web banip 192.0.2.1
	soon 'len(rows()) == 2'
	wait_for 5 past "$(figure 'bans()[0]["timeofban"] + 2')"
	restart_with jail sshd bantime=1
	soon 'ended("sshd", "192.0.2.1", "inferred", about=log_times(
	    "[sshd] Flush ticket(s) with fail2ban-archive")[0])'
	look 'same_as_theirs("web", "192.0.2.1", restored=1)'
	look '[c for c in called("ban", "sshd", "192.0.2.1")
	    if c["restored"] == "1"] == []'
}

@test "a ban restored with a lowered ban time expires at that" {
	jail sshd
	server_start
	client set sshd banip 192.0.2.1
	soon 'len(rows()) == 1'
	local lowered=$((6 * slowness))
	restart_with jail sshd "bantime=$lowered"
	soon 'ended("sshd", "192.0.2.1", "expired",
	    about=log_times("[sshd] Unban 192.0.2.1")[-1])'
	look 'row("sshd", "192.0.2.1")["seconds"] == int(s)' "s=$lowered"
	look 'row("sshd", "192.0.2.1")["restored"] == 1'
	look 'bans()[0]["bantime"] == 600'
}

@test "a ban that is not restored after SIGKILL has ended when that is seen" {
	jail sshd
	server_start
	client set sshd banip 192.0.2.1 192.0.2.2
	soon 'len(rows()) == 2'
	archive reconcile
	server_kill
	jail sshd ignoreip=192.0.2.1
	server_start
	local since=$EPOCHREALTIME
	archive_in_background reconcile --every 1
	soon 'ended("sshd", "192.0.2.1", "inferred")'
	look 'row("sshd", "192.0.2.1")["ended_us"] / 1e6 >= float(since)' \
	    "since=$since"
	look 'row("sshd", "192.0.2.2")["ended_us"] is None'
}

@test "a ban that came back after its end was inferred lives again" {
	jail sshd
	server_start
	client set sshd banip 192.0.2.1
	soon 'len(rows()) == 1'
	restart_with jail sshd ignoreip=192.0.2.1
	soon 'ended("sshd", "192.0.2.1", "inferred")'
	server_stop
	jail sshd
	server_start
	soon 'same_as_theirs("sshd", "192.0.2.1", restored=1)'
}

@test "bans come back one by one, and no end is inferred meanwhile" {
	jail sshd
	server_start
	local n ids=()
	for ((n = 1; n <= 40; n++)); do ids+=("192.0.2.$n"); done
	client set sshd banip "${ids[@]}" >/dev/null
	soon 'len(rows()) == 40'
	# A second action that takes its time holds up every ban.
	cat >"$lab/etc/action.d/slow.conf" <<-'END'
		[Definition]
		actionban = sleep 0.1
	END
	sed -i 's/^action = .*/&\n         slow/' "$lab/etc/jail.conf"
	restart_with true
	soon 'all(r["restored"] == 1 for r in rows())'
	look 'all(r["ended_us"] is None for r in rows()) and len(rows()) == 40'
}

@test "a ban ends an older one of its id when it is made" {
	archive ban --jail sshd --id 192.0.2.1 --ip 192.0.2.1 --family inet4 \
	    --time 1795458480.25 --bantime -1 --bancount 1 --failures 3 \
	    --restored 0
	archive ban --jail sshd --id 192.0.2.1 --ip 192.0.2.1 --family inet4 \
	    --time 1795458580.5 --bantime -1 --bancount 1 --failures 3 \
	    --restored 0
	look '[r["ended_why"] for r in rows()] == ["inferred", None]'
	look 'rows()[0]["ended_us"] > 1795458580500000'
}

@test "a ban stamped before one that was lifted lives" {
	jail sshd
	server_start
	client set sshd banip 192.0.2.1
	soon 'len(rows()) == 1'
	client set sshd unbanip 192.0.2.1
	eventually 'ended("sshd", "192.0.2.1", "manual")'
	at=$((EPOCHSECONDS - 5)).125 fails sshd 'auth failure user=x from 192.0.2.1'
	soon 'len(rows()) == 2'
	[[ $(client get sshd banip) == *192.0.2.1* ]]
	eventually 'len(rows("--active")) == 1 and
	    rows("--active")[0]["captures"] == {"user": "x"}'
	look '[r["ended_why"] for r in rows()] == [None, "manual"]'
}

@test "a ban that was missed in one run of the server is asked of the next" {
	jail sshd
	server_start
	client set sshd banip 192.0.2.1
	soon 'len(rows()) == 1'
	archive reconcile
	server_stop
	jail sshd ignoreip=192.0.2.1
	server_start
	archive reconcile
	server_stop
	server_start
	local start=$EPOCHSECONDS
	passed() { ((EPOCHSECONDS > start + 1)); }
	wait_for 10 passed
	archive reconcile
	look 'row("sshd", "192.0.2.1")["ended_us"] is None'
	archive_in_background reconcile --every 1
	soon 'ended("sshd", "192.0.2.1", "inferred", about=log_times(
	    "[sshd] Flush ticket(s) with fail2ban-archive")[0])'
}

@test "a flush is not taken for a stop though no reconcile ran before it" {
	config 'fail2ban_database = "";'
	jail sshd
	server_start
	client set sshd banip 192.0.2.1 2001:db8::1
	soon 'len(rows()) == 2'
	client unban --all
	archive reconcile
	look '[r["ended_why"] for r in rows()] == ["flushed"] * 2'
}

@test "unbanip is a manual end though no reconcile ran before it" {
	config 'fail2ban_database = "";'
	jail sshd
	server_start
	client set sshd banip 192.0.2.1
	soon 'len(rows()) == 1'
	client set sshd unbanip 192.0.2.1
	soon 'any(c["verb"] == "unban" for c in calls())'
	eventually 'ended("sshd", "192.0.2.1", "manual")'
}

@test "rows that someone deleted end no ban while the server has it" {
	jail sshd bantime=-1
	server_start
	client set sshd banip 192.0.2.1 2001:db8::1
	soon 'len(rows()) == 2'
	archive reconcile
	# A script of people's own: to it, -1 is a time that is up.
	sqlite3 "$lab/fail2ban.sqlite3" "
		DELETE FROM bans WHERE timeofban + bantime <= strftime('%s', 'now');
		DELETE FROM bips WHERE timeofban + bantime <= strftime('%s', 'now');
		VACUUM"
	look 'bans() == bips() == []'
	local start=$EPOCHSECONDS turn
	for turn in 1 2 3; do
		archive reconcile
		wait_for 5 past $((start + turn + 1))
	done
	look '[r["ended_why"] for r in rows()] == [None, None]'
	# The end is seen all the same, by an unban or, when it is killed, later.
	client set sshd unbanip 192.0.2.1
	eventually 'ended("sshd", "192.0.2.1", "manual")'
	client set sshd delaction fail2ban-archive
	client set sshd unbanip 2001:db8::1
	archive reconcile
	look 'ended("sshd", "2001:db8::1", "manual",
	    about=log_times("[sshd] Unban 2001:db8::1")[0])'
}

# restored N: fail2ban has restored at least N bans.
restored() {
	[ "$(grep -c 'Restore Ban' "$lab/fail2ban.log")" -ge "$1" ]
}

has_what_the_server_has() { [ "$(held)" = "$(live)" ]; }

@test "bans that come back after unban --all live on" {
	jail sshd bantime=86400
	server_start
	local n
	for ((n = 1; n <= 3; n++)); do
		mapfile -t ids < <(seq -f "2001:db8:$n::%g" 100)
		client set sshd banip "${ids[@]}" >/dev/null
	done
	wait_for 90 logged "Ban 2001:db8:3::100"
	soon 'len(rows()) == 300'
	archive reconcile
	server_stop
	archive reconcile
	server_start
	wait_for 20 restored 20
	# It deletes all rows, and fail2ban goes on restoring.
	client unban --all >/dev/null
	archive_in_background reconcile --every 1
	look 'bans() == []'
	local before=-1
	is_quiet() {
		local now
		now=$(grep -c 'Restore Ban' "$lab/fail2ban.log")
		[ "$now" -eq "$before" ] || {
			before=$now
			return 1
		}
	}
	wait_for 5 past $((EPOCHSECONDS + 2))
	wait_for 60 is_quiet
	wait_for 60 has_what_the_server_has
	[ -n "$(held)" ]
	# And so it stays.
	wait_for 9 past $((EPOCHSECONDS + 3))
	has_what_the_server_has
	look '{r["ended_why"] for r in rows()} == {None, "flushed"}'
}

@test "the bans of an F-ID jail that was stopped and started again live" {
	jail web
	jail sshd
	server_start
	fails web 'session id=s3ss10n from 192.0.2.20' 'token id=t0k3n refused'
	client set sshd banip 192.0.2.1
	soon 'len(rows()) == 3'
	archive_in_background reconcile --every 1
	client stop web
	for id in s3ss10n t0k3n; do
		soon 'ended("web", id, "inferred", about=log_times(
		    "[web] Flush ticket(s) with fail2ban-archive")[0])' "id=$id"
	done
	client reload
	wait_for 10 eval 'client get web banip --with-time | grep -q s3ss10n'
	for id in s3ss10n t0k3n; do
		soon 'row("web", id)["ended_us"] is None' "id=$id"
	done
	look 'same_as_theirs("sshd", "192.0.2.1")'
	has_what_the_server_has
	client set web unbanip s3ss10n
	eventually 'ended("web", "s3ss10n", "manual")'
	look 'row("web", "t0k3n")["ended_us"] is None'
}

@test "a flush stays one though no run comes until the ban is overdue" {
	jail sshd "bantime=$((4 + slowness))"
	server_start
	client set sshd banip 192.0.2.1 2001:db8::1
	soon 'len(rows()) == 2'
	archive reconcile
	client unban --all
	look 'bans() == []'
	server_stop
	server_start
	wait_for 20 past \
	    "$(figure 'int(rows()[0]["since_us"] / 1e6 + rows()[0]["seconds"]) + 4')"
	archive reconcile
	for id in 192.0.2.1 2001:db8::1; do
		look 'ended("sshd", id, "flushed", about=log_times(
		    "[sshd] Flush ticket(s) with fail2ban-archive")[0])' "id=$id"
	done
}

@test "a ban that another ban by hand lengthens lives while the server has it" {
	jail sshd "bantime=$((2 + slowness))"
	server_start
	client set sshd banip 192.0.2.1
	soon 'len(rows()) == 1'
	archive reconcile
	client set sshd bantime 600
	# No command runs, and no row changes.
	client set sshd banip 192.0.2.1
	wait_for 20 past \
	    "$(figure 'int(rows()[0]["since_us"] / 1e6 + rows()[0]["seconds"]) + 4')"
	[[ $(client get sshd banip) == *192.0.2.1* ]]
	archive reconcile
	look 'row("sshd", "192.0.2.1")["ended_us"] is None'
	client set sshd unbanip 192.0.2.1
	eventually 'ended("sshd", "192.0.2.1", "manual")'
}

@test "a ban whose time was up before its rows went ended at its expiry" {
	jail sshd "bantime=$briefly" action=
	server_start
	fails sshd 'auth failure user=x from 192.0.2.1'
	wait_for 10 logged '[sshd] Ban 192.0.2.1'
	wait_for 10 eval 'archive reconcile; look "len(rows()) == 1" 2>/dev/null'
	wait_for 10 logged '[sshd] Unban 192.0.2.1'
	# The row has the beginning in whole seconds, rounded.
	wait_for 10 past \
	    "$(figure 'int(rows()[0]["since_us"] / 1e6 + rows()[0]["seconds"])')"
	client unban --all
	look 'bans() == bips() == []'
	archive reconcile
	look 'ended("sshd", "192.0.2.1", "inferred",
	    at=rows()[0]["since_us"] + int(s) * 1000000)' "s=$briefly"
}
