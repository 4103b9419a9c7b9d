#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Replay brings logs, databases, exports and events that went astray into the
# archive. Each content comes in once, however often the replay is cut off, and
# whatever it contains.

load ../lib/server
load ../lib/archives
load ../lib/asked

setup() {
	lab_setup
	TZ=UTC
	export TZ
}

forge() { "$python" "$root/tests/lib/forge.py" "$@"; }

# A log of that time: the stamps of its lines are local.
t0='2026-11-23 18:48'

# line ROOM STAMP TEXT: a line as fail2ban.ROOM writes it.
line() {
	local level=NOTICE
	[ "$1" = actions ] || level=INFO
	printf '%s %-24s[7268]: %-7s %s\n' "$2" "fail2ban.$1" "$level" "$3"
}

# A ban with its failure and its end, and one by hand.
two_bans() {
	line filter "$t0:37,900" '[sshd] Found 192.0.2.10 - 2026-11-23 18:48:36'
	line actions "$t0:38,748" '[sshd] Ban 192.0.2.10'
	line actions "$t0:44,250" '[perm] Ban 2001:db8::1'
	line actions "$t0:45,500" '[sshd] Unban 192.0.2.10'
}

# epoch STAMP: its microseconds, for a stamp of UTC.
epoch() { echo "$(date -u -d "$1" +%s)000000"; }

# idents: the ids in the archive, one a line, sorted.
idents() { archive export | jq -r .ident | LC_ALL=C sort; }

# ev VERB JAIL ID TIME [OPTION...]: an event.
ev() {
	archive "$1" "--jail=$2" "--id=$3" --time "$4" --bantime 600 \
	    --bancount 1 --failures 3 --restored 0 "${@:5}"
}

# ---------------------------------------------------------------------- log --

@test "a log shows bans, when they began and when they ended" {
	two_bans >"$lab/log1"
	replays "$lab/log1"
	[[ $said =~ (^|$'\n')"replay: $lab/log1: "[0-9]+" rows read, 2 bans added, 0 changed, "[0-9]+" skipped, 0 bad"($'\n'|$) ]]
	look 'len(rows()) == 2'
	look 'same(row("sshd", "192.0.2.10"), {"since_us": int(t) + 36000000,
	    "ended_us": int(t) + 45500000, "origin": "log", "seen": ["log"],
	    "ip": None, "host": None, "nth": 0, "restored": 0})' "t=$(epoch "$t0:00")"
	look 'same(row("perm", "2001:db8::1"), {"since_us": int(t) + 44250000,
	    "ended_us": None, "ended_why": None, "seen": ["log"]})' \
	    "t=$(epoch "$t0:00")"
	last_run 'kind="replay"' 'state="completed"' added=2 changed=0 bad=0 \
	    "source='$lab/log1'" "content='$(sha256sum <"$lab/log1" | cut -c 1-64)'"
}

@test "a content is replayed once, whatever it is called and however packed" {
	two_bans >"$lab/log1"
	replays "$lab/log1"
	archive export >"$lab/before"
	cp "$lab/log1" "$lab/log2"
	gzip -k "$lab/log2"
	local source
	for source in log1 log2 log2.gz; do
		replays "$lab/$source"
		says 'completed already'
	done
	replays - <"$lab/log1"
	says 'completed already'
	replays - <"$lab/log2.gz"
	says 'completed already'
	look 'len([r for r in runs() if r["added"]]) == 1'
	archive export | cmp - "$lab/before"
	replays --force "$lab/log1"
	last_run 'state="completed"' added=0 changed=0
	archive export | cmp - "$lab/before"
}

@test "standard input is read, packed or not" {
	two_bans | head -n 2 >"$lab/log1"
	two_bans | tail -n 2 >"$lab/log2"
	replays - <"$lab/log1"
	gzip <"$lab/log2" >"$lab/log2.gz"
	replays - <"$lab/log2.gz"
	look 'len(rows()) == 2 and len(runs()) == 2'
	look 'row("sshd", "192.0.2.10")["ended_us"]'
}

@test "a pipe is read as it is written" {
	two_bans >"$lab/log1"
	mkfifo "$lab/fifo"
	in_background sh -c 'cat "$1" >"$2"' - "$lab/log1" "$lab/fifo"
	status 0 timeout "$((20 * slowness))" "$program" -c "$lab/archive.cfg" replay "$lab/fifo"
	look 'len(rows()) == 2'
	# Its content is not known before it has been read.
	replays <(gzip <"$lab/log1")
	look 'len(rows()) == 2 and not any(r["changed"] for r in runs())'
}

@test "a dry run says what would be, and leaves no trace" {
	two_bans >"$lab/log1"
	status 0 archive replay --dry-run "$lab/log1"
	says '2'
	says 'would be added'
	[ -z "$(archive export 2>"$lab/out")" ]
	ev ban sshd 192.0.2.9 1795458480.5
	archive export >"$lab/before"
	status 0 archive replay --dry-run "$lab/log1"
	says 'would be added'
	archive export | cmp - "$lab/before"
	look 'runs() == []'
	# All of it is still to be done.
	replays "$lab/log1"
	last_run added=2 'state="completed"'
}

@test "a source that fails keeps no other from being done" {
	two_bans | head -n 2 >"$lab/log1"
	two_bans | tail -n 2 >"$lab/log2"
	gzip -k "$lab/log2"
	truncate -s -12 "$lab/log2.gz"
	mkdir "$lab/folder"
	ends_badly replay "$lab/missing" "$lab/log1" "$lab/log2.gz" \
	    "$lab/folder" "$lab/log2"
	says "$lab/missing"
	says "$lab/log2.gz"
	says "$lab/folder"
	look 'len(rows()) == 2'
	look '[r["state"] for r in runs() if r["source"].endswith((
	    "/log1", "/log2"))] == ["completed"] * 2'
	look 'any(r["state"] == "failed" and r["source"].endswith("/log2.gz")
	    for r in runs())'
	# The same holds when it is not the last one.
	ends_badly replay "$lab/missing" "$lab/log1"
}

@test "a ban after a ban of the same id is another one, and ends the first" {
	{
		line actions "$t0:10,000" '[sshd] Ban 192.0.2.1'
		line actions "$t0:10,000" '[web] Ban 192.0.2.1'
		line actions "$t0:30,000" '[sshd] Ban 192.0.2.1'
	} >"$lab/log1"
	replays "$lab/log1"
	look '[(r["jail"], (r["ended_us"] or int(t)) - int(t), r["ended_why"])
	    for r in rows()] == [("sshd", 30000000, "inferred"),
	    ("web", 0, None), ("sshd", 0, None)] or
	    [r["jail"] for r in rows()][:2] == ["web", "sshd"]' \
	    "t=$(epoch "$t0:00")"
	look 'sum(r["ended_us"] is None for r in rows()) == 2 and len(rows()) == 3'
}

@test "fail2ban's other log lines are no bans, and not bad" {
	{
		line server "$t0:30,000" 'Starting Fail2ban v1.0.2'
		line actions "$t0:31,000" '  banTime: 600'
		two_bans
		line actions "$t0:46,000" '[perm] 2001:db8::1 already banned'
		line filter "$t0:46,100" '[sshd] Ignore 192.0.2.10 by ip'
		line jail "$t0:46,200" "Jail 'sshd' stopped"
	} >"$lab/log1"
	replays "$lab/log1"
	last_run added=2 bad=0
	look 'len(rows()) == 2'
}

@test "a Ban line inside another text is no ban" {
	local ban="[sshd] Ban 198.51.100.66"
	{
		two_bans
		line filter "$t0:46,000" "Please check a jail for a timing issue. Line with odd timestamp: $t0:46,000 fail2ban.actions        [7268]: NOTICE  $ban"
		line filter "$t0:46,000" "continuing b'$(line actions "$t0:46,000" "$ban")'"
		line utils "$t0:46,100" "7f -- stderr: '$(line actions "$t0:46,100" "$ban")'"
		line filter "$t0:46,200" "$ban"
		line actions "$t0:46,300" "Failed to execute ban jail 'sshd' info '$ban'"
		line 'filter: NOTICE  [sshd] Ban 198.51.100.66 fail2ban.filter' \
		    "$t0:46,400" 'nothing'
		echo " $(line actions "$t0:46,500" "$ban")"
		echo "NOTICE  $ban"
		echo "Traceback (most recent call last):"
		echo "  $ban"
	} >"$lab/log1"
	replays "$lab/log1"
	[ "$(idents)" = "192.0.2.10"$'\n'"2001:db8::1" ]
}

