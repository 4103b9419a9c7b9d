# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Completion for bash. What it offers is read from the program's own --help,
# whose lines are "  list       list bans", "  --jail NAME          only bans of
# this jail" and "  --active             only bans that have not ended".

# $1 the program, $2 the word to complete, $3 the word before it.
_fail2ban_archive() {
	local verb='' help argument='' words i
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-c) ((++i)) ;;
		-*) ;;
		*) verb=${COMP_WORDS[i]} && break ;;
		esac
	done
	help=$("$1" ${verb:+"$verb"} --help 2>/dev/null) || return 0
	if [[ $3 == -* ]]; then
		argument=$(sed -n "s/^  ${3//[!a-z-]/} \([^ ]\{1,\}\) .*/\1/p" <<<"$help")
	fi
	case $argument in
	'') words=$(sed -n 's/^  \(-*[a-z][a-z-]*\) .*/\1/p' <<<"$help") ;;
	FILE) mapfile -t COMPREPLY < <(compgen -f -- "$2") && return ;;
	*'|'*) words=${argument//|/ } ;;
	*) return 0 ;;
	esac
	# The program takes these in place of a verb, or right behind it.
	[[ $verb && $3 != "$verb" ]] || words+=' --help'
	[[ $verb ]] || words+=' --version'
	mapfile -t COMPREPLY < <(compgen -W "$words" -- "$2")
}

complete -o filenames -F _fail2ban_archive fail2ban-archive
