/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/filter.h"

#include <string.h>

#include "ban/user_names.h"

bool
archive_filter_is_deep(const struct archive_filter *filter)
{
	return filter->net != NULL || filter->user != NULL ||
	    filter->also != NULL;
}

/* Return true when a text is an address or a network inside of net. */
static bool
is_inside(const struct address *net, const char *text)
{
	struct address a;

	return text != NULL && address_parse(text, strlen(text), &a) &&
	    address_holds(net, &a);
}

bool
archive_filter_takes(const struct archive_filter *filter, const char *ident,
    const char *ip, const char *captures)
{
	if (filter->net != NULL && !is_inside(filter->net, ident) &&
	    !is_inside(filter->net, ip))
		return false;
	if (filter->user != NULL && !user_names_has(captures, filter->user))
		return false;
	return filter->also == NULL || filter->also(filter->context, ident, ip);
}
