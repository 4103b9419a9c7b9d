#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The rules for logcheck: what a reconcile says when all is well is not reported, and
# everything else is.
#
# $lab and the like are from lib/server.
# shellcheck disable=SC2154

load ../lib/server

# reported PROGRAM: those of the lines of standard input that logcheck would mail,
# after both stamps that a syslog writes. logcheck reads its rules so.
reported() {
	grep -v -e '^#' -e '^$' "$root/helper/dist/logcheck/fail2ban-archive" >"$lab/rules"
	sed -e "s/^/Nov  3 09:10:00 web-1 $1: /p" \
		-e "s/^Nov.*00 web-1/2026-11-03T09:10:00.123456+01:00 web-1/" >"$lab/lines"
	[ -s "$lab/lines" ]
	grep -Ev -f "$lab/rules" "$lab/lines"
}

quiet() { [ -z "$(reported "$@")" ]; }
loud() { [ "$(reported "$@" | wc -l)" -ge 2 ]; }

# fail2ban's database, which a reconcile reads.
setup() {
	lab_setup
	command sqlite3 "$lab/fail2ban.sqlite3" <"$root/tests/lib/fail2ban.sql"
}

@test "a reconcile that goes well is not reported" {
	archive ban --jail sshd --id 192.0.2.1 --time "$EPOCHSECONDS"
	archive reconcile >"$lab/said"
	archive reconcile >>"$lab/said"
	[ "$(grep -c '^reconcile: [0-9]* rows read' "$lab/said")" -eq 2 ]
	quiet 'fail2ban-archive[4117]' <"$lab/said"
	exec 8>>"$lab/archive/archive.sqlite3.reconcile"
	flock 8
	archive reconcile >"$lab/said"
	exec 8>&-
	grep -q 'another one is running' "$lab/said"
	quiet 'fail2ban-archive[4117]' <"$lab/said"
}

# The words are those that tests/fleet/push.bats sees.
@test "a push that goes well is not reported, and one that leaves bans out is" {
	quiet 'fail2ban-archive[4117]' <<-END
		push: 3 changes sent; the fleet has all changes up to 17
		push: 1 change sent; the fleet has all changes up to 17
		push: nothing new; the fleet has all changes up to 17
	END
	loud 'fail2ban-archive[1]' <<<'push: 3 changes sent, 1 refused; the fleet has all other changes up to 17'
}

@test "what systemd says about a reconcile and a push is not reported" {
	local unit text
	for unit in fail2ban-archive.service fail2ban-archive-push.service; do
		text=$(sed -n 's/^Description=//p' "$root/helper/dist/systemd/$unit.in")
		quiet 'systemd[1]' <<-END
			Starting $text...
			Finished $text.
			Starting $unit - $text...
			Finished $unit - $text.
			$unit: Succeeded.
			$unit: Deactivated successfully.
			$unit: Consumed 1min 2.345s CPU time.
		END
		loud 'systemd[1]' <<<"Failed to start $unit - $text."
		loud 'systemd[1]' <<<"$unit: Failed with result 'exit-code'."
	done
}

@test "a failure, a bad row and an event that waits are reported" {
	loud 'fail2ban-archive[1]' <<<'reconcile: 1 rows read, 0 events from the spool, 0 bans added, 0 changed, 1 bad'
	status 66 "$program" -c "$lab/nonesuch.cfg" reconcile
	loud 'fail2ban-archive[1]' <<<"$said"
	mkdir "$lab/archive"
	echo nonsense >"$lab/archive/archive.sqlite3"
	status 0 archive ban --jail sshd --id 192.0.2.1 --time "$EPOCHSECONDS"
	says 'for the next reconcile'
	loud 'fail2ban-archive[1]' <<<"$said"
	# Others cannot hide their lines by what they say.
	loud 'sshd[1]' <<<'fail2ban-archive[1]: reconcile: another one is running'
	loud 'fail2ban-archive[1]' <<<'reconcile: another one is running and more'
}
