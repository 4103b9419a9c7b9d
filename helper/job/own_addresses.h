/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine's own addresses, as the kernel has them now. No DNS. */
#ifndef JOB_OWN_ADDRESSES_H
#define JOB_OWN_ADDRESSES_H

#include <stddef.h>

#include "base/address.h"
#include "base/err.h"

/*
 * The n addresses of all interfaces that have one, in no order and maybe twice,
 * each a single one: own[i] is not the network it is in. Those of other
 * machines that lead here (a router that translates) are not known. The caller
 * frees *own, which is NULL for none and on failure. Fails with EX_OSERR.
 */
int own_addresses_read(struct address **own, size_t *n, struct err *e);

#endif
