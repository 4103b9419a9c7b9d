/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The name that a mistyped word was meant to be. Pure. */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

/* Begin with the word and zeros. */
struct nearest {
	const char *word;
	const char *name; /* the nearest of the names so far, or NULL */
	int distance;
};

/*
 * Take another name. It is near when it begins with the word's two letters or
 * more, or when one or two letters of the word are wrong, missing, too many or
 * swapped with the next; one in a word of less than four.
 */
void nearest_take(struct nearest *n, const char *name);

#endif