@test "an id of any text is taken whole" {
	local id ids=('some text' 'a] Ban b' '[x] Unban y' "it's" 'say "x"' \
	    '=1+1' 'a - b' 'ünï ☃' 'a,b;c' '10.0.0.0/8' $'tab\there' '%s%n')
	for id in "${ids[@]}"; do
		line filter "$t0:37,900" "[my jail] Found $id - 2026-11-23 18:48:36"
		line actions "$t0:38,748" "[my jail] Ban $id"
	done >"$lab/log1"
	# As on another system.
	sed 's/$/\r/' "$lab/log1" >"$lab/log2"
	replays "$lab/log1"
	printf '%s\n' "${ids[@]}" | LC_ALL=C sort | diff - <(idents)
	look 'all(same(r, {"jail": "my jail", "since_us": int(t) + 36000000})
	    for r in rows())' "t=$(epoch "$t0:00")"
	adds_nothing "$lab/log2"
}

@test "bytes that are no text, and lines without end, stop nothing" {
	{
		line actions "$t0:10,000" '[sshd] Ban 192.0.2.1'
		printf '\377\376\0\0binary\0\n\n\n'
		line actions "$t0:11,000" $'[sshd] Ban bad \xff\xc3 id'
		printf '%s' "$(line actions "$t0:12,000" '[sshd] Ban ')"
		head -c 3000000 /dev/zero | tr '\0' x
		echo
		printf '[sshd] Ban \0192.0.2.3\n'
		line actions "$t0:14,000" '[sshd] Ban 192.0.2.2'
	} >"$lab/log1"
	survives "$lab/log1"
	look 'row("sshd", "192.0.2.1") and row("sshd", "192.0.2.2")'
	adds_nothing "$lab/log1"
}

# start STAMP BANTIME: a server starts, with that ban time in the jail sshd.
start() {
	line jail "$1,000" "Creating new jail 'sshd'"
	line actions "$1,010" "  banTime: $2"
	line jail "$1,020" "Jail 'sshd' started"
}

# tells: print ident, ban time and end of each ban, by their begin.
tells() { archive export | jq -rc '[.ident,.seconds,.ended_why]'; }

@test "logs are read in the order of their lines, whatever their times are" {
	{ line actions '2024-01-02 10:00:00,000' '[sshd] Ban 192.0.2.8'
	  line actions '2024-01-02 10:10:00,900' '[sshd] Unban 192.0.2.8'
	} >"$lab/fail2ban.log.1"
	start '2024-01-08 12:00:00' 86400 >"$lab/fail2ban.log"
	touch -d '2024-03-01' "$lab/fail2ban.log"
	touch -d '2024-03-02' "$lab/fail2ban.log.1"
	replays "$lab"/fail2ban.log*
	[ "$(tells)" = '["192.0.2.8",null,"inferred"]' ]
}

@test "the start of a server in an older log is known in the next, in any order" {
	start '2024-01-01 12:00:00' 600 >"$lab/fail2ban.log.2"
	gzip "$lab/fail2ban.log.2"
	line actions '2024-01-02 10:00:00,000' '[sshd] Ban 192.0.2.8' \
	    >"$lab/fail2ban.log-20240102"
	line actions '2024-01-03 10:00:00,000' '[sshd] Ban 192.0.2.9' \
	    >"$lab/fail2ban.log"
	local order
	for order in '-20240102 .2.gz ,' ', .2.gz -20240102' '.2.gz -20240102 ,'; do
		rm -rf "$lab/archive"
		read -ra order <<<"$order"
		order=("${order[@]/#/$lab/fail2ban.log}")
		replays "${order[@]/,/}"
		[ "$(tells)" = '["192.0.2.8",600,"inferred"]'$'\n''["192.0.2.9",600,"inferred"]' ] ||
		    { tells >&2; false; }
	done
}

@test "a log that was cut within its first millisecond is read in its order" {
	line jail '2024-01-01 12:00:00,000' "Creating new jail 'sshd'" >"$lab/early"
	{ line actions '2024-01-01 12:00:00,000' '  banTime: 600'
	  line actions '2024-01-01 12:00:09,000' '[sshd] Ban 192.0.2.8'
	} >"$lab/late"
	replays "$lab/late" "$lab/early"
	[ "$(tells)" = '["192.0.2.8",600,"inferred"]' ]
}

@test "logs without a year are read in the order of their names" {
	local n
	for n in 2 1 ''; do
		case $n in
		2) start='Nov  1' end='Nov 30' ;;
		1) start='Dec  1' end='Dec 31' ;;
		*) start='Jan  5' end='Jan  6' ;;
		esac
		printf '%s 10:00:00 host fail2ban.actions[7]: NOTICE [sshd] Ban 192.0.2.1%s\n' \
		    "$start" "$n" "$end" "$n" >"$lab/syslog${n:+.$n}"
		touch -d '2024-12-30' "$lab/syslog${n:+.$n}"
	done
	replays --year 2022 "$lab"/syslog*
	[ "$(archive export | jq -r '.since_us / 1000000 | todate | .[:7]' |
	    uniq | tr '\n' ' ')" = '2022-11 2022-12 2023-01 ' ]
}

@test "another server's log gets nothing from the one before" {
	mkdir "$lab/web1" "$lab/web2"
	{ start '2024-01-01 12:00:00' 600
	  line actions '2024-01-05 10:00:00,000' '[sshd] Ban 192.0.2.8'
	} >"$lab/web1/fail2ban.log"
	{ line actions '2024-01-02 10:00:00,000' '[sshd] Ban 192.0.2.9'
	  line actions '2024-01-02 11:00:00,000' '[sshd] Unban 192.0.2.9'
	} >"$lab/web2/fail2ban.log"
	replays "$lab"/web*/fail2ban.log
	[ "$(tells)" = '["192.0.2.9",null,"inferred"]'$'\n''["192.0.2.8",600,"inferred"]' ]
}

@test "a source that is no log, or has no stamp, keeps its place" {
	two_bans >"$lab/log1"
	echo 'no line of fail2ban' >"$lab/log0"
	database_of() { sqlite3 "$1" <"$root/tests/lib/fail2ban.sql"; }
	database_of "$lab/db.log"
	status 65 archive replay "$lab/log0" "$lab/db.log" "$lab/none" - "$lab/log1" <"$lab/log1"
	[ "$(sed -n 's/^replay: \([^:]*\):.*/\1/p' <<<"$said" | tr '\n' ' ')" = \
	    "$lab/log1 $lab/log0 $lab/db.log - " ]
}

# piped FILE: the refusal of that file names a command, which then reads it.
piped() {
	local command
	status 65 archive replay "$1"
	command=${said##*this reads it: }
	command=${command%%; if it holds*}
	[[ $command == *'| fail2ban-archive replay -' ]]
	sh -c "${command%fail2ban-archive replay -}\"\$0\" -c \"\$1\" replay -" \
	    "$program" "$lab/archive.cfg"
}

@test "a log that is packed otherwise is named with the pipe that reads it" {
	local n=0 file pack
	# A name that means something to a shell.
	cd "$lab"
	for pack in 'xz -c' 'bzip2 -c' 'zstd -qc' 'lz4 -qc' 'tar -cO' 'tar -czO'; do
		command -v "${pack%% *}" >"$lab/out" || continue
		n=$((n + 1))
		line actions "$t0:10,000" "[sshd] Ban 192.0.2.$n" >part
		file="- it's \$(touch broken) \`touch broken\`; $n"
		case $pack in
		tar*) $pack part >"$file" ;;
		*) $pack <part >"$file" ;;
		esac
		piped "./$file"
		look 'row("sshd", "192.0.2.%s" % n)' "n=$n"
	done
	((n >= 2))
	[ ! -e broken ]
	printf 'PK\003\004' >x.zip
	status 65 archive replay x.zip
	says 'it is zip; this reads it: unzip -p x.zip | fail2ban-archive replay -; if it holds several'
	status 65 archive replay - <x.zip
	says 'it is zip: unpack it first'
	status 65 archive replay --tz UTC x.zip
	says 'replay OPTION... -'
	look 'len(rows()) == int(n)' "n=$n"
}

