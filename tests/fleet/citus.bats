#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Citus is not in the distribution, so the schema is checked against its rules as
# its manual has them ("Creating and Modifying Distributed Objects", "SQL Support
# and Workarounds"), with host and setting as reference tables, and ban
# distributed by host_uuid. What is checked is printed. Citus itself is not run.

load ../lib/server
load ../lib/fleet

setup() {
	lab_setup
	fleet_start
	fleet_init
	machine web
	bans web 3 1700000000
	push web
}

teardown() {
	fleet_stop
	lab_teardown
}

# none RULE QUERY: the query, which finds what breaks the rule, finds nothing.
none() {
	local found
	found=$(sql "$2")
	[ -z "$found" ] || {
		echo "broken: $1: $found" >&2
		return 1
	}
	echo "# checked: $1" >&3
}

@test "the schema keeps Citus' rules" {
	local tables="SELECT oid FROM pg_class WHERE relnamespace =
	    'fail2ban_archive'::regnamespace AND relkind IN ('r', 'p')"
	local bans="SELECT relid FROM pg_partition_tree('fail2ban_archive.ban')"
	# The queries do find things.
	[ "$(sql "SELECT count(*) >= 3 FROM ($bans) AS t")" = t ]
	none 'each unique constraint of ban has the distribution column' \
	    "SELECT indexrelid::regclass FROM pg_index JOIN pg_attribute AS a
	    ON a.attrelid = indrelid AND a.attname = 'host_uuid'
	    WHERE indrelid IN ($bans) AND indisunique AND a.attnum <> ALL (indkey)"
	none 'the distribution column is not null, has no default and is not made' \
	    "SELECT attrelid::regclass FROM pg_attribute WHERE attrelid IN ($bans)
	    AND attname = 'host_uuid'
	    AND (NOT attnotnull OR atthasdef OR attidentity <> '')"
	none 'no foreign key and no exclusion constraint' \
	    "SELECT conname FROM pg_constraint WHERE conrelid IN ($tables)
	    AND contype IN ('f', 'x')"
	none 'no trigger' "SELECT tgname FROM pg_trigger WHERE tgrelid IN ($tables)"
	none 'no rule' "SELECT rulename FROM pg_rewrite WHERE ev_class IN ($tables)"
	none 'one level of partitions' "SELECT relid FROM
	    pg_partition_tree('fail2ban_archive.ban') WHERE level > 1"
	none 'no sequence' "SELECT relname FROM pg_class WHERE relkind = 'S'
	    AND relnamespace = 'fail2ban_archive'::regnamespace"
	none 'the policies of ban read reference tables alone' \
	    "SELECT refobjid::regclass FROM pg_depend JOIN pg_policy AS p
	    ON p.oid = objid AND classid = 'pg_policy'::regclass
	    WHERE refclassid = 'pg_class'::regclass AND p.polrelid IN ($bans)
	    AND refobjid NOT IN ('fail2ban_archive.ban'::regclass,
	    'fail2ban_archive.host'::regclass, 'fail2ban_archive.setting'::regclass)"
	none 'each default of ban is stable' "SELECT pg_get_expr(adbin, adrelid)
	    FROM pg_attrdef WHERE adrelid IN ($bans)
	    AND pg_get_expr(adbin, adrelid) <> 'now()'"
}

@test "what push sends keeps Citus' rules" {
	local file=$root/helper/fleet/statements.c
	run ! grep -qE 'clock_timestamp|random\(|FOR UPDATE|nextval' "$file"
	echo '# checked: no volatile function, no SELECT FOR UPDATE' >&3
	# Each statement is for one machine: it has the distribution column.
	"$python" - "$file" <<-'END'
		import re, sys
		text = re.sub(r'/\*.*?\*/', '', open(sys.argv[1]).read(), flags=re.S)
		parts = re.split(r'\[FLEET_(\w+)\] =', text)[1:]
		n = 0
		for name, body in zip(parts[::2], parts[1::2]):
		    body = body.replace('MACHINE', '"host_uuid = $1::uuid"')
		    sql = ''.join(re.findall(r'"((?:[^"\\]|\\.)*)"', body))
		    if re.search(r'\b(FROM|INTO|UPDATE) ban\b', sql):
		        n += 1
		        assert 'host_uuid = $1::uuid' in sql or '$1::uuid, $2' in sql, name
		assert n >= 6, n
	END
	echo '# checked: each statement on ban is for one value of host_uuid' >&3
}
