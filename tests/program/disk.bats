#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The disk fails: it is full, read-only, gone, or cut off from power. The disk is
# a true file system, mounted at $lab/archive where only the test sees it.

load ../lib/server

setup() {
	lab_setup
	now=$EPOCHSECONDS
	listener=
	: >"$lab/stderr"
}

teardown() {
	# The mounts go with the namespace: what a failed test left there is kept.
	if [ -z "${BATS_TEST_COMPLETED:-}" ] && [ -x "$lab/bin/inside" ]; then
		timeout "$((20 * slowness))" "$lab/bin/inside" cp -a "$lab/archive" "$lab/disk" || :
	fi
	if [ -n "$listener" ]; then
		eval "exec ${holder[1]}>&-"
		wait "$listener" 2>/dev/null || :
	fi
	lab_teardown
}

# A mount namespace of its own, with a /dev of its own; in it a disk at
# $lab/archive, and a listener at /dev/log. It lives until the pipe to the
# listener is closed, however the test ends.
# shellcheck disable=SC2016 # the inner shell expands
namespace='
	lab=$1 kind=$2 syslog=$3
	shift 3
	mount -t tmpfs -o mode=755 dev "$lab/dev"
	cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom "$lab/dev"
	[ $kind != ext4 ] || cp -a /dev/loop-control "$lab/dev"
	n=0
	while [ $n -lt 64 ]; do
		mknod "$lab/dev/loop$n" b 7 $n
		n=$((n + 1))
	done
	ln -s /proc/self/fd "$lab/dev/fd"
	mount --move "$lab/dev" /dev
	case $kind in
	tmpfs)
		mount -t tmpfs -o "mode=700,size=$1" disk "$lab/archive"
		;;
	ext4)
		truncate -s "$1" "$lab/image"
		shift
		mkfs.ext4 -q -m 0 "$@" "$lab/image"
		mount -o loop "$lab/image" "$lab/archive"
		chmod 700 "$lab/archive"
		;;
	esac
	exec /usr/bin/python3 "$syslog" "$mode" /dev/log ${heard:+"$heard"}'

