/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fleet/blocklist.h"

#include <stdlib.h>
#include <sysexits.h>

/* Take the answer's rows: the server, and who wrote there, may say anything. */
static int
take_rows(struct fleet_blocklist *list, const PGresult *rows, struct err *e)
{
	size_t n = (size_t)PQntuples(rows);

	if (PQnfields(rows) != 1)
		return err_set(e, EX_PROTOCOL, "blocklist: not one column");
	if (n > FLEET_BLOCKLIST_MOST)
		return err_set(e, EX_DATAERR,
		    "blocklist: more than %d entries: give a greater "
		    "--min-hosts, or a later --since",
		    FLEET_BLOCKLIST_MOST);
	if (n > 0 && (list->list = calloc(n, sizeof(*list->list))) == NULL)
		return err_no_memory(e);
	for (size_t i = 0; i < n; i++) {
		const char *ident = PQgetvalue(rows, (int)i, 0);

		if (address_parse(ident, (size_t)PQgetlength(rows, (int)i, 0),
			&list->list[list->n]))
			list->n++;
		else
			list->others++;
	}
	return 0;
}

int
fleet_blocklist_read(struct fleet_blocklist *list, struct fleet_connection *c,
    int64_t min_hosts, int64_t since_us, struct err *e)
{
	struct fleet_args args = { .n = 0 };
	PGresult *rows;
	int rc;

	*list = (struct fleet_blocklist){ .n = 0 };
	fleet_number(&args, min_hosts);
	fleet_number(&args, since_us);
	fleet_number(&args, FLEET_BLOCKLIST_MOST + 1);
	if ((rows = fleet_query(c, FLEET_BLOCKLIST, &args, e)) == NULL)
		return -1;
	rc = take_rows(list, rows, e);
	PQclear(rows);
	return rc;
}

void
fleet_blocklist_free(struct fleet_blocklist *list)
{
	free(list->list);
	*list = (struct fleet_blocklist){ .n = 0 };
}
