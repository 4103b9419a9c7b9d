/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/reban/own_addresses.h"

#include <sys/socket.h>
#include <sys/types.h>

#include <ifaddrs.h>
#include <netinet/in.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* Make the address that address_parse makes; false for another family. */
static bool
take(const struct sockaddr *sa, struct address *a)
{
	struct sockaddr_in6 in6;
	struct sockaddr_in in;

	*a = (struct address){ 0 };
	if (sa != NULL && sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		memcpy(a->bytes, &in.sin_addr, sizeof(in.sin_addr));
		a->bits = 32;
	} else if (sa != NULL && sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof(in6));
		memcpy(a->bytes, &in6.sin6_addr, sizeof(in6.sin6_addr));
		a->bits = 128;
	} else {
		return false;
	}
	a->family = sa->sa_family;
	return true;
}

int
own_addresses_read(struct address **own, size_t *n, struct err *e)
{
	struct ifaddrs *list, *i;
	size_t count = 0;

	*own = NULL;
	*n = 0;
	if (getifaddrs(&list) == -1)
		return err_errno(e, EX_OSERR, "the machine's addresses");
	for (i = list; i != NULL; i = i->ifa_next)
		count++;
	if (count > 0 && (*own = calloc(count, sizeof(**own))) == NULL) {
		freeifaddrs(list);
		return err_no_memory(e);
	}
	for (i = list; i != NULL; i = i->ifa_next)
		*n += take(i->ifa_addr, &(*own)[*n]);
	freeifaddrs(list);
	if (*n == 0) {
		free(*own);
		*own = NULL;
	}
	return 0;
}
