#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The small program that fail2ban's action calls, beside the one with all verbs.

load ../lib/server

event() { "$event_program" -c "$lab/archive.cfg" "$@"; }

@test "the events' program archives a ban and its end as the other does" {
	local one
	for one in archive event; do
		"$one" ban --jail sshd --id 192.0.2.1 --time 1795458480.5 --bantime 600 \
		    --bancount 1 --failures 3 --restored 0
		"$one" prolong --jail sshd --id 192.0.2.1 --time 1795458480.5 --bantime 900
		"$one" unban --jail sshd --id 192.0.2.1 --time 1795458480.5 --bantime 900
		"$one" flush --jail sshd --time 1795458490
		archive export | jq -c '.rev = 0 | .ended_us = 0' >"$lab/of_$one"
		rm "$lab"/archive/*
	done
	[ -s "$lab/of_event" ]
	diff "$lab/of_archive" "$lab/of_event"
}

@test "the events' program has no other verb, and names itself" {
	local verb
	for verb in list reconcile replay reban; do
		status 64 event "$verb"
		says 'unknown command'
		says 'fail2ban-archive-event --help'
	done
	status 0 event --help
	says 'usage: fail2ban-archive-event [-c FILE] COMMAND'
	[ "$(grep -c '^  [a-z]' <<<"$said")" -eq 4 ]
	status 0 event ban --help
	says 'usage: fail2ban-archive-event [-c FILE] ban [OPTION...]'
	status 0 event --version
	[[ $said == "fail2ban-archive-event "* ]]
	[ "${said#* }" = "$(archive --version | cut -d ' ' -f 2-)" ]
}

@test "nothing of replay, reban, pickles and packed files is in the events' program" {
	# Sanitizers keep what the linker leaves out.
	[ "$slow_build" -eq 1 ] || return 0
	nm "$event_program" | grep -q ' T sightings_add_event$'
	run ! grep -iE '(replay|reban|pickle|inflate|nettle|mmdb)' <(nm "$event_program")
	nm "$program" | grep -q ' pickle_'
}

# The system's static libraries are most of it: it has 1,962,520 bytes on Debian 12,
# 2,088,944 on 13.
@test "the events' program has the statements of the files that it needs, and no others" {
	local file name table=$root/helper/archive/statements.c n=0
	for file in archive jails fail2ban_source history/{notes,history,save,evidence,log_lines}; do
		for name in $(grep -o 'SQL_[A-Z_0-9]*' "$root/helper/archive/$file.c"); do
			sed '/^#ifndef FOR_EVENTS/q' "$table" | grep -qF "[$name]" || {
				echo "$name of $file.c is not among them" >&2
				return 1
			}
			((++n))
		done
	done
	[ "$n" -gt 30 ]
	grep -qa 'INTO flush' "$event_program"
	run ! grep -qa 'DELETE FROM evidence' "$event_program"
	grep -qa 'DELETE FROM evidence' "$program"
}

@test "the events' program is at most 2 MiB" {
	[ "$slow_build" -eq 1 ] || return 0
	strip -o "$lab/stripped" "$event_program"
	[ "$(stat -c %s "$lab/stripped")" -le $((2 << 20)) ]
}

@test "the other program takes its libraries from the system, so that their updates reach it" {
	readelf -d "$program" >"$lab/needed"
	grep -q 'NEEDED.*libsqlite3' "$lab/needed"
	grep -q 'NEEDED.*libconfig' "$lab/needed"
}
