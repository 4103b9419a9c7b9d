#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# An event and a reconcile cost no more flushes, locks, rows, memory and bytes
# than this. `make bench` measures the time that they take.

load ../lib/server

setup() {
	lab_setup
	db=$lab/archive/archive.sqlite3
	theirs=$lab/fail2ban.sqlite3
}

# many FROM TO [LIVE]: rows of fail2ban's with five lines of 90 bytes; ids and
# times go by the number. Those before LIVE are over.
many() {
	[ -e "$theirs" ] || sqlite3 "$theirs" <"$root/tests/lib/fail2ban.sql"
	"$python" - "$theirs" "$@" <<-'END'
		import json, sqlite3, sys, time
		path, begin, end, live = (sys.argv + [10 ** 9])[1:5]
		now, db = int(time.time()), sqlite3.connect(path)
		for n in range(int(begin), int(end)):
		    ip = "2001:db8::%x" % (n * 40503 % 65536)
		    lines = [("Nov 23 22:40:%02d www sshd[%d]: Failed password for "
		              "root from %s port %d ssh2" % (k, 1000 + n % 9000, ip,
		              20000 + n * 7 + k)).ljust(90, ".") for k in range(5)]
		    row = ("sshd", ip, now - 200000 + n,
		           400000 if n >= int(live) else 600, 1, json.dumps(
		               {"matches": lines, "failures": 5, "user": "root"}).encode())
		    db.execute("INSERT INTO bans VALUES (?, ?, ?, ?, ?, ?)", row)
		    db.execute("INSERT OR REPLACE INTO bips(jail, ip, timeofban,"
		               " bantime, bancount, data) VALUES (?, ?, ?, ?, ?, ?)", row)
		db.commit()
	END
}

# bans FROM TO [COMMAND...]: the events of rows that `many` has made.
bans() {
	local from=$1 to=$2
	shift 2
	sqlite3 -separator ' ' "$theirs" "SELECT ip, timeofban, bantime FROM bans
	    WHERE rowid > $from AND rowid <= $to" |
		while read -r ip time bantime; do
			"$@" "$event_program" -c "$lab/archive.cfg" ban --jail sshd \
			    --id "$ip" --ip "$ip" --family inet6 --time "$time.25" \
			    --bantime "$bantime" --bancount 1 --failures 5 \
			    --restored 0 || return
		done
}

# flushes: how many there are in $lab/trace*.
flushes() {
	cat "$lab"/trace* | grep -cE '^[0-9]* *f(data)?sync\('
}

# locks: how often the shared lock of fail2ban's database was taken.
locks() {
	cat "$lab"/trace* |
		grep -cE "fcntl\([0-9]+<$theirs>.*F_RDLCK.*1073741826" || true
}

last_run() {
	sqlite3 "$db" "SELECT $1 FROM run ORDER BY id DESC LIMIT 1"
}

@test "a hundred bans are not more than 112 flushes, checkpoints included" {
	many 0 240
	archive reconcile
	many 240 400
	bans 240 280
	bans 280 380 strace -f -A -o "$lab/trace" -e trace=fsync,fdatasync
	look 'len(rows()) == 380 and spooled() == []'
	echo "# $(flushes) flushes in 100 bans" >&3
	[ "$(flushes)" -ge 100 ]
	[ "$(flushes)" -le 112 ]
}

# pages_of COMMAND...: how many pages it writes to the WAL. SQLite writes the header
# of each apart.
pages_of() {
	strace -f -y -o "$lab/trace" -e trace=pwrite64 "$@"
	grep -cE 'pwrite64\([0-9]+<[^>]*-wal>.* 2048, [0-9]+\) = 2048$' "$lab/trace"
}

