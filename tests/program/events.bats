#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The event path: an event of fail2ban's action is archived at once or waits in
# the spool, whatever else goes on.

load ../lib/server

# A reconcile needs more than a second for this many rows.
crowd=$((150000 / slow_build))

# event VERB ID TIME: call the program as the action does.
event() {
	archive "$1" --jail sshd --id "$2" --ip "$2" --family inet4 \
	    --time "$3" --bantime 600 --bancount 1 --failures 3 --restored 0
}

# many BANS: make a database of fail2ban with that many bans; the config names it.
many() {
	sqlite3 "$lab/fail2ban.sqlite3" <"$root/tests/lib/fail2ban.sql"
	"$python" - "$lab/fail2ban.sqlite3" "$1" <<-'END'
		import sqlite3, sys, time
		db = sqlite3.connect(sys.argv[1])
		now = int(time.time())
		data = b'{"matches": ["a line"], "failures": 3}'
		db.executemany("INSERT INTO bans VALUES('sshd', ?, ?, 600, 1, ?)",
		    (("2001:db8::%x" % n, now - 200000 + n % 190000, data)
		    for n in range(int(sys.argv[2]))))
		db.commit()
	END
	config "${@:2}"
}

# holds_archive: another process, a curious one, has the archive locked for
# writing until `released`.
holds_archive() {
	rm -f "$lab/held" "$lab/release"
	in_background "$python" -c 'import os, sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
open(sys.argv[2], "w").close()
while not os.path.exists(sys.argv[3]):
    time.sleep(0.02)
db.execute("ROLLBACK")
db.close()' "$lab/archive/archive.sqlite3" "$lab/held" "$lab/release"
	holder=$!
	wait_for 5 test -e "$lab/held"
}

released() {
	: >"$lab/release"
	wait "$holder"
}

@test "two events at once are both archived" {
	event ban 192.0.2.1 1795458480.25 &
	event ban 192.0.2.2 1795458480.5 &
	wait
	look 'len(rows()) == 2 and spooled() == []'
}

@test "thirty events at once, with repeats, are all archived" {
	local n pids=()
	for ((n = 0; n < 30; n++)); do
		event ban 192.0.2.$((n % 20)) 1795458480.25 3>&- &
		pids+=($!)
	done
	for n in "${pids[@]}"; do wait "$n"; done
	archive reconcile || true
	look 'len(rows()) == 20 and spooled() == []'
}

@test "an event during a reconcile is archived before the reconcile ends" {
	event ban 192.0.2.1 "$EPOCHREALTIME"
	many "$crowd" "run_deadline = $((60 * slowness));"
	archive_in_background reconcile
	local reconcile=$! n
	wait_for 10 look 'runs()[-1]["state"] == "running"' 2>/dev/null
	for n in 2 3 4 5 6; do
		event ban 192.0.2.$n "$EPOCHREALTIME"
	done
	look 'runs()[-1]["state"] == "running"'
	sqlite3 -readonly -cmd '.timeout 5000' "$lab/archive/archive.sqlite3" \
	    "SELECT count(*) FROM bans WHERE ident LIKE '192.0.2.%'" |
	    grep -qx 6
	wait "$reconcile"
	look 'count() == int(n) + 6 and spooled() == []' "n=$crowd"
}

# reconciled: one more run was completed.
reconciled() {
	archive reconcile
	look 'runs()[-1]["state"] == "completed"' 2>/dev/null
}

@test "the next reconcile goes on where one was cut off at its deadline" {
	many "$crowd" 'run_deadline = 1;'
	archive reconcile
	look 'runs()[-1]["state"] == "interrupted" and count() > 0'
	config "run_deadline = $((60 * slowness));"
	wait_for 90 reconciled
	look 'count() == count("DISTINCT ident") == int(n)' "n=$crowd"
}

