#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The block list of a fleet: what several machines banned, by the roles that pushed
# it; a real server bans it. And the push that follows a reconcile, with a real
# PostgreSQL that is there, and gone.
#
# $lab and the like are from lib/server, $fleet from lib/fleet.
# shellcheck disable=SC2154

load ../lib/server
load ../lib/fleet

setup() {
	lab_setup
	fleet_start
	fleet_init
	now=$EPOCHSECONDS
}

teardown() {
	fleet_stop
	lab_teardown
}

# list NAME [WORDS...]: the block list that a machine gets, in one line.
list() {
	"$push_program" -c "$lab/$1/archive.cfg" blocklist "${@:2}" >"$lab/list" || return
	paste -sd ' ' "$lab/list"
}

# bans NAME ID...: a machine bans these, and pushes.
bans() {
	local name=$1 id
	shift
	for id; do
		ev "$name" ban "$id" "$now.5"
	done
	push "$name"
}

# lies ROLE ID N: a role says by SQL of its own that so many machines banned an id.
lies() {
	local n uuid
	for ((n = 1; n <= $3; n++)); do
		uuid=$(printf '%08d-0000-4000-8000-%012d' "$RANDOM" "$n")
		sql "$1" "INSERT INTO fail2ban_archive.host (host_uuid, name, archive_id, token)
			VALUES ('$uuid', 'h$n', '$1 $RANDOM $n', 't')"
		sql "$1" "INSERT INTO fail2ban_archive.ban (host_uuid, archive_id, ban_no, rev,
			jail, ident, since_us, timeofban, nth, origin, seen, restored, address,
			sending) SELECT host_uuid, archive_id, 1, 1, 'sshd', '$2',
			${now}000000, $now, 0, 'log', '[]', 0, '$2', 1
			FROM fail2ban_archive.host WHERE host_uuid = '$uuid'"
	done
}

@test "what two machines banned is listed, and not what one liar says of many" {
	machine one
	machine two
	machine 'the liar'
	bans one 192.0.2.1 192.0.2.2 2001:db8::1
	bans two 192.0.2.1 2001:db8::1 192.0.2.3
	[ "$(list one)" = '192.0.2.1 2001:db8::1' ]
	lies 'the liar' 203.0.113.1 7
	[ "$(sql 'SELECT count(*) FROM fail2ban_archive.host')" -eq 9 ]
	[ "$(list one)" = '192.0.2.1 2001:db8::1' ]
	[ -z "$(list one --min-hosts 3)" ]
	# With what another one says, the liar is one more, and no more than that.
	lies 'the liar' 192.0.2.1 7
	[ "$(list one --min-hosts 3)" = 192.0.2.1 ]
	[ -z "$(list one --min-hosts 4)" ]
	# It cannot be another writer by the name of a row or of a group's role.
	status 1 sql 'the liar' "UPDATE fail2ban_archive.host SET writer = 'one'"
	status 1 sql 'the liar' "INSERT INTO fail2ban_archive.host (host_uuid, writer, name,
		archive_id, token) VALUES ('00000000-0000-4000-8000-00000000000f', 'one', 'x', 'x', 't')"
	status 1 sql 'the liar' "SET ROLE fail2ban_archive_writer;
		INSERT INTO fail2ban_archive.host (host_uuid, name, archive_id, token)
		VALUES ('00000000-0000-4000-8000-00000000000f', 'x', 'x', 't')"
	# A machine does not get a longer list by asking for less.
	[ "$(list one --min-hosts 1)" = '192.0.2.1 2001:db8::1' ]
}

@test "what only the asking machine banned, or took from a list, is not listed" {
	machine one
	machine two
	machine three
	sql 'UPDATE fail2ban_archive.setting SET writer_min_hosts = 1'
	bans one 192.0.2.1 192.0.2.2
	bans two 192.0.2.2 192.0.2.3
	[ "$(list one --min-hosts 1)" = '192.0.2.2 192.0.2.3' ]
	[ "$(list two --min-hosts 1)" = '192.0.2.1 192.0.2.2' ]
	[ "$(list three --min-hosts 1)" = '192.0.2.1 192.0.2.2 192.0.2.3' ]
	[ "$(list one)" = 192.0.2.2 ]
	# Who takes the list makes no further witness of it.
	sql "UPDATE fail2ban_archive.ban SET origin = 'list' WHERE ident = '192.0.2.2'
		AND host_uuid = (SELECT host_uuid FROM fail2ban_archive.host WHERE name = 'two')"
	[ -z "$(list one)" ]
}

