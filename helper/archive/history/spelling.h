/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The texts under which the archive may have an id that someone typed. The
 * archive keeps ids as fail2ban writes them, and fail2ban writes an address in
 * one spelling (1.0.2, server/ipdns.py: IPAddr.ntoa), except where a filter's
 * <F-ID> is an address: then it is the text of the log. Pure.
 */
#ifndef ARCHIVE_HISTORY_SPELLING_H
#define ARCHIVE_HISTORY_SPELLING_H

#include <stdbool.h>

#include "base/address.h"
#include "base/buffer.h"

/*
 * Append a JSON array of texts to out: id as given, without the blanks around
 * it, and, when it is an address or a network in any spelling of
 * address_parse, as fail2ban writes it.
 */
void archive_spell_id(struct buffer *out, const char *id);

/*
 * Append a JSON array of the networks that hold id, as fail2ban writes them:
 * every shorter prefix of it, at most 32 of IPv4, each in two spellings, or 128
 * of IPv6. The array is empty when id is no address.
 */
void archive_spell_networks(struct buffer *out, const char *id);

/*
 * Append a JSON array of texts to out: fail2ban writes each address and network
 * inside of net so that it begins with one of them. Other ids may begin so too.
 * Returns false, and appends nothing, when net is so large that an index helps
 * little: less than 8 bits of IPv4, or a first group of IPv6 that varies or is
 * zero.
 */
bool archive_spell_inside(struct buffer *out, const struct address *net);

#endif
