# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
#
# tests/run and tests/deep are lists of parts. Here are the functions that
# install packages, build, run a part, and count its tests. Both scripts set
# $self, their own name, and source this file at the top of the tree; so do the
# shells that run one test file each. Nothing is done before a function is
# called.
#
# $self is set by the scripts, the rest is read by them.
# shellcheck disable=SC2034,SC2154

say() {
	printf '%s\n' "$*"
}

die() {
	say "$self: $*" >&2
	exit 2
}

# ----------------------------------------------------------------- packages --

# install.sh's own functions say which packages a system needs. On a system that
# they do not know, nothing is installed.
root='' force=1
# shellcheck source=helper/install/system.sh
. helper/install/system.sh

# find_missing PURPOSE...: set $missing to the packages that are not installed.
find_missing() {
	find_system
	missing=
	[ "$system" ] || return 0
	for package in $(packages_for "$@"); do
		is_installed "$package" || missing="$missing $package"
	done
}

# need_root WHY: the tests, too, need root.
need_root() {
	[ "$(id -u)" -ne 0 ] || return 0
	if [ "$missing" ]; then
		die "run it as root (sudo $self): it installs packages, and $1"
	fi
	die "run it as root (sudo $self): no package is missing, but $1"
}

install_missing() {
	[ "$missing" ] || return 0
	begin 'packages'
	# shellcheck disable=SC2086 # one word a package
	case $system in
	debian) debian_install $missing ;;
	fedora) dnf install -q -y $missing ;;
	alpine) apk add -q $missing ;;
	esac >"$tmp/packages" 2>&1 || {
		say 'FAILED'
		sed 's/^/        /' "$tmp/packages"
		die "the packages could not be installed:$missing"
	}
	say "installed                  $(seconds) s"
}

# Install packages so that a server among them, fail2ban or Prometheus, is started
# neither now nor at boot.
debian_install() {
	guard=/usr/sbin/policy-rc.d
	if [ -e $guard ]; then
		guard=
	else
		printf '#!/bin/sh\nexit 101\n' >$guard
		chmod 755 $guard
	fi
	apt-get update -q=2 || return
	DEBIAN_FRONTEND=noninteractive apt-get install -q=2 \
		--no-install-recommends "$@" || return
	[ -z "$guard" ] || rm -f $guard
	guard=
	case " $* " in
	*" fail2ban "*) systemctl -q disable fail2ban.service || : ;;
	esac
	case " $* " in
	*" prometheus "*) systemctl -q disable prometheus.service || : ;;
	esac
}

# ------------------------------------------------------------ the folder --

# make_folder_of_run: $tmp, where all is built and tested. It is removed at the
# end, but for a run that had failures. This tree is only read.
make_folder_of_run() {
	guard=
	tmp=$(mktemp -d "${TMPDIR:-/tmp}/fail2ban-archive-tests.XXXXXX")
	# Programs that refuse to run as root have their folders in it.
	chmod 711 "$tmp"
	trap cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	export TMPDIR="$tmp"
}

cleanup() {
	[ -z "$guard" ] || rm -f "$guard"
	[ "$failed" -ne 0 ] || rm -rf "$tmp"
}

# ----------------------------------------------------------------- counting --

passed=0 failed=0 skipped=0

# begin NAME: the part's line begins; count, skip or say ends it.
begin() {
	name=$1 began=$(date +%s)
	printf '%-36s' "$name"
}

seconds() {
	printf '%4d' $(($(date +%s) - began))
}

# result PASSED FAILED SKIPPED: the end of a part's line.
result() {
	of=
	[ "$3" -eq 0 ] || of=", $3 skipped"
	if [ "$2" -eq 0 ]; then
		printf '%5d ok%-13s %s s\n' "$1" "$of" "$(seconds)"
	else
		printf '%5d of %d FAILED%s %s s\n' "$2" $(($1 + $2)) "$of" "$(seconds)"
	fi
}

# add PASSED FAILED SKIPPED
add() {
	passed=$((passed + $1)) failed=$((failed + $2)) skipped=$((skipped + $3))
}

# show FILE FAILED: print the reasons of skipped tests. Where some failed, print
# the first hundred lines without the tests that passed; else the figures that
# the tests measured.
show() {
	sed -n 's/^ok .*# *[Ss][Kk][Ii][Pp]\(.*\)/        skipped:\1/p' "$1"
	if [ "$2" -eq 0 ]; then
		sed -n -e 's/^# \(.*[0-9].*\)/        \1/p' \
			-e 's/^faults tried/        &/p' "$1"
	else
		grep -v -e '^ok ' -e '^[0-9]*\.\.[0-9]*$' "$1" |
			cut -c 1-300 | sed -e 's/^/        /' -e 100q
	fi
}

# judge FILE STATUS: print "PASSED FAILED SKIPPED" of a command that wrote TAP
# and ended with that status. A planned test without a result has failed; and so
# has one more where the command failed, or said nothing, and names none.
judge() {
	awk -v status="$2" '
		/^1\.\.[0-9]+/ { split($1, plan, /\.\./); planned += plan[2] }
		/^ok .*# *[Ss][Kk][Ii][Pp]/ { skipped++; next }
		/^ok / { ok++ }
		/^not ok / { bad++ }
		END {
			missing = planned - ok - bad - skipped
			if (missing > 0) bad += missing
			if (!bad && (status != 0 || ok + skipped == 0)) bad = 1
			print ok + 0, bad + 0, skipped + 0
		}' "$1"
}

# check NAME COMMAND...: one test, which passes when the command does.
check() {
	begin "$1"
	shift
	if "$@" >"$tmp/said" 2>&1; then
		add 1 0 0
		result 1 0 0
	else
		add 0 1 0
		result 0 1 0
		show "$tmp/said" 1
	fi
}

