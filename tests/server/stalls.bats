#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# An attacker's text must not hold fail2ban up: it runs one command at a time, and
# while one hangs no jail bans. A text that is too long for a command, or is no
# UTF-8, is in the archive all the same, and harmless on the way out.

load ../lib/server

# Around what one argument can hold, the 128 KiB of Linux with the NUL
# (MAX_ARG_STRLEN), and far beyond.
sizes=(131059 131060 131070 131071 131072 131073 3000000)

x() { head -c "$1" /dev/zero | tr '\0' x; }

# fails_of JAIL BYTES ID QUOTE: a log line of just that many bytes. With a quote
# in it fail2ban hands it to the shell as an argument, else in the command.
fails_of() {
	local at=$EPOCHREALTIME text
	text="auth failure user=$4 from $3"
	fails "$1" "${text/user=/user=$(x $(($2 - ${#text} - ${#at} - 6)))}"
}

# stalls_nothing JAIL...: no ban waited for a command that hangs, neither in one
# of these jails nor in another one. fail2ban kills such a command after 4 s and
# runs it again: the next ban waits for 8 s. The longest wait is printed.
stalls_nothing() {
	local jail
	client set other banip 203.0.113.{1..9} >/dev/null
	wait_for 90 logged '[other] Ban 203.0.113.9'
	for jail in "$@" other; do
		echo "# longest from a ban to the next in $jail:" \
		    "$(figure '"%.3f s" % longest_wait(jail)' "jail=$jail")" >&3
		look 'longest_wait(jail) < 7' "jail=$jail"
	done
}

# has_each: after a reconcile the archive has each ban of fail2ban's log once,
# with the id of its database.
has_each() {
	soon 'len(bans()) == len(ban_lines())'
	archive reconcile
	archive reconcile
	look 'sorted((r["jail"], r["ident"]) for r in rows()) ==
	    sorted((b["jail"], b["ip"]) for b in bans())'
	look 'all(same(r, {"seconds": 600, "bancount": 1, "ended_us": None,
	    "restored": 0}) for r in rows())'
}

# long_lines: log lines of all sizes into the jail sshd, with and without a
# quote, and after each an ordinary one. They are 192.0.2.0/24.
long_lines() {
	local n=0 size quote
	for size in "${sizes[@]}"; do
		for quote in '' "'"; do
			fails_of sshd "$size" 192.0.2.$((++n)) "$quote"
			fails sshd "auth failure user=x from 198.51.100.$n"
		done
	done
	wait_for 180 logged "[sshd] Ban 198.51.100.$n"
	# fail2ban's other thread writes the rows.
	soon 'len(bans()) == 2 * int(n)' n=$n
	look 'sorted(len("".join(m)) for b in bans() if b["ip"][:3] == "192"
	    for m in json.loads(b["data"])["matches"]) ==
	    sorted([int(s) for s in sizes.split()] * 2)' "sizes=${sizes[*]}"
}

# long_ids: the same with the ids of the jail web, and after each a short one.
long_ids() {
	local n=0 size quote
	for size in "$@"; do
		for quote in '' "'"; do
			fails web "session id=$quote$(x $((size - ${#quote}))) from 192.0.2.$((++n))" \
			    "session id=short$n from 192.0.2.$n"
		done
	done
	wait_for 180 logged "[web] Ban short$n"
	soon 'len(bans()) == 2 * int(n)' n=$n
	look 'sorted(len(b["ip"]) for b in bans() if b["ip"][:5] != "short") ==
	    sorted([int(s) for s in sizes.split()] * 2)' "sizes=$*"
}

@test "log lines of any length hold up no ban" {
	jail sshd
	jail other
	server_start
	long_lines
	stalls_nothing sshd
	has_each
	look 'all(r["failures"] == 1 and r["origin"] == "log" for r in rows()
	    if r["jail"] == "sshd")'
	# A line that is cut has its length at its end.
	look 'all(m.endswith(" [cut, %d characters]" % len("".join(*json.loads(
	    b["data"])["matches"]))) for b in bans() if 100000 < len(b["data"]) < 1000000
	    for m in row("sshd", b["ip"])["matches"])'
}

