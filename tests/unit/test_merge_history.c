/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random histories, merged piece by piece in random orders, give the bans of
 * the whole history. (Chosen ones are in test_merge_stretch.c.)
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "merge_lab.h"
#include "random.h"

#define SETS 500
#define WILD_SETS 250
#define SIGHTINGS_MAX 48
#define LINES_MAX 32
#define FLUSHES_MAX 8
#define WILD_SIGHTINGS 14
#define WILD_LINES 8
#define PIECES_MAX (SIGHTINGS_MAX + LINES_MAX + FLUSHES_MAX)

/* A history, and the order in which its pieces are merged. */
struct set {
	struct sighting sightings[SIGHTINGS_MAX];
	size_t n;
	struct logged_line lines[LINES_MAX];
	size_t lines_n;
	int64_t flushes[FLUSHES_MAX];
	size_t flushes_n;
	size_t order[PIECES_MAX];
};

static int64_t
below(uint64_t *state, int64_t n)
{
	return (int64_t)((random_next(state) >> 11) % (uint64_t)n);
}

/* A ticket's time, in ms: some are of whole seconds, some share a second. */
static int64_t
random_ticket(uint64_t *state, int64_t tickets)
{
	static const int64_t within[] = { 0, 0, 100, 300, 700 };

	return below(state, tickets) * 7000 + within[below(state, 5)];
}

/* A delay in ms: mostly short. */
static int64_t
random_delay(uint64_t *state)
{
	static const int64_t most[] = { 500, 500, 3000, 30000, 100000 };

	return 1 + below(state, most[below(state, 5)]);
}

static struct sighting
random_sighting(uint64_t *state, int64_t tickets, int64_t salt)
{
	static const enum sighting_kind kinds[] = { SIGHTING_BAN, SIGHTING_BAN,
		SIGHTING_BAN, SIGHTING_RESTORED, SIGHTING_PROLONG, SIGHTING_ROW,
		SIGHTING_UNBAN, SIGHTING_UNBAN, SIGHTING_IMPORT,
		SIGHTING_OLD_ROW };
	static const int64_t seconds[] = { -1, 5, 600 };
	enum sighting_kind kind = kinds[below(state, 10)];
	int64_t ticket = random_ticket(state, tickets);
	struct sighting sighting = {
		.kind = kind,
		/* No two sightings have one moment. */
		.at_us = MS(ticket + random_delay(state)) + salt,
		.timeofban = ban_timeofban(MS(ticket)),
		.since_us = MS(ticket),
		.exact = kind != SIGHTING_ROW && kind != SIGHTING_OLD_ROW &&
		    (kind != SIGHTING_RESTORED || ticket % 1000 == 0),
		.seconds = seconds[below(state, 3)],
		.bancount = UNKNOWN,
		.failures = UNKNOWN,
		.ended_us = UNKNOWN,
	};

	if (kind == SIGHTING_RESTORED)
		sighting.exact = false;
	if (!sighting.exact)
		sighting.since_us = timestamp_from_seconds(sighting.timeofban);
	if (kind == SIGHTING_UNBAN && below(state, 3) > 0) {
		sighting.end = BAN_MANUAL;
		sighting.ended_us = sighting.at_us;
	}
	if (kind == SIGHTING_IMPORT || kind == SIGHTING_OLD_ROW) {
		sighting.at_us = sighting.since_us;
		sighting.seen = BAN_SEEN_EVENT;
	}
	if (kind == SIGHTING_IMPORT && below(state, 2) > 0) {
		sighting.end = BAN_MANUAL;
		sighting.ended_us =
		    sighting.since_us + random_delay(state) * 1000;
	}
	return sighting;
}

static void
random_lines(uint64_t *state, struct set *set, int64_t tickets)
{
	static const enum logged_verb verbs[] = { LOGGED_BAN, LOGGED_BAN,
		LOGGED_UNBAN, LOGGED_RESTORE, LOGGED_INCREASE };
	int64_t ms = 0;

	set->lines_n =
	    (size_t)below(state, 2) * (size_t)below(state, WILD_LINES);
	for (size_t i = 0; i < set->lines_n; i++) {
		ms += 1 + below(state, tickets * 2000);
		set->lines[i] = (struct logged_line){
			.verb = verbs[below(state, 5)],
			.at_us = MS(ms),
			.found = below(state, 2) == 0 ?
			    UNKNOWN :
			    SECOND + ms / 1000 - below(state, 8),
			.seconds = 600,
			.bancount = 2,
		};
		if (set->lines[i].verb != LOGGED_BAN)
			set->lines[i].found = UNKNOWN;
	}
}