@test "a reconcile cut off in the middle of a reading has not failed" {
	many 3000 'run_deadline = 1;'
	# The leak check cannot run in a traced process.
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 \
	    status 0 strace -o "$lab/trace" -P "$lab/fail2ban.sqlite3" \
	    -e inject=pread64:delay_enter=50000 \
	    "$program" -c "$lab/archive.cfg" reconcile
	look 'runs()[-1]["state"] == "interrupted" and count() < 3000'
	wait_for 90 reconciled
	look 'count() == 3000'
}

@test "a second reconcile says that one is running, and leaves with 0" {
	many "$crowd" "run_deadline = $((60 * slowness));"
	archive_in_background reconcile
	local first=$!
	wait_for 10 look 'runs()[-1]["state"] == "running"' 2>/dev/null
	status 0 archive reconcile
	[ -n "$said" ]
	kill -0 "$first"
	wait "$first"
	look 'count() == int(n)' "n=$crowd"
}

# every SIGNAL: reconcile --every runs at once and again, until that signal ends it.
every() {
	event ban 192.0.2.1 "$EPOCHREALTIME"
	many 100
	archive_in_background reconcile --every 1
	local pid=$!
	soon 'len([r for r in runs() if r["state"] == "completed"]) >= 2'
	kill "-$1" "$pid"
	wait "$pid"
	look 'all(r["state"] == "completed" for r in runs())'
}

@test "reconcile --every runs at once and again, and stops on SIGTERM" {
	every TERM
}

@test "reconcile --every stops on SIGINT" {
	every INT
}

@test "reconcile --every goes on after a run that failed" {
	archive_in_background reconcile --every 1
	local pid=$!
	soon 'len([r for r in runs() if r["state"] == "failed"]) >= 2'
	many 10
	soon 'len(rows()) == 10'
	kill -TERM "$pid"
	wait "$pid"
}

@test "SIGTERM ends a reconcile cleanly, and the next run goes on" {
	many "$crowd" "run_deadline = $((60 * slowness));"
	archive_in_background reconcile --every 60
	local pid=$!
	wait_for 10 look 'runs()[-1]["state"] == "running"' 2>/dev/null
	local start=$EPOCHSECONDS
	kill -TERM "$pid"
	wait "$pid"
	((EPOCHSECONDS - start <= 3 * slowness))
	look 'runs()[-1]["state"] != "running"'
	archive reconcile
	look 'count() == int(n) and runs()[-1]["state"] == "completed"' \
	    "n=$crowd"
}

mark() { sqlite3 "$lab/archive/archive.sqlite3" 'SELECT mark_rowid FROM source'; }
mark_moved() { [ "$(mark)" -gt "$1" ]; }

@test "the next run does not read again the rows that a cut-off run has read" {
	many 10 "run_deadline = $((60 * slowness));"
	archive reconcile
	local before
	before=$(mark)
	sqlite3 "$lab/fail2ban.sqlite3" "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL
	    SELECT i + 1 FROM n WHERE i < 40000) INSERT INTO bans SELECT 'sshd',
	    '2001:db8:1::' || i, $EPOCHSECONDS, 600, 1, '{}' FROM n"
	archive_in_background reconcile
	local pid=$!
	wait_for 10 mark_moved "$before"
	kill -TERM "$pid"
	wait "$pid"
	look 'runs()[-1]["state"] == "interrupted"'
	before=$(mark)
	archive reconcile
	# But for the thousand below the mark that are always read.
	look 'runs()[-1]["rows"] <= 40010 - int(mark) + 1000 and
	    count() == 40010' "mark=$before"
}

@test "SIGKILL of a reconcile loses nothing, and the next run goes on" {
	many "$crowd" "run_deadline = $((60 * slowness));"
	archive_in_background reconcile
	local pid=$!
	wait_for 10 look 'runs()[-1]["state"] == "running"' 2>/dev/null
	kill -KILL "$pid"
	wait "$pid" || true
	archive reconcile
	look 'count() == int(n) and runs()[-1]["state"] == "completed"' \
	    "n=$crowd"
	look '"running" not in [r["state"] for r in runs()]'
}

