#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The report: one page that is whole in itself, from whatever attackers wrote.

load ../lib/server
load ../lib/archives


# bans: read JSON Lines of bans, of which only jail, ident and since_us are needed,
# into the archive.
bans() {
	cat >"$lab/bans.jsonl"
	archive replay --format json "$lab/bans.jsonl" >"$lab/out"
}

# many: bans of three jails over forty days.
many() {
	jq -cn --argjson now "$EPOCHSECONDS" 'range(400) |
	    {jail: ["sshd", "sshd", "dovecot", "postfix-sasl"][. % 4],
	    ident: (if . % 7 == 0 then "2001:db8::\(. % 20)"
	        else "192.0.2.\(. * 37 % 200)" end),
	    since_us: (($now - . * 8000 - 5) * 1000000), seconds: 600,
	    failures: (. % 9), captures: {user: "user\(. % 5)"},
	    ended_us: (if . < 3 then null
	        else ($now - . * 8000 + 595) * 1000000 end),
	    ended_why: (if . < 3 then null else "expired" end)}' | bans
}

# reports [OPTION...]: write the report to $lab/page.html; what it says is in
# $lab/page, as JSON.
reports() {
	archive report --output "$lab/page.html" "$@"
	"$python" "$root/tests/lib/page.py" "$lab/page.html" >"$lab/page"
}

# page_has FILTER [ARGUMENT...]: the filter of jq is true of the page.
page_has() {
	jq -e "${@:2}" "$1" "$lab/page" >"$lab/out" || {
		echo "not true of the page: $*" >&2
		jq -c '.answers' "$lab/page" >&2
		return 1
	}
}

@test "the page is sound, and loads nothing: of no ban, one and many" {
	archive reconcile 2>"$lab/out" || true
	reports
	page_has '.answers[1] == "0" and .charts == []'
	archive ban --jail sshd --id 192.0.2.1 --time "$EPOCHSECONDS"
	reports
	page_has '.answers[1] == "1" and (.charts | length) >= 8'
	many
	reports --title 'Bans of the week'
	page_has '.title == "Bans of the week" and .answers[1] == "401"'
	page_has '.tables | has("Bans by time") and has("Bans by time and jail") and
	    has("Bans by hour and weekday") and has("Networks with the most bans") and
	    has("Ids with the most bans") and has("User names with the most bans") and
	    has("Ids by their number of bans") and
	    has("New and returning ids by time") and has("Bans by their end") and
	    has("Bans by their ban time") and has("All jails in figures")'
}

@test "what attackers wrote is text, wherever it stands" {
	jq -cn --argjson now "$EPOCHSECONDS" '
	    ["\"><script>alert(1)</script>", "'\'' onload='\''x", "<!--", "]]>",
	    "</title></svg></style><h1>", "&lt;b&gt;&#60;", "{{style}}", "{{ids}}",
	    "\u001b[2J\u0007", "\u202egnp.exe", "a\u0000b", "javascript:alert(1)",
	    "url(http://192.0.2.1/x)", ("x" * 3000), ("\u4e2d" * 500), "", " ",
	    "https://192.0.2.1/", "%s%n%1000000d", "\u05e9\u05dc"] as $texts |
	    range($texts | length) as $i | $texts[$i] as $text | range(3) |
	    {jail: ("j" + $text | gsub("[\u0000-\u001f]"; "") | .[0:200]),
	    ident: ("i" + $text), since_us: (($now - 60 * $i - . - 1) * 1000000),
	    host: ("h" + $text | .[0:64]), captures: {user: ("u" + $text)},
	    seconds: 600, failures: 1}' | bans
	[ "$(archive export | wc -l)" -ge 45 ]
	reports --title '</title><script>alert("{{style}}")</script>'
	page_has '.title == "</title><script>alert(\"{{style}}\")</script>"'
	reports --jail 'j</title></svg></style><h1>'
	page_has '.answers[1] == "3"'
}

