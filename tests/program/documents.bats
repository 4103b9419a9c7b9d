#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The manual, the README and the completion name what the program has: the tests
# ask the program itself for that.
#
# $lab, $root and the like are from lib/server; what is read here has one word
# a line.
# shellcheck disable=SC2013,SC2154

load ../lib/server

manual=$root/helper/dist/fail2ban-archive.8
config_manual=$root/helper/dist/fail2ban-archive.cfg.5
readme=$root/README.md
example=$root/helper/dist/fail2ban-archive.cfg

# The verbs, as the program's help has them.
verbs() { "$program" --help | sed -n 's/^  \([a-z]\{1,\}\) .*/\1/p'; }

# "jail NAME" for each option of a verb, as its help has them.
options_of() {
	"$program" "$1" --help |
		sed -n 's/^  --\([a-z-]*\(\[=\| \)[^ ]*\) .*/\1/p' |
		sed 's/ *$//; s/\[=/ [=/'
}

# choices VERB OPTION: "a, b or c" of its help, one a line.
choices() {
	"$program" "$1" --help | grep "^  --$2 " |
		grep -oE '([a-z]+, )+[a-z]+ or [a-z]+' | sed 's/,\{0,1\} \(or \)\{0,1\}/\n/g'
}

# The keys of the configuration, as "interval 300", from the example of it.
defaults() { sed -n 's/^#\([a-z0-9_]*\) = "\{0,1\}\([^"]*\)"\{0,1\};$/\1 \2/p' "$example"; }

# key_item KEY: what the manual of the configuration says of a key.
key_item() {
	sed -n "/^\.It Va $1\$/,/^\.It \|^\.El/p" "$config_manual" |
		sed -e 's/^\.[A-Z][a-z] //' | paste -sd ' ' -
}

# in_manual LINE: the manual has just this line.
in_manual() {
	grep -qFx -- "$1" "$manual" || {
		echo "not in the manual: $1" >&2
		return 1
	}
}

# installed: the path of each file that make install writes.
installed() {
	make -C "$root" -n uninstall BUILD="$lab/build" | grep '^rm ' |
		tr -s ' \n' '\n' | grep ^/
	echo /etc/fail2ban-archive.cfg
}

# further_places: the other files of ours, that the program and the scripts write.
further_places() {
	defaults | sed -n 's/^[a-z]* \(.*\/fail2ban-archive\/\)/\1/p'
	# shellcheck disable=SC2016 # the other shell expands it
	sh -c 'cd "$1"
		. helper/install/setup.sh
		. helper/install/system.sh
		dry_run=1 prefix=/usr/local self=
		begin
		printf "%s\n" "$jail_file" "$cron_file" "$crontab" \
			"$units/fail2ban.service.d/$action.conf"' sh "$root"
	sed -n 's/^\([-.][^ 	]*\).*/archive.sqlite3\1/p' "$root/helper/archive/beside"
}

# files_in_manual: those of the section FILES.
files_in_manual() {
	sed -n '/^\.Sh FILES/,/^\.Sh /s/^\.\(It \)\{0,1\}Pa //p' "$manual" |
		sed 's/ , /\n/g; s/ \.$//'
}

# completes WORD... : what is offered for the last word, in one line.
completes() {
	# shellcheck disable=SC2016 # the other shell expands it
	"$BASH" -c '
		PATH=${0%/*}:$PATH
		. "$1" && shift
		COMP_WORDS=("${0##*/}" "$@") COMP_CWORD=$#
		_fail2ban_archive "$0" "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
		echo "${COMPREPLY[*]}"' \
		"$program" "$root/helper/dist/completion/fail2ban-archive.bash" "$@"
}

# offered WANT WORD...
offered() {
	local want=$1 got
	shift
	got=$(completes "$@")
	[ "$got" = "$want" ] || {
		echo "offered for '$*': $got" >&2
		return 1
	}
}

# -------------------------------------------------------------- the manual --

@test "the manual names every command" {
	local verb n=0
	for verb in $(verbs); do
		grep -q "^\.It Cm $verb\( \|\$\)" "$manual"
		grep -q "^\.Cm .*\<$verb\>" "$manual"
		((++n))
	done
	[ "$n" -ge 15 ]
}

@test "the manual names no command that the program does not have" {
	diff <({ verbs; echo complete; } | sort) \
		<(sed -n 's/^\.It Cm \([a-z]*\).*/\1/p' "$manual" | sort -u)
	status 0 "$program" complete ''
}