@test "an archive is never taken for a database of fail2ban, nor that for an archive" {
	another other
	local a=$lab/other/archive/archive.sqlite3
	ev() { of other archive "$1" "--jail=$2" "--id=$3" --time "$4" --bantime 600 \
	    --bancount 1 --failures 3 --restored 0; }
	# Its mark is in the WAL alone.
	ev ban sshd 192.0.2.1 1795458480.5
	[ "$(od -An -tx1 -j 68 -N 4 "$a" | tr -d ' ')" != 46324241 ]
	cp "$a" "$lab/copy.log"
	cp "$a-wal" "$lab/copy.log-wal"
	replays "$lab/copy.log"
	look 'len(rows()) == 1'
	status 65 archive replay --format database "$lab/copy.log"
	says 'it is an archive: leave out --format'
	# Its WAL is missing.
	cp "$a" "$lab/copy2.sqlite3"
	status 65 archive replay "$lab/copy2.sqlite3"
	says 'its -wal is missing'
	# It has fail2ban's tables as well.
	of other archive backup "$lab/copy3.sqlite3"
	sqlite3 "$lab/copy3.sqlite3" 'CREATE TABLE fail2banDb(version INTEGER);
	    INSERT INTO fail2banDb VALUES(4); CREATE TABLE bips(ip, jail)'
	replays "$lab/copy3.sqlite3"
	# It has no mark.
	sqlite3 "$a" .dump | sqlite3 "$lab/copy4.sqlite3"
	status 65 archive replay "$lab/copy4.sqlite3"
	says 'the tables of an archive, and not its mark'
	# It has no bans.
	sqlite3 "$lab/copy3.sqlite3" 'DELETE FROM ban'
	replays --force "$lab/copy3.sqlite3"
	look 'len(rows()) == 1'
	# A database of fail2ban's, whatever it is called, and with our tables' names.
	sqlite3 "$lab/theirs.log" <"$root/tests/lib/fail2ban.sql"
	sqlite3 "$lab/theirs.log" "CREATE TABLE ban(x); CREATE TABLE jail(x);
	    INSERT INTO bans VALUES('sshd', '192.0.2.2', 1795458480, 600, 1, '{}')"
	replays "$lab/theirs.log"
	look 'row("sshd", "192.0.2.2")'
	status 65 archive replay --format archive "$lab/theirs.log"
	status 66 archive replay - <"$lab/theirs.log"
	says 'name the file'
	gzip "$lab/theirs.log"
	status 66 archive replay "$lab/theirs.log.gz"
	says 'unpack it first'
}

# without_newline STAMP TEXT: a line of actions that has no newline.
without_newline() { printf '%s' "$(line actions "$@")"; }

@test "the last line of a log that grows is left until it is whole" {
	{
		line actions "$t0:10,000" '[sshd] Ban 192.0.2.1'
		without_newline "$t0:11,000" '[sshd] Ban 192.0.2.2'
	} >"$lab/log1"
	replays "$lab/log1"
	says 'line 2: it has no newline yet, and is left for the next replay'
	[ "$(idents)" = 192.0.2.1 ]
	last_run 'state="completed"' added=1 bad=1 content=None
	echo 22 >>"$lab/log1"
	replays "$lab/log1"
	[ "$(idents)" = "192.0.2.1"$'\n'"192.0.2.222" ]
	# A pipe does not grow: its last line is whole.
	without_newline "$t0:12,000" '[sshd] Ban 192.0.2.3' | archive replay -
	look 'row("sshd", "192.0.2.3")'
}

@test "the last line of a log that nobody writes is taken" {
	without_newline "$t0:11,000" '[sshd] Ban 192.0.2.1' >"$lab/log1"
	replays "$lab/log1"
	[ -z "$(idents)" ]
	# The same content, a minute later.
	touch -d '-2 minutes' "$lab/log1"
	replays "$lab/log1"
	[ "$(idents)" = 192.0.2.1 ]
	replays "$lab/log1"
	says 'completed already'
	# A rotated file; the youngest one may be written.
	without_newline "$t0:12,000" '[sshd] Ban 192.0.2.2' >"$lab/x.log.1"
	without_newline "$t0:13,000" '[sshd] Ban 192.0.2.3' >"$lab/x.log"
	replays "$lab"/x.log*
	[ "$(idents)" = "192.0.2.1"$'\n'"192.0.2.2" ]
	gzip "$lab/x.log"
	replays "$lab/x.log.gz"
	look 'row("sshd", "192.0.2.3")'
}

@test "the first line after a byte order mark or zeros is taken" {
	{ printf '\357\273\277'; two_bans; } >"$lab/log1"
	replays "$lab/log1"
	look 'len(rows()) == 2'
	rm -r "$lab/archive"
	# A log that was cut while it was written.
	truncate -s 50M "$lab/log2"
	two_bans >>"$lab/log2"
	replays "$lab/log2"
	look 'len(rows()) == 2'
	archive export >"$lab/export"
	{ printf '\357\273\277'; cat "$lab/export"; } >"$lab/export.json"
	rm -r "$lab/archive"
	replays "$lab/export.json"
	look 'len(rows()) == 2'
}

@test "bad lines are counted, the first are shown, and the rest goes on" {
	local n
	{
		line actions "$t0:10,000" '[sshd] Ban 192.0.2.1'
		line actions '2026-13-45 25:61:61,000' '[sshd] Ban 192.0.2.2'
		for ((n = 0; n < 200; n++)); do
			line actions "2026-02-30 00:00:00,000" "[sshd] Ban 192.0.2.$n"
		done
		line actions "$t0:30,000" '[sshd] Ban 192.0.2.3'
	} >"$lab/log1"
	replays "$lab/log1"
	says '2 bans added'
	says '201 bad'
	# The second line of it was the first such one.
	grep -v '^replay: ' <<<"$said" >"$lab/shown"
	grep -qE '(^|[^0-9])2([^0-9]|$)' "$lab/shown"
	[ "$(wc -l <"$lab/shown")" -lt 50 ]
	last_run added=2 bad=201 'state="completed"'
	[ "$(idents)" = "192.0.2.1"$'\n'"192.0.2.3" ]
}

@test "in the hour that comes twice the order of the lines decides" {
	local zone=Europe/Berlin
	[ -e /usr/share/zoneinfo/$zone ] || zone=CET-1CEST,M3.5.0,M10.5.0/3
	local d='2026-10-25'
	{
		line actions "$d 02:10:00,000" '[sshd] Ban first'
		line actions "$d 02:50:00,000" '[sshd] Ban last of it'
		line actions "$d 02:10:01,000" '[sshd] Ban again'
		line filter "$d 02:30:01,000" "[sshd] Found found - $d 02:30:00"
		line actions "$d 02:30:02,000" '[sshd] Ban found'
		line actions "$d 03:05:00,000" '[sshd] Ban after'
		line actions "$d 03:06:00,000" '[sshd] Unban first'
	} >"$lab/log1"
	replays --tz "$zone" "$lab/log1"
	look '[(r["ident"], (r["since_us"] - int(t)) // 1000000) for r in rows()] ==
	    [("first", 600), ("last of it", 3000), ("again", 4201),
	    ("found", 5400), ("after", 7500)]' "t=$(epoch "$d 00:00:00")"
	look 'row("sshd", "first")["ended_us"] == int(t) + 7560000000' \
	    "t=$(epoch "$d 00:00:00")"
	# The same by the zone that the program runs in.
	another b
	TZ=$zone of b replays "$lab/log1"
	same_as b
}

@test "an unknown zone is refused" {
	two_bans >"$lab/log1"
	refused --tz Nowhere/Land "$lab/log1"
	refused --tz ../../etc/passwd "$lab/log1"
}