@test "the page is another one at once, and is on disk before that" {
	many
	echo old >"$lab/page.html"
	exec 9<"$lab/page.html"
	# The leak check cannot run in a traced process.
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 \
		strace -f -qq -o "$lab/trace" -e trace=openat,fsync,fdatasync,rename \
		"$program" -c "$lab/archive.cfg" report --output "$lab/page.html"
	[ "$(cat <&9)" = old ]
	exec 9<&-
	awk -v name="$lab/page.html" '
		index($0, name ".tmp-") && /openat/ { open = 1 }
		open && /sync\(/ { synced = 1 }
		/rename\(/ && index($0, name) { renamed = synced }
		renamed && /sync\(/ { done = 1 }
		END { exit !done }' "$lab/trace"
	"$python" "$root/tests/lib/page.py" "$lab/page.html" >"$lab/page"
	[ "$(cd "$lab" && echo page.html*)" = page.html ]
}

@test "a report that is killed or fails leaves the old page" {
	many
	echo old >"$lab/page.html"
	for call in write fsync rename; do
		killed_at "$call" 1 report --output "$lab/page.html"
		[ "$(cat "$lab/page.html")" = old ]
	done
	rm -f "$lab"/page.html.tmp-*
	config "archive = \"$lab/none/archive.sqlite3\";"
	status 66 archive report --output "$lab/page.html"
	[ "$(cat "$lab/page.html")" = old ]
	[ "$(cd "$lab" && echo page.html*)" = page.html ]
}

@test "a new page is its owner's alone, and one that is there keeps its mode" {
	many
	reports
	[ "$(stat -c %a "$lab/page.html")" = 600 ]
	chmod 644 "$lab/page.html"
	reports
	[ "$(stat -c %a "$lab/page.html")" = 644 ]
}

@test "a report replaces no link, folder or device" {
	many
	mkdir "$lab/folder"
	echo theirs >"$lab/theirs"
	ln -s theirs "$lab/link"
	mknod "$lab/device" c 1 3
	for name in folder link device; do
		status 73 archive report --output "$lab/$name"
		says "$lab/$name: not a regular file"
	done
	[ "$(cat "$lab/theirs")" = theirs ]
	[ -L "$lab/link" ] && [ -c "$lab/device" ]
	status 73 archive report --output "$lab/none/page.html"
	says "$lab/none/page.html: "
}

@test "- is standard output, and a report needs --output" {
	many
	archive report --output - >"$lab/page.html"
	"$python" "$root/tests/lib/page.py" "$lab/page.html" >"$lab/page"
	status 64 archive report
	says --output
	# shellcheck disable=SC2016 # the inner shell expands it
	status 74 sh -c '"$PROGRAM" -c "$LAB/archive.cfg" report --output - >/dev/full'
}

@test "an anonymous page has no address in full, no id, user or host" {
	jq -cn --argjson now "$EPOCHSECONDS" '
	    ["192.0.2.77", "2001:db8:77:88::99", "secret-session", "198.51.100.64/26",
	    "203.0.112.0/23"][] | {jail: "sshd", ident: ., failures: 1,
	    since_us: (($now - 100) * 1000000), seconds: 600,
	    captures: {user: "secret-user"}}' | bans
	archive replay --host secret-host --force "$lab/bans.jsonl" >"$lab/out"
	reports
	page_has '.text | contains("192.0.2.77") and contains("secret-session")'
	cp "$lab/page" "$lab/named"
	reports --anonymize
	run ! grep -qE "secret|192\.0\.2\.77|77:88::99|100\.64|$(hostname)" "$lab/page.html"
	page_has '[.tables["Networks with the most bans"][1:][] | .[0]] | sort == [
	    "192.0.2.0/24", "198.51.100.0/24", "2001:db8:77:88::/64",
	    "203.0.112.0/23"]'
	# The figures are the same.
	figures='[.answers[1], .tables["All jails in figures"],
	    .tables["Ids by their number of bans"], .tables["Bans by their end"]]'
	[ "$(jq -c "$figures" "$lab/page")" = "$(jq -c "$figures" "$lab/named")" ]
	reports --anonymize --id 192.0.2.77
	run ! grep -qE '192\.0\.2\.77' "$lab/page.html"
	page_has '.answers[1] != "0"'
}

# agrees_with_stats [OPTION...]: the page and stats have the same figures.
agrees_with_stats() {
	reports "$@"
	archive stats --format jsonl "$@" | jq -cS '[.jail // "all jails", .ever, .live,
	    .today, .yesterday, .d7, .d30, .failures, .ids, .returning,
	    .median_seconds // "unknown", .longest_seconds // "unknown" | tostring]' |
		LC_ALL=C sort >"$lab/of_stats"
	jq -cS '.tables["All jails in figures"][1:][]' "$lab/page" |
		LC_ALL=C sort | diff - "$lab/of_stats"
	archive stats --format jsonl "$@" | jq -c 'select(.jail == null) |
	    [.expired, .manual, .flushed, .inferred | tostring]' >"$lab/of_stats"
	jq -c '[.tables["Bans by their end"][1:5][] | .[1]]' "$lab/page" |
		diff - "$lab/of_stats"
	page_has '.answers[1] == $ever and
	    ([.tables["Bans by time"][1:][] | .[1] | tonumber] | add | tostring) == $ever and
	    ([.tables["Bans by time and jail"][1:][] | .[1:][] | tonumber] |
	        add | tostring) == $ever and
	    ([.tables["Bans by hour and weekday"][1:][] | .[1:][] | tonumber] |
	        add | tostring) == $ever' \
	    --arg ever "$(archive stats --format jsonl "$@" | jq -r 'select(.jail == null).ever')"
}

@test "the page has the figures of stats, also of what retention has removed" {
	many
	agrees_with_stats
	agrees_with_stats --since 9d
	agrees_with_stats --jail dovecot --until 7d
	agrees_with_stats --net 192.0.2.0/25 --user user1
	agrees_with_stats 192.0.2.0/26
	for i in {1..40}; do
		echo '{"jail":"jail'"$i"'","ident":"192.0.2.9","since_us":'$((EPOCHSECONDS - i))'000000}'
	done | bans
	agrees_with_stats
	page_has '.tables["Bans by time and jail"][0] | length == 9 and .[8] == "other jails"'
	command sqlite3 "$lab/fail2ban.sqlite3" <"$root/tests/lib/fail2ban.sql"
	sqlite3 "$lab/archive/archive.sqlite3" "UPDATE ban SET added_us = since_us"
	config 'retention_days = 10;'
	archive reconcile
	[ "$(archive export | wc -l)" -lt 300 ]
	agrees_with_stats
	page_has '.answers[1] == "440" and (.text | contains("Retention has removed"))'
}

@test "gaps are told, and hatched where bans may be missing" {
	many
	archive reconcile 2>"$lab/out" || true
	sqlite3 "$lab/archive/archive.sqlite3" "
	    INSERT INTO run (kind, state, started_us, finished_us, gap_seconds, lossy)
	    SELECT 'reconcile', 'completed', ($EPOCHSECONDS - 86400 * column1) * 1000000,
	        ($EPOCHSECONDS - 86400 * column1) * 1000000, column2, column3
	    FROM (VALUES (9, 7200, 0), (5, 259200, 1), (3, 3600, 0))"
	reports
	page_has '[.tables.Gaps[1:][] | .[2:]] == [["7200", "ends may be inexact"],
	    ["259200", "bans may be missing"], ["3600", "ends may be inexact"]]'
	page_has '.text | contains("Hatched: the archive may have missed bans")'
	page_has '.text | contains("Reconcile has not run since")'
	reports --since 4d
	page_has '.tables.Gaps | length == 2'
	page_has '.text | contains("Hatched") | not'
}