static void
random_set(uint64_t *state, struct set *set)
{
	int64_t tickets = 1 + below(state, 12);

	*set = (struct set){ 0 };
	set->n = 1 + (size_t)below(state, WILD_SIGHTINGS);
	for (size_t i = 0; i < set->n; i++)
		set->sightings[i] = random_sighting(state, tickets, (int)i);
	random_lines(state, set, tickets);
	set->flushes_n = (size_t)below(state, 2) * (size_t)below(state, 3);
	for (size_t i = 0; i < set->flushes_n; i++)
		set->flushes[i] = (i == 0 ? MS(0) : set->flushes[i - 1]) +
		    1000 * (1 + below(state, tickets * 5000)) + 500;
	for (size_t i = 0; i < PIECES_MAX; i++)
		set->order[i] = i;
}

/*
 * fail2ban, which holds one ban of the id at a time. It writes its log, runs
 * its commands and keeps its rows; some of that gets lost.
 */
struct play {
	struct set *set;
	uint64_t *random;
	int64_t now_us;
	int64_t ticket_us, length; /* of the ban that it holds */
	int64_t made_us;
	bool with_lines, with_rows, loses;
	bool restarted; /* so it knows the bare second only */
};

static bool
happens(struct play *p, int64_t in)
{
	return below(p->random, in) == 0;
}

static void
let_pass(struct play *p, int64_t ms)
{
	p->now_us += 1000 * (1 + below(p->random, ms)) + 7;
}

static void
see(struct play *p, enum sighting_kind kind, bool exact)
{
	struct sighting *sighting = &p->set->sightings[p->set->n];

	p->now_us += 1000 + below(p->random, 900);
	if (p->set->n == SIGHTINGS_MAX || (p->loses && happens(p, 5)))
		return;
	*sighting = (struct sighting){
		.kind = kind,
		.at_us = p->now_us,
		.timeofban = ban_timeofban(p->ticket_us),
		.since_us = p->ticket_us,
		.exact = exact,
		.seconds = kind == SIGHTING_JUDGED ? UNKNOWN : p->length,
		.bancount = UNKNOWN,
		.failures = UNKNOWN,
		.ended_us = UNKNOWN,
	};
	if (!exact)
		sighting->since_us =
		    timestamp_from_seconds(sighting->timeofban);
	p->set->n++;
}

static void
end_as(struct play *p, size_t before, enum ban_end end)
{
	struct sighting *sighting;

	if (p->set->n == before)
		return;
	sighting = &p->set->sightings[p->set->n - 1];
	sighting->end = end;
	sighting->ended_us = sighting->at_us;
	if (sighting->kind == SIGHTING_JUDGED)
		sighting->made_us = p->made_us;
}

static void
write_line(struct play *p, enum logged_verb verb)
{
	p->now_us += 2000 - p->now_us % 1000;
	if (!p->with_lines || p->set->lines_n == LINES_MAX)
		return;
	p->set->lines[p->set->lines_n++] = (struct logged_line){
		.verb = verb,
		.at_us = p->now_us,
		.found =
		    verb == LOGGED_BAN ? p->ticket_us / TIMESTAMP_US : UNKNOWN,
		.seconds = verb == LOGGED_UNBAN ? UNKNOWN : p->length,
		.bancount = UNKNOWN,
	};
}

static void
flush(struct play *p)
{
	p->now_us += 500;
	if (p->set->flushes_n < FLUSHES_MAX)
		p->set->flushes[p->set->flushes_n++] = p->now_us;
}

/* Ban the id: mostly now, or by a line that was stamped earlier. */
static void
ban(struct play *p)
{
	static const int64_t lengths[] = { -1, 5, 600 };

	let_pass(p, happens(p, 3) ? 900 : 60000);
	p->ticket_us = p->now_us - (happens(p, 4) ? 3000000 : 50000);
	if (happens(p, 3))
		p->ticket_us -= p->ticket_us % TIMESTAMP_US;
	p->length = lengths[below(p->random, 3)];
	p->restarted = false;
	write_line(p, LOGGED_BAN);
	see(p, SIGHTING_BAN, true);
	p->made_us = p->now_us;
	if (happens(p, 4))
		see(p, SIGHTING_BAN, true);
}

static void
unban(struct play *p, enum ban_end end)
{
	size_t before = p->set->n;

	let_pass(p, happens(p, 2) ? 300 : 4000);
	write_line(p, LOGGED_UNBAN);
	before = p->set->n;
	see(p, SIGHTING_UNBAN, !p->restarted);
	if (end != BAN_LIVES)
		end_as(p, before, end);
}