@test "the manual of the events' program names its commands, and no others" {
	diff <("$event_program" --help | sed -n 's/^  \([a-z]\{1,\}\) .*/\1/p') \
		<(sed -n 's/^\.Cm //p' "$root/helper/dist/fail2ban-archive-event.8" | sed 's/ | /\n/g')
}

@test "the manual of the fleet's program names its commands and options, and no others" {
	local verb=push push=$root/helper/dist/fail2ban-archive-push.8
	diff <("$program-push" --help | sed -n 's/^  \([a-z]\{1,\}\) .*/\1/p' | sort) \
		<(sed -n 's/^\.It Cm \([a-z]*\).*/\1/p' "$push" | sort -u)
	diff <(for verb in push blocklist; do
		"$program-push" "$verb" --help | sed -n 's/^  --\([a-z-]*\)\( [A-Z][^ ]*\)\{0,1\} .*/\1\2/p'
	done | sort) <(sed -n 's/^\.It Fl -//p' "$push" | sed 's/ Ar / /' | sort)
}

@test "the central schema has all that the manual of the fleet's program asks" {
	local name n=0 push=$root/helper/dist/fail2ban-archive-push.8
	for name in $(grep -oE 'fail2ban_archive\.[a-z_]+|fail2ban_archive_[a-z]+' "$push" | sort -u); do
		grep -qE "(TABLE|VIEW|FUNCTION|ROLE) $name\>" "$root"/helper/fleet/sql/*.sql || {
			echo "not in the schema: $name" >&2
			return 1
		}
		((++n))
	done
	[ "$n" -ge 10 ]
}

@test "each manual that another one names is there, and is installed" {
	local name section n=0
	while read -r name section; do
		[ -f "$root/helper/dist/$name.$section" ]
		installed | grep -qx "/usr/local/share/man/man$section/$name.$section"
		((++n))
	done < <(cat "$root"/helper/dist/*.[58] |
		sed -n 's/^\.Xr \(fail2ban-archive[^ ]*\) \([0-9]\).*/\1 \2/p')
	[ "$n" -ge 8 ]
	diff <(installed | sed -n 's|.*/man[0-9]/||p' | sort) \
		<(cd "$root/helper/dist" && ls -- *.[58])
}

@test "the manual names every option of every command, with its argument" {
	local verb name argument n=0
	for verb in $(verbs); do
		while read -r name argument; do
			case $argument in
			'[='*']') argument=${argument:2:-1} &&
				in_manual ".It Fl -$name Ns Op = Ns Ar $argument" ;;
			*) in_manual ".It Fl -$name${argument:+ Ar $argument}" ;;
			esac
			((++n))
		done < <(options_of "$verb")
	done
	[ "$n" -ge 55 ]
}

@test "the manual names no option that no command has" {
	local name
	for verb in $(verbs); do options_of "$verb"; done >"$lab/options"
	for name in $(sed -n 's/^\.It Fl -\([a-z-]*\).*/\1/p' "$manual"); do
		case $name in help | version) continue ;; esac
		grep -q "^$name\( \|\$\)" "$lab/options" || {
			echo "no such option: --$name" >&2
			return 1
		}
	done
}

@test "the manual names every key of the configuration, with its default" {
	local key default n=0
	while read -r key default; do
		[[ $(key_item "$key") == *"Default: ${default:-empty}"* ]] || {
			echo "not the default of $key: $default" >&2
			return 1
		}
		((++n))
	done < <(defaults)
	[ "$n" -ge 11 ]
}

@test "the manual names no key that the configuration does not have, and none twice" {
	diff <(sed -n 's/^\.It Va //p' "$config_manual" | sort) \
		<(sed -n 's/^#\([a-z0-9_]*\) = .*/\1/p' "$example" | sort)
}

