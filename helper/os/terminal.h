/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What standard output is connected to, and a pager for it. */
#ifndef OS_TERMINAL_H
#define OS_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct terminal {
	bool is; /* standard output is a terminal */
	/* Colour is welcome: neither NO_COLOR nor TERM=dumb is set. */
	bool colour;
	size_t width; /* in characters; 0: it is no terminal */
};

/*
 * Return what standard output is. The width is the terminal's (ioctl_tty(2)),
 * else that of COLUMNS, else 80.
 */
struct terminal terminal_of_output(void);

/*
 * Start a pager, and let it have all that is written to standard output from
 * now on: PAGER, as words between blanks, or else pager, less or more. Without
 * any of them the text goes to the terminal as it is. LESS is set to FRX and LV
 * to -c, if they are not set: a text that fits the terminal stays there.
 * Nothing is started where PAGER is empty or "cat", or TERM is "dumb". An
 * interrupt ends the program only after the pager. Returns the pager's pid, 0
 * when none was started, or could not be.
 */
pid_t terminal_start_pager(void);

/* Close standard output, which the caller has flushed; wait for the pager. */
void terminal_end_pager(pid_t pager);

#endif