static void
live(struct play *p)
{
	while (happens(p, 3)) {
		let_pass(p, 30000);
		if (happens(p, 2)) {
			flush(p);
			let_pass(p, 2000);
			write_line(p, LOGGED_RESTORE);
			see(p, SIGHTING_RESTORED, false);
			p->restarted = true;
		} else if (!p->restarted) {
			p->length = p->length == -1 ? -1 : p->length * 2;
			see(p, SIGHTING_PROLONG, true);
		}
	}
	if (p->with_rows && happens(p, 2))
		see(p, SIGHTING_ROW, false);
}

static void
end_ban(struct play *p)
{
	size_t before;

	switch (below(p->random, 5)) {
	case 0:
		unban(p, BAN_MANUAL);
		break;
	case 1:
		unban(p, BAN_LIVES);
		break;
	case 2:
		let_pass(p, 3000);
		flush(p);
		break;
	case 3:
		let_pass(p, 3000);
		before = p->set->n;
		see(p, SIGHTING_JUDGED, false);
		end_as(p, before, BAN_MANUAL);
		break;
	default:
		break; /* It was killed, and the id is banned again. */
	}
}

static void
play_fail2ban(uint64_t *state, struct set *set)
{
	struct play p = { .set = set, .random = state, .now_us = MS(0) };
	int64_t bans = 1 + below(state, 10);

	*set = (struct set){ 0 };
	p.with_lines = happens(&p, 2);
	p.with_rows = happens(&p, 2);
	p.loses = happens(&p, 2);
	for (; bans > 0; bans--) {
		ban(&p);
		live(&p);
		if (bans > 1 || happens(&p, 2))
			end_ban(&p);
	}
	for (size_t i = 0; i < PIECES_MAX; i++)
		set->order[i] = i;
}

/* Return true when the sightings of one second are of several times. */
static bool
has_several_times(const struct set *set, size_t own, int64_t timeofban)
{
	int64_t since_us = UNKNOWN;

	for (size_t i = 0; i < own; i++) {
		const struct sighting *s = &set->sightings[i];

		if (!s->exact || s->timeofban != timeofban)
			continue;
		if (since_us != UNKNOWN && s->since_us != since_us)
			return true;
		since_us = s->since_us;
	}
	return false;
}

/*
 * Another archive has bans of some of these seconds: of the same time, of the
 * whole second or of another time in it, and several of one time, which it
 * numbers, with some numbers free; and another database has rows of them. Not
 * tried: an import of a whole second that has bans of several times. An event
 * that comes after the import looks only for bans of its own time.
 */
static void
import_bans(uint64_t *state, struct set *set)
{
	size_t own;

	play_fail2ban(state, set);
	own = set->n;
	if (own == 0)
		return;
	while (set->n < SIGHTINGS_MAX && below(state, 10) > 0) {
		const struct sighting *of =
		    &set->sightings[below(state, (int64_t)own)];
		struct sighting *import = &set->sightings[set->n++];
		int64_t second = timestamp_from_seconds(of->timeofban);

		*import = (struct sighting){
			.kind = below(state, 6) == 0 ? SIGHTING_OLD_ROW :
						       SIGHTING_IMPORT,
			.timeofban = of->timeofban,
			.since_us =
			    below(state, 2) == 0 ? second : of->since_us,
			.seconds = 600,
			.bancount = UNKNOWN,
			.failures = UNKNOWN,
			/* No two of them are the same. */
			.ended_us = second + TIMESTAMP_US * below(state, 40) +
			    (int64_t)set->n,
			.end = BAN_MANUAL,
			.seen = BAN_SEEN_EVENT,
		};
		if (below(state, 6) == 0 ||
		    (import->since_us == second &&
			has_several_times(set, own, of->timeofban)))
			import->since_us = second + 200000;
		if (import->kind == SIGHTING_OLD_ROW)
			import->since_us = second;
		for (size_t i = own; import->kind == SIGHTING_IMPORT &&
		     &set->sightings[i] < import;
		     i++)
			import->nth +=
			    set->sightings[i].kind == SIGHTING_IMPORT &&
			    set->sightings[i].since_us == import->since_us;
		import->exact = import->since_us != second;
		import->at_us = import->since_us;
	}
	for (size_t i = own; i < set->n; i++) {
		if (below(state, 8) == 0)
			set->sightings[i] = set->sightings[--set->n];
	}
}

static void
shuffle(uint64_t *state, struct set *set)
{
	size_t n = set->n + set->lines_n + set->flushes_n;

	for (size_t i = n; i > 1; i--) {
		size_t k = (size_t)below(state, (int64_t)i);
		size_t saved = set->order[i - 1];

		set->order[i - 1] = set->order[k];
		set->order[k] = saved;
	}
}

