# SPDX-License-Identifier: GPL-2.0-or-later
#
# Completion for fish: the program says what may stand for the last word.

function __fail2ban_archive_offers
	set -l words (commandline -opc)
	set -l offers ($words[1] complete $words[2..-1] (commandline -ct) 2>/dev/null)
	if test "$offers[1]" = files
		__fish_complete_path (commandline -ct)
	end
	printf '%s\n' $offers[2..-1]
end

complete -c fail2ban-archive -f -a '(__fail2ban_archive_offers)'
