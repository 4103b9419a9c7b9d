/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The statements of the questions; only the files questions*.c include this. */
#ifndef FLEET_QUESTIONS_STATEMENTS_H
#define FLEET_QUESTIONS_STATEMENTS_H

/* The parameters of a filter come first: $1 is that of WANTED_JAIL. */
enum {
	WANTED_JAIL,
	WANTED_SINCE,
	WANTED_UNTIL,
	WANTED_LIVE, /* 0: all, 1: without an end, 2: active */
	WANTED_NOW,
	WANTED_ORIGIN,
	WANTED_WHY,
	WANTED_HOST,
	WANTED_FIRST, /* second */
	WANTED_LAST,
	WANTED_IDS,  /* an array of texts */
	WANTED_NET,  /* an inet */
	WANTED_MORE, /* one more, by the statement: a limit, or with users */
	WANTED_VALUES,
};

enum question {
	QUESTION_VERSION,
	QUESTION_JAIL,
	QUESTION_NET_MORE,
	QUESTION_LIST,
	QUESTION_LIST_WHOLE,
	QUESTION_OLDEST,
	QUESTION_ROWS,
	QUESTION_MOMENTS,
	QUESTION_KINDS,
	QUESTION_SUMS,
	QUESTION_MOST_BANS,
	QUESTION_MOST_FAILURES,
	QUESTION_MOST_SECONDS,
	QUESTION_PER_HOST,
	QUESTION_IDS,
	QUESTION_USERS,
	QUESTION_HOSTS,
	QUESTION_SILENT,
	QUESTIONS
};

/* The text of each, and how many values it takes. */
extern const struct question_text {
	const char *sql;
	int values;
} question_texts[QUESTIONS];

#endif