static void
print_text(FILE *out, const struct ban *ban)
{
	fprintf(out,
	    "made %" PRId64 " since %" PRId64 " nth %d seconds %" PRId64
	    " %s %" PRId64 " restored %" PRId64 " life %" PRId64
	    " pending %" PRId64 "\n",
	    ban->made_us - MS(0), ban->since_us - MS(0), ban->nth,
	    ban->seconds == UNKNOWN ? -9 : ban->seconds,
	    ban->end == BAN_LIVES ? "lives" : ban_end_name(ban->end),
	    ban->end == BAN_LIVES ? 0 : ban->ended_us - MS(0), ban->restored,
	    ban->life_us == 0 ? 0 : ban->life_us - MS(0),
	    ban->pending_us == 0 ? 0 : ban->pending_us - MS(0));
}

/* Return the bans of the whole history as text; free it. */
static char *
decide(const struct set *set)
{
	struct set copy = *set;
	struct history h = { .sightings = copy.sightings,
		.n = copy.n,
		.lines = copy.lines,
		.lines_n = copy.lines_n,
		.flushes = copy.flushes,
		.flushes_n = copy.flushes_n,
		.overdue_us = NOW };
	struct ban bans[PIECES_MAX];
	size_t owner[PIECES_MAX], n, len;
	char *text;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(history_make_bans(&h, bans, owner, &n), 0);
	for (size_t i = 0; i < n; i++)
		print_text(out, &bans[i]);
	fclose(out);
	return text;
}

static int
merge_piece(struct merge *merge, const struct set *set, size_t piece,
    const char *jail, struct err *e)
{
	struct archive_jail row;
	struct logged_line line;
	int64_t known = 0;

	if (piece < set->n)
		return merge_sightings(merge, jail, "192.0.2.1",
		    &set->sightings[piece], 1, 0, e);
	piece -= set->n;
	if (piece >= set->lines_n)
		return merge_flush(merge, jail,
		    set->flushes[piece - set->lines_n], e);
	line = set->lines[piece];
	if (archive_jail_get(merge->archive, jail, &row, e) != 0)
		return -1;
	return merge_log_lines(merge, &row, "192.0.2.1", &line, 1, &known, e);
}

/* Each set has a jail of its own in the one archive. */
static int
merge_set(struct lab *lab, const struct set *set, const char *jail,
    struct err *e)
{
	struct merge merge = merge_lab_merge(lab);

	for (size_t i = 0; i < set->n + set->lines_n + set->flushes_n; i++) {
		if (merge_piece(&merge, set, set->order[i], jail, e) != 0)
			return -1;
	}
	return 0;
}

/* Return the bans of a jail as text, as decide does; free it. */
static char *
archived(struct lab *lab, const char *jail)
{
	sqlite3_stmt *st;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_int_equal(
	    sqlite3_prepare_v2(lab->archive.db.handle,
		"SELECT made_us, since_us, nth, seconds, ended_why, ended_us, "
		"restored, life_us, pending_us FROM ban JOIN jail "
		"ON jail.id = ban.jail WHERE jail.name = ?1 "
		"ORDER BY made_us, since_us, nth",
		-1, &st, NULL),
	    SQLITE_OK);
	sqlite3_bind_text(st, 1, jail, -1, SQLITE_STATIC);
	while (sqlite3_step(st) == SQLITE_ROW) {
		const char *why = (const char *)sqlite3_column_text(st, 4);
		bool unknown = sqlite3_column_type(st, 3) == SQLITE_NULL;
		const struct ban ban = {
			.made_us = sqlite3_column_int64(st, 0),
			.since_us = sqlite3_column_int64(st, 1),
			.nth = sqlite3_column_int(st, 2),
			.seconds =
			    unknown ? UNKNOWN : sqlite3_column_int64(st, 3),
			.end = (enum ban_end)ban_end_from_name(why),
			.ended_us = sqlite3_column_int64(st, 5),
			.restored = sqlite3_column_int64(st, 6),
			.life_us = sqlite3_column_int64(st, 7),
			.pending_us = sqlite3_column_int64(st, 8),
		};

		print_text(out, &ban);
	}
	sqlite3_finalize(st);
	fclose(out);
	return text;
}