@test "a log that came by syslog needs the year" {
	local rest='box fail2ban.actions[7268]: NOTICE [sshd]'
	{
		echo "Feb 29 01:02:03 box fail2ban.filter[7268]: INFO [sshd] Found 192.0.2.1 - 2024-02-29 01:02:02"
		echo "Feb 29 01:02:04 $rest Ban 192.0.2.1"
		echo "Mar  1 01:02:04 $rest Ban 192.0.2.2"
		echo "Mar  1 01:02:09 box sshd[4711]: Failed password for Ban 192.0.2.9"
		echo "Mar 11 01:02:04 $rest Unban 192.0.2.1"
	} >"$lab/syslog1"
	replays --year 2024 "$lab/syslog1"
	look 'len(rows()) == 2'
	look 'same(row("sshd", "192.0.2.1"), {"since_us": int(t),
	    "ended_us": int(u)})' "t=$(epoch '2024-02-29 01:02:02')" \
	    "u=$(epoch '2024-03-11 01:02:04')"
	look 'row("sshd", "192.0.2.2")["since_us"] == int(t)' \
	    "t=$(epoch '2024-03-01 01:02:04')"
}

@test "a log of syslog that has the zone needs nothing" {
	local rest='box fail2ban.actions[7268]: NOTICE [sshd]'
	{
		echo "2026-11-23T18:48:38.748000+01:00 $rest Ban 192.0.2.1"
		echo "2026-11-23T18:48:38Z $rest Ban 192.0.2.2"
	} >"$lab/syslog1"
	replays --tz America/New_York "$lab/syslog1"
	look '[r["since_us"] - int(t) for r in rows()] == [-3600000000 + 748000, 0]' \
	    "t=$(epoch "$t0:38")"
}

@test "bans of another host are kept beside equal bans of this one" {
	two_bans >"$lab/log1"
	replays "$lab/log1"
	archive export >"$lab/before"
	replays --force --host web1 "$lab/log1"
	archive export | jq -c 'select(.host == null)' | diff - "$lab/before"
	look 'sorted(r["host"] for r in rows() if r["host"]) == ["web1"] * 2'
	look 'all(sum(r["ident"] == i for r in rows()) == 2
	    for i in ("192.0.2.10", "2001:db8::1"))'
	refused --host '' "$lab/log1"
	# A content that is known of one host is not skipped for another.
	replays --host web2 "$lab/log1"
	look 'len(rows()) == 6'
}

@test "--since takes only bans that began in time" {
	two_bans >"$lab/log1"
	replays --since 2026-11-23T18:48:40Z "$lab/log1"
	[ "$(idents)" = '2001:db8::1' ]
	# There is more of it.
	replays "$lab/log1"
	look 'len(rows()) == 2'
	refused --since nonsense "$lab/log1"
}

# ago SECONDS: the stamp of a line, of so long ago.
ago() { date -u -d "@$((EPOCHSECONDS - $1))" '+%F %T,500'; }

@test "an event ends a ban that is known from a log only" {
	line actions "$(ago 3000)" '[sshd] Ban 192.0.2.1' >"$lab/log1"
	replays "$lab/log1"
	look 'rows()[0]["ended_us"] is None'
	ev ban sshd 192.0.2.1 "$((EPOCHSECONDS - 10)).5"
	look '[r["ended_why"] for r in rows()] == ["inferred", None]'
	# It ends when the other one was made, not at that one's ticket.
	look 'rows()[0]["ended_us"] > rows()[1]["since_us"] + 9000000'
}

@test "a log of a time that is yet to come ends nothing" {
	ev ban sshd 192.0.2.1 "$EPOCHSECONDS.5" --bantime -1
	line actions "$(ago -3600)" '[sshd] Ban 192.0.2.1' >"$lab/log1"
	replays "$lab/log1"
	look 'len(rows()) == 1 and rows()[0]["ended_us"] is None'
	last_run added=0 bad=1
}

@test "what a clock behind takes for the future is taken once the clock is right" {
	still_clock_build "$lab"
	line actions "$t0:38,748" '[sshd] Ban 192.0.2.1' >"$lab/log1"
	echo '{"jail":"sshd","ident":"192.0.2.2","since_us":1795459718000000}' \
	    >"$lab/bans"
	by_clock "$(date -d "1 day ago $t0" +%s)" archive replay "$lab/log1" "$lab/bans"
	look 'rows() == []'
	last_run 'state="completed"' bad=1 content=None
	replays "$lab/log1" "$lab/bans"
	[ "$(idents)" = $'192.0.2.1\n192.0.2.2' ]
	replays "$lab/log1"
	says 'completed already'
}

@test "a log that begins later shows less, and the log that shows more is believed" {
	{
		line jail "$t0:00,000" "Creating new jail 'sshd'"
		line actions "$t0:00,000" '  banTime: 60'
		line filter "$t0:09,900" '[sshd] Found 192.0.2.1 - 2026-11-23 18:48:09'
		line actions "$t0:10,000" '[sshd] Ban 192.0.2.1'
	} >"$lab/log2"
	tail -n 1 "$lab/log2" >"$lab/log1"
	replays "$lab/log1"
	look 'rows()[0]["seconds"] is None and rows()[0]["ended_us"] is None'
	replays "$lab/log2"
	look 'len(rows()) == 1 and rows()[0]["seconds"] == 60 and
	    rows()[0]["origin"] == "log" and rows()[0]["ended_why"] == "inferred"'
	replays --force "$lab/log1"
	last_run added=0 changed=0
}

@test "a ban that takes the place of another has a later rev" {
	line actions "$t0:40,000" '[sshd] Restore Ban 192.0.2.1' >"$lab/log2"
	line actions "$t0:10,000" '[sshd] Ban 192.0.2.1' >"$lab/log1"
	replays "$lab/log2"
	look '[r["rev"] for r in rows()] == [1]'
	replays "$lab/log1"
	look '[r["rev"] > 1 for r in rows()] == [True]'
}

@test "a flush of another machine flushes nothing here" {
	ev ban sshd 192.0.2.1 "$EPOCHSECONDS.5"
	echo "Nov 23 18:48:38 box fail2ban-archive[7]: event 1/1 flush --at" \
	    "$((EPOCHSECONDS + 1))000000 --jail sshd --family inet4 --time" \
	    "1795458480.5 --restored 0 --row 0 --tag 0 # why" >"$lab/syslog1"
	replays --host web1 "$lab/syslog1"
	[ "$(sqlite3 "$lab/archive/archive.sqlite3" \
	    'SELECT flushed_us FROM jail')" -eq 0 ]
	replays "$lab/syslog1"
	[ "$(sqlite3 "$lab/archive/archive.sqlite3" \
	    'SELECT flushed_us FROM jail')" -gt 0 ]
}

# ---------------------------------------------------------------- databases --

@test "a row of an old database is one sign, however often it is read" {
	forge database "$lab/old" 4 -3600 sshd 192.0.2.1 86400
	replays "$lab/old"
	local signs='SELECT signs FROM ban'
	sqlite3 "$lab/archive/archive.sqlite3" "$signs" >"$lab/before"
	replays --force "$lab/old"
	sqlite3 "$lab/archive/archive.sqlite3" "$signs" | diff "$lab/before" -
}

# has_sample FILE: its bans, each once, as that database has them, and again.
has_sample() {
	cp "$1" "$lab/fail2ban.sqlite3"
	cp "$1" "$lab/theirs"
	sha256sum "$lab/theirs" >"$lab/sums"
	replays "$lab/theirs"
	look 'len(rows()) == len({(b["jail"], b["ip"], b["timeofban"])
	    for b in bans() + bips()}) == runs()[-1]["added"] > 0'
	look 'all(same(r, {k: v for k, v in of_database(r).items() if k not in
	    ("seen", "ended_us", "ended_why")}) for r in rows())'
	look 'all(r["seen"] in (["import"], ["database"]) for r in rows())'
	adds_nothing "$lab/theirs"
	sha256sum --quiet -c "$lab/sums"
	[ -z "$(find "$lab" -name 'theirs-*')" ]
}

