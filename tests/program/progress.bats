#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What takes longer than a second shows on a terminal how far it has come.
#
# $lab, $root and the like are from lib/server.
# shellcheck disable=SC2154

load ../lib/server

setup_file() {
	"${CC:-cc}" -shared -fPIC -O1 -D_GNU_SOURCE -o "$BATS_FILE_TMPDIR/fast_clock.so" \
	    "$BATS_TEST_DIRNAME/../lib/fast_clock.c"
}

forge() { "$python" "$root/tests/lib/forge.py" "$@"; }

# many: archive some thousand bans.
many() {
	forge log 20000 1 >"$lab/old.log"
	archive replay "$lab/old.log" >"$lab/out"
}

# quickly WORD...: run the command with a clock that runs fast.
quickly() {
	LD_PRELOAD=$BATS_FILE_TMPDIR/fast_clock.so "$program" -c "$lab/archive.cfg" "$@"
}

# on_terminal WORD...: the same on a terminal, its standard output in $lab/file.
on_terminal() {
	# shellcheck disable=SC2016 # the other shell expands it
	"$python" "$root/tests/lib/terminal.py" --columns 72 sh -c \
	    'f=$1 && shift && LD_PRELOAD=$0 exec "$@" >"$f"' \
	    "$BATS_FILE_TMPDIR/fast_clock.so" "$lab/file" \
	    "$program" -c "$lab/archive.cfg" "$@" >"$lab/shown"
}

# shows REGEX WORD...: the command shows this on a terminal, in lines of at most
# 71 characters, and takes it away at its end; elsewhere it shows nothing.
shows() {
	local regex=$1
	shift
	rm -f "$lab/copy"
	on_terminal "$@"
	tr '\r' '\n' <"$lab/shown" | sed 's/\x1b\[K//' >"$lab/lines"
	grep -qE "$regex" "$lab/lines"
	[ "$(wc -L <"$lab/lines")" -le 71 ]
	[ "$(tail -c 4 "$lab/shown")" = $'\r\e[K' ]
	rm -f "$lab/copy"
	quickly "$@" >"$lab/file" 2>"$lab/errors"
	[ ! -s "$lab/errors" ]
}

@test "verify shows the bans that are examined, their rate and the time left" {
	many
	shows 'examining [0-9]+ bans, [0-9]+ a second' verify
	shows '[0-9]+ %' verify
}

@test "backup shows the pages that are copied, then the copy's examination" {
	many
	shows 'copying [0-9]+ pages|examining [0-9]+ bans' backup "$lab/copy"
	[ -s "$lab/copy" ]
}

@test "export and list show their bans when the output goes to a file" {
	many
	shows '^output: [0-9]+ bans, [0-9]+ a second, [0-9]+ %, .* left' export
	shows '^output: [0-9]+ bans, [0-9]+ a second' list --format jsonl
	on_terminal export
	archive export | cmp - "$lab/file"
}

@test "reconcile by hand shows the rows of fail2ban's database" {
	local n
	for ((n = 0; n < 3000; n++)); do printf '%s\n' "-$n" sshd "192.0.2.$((n % 250))" 600; done |
		xargs "$python" "$root/tests/lib/forge.py" database "$lab/f2b.sqlite3" 4
	config "fail2ban_database = \"$lab/f2b.sqlite3\";" 'run_deadline = 3600;'
	on_terminal reconcile
	tr '\r' '\n' <"$lab/shown" >"$lab/lines"
	grep -qE "reconcile: fail2ban's database: [0-9]+ rows" "$lab/lines"
}

@test "replay shows the lines of a log" {
	forge log 20000 1 >"$lab/log1"
	shows '[0-9]+ lines of bans' replay --force "$lab/log1"
	grep -q '20000 rows read' "$lab/file"
}
