/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fleet/questions_connect.h"

#include <string.h>
#include <sysexits.h>

#include "base/escape.h"

/* Seconds to connect, unless the conninfo says otherwise. */
#define CONNECT_TIMEOUT "10"

/* libpq's error may cite the password: it is not printed. */
static int
check(const char *conninfo, const char *key, struct err *e)
{
	PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
	int rc = 0;

	if (options == NULL)
		return err_set(e, EX_CONFIG, "%s: it is no conninfo of libpq",
		    key);
	for (PQconninfoOption *o = options; o->keyword != NULL && rc == 0; o++) {
		if (strcmp(o->keyword, "password") == 0 && o->val != NULL)
			rc = err_set(e, EX_CONFIG,
			    "%s: a password is in it; put it into the file "
			    "~/.pgpass or into a service's passfile",
			    key);
	}
	PQconninfoFree(options);
	return rc;
}

int
questions_connect(PGconn **pg, const char *conninfo, const char *key,
    struct err *e)
{
	const char *const words[] = { "connect_timeout", "application_name",
		"dbname", "client_encoding", NULL };
	const char *const values[] = { CONNECT_TIMEOUT,
		"fail2ban-archive-push", conninfo, "UTF8", NULL };
	char text[160];

	*pg = NULL;
	if (check(conninfo, key, e) != 0)
		return -1;
	if ((*pg = PQconnectdbParams(words, values, 1)) == NULL)
		return err_no_memory(e);
	if (PQstatus(*pg) == CONNECTION_OK)
		return 0;
	escape_text(text, sizeof(text), PQerrorMessage(*pg),
	    strcspn(PQerrorMessage(*pg), "\n"));
	PQfinish(*pg);
	*pg = NULL;
	return err_set(e, EX_TEMPFAIL, "fleet: %s", text);
}
