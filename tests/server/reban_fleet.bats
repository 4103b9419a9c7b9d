#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# reban --list fleet:blocklist bans, in a jail of a real server, what another program
# lists; here that program is a script beside a copy of ours.
#
# $lab and the like are from lib/server; a script's text is for another shell.
# shellcheck disable=SC2016,SC2154

load ../lib/server
load ../lib/archives
load ../lib/reban

setup() {
	lab_setup
	mkdir "$lab/a bin"
	cp "$program" "$lab/a bin/"
	program="$lab/a bin/fail2ban-archive"
	config 'push = "service=fleet";'
	jail sshd
	server_start
	archive reconcile --no-push
}

teardown() {
	[ -z "${gate:-}" ] || exec {gate}>&-
	lab_teardown
}

# fake SHELL-TEXT: what stands for fail2ban-archive-push. It notes its words.
fake() {
	printf '#!/bin/sh\n(IFS="|"; echo "$*") >>"%s/pushes"\n%s\n' "$lab" "$1" \
		>"$lab/a bin/fail2ban-archive-push"
	chmod +x "$lab/a bin/fail2ban-archive-push"
}

bans_nothing() { [ "$(client get sshd banip)" = '' ]; }

reban() { archive reban --list fleet:blocklist --jail sshd "$@"; }

@test "reban reads a fleet's block list from the other program, without a shell" {
	fake 'printf "192.0.2.7\n2001:db8::7\n127.0.0.1\nnonsense\n"'
	status 0 reban --dry-run
	says 'would ban 192.0.2.7 in sshd'
	says 'would ban 2001:db8::7 in sshd'
	says '2 would be sent, 0 already there, 1 refused, 1 bad'
	[ "$(cat "$lab/pushes")" = "-c|$lab/archive.cfg|blocklist" ]
	cd "$lab"
	status 0 reban --dry-run --min-hosts 3 --since 1d
	[ "$(tail -n 1 "$lab/pushes")" = \
		"-c|$lab/archive.cfg|blocklist|--min-hosts|3|--since|1d" ]
	[[ $(archive runs --kind reban) != *completed* ]]
}

@test "a fleet's block list that is cut off bans nothing" {
	local text
	for text in 'echo 192.0.2.7; exit 69' 'echo 192.0.2.7; kill -9 $$' \
		'exit 75' 'kill -9 $$' 'i=0; while [ $i -lt 20000 ]; do echo 192.0.2.7; i=$((i + 1)); done; exit 1'; do
		fake "$text"
		if reban >"$lab/out" 2>&1; then
			cat "$lab/out" >&2
			return 1
		fi
		grep -q 'so nothing is banned' "$lab/out"
	done
	bans_nothing
	fake 'echo 192.0.2.7; exit 75'
	status 75 reban
	says 'fail2ban-archive-push failed with status 75, so nothing is banned'
	rm "$lab/a bin/fail2ban-archive-push"
	status 69 reban
	says 'install the package fail2ban-archive-push'
	bans_nothing
}

@test "a fleet's block list may be empty; more entries than reban takes end the other program" {
	fake ''
	status 0 reban
	says '0 sent'
	: >"$lab/empty"
	status 65 archive reban --list "$lab/empty" --jail sshd
	# It writes without end, until it is stopped.
	fake 'echo $$ >>"'"$lab"'/pid"; exec yes 198.51.100.7'
	status 65 reban
	says 'more than'
	[ ! -e "/proc/$(tail -n 1 "$lab/pid")" ]
}

@test "a signal while the fleet's block list is read bans nothing, and ends the other program" {
	mkfifo "$lab/gate"
	fake 'echo 192.0.2.7; echo $$ >"'"$lab"'/pid"; exec cat "'"$lab"'/gate"'
	archive_in_background reban --list fleet:blocklist --jail sshd
	reban=$!
	wait_for 10 test -s "$lab/pid"
	exec {gate}>"$lab/gate"
	kill -TERM "$reban"
	rc=0
	wait "$reban" || rc=$?
	[ "$rc" -eq 75 ]
	[ ! -e "/proc/$(cat "$lab/pid")" ]
	bans_nothing
}

@test "--min-hosts and --since are for a fleet's block list, and have limits" {
	fake 'echo 192.0.2.7'
	cd "$lab"
	echo 192.0.2.8 >'fleet:blocklist'
	status 0 archive reban --list ./fleet:blocklist --jail sshd --dry-run
	says 'would ban 192.0.2.8'
	status 0 reban --dry-run
	says 'would ban 192.0.2.7'
	status 64 archive reban --list ./fleet:blocklist --jail sshd --min-hosts 2
	says 'are for --list fleet:blocklist'
	status 64 archive reban --live --since 1d
	status 64 archive reban --list fleet:blocklist
	status 64 archive reban --live --list fleet:blocklist
	for n in 0 -1 1.5 '' x 1000001 99999999999999999999; do
		status 64 reban --min-hosts "$n"
	done
	status 64 reban --since 'not a time'
	[ "$(wc -l <"$lab/pushes")" -eq 1 ]
}

@test "a fleet's block list is banned once, and comes as a list into the archive" {
	fake 'printf "192.0.2.7\n2001:db8::7\n0.0.0.0/0\n"'
	status 0 reban
	says '2 sent, 0 already there, 1 refused'
	soon '{(r["ident"], r["origin"]) for r in rows()} ==
	    {("192.0.2.7", "list"), ("2001:db8::7", "list")}'
	# The same list was completed: its text is what is known.
	status 0 reban
	[ "$(wc -l <"$lab/pushes")" -eq 2 ]
	look 'len([r for r in runs() if r["kind"] == "reban"]) == 1'
	fake 'printf "192.0.2.7\n2001:db8::7\n192.0.2.9\n"'
	status 0 reban
	says '1 sent, 2 already there'
	look '[r["source"] for r in runs() if r["kind"] == "reban"] == ["fleet:blocklist"] * 2'
}