@test "the manual gives the range of every number in the configuration" {
	local key range n=0
	for key in $(defaults | sed -n 's/ [0-9]\{1,\}$//p'); do
		echo "$key = -1;" >"$lab/bad.cfg"
		status 78 "$program" -c "$lab/bad.cfg" list
		range=${said##*must be from }
		[[ $(key_item "$key") == *" $range"* ]] || {
			echo "not the range of $key: $range" >&2
			return 1
		}
		((++n))
	done
	[ "$n" -ge 6 ]
}

@test "the manual explains every field that export writes" {
	local field n=0
	archive ban --jail sshd --id 192.0.2.1 --time "$EPOCHSECONDS"
	for field in $(archive export | jq -r 'keys_unsorted[]'); do
		grep -qx "\.It Va $field" "$manual"
		((++n))
	done
	[ "$n" -eq 18 ]
}

@test "the view for people has the fields of export" {
	archive ban --jail sshd --id 192.0.2.1 --time "$EPOCHSECONDS"
	diff <(archive export | jq -r 'keys_unsorted[]' | sort) \
		<(sqlite3 -readonly -cmd '.timeout 5000' "$lab/archive/archive.sqlite3" \
			"SELECT name FROM pragma_table_info('bans')" | sort)
}

@test "the manual explains every way in which a ban ends" {
	local why n=0
	for why in $(sed -n 's/^\t\[BAN_.*\] = "\(.*\)",$/\1/p' "$root/helper/ban/end.c"); do
		in_manual ".It Sy $why"
		((++n))
	done
	[ "$n" -ge 4 ]
}

@test "the manual explains every origin, witness, kind of source and of run" {
	local word n=0
	for word in $(sed -n 's/^\t\[BAN_FROM_.*\] = "\(.*\)",$/\1/p' \
		"$root/helper/ban/ban.c") event database import $(choices replay format) \
		$(choices runs kind); do
		grep -q "^\.Ql $word\( ,\| \.\|\$\)" "$manual" || {
			echo "not in the manual: $word" >&2
			return 1
		}
		((++n))
	done
	[ "$n" -ge 15 ]
}

@test "the manual lists every exit status, and no other" {
	diff <(find "$root/helper" -name '*.c' -exec cat {} + |
		grep -oE '\<EX_[A-Z]*\>|^#define NEVER_BANNED [0-9]+$' | sort -u |
		sed -e '1i#include <sysexits.h>' -e 's/^#define [A-Z_]* //' |
		cc -E -P - | sort -n) \
		<(sed -n '/^\.Sh EXIT STATUS/,/^\.Sh /s/^\.It \([0-9]*\)$/\1/p' "$manual")
}

@test "the manual's examples run" {
	local example
	archive ban --jail sshd --id 192.0.2.10 --time "$EPOCHSECONDS"
	status 66 archive reconcile
	config 'fail2ban_database = "";'
	cat >"$lab/fail2ban-archive" <<-END
		#!/bin/sh
		exec "$program" -c "$lab/archive.cfg" "\$@"
	END
	cat >"$lab/journalctl" <<-'END'
		#!/bin/sh
		echo "2026-11-23T18:48:38+0100 box fail2ban[1]: [sshd] Ban 192.0.2.20"
	END
	printf '#!/bin/sh\ncat >/dev/null\n' >"$lab/sendmail"
	chmod +x "$lab/fail2ban-archive" "$lab/journalctl" "$lab/sendmail"
	mkdir "$lab/old"
	local ban='18:48:38,748 fail2ban.actions [1]: NOTICE [sshd] Ban'
	echo "2026-11-23 $ban 192.0.2.30" >"$lab/old/fail2ban.log"
	echo "2026-11-22 $ban 192.0.2.31" | gzip >"$lab/old/fail2ban.log.2.gz"
	echo "2026-11-21 $ban 192.0.2.32" | gzip >"$lab/archive/web1.log.gz"
	sed -n '/^\.Sh EXAMPLES/,/^\.Sh /p' "$manual" |
		awk '/^\.Ed/ { on = 0; print "" } on; /^\.Bd/ { on = 1 }' |
		grep -v -e '^cd /var' -e --every -e --follow -e '^fail2ban-client' -e '^\[sshd\]' \
			-e '^action = ' -e '^ ' -e '^curl ' -e ' reban ' |
		sed "s#/var/log#$lab/old#" >"$lab/examples"
	grep -q 'sqlite3 -readonly' "$lab/examples"
	cd "$lab/archive"
	PATH=$lab:$PATH status 0 sh -eu "$lab/examples"
	says 192.0.2.10
	says 'sshd|1|1'
	says 'reconcile  failed'
	archive export | jq -r '.host + " " + .ident' | LC_ALL=C sort | diff - <(
		printf ' 192.0.2.%s\n' 10 20 30 31
		echo 'web1 192.0.2.32'
	)
	[ -s copy.sqlite3 ]
}

# -------------------------------------------------------------- the README --

@test "the README is under 120 lines" {
	[ "$(wc -l <"$readme")" -lt 120 ]
}

@test "the commands of the README exist" {
	local verb option n=0
	[ -x "$root/install.sh" ]
	[ -x "$root/tests/run" ]
	grep -qx '    sudo ./install.sh' "$readme"
	grep -qx '    sudo tests/run' "$readme"
	for verb in $(grep -oE '(# |sudo |`|man )fail2ban-archive( [a-z]+)?' "$readme" |
		grep -v '^man' | sed -n 's/.*fail2ban-archive //p' | sort -u); do
		# The help of a monitoring plugin ends with 3.
		status "$([ "$verb" = check ] && echo 3 || echo 0)" "$program" "$verb" --help
		((++n))
	done
	[ "$n" -ge 4 ]
	for option in $(grep -oE '`--[a-z]+' "$readme" | tr -d '`' | sort -u); do
		"$root/install.sh" --help | grep -q -e "$option"
	done
	make -C "$root" -n install BUILD="$lab/build" DESTDIR="$lab/dest" >/dev/null
}

@test "the jail file of the README and of the manual turns the action on" {
	jail sshd
	sed -i '/^action = /d' "$lab/etc/jail.conf"
	cat >"$lab/etc/action.d/block.conf" <<-'END'
		[Definition]
		actionban = true
	END
	echo 'action = block' >>"$lab/etc/jail.conf"
	local from
	for from in "$readme" "$manual"; do
		sed -n '/^ *\[sshd\]$/,/^ *fail2ban-archive$/p' "$from" |
			if [ "$from" = "$readme" ]; then sed 's/^    //'; else cat; fi \
			>"$lab/etc/jail.d/zz-archive.local"
		fail2ban-client -c "$lab/etc" -d >"$lab/stream" 2>/dev/null
		grep -q "'set', 'sshd', 'addaction', 'block'" "$lab/stream"
		grep -q "'set', 'sshd', 'addaction', 'fail2ban-archive'" "$lab/stream"
	done
}

@test "the documents use only addresses that are for documents" {
	local address
	for address in $(cat "$readme" "$root"/helper/dist/*.[58] | grep -oE '\<([0-9]+\.){3}[0-9]+\>'); do
		[[ $address =~ ^(192\.0\.2|198\.51\.100|203\.0\.113)\. ]]
	done
	for address in $(cat "$readme" "$root"/helper/dist/*.[58] | grep -oE '\<[0-9a-f]+:[0-9a-f:]*::[0-9a-f]*'); do
		[[ $address == 2001:db8:* ]]
	done
}

# ---------------------------------------------------------- the completion --

@test "completion offers the commands" {
	offered "$(verbs | paste -sd ' ' -) -c --help --version" ''
	offered 'list' l
	offered 'list' -c "$lab/archive.cfg" l
	offered '--help --version' --
}

@test "completion offers every option of every command" {
	local verb
	mkdir "$lab/empty"
	cd "$lab/empty"
	for verb in $(verbs); do
		offered "$({
			options_of "$verb" | sed 's/^/--/; s/ .*//'
			echo --help
		} | paste -sd ' ' -)" "$verb" ''
	done
	offered '--since --sort' list --s
	offered '--since' list --si
	offered '--until' list --jail sshd --un
}