# tap NAME COMMAND...: as many tests as the command says in TAP.
tap() {
	begin "$1"
	shift
	status=0
	"$@" >"$tmp/said" 2>&1 </dev/null || status=$?
	# shellcheck disable=SC2046 # three numbers
	set -- $(judge "$tmp/said" "$status")
	add "$@"
	result "$@"
	show "$tmp/said" "$2"
}

# skip NAME WHY: one test that cannot be run here.
skip() {
	begin "$1"
	add 0 0 1
	say "    skipped: $2"
}

# finish: the last line, and the exit status. Where $TOTALS is a file, the
# figures join it: whoever has set that prints one line for all.
finish() {
	[ "$failed" -eq 0 ] || say "kept: $tmp"
	if [ "${TOTALS:-}" ]; then
		say "$passed $failed $skipped" >>"$TOTALS"
	else
		say "$passed passed, $failed failed, $skipped skipped"
	fi
	[ "$failed" -eq 0 ]
}

# ------------------------------------------------------------ build and run --

cores=$(nproc)
# Most test files wait for a server most of the time.
at_once=$((6 * cores))

optimized='-O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong'

# build NAME CC FLAGS [VARIABLE=VALUE...]: the program and all for its tests.
build() {
	name=$1 compiler=$2 flags=$3
	shift 3
	make -s -j"$cores" BUILD="$tmp/$name" CC="$compiler" \
		CFLAGS="$flags -Werror" "$@" all units rulers
}

# tap_file FILE COMMAND...: what it says goes to the file, "PASSED FAILED
# SKIPPED" to FILE.count.
tap_file() {
	file=$1 status=0
	shift
	"$@" >"$file" 2>&1 </dev/null || status=$?
	judge "$file" "$status" >"$file.count"
}

# units BUILD [COMMAND...]: each unit program, run by that command, as many at
# once as there are cores. One part.
units() {
	build=$1
	shift
	rm -rf "$tmp/units"
	mkdir "$tmp/units"
	# shellcheck disable=SC2016 # the other shell expands it
	printf '%s\n' tests/unit/test_*.c | sed -e 's|.*/||' -e 's|\.c$||' |
		CMOCKA_MESSAGE_OUTPUT=TAP xargs -P "$cores" -I {} sh -c '
			. tests/lib/parts.sh
			tap_file "$@"' sh "$tmp/units/{}" "$@" "$build/{}" || :
	sum "$tmp/units"
}

# sum FOLDER: end the part's line with the sums of the tests there.
sum() {
	# shellcheck disable=SC2046 # three numbers
	set -- "$1" $(cat "$1"/*.count | awk '
		{ ok += $1; bad += $2; skipped += $3 }
		END { print ok + 0, bad + 0, skipped + 0 }')
	add "$2" "$3" "$4"
	result "$2" "$3" "$4"
	for file in "$1"/*.count; do
		read -r _ bad _ <"$file"
		show "${file%.count}" "$bad"
	done
}

# bats_file BUILD FOLDER FILE: one test file, a part of its own.
bats_file() {
	name=${3##*/} began=$(date +%s)
	name=${name%.bats}
	mkdir -p "$2/$name.d"
	TMPDIR=$2/$name.d BUILD=$1 tap_file "$2/$name" bats --tap -T "$3"
	# shellcheck disable=SC2046 # three numbers
	set -- "$2/$name" $(cat "$2/$name.count")
	# In one go, as others write lines as well.
	say "$(printf '%-36s' "$name")$(
		shift
		result "$@"
	)"
	rmdir "$1.d" 2>/dev/null || :
}

# bats_files BUILD FILE...: test files, several at once, each a part.
bats_files() {
	export BUILD="$1"
	[ -x "$BUILD/fail2ban-archive" ] || return 0
	shift
	# Two files of one name would write to the same places.
	twice=$(printf '%s\n' "$@" | sed 's|.*/||' | sort | uniq -d)
	[ -z "$twice" ] || check "one test file is named $twice" false
	[ "${SLOWNESS:-}" ] || calibrate
	rm -rf "$tmp/bats"
	mkdir "$tmp/bats"
	# shellcheck disable=SC2016 # the other shell expands it
	printf '%s\n' "$@" | xargs -P "$at_once" -I {} sh -c '
		. tests/lib/parts.sh
		bats_file "$@"' sh "$BUILD" "$tmp/bats" {} || :
	for file in "$tmp"/bats/*.count; do
		read -r ok bad left <"$file"
		add "$ok" "$bad" "$left"
		show "${file%.count}" "$bad" >"$tmp/said"
		[ -s "$tmp/said" ] || continue
		name=${file##*/}
		say "${name%.count}:"
		cat "$tmp/said"
	done
}

# calibrate: export SLOWNESS, by which each deadline of the bats tests is
# multiplied: from 2 to 20. It follows from how long this machine takes for a known
# piece of work, done as many times at once as there are test files at once. An
# idle machine does it once in 0.2 s.
calibrate() {
	SLOWNESS=$(python3 - "$at_once" <<-'END'
		import subprocess, sys, time
		began = time.monotonic()
		runs = [subprocess.Popen(["fail2ban-client", "--version"],
		                         stdout=subprocess.DEVNULL)
		        for _ in range(int(sys.argv[1]))]
		for run in runs:
		    run.wait()
		print(max(2, min(20, 1 + int((time.monotonic() - began) / 0.2))))
	END
	) || SLOWNESS=10
	export SLOWNESS
	say "(each deadline is multiplied by $SLOWNESS, as measured on this machine)"
}
