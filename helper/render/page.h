/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report: one HTML page that needs nothing else. Its HTML stands in
 * page_*.html, with a {{slot}} for each thing that is written here, and its
 * style in page.css; the Makefile puts both into the program. The page forbids
 * all but its own style by a Content-Security-Policy, which has the style's
 * hash. (W3C, Content Security Policy Level 3.)
 */
#ifndef RENDER_PAGE_H
#define RENDER_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"
#include "figures/figures.h"

/* A time in which the archive may have missed bans. */
struct page_gap {
	int64_t from_us, until_us;
	bool lossy; /* it was longer than fail2ban remembers */
};

/* A list has so many entries. */
#define PAGE_ENTRIES 10

/* The texts may hold anything: they are escaped. */
struct page {
	struct figures *figures; /* after figures_finish */
	/* Those of the ids and networks banned most; NULL: figures. */
	struct figures *ids, *nets;
	const char *title;
	const char *scope; /* which bans are counted, or NULL: all */
	const char *host;  /* the name of this machine, or NULL */
	/* No address in full, no other id, no user name and no host. */
	bool anonymous;
	const char *no_countries; /* why there are none, or NULL: there are */
	/* Lines about the databases of countries, and the notices that their
	 * licences ask for, or NULL. */
	const char *sources;
	int64_t now_us;
	int64_t since_us, until_us; /* asked for, or UNKNOWN */
	/* The bans of the time before, which is as long; UNKNOWN: the period
	 * has no beginning. */
	int64_t before;
	const struct page_gap *gaps;
	size_t gaps_n;
	int64_t reconciled_us; /* the last reconcile until now, or UNKNOWN */
	bool late;	       /* another one is overdue */
	/* Of a fleet: what is known of gaps, in place of all that; or NULL. */
	const char *fleet_gaps;
};

/*
 * Write the page. Fails with EX_OSERR when there is no memory; a failed write
 * shows in ferror(3).
 */
int page_write(FILE *to, const struct page *page, struct err *e);

#endif
