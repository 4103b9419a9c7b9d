/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render/metrics.h"

#include <inttypes.h>
#include <string.h>

#include "base/macros.h"
#include "base/timestamp.h"

static const char *const names_of[METRICS_NAMES] = {
	[METRICS_ARCHIVE] = "archive",
	[METRICS_F2B] = "f2b",
	[METRICS_FAIL2BAN] = "fail2ban",
};

enum metrics_names
metrics_names_from(const char *name)
{
	for (int i = 0; i < METRICS_NAMES; i++) {
		if (strcmp(name, names_of[i]) == 0)
			return (enum metrics_names)i;
	}
	return METRICS_NAMES;
}

/* A metric: its lines HELP and TYPE come before its first sample. */
struct family {
	FILE *to;
	const char *prefix, *name, *type, *help;
	bool begun;
};

static void
begin_sample(struct family *family)
{
	if (!family->begun) {
		fprintf(family->to, "# HELP %s%s %s\n# TYPE %s%s %s\n",
		    family->prefix, family->name, family->help, family->prefix,
		    family->name, family->type);
		family->begun = true;
	}
	fprintf(family->to, "%s%s", family->prefix, family->name);
}

/* A label's value has escapes for a backslash, a quote and a newline. */
static void
print_label(FILE *to, const char *before, const char *value)
{
	fprintf(to, "%s=\"", before);
	for (; *value != '\0'; value++) {
		if (*value == '\\' || *value == '"')
			putc('\\', to);
		if (*value == '\n')
			fputs("\\n", to);
		else
			putc(*value, to);
	}
	putc('"', to);
}

/* Print a sample without labels, unless its value is UNKNOWN. */
static void
print_plain(FILE *to, const char *name, const char *type, const char *help,
    int64_t value)
{
	struct family family = { to, "fail2ban_archive_", name, type, help,
		false };

	if (value == UNKNOWN)
		return;
	begin_sample(&family);
	fprintf(to, " %" PRId64 "\n", value);
}

/* Print a sample in seconds, with those digits that it needs. */
static void
print_seconds(FILE *to, const char *name, const char *help, int64_t us)
{
	struct family family = { to, "fail2ban_archive_", name, "gauge", help,
		false };
	char fraction[16];
	size_t len;

	if (us == UNKNOWN)
		return;
	snprintf(fraction, sizeof(fraction), ".%06d",
	    (int)(us % TIMESTAMP_US < 0 ? -(us % TIMESTAMP_US) :
					  us % TIMESTAMP_US));
	for (len = strlen(fraction); len > 0 && fraction[len - 1] == '0';)
		fraction[--len] = '\0';
	if (strcmp(fraction, ".") == 0)
		fraction[0] = '\0';
	begin_sample(&family);
	fprintf(to, " %s%" PRId64 "%s\n",
	    us < 0 && us > -TIMESTAMP_US ? "-" : "", us / TIMESTAMP_US,
	    fraction);
}

/* Return a value of a jail. */
typedef int64_t value_fn(const struct metrics_jail *jail);

static int64_t
get_failures(const struct metrics_jail *jail)
{
	return jail->failures;
}

static int64_t
get_live(const struct metrics_jail *jail)
{
	return jail->live;
}

static int64_t
get_covered(const struct metrics_jail *jail)
{
	return jail->covered;
}

static int64_t
get_bans(const struct metrics_jail *jail)
{
	return jail->bans;
}

/* Print a sample for each jail. */
static void
print_jails(const struct metrics *m, struct family family, value_fn *get)
{
	for (size_t i = 0; i < m->n; i++) {
		int64_t value = get(&m->jails[i]);

		if (value == UNKNOWN)
			continue;
		begin_sample(&family);
		print_label(family.to, "{jail", m->jails[i].name);
		fprintf(family.to, "} %" PRId64 "\n", value);
	}
}

static void
print_bans(FILE *to, const struct metrics *m)
{
	struct family family = { to, "fail2ban_archive_", "bans_total",
		"counter", "Bans that fail2ban made.", false };

	for (size_t i = 0; i < m->n; i++) {
		for (int k = 0; k < METRICS_ORIGINS; k++) {
			begin_sample(&family);
			print_label(to, "{jail", m->jails[i].name);
			print_label(to, ",origin",
			    ban_origin_name((enum ban_origin)k));
			fprintf(to, "} %" PRId64 "\n", m->jails[i].origins[k]);
		}
	}
}

static void
print_ends(FILE *to, const struct metrics *m)
{
	struct family family = { to, "fail2ban_archive_", "ends_total",
		"counter", "Bans that have ended.", false };

	for (size_t i = 0; i < m->n; i++) {
		for (int k = BAN_EXPIRED; k < METRICS_ENDS; k++) {
			begin_sample(&family);
			print_label(to, "{jail", m->jails[i].name);
			print_label(to, ",why", ban_end_name((enum ban_end)k));
			fprintf(to, "} %" PRId64 "\n", m->jails[i].ends[k]);
		}
	}
}

