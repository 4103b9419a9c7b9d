/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metrics in a file: for the command metrics, and for a reconcile's end. */
#ifndef CMD_METRICS_H
#define CMD_METRICS_H

#include "config.h"
#include "render/metrics.h"

/*
 * Write the metrics of this moment to a file, which then has the mode 0644; "-"
 * is standard output. failed: a reconcile ends here that has failed; then they
 * are written also where the archive cannot be read, without what it has. Fails
 * as archive_open_read and output_file_open do, and with EX_IOERR and EX_OSERR.
 */
int metrics_write(const struct config *config, const char *file,
    enum metrics_names names, bool failed, struct err *e);

#endif
