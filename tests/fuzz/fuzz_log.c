/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A log of any bytes: each line is read or skipped. The reported lines are
 * well-formed, the same at each reading, and no more than there are lines. As
 * the text of another program, or within a line of fail2ban, they forge
 * nothing. The first byte chooses the year of stamps that lack it, and the
 * zone.
 */
#include <time.h>

#include "base/buffer.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "fail2ban/log.h"
#include "fuzz.h"

/* Zones that repeat no time, an hour and half an hour. */
static const char *const zones[] = { "UTC", "CET-1CEST,M3.5.0,M10.5.0/3",
	"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0" };

struct report {
	struct buffer out;
	size_t lines;
};

/* Return true for a time that a log can have: years 1970 to 9999. */
static int
is_time(int64_t second)
{
	return second >= -2 * 86400 && second <= INT64_C(253402473599);
}

static int
take_line(void *to, const struct fail2ban_log_line *line, struct err *e)
{
	struct report *report = to;
	int increased = line->verb == FAIL2BAN_LOG_INCREASE;

	(void)e;
	must(line->verb <= FAIL2BAN_LOG_STOPPED);
	must(line->jail[0] != '\0' && line->ident[0] != '\0');
	must(utf8_is_valid(line->jail, strlen(line->jail)));
	must(utf8_is_valid(line->ident, strlen(line->ident)));
	must(is_time(line->at_us / TIMESTAMP_US));
	must(line->found == UNKNOWN ||
	    (line->verb == FAIL2BAN_LOG_BAN && is_time(line->found)));
	must(line->seconds == UNKNOWN || line->seconds >= -1);
	must(increased ? line->bancount >= 0 : line->bancount == UNKNOWN);
	must(line->seconds == UNKNOWN ||
	    (line->verb != FAIL2BAN_LOG_UNBAN &&
		line->verb != FAIL2BAN_LOG_STOPPED));
	report->lines++;
	buffer_putc(&report->out, (char)('0' + line->verb));
	buffer_put(&report->out, line->jail, strlen(line->jail) + 1);
	buffer_put(&report->out, line->ident, strlen(line->ident) + 1);
	buffer_put_number(&report->out, line->at_us);
	buffer_put_number(&report->out, line->found);
	buffer_put_number(&report->out, line->seconds);
	return 0;
}

/* Read all lines, each from memory of exactly its size. */
static struct report
read_all(const uint8_t *data, size_t size, int64_t year, int64_t newest)
{
	struct report report = { .lines = 0 };
	struct fail2ban_log *l =
	    fail2ban_log_new(year, newest, take_line, &report);
	enum fail2ban_log_class class;
	size_t taken = 0, len;
	struct err e;

	must(l != NULL);
	for (; size > 0; data += len, size -= len) {
		const uint8_t *end = memchr(data, '\n', size);
		char *line;

		len = end != NULL ? (size_t)(end - data) + 1 : size;
		must((line = malloc(len)) != NULL);
		memcpy(line, data, len);
		must(fail2ban_log_feed(l, line, len, &class, &e) == 0);
		must(class <= FAIL2BAN_LOG_ARCHIVE);
		taken += class == FAIL2BAN_LOG_TAKEN;
		free(line);
	}
	must(fail2ban_log_end(l, &e) == 0);
	fail2ban_log_free(l);
	must(report.lines <= taken);
	return report;
}

/* Read the input, one line, after the beginning of another line. */
static enum fail2ban_log_class
read_after(const char *begin, const uint8_t *data, size_t size)
{
	struct report report = { .lines = 0 };
	struct fail2ban_log *l =
	    fail2ban_log_new(2026, UNKNOWN, take_line, &report);
	struct buffer line = { 0 };
	enum fail2ban_log_class class;
	struct err e;

	must(l != NULL);
	buffer_puts(&line, begin);
	buffer_put(&line, (const char *)data, size);
	must(!line.failed);
	must(fail2ban_log_feed(l, line.s, line.len, &class, &e) == 0);
	must(fail2ban_log_end(l, &e) == 0);
	must(report.lines == 0);
	fail2ban_log_free(l);
	buffer_free(&line);
	buffer_free(&report.out);
	return class;
}

/* Only who writes as fail2ban or as fail2ban-archive makes their lines. */
static void
check_forged(const uint8_t *data, size_t size)
{
	static const char *const foreign[] = {
		"Nov 23 18:48:38 www sshd[4117]: ",
		"Nov 23 18:48:38 www sshd[4117]: Invalid user ",
		"<38>1 2026-11-23T18:48:38Z www sshd 4117 - - ",
		"2026-11-23T18:48:38.748123456Z log-in of ",
	};
	static const char *const own[] = {
		"2026-11-23 18:48:38,748 fail2ban.utils [1]: ERROR   ",
		"2026-11-23 18:48:38,748 fail2ban.filter [1]: INFO    [s] "
		"Found ",
	};
	enum fail2ban_log_class class;

	for (size_t i = 0; i < ARRAY_LEN(foreign); i++) {
		class = read_after(foreign[i], data, size);
		must(
		    class == FAIL2BAN_LOG_FOREIGN || class == FAIL2BAN_LOG_BAD);
	}
	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		class = read_after(own[i], data, size);
		must(class == FAIL2BAN_LOG_TAKEN || class == FAIL2BAN_LOG_BAD);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int64_t year = UNKNOWN, newest = INT64_C(1795459718);
	struct report report, again;

	if (size == 0)
		return 0;
	if ((data[0] & 1) != 0)
		year = 1960 + data[0];
	must(setenv("TZ", zones[data[0] / 2 % ARRAY_LEN(zones)], 1) == 0);
	tzset();
	report = read_all(data + 1, size - 1, year, newest);
	again = read_all(data + 1, size - 1, year, newest);
	must(report.out.len == again.out.len);
	must(report.out.len == 0 ||
	    memcmp(report.out.s, again.out.s, report.out.len) == 0);
	buffer_free(&report.out);
	buffer_free(&again.out);
	check_forged(data + 1, size - 1);
	return 0;
}
