#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# metrics of a real server: whether it answers, its jails and whether our action
# sees their bans.

load ../lib/server

# has NAME VALUE: the metrics in $said have this sample.
has() {
	grep -qFx "$1 $2" <<<"$said" || {
		echo "not $2: $1" >&2
		grep -F "${1%%\{*}" <<<"$said" >&2
		return 1
	}
}

@test "each jail of the server has its samples, and whether it is covered" {
	jail sshd
	jail web
	jail other 'action ='
	server_start
	client set sshd banip 192.0.2.1 192.0.2.2 >/dev/null
	soon 'len(rows()) == 2'
	status 0 archive metrics
	has fail2ban_archive_up 1
	has 'fail2ban_archive_jail_covered{jail="sshd"}' 1
	has 'fail2ban_archive_jail_covered{jail="web"}' 1
	has 'fail2ban_archive_jail_covered{jail="other"}' 0
	has 'fail2ban_archive_bans_live{jail="sshd"}' 2
	has 'fail2ban_archive_bans_total{jail="sshd",origin="manual"}' 2
	# The archive knows nothing of these.
	has 'fail2ban_archive_bans_live{jail="web"}' 0
	has 'fail2ban_archive_bans_total{jail="web",origin="log"}' 0
	has 'fail2ban_archive_ends_total{jail="other",why="expired"}' 0
	has 'fail2ban_archive_ban_failures_total{jail="other"}' 0
	status 0 archive metrics --names f2b
	has f2b_up 1
	has f2b_jail_count 3
	has 'f2b_jail_banned_current{jail="sshd"}' 2
	has 'f2b_jail_banned_total{jail="web"}' 0
}

@test "counters go on over restarts of the server, which is told from one that is down" {
	jail sshd bantime=1d
	server_start
	client set sshd banip 192.0.2.1 >/dev/null
	soon 'len(rows()) == 1'
	client set sshd unbanip 192.0.2.1 >/dev/null
	client set sshd banip 192.0.2.2 >/dev/null
	eventually 'row("sshd", "192.0.2.1")["ended_why"] == "manual"'
	config "metrics_file = \"$lab/m\";"
	server_stop
	archive reconcile
	said=$(cat "$lab/m")
	has fail2ban_archive_up 0
	has 'fail2ban_archive_bans_total{jail="sshd",origin="manual"}' 2
	has 'fail2ban_archive_ends_total{jail="sshd",why="manual"}' 1
	run ! grep -q jail_covered "$lab/m"
	server_start
	soon 'row("sshd", "192.0.2.2")["restored"] == 1'
	archive reconcile
	said=$(cat "$lab/m")
	has fail2ban_archive_up 1
	has fail2ban_archive_reconcile_success 1
	has 'fail2ban_archive_jail_covered{jail="sshd"}' 1
	has 'fail2ban_archive_bans_total{jail="sshd",origin="manual"}' 2
	has 'fail2ban_archive_bans_live{jail="sshd"}' 1
	server_kill
	status 0 archive metrics
	has fail2ban_archive_up 0
}

# names: the metrics in $said.
names() { sed -n 's/^# TYPE \([a-z0-9_]*\) .*/\1/p' <<<"$said" | sort; }

@test "the alert rules, the dashboard and the manual name just our metrics" {
	local dist=$root/helper/dist
	jail sshd
	server_start
	archive reconcile || true
	# With a fleet to push to, and bans of other machines, it has them all.
	echo 'push = "service=fleet"; push_interval = 0;' >>"$lab/archive.cfg"
	echo '{"jail":"sshd","ident":"192.0.2.1","since_us":1795000000000000}' \
	    >"$lab/web1.jsonl"
	status 0 archive merge "$lab/web1.jsonl"
	status 0 archive metrics
	names >"$lab/names"
	grep -ohE 'fail2ban_archive_[a-z_]+' "$dist/prometheus/fail2ban-archive.rules.yml" \
	    "$dist/grafana/fail2ban-archive.json" | sort -u >"$lab/used"
	[ "$(comm -13 "$lab/names" "$lab/used")" = '' ]
	(($(wc -l <"$lab/used") >= 10))
	sed -n '/^\.Sh METRICS/,/^\.Sh /s/^\.It Sy /fail2ban_archive_/p' \
	    "$dist/fail2ban-archive.8" | sort | diff "$lab/names" -
	jq -e '.panels | length > 0' "$dist/grafana/fail2ban-archive.json"
	# No two panels lie over each other.
	jq -e '[.panels[] | .gridPos as $p | range($p.x; $p.x + $p.w) as $x
	    | range($p.y; $p.y + $p.h) as $y | "\($x) \($y)"]
	    | length == (unique | length)' "$dist/grafana/fail2ban-archive.json"
}
