#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# fail2ban's server may have been started with resource limits, which its actions
# inherit: an event under any of them is not lost without a word.

load ../lib/server

setup() {
	lab_setup
	command sqlite3 "$lab/fail2ban.sqlite3" <"$root/tests/lib/fail2ban.sql"
	config 'evidence = "tag";'
	echo 'a line of the log' >"$lab/lines"
	n=0
	archive ban --jail sshd --id 198.51.100.1 --time 1795000000.5 \
	    --bantime 600 --failures 3
}

# What was cut off has not damaged the archive.
teardown() {
	archive verify >"$lab/out"
	lab_teardown
}

# limited RESOURCE VALUE: an event under that limit is archived or spooled, with
# its line or with a warning; or it fails with a message or by a signal.
limited() {
	local id=192.0.2.$((++n)) got=0 kept
	# A sanitizer reports to standard error here, and leaves a signal alone.
	said=$(ASAN_OPTIONS=handle_segv=0 prlimit "--$1=$2" "$program" \
	    -c "$lab/archive.cfg" ban --jail sshd --id "$id" \
	    --time 1795000000.5 --bantime 600 --failures 3 --matches \
	    <"$lab/lines" 2>&1) || got=$?
	kept=$(
		archive export --id "$id"
		find "$lab/spool" -name '[0-9]*' -exec grep -a "$id" {} + |
			tr '\0' '\n'
	)
	rm -f "$lab"/spool/[0-9]*
	if ((got > 128)); then
		return
	elif ((got > 0)); then
		[ -n "$said" ]
	elif [[ $kept != *'a line of the log'* ]]; then
		[ -n "$kept" ] && says 'the log lines'
	fi || {
		printf '%s=%s: exit status %s\nsaid: %s\nkept: %s\n' "$1" "$2" \
		    "$got" "$said" "$kept" >&2
		return 1
	}
}

# lower RESOURCE FROM: limits from FROM down to 0, each three quarters of the last.
lower() {
	local limit
	for ((limit = $2; limit > 0; limit = limit * 3 / 4)); do
		limited "$1" "$limit"
	done
	limited "$1" 0
}

@test "an event beyond the limit on the size of files goes to the spool" {
	said=$(prlimit --fsize=8192 "$program" -c "$lab/archive.cfg" ban \
	    --jail sshd --id 192.0.2.1 --time 1795000000.5 --bantime 600 2>&1)
	says 'events wait in'
	archive reconcile
	look 'row("sshd", "192.0.2.1")["seconds"] == 600'
}

@test "no limit on the size of files loses an event without a word" {
	lower fsize 300000
}

@test "no limit on open files loses an event without a word" {
	local limit
	for limit in {16..0}; do limited nofile "$limit"; done
}

@test "no limit on memory loses an event without a word" {
	lower as 20000000
	lower data 4000000
}

@test "no limit on the stack loses an event without a word" {
	lower stack 1000000
}

@test "no limit on processes, locks, signals or processor time loses an event" {
	local resource
	for resource in nproc locks sigpending msgqueue memlock rss core cpu; do
		limited "$resource" 1
		limited "$resource" 0
	done
	# A soft limit alone ends nothing.
	limited cpu 0:60
	[ -z "$said" ]
}

@test "an event whose config cannot be read for want of files does not go elsewhere" {
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 \
	    status 71 strace -o "$lab/trace" -P "$lab/archive.cfg" \
	    -e inject=openat:error=EMFILE "$program" -c "$lab/archive.cfg" ban \
	    --jail sshd --id 192.0.2.1 --time 1795000000.5
	says 'the config could not be read'
	[[ $said != *'the defaults are used'* ]]
}

@test "a reconcile under a limit loses no event of the spool" {
	local limit
	command sqlite3 "$lab/fail2ban.sqlite3" "INSERT INTO bans VALUES('sshd',
	    '198.51.100.2', strftime('%s') - 60, 6000, 1, '{}')"
	for limit in fsize={0,100,8192,40000,70000} nofile={3..14} \
	    as={3000000,4000000,5000000,8000000} data={200000,400000,600000} \
	    stack={20000,60000,100000,200000} cpu=0 nproc=0; do
		n=$((n + 1))
		prlimit --fsize=8192 "$program" -c "$lab/archive.cfg" ban \
		    --jail sshd --id "192.0.2.$n" --time 1795000000.5 \
		    --bantime 600 --failures 3 >"$lab/out" 2>&1
		ASAN_OPTIONS=handle_segv=0 prlimit "--$limit" "$program" \
		    -c "$lab/archive.cfg" reconcile >"$lab/out" 2>&1 || true
	done
	archive reconcile
	look 'count("DISTINCT ident") == int(n) + 2 and spooled() == []' "n=$n"
}
