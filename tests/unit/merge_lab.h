/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An archive in a transaction, into which a test merges the history of an id.
 * Include it after cmocka.h.
 */
#ifndef MERGE_LAB_H
#define MERGE_LAB_H

#include "base/timestamp.h"
#include "ingest/merge.h"
#include "lab.h"

/* The history's first second, and a moment that many milliseconds later. */
#define SECOND INT64_C(1795458480)
#define MS(ms) (SECOND * TIMESTAMP_US + (ms)*INT64_C(1000))

/* When all is merged. */
#define NOW MS(1000000000)

static inline void
merge_lab_set_up(struct lab *lab)
{
	struct err e = { 0 };

	lab_set_up(lab);
	assert_ok(archive_begin(&lab->archive, &e), &e);
}

static inline void
merge_lab_tear_down(struct lab *lab)
{
	struct err e = { 0 };

	assert_ok(archive_commit(&lab->archive, &e), &e);
	lab_tear_down(lab);
}

static inline struct merge
merge_lab_merge(struct lab *lab)
{
	return (struct merge){ .archive = &lab->archive,
		.change = { .now_us = NOW } };
}

#endif