static void
print_hosts(FILE *to, const struct metrics *m)
{
	struct family family = { to, "fail2ban_archive_", "host_bans", "gauge",
		"Bans of each host whose archive was merged.", false };

	for (size_t i = 0; i < m->hosts_n; i++) {
		begin_sample(&family);
		print_label(to, "{host", m->hosts[i].name);
		fprintf(to, "} %" PRId64 "\n", m->hosts[i].bans);
	}
}

static void
print_archive(FILE *to, const struct metrics *m)
{
#define PREFIX "fail2ban_archive_"
	struct family info = { to, PREFIX, "build_info", "gauge",
		"The version of fail2ban-archive.", false };

	if (m->counted) {
		print_bans(to, m);
		print_ends(to, m);
		print_jails(m,
		    (struct family){ to, PREFIX, "ban_failures_total",
			"counter", "Failures that led to bans.", false },
		    get_failures);
		print_jails(m,
		    (struct family){ to, PREFIX, "bans_live", "gauge",
			"Bans that are active now.", false },
		    get_live);
		print_hosts(to, m);
	}
	print_jails(m,
	    (struct family){ to, PREFIX, "jail_covered", "gauge",
		"1 if the enabled jail has the action that archives its bans.",
		false },
	    get_covered);
#undef PREFIX
	print_seconds(to, "last_event_timestamp_seconds",
	    "When the last ban began or ended.", m->last_event_us);
	print_seconds(to, "reconcile_timestamp_seconds",
	    "When the last completed reconcile ended.", m->reconcile_us);
	print_seconds(to, "reconcile_duration_seconds",
	    "How long the last reconcile took.", m->duration_us);
	print_plain(to, "reconcile_success", "gauge",
	    "1 if the last reconcile was completed.", m->success);
	print_plain(to, "spool_events", "gauge",
	    "Events that wait in the spool.", m->spool);
	print_plain(to, "gaps", "gauge",
	    "How often no reconcile was completed in time.", m->gaps);
	print_plain(to, "size_bytes", "gauge", "Size of the archive's file.",
	    m->bytes);
	print_seconds(to, "push_last_success_timestamp_seconds",
	    "When the last completed push to the fleet ended.", m->pushed_us);
	print_plain(to, "push_success", "gauge",
	    "1 if the latest push to the fleet was completed.",
	    m->push_success);
	print_plain(to, "push_backlog_changes", "gauge",
	    "Changes that wait for a push to the fleet.", m->push_backlog);
	print_plain(to, "up", "gauge", "1 if fail2ban answers.", m->up);
	begin_sample(&info);
	print_label(to, "{version", m->version);
	fputs("} 1\n", to);
}

/*
 * Print what we know under other exporters' names. Their banned_total begins
 * again with fail2ban, and ours goes on; so theirs is a gauge, and ours a
 * counter.
 * (hectorjsmith/fail2ban-prometheus-exporter: f2b_up, f2b_jail_count,
 * f2b_jail_banned_current; jangrewe/prometheus-fail2ban-exporter:
 * fail2ban_banned_current.)
 */
static void
print_dialect(FILE *to, const struct metrics *m, const char *prefix)
{
	static const char *const kinds[] = { "jail_banned_", "banned_" };
	struct family up = { to, prefix, "up", "gauge",
		"1 if fail2ban answers.", false };
	struct family count = { to, prefix, "jail_count", "gauge",
		"Jails that fail2ban has.", false };
	char name[2][32];

	begin_sample(&up);
	fprintf(to, " %d\n", m->up);
	if (m->server_jails != UNKNOWN) {
		begin_sample(&count);
		fprintf(to, " %" PRId64 "\n", m->server_jails);
	}
	for (size_t i = 0; i < ARRAY_LEN(kinds) && m->counted; i++) {
		snprintf(name[0], sizeof(name[0]), "%scurrent", kinds[i]);
		snprintf(name[1], sizeof(name[1]), "%stotal", kinds[i]);
		print_jails(m,
		    (struct family){ to, prefix, name[0], "gauge",
			"Bans that are active now.", false },
		    get_live);
		print_jails(m,
		    (struct family){ to, prefix, name[1], "counter",
			"Bans that fail2ban made.", false },
		    get_bans);
	}
}

void
metrics_print(FILE *to, const struct metrics *m, enum metrics_names names)
{
	if (names == METRICS_ARCHIVE)
		print_archive(to, m);
	else
		print_dialect(to, m,
		    names == METRICS_F2B ? "f2b_" : "fail2ban_");
}
