/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any file is a config with all values in their bounds, or an error. */
#include <fcntl.h>
#include <unistd.h>

#include "config.h"
#include "fuzz.h"

const char *__lsan_default_suppressions(void);

/* libconfig itself leaks the last text of a file with a syntax error. */
const char *
__lsan_default_suppressions(void)
{
	return "leak:libconfig_yylex\nleak:strbuf_append";
}

static void
check_paths(const struct config_paths *list)
{
	const char *paths[CONFIG_PATHS];

	must(list->n <= CONFIG_PATHS);
	must(config_paths(list, paths) == list->n);
	for (size_t i = 0; i < list->n; i++) {
		must(paths[i] >= list->text && paths[i][0] == '/');
		must(paths[i] + strlen(paths[i]) <
		    list->text + sizeof(list->text));
	}
}

static void
check_categories(const struct config *c)
{
	const struct config_categories *list = &c->abuseipdb;
	const char *jail = list->jails;

	must(list->n <= CONFIG_JAILS);
	for (size_t i = 0; i < list->n; i++) {
		must(jail < list->jails + sizeof(list->jails));
		must(list->of[i] != 0 && (list->of[i] & ~0xfffffeu) == 0);
		must(config_categories(c, jail) == list->of[i]);
		jail += strlen(jail) + 1;
	}
	must(jail <= list->jails + sizeof(list->jails));
}

static void
check_bounds(const struct config *c)
{
	must(c->archive[0] == '/' && c->spool[0] == '/');
	must(c->fail2ban_socket[0] == '/');
	must(c->fail2ban_database[0] == '/' || c->fail2ban_database[0] == '\0');
	must(c->metrics_file[0] == '/' || c->metrics_file[0] == '\0');
	must(c->interval >= 1 && c->interval <= 86400);
	must(c->backfill >= 0 && c->backfill <= INT32_MAX);
	must(c->run_deadline >= 1 && c->run_deadline <= 3600);
	must(c->lock_deadline >= 1 && c->lock_deadline <= 3000);
	must(c->retention_days >= 0 && c->retention_days <= 36500);
	must(c->max_matches >= 0 && c->max_matches <= 10000);
	must(c->evidence <= CONFIG_EVIDENCE_NONE);
	must(memchr(c->push, '\0', sizeof(c->push)) != NULL);
	must(strnlen(c->push_name, sizeof(c->push_name)) <= CONFIG_NAME);
	must(memchr(c->fleet, '\0', sizeof(c->fleet)) != NULL);
	must(c->push_interval >= 0 && c->push_interval <= 86400);
	check_paths(&c->geo);
	check_categories(c);
}

static void
check_defaults(const struct config *c)
{
	struct config d;

	config_set_defaults(&d);
	must(fuzz_same(c->archive, d.archive) && fuzz_same(c->spool, d.spool));
	must(fuzz_same(c->fail2ban_database, d.fail2ban_database));
	must(fuzz_same(c->fail2ban_socket, d.fail2ban_socket));
	must(fuzz_same(c->metrics_file, d.metrics_file));
	must(c->interval == d.interval && c->backfill == d.backfill);
	must(c->run_deadline == d.run_deadline);
	must(c->lock_deadline == d.lock_deadline);
	must(c->retention_days == d.retention_days);
	must(c->max_matches == d.max_matches && c->evidence == d.evidence);
	must(c->push[0] == '\0' && c->push_name[0] == '\0');
	must(c->fleet[0] == '\0' && c->push_interval == d.push_interval);
	must(c->geo.n == 0 && d.geo.n == 0);
	must(c->abuseipdb.n == 0 && d.abuseipdb.n == 0);
}

static void
write_file(const char *path, const uint8_t *data, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	must(ftruncate(fd, (off_t)size) == 0);
	close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *path;
	static struct config config;
	struct err e = { 0 };

	/* libconfig would read files of this machine. */
	if (memmem(data, size, "@include", 8) != NULL)
		return 0;
	if (path == NULL)
		path = fuzz_path("fail2ban-archive.cfg");
	write_file(path, data, size);
	memset(&config, 0xff, sizeof(config));
	if (config_load(&config, path, &e) == 0) {
		check_bounds(&config);
		return 0;
	}
	must(e.code == EX_CONFIG);
	fuzz_must_say(&e);
	check_defaults(&config);
	return 0;
}