# least_pages VERB: the pages that an event of nine ids writes, where none of them is
# full: the least.
least_pages() {
	local n pages least=99
	for n in 1 2 3 4 5 6 7 8 9; do
		pages=$(pages_of "$event_program" -c "$lab/archive.cfg" "$1" \
		    --jail sshd --id "192.0.2.$n" --ip "192.0.2.$n" --time "$now.25" \
		    --bantime 600 --bancount 1 --failures 5)
		((pages >= least)) || least=$pages
	done
	echo "$least"
}

@test "a ban writes five pages, one of them for its log lines, and its unban three" {
	local n pages least=99
	many 0 2000
	archive reconcile
	now=$EPOCHSECONDS
	[ "$(least_pages ban)" -eq 4 ]
	[ "$(least_pages unban)" -eq 3 ]
	many 2000 2009
	for ((n = 2000; n < 2009; n++)); do
		pages=$(bans "$n" $((n + 1)) pages_of)
		((pages >= least)) || least=$pages
	done
	[ "$least" -eq 5 ]
	look 'len(rows()) == 2018'
}

@test "a ban writes no page more beside a reader that waits" {
	many 0 2000
	archive reconcile
	# Its transaction lasts until its input ends.
	mkfifo "$lab/input"
	sqlite3 "$db" <"$lab/input" >"$lab/said" &
	exec 5>"$lab/input"
	echo 'BEGIN; SELECT count(*) FROM ban;' >&5
	wait_for 10 test -s "$lab/said"
	now=$EPOCHSECONDS
	[ "$(least_pages ban)" -eq 4 ]
	[ "$(least_pages unban)" -eq 3 ]
	echo 'SELECT count(*) FROM ban;' >&5
	exec 5>&-
	wait "$!"
	# It saw none of them.
	[ "$(cat "$lab/said")" = $'2000\n2000' ]
	look 'len(rows()) == 2009'
}

@test "an event asks about each folder once for a purpose, and makes none again" {
	many 0 10
	archive reconcile
	many 10 12
	bans 10 11
	bans 11 12 strace -f -o "$lab/trace" -e trace=file
	# For the archive; SQLite asks about them only for fail2ban's database.
	[ "$(grep -c "stat.*\"$lab/archive\"" "$lab/trace")" -eq 1 ]
	# The config's folder has the database and the archive in it as well.
	[ "$(grep -c "stat.*\"$lab\"" "$lab/trace")" -eq 3 ]
	[ "$(grep -c "mkdir.*\"$lab/archive\"" "$lab/trace")" -eq 1 ]
	[ "$(grep -c "mkdir.*\"$lab/spool\"" "$lab/trace")" -eq 1 ]
}

@test "a ban locks fail2ban's database twice, for its schema and for its row" {
	many 0 100
	archive reconcile
	many 100 101
	bans 100 101 strace -f -y -o "$lab/trace" -e trace=fcntl
	look 'rows()[-1]["failures"] == 5 and rows()[-1]["matches"] != []'
	[ "$(locks)" -eq 2 ]
	[ "$(grep -c "$theirs>.*F_UNLCK.*l_len=0" "$lab/trace")" -eq 2 ]
}

# unlocked_writes WORDS...: the program holds no lock of fail2ban's while it writes the
# archive.
unlocked_writes() {
	strace -f -y -o "$lab/trace" -e trace=fcntl,pwrite64 \
	    "$program" -c "$lab/archive.cfg" "$@"
	look 'len(rows()) == 3000'
	awk -v theirs="$theirs>" '
		index($0, theirs) && /F_RDLCK/ && /1073741826/ { held = 1 }
		index($0, theirs) && /F_UNLCK/ && /l_len=0/ { held = 0 }
		/pwrite64/ && /-wal>/ { writes++; bad += held }
		END { exit !(writes > 100 && bad == 0) }' "$lab/trace"
}

@test "no lock of fail2ban's is held while the archive is written" {
	many 0 3000
	unlocked_writes reconcile
	rm -r "$lab/archive"
	unlocked_writes replay "$lab/fail2ban.sqlite3"
}