@test "an event that comes twice is one row, and changes nothing" {
	event ban 192.0.2.1 1795458480.123456
	archive export >"$lab/before"
	event ban 192.0.2.1 1795458480.123456
	archive export | cmp - "$lab/before"
}

@test "an unban without a ban makes the ban and ends it" {
	local now=$EPOCHREALTIME
	event unban 192.0.2.1 "$((EPOCHSECONDS - 700)).25"
	look 'ended("sshd", "192.0.2.1", "expired", about=float(now))' "now=$now"
	look 'row("sshd", "192.0.2.1")["since_us"] % 1000000 == 250000'
	look 'row("sshd", "192.0.2.1")["seconds"] == 600'
}

@test "an event while the archive is locked waits in the spool" {
	event ban 192.0.2.1 "$EPOCHSECONDS.25"
	holds_archive
	local start=${EPOCHREALTIME/./}
	event ban 192.0.2.2 "$EPOCHSECONDS.5"
	((${EPOCHREALTIME/./} - start < 1000000 * slowness))
	event ban 192.0.2.3 "$EPOCHSECONDS.75"
	look 'len(spooled()) == 2 and len(rows()) == 1'
	released
	archive reconcile || true
	look 'len(rows()) == 3 and spooled() == []'
	look '[r["since_us"] % 1000000 for r in rows()] == [250000, 500000, 750000]'
	look 'all(same(r, {"seconds": 600, "bancount": 1, "failures": 3,
	    "seen": ["event"], "ended_us": None}) for r in rows())'
}

@test "only the first event that waits is logged" {
	event ban 192.0.2.1 "$EPOCHSECONDS.25"
	holds_archive
	status 0 event ban 192.0.2.2 "$EPOCHSECONDS.25"
	says 'events wait'
	[ "$(wc -l <<<"$said")" -eq 1 ]
	local n
	for n in 3 4 5; do
		status 0 event ban 192.0.2.$n "$EPOCHSECONDS.25"
		[ -z "$said" ]
	done
	# The same holds when it is no longer fresh.
	touch -d '1 hour ago' "$lab/spool"
	status 0 event ban 192.0.2.6 "$EPOCHSECONDS.25"
	[ -z "$said" ]
	released
	archive reconcile || true
	look 'len(rows()) == 6 and spooled() == []'
}

@test "a spool takes no more than its limit, and what it has stays" {
	config 'spool_limit = 3;'
	event ban 192.0.2.1 "$EPOCHSECONDS.25"
	holds_archive
	local n
	for n in 2 3 4; do status 0 event ban 192.0.2.$n "$EPOCHSECONDS.25"; done
	status 73 event ban 192.0.2.5 "$EPOCHSECONDS.25"
	says 'full, 3 events wait'
	released
	archive reconcile || true
	look 'len(rows()) == 4 and spooled() == []'
}

@test "events after a spooled one do not wait for the lock again" {
	event ban 192.0.2.1 "$EPOCHSECONDS.25"
	holds_archive
	event ban 192.0.2.2 "$EPOCHSECONDS.25"
	local n start=${EPOCHREALTIME/./}
	for n in 3 4 5 6 7 8 9; do
		event ban 192.0.2.$n "$EPOCHSECONDS.25"
	done
	# Seven times the lock's deadline would be 3.5 s.
	((${EPOCHREALTIME/./} - start < 1500000 * slowness))
	look 'len(spooled()) == 8'
	released
	archive reconcile || true
	look 'len(rows()) == 9 and spooled() == []'
}

