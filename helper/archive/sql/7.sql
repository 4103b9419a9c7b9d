-- SPDX-License-Identifier: GPL-2.0-or-later
-- This version keeps sums of bans, block by block of their ids: see
-- archive/read/counted.h. Each event reads this statement, so it has no types.

CREATE TABLE counted (block INTEGER PRIMARY KEY, sums);
