#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A push that is cut at any moment loses and doubles nothing, and no event waits
# for it.

load ../lib/server
load ../lib/fleet

setup() {
	lab_setup
	fleet_start
	fleet_init
}

teardown() {
	fleet_stop
	lab_teardown
}

# cut_at CALL N HOW NAME: push, and cut it when it makes that call the N-th time.
# Fails when the push has succeeded before that.
cut_at() {
	local rc=0
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 \
	    timeout -k 5 "$((60 * slowness))" \
	    strace -f -qq -o /dev/null -e trace="$1" -e inject="$1:$3:when=$2" \
	    "$push_program" -c "$lab/$4/archive.cfg" push >"$lab/cut" 2>&1 || rc=$?
	case $rc in
	137 | 75 | 74) return 0 ;;
	0) return 1 ;;
	*)
		echo "exit status $rc" >&2
		cat "$lab/cut" >&2
		return 2
		;;
	esac
}

# survives_cuts CALL HOW: cut pushes at each of those calls, with changes between.
survives_cuts() {
	local n=1 rc now=$EPOCHSECONDS
	while :; do
		ev web ban "192.0.2.$n" "$now.$n"
		((n % 3)) || ev web unban "192.0.2.$((n - 1))" "$now.$((n - 1))"
		rc=0
		cut_at "$1" "$n" "$2" web || rc=$?
		[ "$rc" -ne 2 ]
		((n % 2)) || {
			push web
			same_there web
		}
		[ "$rc" -eq 0 ] || break
		n=$((n + 1))
		((n < 200))
	done
	echo "$n cuts at $1" >&2
	((n > $3))
	push web
	same_there web
}

@test "a push that is killed at any word to the server loses and doubles nothing" {
	machine web
	survives_cuts sendto signal=KILL 5
}

@test "a connection that is cut at any answer loses and doubles nothing" {
	machine web
	survives_cuts recvfrom error=ECONNRESET 5
}

@test "a push that is killed while it notes its state is no copy" {
	machine web
	survives_cuts fsync signal=KILL 2
	survives_cuts rename signal=KILL 1
}

@test "a resend that is killed at any word to the server goes on" {
	local n=1 rc
	machine web
	bans web 20
	push web
	on web archive backup "$lab/web/copy" >"$lab/out"
	on web archive restore "$lab/web/copy" >"$lab/out" 2>&1
	while :; do
		rc=0
		cut_at sendto "$n" signal=KILL web || rc=$?
		[ "$rc" -ne 2 ]
		# The old rows or the new ones, each once.
		[ "$(sql 'SELECT count(*) FROM fail2ban_archive.bans')" -eq 20 ]
		[ "$rc" -eq 0 ] || break
		n=$((n + 1))
	done
	((n > 4))
	same_there web
	[ "$(sql 'SELECT count(*) FROM fail2ban_archive.ban')" -eq 20 ]
}

@test "while the server does not answer, no event waits, the WAL is free, and a signal ends the push" {
	local pid backend rc=0 now=$EPOCHSECONDS
	machine web
	bans web 200
	push web
	bans web 5100 1600000000
	hold 'LOCK TABLE fail2ban_archive.ban IN EXCLUSIVE MODE'
	"$push_program" -c "$lab/web/archive.cfg" push >"$lab/out" 2>&1 3>&- &
	pid=$!
	asked "wait_event_type = 'Lock'"
	backend=$(sql "SELECT pid FROM pg_stat_activity
	    WHERE application_name = 'fail2ban-archive-push'")
	kill -STOP "$backend"
	# The locks of writers and of SQLite's WAL are had at once. (The event asks
	# once whether it has the archive to itself: a reader is there.)
	ev web ban 192.0.2.1 "$now.1"
	strace -f -qq -o "$lab/trace" -e trace=flock,fcntl \
	    "$event_program" -c "$lab/web/archive.cfg" ban --jail sshd \
	    --id 192.0.2.2 --time "$now.2" --bantime 600 --bancount 1 \
	    --failures 3 --restored 0
	run ! grep -qE '(flock|l_start=1[0-9]{2},).*(EAGAIN|EACCES)' "$lab/trace"
	grep -q 'flock(.*= 0' "$lab/trace"
	[ "$(sqlite3 "$(archive_of web)" 'PRAGMA wal_checkpoint(TRUNCATE)')" = '0|0|0' ]
	[ "$(here web | grep -c '"ident":"192.0.2.[12]"')" -eq 2 ]
	kill -TERM "$pid"
	wait "$pid" || rc=$?
	[ "$rc" -eq 75 ]
	grep 'stopped by a signal' "$lab/out"
	kill -CONT "$backend"
	let_go
	push web
	same_there web
}

@test "push --every goes on after the server was gone, and ends with a signal" {
	local pid now=$EPOCHSECONDS rc=0
	machine web
	ev web ban 192.0.2.1 "$now.1"
	"$push_program" -c "$lab/web/archive.cfg" push --every 1 >"$lab/out" 2>&1 3>&- &
	pid=$!
	until [ "$(sql 'SELECT count(*) FROM fail2ban_archive.ban')" -eq 1 ]; do :; done
	fleet_down immediate
	ev web ban 192.0.2.2 "$now.2"
	until [ -n "$(state web error)" ]; do :; done
	fleet_up
	until [ "$(sql 'SELECT count(*) FROM fail2ban_archive.ban')" -eq 2 ]; do :; done
	until [ -z "$(state web error)" ]; do :; done
	kill -TERM "$pid"
	wait "$pid" || rc=$?
	# 143: while it connects, the signal ends it at once.
	[ "$rc" -eq 0 ] || [ "$rc" -eq 143 ]
	same_there web
}

@test "pgbouncer may pool the transactions" {
	local i pids=()
	mkdir "$fleet/pool"
	cat >"$fleet/pool.ini" <<-END
		[databases]
		postgres = host=$fleet port=5432 dbname=postgres
		[pgbouncer]
		listen_addr =
		unix_socket_dir = $fleet/pool
		listen_port = 6432
		auth_type = trust
		auth_file = $fleet/users
		pool_mode = transaction
		default_pool_size = 2
		logfile = $fleet/pool.log
		pidfile = $fleet/pool.pid
	END
	for i in 1 2 3 4; do
		machine "web$i"
		sed -i "s|host='$fleet'|host='$fleet/pool' port=6432|" \
		    "$lab/web$i/archive.cfg"
		bans "web$i" 5100 1700000000
		echo "\"web$i\" \"\"" >>"$fleet/users"
	done
	chown -R nobody:nogroup "$fleet/pool" "$fleet/pool.ini" "$fleet/users"
	as_nobody "$(PATH=$PATH:/usr/sbin command -v pgbouncer)" -d -q \
	    "$fleet/pool.ini" 3>&-
	until [ -S "$fleet/pool/.s.PGSQL.6432" ]; do :; done
	for i in 1 2 3 4; do push "web$i" >"$lab/out$i" 2>&1 & pids+=($!); done
	for i in "${pids[@]}"; do wait "$i" || { cat "$lab"/out?; false; }; done
	for i in 1 2 3 4; do push "web$i"; done
	kill "$(cat "$fleet/pool.pid")"
	for i in 1 2 3 4; do same_there "web$i"; done
}