@test "a log line that is too long to be kept leaves a note" {
	jail sshd
	server_start
	fails_of sshd 3000000 192.0.2.1 ''
	wait_for 30 logged '[sshd] Ban 192.0.2.1'
	soon 'len(bans()) == len(rows()) == 1'
	archive reconcile
	look 'row("sshd", "192.0.2.1")["matches"]'
	archive show 192.0.2.1 | grep -q '^  | .*\[.*\]$'
}

@test "a captured text is cut as a log line is, and says so" {
	jail sshd
	server_start
	fails_of sshd 131071 192.0.2.1 ''
	wait_for 30 logged '[sshd] Ban 192.0.2.1'
	soon 'len(bans()) == len(rows()) == 1'
	archive reconcile
	look 'len(row("sshd", "192.0.2.1")["captures"]["user"]) < 10000'
	look 'row("sshd", "192.0.2.1")["captures"]["user"].endswith(
	    " [cut, %d characters]" % len(json.loads(bans()[0]["data"])["user"]))'
}

@test "log lines of any length hold up no ban where the action hands them over" {
	config 'evidence = "tag";'
	sed -i 's/^action = fail2ban-archive\[/&evidence="tag", /' \
	    "$lab/etc/jail.conf"
	jail sshd
	jail other
	server_start
	long_lines
	stalls_nothing sshd
	has_each
}

@test "a ban whose log lines no command can hold is there after its unban" {
	config 'evidence = "tag";' 'fail2ban_database = "";'
	server_config 'dbfile = None'
	sed -i 's/^action = fail2ban-archive\[/&evidence="tag", /' \
	    "$lab/etc/jail.conf"
	jail sshd "bantime=$briefly"
	server_start
	fails sshd 'auth failure user=x from 192.0.2.1'
	fails_of sshd 131072 192.0.2.2 "'"
	fails sshd 'auth failure user=x from 192.0.2.3'
	# No command can hold a NUL either.
	printf '%s lab: auth failure user=nu\0l from 192.0.2.4\n' \
	    "$EPOCHREALTIME" >>"$lab/log/sshd"
	wait_for 30 logged '[sshd] Unban 192.0.2.4'
	soon 'sorted((r["ident"], r["ended_why"]) for r in rows()) ==
	    [("192.0.2.%d" % n, "expired") for n in (1, 2, 3, 4)]'
	look 'longest_wait("sshd") < float(most)' "most=$slowness"
	archive reconcile
	look 'len(rows()) == 4'
}

@test "a helper that is not there holds up no ban" {
	sed -i "s#helper=\"[^\"]*#helper=\"$lab/none#" "$lab/etc/jail.conf"
	jail sshd
	jail other
	server_start
	long_lines
	stalls_nothing sshd
	look 'calls() == []'
	has_each
}

@test "a helper that is not there holds up no ban of long ids" {
	sed -i "s#helper=\"[^\"]*#helper=\"$lab/none#" "$lab/etc/jail.conf"
	jail web
	jail other
	server_start
	long_ids 60000 100000
	stalls_nothing web
	look 'calls() == []'
	has_each
}

@test "ids of any length hold up no ban" {
	jail web
	jail other
	server_start
	long_ids 60000 131059 131060 131070 131071 131072 200000
	stalls_nothing web
	has_each
}

@test "the end of a ban whose id no command can hold is found by reconcile" {
	jail web "bantime=$briefly"
	jail other
	server_start
	fails web 'session id=short from 192.0.2.1' \
	    "session id='$(x 131072) from 192.0.2.1" "session id='$(x 131000) from 192.0.2.1"
	soon 'log().count("[web] Unban ") == 3'
	archive_in_background reconcile --every 1
	soon 'len(rows()) == 3 and all(r["ended_why"] for r in rows())'
	look '{len(r["ident"]): r["ended_why"] for r in rows()} ==
	    {5: "expired", 131001: "expired", 131073: "inferred"}'
	look 'all(0 <= r["ended_us"] / 1e6 - r["timeofban"] - int(s) < 3
	    for r in rows() if r["ended_why"] == "inferred")' "s=$briefly"
	client set other banip 203.0.113.{1..5} >/dev/null
	wait_for 20 logged '[other] Ban 203.0.113.5'
	look 'longest_wait("web") < float(most)' "most=$slowness"
}

