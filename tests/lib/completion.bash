# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Completion in a real shell, on a terminal. Loaded after server.
#
# $lab and the like are from lib/server; SHELL's words are for another shell.
# shellcheck disable=SC2016,SC2154

# A jail that a shell could take for much else.
hostile='my $(touch pwned);`touch pwned`|'\''"&<>*?~#! jail'

# use_program: fail2ban-archive is found in PATH, and reads this test's archive.
use_program() {
	mkdir "$lab/bin"
	cat >"$lab/bin/fail2ban-archive" <<-END
		#!/bin/sh
		case \$1 in
		complete) shift && set -- complete -c "$lab/archive.cfg" "\$@" ;;
		*) printf '%s\n' "\$@" && exit ;;
		esac
		exec "$program" "\$@"
	END
	chmod +x "$lab/bin/fail2ban-archive"
	PATH=$lab/bin:$PATH
}

# becomes SHELL LINE WANT: Tab makes of the line what is wanted.
becomes() {
	line=$(python3 "$root/tests/lib/tab.py" "$1" "$2")
	[ "$line" = "$3" ] || {
		printf '%s made of: %s\nthis: %s\n' "$1" "$2" "$line" >&2
		return 1
	}
}

# completes_in SHELL: verbs, options, their words, files and jails.
completes_in() {
	use_program
	becomes "$1" 'fail2ban-archive reco' 'fail2ban-archive reconcile'
	becomes "$1" 'fail2ban-archive list --fol' 'fail2ban-archive list --follow'
	becomes "$1" 'fail2ban-archive export --format j' \
		'fail2ban-archive export --format jsonl'
	becomes "$1" 'fail2ban-archive export --format=j' \
		'fail2ban-archive export --format=jsonl'
	becomes "$1" "fail2ban-archive -c $lab/archive.c" \
		"fail2ban-archive -c $lab/archive.cfg"
	becomes "$1" "fail2ban-archive verify $lab/archive.c" \
		"fail2ban-archive verify $lab/archive.cfg"
	# Without an archive no jail is known, and no error is shown.
	becomes "$1" 'fail2ban-archive list --jail ssh' 'fail2ban-archive list --jail ssh'
	archive ban --jail sshd --id 192.0.2.1 --time "$EPOCHSECONDS"
	archive ban --jail 'my$(touch pwned)' --id 192.0.2.1 --time "$EPOCHSECONDS"
	becomes "$1" 'fail2ban-archive list --jail ssh' 'fail2ban-archive list --jail sshd'
	becomes "$1" 'fail2ban-archive top ssh' 'fail2ban-archive top sshd'
	# Too few letters, and words that a shell would run.
	becomes "$1" 'fail2ban-archive re' 'fail2ban-archive re'
	becomes "$1" 'fail2ban-archive nonsense --' 'fail2ban-archive nonsense --'
}

# quotes_in SHELL: the line that Tab made is read back as the name of the jail.
quotes_in() {
	use_program
	archive ban --jail "$hostile" --id 192.0.2.1 --time "$EPOCHSECONDS"
	archive ban --jail $'esc\e[2J' --id 192.0.2.1 --time "$EPOCHSECONDS"
	archive ban --jail $'new\nline' --id 192.0.2.1 --time "$EPOCHSECONDS"
	archive ban --jail '-dash' --id 192.0.2.1 --time "$EPOCHSECONDS"
	line=$(python3 "$root/tests/lib/tab.py" "$1" 'fail2ban-archive list my')
	cd "$lab" || return
	[ "$("$1" -c "$line")" = "list"$'\n'"$hostile" ] || {
		echo "$1 made this: $line" >&2
		return 1
	}
	for name in esc new; do
		becomes "$1" "fail2ban-archive list $name" "fail2ban-archive list $name"
	done
	becomes "$1" 'fail2ban-archive list -d' 'fail2ban-archive list -d'
	[ -z "$(find "$lab" -name pwned)" ]
}
