/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/abuse_report.h"

#include "base/timestamp.h"

void
abuse_report_begin(struct buffer *out)
{
	buffer_puts(out, "IP,Categories,ReportDate,Comment\n");
}

/* Append the categories between commas, in quotes. */
static void
put_categories(struct buffer *out, uint32_t categories)
{
	bool first = true;

	buffer_putc(out, '"');
	for (int i = 0; i < 32; i++) {
		if ((categories & 1u << i) == 0)
			continue;
		if (!first)
			buffer_putc(out, ',');
		first = false;
		buffer_put_number(out, i);
	}
	buffer_putc(out, '"');
}

/* Append a number and what it counts. */
static void
put_count(struct buffer *out, int64_t n, const char *of)
{
	buffer_put_number(out, n);
	buffer_puts(out, of);
	if (n != 1)
		buffer_putc(out, 's');
}

void
abuse_report_put(struct buffer *out, const struct abuse_report *report)
{
	char text[ADDRESS_TEXT], date[32];

	buffer_puts(out, address_print(&report->address, text));
	buffer_putc(out, ',');
	put_categories(out, report->categories);
	buffer_putc(out, ',');
	buffer_puts(out, timestamp_format_utc(report->last_us, false, date));
	buffer_puts(out, ",\"fail2ban: ");
	put_count(out, report->bans, " ban");
	if (report->failures > 0) {
		buffer_puts(out, ", ");
		put_count(out, report->failures, " failure");
	}
	buffer_puts(out, "\"\n");
}
