/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fail2ban/log_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/macros.h"
#include "base/utf8.h"

/* Docker cuts lines into texts of this size. */
#define DOCKER_TEXT 16384

/* A number with more digits counts parts of a second since the epoch. */
#define EPOCH_DIGITS 10

/*
 * The keys of each value, the first one that is there counts: of Docker, of the
 * journal (systemd.journal-fields(7)), of rsyslog, GELF and other collectors.
 */
static const char *const docker[] = { "log" };
static const char *const texts[] = { "MESSAGE", "message", "msg",
	"short_message", "textPayload" };
static const char *const times[] = { "time", "__REALTIME_TIMESTAMP",
	"@timestamp", "timestamp", "ts" };
static const char *const programs[] = { "SYSLOG_IDENTIFIER", "container_name",
	"CONTAINER_NAME", "programname", "program", "appname", "app_name" };
static const char *const pids[] = { "SYSLOG_PID", "_PID", "pid", "procid" };

/* Append the value of the first key that the object has; false: of none. */
static bool
put_value(struct buffer *out, const char *object, const char *const *keys,
    size_t n)
{
	struct json key, value;
	const char *at;

	for (size_t i = 0; i < n; i++) {
		at = object;
		while (json_next(&at, &key, &value)) {
			if (!json_equals(&key, keys[i]))
				continue;
			json_put_said(out, &value);
			return true;
		}
	}
	return false;
}

/* Return true for a text of these bytes, letters and digits. */
static bool
is_of(const char *s, const char *also)
{
	for (; *s != '\0'; s++) {
		if ((*s < '0' || *s > '9') && (*s < 'A' || *s > 'Z') &&
		    (*s < 'a' || *s > 'z') && strchr(also, *s) == NULL)
			return false;
	}
	return true;
}

/* Append the time as a stamp; false where it looks like none. */
static bool
put_time(struct buffer *out, const char *object)
{
	struct buffer time = { 0 };
	bool ok = true;
	size_t n;

	if (put_value(&time, object, times, ARRAY_LEN(times)) && time.len > 0) {
		n = strspn(time.s, "0123456789");
		ok = is_of(time.s, ".,:+- /") && !time.failed;
		if (n == time.len && n > EPOCH_DIGITS) {
			buffer_put(out, time.s, EPOCH_DIGITS);
			buffer_putc(out, '.');
			buffer_puts(out, time.s + EPOCH_DIGITS);
		} else {
			buffer_puts(out, time.s);
		}
		buffer_putc(out, ' ');
	}
	buffer_free(&time);
	return ok;
}

/* Append the program as a tag; false where it looks like none. */
static bool
put_program(struct buffer *out, const char *object)
{
	struct buffer name = { 0 }, pid = { 0 };
	bool ok = true;

	if (put_value(&name, object, programs, ARRAY_LEN(programs)) &&
	    name.len > 0) {
		put_value(&pid, object, pids, ARRAY_LEN(pids));
		ok = is_of(name.s, "._-/@") && !name.failed;
		buffer_puts(out, name.s);
		buffer_putc(out, '[');
		buffer_puts(out, pid.len > 0 && is_of(pid.s, "") ? pid.s : "0");
		buffer_puts(out, "]: ");
	}
	buffer_free(&name);
	buffer_free(&pid);
	return ok;
}

bool
log_json_read(struct buffer *out, const char *line, size_t len, bool *cut)
{
	char *object = utf8_mend(line, len, NULL);
	size_t begin;
	bool ok;

	*cut = false;
	buffer_cut(out, 0);
	if (object == NULL)
		return false;
	json_mend(object);
	ok = json_is(object, '{') && put_time(out, object) &&
	    put_program(out, object);
	begin = out->len;
	if (ok && put_value(out, object, docker, ARRAY_LEN(docker)))
		*cut = out->len - begin >= DOCKER_TEXT &&
		    out->s[out->len - 1] != '\n';
	else
		ok = ok && put_value(out, object, texts, ARRAY_LEN(texts));
	free(object);
	return ok && !out->failed && out->len > begin;
}