@test "a ban and its unban keep their times in the spool" {
	local past=$((EPOCHSECONDS - 700))
	event ban 192.0.2.1 "$EPOCHSECONDS.25"
	holds_archive
	event ban 192.0.2.2 $past.25
	local unban=$EPOCHREALTIME
	event unban 192.0.2.2 $past.25
	wait_for 5 past "$((${unban%.*} + 3))"
	released
	archive reconcile || true
	look 'ended("sshd", "192.0.2.2", "expired") and
	    abs(row("sshd", "192.0.2.2")["ended_us"] / 1e6 - float(t)) < 1.5' \
	    "t=$unban"
	look 'len(rows()) == 2'
}

@test "what the spool holds is drained once, by whoever comes first" {
	event ban 192.0.2.1 "$EPOCHSECONDS.25"
	holds_archive
	local n
	for n in 2 3 4 5 6 7 8 9; do event ban 192.0.2.$n "$EPOCHSECONDS.5"; done
	released
	archive reconcile &
	archive reconcile &
	archive reconcile &
	wait
	archive reconcile || true
	look 'len(rows()) == 9 and spooled() == []'
}

# spools_then_drains REPAIR...: an event that cannot be archived is spooled and
# is no failure; after the repair it is archived.
spools_then_drains() {
	status 0 event ban 192.0.2.1 "$EPOCHSECONDS.25"
	look 'len(spooled()) == 1'
	"$@"
	archive reconcile || true
	look 'same(row("sshd", "192.0.2.1"), {"failures": 3, "seconds": 600})'
	look 'spooled() == []'
}

@test "an event is spooled when the archive is newer than the program" {
	event ban 192.0.2.9 "$EPOCHSECONDS.25"
	local version
	version=$(sqlite3 "$lab/archive/archive.sqlite3" 'PRAGMA user_version')
	sqlite3 "$lab/archive/archive.sqlite3" 'PRAGMA user_version = 9999' >/dev/null
	status 76 archive reconcile
	status 76 archive export
	spools_then_drains sqlite3 "$lab/archive/archive.sqlite3" \
	    "PRAGMA user_version = $version"
	look 'len(rows()) == 2'
}

@test "an event is spooled when the archive's folder cannot be made" {
	: >"$lab/archive"
	spools_then_drains rm "$lab/archive"
}

