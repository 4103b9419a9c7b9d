/* SPDX-License-Identifier: GPL-2.0-or-later */
/* metrics: write what Prometheus can watch. */
#include "cmd/metrics.h"

#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "cmd/command.h"
#include "cmd/metrics_read.h"
#include "cmd/options.h"
#include "cmd/output_file.h"

/* Refuse a file that is the archive, which the metrics would replace. */
static int
check_file(const struct config *config, const char *file, struct err *e)
{
	struct stat archive, st;

	if (stat(file, &st) == 0 && stat(config->archive, &archive) == 0 &&
	    st.st_dev == archive.st_dev && st.st_ino == archive.st_ino)
		return err_set(e, EX_CANTCREAT,
		    "%s: this is the archive: name another file", file);
	return 0;
}

static int
print(const struct metrics *metrics, const char *file, enum metrics_names names,
    struct err *e)
{
	struct output_file out;

	if (output_file_open_public(&out, file, e) != 0)
		return -1;
	metrics_print(out.to, metrics, names);
	return output_file_close(&out, 0, e);
}

int
metrics_write(const struct config *config, const char *file,
    enum metrics_names names, bool failed, struct err *e)
{
	struct metrics_read read;
	int rc;

	if (check_file(config, file, e) != 0)
		return -1;
	metrics_read_begin(&read);
	rc = metrics_read_server(&read, config, e);
	if (rc == 0)
		rc = metrics_read_archive(&read, config, e);
	metrics_read_end(&read);
	if (failed) {
		read.metrics.success = 0;
		rc = 0;
	}
	if (rc == 0)
		rc = print(&read.metrics, file, names, e);
	metrics_read_free(&read);
	return rc;
}

struct wanted {
	const char *file;
	enum metrics_names names;
};

static int
take_option(void *to, const char *name, const char *value, struct err *e)
{
	struct wanted *wanted = to;

	if (strcmp(name, "output") == 0) {
		wanted->file = value;
		return 0;
	}
	wanted->names = metrics_names_from(value);
	if (wanted->names == METRICS_NAMES)
		return err_set(e, EX_USAGE,
		    "--names: must be archive, f2b or fail2ban");
	return 0;
}

static int
run_metrics(const struct command *self, const struct config *config, int argc,
    char **argv, struct err *e)
{
	struct wanted wanted = { .file = "-", .names = METRICS_ARCHIVE };
	int operands;

	if (options_parse(self, argc, argv, take_option, &wanted, &operands,
		e) != 0)
		return -1;
	return metrics_write(config, wanted.file, wanted.names, false, e);
}

static const struct option_spec options[] = {
	{ "output", "FILE", "write this file, instead of standard output" },
	{ "names", "archive|f2b|fail2ban", "whose names the metrics have" },
	{ NULL, NULL, NULL },
};

const struct command cmd_metrics = {
	.name = "metrics",
	.operands = "",
	.summary = "write what Prometheus can watch",
	.options = options,
	.run = run_metrics,
};
