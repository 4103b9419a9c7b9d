/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The progress of a long piece of work. The function that does the work tells
 * it to a watch, and cmd/progress.h shows it.
 */
#ifndef BASE_WORK_H
#define BASE_WORK_H

#include <stddef.h>
#include <stdint.h>

struct work {
	const char *name;  /* what is worked on: a path, or a command */
	const char *doing; /* the step of it, a literal, or NULL */
	int64_t count;	   /* so many are done of the step, */
	const char *unit;  /* "rows" */
	int64_t done, all; /* the share of the step; all may be UNKNOWN */
};

/* Take note of the work; called often. */
typedef void work_fn(void *to, const struct work *work);

struct watch {
	work_fn *show;
	void *to;
};

/* Show the work to a watch, which may be NULL. */
static inline void
work_show(const struct watch *watch, const struct work *work)
{
	if (watch != NULL)
		watch->show(watch->to, work);
}

#endif
