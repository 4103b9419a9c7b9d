-- SPDX-License-Identifier: GPL-2.0-or-later
-- This version keeps the bans of an id in the order in which fail2ban made them:
-- see ban/history.h.

ALTER TABLE ban ADD COLUMN made_us INTEGER NOT NULL DEFAULT 0;

-- A fresh ban's event has kind 0; its moment counts from the ban's second on.
UPDATE ban SET made_us = coalesce(timeofban * 1000000 +
	(SELECT min(value ->> '$[1]') FROM json_each(signs)
	WHERE value ->> '$[0]' = 0), since_us);

DROP INDEX ban_identity;
DROP INDEX ban_since;
CREATE UNIQUE INDEX ban_ticket
	ON ban (timeofban, jail, ident, host, since_us, nth);
CREATE INDEX ban_history ON ban (jail, ident, host, made_us);

-- When a jail was flushed: by a stop, or by "unban --all".
CREATE TABLE flush (
	jail  INTEGER NOT NULL REFERENCES jail,
	at_us INTEGER NOT NULL,
	PRIMARY KEY (jail, at_us)
) WITHOUT ROWID;

INSERT INTO flush SELECT id, flushed_us FROM jail WHERE flushed_us > 0;

-- Few bans have an address that differs from their id; show finds them by it.
CREATE INDEX ban_ip ON ban (ip) WHERE ip IS NOT NULL;

-- A run found the running server without the jail, and later with it again.
ALTER TABLE jail ADD COLUMN absent_us INTEGER NOT NULL DEFAULT 0; -- 0: it has it
ALTER TABLE jail ADD COLUMN started_us INTEGER NOT NULL DEFAULT 0;

-- A run found that the rows of a ban are gone, and the ban may live all the same.
ALTER TABLE ban ADD COLUMN gone_us INTEGER NOT NULL DEFAULT 0; -- 0: they are there

-- The few bans that the server was found without.
CREATE INDEX ban_missed ON ban (missed_us) WHERE missed_us > 0;

-- Retention finds by index the bans that ended, and were archived, before a
-- time. A ban that lives has no end, and is NULL here.
DROP INDEX ban_ended;
CREATE INDEX ban_ended ON ban (max(ended_us, added_us));

-- The time as far as it is proven: see archive/history/proven_time.h.
INSERT INTO meta SELECT 'proven', coalesce(max(finished_us), now)
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