# disk tmpfs|ext4 SIZE [mkfs's OPTION...]: from now on the program, look and
# `inside COMMAND...` are in that namespace. With $mode stuck no process reads
# syslog.
disk() {
	local mode=${mode:-listen} heard=$lab/syslog ready='' name
	[ "$mode" = listen ] || heard=
	mkdir -p "$lab"/{archive,dev,bin}
	: >"$lab/syslog"
	coproc holder {
		mode=$mode heard=$heard exec unshare -m --propagation private \
		    sh -eu -c "$namespace" sh "$lab" "$1" \
		    "$root/tests/lib/syslog.py" "${@:2}" \
		    2>"$lab/mounts" 3>&-
	}
	listener=$holder_PID
	read -r ready <&"${holder[0]}" || :
	if [ "$ready" != ready ]; then
		cat "$lab/mounts" >&2
		echo "These tests mount file systems. They need to be root" \
		    "with CAP_SYS_ADMIN and CAP_MKNOD, unshare, tmpfs, ext4," \
		    "mkfs.ext4 and loop devices." >&2
		return 1
	fi
	for name in inside program python; do
		printf '#!/bin/sh\nexec nsenter -t %s -m -- %s "$@"\n' \
		    "$listener" "${!name:+'${!name}'}" >"$lab/bin/$name"
	done
	chmod +x "$lab"/bin/*
	program=$lab/bin/program python=$lab/bin/python
	export PROGRAM=$program
}

inside() { "$lab/bin/inside" "$@"; }

# A process that runs beside the test does not outlive it.
beside() { in_background setpriv --pdeathsig KILL "$@"; }
archive_in_background() { beside "$program" -c "$lab/archive.cfg" "$@"; }

# free: print the number of the disk's free blocks.
free() { inside stat -f -c %a "$lab/archive"; }

is_full() {
	inside sh -c 'cat /dev/zero >>"$1/fill"
	    dd if=/dev/zero of="$1/fill" oflag=append conv=notrunc bs=512
	    [ "$(stat -f -c %a "$1")" = 0 ]' sh "$lab/archive" 2>/dev/null
}

fill() { wait_for 20 is_full; }

# database: make an empty database of fail2ban's, not on that disk.
database() { sqlite3 "$lab/fail2ban.sqlite3" <"$root/tests/lib/fail2ban.sql"; }

# banned FROM TO [BYTES]: fail2ban has banned 2001:db8::FROM to 2001:db8::TO,
# each with ten log lines of that many bytes.
banned() {
	sqlite3 "$lab/fail2ban.sqlite3" "
		WITH RECURSIVE n(i) AS
		    (SELECT $1 UNION ALL SELECT i + 1 FROM n WHERE i < $2),
		line(i, s) AS (SELECT 0, '' UNION ALL SELECT i + 1,
		    s || iif(i > 0, ',', '') || '\"line ' || i || ' \\\\ ' ||
		    hex(zeroblob(${3:-20} / 2)) || '\"' FROM line WHERE i < 10)
		INSERT INTO bans SELECT 'sshd', '2001:db8::' || i, $now, 600, 1,
		    CAST('{\"matches\": [' || (SELECT max(s) FROM line) ||
		    '], \"failures\": 3}' AS BLOB) FROM n"
}

# event VERB N: call the program as the action does; its exit status is in $rc, and
# $lab/stderr gets its messages.
event() {
	rc=0
	timeout "$((20 * slowness))" "$program" -c "$lab/archive.cfg" "$1" --jail sshd --id "2001:db8::$2" --ip "2001:db8::$2" \
	    --family inet6 --time "$now.25" --bantime 600 --bancount 1 \
	    --failures 3 --restored 0 2>>"$lab/stderr" || rc=$?
}

# kept VERB N: the event succeeds.
kept() {
	event "$@"
	[ "$rc" -eq 0 ] || { echo "exit status $rc of: $*" >&2; return 1; }
}

# spooled FOLDER: print the number of events that wait there.
spooled() { inside find "$1" -name '[0-9]*' -type f 2>/dev/null | wc -l; }

# each_once N [CLAIM]: the bans 1 to N are in the archive, each once, and no
# event waits; the claim holds for each row r.
each_once() {
	look 'sorted(r["ident"] for r in rows()) ==
	    sorted("2001:db8::%d" % (i + 1) for i in range(int(n))) and
	    spooled() == [] and all(eval(claim, {"r": r}) for r in rows())' \
	    "n=$1" "claim=${2:-True}" 2>"$lab/not_so" || {
		cut -c 1-300 "$lab/not_so" | sed 40q >&2
		return 1
	}
}

sound() {
	status 0 archive verify
	says sound
}

# sound_when_full: as sound, but that a disk without a free block may have no room for
# the index that SQLite makes for a reader.
sound_when_full() {
	local rc=0
	said=$(archive verify 2>&1) || rc=$?
	case $rc in
	0) says sound ;;
	74) says "no room on disk for the archive's -shm" ;;
	*)
		echo "exit status $rc of verify: $said" >&2
		return 1
		;;
	esac
}

# one_warning WORD...: all messages are one line, which has these words.
one_warning() {
	local word
	[ "$(wc -l <"$lab/stderr")" -eq 1 ] || { cat "$lab/stderr" >&2; return 1; }
	for word; do grep -qF -- "$word" "$lab/stderr"; done
}

# ---------------------------------------------------------------- a full disk --

# bans_come FROM TO BYTES COMMAND: run the command for each of these bans while no
# block is free; fail2ban's database has them too.
bans_come() {
	local n
	banned "$1" "$2" "$3"
	for ((n = $1; n <= $2; n++)); do
		"$4" ban $n
		((n % 5)) || [ "$(free)" -eq 0 ]
	done
}

# kept_count: the event succeeds; $taken counts those before the first spooled one.
kept_count() {
	kept "$@"
	[ "$(spooled "$lab/spool")" -gt 0 ] || taken=$((taken + 1))
}

# full_disk KIND SIZE: sixty bans come while the disk is full, then thirty with
# many log lines; the spool lies elsewhere.
full_disk() {
	local taken=0
	disk "$@"
	database
	kept ban 1
	archive reconcile
	fill
	bans_come 2 61 20 kept_count
	echo "# $1: $taken events before the first one that is spooled;" \
	    "$(spooled "$lab/spool") of 60 are spooled" >&3
	((taken >= 5))
	bans_come 62 91 6000 kept
	echo "# $1: of 30 more, with 60 kB of log lines each," \
	    "$(spooled "$lab/spool") are spooled" >&3
	(($(spooled "$lab/spool") >= 5))
	sound_when_full
	one_warning full
	# Each event of the spool is archived here, or stays in the spool.
	run archive reconcile
	inside rm "$lab/archive/fill"
	archive reconcile
	sound
	each_once 91 'r["seen"][0] == "event"'
}

@test "on a full tmpfs events are archived for a while, then wait in the spool" {
	full_disk tmpfs 8m
}

@test "on a full ext4 events are archived for a while, then wait in the spool" {
	full_disk ext4 16m
}

# hungry: takes each block that becomes free.
hungry() {
	beside "$python" -c 'import os, sys, time
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
while True:
    try:
        os.write(fd, bytes(4096))
    except OSError:
        time.sleep(0)' "$lab/archive/fill"
}

# beside_hungry KIND SIZE [OPTION...]: events while another program writes to
# the full disk whenever it can.
beside_hungry() {
	local n taken=0 before
	disk "$@"
	database
	kept ban 1
	archive reconcile
	fill
	hungry
	for ((n = 2; n <= 41; n++)); do
		before=$(spooled "$lab/spool")
		kept ban $n
		[ "$(spooled "$lab/spool")" -gt "$before" ] ||
			taken=$((taken + 1))
	done
	echo "# $*: $taken of 40 events are archived while another program" \
	    "takes each free block" >&3
	[ "$(wc -l <"$lab/stderr")" -le 1 ]
	kill -KILL "${started[-1]}"
	wait "${started[-1]}" || :
	inside rm "$lab/archive/fill"
	archive reconcile
	sound
	each_once 41 'r["seen"] == ["event"]'
	((taken >= 30))
}

@test "no program that takes each free block shuts the archive: tmpfs" {
	beside_hungry tmpfs 4m
}

@test "no program that takes each free block shuts the archive: ext4" {
	beside_hungry ext4 24m -b 4096
}

@test "no program that takes each free block shuts the archive: small blocks" {
	beside_hungry ext4 16m -b 1024
}

# small_index KB: the index beside the archive can have only that much room. SQLite
# cuts it like this in each process that is alone, and another program may take the
# room at once.
small_index() {
	inside truncate -s 3 "$lab/archive/archive.sqlite3-shm"
	fill
	inside truncate -s "-${1}k" "$lab/archive/fill"
	inside sync -f "$lab/archive"
}

@test "an event survives that the index beside the archive has too little room" {
	local kb n=1
	disk ext4 16m -b 1024
	database
	kept ban 1
	archive reconcile
	for kb in 0 2 4 8 10 12 16 20 24 28; do
		small_index $kb
		kept ban $((++n))
	done
	inside rm "$lab/archive/fill"
	archive reconcile
	sound
	each_once $n 'r["seen"] == ["event"]'
}

@test "a reader or reconcile with too little room for the index says so" {
	local kb verb failed=0
	disk ext4 16m -b 1024
	database
	banned 1 300
	archive reconcile
	for verb in export reconcile check verify; do
		for kb in 0 4 10 20; do
			small_index $kb
			run archive $verb
			[ "$status" -lt 124 ]
			# A monitoring plugin has no other status.
			[ "$verb" != check ] || [ "$status" -le 3 ]
			[ "$status" -eq 0 ] || {
				failed=$((failed + 1))
				[ -n "$output" ]
				[ "${#lines[@]}" -le 3 ]
			}
		done
	done
	((failed > 0))
	inside rm "$lab/archive/fill"
	archive reconcile
	sound
	each_once 300
}

# lost_or_kept VERB N: the event succeeds, or fails with a short message.
lost_or_kept() {
	: >"$lab/stderr"
	event "$@"
	if [ "$rc" -ne 0 ]; then
		lost+=("2001:db8::$2")
		[ "$rc" -ge 64 ] && [ "$rc" -lt 124 ]
		[ "$(wc -l <"$lab/stderr")" -le 4 ]
		[ "$(wc -c <"$lab/stderr")" -le 4096 ]
	fi
}

# in_syslog: write the events that went to syslog to $lab/syslog.json.
in_syslog() {
	"$python" "$root/tests/lib/syslog.py" events "$lab/syslog" \
	    >"$lab/syslog.json"
}

# full_spool KIND SIZE: events come while the archive and the spool are on a full disk.
full_spool() {
	local lost=()
	disk "$@"
	config "spool = \"$lab/archive/spool\";"
	database
	banned 1 1
	kept ban 1
	archive reconcile
	fill
	bans_come 2 31 20 lost_or_kept
	echo "# $1: of 30 events ${#lost[@]} go to syslog" >&3
	bans_come 32 71 6000 lost_or_kept
	echo "# $1: with 40 more, with 60 kB of log lines each, ${#lost[@]} go" \
	    "to syslog" >&3
	((${#lost[@]} >= 5))
	sound
	[ -z "$(inside find "$lab/archive/spool" -name 'tmp-*')" ]
	in_syslog
	look '[e["id"] for e in json.load(open(LAB + "/syslog.json"))] ==
	    ids.split()' "ids=${lost[*]}"
	look 'all((e["verb"], e["jail"], e["levels"]) == ("ban", "sshd", [26]) and
	    "No space" in e["why"] and "full" in e["why"]
	    for e in json.load(open(LAB + "/syslog.json")))'
	inside rm "$lab/archive/fill"
	archive reconcile
	sound
	[ "$(spooled "$lab/archive/spool")" -eq 0 ]
	each_once 71 '"database" in r["seen"] and len(r["matches"]) == 10'
}

@test "on a full tmpfs with the spool, an event goes to syslog and comes back" {
	full_spool tmpfs 12m
}

@test "on a full ext4 with the spool, an event goes to syslog and comes back" {
	full_spool ext4 16m
}

@test "an archive that began on a nearly full disk is whole afterwards" {
	local kb n=0 lost
	disk tmpfs 8m
	database
	for kb in 4 8 16 32 40 64 128 256 1000 1040 1200 1300; do
		n=$((n + 1)) lost=()
		inside sh -c 'rm -rf "$1"/* && dd if=/dev/zero of="$1/fill" \
		    bs=1k count=$((8192 - $2))' sh "$lab/archive" $kb 2>/dev/null
		lost_or_kept ban $n
		lost_or_kept unban $n
		inside rm "$lab/archive/fill"
		[ ${#lost[@]} -eq 0 ]
		archive reconcile
		sound
		look 'len(row("sshd", "2001:db8::" + n)["seen"]) == 1 and
		    spooled() == []' n=$n
		look '"damaged" not in open(LAB + "/stderr").read() and
		    not [f for f in os.listdir(LAB + "/archive") if "corrupt" in f]'
	done
	# On the smallest disks there was no room.
	grep -q 'wait in' "$lab/syslog"
}

@test "syslog gets the whole event, whatever its id is" {
	local id n=0 hostile=(
		'a b  c' 'say "it"' "it's" '100% #1 # why' $'two\nlines' 'é…日本'
		$'\e[31mred\e[0m' $'\u202eback' 'C:\new\x41' '%41%' "$(printf '%1000s' '')"
		"$(printf '%1000s' '' | tr ' ' '\\')" "$(printf '%3000s' '' | tr ' ' '"')"
	)
	disk tmpfs 1m
	config "spool = \"$lab/archive/spool\";"
	fill
	for id in "${hostile[@]}"; do
		rc=0
		archive unban --jail "j $id" --id "$id" --ip 192.0.2.1 \
		    --family '' --time "$now.5" --bantime 600 --bancount 2 \
		    --failures 3 --restored 0 2>"$lab/stderr" || rc=$?
		[ "$rc" -ne 0 ]
		[ "$(wc -c <"$lab/stderr")" -le 4096 ]
		printf '%s\0' "$id" >>"$lab/ids"
	done
	in_syslog
	look '[e["id"] for e in json.load(open(LAB + "/syslog.json"))] ==
	    open(LAB + "/ids", newline="").read().split("\0")[:-1]'
	look 'all((e["verb"], e["jail"], e["ip"], e["family"], e["time"],
	    e["bantime"], e["bancount"], e["failures"], e["restored"],
	    e["levels"]) == ("unban", "j " + e["id"], "192.0.2.1", "", now + ".5",
	    "600", "2", "3", "0", [26])
	    for e in json.load(open(LAB + "/syslog.json")))' "now=$now"
}

@test "syslog gets the log lines that fail2ban's database has" {
	local lost=()
	disk tmpfs 1m
	config "spool = \"$lab/archive/spool\";"
	database
	banned 1 1 200
	banned 2 2 6000
	fill
	lost_or_kept ban 1
	lost_or_kept ban 2
	[ ${#lost[@]} -eq 2 ]
	in_syslog
	look 'json.loads(json.load(open(LAB + "/syslog.json"))[0]["data"]) ==
	    json.loads(bans()[0]["data"])'
	look '"data" not in json.load(open(LAB + "/syslog.json"))[1] and
	    "log lines left out" in json.load(open(LAB + "/syslog.json"))[1]["why"]'
}

@test "a syslog without a reader does not hold up an event" {
	local start lost=()
	mode=stuck disk tmpfs 1m
	config "spool = \"$lab/archive/spool\";"
	database
	banned 1 1 20
	# As many log lines as syslog gets, and no more.
	banned 2 2 1560
	fill
	for n in 1 2; do
		start=${EPOCHREALTIME/./}
		lost_or_kept ban $n
		start=$((${EPOCHREALTIME/./} - start))
		echo "# it ends after $((start / 1000)) ms" >&3
		((start < 3000000 * slowness))
	done
	[ ${#lost[@]} -eq 2 ]
}

@test "a reconcile that fills the disk fails, and the next one goes on" {
	disk tmpfs 6m
	config "run_deadline = $((60 * slowness));"
	database
	for n in 1 2 3 4 5; do kept ban $n; done
	banned 6 20000
	status 74 archive reconcile
	says full
	[ "$(wc -l <<<"$said")" -le 5 ]
	sound
	look 'len(rows()) >= 5 and {"2001:db8::%d" % n for n in (1, 2, 3, 4, 5)} <=
	    {r["ident"] for r in rows()}'
	echo "# $(archive export | wc -l) of 20000 bans fit" >&3
	status 74 archive reconcile
	says full
	kept ban 20001
	kept ban 20002
	[ "$(wc -l <"$lab/stderr")" -le 1 ]
	inside mount -o remount,size=64m "$lab/archive"
	archive reconcile
	sound
	each_once 20002
}

@test "a backup that does not fit leaves no file" {
	disk tmpfs 8m
	config "archive = \"$lab/elsewhere/archive.sqlite3\";"
	kept ban 1
	archive export >"$lab/before"
	fill
	status 74 archive backup "$lab/archive/copy"
	says full
	[ "$(inside ls "$lab/archive")" = fill ]
	# Room for the beginning only.
	inside truncate -s $((8192 - 12))k "$lab/archive/fill"
	status 74 archive backup "$lab/archive/copy"
	says full
	[ "$(inside ls "$lab/archive")" = fill ]
	archive export | cmp - "$lab/before"
	inside rm "$lab/archive/fill"
	archive backup "$lab/archive/copy"
	archive verify "$lab/archive/copy"
}

@test "a restore that does not fit changes nothing" {
	disk tmpfs 8m
	database
	banned 1 2000
	archive reconcile
	archive backup "$lab/copy"
	kept ban 2001
	archive export >"$lab/before"
	inside ls -A "$lab/archive" | sort >"$lab/names"
	fill
	status 74 archive restore "$lab/copy"
	says full
	inside rm "$lab/archive/fill"
	inside ls -A "$lab/archive" | sort | diff "$lab/names" -
	archive export | cmp - "$lab/before"
	sound
	archive restore "$lab/copy"
	look 'len(rows()) == 2000'
}

@test "where no new file can be made, events are archived and bans read" {
	local n
	disk ext4 16m -N 32
	database
	kept ban 1
	archive reconcile
	inside sh -c 'n=0; while : >"$1/file$n"; do n=$((n + 1)); done' \
	    sh "$lab/archive" 2>/dev/null || :
	[ "$(inside stat -f -c %d "$lab/archive")" -eq 0 ]
	config "spool = \"$lab/archive/spool\";"
	for ((n = 2; n <= 101; n++)); do kept ban $n; done
	banned 102 1000
	archive reconcile
	sound
	each_once 1000
	[ ! -s "$lab/stderr" ]
	[ "$(inside stat -f -c %d "$lab/archive")" -eq 0 ]
}

# --------------------------------------------------------- read-only, and dead --

remounted() { inside mount -o "remount,$1" "$lab/archive" 2>/dev/null; }

# read_only KIND SIZE
read_only() {
	disk "$@"
	database
	kept ban 1
	archive_in_background reconcile --every 1
	soon '"completed" in [r["state"] for r in runs()]'
	# It is refused as long as a reconcile writes.
	wait_for 20 remounted ro
	banned 2 9
	for n in 2 3 4 5; do kept ban $n; done
	[ "$(spooled "$lab/spool")" -eq 4 ]
	one_warning Read-only
	status 73 archive reconcile
	says Read-only
	archive export | jq -r .ident | grep -qx 2001:db8::1
	sound
	config "spool = \"$lab/archive/spool\";"
	for n in 6 7 8 9; do
		: >"$lab/stderr"
		event ban $n
		[ "$rc" -ne 0 ]
		[ "$(wc -l <"$lab/stderr")" -le 4 ]
	done
	in_syslog
	look '[e["id"][-1] for e in json.load(open(LAB + "/syslog.json"))] ==
	    ["6", "7", "8", "9"]'
	config
	remounted rw
	wait_for 20 each_once 9 2>/dev/null || each_once 9
	kill -TERM "${started[-1]}"
	wait "${started[-1]}"
	sound
	look 'all("event" in row("sshd", "2001:db8::" + n)["seen"] for n in "12345")'
}

@test "while a tmpfs is read-only events wait in the spool, or go to syslog" {
	read_only tmpfs 8m
}

@test "while an ext4 is read-only events wait in the spool, or go to syslog" {
	read_only ext4 16m
}

# power_cut: what is not on the disk is lost, and no more is read or written.
power_cut() {
	# EXT4_IOC_SHUTDOWN, and do not write the journal.
	inside "$(readlink -f /usr/bin/python3)" -c 'import fcntl, os, struct, sys
fd = os.open(sys.argv[1], os.O_RDONLY)
fcntl.ioctl(fd, 0x8004587d, struct.pack("I", 2))' "$lab/archive"
}

power_back() {
	inside umount "$lab/archive"
	inside mount -o loop "$lab/image" "$lab/archive"
}

@test "an event that was reported as archived is there after a power cut" {
	local n
	disk ext4 32m
	database
	for ((n = 1; n <= 40; n++)); do
		kept ban $n
		case $n in
		1 | 2 | 14 | 40) ;;
		10) archive reconcile && continue ;;
		*) continue ;;
		esac
		power_cut
		power_back
		sound
		each_once $n
	done
	[ ! -s "$lab/stderr" ]
}

@test "an event that was reported as spooled is there after a power cut" {
	local n
	disk ext4 32m
	config "spool = \"$lab/archive/spool\";" \
	    "archive = \"$lab/elsewhere/archive.sqlite3\";"
	: >"$lab/elsewhere"
	for n in 1 2 3; do
		kept ban $n
		power_cut
		power_back
		[ "$(spooled "$lab/archive/spool")" -eq $n ]
	done
	one_warning
	rm "$lab/elsewhere"
	database
	archive reconcile
	each_once 3
	[ "$(spooled "$lab/archive/spool")" -eq 0 ]
}

@test "while a disk fails to read and write, events wait in the spool" {
	disk ext4 32m
	database
	kept ban 1
	archive reconcile
	kept ban 2
	power_cut
	for n in 3 4 5; do kept ban $n; done
	[ "$(spooled "$lab/spool")" -eq 3 ]
	one_warning
	run archive reconcile
	[ "$status" -ge 64 ]
	[ "${#lines[@]}" -le 3 ]
	power_back
	archive reconcile
	sound
	each_once 5
}

# ------------------------------------------------------------ gone, and another --

@test "an archive that is moved away is begun anew, and the old one stays" {
	database
	kept ban 1
	kept ban 2
	mv "$lab/archive" "$lab/old"
	kept ban 3
	look '[r["ident"] for r in rows()] == ["2001:db8::3"]'
	banned 1 4
	archive reconcile
	mv "$lab/archive" "$lab/new"
	mv "$lab/old" "$lab/archive"
	kept ban 4
	archive reconcile
	sound
	each_once 4
	look 'row("sshd", "2001:db8::3")["seen"] == ["database"]'
	config "archive = \"$lab/new/archive.sqlite3\";"
	sound
	look '"event" in row("sshd", "2001:db8::3")["seen"]'
	[ ! -s "$lab/stderr" ]
}

@test "while there is no place for the archive, events wait in the spool" {
	config "archive = \"$lab/data/archive/archive.sqlite3\";"
	database
	mkdir "$lab/data"
	kept ban 1
	mv "$lab/data" "$lab/old"
	kept ban 2
	kept ban 3
	one_warning 'No such file'
	status 73 archive reconcile
	mv "$lab/old" "$lab/data"
	archive reconcile
	sound
	each_once 3 'r["seen"] == ["event"]'
}

# With a second way to it, a file system that is unmounted can be had again.
second_way() {
	mkdir "$lab/second"
	inside mount --bind "$lab/archive" "$lab/second"
}

@test "a reconcile goes on when the archive is unmounted, and mounted again" {
	disk ext4 16m
	second_way
	database
	banned 1 1
	kept ban 1
	archive_in_background reconcile --every 1
	soon '"completed" in [r["state"] for r in runs()]'
	inside umount -l "$lab/archive"
	kept ban 2
	# The one below is begun, and takes what fail2ban still has.
	soon 'len(rows()) == 2 and "completed" in [r["state"] for r in runs()]'
	inside mount --bind "$lab/second" "$lab/archive"
	kept ban 3
	banned 2 2
	soon 'len(rows()) == 3'
	kill -TERM "${started[-1]}"
	wait "${started[-1]}"
	sound
	each_once 3
	[ ! -s "$lab/stderr" ]
	inside umount -l "$lab/archive"
	sound
	each_once 2 '"event" in r["seen"] or r["ident"] == "2001:db8::1"'
}

@test "a reconcile whose archive is moved away stops, and loses nothing" {
	config "run_deadline = $((60 * slowness));"
	database
	kept ban 1
	banned 2 20000
	archive_in_background reconcile
	soon '"running" in [r["state"] for r in runs()]' 2>/dev/null
	mv "$lab/archive" "$lab/old"
	kept ban 20001
	rc=0
	wait "${started[-1]}" || rc=$?
	[ "$rc" -eq 74 ]
	grep -q 'moved or replaced' "$lab/out"
	look '[r["ident"] for r in rows()] == ["2001:db8::20001"]'
	mv "$lab/archive" "$lab/new"
	mv "$lab/old" "$lab/archive"
	look 'len(rows()) < 20000'
	banned 20001 20001
	archive reconcile
	sound
	each_once 20001
}

@test "an export goes on when the archive is unmounted or moved away" {
	local how
	disk tmpfs 32m
	database
	banned 1 3000
	second_way
	for how in 'mv "$1/second/a" "$1/second/b"' 'umount -l "$1/archive"'; do
		config "archive = \"$lab/archive/a/archive.sqlite3\";"
		archive reconcile
		rm -f "$lab/pipe"
		mkfifo "$lab/pipe"
		"$program" -c "$lab/archive.cfg" export >"$lab/pipe" 3>&- &
		started+=("$!")
		exec 5<"$lab/pipe"
		read -r _ <&5
		inside sh -c "$how" sh "$lab"
		[ "$(cat <&5 | jq -r .ident | sort -u | wc -l)" -eq 2999 ]
		exec 5<&-
		wait "${started[-1]}"
	done
}

# replaced NAME HOW: three events come while something else has that name; all
# is there when the file is back. What a link leads to is not touched.
replaced() {
	local name=$1 victim=$lab/victim
	echo 'another file' >"$victim"
	mkdir "$lab/aside"
	inside sh -c 'for f in "$1"*; do mv "$f" "$2"; done' \
	    sh "$lab/archive/$name" "$lab/aside"
	inside sh -c "$2" sh "$lab/archive/$name" "$victim"
	: >"$lab/stderr"
	kept ban $((bans + 1))
	kept ban $((bans + 2))
	bans=$((bans + 2))
	[ "$(cat "$victim")" = 'another file' ]
	status "$3" timeout "$((20 * slowness))" "$program" -c "$lab/archive.cfg" reconcile
	says "$name"
	[ "$(wc -l <<<"$said")" -le 3 ]
	[ "$(cat "$victim")" = 'another file' ]
	[ "$(spooled "$lab/spool")" -eq 2 ]
	one_warning "$name"
	inside sh -c 'rm -rf "$2" && cp -a "$1"/* "${2%/*}" && rm -r "$1"' \
	    sh "$lab/aside" "$lab/archive/$name"
	archive reconcile
	sound
	each_once "$bans"
}

@test "whatever lies in the archive's place, events wait until it is back" {
	local how bans=1
	disk tmpfs 8m
	database
	kept ban 1
	for how in 'mkdir -m 700 "$1"' 'mkfifo -m 600 "$1"' \
	    'ln -s /dev/null "$1"' 'ln -s "$2" "$1"' 'ln -s missing "$1"' \
	    'mknod -m 600 "$1" c 1 3' 'mknod -m 600 "$1" c 1 5' \
	    'mknod -m 600 "$1" b 7 60'; do
		replaced archive.sqlite3 "$how" 65
	done
}

@test "whatever lies where a writer's lock should, events wait in the spool" {
	local how bans=1 name
	disk tmpfs 8m
	database
	kept ban 1
	for name in archive.sqlite3.gate archive.sqlite3.write; do
		for how in 'mkdir -m 700 "$1"' 'ln -s "$2" "$1"'; do
			replaced $name "$how" 73
		done
	done
}