@test "with nothing new a reconcile is one flush, and reads one header" {
	many 0 2000 1900
	archive reconcile
	archive reconcile
	strace -f -y -o "$lab/trace" \
	    -e trace=openat,fcntl,pread64,fsync,fdatasync,connect,getdents64 \
	    "$program" -c "$lab/archive.cfg" reconcile
	[ "$(flushes)" -eq 1 ]
	[ "$(locks)" -eq 0 ]
	[ "$(grep -c "pread64([0-9]*<$theirs>" "$lab/trace")" -eq 1 ]
	[ "$(last_run "state || ' ' || rows || ' ' || changed")" = 'completed 0 0' ]
	look 'len(runs()) == 3'
}

@test "300 reconciles with nothing new leave a short WAL" {
	local n
	many 0 10
	archive reconcile
	for ((n = 0; n < 300; n++)); do archive reconcile; done >"$lab/out"
	(($(stat -c %s "$db-wal") <= 220 * 2072))
	archive verify
}

@test "with nothing new no ban is looked at, however many live" {
	many 0 2000 0
	archive reconcile
	archive reconcile
	strace -f -y -o "$lab/trace" -e trace=pread64 \
	    "$program" -c "$lab/archive.cfg" reconcile
	# The schema, the last run, the source, the newest rev and the run itself.
	[ "$(grep -c "pread64([0-9]*<$db>" "$lab/trace")" -le 20 ]
}

@test "a ban whose time is up is judged though nothing else has happened" {
	many 0 10
	archive reconcile
	bans 9 10
	archive ban --jail sshd --id 192.0.2.1 --time "$EPOCHREALTIME" --bantime 1
	archive reconcile
	archive reconcile
	look 'row("sshd", "192.0.2.1")["ended_us"] is None'
	wait_for 10 eval 'archive reconcile >/dev/null;
	    look "row(\"sshd\", \"192.0.2.1\")[\"ended_why\"] == \"inferred\"" 2>/dev/null'
}

@test "a thousand live bans are looked up in a handful of locks" {
	many 0 1000 0
	archive reconcile
	many 1000 1001 0
	strace -f -y -o "$lab/trace" -e trace=fcntl \
	    "$program" -c "$lab/archive.cfg" reconcile
	look 'len(rows()) == 1001 and all(r["ended_us"] is None for r in rows())'
	echo "# $(locks) locks" >&3
	[ "$(locks)" -ge 5 ]
	[ "$(locks)" -le 15 ]
	# And they are looked up.
	sqlite3 "$theirs" "DELETE FROM bans WHERE rowid = 7;
	    DELETE FROM bips WHERE rowid = 7"
	archive reconcile
	look '[r["ended_why"] for r in rows() if r["ended_us"]] == ["manual"]'
}

# reads_among NUMBER: how often a reconcile of one new row reads fail2ban's database,
# in which the last thousand of so many bans live.
reads_among() {
	rm -rf "$lab/archive" "$theirs"
	many 0 "$1" $(($1 - 1000))
	archive reconcile >"$lab/out"
	archive reconcile >"$lab/out"
	many "$1" $(($1 + 1))
	strace -f -y -o "$lab/trace" -e trace=pread64 \
	    "$program" -c "$lab/archive.cfg" reconcile >"$lab/out"
	look "len(rows()) == $1 + 1"
	grep -c "pread64([0-9]*<$theirs>" "$lab/trace"
}

@test "the look-ups of live bans read as many pages among many rows as among few" {
	config "run_deadline = $((60 * slowness));"
	set -- "$(reads_among 2000)" "$(reads_among 20000)"
	echo "# $1 reads among 2000 rows, $2 among 20000" >&3
	(($2 <= $1 + 50))
}

# rowless: how often an event reads fail2ban's database whose row is not
# there, in a second that has 100 other bans.
rowless() {
	local now=$EPOCHSECONDS
	sqlite3 "$theirs" "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1
	    FROM n WHERE i < 100) INSERT INTO bans SELECT 'sshd', 'x' || i, $now,
	    600, 1, x'7b7d' FROM n"
	strace -f -y -o "$lab/trace" -e trace=pread64 "$event_program" \
	    -c "$lab/archive.cfg" ban --jail sshd --id 192.0.2.1 --time "$now.5" \
	    --bantime 600 --bancount 1 --failures 5 --restored 0
	grep -c "pread64([0-9]*<$theirs>" "$lab/trace"
}

@test "a ban whose row is not there yet does not read all rows of its id" {
	many 0 10
	sqlite3 "$theirs" "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1
	    FROM n WHERE i < 12500) INSERT INTO bans SELECT 'sshd', '192.0.2.1',
	    1700000000 + i, 600, 1, zeroblob(400) FROM n"
	set -- "$(rowless)"
	echo "# $1 reads" >&3
	(($1 <= 100))
}

