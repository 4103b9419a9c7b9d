#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Completion in zsh and fish; tests/program/completion.bats has that of bash.

load ../lib/server
load ../lib/completion

@test "zsh completes verbs, options, words, files and jails" { completes_in zsh; }
@test "zsh quotes the name of a jail" { quotes_in zsh; }
@test "fish completes verbs, options, words, files and jails" { completes_in fish; }
@test "fish quotes the name of a jail" { quotes_in fish; }

@test "fish offers what it is asked for without a terminal" {
	use_program
	# shellcheck disable=SC2154 # from lib/server
	HOME=$lab status 0 fish -c "source '$root/helper/dist/completion/fail2ban-archive.fish'
		complete -C 'fail2ban-archive re'"
	says 'reconcile	bring'
	says 'restore	put'
	run ! grep -v "^re" <<<"$said"
}
