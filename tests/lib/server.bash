# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A real fail2ban server, private to one test: its own folder $lab with its own
# config, socket, database and log, and beside them the archive. A test file
# begins with `load ../lib/server` and has lab_setup and lab_teardown called.
# The folder is kept, and named, when the test fails.
#
# Functions with optional arguments get them from the tests.
# shellcheck disable=SC2119,SC2120
#
# BUILD      folder with the program (default: build/ of this tree)
# SLOWNESS   factor on all deadlines (default 1); tests/run measures it
# SLOW_BUILD divides the size of some tests (default 1), for a slow build

bats_require_minimum_version 1.5.0

root=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
program=${BUILD:-$root/build}/fail2ban-archive
event_program=$program-event
slowness=${SLOWNESS:-1}
# shellcheck disable=SC2034 # for the tests
slow_build=${SLOW_BUILD:-1}

# The ban time of a ban that is to run out. Under load fail2ban makes no ban of a
# failure whose time is up by then; so who makes a crowd of bans takes longer ones.
# shellcheck disable=SC2034 # for the tests
briefly=$((2 + slowness))

# fail2ban's own interpreter and modules: where fail2ban is, these are.
python=/usr/bin/python3

setup() { lab_setup; }
teardown() { lab_teardown; }

lab_setup() {
	lab=$(mktemp -d "${TMPDIR:-/tmp}/lab.XXXXXX")
	mkdir -p "$lab"/{etc/{action,filter,jail}.d,log,run}
	# The sanitizers report to files: fail2ban swallows stderr.
	export ASAN_OPTIONS=log_path=$lab/sanitizer
	export UBSAN_OPTIONS=log_path=$lab/sanitizer:print_stacktrace=1
	export LAB=$lab PROGRAM=$program
	server=
	started=()

	config
	sed "s/^timeout = 4\$/timeout = $((4 * slowness))/" \
	    "$root/action.d/fail2ban-archive.conf" \
	    >"$lab/etc/action.d/fail2ban-archive.conf" || true
	# The action calls this helper: it notes its arguments, then becomes
	# the events' program. An argument ends in a unit separator, a call in a newline.
	cat >"$lab/helper" <<-END
		#!/bin/sh
		{ for word; do printf '%s\037' "\$word"; done; echo; } >>"$lab/calls"
		exec "$event_program" "\$@"
	END
	chmod +x "$lab/helper"
	: >"$lab/calls"

	cat >"$lab/etc/filter.d/lab.conf" <<-'END'
		[Definition]
		failregex = ^ lab: auth failure user=<F-USER>.*?</F-USER> from <ADDR>$
		            ^ lab: session id=<F-ID>.+?</F-ID> from <ADDR>$
		            ^ lab: token id=<F-ID>.+?</F-ID> refused$
		            ^ lab: network failure from <SUBNET>$
		datepattern = {^LN-BEG}Epoch
	END
	cat >"$lab/etc/jail.conf" <<-END
		[DEFAULT]
		enabled = true
		backend = polling
		usedns = no
		ignoreself = false
		filter = lab
		bantime = 600
		findtime = 600
		maxretry = 1
		logpath = $lab/log/%(__name__)s
		action = fail2ban-archive[helper="$lab/helper", config="$lab/archive.cfg"]
	END
	server_config
}

lab_teardown() {
	local pid
	for pid in "${started[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	if compgen -G "$lab/sanitizer*" >/dev/null; then
		cat "$lab"/sanitizer* >&2
		echo "kept: $lab" >&2
		return 1
	fi
	if [ -n "${BATS_TEST_COMPLETED:-}" ]; then
		# The command of a server that was killed may write still.
		wait_for 10 rm -rf "$lab" 2>/dev/null
	else
		echo "kept: $lab; the end of its fail2ban.log:" >&2
		tail -n 25 "$lab/fail2ban.log" >&2 2>/dev/null || true
	fi
}

# but_for KEYS LINE...: print the lines that set none of these keys, ` KEY `.
but_for() {
	local line keys=$1
	shift
	for line; do
		[[ $keys == *" ${line%% *} "* ]] || echo "$line"
	done
}

