#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The PostgreSQL fails: its disk is full, it is stopped in the middle of a push, it
# takes no writes, it ends what takes long. The push says what is to be done, and
# later each ban is there once.

# lib/server.bash and lib/fleet.bash assign the variables that are not assigned here.
# shellcheck disable=SC2154

load ../lib/server
load ../lib/fleet

setup() {
	lab_setup
	keeper=
}

teardown() {
	fleet_stop
	# The mount goes with its namespace.
	if [ -n "$keeper" ]; then
		eval "exec ${keep[1]}>&-"
		wait "$keeper" || :
	fi
	lab_teardown
}

started_fleet() {
	fleet_start
	fleet_init >"$lab/out"
}

# small_disk MIB NAME: from now on the folder NAME of the PostgreSQL is a file system
# of that size, in a mount namespace that lives until the pipe to it is closed. The
# socket and the log are elsewhere.
small_disk() {
	local ready=
	fleet_folder
	disk=$fleet/$2
	mkdir "$disk"
	# shellcheck disable=SC2016 # the inner shell expands
	coproc keep {
		exec unshare -m --propagation private sh -eu -c '
			mount -t tmpfs -o "mode=700,size=$2m,uid=$(id -u nobody)" \
			    disk "$1"
			echo ready
			read -r _ || :' sh "$disk" "$1" 3>&-
	}
	keeper=$keep_PID
	read -r ready <&"${keep[0]}"
	[ "$ready" = ready ]
	as_nobody() {
		nsenter -t "$keeper" -m --wd=/ -- \
		    setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"
	}
}

# room: print the kilobytes that are free there.
room() { as_nobody df --output=avail -k "$disk" | tail -n 1; }

# fill [KB]: leave so much room.
# shellcheck disable=SC2016 # the inner shell expands
fill() {
	as_nobody sh -c 'head -c "$2"k /dev/zero >"$1/fill"' sh "$disk" \
	    $(($(room) - ${1:-0}))
	(($(room) <= ${1:-0}))
}

empty() { as_nobody rm "$disk/fill"; }

# is_back: whether it answers; it is started, if it has ended.
is_back() {
	as_nobody "$pgbin/pg_ctl" -D "$fleet/data" status >"$lab/out" || fleet_up
	sql 'SELECT 1' >"$lab/out" 2>&1
}

# counted: how many bans the fleet has, and up to which change.
counted() {
	sql "SELECT last_rev, (SELECT count(*) FROM fail2ban_archive.ban)
	    FROM fail2ban_archive.host"
}

@test "while the PostgreSQL's disk is full a push fails, and later each ban is there once" {
	local kb had
	small_disk 160 data
	fleet_start --wal-segsize=32
	fleet_init
	machine web
	bans web 100 1700000000
	push web
	bans web 12000 1700000000
	# There is no room for the first batch; then for some batches, but not all.
	for kb in 0 1000 5000; do
		had=$(state web pushed_us)
		fill $kb
		fail_push 75 web
		says 'the disk of the server is full: make room there'
		says "$fleet"
		[[ $(state web error) == *'No space left on device'* ]]
		[ "$(state web pushed_us)" = "$had" ]
		# What the fleet has it has once, and no part of a transaction.
		[ "$(counted | cut -d '|' -f 1)" -eq "$(counted | cut -d '|' -f 2)" ]
		empty
	done
	push web
	same_there web
	[ "$(counted)" = '12000|12000' ]
}

@test "a PostgreSQL that stops because its WAL has no room is pushed to once it is back" {
	small_disk 12 wal
	fleet_start --wal-segsize=1 -X "$fleet/wal"
	fleet_init
	machine web
	bans web 100 1700000000
	push web
	bans web 12000 1700000000
	fill
	fail_push 75 web
	says 'the disk of the server is full: make room there'
	says "$fleet"
	grep -q 'PANIC.*No space left on device' "$fleet/log"
	# It is in recovery, or gone.
	fail_push 75 web
	says "$fleet"
	[ "$(state web rev)" -lt 12000 ]
	empty
	# It has come back by itself, or it has given up.
	wait_for 60 is_back
	push web
	same_there web
	[ "$(counted)" = '12000|12000' ]
}

@test "a PostgreSQL that is stopped in the middle of a push is pushed to once it is back" {
	local pid rc how
	started_fleet
	machine web
	bans web 100
	push web
	bans web 7000 1700000000
	# The first batch is in, and a ban of the second one waits.
	sql "CREATE FUNCTION public.waits() RETURNS trigger LANGUAGE plpgsql AS
	    \$\$ BEGIN PERFORM pg_catalog.pg_advisory_xact_lock(1); RETURN NEW; END \$\$"
	sql "CREATE TRIGGER waits BEFORE INSERT ON fail2ban_archive.ban FOR EACH ROW
	    WHEN (NEW.ban_no = 6000) EXECUTE FUNCTION public.waits()"
	for how in fast immediate; do
		hold 'SELECT pg_catalog.pg_advisory_xact_lock(1)'
		"$push_program" -c "$lab/web/archive.cfg" push >"$lab/said" 2>&1 3>&- &
		pid=$!
		asked "wait_event_type = 'Lock'"
		fleet_down $how
		rc=0
		wait "$pid" || rc=$?
		let_go || :
		[ "$rc" -eq 75 ]
		said=$(cat "$lab/said")
		says "PostgreSQL at $fleet"
		says 'the connection'
		[[ $(state web error) == *"$fleet"* ]]
		fail_push 75 web
		says 'Is the server running'
		fleet_up
		[ "$(counted)" = '5100|5100' ]
	done
	sql 'DROP TRIGGER waits ON fail2ban_archive.ban'
	push web
	same_there web
}

@test "a server that takes no writes is told from a standby, and gets all once it takes them" {
	started_fleet
	machine web
	bans web 10
	push web
	bans web 10 1700000000
	sql "ALTER SYSTEM SET default_transaction_read_only = on"
	sql 'SELECT pg_reload_conf()' >"$lab/out"
	until [ "$(sql 'SHOW default_transaction_read_only')" = on ]; do :; done
	fail_push 75 web
	says 'must set default_transaction_read_only to off'
	[[ $said != *standby* ]]
	PGOPTIONS='-c default_transaction_read_only=off' \
	    sql 'ALTER SYSTEM RESET default_transaction_read_only'
	sql 'SELECT pg_reload_conf()' >"$lab/out"
	until [ "$(sql 'SHOW default_transaction_read_only')" = off ]; do :; done
	push web
	same_there web
}

@test "a statement_timeout for people does not end what a push needs" {
	started_fleet
	machine web
	bans web 10
	push web
	bans web 10 1700000000
	sql "CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS
	    \$\$ BEGIN PERFORM pg_catalog.pg_sleep(1); RETURN NULL; END \$\$"
	sql "CREATE TRIGGER slow AFTER INSERT ON fail2ban_archive.ban
	    FOR EACH STATEMENT EXECUTE FUNCTION public.slow()"
	sql "ALTER ROLE web SET statement_timeout = '900ms'"
	push web
	same_there web
	sql 'DROP TRIGGER slow ON fail2ban_archive.ban'
	sql "CREATE TRIGGER slow AFTER UPDATE ON fail2ban_archive.host
	    FOR EACH STATEMENT EXECUTE FUNCTION public.slow()"
	fail_push 75 web
	says 'raise statement_timeout for this role'
}
