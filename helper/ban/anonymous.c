/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ban/anonymous.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int64_t
anonymous_made_time(int64_t made_us)
{
	return made_us < ANONYMOUS_MADE / 2 ? made_us - ANONYMOUS_MADE :
					      made_us;
}

const char *
anonymous_id(const char *id, const char *ip, char text[ADDRESS_TEXT])
{
	struct address a;

	if (!address_parse(id, strlen(id), &a) &&
	    (ip == NULL || !address_parse(ip, strlen(ip), &a))) {
		snprintf(text, ADDRESS_TEXT, "anonymous");
		return text;
	}
	address_widen(&a,
	    a.family == AF_INET ? ANONYMOUS_BITS_4 : ANONYMOUS_BITS_6);
	address_print(&a, text);
	return text;
}
