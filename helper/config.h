/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration, and the only user of libconfig. Every key has a default,
 * and the file may be missing.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

/* The default of fail2ban_socket. */
#define CONFIG_FAIL2BAN_SOCKET "/run/fail2ban/fail2ban.sock"

/* The most paths of a list. */
#define CONFIG_PATHS 16

/* A list of n absolute paths, one after the other, each with its NUL. */
struct config_paths {
	size_t n;
	char text[PATH_MAX];
};

/* The most jails with categories, and the bytes of their names with NULs. */
#define CONFIG_JAILS 256
#define CONFIG_JAIL_BYTES 8192

/*
 * AbuseIPDB's categories of n jails, whose names stand one after the other. A
 * set of categories has the bit 1u << 18 for the category 18.
 */
struct config_categories {
	size_t n;
	uint32_t of[CONFIG_JAILS];
	char jails[CONFIG_JAIL_BYTES];
};

/* Room for a text, with its NUL. */
#define CONFIG_TEXT 1024

enum config_evidence {
	CONFIG_EVIDENCE_DATABASE, /* read from fail2ban's database */
	CONFIG_EVIDENCE_TAG,	  /* passed by the action */
	CONFIG_EVIDENCE_NONE,
};

struct config {
	char archive[PATH_MAX];
	char spool[PATH_MAX];
	char fail2ban_database[PATH_MAX]; /* "": ask fail2ban */
	char fail2ban_socket[PATH_MAX];
	int64_t spool_limit;	/* the most events in the spool */
	int64_t interval;	/* seconds from one reconcile to the next */
	int64_t backfill;	/* seconds of history that the first
				   reconcile archives; 0: all */
	int64_t run_deadline;	/* seconds for one reconcile */
	int64_t lock_deadline;	/* milliseconds that an event waits for
				   the archive */
	int64_t retention_days; /* 0: keep bans for ever */
	int64_t anonymize_days; /* 0: keep who was banned for as long */
	char metrics_file[PATH_MAX]; /* "": none is written */
	int64_t max_matches;	     /* the most log lines kept of a ban */
	/* Databases of countries and networks; none: those that geo_open finds.
	 */
	struct config_paths geo;
	struct config_categories abuseipdb;
	enum config_evidence evidence;
	char push[CONFIG_TEXT];	     /* a conninfo; "": this machine is alone */
	int64_t push_interval;	     /* seconds; 0: only by hand */
	char push_name[CONFIG_TEXT]; /* "": the host's name */
	char fleet[CONFIG_TEXT];     /* a conninfo; "": that of push */
	const char *file;	     /* the path that config_load was given */
	bool unread;		     /* config_load failed with EX_OSERR */
};

void config_set_defaults(struct config *config);

/*
 * Set the defaults, then the keys of the file at path, which must outlive
 * config. A missing file is an
 * error only when path is not CONFIG_FILE, the default place. Fails with
 * EX_CONFIG and "file:line: key: reason", with EX_NOINPUT, with EX_NOPERM where
 * other users may write the file or a folder above it, or with EX_OSERR where
 * memory or descriptors are short; config then holds the defaults, and after
 * EX_OSERR unread is true: the file may say otherwise.
 */
int config_load(struct config *config, const char *path, struct err *e);

/* Point paths at the paths of a list, and return their number. */
size_t config_paths(const struct config_paths *list,
    const char *paths[CONFIG_PATHS]);

/* Return AbuseIPDB's categories of a jail; 0: it has none. */
uint32_t config_categories(const struct config *config, const char *jail);

/* Write each key with its default and its meaning, as a config file. */
void config_print_defaults(FILE *out);

#endif
