-- SPDX-License-Identifier: GPL-2.0-or-later

-- Retention finds by index the bans that ended, and were archived, before a
-- time. A ban that lives has no end, and is NULL here.
DROP INDEX ban_ended;
CREATE INDEX ban_ended ON ban (max(ended_us, added_us));

-- The last run of a kind that was completed before a time.
CREATE INDEX run_completed ON run (kind, finished_us) WHERE state = 'completed';

-- The time as far as it is proven: see archive/proven_time.h. One row: the
-- machine's uptime in seconds at proven_us; for how many seconds the machine ran
-- while the clock was ahead by least_us to most_us; 1 when a day of runs agreed.
CREATE TABLE clock (
	proven_us INTEGER NOT NULL,
	uptime    INTEGER,
	ran       INTEGER NOT NULL,
	least_us  INTEGER,
	most_us   INTEGER,
	sure      INTEGER NOT NULL
);

INSERT INTO clock SELECT coalesce(max(finished_us), now), NULL, 0, NULL, NULL, 0
FROM (SELECT strftime('%s', 'now') * 1000000 AS now)
	LEFT JOIN run ON finished_us <= now;

-- Bans that retention removed though fail2ban's database may keep their rows,
-- and by these rows they live.
CREATE TABLE removed (
	jail      INTEGER NOT NULL REFERENCES jail,
	ident     TEXT NOT NULL,
	timeofban INTEGER NOT NULL,
	PRIMARY KEY (jail, ident, timeofban)
) WITHOUT ROWID;
