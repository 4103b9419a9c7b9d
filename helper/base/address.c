/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdio.h>
#include <string.h>

#include "base/macros.h"

/* The prefix of IPv4 inside IPv6, ::ffff:0:0/96. */
#define MAPPED_BITS 96
static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

static int
bits_of(int family)
{
	return family == AF_INET ? 32 : 128;
}

/* Return byte i of the mask of a prefix of that many bits. */
static unsigned char
mask_byte(int bits, int i)
{
	int left = bits - i * 8;

	if (left <= 0)
		return 0;
	return (unsigned char)(left >= 8 ? 0xff : 0xff00 >> left);
}

static bool
parse_bytes(const char *s, size_t len, struct address *a)
{
	char text[INET6_ADDRSTRLEN];

	if (len == 0 || len >= sizeof(text) || memchr(s, '\0', len) != NULL)
		return false;
	memcpy(text, s, len);
	text[len] = '\0';
	*a = (struct address){ 0 };
	a->family = memchr(s, ':', len) != NULL ? AF_INET6 : AF_INET;
	a->bits = bits_of(a->family);
	return inet_pton(a->family, text, a->bytes) == 1;
}

/* Count the ones that the mask begins with; -1 when a one follows a zero. */
static int
mask_bits(const struct address *mask)
{
	int bits = 0, i;

	while (bits < mask->bits &&
	    (mask->bytes[bits / 8] & (0x80 >> bits % 8)) != 0)
		bits++;
	for (i = 0; i < (int)sizeof(mask->bytes); i++) {
		if (mask->bytes[i] != mask_byte(bits, i))
			return -1;
	}
	return bits;
}

/* Parse a prefix length, in digits or as a mask; -1 when it is neither. */
static int
parse_bits(const char *s, size_t len, int family)
{
	struct address mask;
	int bits = 0;
	size_t i;

	if (parse_bytes(s, len, &mask))
		return mask.family == family ? mask_bits(&mask) : -1;
	if (len == 0 || len > 3 || (s[0] == '0' && len > 1))
		return -1;
	for (i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		bits = bits * 10 + (s[i] - '0');
	}
	return bits <= bits_of(family) ? bits : -1;
}

static void
cut(struct address *a)
{
	int i;

	for (i = 0; i < (int)sizeof(a->bytes); i++)
		a->bytes[i] &= mask_byte(a->bits, i);
}

static void
unmap(struct address *a)
{
	if (a->family != AF_INET6 || a->bits < MAPPED_BITS ||
	    memcmp(a->bytes, mapped, sizeof(mapped)) != 0)
		return;
	a->family = AF_INET;
	a->bits -= MAPPED_BITS;
	memmove(a->bytes, a->bytes + sizeof(mapped), 4);
	memset(a->bytes + 4, 0, sizeof(a->bytes) - 4);
}

bool
address_parse(const char *s, size_t len, struct address *a)
{
	const char *slash = len == 0 ? NULL : memchr(s, '/', len);
	size_t n = slash == NULL ? len : (size_t)(slash - s);

	if (!parse_bytes(s, n, a))
		return false;
	if (slash != NULL) {
		a->bits = parse_bits(slash + 1, len - n - 1, a->family);
		if (a->bits == -1)
			return false;
		cut(a);
	}
	unmap(a);
	return true;
}

const char *
address_print(const struct address *a, char buf[ADDRESS_TEXT])
{
	size_t len;

	buf[0] = '\0';
	inet_ntop(a->family, a->bytes, buf, ADDRESS_TEXT);
	len = strlen(buf);
	if (!address_is_single(a))
		snprintf(buf + len, ADDRESS_TEXT - len, "/%d", a->bits);
	return buf;
}

/* Set *last to the last address of the network a. */
static void
find_last(const struct address *a, struct address *last)
{
	*last = *a;
	last->bits = bits_of(a->family);
	for (int i = 0; i < last->bits / 8; i++)
		last->bytes[i] |= (unsigned char)~mask_byte(a->bits, i);
}

/* Return the widest network that begins with a and does not go beyond last. */
static struct address
widest(const struct address *a, const struct address *last)
{
	struct address net = *a, wider = *a, end;

	while (wider.bits > 0) {
		wider.bits--;
		cut(&wider);
		find_last(&wider, &end);
		if (memcmp(wider.bytes, a->bytes, sizeof(a->bytes)) != 0 ||
		    memcmp(end.bytes, last->bytes, sizeof(end.bytes)) > 0)
			break;
		net = wider;
	}
	return net;
}

size_t
address_cover(const struct address *first, const struct address *last,
    struct address nets[ADDRESS_COVER_MAX])
{
	struct address at = *first, end;
	size_t n = 0;

	if (first->family != last->family || !address_is_single(first) ||
	    !address_is_single(last) ||
	    memcmp(first->bytes, last->bytes, sizeof(first->bytes)) > 0)
		return 0;
	for (;;) {
		nets[n] = widest(&at, last);
		find_last(&nets[n++], &end);
		if (memcmp(end.bytes, last->bytes, sizeof(end.bytes)) == 0)
			return n;
		at = end;
		for (int i = at.bits / 8 - 1; ++at.bytes[i] == 0;)
			i--;
	}
}

void
address_widen(struct address *a, int bits)
{
	if (bits < a->bits)
		a->bits = bits;
	cut(a);
}

bool
address_is_single(const struct address *a)
{
	return a->bits == bits_of(a->family);
}

bool
address_holds(const struct address *outer, const struct address *inner)
{
	struct address begin = *inner;

	if (outer->family != inner->family || outer->bits > inner->bits)
		return false;
	begin.bits = outer->bits;
	cut(&begin);
	return memcmp(begin.bytes, outer->bytes, sizeof(begin.bytes)) == 0;
}

bool
address_overlap(const struct address *a, const struct address *b)
{
	return address_holds(a, b) || address_holds(b, a);
}

const char *
address_untouchable(const struct address *a)
{
	static const struct {
		struct address net;
		const char *what;
	} rows[] = {
		{ { AF_INET, { 127 }, 8 }, "loopback" },
		{ { AF_INET, { 0 }, 8 }, "unspecified" },
		{ { AF_INET6, { [15] = 1 }, 128 }, "loopback" },
		{ { AF_INET6, { 0 }, 128 }, "unspecified" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(rows); i++) {
		if (address_overlap(a, &rows[i].net))
			return rows[i].what;
	}
	return NULL;
}
