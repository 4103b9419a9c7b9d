#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# export --format ecs gives documents of the Elastic Common Schema, of bans and of
# changes.

load ../lib/server

setup() {
	lab_setup
	db=$lab/archive/archive.sqlite3
	command sqlite3 "$lab/fail2ban.sqlite3" <"$root/tests/lib/fail2ban.sql"
	now=$EPOCHSECONDS
}

# imported BAN: replay an export of that ban.
imported() {
	tr -d '\n\t' <<<"$1" >"$lab/import.json"
	status 0 archive replay "$lab/import.json"
}

# documents WORD...: export them to $lab/ecs; they are of the schema.
documents() {
	archive export --format ecs "$@" >"$lab/ecs"
	"$python" "$root/tests/lib/ecs.py" <"$lab/ecs" >"$lab/checked"
}

# of EXPRESSION: what jq finds in the documents, each compact on a line.
of() { jq -c "$1" "$lab/ecs"; }

ended_ban() {
	imported "{\"jail\":\"sshd\",\"ident\":\"198.51.100.7\",
	    \"since_us\":1700000000250000,\"host\":\"www2\",\"origin\":\"log\",
	    \"failures\":5,\"bancount\":2,\"restored\":1,
	    \"captures\":{\"user\":\"root\",\"users\":\"['root', 'admin']\"},
	    \"matches\":[\"a log line\"],
	    \"seconds\":600,\"ended_us\":1700000400500000,\"ended_why\":\"manual\"}"
}

@test "a ban that has ended is an unban, with all that is known of it" {
	ended_ban
	documents
	[ "$(of '.event | del(.id, .sequence)')" = '{"kind":"event","module":"fail2ban","dataset":"fail2ban.ban","category":["intrusion_detection","network"],"type":["end"],"action":"unban","start":"2023-11-14T22:13:20.250000Z","end":"2023-11-14T22:20:00.500000Z","duration":400250000000,"reason":"manual"}' ]
	[ "$(of '.["@timestamp"]')" = '"2023-11-14T22:20:00.500000Z"' ]
	[ "$(of .source)" = '{"address":"198.51.100.7","ip":"198.51.100.7","geo":{"country_iso_code":"FR"}}' ]
	[ "$(of '[.user, .related, .rule, .host.name, .observer]')" = \
	    '[{"name":"root"},{"ip":["198.51.100.7"],"user":["root","admin"]},{"name":"sshd"},"www2",{"hostname":"www2","product":"fail2ban","type":"ips"}]' ]
	[ "$(of .fail2ban)" = '{"jail":"sshd","failures":5,"bantime":600,"bancount":2,"origin":"log","ended_why":"manual","restored":1}' ]
	[ "$(of .ecs.version)" = '"8.11.0"' ]
	# Log lines stay where they are.
	run ! grep -q 'a log line' "$lab/ecs"
}

@test "a ban that lives is a ban of this machine" {
	archive ban --jail sshd --id 192.0.2.1 --time "$now.5" --bantime -1 --failures 3
	documents
	[ "$(of '[.event.action, .event.type, .event.end, .event.duration]')" = \
	    '["ban",["denied","start"],null,null]' ]
	[ "$(of '[.event.reason, .fail2ban.bantime, .user, .source.geo]')" = \
	    '["3 failures",-1,null,null]' ]
	[ "$(jq -r .host.name "$lab/ecs")" = "$(uname -n)" ]
	[ "$(jq -r '.event.id' "$lab/ecs")" = \
	    "$(sqlite3 "$db" "SELECT value || '-1' FROM meta WHERE key = 'id'")" ]
}

@test "an id that is no address has no source.ip, unless its address is known" {
	archive ban --jail sshd --id 192.0.2.0/24 --time "$now.1"
	archive ban --jail sshd --id 2001:DB8:0::1 --time "$now.2"
	archive ban --jail sshd --id 'session 7' --ip 192.0.2.9 --time "$now.3"
	archive ban --jail sshd --id 'nobody' --time "$now.4"
	documents
	[ "$(jq -r '"\(.source.address) \(.source.ip)"' "$lab/ecs")" = \
	    $'192.0.2.0/24 null\n2001:DB8:0::1 2001:db8::1\nsession 7 192.0.2.9\nnobody null' ]
}

