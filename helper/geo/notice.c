/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "geo/notice.h"

#include <string.h>
#include <strings.h>

#include "base/macros.h"

/*
 * DB-IP stands before GeoLite2, with which its files say they are compatible.
 * (https://dev.maxmind.com/geoip/geolite2-free-geolocation-data,
 * https://db-ip.com/db/lite.php, https://ipinfo.io/lite; the comments in the
 * files of Debian's tor-geoipdb 0.4.9.)
 */
static const struct {
	const char *name, *notice;
} notices[] = {
	{ "dbip", "IP Geolocation by DB-IP, https://db-ip.com" },
	{ "db-ip", "IP Geolocation by DB-IP, https://db-ip.com" },
	{ "ipinfo", "IP address data powered by IPinfo, https://ipinfo.io" },
	{ "geolite2",
	    "This product includes GeoLite2 Data created by MaxMind, available "
	    "from https://www.maxmind.com." },
	{ "ipfire",
	    "This uses the IPFire Location database, "
	    "https://location.ipfire.org/, under CC BY-SA 4.0, "
	    "https://creativecommons.org/licenses/by-sa/4.0/." },
};

const char *
notice_find(const char *s, size_t len)
{
	for (size_t i = 0; i < ARRAY_LEN(notices); i++) {
		size_t n = strlen(notices[i].name);

		for (size_t at = 0; at + n <= len; at++) {
			if (strncasecmp(s + at, notices[i].name, n) == 0)
				return notices[i].notice;
		}
	}
	return NULL;
}