@test "of a hundred new rows a reconcile reads these, and a thousand before" {
	many 0 3000
	archive reconcile
	[ "$(last_run rows)" -eq 6000 ]
	many 3000 3100
	archive reconcile
	[ "$(last_run rows)" -eq 1100 ]
	[ "$(last_run added)" -eq 100 ]
}

# The header of the WAL, the WAL before the run's end and at it; and for the
# emptying the WAL, the file, and the WAL's room.
@test "a reconcile of some new rows empties a long WAL once" {
	many 0 3000
	archive reconcile
	many 3000 3600
	strace -f -y -o "$lab/trace" -e trace=fsync,fdatasync,pwrite64 \
	    "$program" -c "$lab/archive.cfg" reconcile
	[ "$(last_run added)" -eq 600 ]
	# The WAL was longer than an event leaves it.
	[ "$(grep -c "pwrite64([0-9]*<$db-wal>.* 24, " "$lab/trace")" -gt 208 ]
	echo "# $(flushes) flushes" >&3
	[ "$(grep -c "sync([0-9]*<$db>" "$lab/trace")" -eq 1 ]
	[ "$(flushes)" -eq 6 ]
	archive verify
}

@test "an event takes six mebibytes at the most" {
	many 0 5000
	archive reconcile
	many 5000 5010
	bans 5000 5010 "$python" -c 'import os, resource, sys
pid = os.spawnv(os.P_WAIT, sys.argv[1], sys.argv[1:])
kib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print("#", kib, "KiB", file=sys.stderr)
sys.exit(pid != 0 or kib > 6 * 1024)'
}

# peak WORDS...: the most memory that the program takes, in KiB. What python3
# itself takes is less than any of this.
peak() {
	"$python" -c 'import os, resource, sys
os.spawnv(os.P_WAIT, sys.argv[1], sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)' \
	    "$program" -c "$lab/archive.cfg" "$@" | tail -n 1
}

@test "a reconcile takes no more memory for more rows" {
	local few
	# This many fill SQLite's caches.
	many 0 16000
	few=$(peak reconcile)
	rm -rf "$lab/archive"
	many 16000 48000
	config "run_deadline = $((60 * slowness));"
	set -- "$(peak reconcile)"
	echo "# $few KiB for 16000 rows, $1 KiB for 48000" >&3
	[ "$(last_run added)" -eq 48000 ]
	[ "$1" -le $((24 * 1024)) ]
	[ "$1" -le $((few + 2048)) ]
}

@test "a ban with five lines of 90 bytes takes less than 0.8 of its JSON" {
	many 0 2000
	archive reconcile
	rm -rf "$lab/archive"
	sqlite3 "$theirs" "DELETE FROM bans WHERE rowid > 5; DELETE FROM bips"
	archive reconcile
	many 2000 4000
	bans 5 2005
	archive reconcile
	local json bytes
	json=$(archive export | wc -c)
	bytes=$(sqlite3 "$db" 'SELECT (SELECT * FROM pragma_page_count) *
	    (SELECT * FROM pragma_page_size)')
	echo "# $bytes bytes, $json of JSON Lines" >&3
	look 'len(rows()) == 2005'
	((10 * bytes <= 8 * json))
}

# page_of N: the memory that the report on so many ids of one network takes.
page_of() {
	rm -rf "$lab/archive"
	jq -cn "range($1) | {jail: \"sshd\", ident: \"2001:db8:0::\\(. + 1)\",
	    since_us: ((1700000000 + .) * 1000000), seconds: 60}" >"$lab/bans.jsonl"
	archive replay "$lab/bans.jsonl" >"$lab/out"
	[ "$(sqlite3 "$db" 'SELECT count(*) FROM ban')" -eq "$1" ]
	archive report --output - >"$lab/page"
	grep -q '2001:db8::/64' "$lab/page"
	peak report --output -
}

@test "a report takes no more memory for more ids, though one network has them all" {
	set -- "$(page_of 4000)" "$(page_of 40000)"
	echo "# $1 KiB for 4000 ids, $2 KiB for 40000" >&3
	(($2 <= $1 + 3072))
}

@test "any SQLite client can read log lines from the archive" {
	many 0 3
	archive reconcile
	[ "$(sqlite3 "$db" "SELECT count(*) FROM evidence WHERE a <> ''")" -eq 3 ]
	sqlite3 "$theirs" "SELECT ip, value FROM bans,
	    json_each(CAST(data AS TEXT), '$.matches')" | sort >"$lab/want"
	[ "$(wc -l <"$lab/want")" -eq 15 ]
	# Also where a schema is not trusted.
	for trusted in on off; do
		sqlite3 "$db" "PRAGMA trusted_schema = $trusted" "SELECT ident, value
		    FROM bans, json_each(matches)" | sort | cmp - "$lab/want"
	done
}

@test "any SQLite client sees the bans that export shows, whoever saw them" {
	local fields=jail,ident,ip,host,since_us,timeofban,nth,seconds,bancount
	fields+=,failures,origin,ended_us,ended_why,restored,rev
	many 0 20 15
	archive reconcile
	archive ban --jail web --id 'a "b" 7' --ip 192.0.2.7 --time "$EPOCHREALTIME"
	sqlite3 "$db" 'UPDATE ban SET seen = id % 16; UPDATE ban SET host = 17 WHERE id = 9'
	[ "$(sqlite3 "$db" 'SELECT count(DISTINCT seen) FROM bans')" -eq 16 ]
	sqlite3 "$db" "SELECT json_array($fields, json(matches), json(captures),
	    json(seen)) FROM bans ORDER BY rev" >"$lab/view"
	archive export | jq -cs "sort_by(.rev)[] | [.${fields//,/, .}, .matches,
	    .captures, .seen]" | cmp - "$lab/view"
	[ "$(wc -l <"$lab/view")" -eq 21 ]
	# The columns have the order that they have always had.
	[ "$(sqlite3 "$db" "SELECT group_concat(name) FROM pragma_table_info('bans')")" = \
	    jail,ident,ip,host,since_us,timeofban,nth,seconds,bancount,failures,matches,captures,origin,seen,ended_us,ended_why,restored,rev ]
}

@test "a replay takes forty mebibytes at the most, most of it for pages" {
	"$python" "$root/tests/lib/forge.py" log 100000 1 >"$lab/log1"
	set -- "$(peak replay "$lab/log1")"
	[ "$(last_run rows)" -ge 100000 ]
	[ "$(last_run added)" -gt 10000 ]
	echo "# $1 KiB for 100000 lines" >&3
	[ "$1" -le $((40 * 1024)) ]
}

@test "a replay reads the time zone once, however many minutes a log has" {
	"$python" "$root/tests/lib/forge.py" log 2000 1 >"$lab/log1"
	env -u TZ strace -o "$lab/trace" -e trace=file \
	    "$program" -c "$lab/archive.cfg" replay "$lab/log1"
	[ "$(last_run rows)" -ge 2000 ]
	[ "$(grep -c localtime "$lab/trace")" -eq 1 ]
}
