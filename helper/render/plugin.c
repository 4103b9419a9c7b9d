/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/plugin.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/escape.h"
#include "base/json.h"
#include "base/list.h"
#include "base/utf8.h"

/* A point has no findings beyond so many bytes; one has as many at most. */
#define TEXT_BYTES 600

static const char *const names[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

/* The rank of each state. */
static const int badness[] = { 0, 2, 3, 1 };

const char *
plugin_state_name(enum plugin_state state)
{
	return names[state];
}

/* Return the point of that name; add it where it is missing. */
static struct plugin_point *
get_point(struct plugin *plugin, const char *name)
{
	size_t i = 0;

	while (i < plugin->n && strcmp(plugin->points[i].name, name) != 0)
		i++;
	/* The last one takes what has no place. */
	if (i == PLUGIN_POINTS)
		i--;
	if (i == plugin->n) {
		plugin->points[i] = (struct plugin_point){
			.name = name,
			.value = UNKNOWN,
		};
		plugin->n++;
	}
	return &plugin->points[i];
}

void
plugin_find(struct plugin *plugin, const char *name, enum plugin_state state,
    const char *fmt, ...)
{
	struct plugin_point *point = get_point(plugin, name);
	char text[TEXT_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* Troubles take the place of what was found to be well. */
	if (state == PLUGIN_OK && point->state != PLUGIN_OK)
		return;
	if (point->state == PLUGIN_OK && state != PLUGIN_OK)
		buffer_free(&point->text);
	if (badness[state] > badness[point->state])
		point->state = state;
	if (point->text.len + strlen(text) > 2 * (size_t)TEXT_BYTES) {
		point->more++;
		return;
	}
	if (point->text.len > 0)
		buffer_puts(&point->text, "; ");
	buffer_puts(&point->text, text);
}

void
plugin_mend(struct plugin *plugin, const char *name, const char *fmt, ...)
{
	struct plugin_point *point = get_point(plugin, name);
	char text[TEXT_BYTES];
	va_list ap;

	if (point->command.len > 0)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buffer_puts(&point->command, text);
}

void
plugin_value(struct plugin *plugin, const char *name, int64_t value)
{
	get_point(plugin, name)->value = value;
}

void
plugin_headline(struct plugin *plugin, const char *name)
{
	get_point(plugin, name)->headline = true;
}

void
plugin_figure(struct plugin *plugin, const char *label, int64_t value,
    const char *unit, const char *rest)
{
	if (plugin->figures_n == PLUGIN_FIGURES)
		return;
	plugin->figures[plugin->figures_n++] = (struct plugin_figure){
		.label = label,
		.value = value,
		.unit = unit,
		.rest = rest,
	};
}

struct plugin_jail *
plugin_jail(struct plugin *plugin, const char *name)
{
	struct plugin_jail *grown = plugin->jails;
	size_t low = 0, high = plugin->jails_n;

	while (low < high) {
		size_t i = low + (high - low) / 2;
		int order = strcmp(name, plugin->jails[i].name);

		if (order == 0)
			return &plugin->jails[i];
		if (order < 0)
			high = i;
		else
			low = i + 1;
	}
	grown = list_grow(grown, &plugin->jails_room, plugin->jails_n + 1,
	    sizeof(*grown));
	if (grown == NULL)
		return NULL;
	plugin->jails = grown;
	memmove(grown + low + 1, grown + low,
	    (plugin->jails_n - low) * sizeof(*grown));
	grown[low] = (struct plugin_jail){
		.name = strdup(name),
		.covered = -1,
	};
	plugin->jails_n++;
	return grown[low].name != NULL ? &grown[low] : NULL;
}

enum plugin_state
plugin_state(const struct plugin *plugin)
{
	enum plugin_state worst = PLUGIN_OK;

	for (size_t i = 0; i < plugin->n; i++) {
		if (badness[plugin->points[i].state] > badness[worst])
			worst = plugin->points[i].state;
	}
	return worst;
}

/*
 * Append a text for the line of a plugin: what a terminal must not get is
 * escaped, and so is the bar, which ends the text there.
 */
static void
put_line(struct buffer *to, const char *s)
{
	size_t len = strlen(s);
	size_t need = escape_text(NULL, 0, s, len);
	char *escaped = malloc(need + 1);

	if (escaped == NULL) {
		to->failed = true;
		return;
	}
	escape_text(escaped, need + 1, s, len);
	for (const char *at = escaped; *at != '\0'; at++) {
		if (*at == '|')
			buffer_puts(to, "\\x7c");
		else
			buffer_putc(to, *at);
	}
	free(escaped);
}

/* Append the findings of a point as they are. */
static void
put_findings(struct buffer *to, const struct plugin_point *point)
{
	if (point->text.s != NULL)
		buffer_puts(to, point->text.s);
	if (point->more > 0) {
		buffer_puts(to, "; and ");
		buffer_put_number(to, (int64_t)point->more);
		buffer_puts(to, " more");
	}
}

/* Append the findings of the points of a state. */
static void
put_points(const struct plugin *plugin, enum plugin_state state,
    struct buffer *to, const char **between)
{
	for (size_t i = 0; i < plugin->n; i++) {
		const struct plugin_point *point = &plugin->points[i];

		if (point->state != state ||
		    (state == PLUGIN_OK && !point->headline))
			continue;
		buffer_puts(to, *between);
		put_findings(to, point);
		*between = "; ";
	}
}

/* Append the text of the first line as it is. */
static void
put_headline(const struct plugin *plugin, struct buffer *to)
{
	static const enum plugin_state order[] = { PLUGIN_CRITICAL,
		PLUGIN_WARNING, PLUGIN_UNKNOWN };
	enum plugin_state state = plugin_state(plugin);
	const char *between = "";

	buffer_puts(to, plugin->name);
	buffer_putc(to, ' ');
	buffer_puts(to, names[state]);
	buffer_puts(to, ": ");
	if (state == PLUGIN_OK)
		put_points(plugin, PLUGIN_OK, to, &between);
	for (size_t i = 0; i < ARRAY_LEN(order) && state != PLUGIN_OK; i++)
		put_points(plugin, order[i], to, &between);
}

static void
put_figure(struct buffer *to, const struct plugin_figure *figure)
{
	buffer_puts(to, figure->label);
	buffer_putc(to, '=');
	if (figure->value == UNKNOWN) {
		buffer_putc(to, 'U');
	} else {
		buffer_put_number(to, figure->value);
		buffer_puts(to, figure->unit);
	}
	buffer_puts(to, figure->rest);
}

/* Write the text and free it. */
static void
print(struct buffer *text, FILE *out)
{
	if (!text->failed && text->s != NULL)
		fputs(text->s, out);
	else
		fputs("out of memory", out);
	buffer_free(text);
}

void
plugin_print_line(const struct plugin *plugin, FILE *out)
{
	struct buffer raw = { 0 }, line = { 0 };

	put_headline(plugin, &raw);
	put_line(&line, raw.s != NULL ? raw.s : "");
	buffer_free(&raw);
	for (size_t i = 0; i < plugin->figures_n; i++) {
		buffer_puts(&line, i == 0 ? " | " : " ");
		put_figure(&line, &plugin->figures[i]);
	}
	print(&line, out);
	putc('\n', out);
}

void
plugin_print_points(const struct plugin *plugin, FILE *out)
{
	for (size_t i = 0; i < plugin->n; i++) {
		const struct plugin_point *point = &plugin->points[i];
		struct buffer raw = { 0 }, line = { 0 };

		put_findings(&raw, point);
		buffer_puts(&line, names[point->state]);
		buffer_putc(&line, ' ');
		buffer_puts(&line, point->name);
		buffer_puts(&line, ": ");
		put_line(&line, raw.s != NULL ? raw.s : "");
		if (point->command.len > 0) {
			buffer_puts(&line, ". Run: ");
			put_line(&line, point->command.s);
		}
		buffer_free(&raw);
		print(&line, out);
		putc('\n', out);
	}
}

/* Append "key": and a text, of any bytes; NULL is null. */
static void
put_text(struct buffer *to, const char *key, const char *s)
{
	char *mended = s != NULL ? utf8_mend(s, strlen(s), NULL) : NULL;

	buffer_putc(to, '"');
	buffer_puts(to, key);
	buffer_puts(to, "\":");
	if (mended != NULL)
		json_put_text(to, mended, strlen(mended));
	else
		buffer_puts(to, "null");
	to->failed = to->failed || (s != NULL && mended == NULL);
	free(mended);
}

/* Append "key": and a number; UNKNOWN is null. */
static void
put_number(struct buffer *to, const char *key, int64_t v)
{
	buffer_putc(to, '"');
	buffer_puts(to, key);
	buffer_puts(to, "\":");
	if (v == UNKNOWN)
		buffer_puts(to, "null");
	else
		buffer_put_number(to, v);
}

static void
put_json_point(struct buffer *to, const struct plugin_point *point)
{
	struct buffer text = { 0 };

	put_findings(&text, point);
	buffer_puts(to, "{");
	put_text(to, "name", point->name);
	buffer_putc(to, ',');
	put_text(to, "state", names[point->state]);
	buffer_putc(to, ',');
	put_number(to, "status", point->state);
	buffer_putc(to, ',');
	put_number(to, "value", point->value);
	buffer_putc(to, ',');
	put_text(to, "text", text.s != NULL ? text.s : "");
	buffer_putc(to, ',');
	put_text(to, "command",
	    point->command.len > 0 ? point->command.s : NULL);
	buffer_putc(to, '}');
	buffer_free(&text);
}

/* Append the jails as an object of their live bans. */
static void
put_jails(const struct plugin *plugin, struct buffer *to)
{
	buffer_puts(to, ",\"jails\":{");
	for (size_t i = 0; i < plugin->jails_n; i++) {
		const char *name = plugin->jails[i].name;
		char *mended = utf8_mend(name, strlen(name), NULL);

		if (i > 0)
			buffer_putc(to, ',');
		if (mended != NULL)
			json_put_text(to, mended, strlen(mended));
		buffer_putc(to, ':');
		buffer_put_number(to, plugin->jails[i].live);
		to->failed = to->failed || mended == NULL;
		free(mended);
	}
	buffer_putc(to, '}');
}

/*
 * Append the jails as Zabbix discovers them. A macro has a text or a number; an
 * unknown one is left out.
 */
static void
put_discovery(const struct plugin *plugin, struct buffer *to)
{
	buffer_puts(to, ",\"discovery\":[");
	for (size_t i = 0; i < plugin->jails_n; i++) {
		const struct plugin_jail *jail = &plugin->jails[i];

		buffer_puts(to, i > 0 ? ",{" : "{");
		put_text(to, "{#JAIL}", jail->name);
		if (jail->covered >= 0) {
			buffer_putc(to, ',');
			put_number(to, "{#COVERED}", jail->covered);
		}
		buffer_putc(to, ',');
		put_number(to, "live", jail->live);
		buffer_putc(to, ',');
		put_number(to, "silent", jail->silent);
		buffer_putc(to, '}');
	}
	buffer_putc(to, ']');
}

/* Append what was found: the value of the key "data". */
static void
put_data(const struct plugin *plugin, struct buffer *to)
{
	struct buffer text = { 0 };

	put_headline(plugin, &text);
	buffer_putc(to, '{');
	put_text(to, "state", names[plugin_state(plugin)]);
	buffer_putc(to, ',');
	put_number(to, "status", plugin_state(plugin));
	buffer_putc(to, ',');
	put_text(to, "text", text.s);
	buffer_putc(to, ',');
	put_number(to, "total", plugin->total);
	put_jails(plugin, to);
	put_discovery(plugin, to);
	buffer_puts(to, ",\"figures\":{");
	for (size_t i = 0; i < plugin->figures_n; i++) {
		if (i > 0)
			buffer_putc(to, ',');
		put_number(to, plugin->figures[i].label,
		    plugin->figures[i].value);
	}
	buffer_puts(to, "},\"points\":[");
	for (size_t i = 0; i < plugin->n; i++) {
		if (i > 0)
			buffer_putc(to, ',');
		put_json_point(to, &plugin->points[i]);
	}
	buffer_puts(to, "]}");
	buffer_free(&text);
}

/* Write the document; why is "" unless the plugin failed. */
static void
print_document(const char *why, struct buffer *data, FILE *out)
{
	struct buffer json = { 0 };

	buffer_putc(&json, '{');
	put_number(&json, "version", 1);
	buffer_putc(&json, ',');
	put_number(&json, "error", why[0] != '\0' ? PLUGIN_UNKNOWN : 0);
	buffer_putc(&json, ',');
	put_text(&json, "errorString", why);
	buffer_puts(&json, ",\"data\":");
	if (!data->failed && data->s != NULL)
		buffer_puts(&json, data->s);
	buffer_putc(&json, '}');
	if (!json.failed && !data->failed)
		escape_json(out, json.s);
	else
		fputs(
		    "{\"version\":1,\"error\":3,\"errorString\":"
		    "\"out of memory\",\"data\":{}}",
		    out);
	putc('\n', out);
	buffer_free(&json);
	buffer_free(data);
}

void
plugin_print_json(const struct plugin *plugin, FILE *out)
{
	struct buffer data = { 0 }, why = { 0 };

	if (plugin->total == UNKNOWN)
		put_headline(plugin, &why);
	put_data(plugin, &data);
	print_document(why.s != NULL ? why.s : "", &data, out);
	buffer_free(&why);
}

void
plugin_print_failure(const char *name, const struct err *e, bool json,
    FILE *out)
{
	struct buffer text = { 0 };

	if (json) {
		buffer_puts(&text, "{\"state\":\"UNKNOWN\",\"status\":3}");
		print_document(e->text, &text, out);
		return;
	}
	buffer_puts(&text, name);
	buffer_puts(&text, " UNKNOWN: ");
	put_line(&text, e->text);
	print(&text, out);
	putc('\n', out);
}

void
plugin_free(struct plugin *plugin)
{
	for (size_t i = 0; i < plugin->n; i++) {
		buffer_free(&plugin->points[i].text);
		buffer_free(&plugin->points[i].command);
	}
	for (size_t i = 0; i < plugin->jails_n; i++)
		free(plugin->jails[i].name);
	free(plugin->jails);
	*plugin = (struct plugin){ .name = plugin->name };
}
