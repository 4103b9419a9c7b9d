/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/replay/order.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/number.h"
#include "base/timestamp.h"
#include "fail2ban/log.h"
#include "job/replay/replay.h"
#include "os/clock.h"

/* A rotation with at least as many digits is a date, otherwise a number. */
#define DATE_DIGITS 8

/* Return len without the ending, if the path has it. */
static size_t
without(const char *path, size_t len, const char *ending)
{
	size_t n = strlen(ending);

	return len > n && memcmp(path + len - n, ending, n) == 0 ? len - n :
								   len;
}

/*
 * Read the digits, with dashes between them, at the end of a path's first len
 * bytes. Return their number, and in *value their digits as one number.
 */
static size_t
take_digits(const char *path, size_t len, int64_t *value)
{
	char digits[20] = "";
	size_t at = len, n = sizeof(digits) - 1;

	while (at > 0 && n > 0 &&
	    (strchr("0123456789", path[at - 1]) != NULL ||
		(path[at - 1] == '-' && at < len))) {
		if (path[--at] != '-')
			digits[--n] = path[at];
	}
	while (path[at] == '-')
		at++;
	return at < len && n > 0 &&
		number_parse(digits + n, 0, INT64_MAX, value, NULL) == 0 ?
	    len - at :
	    0;
}

size_t
replay_order_split(const char *path, int64_t *rotation)
{
	static const char *const packings[] = { ".gz", ".xz", ".bz2", ".zst",
		".Z" };
	size_t len = strlen(path), digits;
	int64_t value;

	for (size_t i = 0; i < ARRAY_LEN(packings); i++)
		len = without(path, len, packings[i]);
	/* logrotate's "extension .log" puts a date in front of it. */
	digits = take_digits(path, without(path, len, ".log"), &value);
	if (digits >= DATE_DIGITS)
		len = without(path, len, ".log");
	else
		digits = take_digits(path, len, &value);
	*rotation = INT64_MAX;
	if (digits > 0 && digits + 1 < len &&
	    (path[len - digits - 1] == '.' ||
		(path[len - digits - 1] == '-' && digits >= DATE_DIGITS))) {
		*rotation = digits >= DATE_DIGITS ? value : -value;
		len -= digits + 1;
	}
	return without(path, len, ".log");
}

/* Take no line; a fail2ban_log_fn. */
static int
ignore(void *to UNUSED, const struct fail2ban_log_line *line UNUSED,
    struct err *e UNUSED)
{
	return 0;
}

/* Find the first stamp of a log that is open, and whether another one follows.
 */
static void
find_first(struct replay_order *o, struct line_reader *in, int64_t year)
{
	struct fail2ban_log *log =
	    fail2ban_log_new(year, in->mtime_us / TIMESTAMP_US, ignore, NULL);
	struct err e;
	const char *line;
	size_t len;

	while (log != NULL && !o->goes_on &&
	    line_reader_next(in, &line, &len, &e) == 1 &&
	    fail2ban_log_feed(log, line, len, NULL, &e) == 0) {
		int64_t stamp_us = fail2ban_log_stamp(log, NULL);

		if (o->begins_us == UNKNOWN)
			o->begins_us = fail2ban_log_stamp(log, &o->has_year);
		o->goes_on = stamp_us != o->begins_us;
	}
	fail2ban_log_free(log);
}

static void
look_into(struct replay_order *o, const struct replay_options *options,
    const volatile sig_atomic_t *stop)
{
	struct line_reader in;
	struct err e;
	struct stat st;
	const char *bytes;
	size_t len;

	o->begins_us = UNKNOWN;
	o->has_year = true;
	o->goes_on = false;
	o->base = replay_order_split(o->source, &o->rotation);
	/* A stream can be read only once. */
	if (strcmp(o->source, "-") == 0 || stat(o->source, &st) != 0 ||
	    !S_ISREG(st.st_mode) || line_reader_open(&in, o->source, &e) != 0)
		return;
	in.stop = stop;
	if (line_reader_peek(&in, &bytes, &len, &e) == 0 &&
	    (options->format == REPLAY_LOG ||
		(options->format == REPLAY_ANY &&
		    replay_guess_format(bytes, len) == REPLAY_LOG)))
		find_first(o, &in, options->year);
	line_reader_close(&in);
}

static bool
is_same_log(const struct replay_order *a, const struct replay_order *b)
{
	return a->begins_us != UNKNOWN && b->begins_us != UNKNOWN &&
	    a->base == b->base && memcmp(a->source, b->source, a->base) == 0;
}

/* Find out what all files of one log have in common. */
static void
find_log(struct replay_order *sources, size_t n, size_t i)
{
	struct replay_order *o = &sources[i];

	o->given = o->log = i;
	o->log_begins_us = o->begins_us == UNKNOWN ? INT64_MAX : o->begins_us;
	o->by_name = !o->has_year;
	for (size_t k = 0; k < n; k++) {
		if (!is_same_log(o, &sources[k]))
			continue;
		if (k < o->log)
			o->log = k;
		if (sources[k].begins_us < o->log_begins_us)
			o->log_begins_us = sources[k].begins_us;
		o->log_goes_on = o->log_goes_on || sources[k].goes_on ||
		    sources[k].begins_us != o->begins_us;
		o->by_name = o->by_name || !sources[k].has_year;
	}
}

static int
compare(const void *x, const void *y)
{
	const struct replay_order *a = x, *b = y;
	int by_log = number_compare(a->log_begins_us, b->log_begins_us);
	int by_name = number_compare(a->rotation, b->rotation);
	int by_line = number_compare(a->begins_us, b->begins_us);

	if (by_log == 0)
		by_log = a->log_goes_on - b->log_goes_on;
	if (by_log == 0)
		by_log = number_compare((int64_t)a->log, (int64_t)b->log);
	if (by_log != 0)
		return by_log;
	if (a->by_name && by_name != 0)
		return by_name;
	if (by_line != 0)
		return by_line;
	if (by_name != 0)
		return by_name;
	return number_compare((int64_t)a->given, (int64_t)b->given);
}

void
replay_order(struct replay_order *sources, size_t n,
    const struct replay_options *options, const volatile sig_atomic_t *stop)
{
	for (size_t i = 0; i < n && n > 1 && *stop == 0; i++)
		look_into(&sources[i], options, stop);
	if (n < 2 || *stop != 0)
		return;
	for (size_t i = 0; i < n; i++)
		find_log(sources, n, i);
	qsort(sources, n, sizeof(*sources), compare);
}

void
replay_order_turn(const struct replay_order *sources, size_t n, size_t i,
    struct replay_context *context)
{
	const struct replay_order *o = &sources[i];

	context->more = i + 1 < n;
	context->goes_on = context->more && is_same_log(o, o + 1);
	if (i == 0 || context->log == NULL || o->begins_us == UNKNOWN ||
	    is_same_log(o, o - 1))
		return;
	if (o->begins_us < fail2ban_log_stamp(context->log, NULL))
		replay_context_free(context);
}
