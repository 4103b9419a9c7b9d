/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive/history/sightings_column.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/number.h"
#include "base/timestamp.h"

enum {
	KIND,
	SEEN,
	SINCE,
	SECONDS,
	BANCOUNT,
	FAILURES,
	EVIDENCE,
	END,
	ENDED,
	NUMBERS
};

/* The values after the ip. */
enum { ORIGIN, WITNESSES, RESTORED, NTH, MADE, OTHER, HELD, MORE_NUMBERS };

/* Return a time as the distance from the ban's second; time_of does the
 * reverse. */
static int64_t
distance(int64_t us, int64_t timeofban)
{
	return number_add_sat(us, -timestamp_from_seconds(timeofban));
}

static int64_t
time_of(int64_t distance, int64_t timeofban)
{
	return number_add_sat(timestamp_from_seconds(timeofban), distance);
}

/* Return a distance that is 0 only for a time that is 0, which is unknown;
 * time_or_0 does the reverse. */
static int64_t
distance_or_0(int64_t us, int64_t timeofban)
{
	int64_t d = us == 0 ? 0 : distance(us, timeofban);

	return us == 0 || d < 0 ? d : number_add_sat(d, 1);
}

static int64_t
time_or_0(int64_t distance, int64_t timeofban)
{
	if (distance == 0)
		return 0;
	return time_of(distance > 0 ? distance - 1 : distance, timeofban);
}

static void
put_number(struct buffer *out, int64_t v)
{
	if (v == UNKNOWN)
		buffer_put(out, "null", 4);
	else
		buffer_put_number(out, v);
}

void
sightings_column_put(struct buffer *out, const struct sighting *sighting,
    int64_t timeofban)
{
	bool ends = sighting->end != BAN_LIVES;
	int64_t numbers[NUMBERS] = {
		[KIND] = sighting->kind,
		[SEEN] = distance(sighting->at_us, timeofban),
		[SINCE] = sighting->exact ?
		    distance(sighting->since_us, timeofban) :
		    UNKNOWN,
		[SECONDS] = sighting->seconds,
		[BANCOUNT] = sighting->bancount,
		[FAILURES] = sighting->failures,
		[EVIDENCE] = sighting->evidence == 0 ? UNKNOWN :
		    sighting->has_matches	     ? sighting->evidence :
						       -sighting->evidence,
		[END] = ends ? (int64_t)sighting->end : UNKNOWN,
		[ENDED] =
		    ends ? distance(sighting->ended_us, timeofban) : UNKNOWN,
	};
	const int64_t more[MORE_NUMBERS] = {
		[ORIGIN] = sighting->origin,
		[WITNESSES] = sighting->seen,
		[RESTORED] = sighting->restored,
		[NTH] = sighting->nth,
		[MADE] = distance_or_0(sighting->made_us, timeofban),
		[OTHER] = sighting->other_timeofban == 0 ?
		    0 :
		    sighting->other_timeofban - timeofban,
		[HELD] = distance_or_0(sighting->held_us, timeofban),
	};
	size_t n = NUMBERS, n_more = MORE_NUMBERS;

	while (n_more > 0 && more[n_more - 1] == 0)
		n_more--;
	while (n_more == 0 && sighting->ip == NULL && n > 0 &&
	    numbers[n - 1] == UNKNOWN)
		n--;
	buffer_putc(out, out->len == 0 ? '[' : ',');
	for (size_t i = 0; i < n; i++) {
		buffer_putc(out, i == 0 ? '[' : ',');
		put_number(out, numbers[i]);
	}
	if (sighting->ip != NULL) {
		buffer_putc(out, ',');
		json_put_text(out, sighting->ip, strlen(sighting->ip));
	} else if (n_more > 0) {
		buffer_puts(out, ",null");
	}
	for (size_t i = 0; i < n_more; i++) {
		buffer_putc(out, ',');
		put_number(out, more[i] == 0 ? UNKNOWN : more[i]);
	}
	buffer_putc(out, ']');
}

bool
sightings_column_is_array(const char *text)
{
	return json_is(text, '[');
}

