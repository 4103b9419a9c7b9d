# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# More than one archive in a test, the results of replay and reban, and a program
# that is killed at a chosen call. Loaded after server.
#
# lib/server.bash assigns the variables that are not assigned here.
# shellcheck disable=SC2154
#
# SEED       chooses what is left to chance (default 1)
# SOAK       1: all sizes in full

# The lab of another archive is a folder in the first one's: there it has its
# own config, archive and spool, and whatever look.py asks of fail2ban.

# another NAME [LINE...]: makes one, its config as config does.
another() {
	local lab=$lab/$1
	mkdir "$lab"
	: >"$lab/calls"
	config "${@:2}"
}

# of NAME COMMAND...: with the lab of that one for $lab.
of() {
	local lab=$lab/$1
	LAB=$lab "${@:2}"
}

# all_but_rev: what export says, but for what counts within one archive only,
# and for the order of bans that began in the same moment.
all_but_rev() {
	archive export | sed 's/,"rev":[0-9]*}$/}/' | LC_ALL=C sort
}

# same_as NAME [FILTER...]: of NAME the bans are those of this archive, when both
# have gone through the filter.
same_as() {
	local name=$1
	shift
	[ $# -gt 0 ] || set -- cat
	all_but_rev | "$@" >"$lab/of_here"
	of "$name" all_but_rev | "$@" >"$lab/of_$name"
	diff "$lab/of_here" "$lab/of_$name" | head -n 20 >&2
	cmp "$lab/of_here" "$lab/of_$name"
}

# replays SOURCE...: it ends well; what it says is in $said.
replays() { status 0 archive replay "$@"; }

# ends_badly WORDS...: the program does, but by itself; what it says is in $said.
ends_badly() {
	local got=0
	said=$(archive "$@" 2>&1) || got=$?
	if ((got == 0 || got > 127)) || [[ $said == *'unknown command'* ]]; then
		echo "exit status $got of: $*" >&2
		echo "$said" >&2
		return 1
	fi
}

# last_run KEY=VALUE...: of the newest run; a text in quotes.
last_run() { look "same(runs()[-1], dict($(IFS=,; echo "$*")))"; }

# adds_nothing SOURCE...: all in it is here already: neither the figures of its
# run nor a byte of what export says tell of a change. It may have been completed
# before.
adds_nothing() {
	archive export >"$lab/unchanged"
	replays --force "$@"
	last_run 'state="completed"' added=0 changed=0
	archive export | diff - "$lab/unchanged" | head -n 20 >&2
	archive export | cmp - "$lab/unchanged"
}

# hostile SOURCE...: the replay of it ends with one of the statuses that are in
# the manual, in $got, and with a word about it, within a minute; the archive is
# sound.
hostile() {
	got=0
	archive export >"$lab/unchanged" 2>"$lab/out" || true
	said=$(timeout "$((60 * slowness))" "$program" -c "$lab/archive.cfg" \
	    replay "$@" 2>&1 </dev/null) || got=$?
	case $got in
	0 | 6[4569] | 7[0134567]) ;;
	*)
		echo "exit status $got of: replay $*" >&2
		echo "$said" >&2
		return 1
		;;
	esac
	[ -n "$said" ]
	[[ $said != *'unknown command'* ]]
	[ ! -e "$lab/archive/archive.sqlite3" ] || archive verify >"$lab/out"
}

# refused SOURCE...: that is not done, and no ban is other than before.
refused() {
	hostile "$@"
	[ "$got" -ne 0 ] || {
		echo "not refused: replay $*" >&2
		echo "$said" >&2
		return 1
	}
	archive export 2>"$lab/out" | cmp - "$lab/unchanged"
}

# survives SOURCE...: it may be done or not, and bans may have come; every ban
# that was here is as it was.
survives() {
	hostile "$@"
	archive export 2>"$lab/out" | LC_ALL=C sort |
	    LC_ALL=C comm -13 - <(LC_ALL=C sort "$lab/unchanged") >"$lab/lost"
	diff "$lab/lost" - </dev/null
}

# killed_at CALL N WORDS...: the program is killed when it makes that call the
# N-th time. Fails where it came to its end before, which must be a good one.
killed_at() {
	local rc=0
	# The leak check cannot run in a traced process.
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 \
	    strace -f -qq -o /dev/null -e trace="$1" \
	    -e inject="$1:signal=KILL:when=$2" \
	    "$program" -c "$lab/archive.cfg" "${@:3}" >"$lab/killed" 2>&1 || rc=$?
	case $rc in
	137) return 0 ;;
	0) return 1 ;;
	*)
		echo "exit status $rc of: ${*:3}" >&2
		cat "$lab/killed" >&2
		echo "$rc" >>"$lab/ended_badly"
		return 1
		;;
	esac
}

# calls_of CALL WORDS...: how often the program makes that call, to its end.
calls_of() {
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 \
	    strace -f -qq -o "$lab/trace" -e trace="$1" \
	    "$program" -c "$lab/archive.cfg" "${@:2}" >"$lab/out" 2>&1
	grep -c "$1(" "$lab/trace"
}

# The ids that the running server holds, "JAIL ID" a line, sorted. A blank in an
# id is a line of its own in no answer but this one.
held() {
	local jail
	for jail in "$lab"/etc/jail.d/*.conf; do
		jail=${jail##*/}
		jail=${jail%.conf}
		client get "$jail" banip --with-time |
			sed -n "s/^\(.*[^ \t]\)[ \t]*\t[0-9-]* [0-9:]* + .*/$jail \1/p"
	done | LC_ALL=C sort
}

# The same of the archive.
live() {
	figure '"\n".join("%s %s" % (r["jail"], r["ident"]) for r in rows()
	    if r["ended_us"] is None)' | LC_ALL=C sort
}
