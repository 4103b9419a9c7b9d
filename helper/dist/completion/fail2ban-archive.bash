# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Completion for bash: the program says what may stand for the last word.

# $1 is the program, $2 the word to complete.
_fail2ban_archive() {
	local words=() offers=() word last quoted cut='' i
	COMPREPLY=()
	# bash cuts --format=csv into three words.
	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		((i < COMP_CWORD)) || [[ $word == = ]] || word=$2
		last=${words[*]: -1}
		if [[ ($word == = && $last == --*) || ($last == --*= && ${COMP_WORDS[i - 1]} == =) ]]; then
			words[-1]+=$word
		else
			words+=("$word")
		fi
	done
	last=${words[*]: -1}
	[[ $last != --*=* || $2 == --* ]] || cut=${last%%=*}=
	mapfile -t offers < <("$1" complete "${words[@]}" 2>/dev/null)
	for word in "${offers[@]:1}"; do
		word=${word%%$'\t'*}
		printf -v quoted %q "${word#"$cut"}"
		COMPREPLY+=("$quoted")
	done
	if [[ ${offers[0]-} == files ]]; then
		compopt -o filenames 2>/dev/null
		mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$2")
	fi
}

complete -F _fail2ban_archive fail2ban-archive
