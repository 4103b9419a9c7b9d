#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What is around a push to a fleet, without a PostgreSQL: the start of a push after
# a reconcile, and its age in check and metrics. The program is copied beside a script
# that stands for fail2ban-archive-push.
#
# $lab and the like are from lib/server; a script's text is for another shell.
# shellcheck disable=SC2016,SC2154

load ../lib/server

setup() {
	lab_setup
	mkdir "$lab/a bin"
	cp "$program" "$lab/a bin/"
	program="$lab/a bin/fail2ban-archive"
	command sqlite3 "$lab/fail2ban.sqlite3" <"$root/tests/lib/fail2ban.sql"
	fleet='push = "service=fleet";'
	config "$fleet"
	"$event_program" -c "$lab/archive.cfg" ban --jail sshd --id 192.0.2.1 \
		--time "$EPOCHSECONDS"
	quiet reconcile --no-push
}

teardown() {
	# A fake that hangs waits for the end of this pipe.
	[ -z "${gate:-}" ] || exec {gate}>&-
	lab_teardown
}

# quiet WORD...: the program succeeds; what it prints is in $said.
quiet() { status 0 archive "$@"; }

# fake SHELL-TEXT: what stands for fail2ban-archive-push. It notes its words.
fake() {
	printf '#!/bin/sh\n(IFS="|"; echo "$*") >>"%s/pushes"\n%s\n' "$lab" "$1" \
		>"$lab/a bin/fail2ban-archive-push"
	chmod +x "$lab/a bin/fail2ban-archive-push"
}

pushes() { cat "$lab/pushes" 2>/dev/null | wc -l; }
pushed() { [ "$(pushes)" -eq "$1" ]; }

