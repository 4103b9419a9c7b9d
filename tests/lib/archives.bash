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

# another NAME [LINE...]: make another archive, and its config with these lines.
another() {
	local lab=$lab/$1
	mkdir "$lab"
	: >"$lab/calls"
	config "${@:2}"
}

# of NAME COMMAND...: run the command with the lab of that archive as $lab.
of() {
	local lab=$lab/$1
	LAB=$lab "${@:2}"
}

# all_but_rev: print the export without rev, which counts within one archive only,
# and sorted, because bans of the same moment have no fixed order.
all_but_rev() {
	archive export | sed 's/,"rev":[0-9]*}$/}/' | LC_ALL=C sort
}

# same_as NAME [FILTER...]: the archive NAME and this one have the same bans after
# the filter.
same_as() {
	local name=$1
	shift
	[ $# -gt 0 ] || set -- cat
	all_but_rev | "$@" >"$lab/of_here"
	of "$name" all_but_rev | "$@" >"$lab/of_$name"
	diff "$lab/of_here" "$lab/of_$name" | head -n 20 >&2
	cmp "$lab/of_here" "$lab/of_$name"
}

# replays SOURCE...: the replay succeeds; its output is in $said.
replays() { status 0 archive replay "$@"; }

# ends_badly WORDS...: the program fails, not by a signal; its output is in $said.
ends_badly() {
	local got=0
	said=$(archive "$@" 2>&1) || got=$?
	if ((got == 0 || got > 127)) || [[ $said == *'unknown command'* ]]; then
		echo "exit status $got of: $*" >&2
		echo "$said" >&2
		return 1
	fi
}

# last_run KEY=VALUE...: the newest run has these values; a text is in quotes.
last_run() { look "same(runs()[-1], dict($(IFS=,; echo "$*")))"; }

# adds_nothing SOURCE...: the archive has all of the source already: the replay
# counts no change, and the export stays the same. The source may have been
# completed before.
adds_nothing() {
	archive export >"$lab/unchanged"
	replays --force "$@"
	last_run 'state="completed"' added=0 changed=0
	archive export | diff - "$lab/unchanged" | head -n 20 >&2
	archive export | cmp - "$lab/unchanged"
}

# hostile SOURCE...: its replay ends within a minute with an exit status of the
# manual, which is in $got, and with a message; the archive is sound.
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

# refused SOURCE...: the replay fails, and all bans are as before.
refused() {
	hostile "$@"
	[ "$got" -ne 0 ] || {
		echo "not refused: replay $*" >&2
		echo "$said" >&2
		return 1
	}
	archive export 2>"$lab/out" | cmp - "$lab/unchanged"
}

# survives SOURCE...: the replay may succeed or fail, and may add bans; every ban of
# before is as it was.
survives() {
	hostile "$@"
	archive export 2>"$lab/out" | LC_ALL=C sort |
	    LC_ALL=C comm -13 - <(LC_ALL=C sort "$lab/unchanged") >"$lab/lost"
	diff "$lab/lost" - </dev/null
}

# killed_at CALL N WORDS...: kill the program when it makes that call the N-th
# time. Fails when the program has succeeded before that.
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

# calls_of CALL WORDS...: print how often the program makes that call in all.
calls_of() {
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 \
	    strace -f -qq -o "$lab/trace" -e trace="$1" \
	    "$program" -c "$lab/archive.cfg" "${@:2}" >"$lab/out" 2>&1
	grep -c "$1(" "$lab/trace"
}

# held: print the ids that the running server has banned, "JAIL ID" a line, sorted.
# Only this question's answer keeps an id with a blank on one line.
held() {
	local jail
	for jail in "$lab"/etc/jail.d/*.conf; do
		jail=${jail##*/}
		jail=${jail%.conf}
		client get "$jail" banip --with-time |
			sed -n "s/^\(.*[^ \t]\)[ \t]*\t[0-9-]* [0-9:]* + .*/$jail \1/p"
	done | LC_ALL=C sort
}

# live: print the ids of the archive's live bans in the same form.
live() {
	figure '"\n".join("%s %s" % (r["jail"], r["ident"]) for r in rows()
	    if r["ended_us"] is None)' | LC_ALL=C sort
}
