/* SPDX-License-Identifier: GPL-2.0-or-later */
/* statx is an extension of the C library's. */
#define _GNU_SOURCE /* NOLINT(*-reserved-identifier,cert-dcl*) */

#include "fail2ban/birth.h"

#include <fcntl.h>
#include <sys/stat.h>

int64_t
birth_of(int fd)
{
#ifdef STATX_BTIME
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &st) == 0 &&
	    (st.stx_mask & STATX_BTIME) != 0)
		return st.stx_btime.tv_sec * INT64_C(1000000) +
		    st.stx_btime.tv_nsec / 1000;
#else
	(void)fd;
#endif
	return 0;
}
