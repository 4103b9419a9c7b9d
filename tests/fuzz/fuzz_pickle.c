/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pickle decoder turns any bytes into a sound value or an error. */
#include "fail2ban/pickle.h"
#include "fuzz.h"

#define WORDS 8

/* An item is less deep than its container, so no value holds itself. */
static void
check_value(const struct pickle *p, const struct pickle_value *v,
    const char *buf, size_t len)
{
	const struct pickle_value *item;
	size_t i;

	must(v->kind <= PICKLE_OPAQUE && v->depth <= PICKLE_MAX_DEPTH);
	must(v->kind != PICKLE_DICT || v->n % 2 == 0);
	if (v->kind == PICKLE_STR || v->kind == PICKLE_BYTES)
		must(v->n <= len && v->u.text >= buf &&
		    v->u.text <= buf + len - v->n);
	if (v->kind == PICKLE_BOOL)
		must(v->u.integer == 0 || v->u.integer == 1);
	for (i = 0; v->kind >= PICKLE_LIST && i < v->n; i++) {
		item = pickle_item(p, v, i);
		must(item >= p->values && item < p->values + p->nvalues);
		must(item->depth < v->depth);
	}
	must(pickle_item(p, v, v->n) == NULL);
}

static void
check_decoder(const char *buf, size_t len)
{
	struct err e = { 0 };
	struct pickle p;
	size_t i, at = 0;
	bool done;

	if (pickle_decode(buf, len, &p, &e) == -1) {
		must(e.code == EX_PROTOCOL);
		fuzz_must_say(&e);
		must(p.values == NULL && p.items == NULL);
		must(pickle_root(&p) == NULL);
		return;
	}
	must(pickle_root(&p) == &p.values[p.root] && p.root < p.nvalues);
	for (i = 0; i < p.nvalues; i++)
		check_value(&p, &p.values[i], buf, len);
	must(pickle_find_end(buf, len, &at, &done, &e) == 0);
	must(done && at == len);
	pickle_free(&p);
}

/* The end is found at the same place, however small the pieces are. */
static void
check_pieces(const char *buf, size_t len)
{
	size_t at = 0, whole_at = 0, n;
	bool done = false, whole_done;
	int rc = 0, whole;
	struct err e;

	whole = pickle_find_end(buf, len, &whole_at, &whole_done, &e);
	for (n = 0; n <= len && rc == 0 && !done; n++)
		rc = pickle_find_end(buf, n, &at, &done, &e);
	must(rc == whole && at == whole_at && done == whole_done);
}

/*
 * A request decodes to its words; a buffer that is too small gets its beginning
 * and nothing past its end.
 */
static void
check_request(const char *const *argv, size_t n)
{
	size_t i, len = pickle_encode_request(NULL, 0, argv, n);
	size_t small = len / 2;
	char *buf = malloc(len), *cut = malloc(small);
	struct pickle p;
	struct err e;

	must(buf != NULL && cut != NULL);
	must(pickle_encode_request(cut, small, argv, n) == len);
	must(pickle_encode_request(buf, len, argv, n) == len);
	must(memcmp(buf, cut, small) == 0);
	must(pickle_decode(buf, len, &p, &e) == 0);
	must(pickle_is(pickle_root(&p), PICKLE_LIST));
	must(pickle_root(&p)->n == n);
	for (i = 0; i < n; i++)
		must(pickle_is_str(pickle_item(&p, pickle_root(&p), i),
		    argv[i]));
	pickle_free(&p);
	free(buf);
	free(cut);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *argv[WORDS];
	char *words = calloc(1, size + 1);
	size_t n = 0, at = 0;

	must(words != NULL);
	memcpy(words, data, size);
	check_decoder((const char *)data, size);
	check_pieces((const char *)data, size);
	for (; n < WORDS && at < size; at += strlen(words + at) + 1)
		argv[n++] = words + at;
	check_request(argv, n);
	free(words);
	return 0;
}
