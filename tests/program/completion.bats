#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the program offers to a shell that completes a line, and completion in bash.
#
# $lab and the like are from lib/server.
# shellcheck disable=SC2154

load ../lib/server
load ../lib/completion

# offers WANT WORD...: the words offered for the last one, in one line.
offers() {
	local want=$1 got
	shift
	got=$("$program" complete "$@" 2>&1 | cut -f 1 | paste -sd ' ' -)
	[ "$got" = "$want" ] || {
		echo "offered for '$*': $got" >&2
		return 1
	}
}

@test "bash completes verbs, options, words, files and jails" { completes_in bash; }
@test "bash quotes the name of a jail" { quotes_in bash; }

@test "complete offers what may stand for the last word" {
	offers ''
	offers 'words list' li
	offers 'words list' help li
	offers 'words --version' --v
	offers 'files' -c x
	offers 'words list' -c "$lab/archive.cfg" li
	offers 'words --format' export --form
	offers 'words table jsonl csv' list -f ''
	offers 'words table jsonl csv' list --active --format ''
	offers 'words --format=table' list --format=t
	offers 'words --color=auto --color=always --color=never' list --color=
	offers 'words' list --format=x
	offers 'words' list --format x -x
	offers 'words' list --limit ''
	offers 'files' report --output ''
	offers 'files' verify -- -x
	offers 'words' verify one -x
	offers 'files' replay one two x
	offers 'words' list -- --f
	offers 'words bans failures time' top --count ''
	offers 'words' nonsense ''
	offers 'words' ban --id --j
	offers 'words' list --jail=--f
}

@test "complete offers the jails of the archive, and says nothing where it cannot" {
	offers 'words' -c "$lab/archive.cfg" list --jail ''
	for jail in web sshd $'a\tb' $'\u202e' '-x' 'back\slash'; do
		archive ban --jail "$jail" --id 192.0.2.1 --time "$EPOCHSECONDS"
	done
	offers 'words sshd web' -c "$lab/archive.cfg" list --jail ''
	offers 'words --jail=web' -c "$lab/archive.cfg" list --jail=w
	offers 'words sshd' -c "$lab/archive.cfg" top s
	offers 'words' -c "$lab/nonesuch.cfg" list --jail ''
	echo 'nonsense' >"$lab/bad.cfg"
	offers 'words' -c "$lab/bad.cfg" list --jail ''
	mkfifo "$lab/fifo"
	offers 'words' -c "$lab/fifo" list --jail ''
	rm "$lab/archive/archive.sqlite3-wal" "$lab/archive/archive.sqlite3-shm"
	head -c 5000 /dev/urandom >"$lab/archive/archive.sqlite3"
	offers 'words' -c "$lab/archive.cfg" list --jail ''
	status 0 "$program" complete -c "$lab/archive.cfg" list --jail ''
}

@test "complete makes no file, and does not wait for a writer" {
	archive ban --jail sshd --id 192.0.2.1 --time "$EPOCHSECONDS"
	in_background sqlite3 "$lab/archive/archive.sqlite3" 'BEGIN IMMEDIATE;' \
		".shell touch $lab/locked" ".shell exec sleep 60"
	wait_for 10 test -e "$lab/locked"
	before=$(find "$lab/archive" | sort)
	offers 'words sshd' -c "$lab/archive.cfg" list --jail ''
	[ "$(find "$lab/archive" | sort)" = "$before" ]
}

@test "the events' program has no complete" {
	status 64 "$event_program" complete ''
}
