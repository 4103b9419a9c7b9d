/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the page that fill the slots of its HTML: see render/page.h. */
#ifndef RENDER_PAGE_PARTS_H
#define RENDER_PAGE_PARTS_H

#include "render/chart.h"
#include "render/html.h"
#include "render/page.h"
#include "render/span.h"

/* A page while it is written. */
struct page_draft {
	const struct page *page;
	const struct figures_sums *all;
	struct span span;
	int64_t *values; /* the bans of each part of the span, of all jails */
	bool *marks;	 /* a gap is in it */
	bool any_marked;
	bool failed; /* there was no memory */
};

/* Count the bans of a part of the span, of a jail or FIGURES_ALL. */
struct figures_day page_count_part(const struct page_draft *draft, size_t jail,
    size_t part);

/* Each writes what its slot is for. */
typedef void page_part_fn(struct page_draft *draft, FILE *to);

page_part_fn page_put_days, page_put_jails, page_put_hours, page_put_fresh;
page_part_fn page_put_networks, page_put_ids, page_put_countries;
page_part_fn page_put_users, page_put_repeat, page_put_ends, page_put_times;
page_part_fn page_put_figures, page_put_gaps;

#endif
