-- SPDX-License-Identifier: GPL-2.0-or-later
-- Less on disk, and fewer pages to write for an event.

DROP VIEW bans;

-- One index where there were two: the bans that live have no end.
DROP INDEX ban_live;
DROP INDEX ban_ended;
CREATE INDEX ban_ended ON ban (ended_us);

-- Numbers for words, and times as distances from the ban's second.
ALTER TABLE sign RENAME TO sign_1;

CREATE TABLE sign (
	ban       INTEGER NOT NULL REFERENCES ban ON DELETE CASCADE,
	after_us  INTEGER NOT NULL, -- when it was seen, from timeofban on
	kind      INTEGER NOT NULL, -- enum sign_kind of ban.h
	offset_us INTEGER NOT NULL, -- the ticket's time, from timeofban on
	exact     INTEGER NOT NULL,
	seconds   INTEGER,
	bancount  INTEGER,
	failures  INTEGER,
	ip        TEXT,
	evidence  INTEGER REFERENCES evidence,
	ended     INTEGER,          -- enum ban_end of ban.h
	ended_us  INTEGER,
	PRIMARY KEY (ban, after_us, kind, offset_us)
) WITHOUT ROWID;

INSERT INTO sign
SELECT ban, at_us - timeofban * 1000000,
	CASE kind WHEN 'ban' THEN 0 WHEN 'restored' THEN 1 WHEN 'prolong' THEN 2
		WHEN 'row' THEN 3 WHEN 'unban' THEN 4 ELSE 5 END,
	sign_1.since_us - timeofban * 1000000, exact, sign_1.seconds,
	sign_1.bancount, sign_1.failures, sign_1.ip, sign_1.evidence,
	CASE ended WHEN 'expired' THEN 1 WHEN 'manual' THEN 2
		WHEN 'flushed' THEN 3 WHEN 'inferred' THEN 4 END,
	sign_1.ended_us
FROM sign_1 JOIN ban ON ban.id = ban;

DROP TABLE sign_1;

-- What the last pass that judged all live bans went by: when nothing of it has
-- changed, and nothing is due, there is nothing to judge.
ALTER TABLE source ADD COLUMN settled_rev INTEGER; -- the newest change it saw
ALTER TABLE source ADD COLUMN flushed_us INTEGER;  -- of all jails, added up
ALTER TABLE source ADD COLUMN server_us INTEGER;   -- when fail2ban was started
ALTER TABLE source ADD COLUMN due_us INTEGER;      -- when the next ban is due

-- matches: an array of arrays is written out as lines.h says. Here are only
-- functions that SQLite also runs in a schema that is not trusted.
CREATE VIEW bans AS
SELECT jail.name AS jail, ident, ip, nullif(host, '') AS host, since_us,
	timeofban, nth, seconds, bancount, failures,
	CASE WHEN matches LIKE '[[%' THEN '["' || (SELECT group_concat((
		SELECT group_concat(CASE type WHEN 'integer' THEN substr(
				(SELECT value FROM json_each(matches, '$[0]')),
				value / 10000, value % 10000) ELSE value END, '')
			FROM json_each(line.value)), '","')
		FROM json_each(matches) AS line) || '"]' ELSE matches END AS matches,
	captures, origin,
	CASE seen WHEN 0 THEN '[]' WHEN 1 THEN '["event"]'
		WHEN 2 THEN '["database"]' ELSE '["event","database"]' END AS seen,
	ended_us, ended_why, restored, rev
FROM ban JOIN jail ON jail.id = ban.jail
	LEFT JOIN evidence ON evidence.id = ban.evidence;
