/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The schema of the central database, as the numbered files in fleet/sql. */
#ifndef FLEET_CENTRAL_H
#define FLEET_CENTRAL_H

/* The version of the schema that this program knows. */
extern const int central_version;

/* central_sql[v - 1] makes version v of version v - 1. */
extern const char *const central_sql[];

#endif
