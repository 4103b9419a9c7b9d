/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fleet/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sysexits.h>
#include <unistd.h>

#include "archive/runs.h"
#include "base/hash.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "base/utf8.h"
#include "event/spool.h"

#define NAME_BYTES 255
#define GAP_DAYS 30

static int
make_random(unsigned char *bytes, size_t n, struct err *e)
{
	return getrandom(bytes, n, 0) == (ssize_t)n ?
	    0 :
	    err_errno(e, EX_OSERR, "getrandom");
}

static char *
put_hex(char *to, const unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to += snprintf(to, 3, "%02x", bytes[i]);
	return to;
}

int
machine_make_uuid(char uuid[PUSH_STATE_UUID], struct err *e)
{
	static const size_t groups[] = { 4, 2, 2, 2, 6 };
	unsigned char bytes[16];
	size_t at = 0;

	if (make_random(bytes, sizeof(bytes), e) != 0)
		return -1;
	bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
	bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
		if (i > 0)
			*uuid++ = '-';
		uuid = put_hex(uuid, bytes + at, groups[i]);
		at += groups[i];
	}
	return 0;
}

int
machine_make_token(char token[PUSH_STATE_TOKEN], struct err *e)
{
	unsigned char bytes[16];

	if (make_random(bytes, sizeof(bytes), e) != 0)
		return -1;
	put_hex(token, bytes, sizeof(bytes));
	return 0;
}

/* Set the name to that of the config, or to the host's. */
static int
set_name(struct machine *machine, const struct config *config, struct err *e)
{
	char name[NAME_BYTES + 1] = "";
	char *mended;

	memcpy(name, config->push_name,
	    strnlen(config->push_name, sizeof(name) - 1));
	if (name[0] == '\0' && gethostname(name, sizeof(name) - 1) != 0)
		return err_errno(e, EX_OSERR, "gethostname");
	if ((mended = utf8_mend(name, strlen(name), NULL)) == NULL)
		return err_no_memory(e);
	snprintf(machine->name, sizeof(machine->name), "%s", mended);
	free(mended);
	return 0;
}

int
machine_look(struct machine *machine, const struct config *config,
    struct archive *a, int64_t now_us, struct err *e)
{
	struct spool_state spool =
	    spool_look(config->spool, config->spool_limit, now_us);
	struct archive_gap *gaps;
	size_t n;

	*machine = (struct machine){
		.spool = spool.unreadable ? UNKNOWN : spool.waiting,
	};
	if (set_name(machine, config, e) != 0 ||
	    archive_run_gaps(a, now_us - GAP_DAYS * TIMESTAMP_DAY_US, UNKNOWN,
		&gaps, &n, e) != 0)
		return -1;
	free(gaps);
	machine->gaps = (int64_t)n;
	return 0;
}

int64_t
machine_wait_ms(const char *uuid, int64_t every_s, int64_t now_us)
{
	int64_t every_ms = every_s * 1000;
	int64_t phase_ms =
	    (int64_t)hash_below(hash_text(HASH_NONE, uuid), (uint64_t)every_ms);
	int64_t wait_ms = (phase_ms - now_us / 1000) % every_ms;

	return wait_ms > 0 ? wait_ms : wait_ms + every_ms;
}