static int
take_ip(const struct json *value, char **ip)
{
	struct buffer said = { 0 };

	if (json_is_null(value))
		return 0;
	if (!json_is_text(value))
		return -1;
	buffer_puts(&said, "");
	json_put_said(&said, value);
	*ip = buffer_take(&said);
	return *ip == NULL ? -1 : 0;
}

static void
fill(struct sighting *sighting, const int64_t numbers[NUMBERS],
    int64_t timeofban)
{
	int64_t evidence = numbers[EVIDENCE];

	*sighting = (struct sighting){
		.kind = (enum sighting_kind)numbers[KIND],
		.at_us = time_of(numbers[SEEN], timeofban),
		.timeofban = timeofban,
		.since_us = timestamp_from_seconds(timeofban),
		.exact = numbers[SINCE] != UNKNOWN,
		.seconds = numbers[SECONDS],
		.bancount = numbers[BANCOUNT],
		.failures = numbers[FAILURES],
		.ended_us = UNKNOWN,
	};
	if (sighting->exact)
		sighting->since_us = time_of(numbers[SINCE], timeofban);
	if (evidence != UNKNOWN) {
		sighting->has_matches = evidence > 0;
		sighting->evidence = evidence > 0 ? evidence : -evidence;
	}
	if (numbers[END] != UNKNOWN) {
		sighting->end = (enum ban_end)numbers[END];
		sighting->ended_us = time_of(numbers[ENDED], timeofban);
	}
}

/* Take the next n numbers of an array; missing ones are UNKNOWN. */
static int
take_numbers(const char **inside, int64_t *numbers, size_t n)
{
	struct json value;

	for (size_t i = 0; i < n; i++) {
		numbers[i] = UNKNOWN;
		if (json_next(inside, NULL, &value) &&
		    !json_take_number(&value, &numbers[i]))
			return -1;
	}
	return 0;
}

/* Take the values after the ip; an unknown one is 0. */
static int
take_more(const char **inside, int64_t timeofban, struct sighting *sighting)
{
	int64_t more[MORE_NUMBERS];

	if (take_numbers(inside, more, MORE_NUMBERS) != 0)
		return -1;
	for (size_t i = 0; i < MORE_NUMBERS; i++) {
		if (more[i] == UNKNOWN)
			more[i] = 0;
		else if (i < MADE && more[i] < 0)
			return -1;
	}
	if (more[ORIGIN] > BAN_FROM_LIST || more[WITNESSES] > BAN_SEEN_ALL ||
	    more[NTH] > INT32_MAX / 2)
		return -1;
	sighting->origin = (enum ban_origin)more[ORIGIN];
	sighting->seen = (unsigned)more[WITNESSES];
	sighting->restored = more[RESTORED];
	sighting->nth = more[NTH];
	sighting->made_us = time_or_0(more[MADE], timeofban);
	sighting->held_us = time_or_0(more[HELD], timeofban);
	if (more[OTHER] != 0)
		sighting->other_timeofban =
		    number_add_sat(timeofban, more[OTHER]);
	return 0;
}

int
sightings_column_take(const char **at, int64_t timeofban,
    struct sighting *sighting, char **ip)
{
	struct json element, value;
	int64_t numbers[NUMBERS];
	const char *inside;

	*ip = NULL;
	if (!json_next(at, NULL, &element))
		return 0;
	if (!json_is_array(&element))
		return -1;
	inside = element.at;
	if (take_numbers(&inside, numbers, NUMBERS) != 0 ||
	    numbers[KIND] < SIGHTING_BAN || numbers[KIND] > SIGHTING_FOLDED ||
	    numbers[SEEN] == UNKNOWN ||
	    (numbers[END] == UNKNOWN) != (numbers[ENDED] == UNKNOWN) ||
	    (numbers[END] != UNKNOWN &&
		(numbers[END] <= BAN_LIVES || numbers[END] > BAN_INFERRED)))
		return -1;
	fill(sighting, numbers, timeofban);
	if (json_next(&inside, NULL, &value) &&
	    (take_ip(&value, ip) != 0 ||
		take_more(&inside, timeofban, sighting) != 0)) {
		free(*ip);
		*ip = NULL;
		return -1;
	}
	return 1;
}
