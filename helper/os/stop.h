/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SIGTERM and SIGINT as a wish to stop, which is asked for now and then. */
#ifndef OS_STOP_H
#define OS_STOP_H

#include <signal.h>

/*
 * From now on these signals set what is returned, 0 until then; and to write
 * where nobody reads any more is an error, not the end.
 */
const volatile sig_atomic_t *stop_on_signals(void);

#endif
