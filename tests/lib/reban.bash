# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Bans that are made in bulk, and a reban that is cut off. Loaded after server and
# archives.
#
# lib/server.bash assigns the variables that are not assigned here.
# shellcheck disable=SC2154

v4() { seq "$1" "$2" | sed "s/^/${3:-192.0.2}./"; }
v6() { seq "$1" "$2" | xargs printf "${3:-2001:db8}::%x\n"; }

# has_banned NUMBER JAIL: the log has at least NUMBER bans of that jail.
has_banned() {
	[ "$(grep -c "NOTICE  \[$2\] Ban " "$lab/fail2ban.log")" -ge "$1" ]
}

# bans JAIL: ban the ids on standard input, and wait until the log has their bans.
bans() {
	local ids before
	mapfile -t ids
	before=$(grep -c "NOTICE  \[$1\] Ban " "$lab/fail2ban.log") || true
	client set "$1" banip "${ids[@]}" >/dev/null
	wait_for 30 has_banned $((before + ${#ids[@]})) "$1"
}

# counts: print the numbers of bans in the log and of calls of our action.
counts() { figure '(len(ban_lines()), len(calls()))'; }

# interval_later: wait until an interval, of one second, has gone by.
interval_later() { wait_for 10 past "$((EPOCHSECONDS + 2))"; }

# cut_off WORDS...: kill the program at a random one of the calls by which it writes
# or talks to the server, unless it ends before that.
cut_off() {
	local most=('pwrite64 60' 'fdatasync 8' 'sendto 12' 'recvfrom 9') one
	read -ra one <<<"${most[RANDOM % 4]}"
	if killed_at "${one[0]}" $((1 + RANDOM % one[1])) "$@" 2>"$lab/out"; then
		kills=$((kills + 1))
	fi
	[ ! -e "$lab/ended_badly" ]
}

# cut_off_enough: the program was killed often enough, and killed runs are noted as
# interrupted.
cut_off_enough() {
	echo "# killed $kills times (SEED=${SEED:-1})" >&3
	((kills >= 8))
	last_run 'kind="reban"' 'state="completed"'
	look '{r["state"] for r in runs() if r["kind"] == "reban"} ==
	    {"completed", "interrupted"}'
}
