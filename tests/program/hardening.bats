#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The program is built with the hardening of the compiler, and confines itself.

load ../lib/server

# tests/run builds the program as the Makefile does for users.
setup() {
	lab_setup
	built=$program
}

event() {
	"$built" -c "$lab/archive.cfg" ban --jail sshd --id 192.0.2.1 \
	    --ip 192.0.2.1 --family inet4 --time "$EPOCHSECONDS.25" \
	    --bantime 600 --bancount 1 --failures 3 --restored 0
}

@test "the program may lie anywhere in memory" {
	readelf -hW "$built" | grep -qE 'Type:.*DYN'
	readelf -dW "$built" | grep -qE 'FLAGS_1.*PIE'
	run -1 grep -c TEXTREL <(readelf -dW "$built")
}

@test "the program's tables are read-only once it runs" {
	readelf -lW "$built" | grep -q GNU_RELRO
	readelf -dW "$built" | grep -qE 'BIND_NOW|FLAGS.*NOW'
}

@test "no part of the program is both written and run, nor is its stack" {
	readelf -lW "$built" | grep -E 'GNU_STACK.* RW '
	run -1 grep -E 'LOAD.* RWE ' <(readelf -lW "$built")
}

@test "the program's stack and buffers are watched" {
	readelf -sW --dyn-syms "$built" | grep -q __stack_chk_fail
	readelf -sW --dyn-syms "$built" | grep -qE '__(v?snprintf|memcpy|read)_chk'
}

@test "the program looks for libraries in no place of its own" {
	run -1 grep -E 'RPATH|RUNPATH' <(readelf -dW "$built")
}

@test "the program's file is not set to another user's rights" {
	make -s -C "$root" BUILD="${program%/*}" DESTDIR="$lab/dest" install
	[ -z "$(find "$lab/dest" -perm /7022 -not -type l)" ]
}

# tests/unit/test_sandbox.c tries the calls that this refuses.
@test "an event is confined, before it reads what an attacker wrote" {
	event
	cp "$root/tests/samples/mixed20-deb-running.sqlite3" "$lab/fail2ban.sqlite3"
	strace -f -o "$lab/trace" -e trace=landlock_restrict_self,prctl,openat \
	    "$built" -c "$lab/archive.cfg" ban --jail sshd --id 192.0.2.2 \
	    --time "$EPOCHSECONDS"
	grep -q 'PR_SET_NO_NEW_PRIVS, 1.*= 0' "$lab/trace"
	grep -n 'landlock_restrict_self.*= 0' "$lab/trace" >"$lab/confined"
	grep -n 'fail2ban.sqlite3"' "$lab/trace" >"$lab/read"
	(($(head -n 1 "$lab/confined" | cut -d : -f 1) <
	    $(head -n 1 "$lab/read" | cut -d : -f 1)))
}

@test "folders that the environment names are not used" {
	mkdir "$lab/evil"
	event
	strace -f -o "$lab/trace" -e trace=file env TMPDIR="$lab/evil" \
	    SQLITE_TMPDIR="$lab/evil" HOME="$lab/evil" "$built" \
	    -c "$lab/archive.cfg" reconcile || true
	grep -q 'archive.sqlite3' "$lab/trace"
	run -1 grep -E '(open|stat|access).*evil' <(grep -v execve "$lab/trace")
}

@test "the time zone is taken from the environment" {
	event
	[ "$(TZ=UTC0 "$built" -c "$lab/archive.cfg" list)" != \
	    "$(TZ=ABC-5 "$built" -c "$lab/archive.cfg" list)" ]
}