@test "a filter chooses the bans, and the page names it" {
	many
	reports --jail dovecot
	page_has '.answers[1] == "100" and (.text | contains("Only these bans: jail dovecot"))'
	page_has '[.tables["All jails in figures"][1:][] | .[0]] ==
	    ["all jails", "dovecot"]'
	reports --jail none
	page_has '.answers[1] == "0"'
}

@test "a period is compared with the time before, which is as long" {
	jq -cn --argjson now "$EPOCHSECONDS" '
	    (range(30) | $now - 3600 * . - 1800), (range(20) | $now - 86400 * 7 - . * 60),
	    ($now - 86400 * 30) | {jail: "sshd", ident: "192.0.2.1",
	    since_us: (. * 1000000)}' | bans
	reports --since 7d
	page_has '.answers[1] == "30" and (.answers[2] ==
	    "50\u00a0% more than in the 7 days before (20)")'
	reports --since 2d --until 1d
	page_has '.answers[1] == "6" and .answers[2] == "none in the 24 hours before"'
}

@test "countries are counted by a database, whose licence is kept; without one a line says what to install" {
	many
	config "geo = [\"$lab/none.mmdb\"];"
	reports 2>"$lab/out"
	page_has '.tables | has("Countries with the most bans") | not'
	page_has '.text | contains("There is no database of countries: install ")'
	"$python" "$root/tests/lib/mmdb.py" "$lab/geo.mmdb" <<-'END'
		{"type": "GeoLite2-Country", "epoch": 1795000000, "records": {
		    "192.0.2.0/25": {"country": {"iso_code": "AQ"}},
		    "2001:db8::/32": {"country": {"iso_code": "NZ"}}}}
	END
	config "geo = [\"$lab/geo.mmdb\"];"
	reports
	page_has '[.tables["Countries with the most bans"][1:][] | .[:2]] == $want' \
	    --argjson want "$(archive export | jq -sc 'map(.ident |
	        if startswith("2001:") then "NZ"
	        elif (split(".")[3] | tonumber) < 128 then "AQ" else empty end) |
	        group_by(.) | sort_by(-length) | map([.[0], (length | tostring)])')"
	page_has '.text | contains("This product includes GeoLite2 Data created by MaxMind")'
	page_has '.text | contains("There is no database") | not'
}
