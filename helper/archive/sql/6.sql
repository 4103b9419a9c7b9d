-- SPDX-License-Identifier: GPL-2.0-or-later
-- This version tells what has gone, so that who reads the changes of an archive
-- misses none: rev is given out as in ban, ban is the id of a ban that is there no
-- more, why is merged or pruned. From here on no id is given out twice. Each event
-- reads this statement, so it has no types.

CREATE TABLE gone (rev INTEGER PRIMARY KEY, ban, why, gone_us);