static void
print_set(const struct set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		const struct sighting *s = &set->sightings[i];

		print_error("  %zu: kind %d at %" PRId64 " ticket %" PRId64
			    "%s nth %d seconds %d end %d %" PRId64 "\n",
		    i, s->kind, s->at_us - MS(0), s->since_us - MS(0),
		    s->exact ? " exact" : "", (int)s->nth, (int)s->seconds,
		    s->end, s->ended_us == UNKNOWN ? 0 : s->ended_us - MS(0));
	}
	for (size_t i = 0; i < set->lines_n; i++)
		print_error("  %zu: line verb %d at %" PRId64 " found %d\n",
		    set->n + i, set->lines[i].verb, set->lines[i].at_us - MS(0),
		    set->lines[i].found == UNKNOWN ?
			-99 :
			(int)(set->lines[i].found - SECOND));
	for (size_t i = 0; i < set->flushes_n; i++)
		print_error("  %zu: flush %" PRId64 "\n",
		    set->n + set->lines_n + i, set->flushes[i] - MS(0));
	print_error("  order:");
	for (size_t i = 0; i < set->n + set->lines_n + set->flushes_n; i++)
		print_error(" %zu", set->order[i]);
	print_error("\n");
}

static bool
is_as_a_whole(struct lab *lab, const struct set *set, const char *jail,
    bool say)
{
	struct err e = { .text = "" };
	char *expected = decide(set), *got;
	bool same = merge_set(lab, set, jail, &e) == 0;

	got = archived(lab, jail);
	same = same && strcmp(expected, got) == 0;
	if (!same && say) {
		print_set(set);
		/* print_error cuts a long text. */
		fprintf(stderr, "%s\nthe whole:\n%sthe archive:\n%s", e.text,
		    expected, got);
	}
	free(expected);
	free(got);
	return same;
}

/* Return how many different sightings a set has. */
static int64_t
count_sightings(const struct set *set)
{
	int64_t n = 0;

	for (size_t i = 0; i < set->n; i++) {
		bool again = false;

		for (size_t k = 0; k < i; k++)
			again = again ||
			    sighting_is_same(&set->sightings[i],
				&set->sightings[k]);
		n += !again;
	}
	return n;
}

/* Check that the archive has each sighting of a set. */
static bool
is_kept(struct lab *lab, const struct set *set, const char *jail, bool say)
{
	struct err e = { .text = "" };
	bool merged = merge_set(lab, set, jail, &e) == 0, same;
	char sql[200], expected[24], *got;

	snprintf(sql, sizeof(sql),
	    "SELECT ifnull(sum(json_array_length(signs)), 0) FROM ban "
	    "WHERE jail = (SELECT id FROM jail WHERE name = '%s')",
	    jail);
	snprintf(expected, sizeof(expected), "%" PRId64, count_sightings(set));
	got = lab_query(lab, sql);
	same = merged && strcmp(got, expected) == 0;
	if (!same && say) {
		print_set(set);
		print_error("%s sightings of %s; %s\n", got, expected, e.text);
	}
	free(got);
	return same;
}

typedef bool check_fn(struct lab *, const struct set *, const char *, bool);

/* Return how many sets a build has time for that is so many times as slow. */
static int
affordable(int sets)
{
	const char *slow = getenv("SLOW_BUILD");
	int times = slow != NULL ? atoi(slow) : 1;

	return times > 1 ? sets / times : sets;
}

static void
play_sets(void (*make)(uint64_t *, struct set *), int sets, check_fn *check)
{
	uint64_t random = 88172645463325252u;
	struct lab lab;
	int bad = 0;

	merge_lab_set_up(&lab);
	for (int i = 0; i < affordable(sets); i++) {
		struct set set;

		make(&random, &set);
		for (int k = 0; k < 2 && set.n + set.lines_n > 0; k++) {
			char jail[32];

			shuffle(&random, &set);
			snprintf(jail, sizeof(jail), "jail %d.%d", i, k);
			bad += !check(&lab, &set, jail, bad < 2);
		}
	}
	merge_lab_tear_down(&lab);
	if (bad > 0)
		fail_msg("%d of %d orders are wrong", bad, 2 * sets);
}

static void
any_order_of_what_fail2ban_does_gives_the_bans_of_the_whole(void **state UNUSED)
{
	play_sets(play_fail2ban, SETS, is_as_a_whole);
}

static void
any_order_of_bans_and_imports_gives_the_bans_of_the_whole(void **state UNUSED)
{
	play_sets(import_bans, SETS, is_as_a_whole);
}

static void
no_order_of_any_sightings_loses_one(void **state UNUSED)
{
	play_sets(random_set, WILD_SETS, is_kept);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    any_order_of_what_fail2ban_does_gives_the_bans_of_the_whole),
		cmocka_unit_test(
		    any_order_of_bans_and_imports_gives_the_bans_of_the_whole),
		cmocka_unit_test(no_order_of_any_sightings_loses_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