@test "completion offers files, choices, and nothing where it knows nothing" {
	offered "$lab/archive.cfg" -c "$lab/archive.c"
	offered "$lab/archive.cfg" verify "$lab/archive.c"
	offered "$lab/archive.cfg" replay --force "$lab/archive.c"
	offered "$lab/archive.cfg" reban --list "$lab/archive.c"
	offered '' list "$lab/archive.c"
	offered '0 1' ban --restored ''
	offered 'archive f2b fail2ban' metrics --names ''
	offered 'jsonl csv ecs plain cidr nft ipset abuseipdb' export --format ''
	offered 'log syslog database archive json csv spool' replay --format ''
	offered 'reconcile replay merge reban prune forget' runs --kind ''
	offered 'database' replay --format d
	offered '' replay --tz ''
	offered '' list --jail ''
	offered '' nonsense --
}

@test "completion runs nothing of what stands on the command line" {
	cd "$lab"
	# shellcheck disable=SC2016 # no shell is to expand it
	offered '' 'li$(touch pwned)'
	# shellcheck disable=SC2016
	offered '' '$(touch pwned)' --x
	# shellcheck disable=SC2016
	completes list '--$(touch pwned)' '$(touch pwned)'
	completes list "--/e;w pwned" ''
	[ ! -e pwned ]
}

@test "the manual names every file that is installed or written, and no other" {
	installed | grep -v -e /sbin/ -e /man/ | sort -u >"$lab/ours"
	further_places | sort -u >>"$lab/ours"
	[ "$(wc -l <"$lab/ours")" -ge 25 ]
	diff <(sed 's/[*]$//' "$lab/ours" | sort -u) \
		<(files_in_manual | grep -vx NAME.bad | sed 's/[*]$//' | sort -u)
}
