/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A log line that is a JSON object, as Docker (json-file), journalctl -o json
 * and the collectors of logs write it. Pure.
 *
 *   {"log":"LINE\n","stream":"stdout","time":"2026-11-23T18:48:38.748123456Z"}
 *   {"MESSAGE":"LINE","SYSLOG_IDENTIFIER":"fail2ban","_PID":"7268",
 *    "__REALTIME_TIMESTAMP":"1795459718748123"}
 */
#ifndef FAIL2BAN_LOG_JSON_H
#define FAIL2BAN_LOG_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/*
 * Write the object as the line "TIME PROGRAM[PID]: TEXT" to out, whose old
 * content is lost; TIME and the tag may be missing. *cut becomes true where
 * Docker cut the text, which goes on in the next line: such a text has no
 * newline at its end. Return false, with out undefined, for another line, for
 * an object without a text, and without memory.
 */
bool log_json_read(struct buffer *out, const char *line, size_t len, bool *cut);

#endif