# pushed_ago SECONDS [LINE...]: the file beside the archive, after a push of then.
pushed_ago() {
	local ago=$1
	shift
	{
		echo 'host 0b54f0c8-7f0e-4b1f-9d0a-0a0b0c0d0e0f'
		[ -z "$ago" ] || echo "pushed_us $(((EPOCHSECONDS - ago) * 1000000))"
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$lab/archive/archive.sqlite3.push"
}

seconds_ago() { echo $(((EPOCHSECONDS - $1) * 1000000)); }

# The rows of the table of runs, without what differs from run to run.
last_run() {
	sqlite3 "$lab/archive/archive.sqlite3" \
		'SELECT kind, state, message FROM run ORDER BY id DESC LIMIT 1'
}

# ------------------------------------------------------------- after a reconcile --

@test "a reconcile starts a push where one is due, and only there" {
	fake ''
	quiet reconcile
	wait_for 10 pushed 1
	[ "$(cat "$lab/pushes")" = "-c|$lab/archive.cfg|push" ]

	pushed_ago 10
	quiet reconcile
	pushed_ago 1000
	quiet reconcile --no-push
	config
	quiet reconcile
	config "$fleet" 'push_interval = 0;'
	quiet reconcile
	# This one is started last, so that none of the others is still to come.
	config "$fleet" 'push_interval = 1000;'
	quiet reconcile
	wait_for 10 pushed 2
	quiet runs
	pushed 2
}

@test "a push that hangs, fails or is missing changes nothing for the reconcile" {
	local want said_then
	config
	quiet reconcile
	said_then=$said want=$(last_run)
	config "$fleet"

	fake 'exit 70'
	quiet reconcile
	[ "$said" = "$said_then" ]
	[ "$(last_run)" = "$want" ]
	wait_for 10 pushed 1

	# This one ends when the test does. $said has all that the reconcile wrote,
	# up to the end of its pipe: so the push has not kept it open.
	mkfifo "$lab/gate"
	fake "read -r end <\"$lab/gate\""
	quiet reconcile
	[ "$said" = "$said_then" ]
	[ "$(last_run)" = "$want" ]
	wait_for 10 pushed 2
	exec {gate}>"$lab/gate"
	quiet reconcile
	[ "$(last_run)" = "$want" ]
	wait_for 10 pushed 3

	rm "$lab/a bin/fail2ban-archive-push"
	quiet reconcile
	says "$said_then"
	says "a bin/fail2ban-archive-push"
	says 'install the package fail2ban-archive-push'
	[ "$(last_run)" = "$want" ]
}

@test "the push is no child of the reconcile, has a session and no files" {
	fake 'ls -l /proc/self/fd/ >"'"$lab"'/files"
		read -r _ _ _ parent _ session _ </proc/$$/stat
		echo "$parent $session $$ $(sed -n "s/^Sig\(Blk\|Ign\):\t//p" /proc/$$/status | paste -sd " ")" >"'"$lab"'/who"
		echo done >>"'"$lab"'/pushes"'
	archive reconcile </dev/null >"$lab/out" 2>&1 &
	reconcile=$!
	wait "$reconcile"
	wait_for 10 pushed 2
	read -r parent session me blocked ignored <"$lab/who"
	[ "$parent" -ne "$reconcile" ]
	read -r _ _ _ _ _ here _ </proc/$$/stat
	[ "$session" -ne "$here" ]
	[ "$session" -ne "$me" ]
	[ "$((16#$blocked))" -eq 0 ]
	# 13 is SIGPIPE, which a program ignores at its own will.
	[ "$((16#$ignored & 1 << 12))" -eq 0 ]
	[ "$(grep -c 'fd\|/dev/null' "$lab/files")" -ge 2 ]
	! grep -q -e archive.sqlite3 -e "$lab/out" -e pipe: "$lab/files"
}

@test "a reconcile that fails starts the push all the same" {
	fake ''
	config "$fleet" "fail2ban_database = \"$lab/none.sqlite3\";"
	status 66 archive reconcile
	wait_for 10 pushed 1
}

@test "reconcile --every pushes after each reconcile where a push is due" {
	fake ''
	archive_in_background reconcile --every 1
	wait_for 20 pushed 2
	kill "$!"
	wait "$!" || true
}

@test "push --due pushes where a push is due, and is silent elsewhere" {
	pushed_ago 10
	quiet push --due
	[ -z "$said" ]
	config
	quiet push --due
	[ -z "$said" ]
	config "$fleet"
	pushed_ago 1000
	status 69 archive push --due
	says 'install the package fail2ban-archive-push'
	fake 'exit 71'
	status 71 archive push --due
	[ "$(cat "$lab/pushes")" = "-c|$lab/archive.cfg|push" ]
	# A failure a moment ago is waited after.
	pushed_ago 1000 "tried_us $(seconds_ago 5)" "failed_us $(seconds_ago 900)" \
		'error the server is gone'
	quiet push --due
	pushed 1
	# A file that is none of ours does not stop it.
	head -c 5000 /dev/urandom >"$lab/archive/archive.sqlite3.push"
	status 71 archive push --due
	rm "$lab/archive/archive.sqlite3.push"
	mkdir "$lab/archive/archive.sqlite3.push"
	status 71 archive push --due
	pushed 3
}

@test "push hands over what stands on its command line" {
	fake 'exit 7'
	status 7 archive push --every 5 --what 'a b'
	[ "$(cat "$lab/pushes")" = "-c|$lab/archive.cfg|push|--every|5|--what|a b" ]
	rm "$lab/a bin/fail2ban-archive-push"
	status 69 archive push --init
	says 'install the package fail2ban-archive-push'
	quiet push --help
	says '--due'
}

# ------------------------------------------------------------- its age --

db() { sqlite3 "$lab/archive/archive.sqlite3" "$@"; }

# known REV: the line of the archive's id, and that of an acknowledged change.
known() {
	db "SELECT 'archive ' || value FROM meta WHERE key = 'id'"
	echo "rev $1"
}

# push_point: what check -v has of the push.
push_point() { archive check -v "$@" | grep -A1 '^ *[A-Z]* *push' || true; }

point_is() {
	archive check --format json >"$lab/json" || true
	jq -e ".data.points[] | select(.name == \"push\") | $1" "$lab/json" >/dev/null || {
		cat "$lab/json" >&2
		return 1
	}
}

newest() { archive metrics | awk '/^fail2ban_archive_push_backlog_changes / { print $2 }'; }

@test "check says nothing of a push where the config has none" {
	config
	archive check -v >"$lab/out" || true
	! grep -q push "$lab/out"
	archive metrics >"$lab/out"
	! grep -q push "$lab/out"
}

@test "check tells when the last push was, and how many changes wait" {
	fake ''
	mapfile -t lines < <(known 1)
	pushed_ago 20 "${lines[@]}"
	point_is '.status == 0 and .value >= 20 and .value < 200'
	point_is '.text | test("^last push [0-9]+ s ago, of all changes up to 1, 0 changes wait$")'
	archive check | grep -q '| .*push_age=[0-9]*s;600;;0 push_backlog=0;;;0'
	"$event_program" -c "$lab/archive.cfg" ban --jail sshd --id 192.0.2.2 \
		--time "$EPOCHSECONDS"
	point_is '.text | test("1 change waits$")'

	config "$fleet" 'interval = 300;'
	pushed_ago 700 "${lines[@]}"
	point_is '.status == 1 and .command == "fail2ban-archive push"'
	status 1 archive check
	says 'WARNING: last push 70'
	status 2 archive check --push-critical 650
	status 0 archive check --push-warning 1000000
	config "$fleet" 'push_interval = 3600;'
	point_is '.status == 0'
	# By hand, a day.
	config "$fleet" 'push_interval = 0;'
	point_is '.status == 0'
	pushed_ago 90000 "${lines[@]}"
	point_is '.status == 1'
}

@test "check tells of a push that never was, failed, or came from a wrong clock" {
	fake ''
	point_is '.status == 1 and (.text | test("^no push was completed yet, 1 change waits$"))'
	pushed_ago '' "failed_us $(seconds_ago 9)" "tried_us $(seconds_ago 9)" \
		"$(printf 'error no \\x1b[31mserver | here')"
	archive check -v >"$lab/out" || true
	grep -q 'the latest one failed: no' "$lab/out"
	run ! grep -q "$(printf '\033')" "$lab/out"
	[ "$(head -n 1 "$lab/out" | tr -cd '|' | wc -c)" -eq 1 ]
	mapfile -t lines < <(known 1)
	pushed_ago 20 "${lines[@]}" "failed_us $(seconds_ago 9)" 'error gone'
	point_is '.status == 0 and (.text | test("gone$"))'
	pushed_ago -3600 "${lines[@]}"
	point_is '.status == 1 and (.text | test("after the present time"))'
	# Of a restored archive, all changes wait.
	pushed_ago 20 'archive another' 'rev 77'
	point_is '.text | test("1 change waits")'
	rm "$lab/a bin/fail2ban-archive-push"
	point_is '.status == 1 and (.text | test("install the package fail2ban-archive-push"))'
}

@test "a file beside the archive that is none of ours is a finding, and no more" {
	fake ''
	local file=$lab/archive/archive.sqlite3.push
	head -c 70000 /dev/urandom >"$file"
	point_is '.status == 1'
	head -c 5000 /dev/urandom >"$file"
	point_is '.status == 1'
	printf 'pushed_us 9223372036854775807\nrev -9223372036854775808\nerror %05000d' 7 >"$file"
	point_is '.status == 1'
	rm "$file"
	mkdir "$file"
	point_is '.status == 1'
	archive metrics >"$lab/out" 2>&1
	grep -q '^fail2ban_archive_up' "$lab/out"
	grep -q 'no metrics of the push' "$lab/out"
}

@test "metrics tell when the last push was, whether it failed, and how many changes wait" {
	fake ''
	value() { archive metrics | awk -v name="fail2ban_archive_push_$1" '$1 == name { print $2 }'; }
	[ "$(value last_success_timestamp_seconds)" = 0 ]
	[ "$(value success)" = 0 ]
	[ "$(value backlog_changes)" = 1 ]
	mapfile -t lines < <(known 1)
	pushed_ago 20 "${lines[@]}"
	[ "$(value last_success_timestamp_seconds)" -le "$EPOCHSECONDS" ]
	[ "$(value success)" = 1 ]
	[ "$(value backlog_changes)" = 0 ]
	pushed_ago 20 "${lines[@]}" 'error gone'
	[ "$(value success)" = 0 ]
}