# config [LINE...]: write the archive's config; these lines replace the usual ones of
# the same keys.
config() {
	{
		but_for " $(printf '%s\n' "$@" | cut -d ' ' -f 1 | tr '\n' ' ')" \
		    "archive = \"$lab/archive/archive.sqlite3\";" \
		    "spool = \"$lab/spool\";" \
		    "fail2ban_socket = \"$lab/run/sock\";" \
		    "fail2ban_database = \"$lab/fail2ban.sqlite3\";" \
		    "geo = [\"$root/tests/samples/places\"];" \
		    'interval = 1;' "run_deadline = $((5 * slowness));"
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$lab/archive.cfg"
}

# server_config [LINE...]: write fail2ban.conf in the same way.
server_config() {
	{
		echo '[DEFAULT]'
		but_for " $(printf '%s\n' "$@" | cut -d ' ' -f 1 | tr '\n' ' ')" \
		    'loglevel = INFO' "logtarget = $lab/fail2ban.log" \
		    'syslogsocket = auto' "socket = $lab/run/sock" \
		    "pidfile = $lab/run/pid" "dbfile = $lab/fail2ban.sqlite3" \
		    'dbpurgeage = 1d' 'dbmaxmatches = 10' 'allowipv6 = auto'
		[ $# -eq 0 ] || printf '%s\n' "$@"
		echo '[Definition]'
	} >"$lab/etc/fail2ban.conf"
}

# jail NAME [KEY=VALUE...]: make or replace a jail, which reads log/NAME.
jail() {
	local name=$1
	shift
	[ -e "$lab/log/$name" ] || : >"$lab/log/$name"
	{
		echo "[$name]"
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$lab/etc/jail.d/$name.conf"
}

# fails JAIL TEXT...: add each text as a line to the jail's log, stamped with the
# present time or with $at.
fails() {
	local name=$1 text
	shift
	for text; do
		printf '%s lab: %s\n' "${at:-$EPOCHREALTIME}" "$text" >>"$lab/log/$name"
	done
}

client() { fail2ban-client -c "$lab/etc" -s "$lab/run/sock" "$@"; }

# in_background PROGRAM...: run a program that ends with the test; $! is its id.
in_background() {
	"$@" </dev/null >>"$lab/out" 2>&1 3>&- &
	started+=("$!")
}

archive_in_background() { in_background "$program" -c "$lab/archive.cfg" "$@"; }

server_start() {
	: >"$lab/ready"
	fail2ban-server -c "$lab/etc" -s "$lab/run/sock" -p "$lab/run/pid" \
	    -f start </dev/null >"$lab/ready" 2>&1 3>&- &
	server=$!
	started+=("$server")
	wait_for 20 grep -q 'Server ready' "$lab/ready" || {
		cat "$lab/ready" >&2
		return 1
	}
}

server_stop() {
	client stop >/dev/null
	wait "$server" || true
}

server_kill() {
	kill -KILL "$server"
	wait "$server" 2>/dev/null || true
	rm -f "$lab/run/sock" "$lab/run/pid"
}

# wait_for SECONDS COMMAND...: run the command again until it succeeds.
wait_for() {
	local deadline=$((${EPOCHREALTIME/./} + $1 * 1000000 * slowness))
	shift
	until "$@"; do
		((${EPOCHREALTIME/./} < deadline)) || {
			echo "waited in vain for: $*" >&2
			return 1
		}
		sleep 0.1
	done
}

# as_nobody COMMAND...: run a command as a user who is not root, and who finds $lab
# at /mnt, because the folders above $lab may be closed to that user.
as_nobody() {
	chmod 755 "$lab"
	# shellcheck disable=SC2016 # the inner shell expands them
	unshare --mount sh -euc 'mount --bind "$LAB" /mnt
		exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"' sh "$@"
}

# past SECOND: the clock is past that second.
past() { ((${EPOCHREALTIME/./} > $1 * 1000000)); }

logged() { grep -qF -- "$1" "$lab/fail2ban.log"; }

archive() { "$program" -c "$lab/archive.cfg" "$@"; }

# sqlite3's shell does not wait for a lock, unless it is asked to.
sqlite3() { command sqlite3 -cmd ".timeout $((10000 * slowness))" "$@"; }

# status N COMMAND...: the command has exit status N; its output is in $said.
status() {
	local want=$1 got=0
	shift
	said=$("$@" 2>&1) || got=$?
	[ "$got" -eq "$want" ] || {
		echo "exit status $got, not $want, of: $*" >&2
		echo "$said" >&2
		return 1
	}
}

says() {
	[[ $said == *"$1"* ]] || {
		printf 'not said: %s\nsaid: %s\n' "$1" "$said" >&2
		return 1
	}
}

# look EXPRESSION [NAME=VALUE...]: the expression, in the words of look.py, is true of
# the archive and of fail2ban's own database and log. soon: it becomes true. Both
# take the names as Python strings.
look() { "$python" "$root/tests/lib/look.py" 0 "$@"; }
soon() { "$python" "$root/tests/lib/look.py" "$((15 * slowness))" "$@"; }
# eventually: the expression becomes true, if need be after a reconcile: an event
# does not wait until fail2ban has written its database.
eventually() {
	"$python" "$root/tests/lib/look.py" "$((2 * slowness))" "$@" 2>/dev/null || {
		archive reconcile
		soon "$@"
	}
}
within_a_second() { "$python" "$root/tests/lib/look.py" "$slowness" "$@"; }

# figure EXPRESSION [NAME=VALUE...]: print the value of the expression.
figure() { "$python" "$root/tests/lib/look.py" print "$@"; }
