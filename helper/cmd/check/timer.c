/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The step of check that looks for the timer: a unit of systemd that is
 * enabled, or a line of cron. It looks at files and starts no program.
 * (systemd.unit(5), "Unit File Load Path"; systemctl(1), "enable"; cron(8).)
 */
#include <sys/stat.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cmd/check/check.h"

#define TIMER "fail2ban-archive.timer"
#define WANTS "/timers.target.wants/" TIMER

/* A file that is longer is no table of cron. */
#define CRON_BYTES (64 * 1024)

/* The folders of units: the first ones are the administrator's. */
static const char *const unit_folders[] = { "/etc/systemd/system",
	"/run/systemd/system", "/usr/local/lib/systemd/system",
	"/usr/lib/systemd/system", "/lib/systemd/system" };

/* The tables of cron that may have our line. */
static const char *const tables[] = { "/etc/cron.d/fail2ban-archive",
	"/etc/crontab", "/etc/crontabs/root", "/var/spool/cron/crontabs/root",
	"/var/spool/cron/root" };

/* Return true when one of the folders has a file of that name. */
static bool
has_unit(const char *name)
{
	char path[128];

	for (size_t i = 0; i < ARRAY_LEN(unit_folders); i++) {
		struct stat st;

		snprintf(path, sizeof(path), "%s%s", unit_folders[i], name);
		if (lstat(path, &st) == 0)
			return true;
	}
	return false;
}

/* Return true when the unit is a link to /dev/null. */
static bool
is_masked(void)
{
	char to[16];
	ssize_t n = readlink("/etc/systemd/system/" TIMER, to, sizeof(to));

	return n == (ssize_t)strlen("/dev/null") &&
	    memcmp(to, "/dev/null", (size_t)n) == 0;
}

/* Return true when a line of the table, which is changed, runs a reconcile. */
static bool
has_line(char *table)
{
	char *rest, *line = strtok_r(table, "\n", &rest);

	for (; line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		line += strspn(line, " \t");
		if (line[0] != '#' &&
		    strstr(line, "/fail2ban-archive") != NULL &&
		    strstr(line, " reconcile") != NULL)
			return true;
	}
	return false;
}

static bool
is_in_table(const char *path)
{
	static char table[CRON_BYTES + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	ssize_t n = -1;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		n = read(fd, table, CRON_BYTES);
	close(fd);
	if (n <= 0)
		return false;
	table[n] = '\0';
	return has_line(table);
}

static bool
has_cron_line(void)
{
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		if (is_in_table(tables[i]))
			return true;
	}
	return false;
}

void
check_timer(struct check *check)
{
	struct plugin *plugin = &check->plugin;
	bool systemd = access("/run/systemd/system", F_OK) == 0;
	bool late = check->reconcile_age == UNKNOWN ||
	    range_alerts(&check->warning, check->reconcile_age);

	if (systemd && has_unit(WANTS) && !is_masked()) {
		plugin_find(plugin, "timer", PLUGIN_OK, "%s is enabled", TIMER);
	} else if (has_cron_line()) {
		plugin_find(plugin, "timer", PLUGIN_OK, "cron runs reconcile");
	} else if (systemd && has_unit("/" TIMER)) {
		plugin_find(plugin, "timer", PLUGIN_WARNING,
		    "%s is not enabled", TIMER);
		plugin_mend(plugin, "timer", "systemctl %s",
		    is_masked() ? "unmask " TIMER : "enable --now " TIMER);
	} else {
		/* Another cron or a reconcile --every may be the timer. */
		plugin_find(plugin, "timer", PLUGIN_OK, "no timer is found%s",
		    late ? ", and no reconcile came in time" : "");
		if (late)
			plugin_mend(plugin, "timer", "%s", check_setup());
	}
}
