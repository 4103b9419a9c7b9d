/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/nearest.h"

#include <string.h>

#include "base/macros.h"

/* Words that are longer are no names. */
#define LETTERS 32

static int
least(int a, int b, int c)
{
	int ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Count the letters that differ; two neighbours that are swapped are one. */
static int
distance(const char *a, size_t n, const char *b, size_t m)
{
	int d[LETTERS + 1][LETTERS + 1];

	for (size_t i = 0; i <= n; i++) {
		for (size_t k = 0; k <= m; k++) {
			if (i == 0 || k == 0) {
				d[i][k] = (int)(i + k);
				continue;
			}
			d[i][k] = least(d[i - 1][k] + 1, d[i][k - 1] + 1,
			    d[i - 1][k - 1] + (a[i - 1] != b[k - 1]));
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] &&
			    a[i - 2] == b[k - 1] &&
			    d[i - 2][k - 2] + 1 < d[i][k])
				d[i][k] = d[i - 2][k - 2] + 1;
		}
	}
	return d[n][m];
}

void
nearest_take(struct nearest *n, const char *name)
{
	size_t len = strlen(n->word), name_len = strlen(name);
	int far;

	if (len > LETTERS || name_len > LETTERS)
		return;
	far = len >= 2 && strncmp(n->word, name, len) == 0 ?
	    0 :
	    distance(n->word, len, name, name_len);
	if (far > (len < 4 ? 1 : 2) || (n->name != NULL && n->distance <= far))
		return;
	n->name = name;
	n->distance = far;
}
