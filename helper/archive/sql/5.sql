-- SPDX-License-Identifier: GPL-2.0-or-later
-- This version keeps totals of the bans that retention removes, by jail, host
-- and hour of local time; hour is the second at which that began. sums is a JSON
-- array: first and last since_us, bans, failures, seconds that they lasted,
-- longest ban time (-1: for ever), how many expired, manual, flushed, inferred,
-- and how many came from the log, by hand, from a list; totals that an older program
-- made lack the latter. Each event reads this statement, so it has no column for each sum.

CREATE TABLE total (
	jail,
	host,
	hour,
	sums,
	PRIMARY KEY (jail, host, hour)
) WITHOUT ROWID;
