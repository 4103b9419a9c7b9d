/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cmd/bans/answer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/escape.h"
#include "base/list.h"
#include "base/number.h"

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static struct tm
local(int64_t us)
{
	time_t seconds = (time_t)(us / TIMESTAMP_US);
	struct tm tm = { 0 };

	localtime_r(&seconds, &tm);
	return tm;
}

/* Put a length of time in words: "38 min", "2 h 5 min", "3 days". */
static const char *
in_words(int64_t us, char buf[48])
{
	int64_t s = us > 0 ? us / TIMESTAMP_US : 0;
	int64_t minutes = s % HOUR / MINUTE;

	if (s >= 2 * DAY)
		snprintf(buf, 48, "%" PRId64 " days", s / DAY);
	else if (s >= HOUR && minutes > 0)
		snprintf(buf, 48, "%" PRId64 " h %" PRId64 " min", s / HOUR,
		    minutes);
	else if (s >= HOUR)
		snprintf(buf, 48, "%" PRId64 " h", s / HOUR);
	else if (s >= MINUTE)
		snprintf(buf, 48, "%" PRId64 " min", minutes);
	else
		snprintf(buf, 48, "%" PRId64 " s", s);
	return buf;
}

/* Put a moment: the time of day, and the date where it is another one. */
static const char *
moment(int64_t us, int64_t now_us, char buf[48])
{
	struct tm then = local(us), now = local(now_us);
	bool today = then.tm_year == now.tm_year && then.tm_yday == now.tm_yday;

	strftime(buf, 48, today ? "%H:%M" : "%Y-%m-%d %H:%M", &then);
	return buf;
}

/* Put how long a ban lasts from now on. */
static const char *
until(const struct answer_ban *ban, int64_t now_us, char buf[128])
{
	int64_t end_us =
	    number_add_sat(ban->since_us, timestamp_from_seconds(ban->seconds));
	char when[48], left[48];

	if (ban->seconds == UNKNOWN)
		snprintf(buf, 128, " for an unknown time");
	else if (ban->seconds < 0)
		snprintf(buf, 128, " for ever");
	else
		snprintf(buf, 128, " until %s (%s left)",
		    moment(end_us, now_us, when),
		    in_words(number_sub_sat(end_us, now_us), left));
	return buf;
}

/* Put the jail of a ban, and the host of one that is from elsewhere. */
static const char *
place(const struct answer_ban *ban, char buf[2 * ANSWER_NAME])
{
	char host[ANSWER_NAME];
	size_t len;

	escape_text(buf, ANSWER_NAME, ban->jail, strlen(ban->jail));
	if (ban->host == NULL)
		return buf;
	escape_text(host, sizeof(host), ban->host, strlen(ban->host));
	len = strlen(buf);
	snprintf(buf + len, 2 * ANSWER_NAME - len, "@%s", host);
	return buf;
}

