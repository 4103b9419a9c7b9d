-- SPDX-License-Identifier: GPL-2.0-or-later

-- When a jail was flushed: by a stop, or by "unban --all".
CREATE TABLE flush (
	jail  INTEGER NOT NULL REFERENCES jail,
	at_us INTEGER NOT NULL,
	PRIMARY KEY (jail, at_us)
) WITHOUT ROWID;

INSERT INTO flush SELECT id, flushed_us FROM jail WHERE flushed_us > 0;

-- A run found the running server without the jail, and later with it again.
ALTER TABLE jail ADD COLUMN absent_us INTEGER NOT NULL DEFAULT 0; -- 0: it has it
ALTER TABLE jail ADD COLUMN started_us INTEGER NOT NULL DEFAULT 0;

-- A run found that the rows of a ban are gone, and the ban may live all the same.
ALTER TABLE ban ADD COLUMN gone_us INTEGER NOT NULL DEFAULT 0; -- 0: they are there

-- The few bans that the server was found without.
CREATE INDEX ban_missed ON ban (missed_us) WHERE missed_us > 0;