@test "ids that are no UTF-8 hold up no ban, and are one row each" {
	local jail text
	for jail in utf-8 latin-1 ascii; do
		jail "$jail" "logencoding=$jail"
	done
	jail other
	server_start
	for jail in utf-8 latin-1 ascii; do
		for text in $'bad\xff\xfeid' $'caf\xc3\xa9' $'cut\xe2\x82' \
		    $'\xc0\xaf' $'\xed\xa0\x80' $'quoted\'\xff\xfe'; do
			fails "$jail" "session id=$text from 192.0.2.1"
		done
		wait_for 10 logged "[$jail] Ban quoted'"
	done
	stalls_nothing utf-8 latin-1 ascii
	look 'len(bans()) == 3 * 6 + 9'
	look 'all(r["seen"][0] == "event" for r in rows())'
	has_each
}

# Texts that a terminal, a browser or a spreadsheet obeys.
hostile=(
	$'\e[2J\e[31mred\e[0m \e]0;title\a \e]8;;http://192.0.2.1/\e\\link'
	$'\xc2\x9b31mred \xc2\x9d0;title\xc2\x9c \xc2\x85next \x9b31m raw'
	$'\xe2\x80\xaeturned\xe2\x80\xac \xe2\x81\xa6apart\xe2\x81\xa9 \xd8\x9c'
	$'\xe2\x80\xa8line\xe2\x80\xa9paragraph \xef\xbb\xbf \xf3\xa0\x81\x81'
	$'over\rwritten \b\b\b \v \f \x7f tab\there'
	'=HYPERLINK("http://192.0.2.1/?"&A1,"click")'
	"=cmd|'/C calc'!A0" '+1+1' '-2+3' '@SUM(1,1)' $'\t=1+1'
	"<script>alert('x')</script><img src=x onerror=\"alert(1)\">&lt;"
	'","ended_why":"expired"},{"' '\u0000 \x41 \\ %s %n $(id) `id`'
)

@test "texts that terminals, spreadsheets and browsers obey do no harm" {
	jail sshd
	jail web
	jail other
	server_start
	local n=0 text
	for text in "${hostile[@]}"; do
		fails sshd "auth failure user=$text from 192.0.2.$((++n))"
		# An id with a slash is a network to fail2ban, or an error.
		fails web "session id=${text//\//_} from 192.0.2.$n"
	done
	# A shell variable holds no NUL, and fail2ban bans no id with one.
	printf '%s lab: auth failure user=nu\0l from 192.0.2.%d\n' \
	    "$EPOCHREALTIME" $((++n)) >>"$lab/log/sshd"
	wait_for 15 logged "[sshd] Ban 192.0.2.$n"
	soon 'len(ban_lines()) == 2 * int(n) - 1' n=$n
	stalls_nothing sshd web
	has_each
	# The archive has them as they are, but for the NUL.
	look 'all(r["matches"] == ["".join(m).replace("\0", "\ufffd")
	    for m in json.loads(b["data"])["matches"]] for r in rows()
	    for b in bans() if (b["jail"], b["ip"]) == (r["jail"], r["ident"]))'
	look 'row("sshd", "192.0.2." + n)["captures"]["user"] == "nu\ufffdl"' n=$n
	look 'harmless("list").count("\n") == len(rows()) + 1'
	look 'all(harmless("show", "--", r["ident"]).count(line) ==
	    len([m for o in rows() if r["ident"] in (o["ident"], o["ip"])
	    for m in o["matches"]]) for r in rows())' line=$'\n  | '
	# One ban a line for whoever reads lines of bytes, and JSON throughout.
	archive export >"$lab/export"
	[ "$(wc -l <"$lab/export")" -eq "$(jq -n '[inputs] | length' "$lab/export")" ]
	look 'len(rows()) == int(lines)' "lines=$(wc -l <"$lab/export")"
	run -1 grep -lP '[\x00-\x09\x0b-\x1f]' "$lab/export"
}
