/* SPDX-License-Identifier: GPL-2.0-or-later */
/* This machine's own addresses, as the kernel has them now. No DNS. */
#ifndef JOB_REBAN_OWN_ADDRESSES_H
#define JOB_REBAN_OWN_ADDRESSES_H

#include <stddef.h>

#include "base/address.h"
#include "base/err.h"

/*
 * Read the addresses of all interfaces: *n of them, in no order and maybe
 * twice. Each is a single address and not its network. The address of a router
 * that translates for this machine is not among them. The caller frees *own,
 * which is NULL when there is none, and on failure. Fails with EX_OSERR.
 */
int own_addresses_read(struct address **own, size_t *n, struct err *e);

#endif
