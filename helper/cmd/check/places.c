/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The steps of check beside the archive: the spool, the note of syslog, the
 * disk.
 */
#include <sys/stat.h>

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "base/shell_word.h"
#include "base/timestamp.h"
#include "cmd/check/check.h"
#include "event/last_resort.h"
#include "event/spool.h"
#include "os/disk.h"
#include "os/file_trust.h"

#define MIB (INT64_C(1) << 20)

/* Add the finding that the spool would take no event, if that is so. */
static void
find_refusal(struct check *check)
{
	const char *folder = check->config->spool;
	struct stat st;
	char word[SHELL_WORD];
	struct err e;

	/* An event makes a missing folder; another user than root may not look
	 * at all that is above it. */
	if (geteuid() != 0 || lstat(folder, &st) != 0 ||
	    file_trust_check_folder(folder, &e) == 0)
		return;
	plugin_find(&check->plugin, "spool", PLUGIN_CRITICAL, "spool: %s",
	    e.text);
	plugin_mend(&check->plugin, "spool", "ls -ld %s",
	    shell_word(word, folder, "SPOOL"));
}

void
check_spool(struct check *check)
{
	const struct config *config = check->config;
	struct plugin *plugin = &check->plugin;
	struct spool_state spool =
	    spool_look(config->spool, config->spool_limit, check->now_us);
	char word[SHELL_WORD];

	plugin_headline(plugin, "spool");
	find_refusal(check);
	if (spool.unreadable) {
		plugin_find(plugin, "spool", PLUGIN_UNKNOWN,
		    "%s: the spool cannot be read: run this as root",
		    config->spool);
		plugin_mend(plugin, "spool", "sudo fail2ban-archive check");
		return;
	}
	check->spooled = spool.waiting;
	plugin_value(plugin, "spool", spool.waiting);
	plugin_find(plugin, "spool",
	    spool.waiting > CHECK_SPOOL_CRITICAL    ? PLUGIN_CRITICAL :
		spool.waiting > CHECK_SPOOL_WARNING ? PLUGIN_WARNING :
						      PLUGIN_OK,
	    "%" PRId64 " events in the spool", spool.waiting);
	if (spool.waiting >= config->spool_limit)
		plugin_find(plugin, "spool", PLUGIN_CRITICAL,
		    "the spool is full");
	if (spool.waiting > 0)
		plugin_mend(plugin, "spool", "fail2ban-archive reconcile");
	if (spool.bad == 0)
		return;
	plugin_find(plugin, "spool", PLUGIN_WARNING,
	    "%" PRId64 " files there are bad", spool.bad);
	plugin_mend(plugin, "spool", "ls -l %s",
	    shell_word(word, config->spool, "SPOOL"));
}

void
check_last_resort(struct check *check)
{
	static const char *const logs[] = { "/var/log/syslog",
		"/var/log/messages" };
	struct plugin *plugin = &check->plugin;
	int64_t at_us = last_resort_us(check->config->archive);
	char when[32];

	if (at_us == UNKNOWN || at_us < check->now_us - TIMESTAMP_DAY_US) {
		plugin_find(plugin, "last_resort", PLUGIN_OK,
		    "no event is known that went to syslog alone in the last "
		    "day");
		return;
	}
	plugin_find(plugin, "last_resort", PLUGIN_WARNING,
	    "an event went to syslog alone at %s: replay the syslog",
	    timestamp_format(at_us, when));
	for (size_t i = 0; i < ARRAY_LEN(logs); i++) {
		if (access(logs[i], R_OK) == 0)
			plugin_mend(plugin, "last_resort",
			    "fail2ban-archive replay --format syslog %s",
			    logs[i]);
	}
	plugin_mend(plugin, "last_resort",
	    "journalctl -t fail2ban-archive -o short-iso >syslog.txt && "
	    "fail2ban-archive replay --format syslog syslog.txt");
}

/*
 * Look at the file system of a folder, or of the folder above where it is
 * missing, unless it is the one of id. Return its id, or id.
 */
static uint64_t
look_at_disk(struct check *check, const char *folder, uint64_t id)
{
	struct plugin *plugin = &check->plugin;
	char path[PATH_MAX], word[SHELL_WORD];
	struct disk disk;
	enum disk_room room;
	struct err e;

	snprintf(path, sizeof(path), "%s", folder);
	if (disk_look(&disk, path, &e) != 0) {
		path_cut_to_folder(path);
		if (disk_look(&disk, path, &e) != 0)
			return id;
	}
	if (disk.id == id)
		return id;
	room = disk_room_of(&disk);
	plugin_find(plugin, "disk",
	    room == DISK_NONE	    ? PLUGIN_CRITICAL :
		room == DISK_SCARCE ? PLUGIN_WARNING :
				      PLUGIN_OK,
	    "%s: %s%" PRId64 " MiB and %" PRId64 " inodes are free", path,
	    disk.read_only ? "the file system is read-only; " : "",
	    disk.free / MIB, disk.nodes);
	if (room != DISK_AMPLE)
		plugin_mend(plugin, "disk", "df -h %s",
		    shell_word(word, path, "/var/lib"));
	if (id == 0)
		plugin_value(plugin, "disk", disk.free);
	return disk.id;
}

void
check_disk(struct check *check)
{
	char folder[PATH_MAX];
	uint64_t id;

	snprintf(folder, sizeof(folder), "%s", check->config->archive);
	path_cut_to_folder(folder);
	id = look_at_disk(check, folder, 0);
	look_at_disk(check, check->config->spool, id);
}
