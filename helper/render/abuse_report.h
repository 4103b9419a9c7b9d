/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A bulk report for AbuseIPDB: CSV with the columns IP, Categories, ReportDate
 * and Comment. A file has at most 10,000 lines with the heading, and less than
 * 2 MB; the lines that are written here are shorter than 200 bytes. A comment
 * has only figures: no log line, user or name of a machine. (AbuseIPDB: "IP
 * Bulk Reporter", "Report Categories".) Pure.
 */
#ifndef RENDER_ABUSE_REPORT_H
#define RENDER_ABUSE_REPORT_H

#include <stdint.h>

#include "base/address.h"
#include "base/buffer.h"

/* The most addresses of a file. */
#define ABUSE_REPORT_MOST 9999

struct abuse_report {
	struct address address;
	uint32_t categories; /* bits: 1u << 18 is the category 18; not 0 */
	int64_t last_us;     /* when the last ban began */
	int64_t bans, failures;
};

/* Append the heading, or a line. The caller looks at out->failed. */
void abuse_report_begin(struct buffer *out);
void abuse_report_put(struct buffer *out, const struct abuse_report *report);

#endif