@test "hostile texts leave the documents whole" {
	"$python" - >"$lab/hostile.json" <<-'END'
		import json
		for i, text in enumerate(('"},{"', "\x1b[2J\n\r\t", "\u202e\u2028\U0001F600",
		                          "\\u0000", "{", "x" * 900)):
		    print(json.dumps({"jail": "j" + text, "ident": text,
		        "host": "h" + text[:200], "since_us": (1700000000 + i) * 1000000,
		        "captures": {"user": text, "users": [text, 7, None, {"a": text}]},
		        "ended_us": 9 * 10**17, "ended_why": "expired"}))
	END
	status 0 archive replay "$lab/hostile.json"
	documents
	[ "$(cat "$lab/checked")" -eq 6 ]
	run -1 grep -lP '[\x00-\x08\x0b-\x1f\x7f]' "$lab/ecs"
	diff <(jq -c '[.rule.name, .source.address, .user.name]' "$lab/ecs") \
	    <(jq -c '[.jail, .ident, .captures.user]' "$lab/hostile.json")
}

@test "the documents of the changes make a copy by event.id" {
	archive ban --jail sshd --id 192.0.2.1 --time "$now.25" --bantime 600
	archive ban --jail sshd --id 192.0.2.2 --time "$now.50" --bantime 600
	documents --after 0
	[ "$(of '.event.action')" = $'"ban"\n"ban"\n"next"' ]
	[ "$(of 'select(.next) | [.next, .event.kind, .event.sequence, .event.id]')" = \
	    '[2,"state",2,null]' ]
	[ "$(jq -r 'select(.next) | .archive' "$lab/ecs")" = \
	    "$(archive export --after 2 | jq -r .archive)" ]
	local id
	id=$(jq -r 'select(.source.ip == "192.0.2.1") | .event.id' "$lab/ecs")
	# A reconcile believes the unban later; here it is done at once.
	archive unban --jail sshd --id 192.0.2.1 --time "$now.25"
	sqlite3 "$db" "UPDATE ban SET ended_us = since_us + 600000000,
	    ended_why = 'expired' WHERE ident = '192.0.2.1'"
	documents --after 2
	[ "$(of '[.event.action, .event.sequence]')" = $'["unban",3]\n["next",3]' ]
	[ "$(jq -r .event.id "$lab/ecs" | head -n 1)" = "$id" ]
	# The same number in another archive is another ban.
	archive backup "$lab/backup"
	archive restore "$lab/backup" >"$lab/out"
	documents
	[ "$(jq -r .event.id "$lab/ecs" | grep -cx -- "$id")" -eq 0 ]
}

@test "what has gone has a document that takes the place of the ban" {
	archive ban --jail sshd --id 192.0.2.1 --time "$((now - 90 * 86400)).25"
	archive ban --jail sshd --id 192.0.2.2 --time "$now.50"
	documents --after 0
	local id
	id=$(jq -r 'select(.source.ip == "192.0.2.1") | .event.id' "$lab/ecs")
	sqlite3 "$db" "UPDATE ban SET ended_us = since_us + 1, ended_why = 'expired',
	    added_us = since_us WHERE ident = '192.0.2.1'"
	config 'retention_days = 30;'
	archive reconcile >"$lab/out"
	documents --after 2
	[ "$(of '[.event.action, .event.type, .event.kind]')" = \
	    $'["pruned",["info"],"event"]\n["next",null,"state"]' ]
	[ "$(jq -r .event.id "$lab/ecs" | head -n 1)" = "$id" ]
	run ! grep -q '192\.0\.2\.1' "$lab/ecs"
	# The moment is that at which it went.
	[ "$(jq -r '.["@timestamp"] | sub("\\..*Z"; "Z") | fromdate' "$lab/ecs" |
	    head -n 1)" -ge "$now" ]
}

@test "documents take the filters of the other formats" {
	archive ban --jail sshd --id 192.0.2.1 --time "$now.1"
	archive ban --jail web --id 198.51.100.7 --time "$now.2"
	documents --jail web
	[ "$(of .source.ip)" = '"198.51.100.7"' ]
	documents --country FR
	[ "$(of .source.ip)" = '"198.51.100.7"' ]
	documents --id 192.0.2.1 --active
	[ "$(of .fail2ban.jail)" = '"sshd"' ]
	documents --id 192.0.2.9
	[ ! -s "$lab/ecs" ]
}

@test "without databases of places, documents have no places, and nobody is told" {
	archive ban --jail web --id 198.51.100.7 --time "$now.2"
	: >"$lab/empty"
	config "geo = [\"$lab/empty\"];"
	archive export --format ecs >"$lab/ecs" 2>"$lab/err"
	[ "$(of .source)" = '{"address":"198.51.100.7","ip":"198.51.100.7"}' ]
}
