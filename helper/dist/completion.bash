# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Completion for bash. It reads the words that it offers from the program's
# --help. That has lines such as "  list       list bans",
# "  --jail NAME          only bans of this jail",
# "  --active             only bans that are active now" and
# "  --kind KIND          only a, b or c". If a verb takes files, the first line
# of its --help ends with FILE or SOURCE.

# $1 is the program, $2 the word to complete, $3 the word before it.
_fail2ban_archive() {
	local verb='' help option argument='' text='' words='' files='' i
	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-c) ((++i)) ;;
		-*) ;;
		*) verb=${COMP_WORDS[i]} && break ;;
		esac
	done
	# The help of a monitoring plugin ends with status 3.
	help=$("$1" ${verb:+"$verb"} --help 2>/dev/null) || [ $? -eq 3 ] || return 0
	if [[ $3 == -* ]]; then
		option=${3//[!a-z-]/}
		argument=$(sed -n "s/^  $option \([^ ]\{1,\}\) .*/\1/p" <<<"$help")
		text=$(sed -n "s/^  $option [^ ]\{1,\} *//p" <<<"$help")
	fi
	case $argument in
	'')
		words=$(sed -n 's/^  \(-*[a-z][a-z-]*\)[[ ].*/\1/p' <<<"$help")
		[[ $verb && ${help%%$'\n'*} =~ (FILE|SOURCE)[].]*$ ]] && files=yes
		;;
	FILE) files=yes ;;
	*'|'*) words=${argument//|/ } ;;
	FORMAT | KIND | ORIGIN | WHY)
		[[ $text =~ ([a-z]+, )+[a-z]+' or '[a-z]+ ]] || return 0
		words=${BASH_REMATCH[0]//, / } words=${words/ or / }
		;;
	*) return 0 ;;
	esac
	if [[ ! $argument ]]; then
		# The program takes these in place of a verb, or right after it.
		[[ $verb && $3 != "$verb" ]] || words+=' --help'
		[[ $verb ]] || words+=' --version'
	fi
	mapfile -t COMPREPLY < <(
		compgen -W "$words" -- "$2"
		[[ ! $files ]] || compgen -f -- "$2"
	)
}

complete -o filenames -F _fail2ban_archive fail2ban-archive