@test "an event is spooled when another program's database lies there" {
	mkdir -m 700 "$lab/archive"
	sqlite3 "$lab/archive/archive.sqlite3" \
	    'CREATE TABLE theirs(x); INSERT INTO theirs VALUES(1)'
	status 0 event ban 192.0.2.2 "$EPOCHSECONDS.25"
	[ "$(sqlite3 "$lab/archive/archive.sqlite3" .tables)" = theirs ]
	rm "$lab/spool"/*
	spools_then_drains rm "$lab/archive/archive.sqlite3"
}

@test "an event that can neither be archived nor spooled is a failure" {
	: >"$lab/archive"
	: >"$lab/spool"
	run event ban 192.0.2.1 "$EPOCHSECONDS.25"
	[ "$status" -ne 0 ]
	[ "${#lines[@]}" -le 5 ]
}

@test "files in the spool that are no events harm nothing and stay" {
	mkdir -m 700 "$lab/spool"
	printf 'garbage' >"$lab/spool/garbage"
	head -c 100000 /dev/urandom >"$lab/spool/1795458480000000.event"
	: >"$lab/spool/empty"
	ln -s /dev/zero "$lab/spool/zero"
	mkfifo "$lab/spool/fifo"
	event ban 192.0.2.1 "$EPOCHSECONDS.25"
	many 3
	holds_archive
	event ban 192.0.2.2 "$EPOCHSECONDS.25"
	released
	timeout "$((20 * slowness))" "$program" -c "$lab/archive.cfg" reconcile || true
	look 'row("sshd", "192.0.2.2") and len(rows()) == 5'
}

@test "a server whose archive is locked goes on banning, and nothing is lost" {
	jail sshd
	jail short "bantime=$briefly"
	server_start
	client set sshd banip 192.0.2.1
	soon 'len(rows()) == 1'
	holds_archive
	client set sshd banip 192.0.2.2 2001:db8::2
	fails short 'auth failure user=x from 192.0.2.3'
	wait_for 15 logged '[short] Unban 192.0.2.3'
	soon 'len(spooled()) == 4'
	look '"ERROR" not in log()'
	released
	archive reconcile
	look 'spooled() == [] and len(rows()) == 4'
	look 'same_as_theirs("sshd", "192.0.2.2")'
	look 'ended("short", "192.0.2.3", "expired",
	    about=log_times("[short] Unban 192.0.2.3")[0])'
}

# A small root of its own, where the default places may be written to.
in_root() {
	local file
	if [ ! -d "$lab/root" ]; then
		mkdir -p "$lab/root"/{dev,etc,proc/self,tmp,var/lib}
		# Without a true /proc the leak check cannot work; this is where
		# the sanitizer reads its options.
		printf 'ASAN_OPTIONS=detect_leaks=0\0' \
		    >"$lab/root/proc/self/environ"
		for file in "$program" $(ldd "$program" | grep -o '/[^ ]*'); do
			mkdir -p "$lab/root/${file%/*}"
			cp -L "$file" "$lab/root/$file"
		done
	fi
	chroot "$lab/root" "$program" "$@"
}

@test "a broken config loses no event: it goes to the default places" {
	local n=0 line
	in_root --version
	for line in 'archive = ' 'nonsense = 1;' 'interval = "often";' \
	    'lock_deadline = -5;' '}{'; do
		echo "$line" >"$lab/root/etc/fail2ban-archive.cfg"
		in_root ban --jail sshd --id 192.0.2.$((++n)) --ip 192.0.2.$n \
		    --family inet4 --time 1795458480.25 --bantime 600 \
		    --bancount 1 --failures 3 --restored 0
		status 78 in_root list
		[[ $said =~ fail2ban-archive\.cfg:[12]:\  ]]
	done
	rm "$lab/root/etc/fail2ban-archive.cfg"
	[ "$(in_root export | jq -r .ident | sort | paste -sd ' ')" = \
	    '192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5' ]
}

@test "a missing config file loses no event either" {
	in_root -c /etc/none.cfg ban --jail sshd --id 192.0.2.1 \
	    --ip 192.0.2.1 --family inet4 --time 1795458480.25 --bantime 600 \
	    --bancount 1 --failures 3 --restored 0
	[ "$(in_root export | jq -r .ident)" = 192.0.2.1 ]
}

@test "the archive and the spool are for their owner only" {
	umask 022
	event ban 192.0.2.1 "$EPOCHSECONDS.25"
	holds_archive
	event ban 192.0.2.2 "$EPOCHSECONDS.25"
	released
	[ -z "$(find "$lab/archive" "$lab/spool" -perm /077)" ]
}

@test "an event starts no process, connects to syslog only, and syncs once" {
	# The leak check cannot run in a traced process.
	ASAN_OPTIONS+=:detect_leaks=0
	local n
	for n in 1 2 3; do event ban 192.0.2.$n "$EPOCHSECONDS.25"; done
	strace -f -y -o "$lab/trace" -e trace=process,network,fsync,fdatasync \
	    "$program" -c "$lab/archive.cfg" ban --jail sshd --id 192.0.2.4 \
	    --ip 192.0.2.4 --family inet4 --time "$EPOCHSECONDS.25" \
	    --bantime 600 --bancount 1 --failures 3 --restored 0
	look 'len(rows()) == 4'
	[ "$(grep -c 'execve(' "$lab/trace")" -eq 1 ]
	run -1 grep -E ' (v?fork|clone3?)\(|AF_INET' "$lab/trace"
	# Syslog is the only one that it may speak to.
	grep 'connect(' "$lab/trace" | run -1 grep -v '"/dev/log"'
	# SQLite looks after the folder too, which is not written to.
	[ "$(grep -cE 'f(data)?sync\([0-9]+<[^>]*sqlite3' "$lab/trace")" -eq 1 ]
}
