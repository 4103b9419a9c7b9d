/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban/log_record.h"

#include <string.h>

#include "base/macros.h"
#include "fail2ban/log_program.h"

#define LOGGERS "fail2ban."

/* The levels, cut to five letters. */
static const char *const levels[] = { "CRITI", "ERROR", "WARNI", "NOTIC",
	"INFO", "DEBUG", "TRACE", "HEAVY" };

/* Return the part whose logger it is, by the last word of that name. */
static enum log_record_part
part_of(const struct log_word *logger)
{
	static const struct {
		const char *name;
		enum log_record_part part;
	} parts[] = {
		{ "filter", LOG_RECORD_FILTER },
		{ "actions", LOG_RECORD_ACTIONS },
		{ "observer", LOG_RECORD_OBSERVER },
		{ "database", LOG_RECORD_DATABASE },
		{ "server", LOG_RECORD_SERVER },
		{ "jail", LOG_RECORD_SERVER },
	};
	struct log_word last = { logger->s + logger->len, 0 };

	while (last.s > logger->s && last.s[-1] != '.') {
		last.s--;
		last.len++;
	}
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		if (log_word_is(&last, parts[i].name))
			return parts[i].part;
	}
	return LOG_RECORD_OTHER;
}

/* Take "fail2ban.actions", the name of a logger. */
static bool
take_logger(struct log_rest *r, struct log_word *logger)
{
	logger->s = r->s;
	if (!log_word_take(r, LOGGERS))
		return false;
	while (r->s < r->end && (log_word_is_alnum(*r->s) || *r->s == '.'))
		r->s++;
	logger->len = (size_t)(r->s - logger->s);
	return true;
}

/* Take "NOTICE  ", after which the message stands, or nothing. */
static bool
take_level(struct log_rest *r)
{
	const char *begin = r->s;

	while (r->s < r->end && log_word_is_upper(*r->s))
		r->s++;
	return r->s > begin && (log_word_take_blanks(r) || r->s == r->end);
}

/* Take "[7268]", which 0.8 lacks, and the colon. */
static bool
take_pid(struct log_rest *r, struct log_record *record)
{
	const char *digits;

	record->old = !log_word_take(r, "[");
	if (!record->old) {
		digits = r->s;
		record->pid = log_word_take_number(r);
		if (r->s == digits || !log_word_take(r, "]"))
			return false;
		log_program_skip_mark(r);
	}
	return log_word_take(r, ":");
}

bool
log_record_take(struct log_rest *r, struct log_record *record)
{
	struct log_rest at = *r;
	struct log_word logger, level;

	*record = (struct log_record){ .pid = 0 };
	if (!take_logger(&at, &logger))
		return false;
	log_word_take_blanks(&at);
	if (!take_pid(&at, record) || !log_word_take_blanks(&at))
		return false;
	level = log_word_at(at.s, at.end);
	if (!take_level(&at))
		return false;
	if (log_word_is(&level, "NOTICE"))
		record->old = false;
	record->part = part_of(&logger);
	r->s = at.s;
	return true;
}

/* Take "7F866D09D6C0 ". */
static bool
take_number(struct log_rest *r)
{
	const char *begin = r->s;

	while (r->s < r->end &&
	    (log_word_is_digit(*r->s) || (*r->s >= 'A' && *r->s <= 'F')))
		r->s++;
	return r->s - begin >= 4 && log_word_take_blanks(r);
}

/* Take a level of five letters at most. */
static bool
take_short_level(struct log_rest *r)
{
	struct log_word level = log_word_at(r->s, r->end);

	for (size_t i = 0; i < ARRAY_LEN(levels); i++) {
		if (log_word_is(&level, levels[i]))
			return take_level(r);
	}
	return false;
}

bool
log_record_take_thread(struct log_rest *r, struct log_record *record)
{
	struct log_rest at = *r;

	*record = (struct log_record){ .part = LOG_RECORD_ANY };
	if (!take_number(&at) || !take_short_level(&at))
		return false;
	r->s = at.s;
	return true;
}

bool
log_record_take_counted(struct log_rest *r, struct log_record *record)
{
	struct log_rest at = *r;
	struct log_word logger;
	const char *bar;

	*record = (struct log_record){ .pid = 0 };
	if (!log_word_take(&at, "+"))
		return false;
	log_word_take_blanks(&at);
	log_word_take_number(&at);
	if (!log_word_take_blanks(&at) || !take_number(&at) ||
	    !take_logger(&at, &logger) || !log_word_take_blanks(&at) ||
	    !take_short_level(&at))
		return false;
	record->part = part_of(&logger);
	if (log_word_take(&at, "| ")) {
		bar = memchr(at.s, '|', log_word_left(&at));
		if (bar == NULL)
			return false;
		at.s = bar + 1;
		log_word_take_blanks(&at);
	}
	r->s = at.s;
	return true;
}

bool
log_record_take_level(struct log_rest *r, const struct log_word *logger,
    struct log_record *record)
{
	size_t n = strlen(LOGGERS);

	*record = (struct log_record){ .part = part_of(logger) };
	return logger->len > n && memcmp(logger->s, LOGGERS, n) == 0 &&
	    take_level(r);
}
