-- SPDX-License-Identifier: GPL-2.0-or-later
-- What a first reconcile does, as one would write it for the sqlite3 shell: all
-- rows of fail2ban's database, attached as "theirs", into an archive that has
-- its tables and no ban yet. The lines stay as they are, and the signs of a ban
-- are those of its row (kind 3) and of its end (kind 5, end 4).

CREATE TEMP VIEW moment AS
SELECT CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER) AS now_us;

INSERT OR IGNORE INTO jail (name) SELECT DISTINCT jail FROM theirs.bans;

INSERT OR IGNORE INTO evidence (id, matches, captures)
SELECT rowid, json_extract(CAST(data AS TEXT), '$.matches'),
	json_remove(CAST(data AS TEXT), '$.matches', '$.failures', '$.fid',
		'$.ip', '$.ip4', '$.ip6')
FROM theirs.bans;

INSERT OR IGNORE INTO ban (id, jail, ident, timeofban, since_us, nth, seconds,
	bancount, failures, evidence, origin, seen, ended_us, ended_why, restored,
	rev, life_us, pending_us, present, added_us, signs)
SELECT b.rowid, jail.id, ip, timeofban, 1000000 * timeofban, 0, bantime,
	bancount, json_extract(CAST(data AS TEXT), '$.failures'), b.rowid, 'log', 2,
	iif(1000000 * (timeofban + bantime) < now_us,
		1000000 * (timeofban + bantime), NULL),
	iif(1000000 * (timeofban + bantime) < now_us, 'inferred', NULL),
	0, b.rowid, 0, 0, 1, now_us,
	format('[[3,%d,null,%d,%d,%d,%d],[5,%d,null,null,null,null,null,4,%d]]',
		now_us - 1000000 * timeofban, bantime, bancount,
		json_extract(CAST(data AS TEXT), '$.failures'), b.rowid,
		now_us - 1000000 * timeofban, 1000000 * bantime)
FROM moment CROSS JOIN theirs.bans AS b JOIN jail ON jail.name = b.jail;

-- Those that "bans" has too are found to be there already.
INSERT OR IGNORE INTO ban (jail, ident, timeofban, since_us, nth, seconds,
	bancount, failures, origin, seen, restored, rev, life_us, pending_us,
	present, added_us)
SELECT jail.id, ip, timeofban, 1000000 * timeofban, 0, bantime, bancount,
	json_extract(CAST(data AS TEXT), '$.failures'), 'log', 2, 0, -b.rowid, 0,
	0, 1, now_us
FROM moment CROSS JOIN theirs.bips AS b JOIN jail ON jail.name = b.jail;