/* Note the host of a ban of a fleet. */
static int
note_host(struct answer *a, const struct answer_ban *ban, struct err *e)
{
	size_t low = 0, high = a->hosts_n;
	struct answer_host *hosts;
	char *name;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(a->hosts[middle].name, ban->host);

		if (order == 0) {
			a->hosts[middle].active |=
			    ban->state == BAN_STATE_ACTIVE;
			return 0;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	hosts =
	    list_grow(a->hosts, &a->hosts_room, a->hosts_n + 1, sizeof(*hosts));
	if (hosts == NULL)
		return err_no_memory(e);
	a->hosts = hosts;
	if ((name = strdup(ban->host)) == NULL)
		return err_no_memory(e);
	memmove(hosts + low + 1, hosts + low,
	    (a->hosts_n++ - low) * sizeof(*hosts));
	hosts[low] =
	    (struct answer_host){ name, ban->state == BAN_STATE_ACTIVE };
	return 0;
}

void
answer_free(struct answer *a)
{
	for (size_t i = 0; i < a->hosts_n; i++)
		free(a->hosts[i].name);
	free(a->hosts);
}

/* When a ban ends: for ever is last, and an unknown time is first. */
static int64_t
end_of(int64_t since_us, int64_t seconds)
{
	if (seconds == UNKNOWN)
		return INT64_MIN;
	return seconds < 0 ?
	    INT64_MAX :
	    number_add_sat(since_us, timestamp_from_seconds(seconds));
}

/* Note the jail and the end of an active ban of a fleet. */
static void
note_active(struct answer *a, const struct answer_ban *ban)
{
	char jail[ANSWER_NAME];

	if (!a->longest_any ||
	    end_of(ban->since_us, ban->seconds) >
		end_of(a->longest_since_us, a->longest_seconds)) {
		a->longest_since_us = ban->since_us;
		a->longest_seconds = ban->seconds;
		a->longest_any = true;
	}
	if (a->jails_n > ANSWER_NAMED)
		return;
	escape_text(jail, sizeof(jail), ban->jail, strlen(ban->jail));
	for (int i = 0; i < a->jails_n; i++) {
		if (strcmp(a->jails[i], jail) == 0)
			return;
	}
	if (a->jails_n++ < ANSWER_NAMED)
		memcpy(a->jails[a->jails_n - 1], jail, sizeof(jail));
}

int
answer_take(struct answer *a, const struct answer_ban *ban, struct err *e)
{
	char where[2 * ANSWER_NAME], rest[128], ago[48], why[ANSWER_NAME];
	size_t len = strlen(a->now);

	if (a->fleet && note_host(a, ban, e) != 0)
		return -1;
	if (a->count++ == 0)
		a->first_us = ban->since_us;
	place(ban, where);
	if (ban->state == BAN_STATE_ACTIVE) {
		if (a->fleet)
			note_active(a, ban);
		if (a->active++ < ANSWER_NAMED)
			snprintf(a->now + len, sizeof(a->now) - len,
			    "%s in %s%s", len > 0 ? " and" : "", where,
			    until(ban, a->now_us, rest));
		return 0;
	}
	if (ban->state == BAN_STATE_ENDED && ban->why != NULL)
		escape_text(why, sizeof(why), ban->why, strlen(ban->why));
	else
		snprintf(why, sizeof(why), "%s", ban_state_name(ban->state));
	snprintf(a->last, sizeof(a->last), "%s ago in %s, %s",
	    in_words(number_sub_sat(a->now_us, ban->since_us), ago), where,
	    why);
	return 0;
}

void
answer_take_network(struct answer *a, const struct answer_ban *ban)
{
	char where[2 * ANSWER_NAME], rest[128], network[ANSWER_NAME];

	if (ban->state != BAN_STATE_ACTIVE || a->network[0] != '\0')
		return;
	escape_text(network, sizeof(network), ban->ident, strlen(ban->ident));
	snprintf(a->network, sizeof(a->network),
	    "; %s, which holds it, is banned in %s%s", network,
	    place(ban, where), until(ban, a->now_us, rest));
}

/* Put "3rd ban since May"; of a fleet, "3 bans on 2 hosts since May". */
static const char *
how_often(const struct answer *a, char buf[128])
{
	static const char *const endings[] = { "th", "st", "nd", "rd" };
	int64_t ones = a->count % 10, tens = a->count / 10 % 10;
	/* A clock that was set back may have made it of the future. */
	struct tm first =
	    local(a->first_us < a->now_us ? a->first_us : a->now_us);
	struct tm now = local(a->now_us);
	char since[48];

	strftime(since, sizeof(since),
	    first.tm_year == now.tm_year ? "%B" : "%B %Y", &first);
	if (a->fleet)
		snprintf(buf, 128, "%" PRId64 " ban%s on %zu host%s since %s",
		    a->count, a->count == 1 ? "" : "s", a->hosts_n,
		    a->hosts_n == 1 ? "" : "s", since);
	else
		snprintf(buf, 128, "%" PRId64 "%s ban since %s", a->count,
		    endings[ones <= 3 && tens != 1 ? ones : 0], since);
	return buf;
}

void
answer_take_inside(struct answer *a, const struct figures_sums *inside)
{
	a->inside = inside->ever;
	a->inside_active = inside->live;
	a->inside_ids = inside->ids;
	a->inside_last_us = inside->last_us;
}

bool
answer_is_never(const struct answer *a)
{
	return a->count == 0 && a->inside == 0;
}

/* Print what is inside of a network that is not banned as a whole. */
static void
print_inside(const struct answer *a, FILE *to)
{
	char ago[48];

	if (a->inside_active > 0)
		fprintf(to, "Banned now in part: %" PRId64 " %s active",
		    a->inside_active, a->inside_active == 1 ? "ban" : "bans");
	else
		fprintf(to, "Not banned now; the last ban in it %s ago",
		    in_words(number_sub_sat(a->now_us, a->inside_last_us),
			ago));
	fprintf(to, "; %" PRId64 " %s of %" PRId64 " %s ever", a->inside,
	    a->inside == 1 ? "ban" : "bans", a->inside_ids,
	    a->inside_ids == 1 ? "id" : "ids");
}

/* Print the hosts of a fleet on which the id is banned now: " on a, b and c;".
 */
static void
print_hosts(const struct answer *a, FILE *to)
{
	size_t active = 0, named = 0, last;

	for (size_t i = 0; i < a->hosts_n; i++)
		active += a->hosts[i].active;
	last = active < ANSWER_NAMED ? active : ANSWER_NAMED;
	fputs(" on ", to);
	for (size_t i = 0; i < a->hosts_n && named < last; i++) {
		if (!a->hosts[i].active)
			continue;
		if (named > 0)
			fputs(named + 1 == active ? " and " : ", ", to);
		escape_print(to, a->hosts[i].name);
		named++;
	}
	if (active > named)
		fprintf(to, " and %zu more host%s", active - named,
		    active - named == 1 ? "" : "s");
	putc(';', to);
}

/* Print the jails of many bans of a fleet, and their last end. */
static void
print_many(const struct answer *a, FILE *to)
{
	const struct answer_ban longest = { .since_us = a->longest_since_us,
		.seconds = a->longest_seconds };
	char rest[128];

	for (int i = 0; i < a->jails_n && i < ANSWER_NAMED; i++)
		fprintf(to, "%s%s", i == 0 ? " in " : ", ", a->jails[i]);
	fprintf(to, "%s, the longest%s",
	    a->jails_n > ANSWER_NAMED ? " and other jails" : "",
	    until(&longest, a->now_us, rest));
}

/* Print where the id is banned, and until when. */
static void
print_now(const struct answer *a, FILE *to)
{
	if (a->fleet)
		print_hosts(a, to);
	if (a->fleet && a->active > ANSWER_NAMED) {
		print_many(a, to);
		return;
	}
	fputs(a->now, to);
	if (a->active > ANSWER_NAMED)
		fprintf(to, " and in %" PRId64 " more",
		    a->active - ANSWER_NAMED);
}

void
answer_print(const struct answer *a, FILE *to)
{
	char often[128];

	if (a->active > 0) {
		fputs("Banned now", to);
		print_now(a, to);
		fprintf(to, "; %s", how_often(a, often));
	} else if (a->inside > a->count) {
		print_inside(a, to);
	} else if (a->count > 0) {
		fprintf(to, "Not banned now; last banned %s", a->last);
	} else {
		fprintf(to, "Never banned%s", a->note);
	}
	if (a->fleet && a->count > 0 && a->active == 0)
		fprintf(to, "; %s", how_often(a, often));
	fprintf(to, "%s.\n", a->network);
}