@test "old bans are not listed, nor ids that are no addresses" {
	machine one
	machine two
	now=$((EPOCHSECONDS - 8 * 86400))
	bans one 192.0.2.1
	bans two 192.0.2.1
	now=$EPOCHSECONDS
	for name in one two; do
		ev "$name" ban alice "$now.5" --ip 192.0.2.9
		bans "$name" 198.51.100.0/24
	done
	[ "$(list one)" = 198.51.100.0/24 ]
	[ "$(list one --since 9d)" = '192.0.2.1 198.51.100.0/24' ]
	[ "$(list one --since "$((EPOCHSECONDS + 5))")" = '' ]
}

@test "the config of a machine that only asks names the fleet" {
	machine one
	machine two
	bans one 192.0.2.1
	bans two 192.0.2.1
	sql 'CREATE ROLE anna LOGIN IN ROLE fail2ban_archive_reader'
	config "fleet = \"host='$fleet' user=anna dbname=postgres\";"
	[ "$("$push_program" -c "$lab/archive.cfg" blocklist)" = 192.0.2.1 ]
	config
	status 78 "$push_program" -c "$lab/archive.cfg" blocklist
	config "fleet = \"host='$fleet' user=anna dbname=postgres password=secret1\";"
	status 78 "$push_program" -c "$lab/archive.cfg" blocklist
	[[ $said != *secret1* ]]
	for option in '--min-hosts 0' '--min-hosts x' '--since yesteryear'; do
		# shellcheck disable=SC2086 # two words
		status 64 "$push_program" -c "$lab/archive.cfg" blocklist $option
	done
}

@test "a server bans what its fleet banned, without its own refusals, and nothing when it is gone" {
	machine one
	machine two
	bans one 198.51.100.91 2001:db8::22 127.0.0.5 203.0.113.9
	bans two 198.51.100.91 2001:db8::22 127.0.0.5 203.0.113.9
	jail sshd 'ignoreip = 203.0.113.9'
	sql 'CREATE ROLE here LOGIN IN ROLE fail2ban_archive_writer'
	config "push = \"host='$fleet' user=here dbname=postgres\";" 'push_interval = 0;'
	server_start
	archive reconcile --no-push
	status 0 archive reban --list fleet:blocklist --jail sshd --dry-run
	says 'would ban 198.51.100.91 in sshd'
	says '2 would be sent, 0 already there, 2 refused, 0 bad'
	status 0 archive reban --list fleet:blocklist --jail sshd
	says '2 sent, 0 already there, 2 refused, 0 bad'
	soon 'sorted(r["ident"] for r in rows()) == ["198.51.100.91", "2001:db8::22"]'
	# What it pushes of them makes no witness: the other two are the only ones.
	status 0 archive push
	[ "$(sql "SELECT hosts FROM fail2ban_archive.blocklist(1, '-infinity')
		WHERE ident = '198.51.100.91'")" -eq 2 ]
	fleet_down
	status 75 archive reban --list fleet:blocklist --jail sshd --force
	says 'so nothing is banned'
	look 'len(ban_lines()) == 2'
}

@test "a reconcile pushes, goes on while the PostgreSQL is gone, and check tells of it" {
	command sqlite3 "$lab/fail2ban.sqlite3" <"$root/tests/lib/fail2ban.sql"
	sql 'CREATE ROLE here LOGIN IN ROLE fail2ban_archive_writer'
	config "push = \"host='$fleet' user=here dbname=postgres connect_timeout=2\";" \
		'push_interval = 1;'
	"$event_program" -c "$lab/archive.cfg" ban --jail sshd --id 192.0.2.1 --time "$now"
	status 0 archive reconcile
	arrived() { [ "$(sql 'SELECT count(*) FROM fail2ban_archive.ban')" -eq "$1" ]; }
	wait_for 20 arrived 1
	noted() { grep -q "^$1 " "$lab/archive/archive.sqlite3.push"; }
	wait_for 20 noted pushed_us
	archive check -v >"$lab/out" || true
	grep -q 'last push [0-9]* s ago' "$lab/out"

	fleet_down
	"$event_program" -c "$lab/archive.cfg" ban --jail sshd --id 192.0.2.2 --time "$now"
	fails() {
		status 0 archive reconcile
		noted error
	}
	wait_for 30 fails
	archive check -v >"$lab/out" || true
	grep -q 'the latest one failed' "$lab/out"

	fleet_up
	again() {
		archive reconcile >/dev/null
		arrived 2
	}
	wait_for 30 again
}