@test "an old database of a real server has all its bans" {
	local sample
	for sample in "$root"/tests/samples/*.sqlite3; do
		rm -rf "$lab/archive"
		has_sample "$sample"
	done
}

@test "a database that was replayed and then reconciled has no ban twice" {
	has_sample "$root/tests/samples/mixed20-deb-stopped.sqlite3"
	figure 'len(rows())' >"$lab/n"
	archive reconcile
	look 'len(rows()) == int(n)' "n=$(cat "$lab/n")"
	look 'all(r["seen"] == ["database"] for r in rows())'
	adds_nothing "$lab/theirs"
}

@test "databases of the versions 1 to 4 have their bans" {
	local version
	for version in 1 2 3 4; do
		rm -rf "$lab/archive"
		forge database "$lab/v$version" $version -500000 sshd 192.0.2.1 600 \
		    -400 sshd 2001:db8::1 600 -300 perm 'some text' -1
		replays "$lab/v$version"
		look 'len(rows()) == 3 and all(same(r, {"failures": 4,
		    "captures": {"user": "u"}, "origin": "log",
		    "matches": ["a line of " + r["ident"]]}) for r in rows())'
		look '[r["seconds"] for r in rows()] ==
		    ([None] * 3 if int(v) < 3 else [600, 600, -1])' v=$version
		adds_nothing "$lab/v$version"
	done
	forge database "$lab/v4b" 4 -300 sshd 192.0.2.5 600 -9000 sshd 192.0.2.6 600
	replays --since 1h "$lab/v4b"
	look 'row("sshd", "192.0.2.5")'
	look '"192.0.2.6" not in [r["ident"] for r in rows()]'
	sqlite3 "$lab/v4b" 'UPDATE fail2banDb SET version = 5'
	refused "$lab/v4b"
}

# ------------------------------------------------------- archives and exports --

# An archive of all that a ban can be, made by the first test that needs it.
every_kind() {
	local made=$BATS_FILE_TMPDIR/every_kind
	if [ ! -d "$made" ]; then
		make_every_kind
		cp -a "$lab/archive" "$made"
	else
		cp -a "$made" "$lab/archive"
	fi
}

make_every_kind() {
	local n=0 id now=$EPOCHSECONDS
	forge database "$lab/fail2ban.sqlite3" 4 -5 sshd flushed 600 \
	    -90 sshd expired-unseen 60 -80 sshd row 600 -70 perm row -1
	archive reconcile
	while IFS= read -r -d '' id; do
		n=$((n + 1))
		ev ban "jail $((n % 3))" "$id" "$((now - 50 + n)).12345$((n % 10))" \
		    --ip "192.0.2.$n" --bantime $((n % 4 == 0 ? -1 : n * 600))
	done < <(hostile_ids)
	ev ban sshd expired "$((now - 700)).5"
	ev unban sshd expired "$((now - 700)).5"
	ev ban sshd manual "$((now - 20)).5"
	ev unban sshd manual "$((now - 20)).5"
	ev ban sshd manual "$((now - 20)).5"
	ev ban sshd inferred $((now - 20))
	ev ban sshd inferred $((now - 10))
	ev ban sshd flushed "$(sqlite3 "$lab/fail2ban.sqlite3" \
	    "SELECT timeofban FROM bans WHERE ip = 'flushed'")"
	ev ban sshd restored $((now - 15)) --restored 1
	ev ban sshd prolonged $((now - 14))
	ev prolong sshd prolonged $((now - 14)) --bantime 100000000000000
	archive ban --jail sshd --id bare --time $((now - 13))
	sqlite3 "$lab/fail2ban.sqlite3" "DELETE FROM bans WHERE ip = 'flushed';
	    DELETE FROM bips WHERE ip = 'flushed'"
	archive flush --jail sshd --family inet4 --time $((now - 1))
	archive reconcile
	sqlite3 "$lab/fail2ban.sqlite3" "INSERT INTO bans VALUES('ünï \"x\"',
	    'evidence', $((now - 9)), 600, 2, CAST('{\"matches\": [\"a \\\"b\\\",\\n;\", [\"x\",
	    \"y\", \"\\u00fc\"]], \"failures\": 5, \"user\": \"=1+1\",
	    \"a,b\": \"\\u001b[31m\"}' AS BLOB))"
	archive reconcile
	rm "$lab/fail2ban.sqlite3"
	look '{"expired", "manual", "flushed", "inferred", None} ==
	    {r["ended_why"] for r in rows()} and max(r["nth"] for r in rows()) == 1 and
	    max(r["restored"] for r in rows()) == 1 and
	    {-1, None, 10 ** 14} <= {r["seconds"] for r in rows()}'
}

# Ids that a spreadsheet, a terminal, a parser or a shell may take for more.
hostile_ids() {
	printf '%s\0' '=1+1' '+1' '-1' '@SUM(A1)' "it's" 'say "x"' 'a,b;c' \
	    $'two\nlines' $'tab\there' $'\rback' 'ünï ☃ 🚫' ' blanks ' $'\u2028' \
	    $'\u0085' "'quoted'" "'=1+1" '"' '""' ',' 'NULL' 'null' '\N' '[]' '{}' \
	    '\u0041' '\' '%s%n' $'\e[31m' $'\e]0;x\a' '0' '1e3' '192.0.2.7' \
	    '2001:db8::7' '198.51.100.0/28' $'\xef\xbb\xbfbom' '#' '--'
}

@test "an export is the way back into an empty archive" {
	every_kind
	archive export >"$lab/a.jsonl"
	# One's own changes nothing.
	adds_nothing "$lab/a.jsonl"
	another b
	of b replays "$lab/a.jsonl"
	of b last_run bad=0 'state="completed"'
	same_as b
	of b adds_nothing "$lab/a.jsonl"
	# The same holds for parts of it, in another order, and by way of another
	# archive.
	another c
	LC_ALL=C sort -t , -k 3 "$lab/a.jsonl" >"$lab/sorted"
	split -n l/3 "$lab/sorted" "$lab/part-"
	of c replays "$lab"/part-*
	same_as c
	another d
	of c archive export | gzip >"$lab/c.gz"
	of d replays "$lab/c.gz"
	same_as d
}

@test "an export as CSV is a way back into an empty archive, too" {
	every_kind
	archive export | forge csv >"$lab/a.csv"
	adds_nothing "$lab/a.csv"
	another b
	of b replays "$lab/a.csv"
	of b last_run bad=0 'state="completed"'
	same_as b
	of b adds_nothing "$lab/a.csv"
	archive export >"$lab/a.jsonl"
	of b adds_nothing "$lab/a.jsonl"
}

@test "an export without bans is one, also as CSV" {
	ev ban sshd 192.0.2.1 "$EPOCHSECONDS.5"
	archive export --jail none --format csv >"$lab/none.csv"
	archive export --jail none >"$lab/none.jsonl"
	replays "$lab/none.csv" "$lab/none.jsonl"
	last_run 'state="completed"' added=0 bad=0
	# A CSV of which each record is wrong is none.
	echo x >>"$lab/none.csv"
	status 65 archive replay "$lab/none.csv"
}

@test "another archive is taken in whole, and not touched" {
	every_kind
	archive backup "$lab/copy.sqlite3" >"$lab/out"
	another b
	of b replays "$lab/copy.sqlite3"
	of b last_run bad=0 'state="completed"'
	same_as b
	of b adds_nothing "$lab/copy.sqlite3"
	# One's own, in use, is none that could be taken in.
	archive export >"$lab/before"
	archive replay --force "$lab/archive/archive.sqlite3" >"$lab/out" 2>&1 ||
	    true
	archive export | cmp - "$lab/before"
	archive verify >"$lab/out"
}

@test "the latest bans of another archive are in its WAL" {
	every_kind
	local n
	for n in 1 2 3; do ev ban wal "192.0.2.$n" $((EPOCHSECONDS + n)); done
	mkdir "$lab/copy"
	cp "$lab/archive"/archive.sqlite3{,-wal} "$lab/copy"
	[ -s "$lab/copy/archive.sqlite3-wal" ]
	another b
	of b replays "$lab/copy/archive.sqlite3"
	same_as b
	# Another WAL is another content.
	ev ban wal 192.0.2.4 $((EPOCHSECONDS + 9))
	cp "$lab/archive"/archive.sqlite3{,-wal} "$lab/copy"
	of b replays "$lab/copy/archive.sqlite3"
	same_as b
}

@test "an archive of another host keeps its hosts" {
	every_kind
	archive export >"$lab/a.jsonl"
	another b
	of b replays --host 'web "1"' "$lab/a.jsonl"
	of b look 'all(r["host"] == "web \"1\"" for r in rows())'
	same_as b sed 's/"host":[^,]*,/"host":null,/'
	another c
	of b archive export >"$lab/b.jsonl"
	of c replays "$lab/b.jsonl"
	of b all_but_rev | cmp - <(of c all_but_rev)
}

@test "an import that events or a database have as well is one ban" {
	local now=$EPOCHSECONDS
	ev ban sshd 192.0.2.1 "$now.5"
	archive export >"$lab/a.jsonl"
	another b
	jq -c '.seen = ["import"]' "$lab/a.jsonl" >"$lab/import.jsonl"
	of b replays "$lab/import.jsonl"
	of b look 'rows()[0]["seen"] == ["import"]'
	of b ev ban sshd 192.0.2.1 "$now.5"
	of b look 'len(rows()) == 1 and rows()[0]["seen"] == ["event"]'
	same_as b
}

@test "lines of an export that are wrong are bad, and the others are taken" {
	ev ban sshd good 1795458480.5
	ev ban sshd better 1795458481.5
	archive export >"$lab/a.jsonl"
	rm -r "$lab/archive"
	local one bad=('del(.jail)' 'del(.ident)' 'del(.since_us)' '.since_us = "x"'
	    '.since_us = null' '.jail = 5' '.jail = ""' '.ident = ["x"]'
	    '.ident = null' '.nth = "x"' '.seconds = "600"' '.matches = "x"'
	    '.captures = [1]' '.ended_us = "never"' '.restored = {}'
	    '.since_us = 1e300' '.seconds = -7' '.nth = -1')
	{
		head -n 1 "$lab/a.jsonl"
		for one in "${bad[@]}"; do
			head -n 1 "$lab/a.jsonl" | jq -c ".ident = \"bad\" | $one"
		done
		echo 'no json'
		echo '{"jail":"sshd"'
		echo '[]'
		echo '7'
		tail -n 1 "$lab/a.jsonl"
	} >"$lab/b.jsonl"
	replays "$lab/b.jsonl"
	[ "$(idents)" = "better"$'\n'"good" ]
	last_run added=2 "bad=$((${#bad[@]} + 4))" 'state="completed"'
	adds_nothing "$lab/b.jsonl"
}

@test "a CSV that breaks off, or has too much, loses only that" {
	ev ban sshd good 1795458480.5
	ev ban sshd better 1795458481.5
	archive export | forge csv >"$lab/a.csv"
	rm -r "$lab/archive"
	{
		head -n 2 "$lab/a.csv"
		printf 'sshd,few\r\n'
		printf 'sshd,%s\r\n' "$(seq 1 60 | tr '\n' ,)"
		tail -n 1 "$lab/a.csv"
	} >"$lab/b.csv"
	replays "$lab/b.csv"
	[ "$(idents)" = "better"$'\n'"good" ]
	last_run added=2 bad=2 'state="completed"'
	# A source that breaks off is not whole: it fails, with the bans before.
	rm -r "$lab/archive"
	printf 'sshd,"never closed' >>"$lab/b.csv"
	ends_badly replay "$lab/b.csv"
	[ "$(idents)" = "better"$'\n'"good" ]
	last_run 'state="failed"'
}

# --------------------------------------------------------------- lost events --

@test "events that lie in a spool come in by its files" {
	local now=$EPOCHSECONDS
	: >"$lab/archive"
	ev ban sshd 192.0.2.1 "$((now - 700)).25"
	ev unban sshd 192.0.2.1 "$((now - 700)).25"
	ev ban sshd $'two\nlines' "$now.5"
	ev ban sshd $'two\nlines' "$now.5" --bantime -1
	ev ban web 'ünï' "$now" --ip 192.0.2.7
	mkdir "$lab/copies"
	cp "$lab/spool"/* "$lab/copies"
	another b
	of b replays "$lab/copies"/*
	of b look 'len(rows()) == 3 and len(runs()) == 5'
	rm "$lab/archive"
	archive reconcile || true
	same_as b
	# They may be drained here and be replayed as well.
	adds_nothing "$lab/copies"/*
	local broken
	broken=$(find "$lab/copies" -type f | head -n 1)
	truncate -s -3 "$broken"
	survives "$broken"
}

# last_resort COMMAND...: with a syslog of its own, whose messages are lines of
# $lab/heard, JSON texts.
last_resort() {
	cat >"$lab/inside" <<-END
		mount -t tmpfs none /dev
		mknod -m 666 /dev/null c 1 3
		mknod -m 666 /dev/urandom c 1 9
		mkfifo "$lab/stay"
		"$python" "$root/tests/lib/syslog.py" listen /dev/log "$lab/heard" \
		    <"$lab/stay" >"$lab/listens" 3>&- &
		exec 9>"$lab/stay"
		until [ -s "$lab/listens" ]; do sleep 0.05; done
		"\$@"
		# The last message arrives last.
		"$python" -c 'import socket
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.sendto(b"that is all", "/dev/log")'
		until grep -q 'that is all' "$lab/heard"; do sleep 0.05; done
		exec 9>&-
		wait
	END
	unshare -m bash "$lab/inside" "$@" 2>"$lab/err"
}

astray() {
	local now=$EPOCHSECONDS
	{
		ev ban sshd 192.0.2.1 "$((now - 700)).25"
		ev unban sshd 192.0.2.1 "$((now - 700)).25"
		ev ban sshd $'50% \n "x" # y' "$now.5"
		ev ban web 'ünï' "$now" --ip 192.0.2.7 --matches <"$lab/lines"
	} || true
}

@test "events that went to syslog come back from there" {
	config 'evidence = "tag";'
	head -c 9000 /dev/zero | tr '\0' x >"$lab/lines"
	: >"$lab/archive"
	: >"$lab/spool"
	export -f astray ev archive
	export lab program
	last_resort bash -c astray
	grep -q 'event 1/' "$lab/heard"
	# As syslog writes them, among what others say; and as the journal does.
	"$python" - "$lab/heard" >"$lab/syslog1" 2>"$lab/syslog2" <<-'END'
		import json, re, sys
		for n, line in enumerate(open(sys.argv[1])):
		    text = json.loads(line)
		    m = re.fullmatch(r"<\d+>(.{15}) (.*)", text, re.S)
		    if m:
		        print(m[1], "box", m[2])
		        print(m[1], "box", "sshd[4711]: event 1/1 ban --jail x # no")
		        print("2026-11-23T18:48:38+0100 box", m[2], file=sys.stderr)
	END
	rm "$lab/archive" "$lab/spool"
	local n
	for n in 1 2; do
		rm -rf "$lab/archive"
		replays "$lab/syslog$n"
		look 'len(rows()) == 3'
		look 'ended("sshd", "192.0.2.1", "expired")'
		look 'same(row("sshd", "50% \n \"x\" # y"), {"seen": ["event"],
		    "seconds": 600, "failures": 3, "ended_us": None})'
		look 'same(row("web", "ünï"), {"ip": "192.0.2.7", "seen": ["event"],
		    "origin": "log"})'
		look 'len(row("web", "ünï")["matches"][0]) > 8000'
		adds_nothing "$lab/syslog$n"
	done
	# An event of which a part is missing is none.
	grep -v 'event 2/' "$lab/syslog1" >"$lab/syslog3"
	rm -r "$lab/archive"
	replays "$lab/syslog3"
	look 'len(rows()) == 2 and runs()[-1]["bad"] >= 1'
}

# hostile_events: archive texts that hold each byte but a NUL, escapes that stand
# for other characters, and as many control characters as an event may have; and
# from a database of fail2ban, ids and data of 4 MiB.
hostile_events() {
	"$python" - "$lab" >"$lab/words" <<-'END'
		import sys
		pieces = [bytes([n]) for n in range(1, 256)] + [
		    rb"\u0000", rb"\x00", rb"\ud800", rb"\\", b"''", b'""', b"\r\n",
		    "\u202e\u2028\u0085\ufeff\uffff".encode(), b"\xed\xa0\x80", b"=1"]
		for n in range(0, len(pieces), 8):
		    some = pieces[n:n + 8]
		    text = b"x".join(some).replace(b"\n", b"\\n").replace(b"\0", b"")
		    print(text.hex(), b"".join(some[::-1]).hex())
		with open(sys.argv[1] + "/controls", "wb") as f:
		    f.write((b"\x01" * 8192 + b"\n") * 100)
	END
	local now=$EPOCHSECONDS id ip n=0
	while read -r id ip; do
		n=$((n + 1))
		id=$(sed 's/../\\x&/g' <<<"$id") ip=$(sed 's/../\\x&/g' <<<"$ip")
		printf -v id "$id" && printf -v ip "$ip"
		printf '%s\n' "$ip" >"$lab/lines"
		ev ban "j$id" "$id" "$((now - n)).5" --ip "$ip" --matches <"$lab/lines"
	done <"$lab/words"
	ev ban sshd controls "$now" --matches <"$lab/controls"
	"$python" - "$lab/old.sqlite3" "$now" <<-'END'
		import sqlite3, sys
		db = sqlite3.connect(sys.argv[1])
		db.executescript("""CREATE TABLE fail2banDb(version INTEGER);
		    INSERT INTO fail2banDb VALUES(4);
		    CREATE TABLE bans(jail TEXT, ip TEXT, timeofban INTEGER,
		        bantime INTEGER, bancount INTEGER, data BLOB);
		    CREATE TABLE bips(ip TEXT, jail TEXT, timeofban INTEGER,
		        bantime INTEGER, bancount INTEGER, data BLOB,
		        PRIMARY KEY(ip, jail))""")
		most = (4 << 20) - 8
		rows = [(b"\x01" * most, b"{}"), (b"\xff" * most, b"{}"),
		    (b"a", b'{"ip":"' + b"\xff" * (most - 8) + b'"}'),
		    (b"b", b'{"k":["' + b"\xff" * (most - 16) + b'"]}'),
		    (b"c", b'{"k":' + b"[" * 999 + b"]" * 999 + b"}"),
		    (b"d", b'{"matches":["a\\u0000b"],"\\u006b\\/":"\\u0000\\ud800"}'),
		    (b"e", b'{"u":[{"\\u00e4":"\\u2028\\/"}, 1.50, null]}')]
		for n, (ident, data) in enumerate(rows):
		    db.execute("INSERT INTO bans VALUES('sshd', CAST(? AS TEXT), ?,"
		        " 600, 1, ?)", (ident, int(sys.argv[2]) - 900 - n, data))
		db.commit()
	END
	replays "$lab/old.sqlite3"
}

@test "every text of an event comes back from an export, as JSON and as CSV" {
	config 'evidence = "tag";'
	hostile_events
	last_run bad=0
	local format
	for format in json csv; do
		archive export --format "$format" >"$lab/export.$format"
		another "$format"
		of "$format" replays "$lab/export.$format"
		of "$format" last_run bad=0
		same_as "$format" sed 's/"seen":\[[^]]*\]//'
	done
}

# ------------------------------------------------------------------- cut off --

# A replay takes a while for this many lines.
crowd=$((20000 / slow_build))

# undisturbed [LINES]: a log of so many, and an archive b that has it all.
undisturbed() {
	local crowd=${1:-$crowd}
	forge log "$crowd" "${SEED:-1}" >"$lab/log1"
	another b
	of b replays "$lab/log1"
	of b all_but_rev >"$lab/want"
	of b look 'len(rows()) >= int(n)' "n=$((crowd / 6))"
	of b last_run bad=0
}

@test "a replay that is killed again and again is done in the end, once" {
	local kills=30 killed=0 lives=0 length=4000 writes syncs call k
	[ "${SOAK:-0}" = 1 ] && length=20000
	undisturbed $((length / slow_build))
	RANDOM=${SEED:-1}
	another count
	writes=$(of count calls_of pwrite64 replay "$lab/log1")
	rm -rf "$lab/count/archive"
	syncs=$(of count calls_of fdatasync replay "$lab/log1")
	((writes >= 10))
	while ((killed < kills)); do
		call=pwrite64 k=$writes
		if ((RANDOM % 4 == 0 && syncs > 0)); then call=fdatasync k=$syncs; fi
		# strace counts to 65535.
		if killed_at $call $((1 + (RANDOM * 32768 + RANDOM) % (k < 65535 ? k : 65535))) \
		    replay "$lab/log1"; then
			killed=$((killed + 1))
			continue
		fi
		[ ! -e "$lab/ended_badly" ]
		# It came to its end before: that was one life. Another begins.
		lives=$((lives + 1))
		((lives < kills))
		all_but_rev | diff "$lab/want" - >"$lab/differs" ||
		    { head "$lab/differs" >&2; false; }
		look 'all(r["state"] in ("completed", "interrupted") for r in runs())'
		rm -rf "$lab/archive"
	done
	replays "$lab/log1"
	all_but_rev | diff "$lab/want" - >"$lab/differs" ||
	    { head "$lab/differs" >&2; false; }
	last_run 'state="completed"'
	look '{r["state"] for r in runs()} <= {"completed", "interrupted"}'
	archive verify >"$lab/out"
	echo "# killed $killed times at one of $writes writes and $syncs syncs" >&3
}

# replaying: a replay is on.
replaying() {
	look 'runs()[-1]["kind"] == "replay" and runs()[-1]["state"] == "running"' \
	    2>/dev/null
}

# slow_replay SOURCE: in the background; each write is held up so that the
# replay is not over before it is met. Its process id is in $slow.
slow_replay() {
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 in_background strace -D -f -qq \
	    -o /dev/null -e trace=pwrite64 -e inject=pwrite64:delay_enter=$((500 * slowness)) \
	    "$program" -c "$lab/archive.cfg" replay "$@"
	slow=$!
	wait_for 10 replaying
}

@test "a replay that was killed is noted so, and does not stop the next" {
	undisturbed $((60000 / slow_build))
	slow_replay "$lab/log1"
	kill -KILL "$slow"
	wait "$slow" || true
	replays "$lab/log1"
	look '[r["state"] for r in runs()] == ["interrupted", "completed"]'
	all_but_rev | cmp - "$lab/want"
}

@test "SIGINT and SIGTERM end a replay cleanly, and the next goes on" {
	# More than one transaction, so that there is something left to do.
	undisturbed $((60000 / slow_build))
	local signal rc start
	for signal in INT TERM; do
		rm -rf "$lab/archive"
		slow_replay "$lab/log1"
		start=$EPOCHSECONDS
		kill "-$signal" "$slow"
		rc=0
		wait "$slow" || rc=$?
		((rc < 128 || rc == 130 || rc == 143))
		((EPOCHSECONDS - start <= 10 * slowness))
		look '[r["state"] for r in runs()] == ["interrupted"]'
		replays "$lab/log1"
		look '[r["state"] for r in runs()] == ["interrupted", "completed"]'
		all_but_rev | cmp - "$lab/want"
	done
}

@test "a signal before the first source is read ends a replay with its status" {
	two_bans >"$lab/log1"
	echo text >"$lab/log2"
	status 75 env ASAN_OPTIONS="$ASAN_OPTIONS:detect_leaks=0" \
	    strace -f -qq -o /dev/null -P "$lab/log2" -e trace=pread64 \
	    -e inject=pread64:signal=TERM:when=1 \
	    "$program" -c "$lab/archive.cfg" replay "$lab/log2" "$lab/log1"
	says interrupted
}

@test "two replays of one source at once count as one" {
	undisturbed
	local pids=() pid n rc
	for n in 1 2 3; do
		archive_in_background replay "$lab/log1"
		pids+=("$!")
	done
	for pid in "${pids[@]}"; do
		# 75: another one is on.
		rc=0
		wait "$pid" || rc=$?
		[ "$rc" -eq 0 ] || [ "$rc" -eq 75 ]
	done
	all_but_rev | cmp - "$lab/want"
	look 'all(r["state"] == "completed" for r in runs())'
}

@test "an event does not wait for a replay" {
	undisturbed
	local n=0 pid
	archive_in_background replay "$lab/log1"
	pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		n=$((n + 1))
		ev ban event "192.0.2.$n" "$EPOCHREALTIME"
	done
	wait "$pid"
	((n >= 3))
	look 'spooled() == [] and sum(r["jail"] == "event" for r in rows()) == int(n)' \
	    "n=$n"
	archive export | jq -c 'select(.jail != "event")' >"$lab/out"
	of b archive export >"$lab/bs"
	[ "$(wc -l <"$lab/out")" -eq "$(wc -l <"$lab/bs")" ]
}

# ------------------------------------------------------------------- hostile --

@test "a file that is no source is refused by name" {
	ev ban sshd 192.0.2.1 1795458480.5
	two_bans >"$lab/log1"
	ln -s "$lab/log1" "$lab/link"
	sqlite3 "$lab/other.sqlite3" 'CREATE TABLE t(x); INSERT INTO t VALUES(1)'
	cp "$lab/other.sqlite3" "$lab/named.sqlite3"
	sqlite3 "$lab/named.sqlite3" 'CREATE TABLE ban(x); CREATE TABLE bans(x)'
	head -c 100000 /dev/urandom >"$lab/binary"
	head -c 100000 /dev/zero >"$lab/zeros"
	gzip -k "$lab/log1"
	head -c 40 "$lab/log1.gz" >"$lab/cut.gz"
	printf '\037\213garbage that is no gzip at all' >"$lab/no.gz"
	mkdir "$lab/folder"
	ln -s "$lab/other.sqlite3" "$lab/link.sqlite3"
	local source
	for source in missing link.sqlite3 folder other.sqlite3 named.sqlite3 \
	    binary zeros cut.gz no.gz; do
		refused "$lab/$source"
		says "$lab/$source"
	done
	[ "$(idents)" = 192.0.2.1 ]
	: >"$lab/empty"
	for source in empty link; do survives "$lab/$source"; done
	refused --format nonsense "$lab/log1"
	refused --year 12345678901 "$lab/log1"
	refused
	refused --format database "$lab/log1"
	refused --format archive "$lab/log1"
}

@test "a wrong format brings no ban" {
	two_bans >"$lab/log1"
	ev ban sshd 192.0.2.1 1795458480.5
	local format
	for format in json csv spool; do
		survives --format $format "$lab/log1"
	done
	[ "$(idents)" = 192.0.2.1 ]
	# As what it is it can be had all the same.
	replays --force "$lab/log1"
	look 'len(rows()) == 3'
	archive export >"$lab/a.jsonl"
	survives --format log "$lab/a.jsonl"
	survives --format csv "$lab/a.jsonl"
	look 'len(rows()) == 3'
}

@test "a small file that unpacks to a large one does no harm" {
	head -c 64M /dev/zero | gzip -1 >"$lab/zeros.gz"
	survives "$lab/zeros.gz"
	head -c 8M /dev/zero | tr '\0' '[' | gzip -1 >"$lab/open.gz"
	survives "$lab/open.gz"
	yes '{"jail":"sshd"}' | head -c 4M | gzip >"$lab/yes.gz"
	survives "$lab/yes.gz"
	look 'not any(r["added"] for r in runs())'
}

@test "a hostile archive does no harm" {
	every_kind
	archive backup "$lab/good" >"$lab/out"
	another b
	local how
	of b ev ban sshd 192.0.2.1 1795458480.5
	while read -r how; do
		echo "spoiled: $how"
		cp "$lab/good" "$lab/spoiled"
		forge spoil "$lab/spoiled" "$how"
		cp "$lab/spoiled" "$lab/theirs"
		of b survives "$lab/theirs"
		cmp "$lab/spoiled" "$lab/theirs"
		[ -z "$(find "$lab" -maxdepth 1 -name 'theirs-*')" ]
		of b look 'harmless("list", "--limit", "1000")' >"$lab/out"
	done < <(forge spoils)
	cp "$lab/good" "$lab/theirs"
	forge spoil "$lab/theirs" newer
	of b refused "$lab/theirs"
	says "$lab/theirs"
	forge spoil "$lab/theirs" other
	of b refused "$lab/theirs"
	# The bans that were good in them can still be had.
	of b replays --force "$lab/good"
}

@test "an archive whose bans have no numbers ends a replay" {
	ev ban sshd 192.0.2.1 1795458480.5
	archive backup "$lab/good" >"$lab/out"
	sqlite3 "$lab/good" '.dump ban' |
	    sed -e 's/ban(id INTEGER PRIMARY KEY/ban(id/' \
		-e "s/INSERT INTO ban VALUES(1,/INSERT INTO ban VALUES('abc',/" \
		>"$lab/dump"
	sqlite3 "$lab/good" 'PRAGMA foreign_keys = OFF; DROP TABLE ban' \
	    ".read $lab/dump"
	[ "$(sqlite3 "$lab/good" 'SELECT typeof(id) FROM ban')" = text ]
	refused "$lab/good"
	says number
}

@test "an archive with flipped bytes does no harm" {
	every_kind
	archive backup "$lab/good" >"$lab/out"
	another b
	of b ev ban sshd 192.0.2.1 1795458480.5
	cp -a "$lab/b/archive" "$lab/b/before"
	local n flips=10
	[ "${SOAK:-0}" = 1 ] && flips=500
	for ((n = 0; n < flips; n++)); do
		echo "flipped: $n"
		# No ban is left here that the flips before have brought.
		rm -rf "$lab/b/archive"
		cp -a "$lab/b/before" "$lab/b/archive"
		cp "$lab/good" "$lab/theirs"
		forge flip "$lab/theirs" $((${SEED:-1} * 1000 + n))
		of b survives "$lab/theirs"
	done
}

@test "a hostile database of fail2ban does no harm" {
	ev ban sshd 192.0.2.1 1795458480.5
	forge database "$lab/odd" 4 -10 sshd 192.0.2.2 600
	"$python" - "$lab/odd" <<-'END'
		import sqlite3, sys, time
		db, t = sqlite3.connect(sys.argv[1]), int(time.time()) - 5
		cells = [b'{"matches": [', b"", None, b"[]", 7, b"\xff\xfe", b"[" * 100000,
		    b'{"matches": 5, "failures": "x"}', b'{"failures": -1}', 1e300,
		    b'{"matches": ["\\ud800", "\\u0000"], "failures": 1e99}']
		for n, data in enumerate(cells):
		    db.execute("INSERT INTO bans VALUES('odd', ?, ?, 600, 1, ?)",
		        ("odd%d" % n, t, data))
		for row in (("odd", None, t, 1, 1), ("odd", "n", "never", 1, 1),
		    ("odd", b"\0\xff", t, 1, 1), ("", "", t, 1, 1), (None, "x", t, 1, 1),
		    ("odd", "t", t, "x", "y"), ("odd", "r", t, 4.5e300, -1e300),
		    ("odd", "m", -2 ** 63, 2 ** 63 - 1, 2 ** 63 - 1),
		    ("odd", "x" * 5000000, t, 1, 1), ("\x1b[31m", "\x1b[31m", t, 1, 1)):
		    try:
		        db.execute("INSERT INTO bans VALUES(?,?,?,?,?,'{}')", row)
		    except sqlite3.IntegrityError:
		        pass
		db.commit()
	END
	survives "$lab/odd"
	look 'row("sshd", "192.0.2.2")["failures"] == 4 and runs()[-1]["bad"] > 0'
	look 'harmless("list", "--limit", "1000")'
	sqlite3 "$lab/endless" "CREATE TABLE fail2banDb(version INTEGER);
	    INSERT INTO fail2banDb VALUES(4);
	    CREATE VIEW bans AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL
	        SELECT i + 1 FROM n) SELECT i AS rowid, 'sshd' AS jail,
	        '192.0.2.8' AS ip, 0 AS timeofban, 600 AS bantime,
	        1 AS bancount, '{}' AS data FROM n WHERE i < 0;
	    CREATE VIEW bips AS SELECT * FROM bans"
	refused "$lab/endless"
}

# ---------------------------------------------------------------------- runs --

@test "runs are listed, the newest first, and escaped for a terminal" {
	two_bans >"$lab/log1"
	replays "$lab/log1"
	printf 'sshd\n' >"$lab/"$'evil\e[31m\nname'
	archive replay "$lab/"$'evil\e[31m\nname' >"$lab/out" 2>&1 || true
	archive reconcile || true
	status 0 archive runs
	says replay
	says "$lab/log1"
	says completed
	says reconcile
	status 0 archive runs --kind replay
	[[ $said != *reconcile* ]]
	look 'len(harmless("runs").split("\n")) >= 3'
	status 0 archive runs --limit 1
	says reconcile
	[[ $said != *log1* ]]
	status 64 archive runs --limit x
	look 'harmless("runs", "--kind", "replay").index("evil") <
	    harmless("runs", "--kind", "replay").index("/log1")'
}
