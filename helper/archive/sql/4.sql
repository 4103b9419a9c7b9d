-- SPDX-License-Identifier: GPL-2.0-or-later

-- Few bans have an address that differs from their id; show finds them by it.
CREATE INDEX ban_ip ON ban (ip) WHERE ip IS NOT NULL;
