/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libconfig.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/number.h"
#include "base/path.h"
#include "os/file_trust.h"

/* The largest file that is read. */
#define FILE_BYTES_MAX 65536

enum key_type {
	KEY_PATH,
	KEY_TEXT,
	KEY_PATHS,
	KEY_INT,
	KEY_WORD,
	KEY_CATEGORIES
};

struct key {
	const char *name;
	enum key_type type;
	size_t offset;
	int64_t min, max; /* KEY_INT */
	int64_t number;	  /* the default of KEY_INT and KEY_WORD */
	/* The default of KEY_PATH and KEY_TEXT; that of KEY_PATHS is none. */
	const char *path;
	const char *help;
};

static const char *const evidence_words[] = {
	[CONFIG_EVIDENCE_DATABASE] = "database",
	[CONFIG_EVIDENCE_TAG] = "tag",
	[CONFIG_EVIDENCE_NONE] = "none",
};

#define NOT_LIST "must be a list such as [\"/a\", \"/b\"]"

#define NOT_CATEGORIES \
	"must be such as { sshd = \"18,22\"; } or " \
	"({ jail = \"sshd\"; categories = \"18,22\"; })"

/* AbuseIPDB counts its categories from 1 to this. */
#define CATEGORY_MAX 23

#define AS_TEXT(macro) #macro
#define TEXT_OF(macro) AS_TEXT(macro)

#define AT(field) offsetof(struct config, field)

static const struct key keys[] = {
	{ "archive", KEY_PATH, AT(archive), 0, 0, 0,
	    "/var/lib/fail2ban-archive/archive.sqlite3",
	    "The archive is one SQLite file, on a local file system." },
	{ "spool", KEY_PATH, AT(spool), 0, 0, 0,
	    "/var/lib/fail2ban-archive/spool",
	    "An event that cannot be archived at once waits in this folder." },
	{ "spool_limit", KEY_INT, AT(spool_limit), 1, 200000, 20000, NULL,
	    "The spool holds at most this many events; further ones go to "
	    "syslog." },
	{ "fail2ban_database", KEY_PATH, AT(fail2ban_database), 0, 0, 0, "",
	    "The path of fail2ban's database; if it is empty, fail2ban is "
	    "asked." },
	{ "fail2ban_socket", KEY_PATH, AT(fail2ban_socket), 0, 0, 0,
	    CONFIG_FAIL2BAN_SOCKET, "The path of fail2ban's socket." },
	{ "interval", KEY_INT, AT(interval), 1, 86400, 300, NULL,
	    "Seconds from one reconcile to the next: the timer's interval." },
	{ "backfill", KEY_INT, AT(backfill), 0, INT32_MAX, 648000, NULL,
	    "An empty archive takes this many seconds of history; 0 takes all "
	    "of it." },
	{ "run_deadline", KEY_INT, AT(run_deadline), 1, 3600, 60, NULL,
	    "A reconcile stops after this many seconds; the next one goes "
	    "on." },
	{ "lock_deadline", KEY_INT, AT(lock_deadline), 1, 3000, 500, NULL,
	    "An event waits this many milliseconds for the archive, then goes "
	    "to the spool." },
	{ "retention_days", KEY_INT, AT(retention_days), 0, 36500, 0, NULL,
	    "An ended ban is removed after this many days; 0 removes none." },
	{ "anonymize_days", KEY_INT, AT(anonymize_days), 0, 36500, 0, NULL,
	    "After this many days an ended ban keeps only the network of its "
	    "address; 0: never." },
	{ "evidence", KEY_WORD, AT(evidence), 0, 0, CONFIG_EVIDENCE_DATABASE,
	    NULL,
	    "The source of a ban's log lines: \"database\", \"tag\" or "
	    "\"none\"." },
	{ "max_matches", KEY_INT, AT(max_matches), 0, 10000, 100, NULL,
	    "The last log lines of a ban are kept, at most this many." },
	{ "metrics_file", KEY_PATH, AT(metrics_file), 0, 0, 0, "",
	    "A reconcile writes this file for node_exporter; if it is empty, "
	    "it writes none." },
	{ "geo", KEY_PATHS, AT(geo), 0, 0, 0, NULL,
	    "Databases that say where an address is from; [] tries the usual "
	    "places." },
	{ "abuseipdb", KEY_CATEGORIES, AT(abuseipdb), 0, 0, 0, NULL,
	    "AbuseIPDB's categories for the jails of export --list, such as "
	    "{ sshd = \"18,22\"; }." },
	{ "push", KEY_TEXT, AT(push), 0, 0, 0, "",
	    "The PostgreSQL of a fleet, as a libpq conninfo such as "
	    "\"service=fleet\"." },
	{ "push_interval", KEY_INT, AT(push_interval), 0, 86400, 300, NULL,
	    "After this many seconds the next reconcile pushes again; 0: "
	    "only by hand." },
	{ "push_name", KEY_TEXT, AT(push_name), 0, 0, 0, "",
	    "The name of this machine in the fleet; if it is empty, the "
	    "host's name." },
	{ "fleet", KEY_TEXT, AT(fleet), 0, 0, 0, "",
	    "The conninfo for questions with --fleet; if it is empty, that of "
	    "push." },
};

/* Return the field of config that a key sets: paths, a number or a word. */
static void *
field(struct config *config, const struct key *key)
{
	return (char *)config + key->offset;
}

void
config_set_defaults(struct config *config)
{
	config->unread = false;
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		switch (keys[i].type) {
		case KEY_PATH:
			snprintf(field(config, &keys[i]), PATH_MAX, "%s",
			    keys[i].path);
			break;
		case KEY_TEXT:
			snprintf(field(config, &keys[i]), CONFIG_TEXT, "%s",
			    keys[i].path);
			break;
		case KEY_PATHS:
			((struct config_paths *)field(config, &keys[i]))->n = 0;
			break;
		case KEY_CATEGORIES:
			config->abuseipdb.n = 0;
			break;
		case KEY_INT:
			memcpy(field(config, &keys[i]), &keys[i].number,
			    sizeof(keys[i].number));
			break;
		case KEY_WORD:
			config->evidence = (enum config_evidence)keys[i].number;
			break;
		}
	}
}

static const struct key *
find_key(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (name != NULL && strcmp(keys[i].name, name) == 0)
			return &keys[i];
	}
	return NULL;
}

/* Set a word, a text or a path. Return NULL, or the reason why it is refused.
 */
static const char *
set_string(struct config *config, const struct key *key, const char *value)
{
	if (key->type == KEY_PATH) {
		if (value[0] != '/' &&
		    (value[0] != '\0' || key->path[0] != '\0'))
			return "must be an absolute path";
		if (strlen(value) >= PATH_MAX)
			return "path too long";
		snprintf(field(config, key), PATH_MAX, "%s", value);
		return NULL;
	}
	if (key->type == KEY_TEXT) {
		if (strlen(value) >= CONFIG_TEXT)
			return "text too long";
		snprintf(field(config, key), CONFIG_TEXT, "%s", value);
		return NULL;
	}
	for (size_t i = 0; i < ARRAY_LEN(evidence_words); i++) {
		if (strcmp(value, evidence_words[i]) == 0) {
			config->evidence = (enum config_evidence)i;
			return NULL;
		}
	}
	return "must be \"database\", \"tag\" or \"none\"";
}

/* Set a list of paths. Return NULL, or the reason why it is refused. */
static const char *
set_paths(struct config_paths *list, const config_setting_t *setting)
{
	int n = config_setting_length(setting);
	size_t len = 0, room;

	if (config_setting_type(setting) != CONFIG_TYPE_ARRAY)
		return NOT_LIST;
	if (n > CONFIG_PATHS)
		return "at most " TEXT_OF(CONFIG_PATHS) " paths";
	for (int i = 0; i < n; i++) {
		const char *path = config_setting_get_string_elem(setting, i);

		if (path == NULL)
			return NOT_LIST;
		if (path[0] != '/')
			return "must be an absolute path";
		room = strlen(path) + 1;
		if (room > sizeof(list->text) - len)
			return "paths too long";
		memcpy(list->text + len, path, room);
		len += room;
	}
	list->n = (size_t)n;
	return NULL;
}

/* Set *set to the categories of a text such as "18,22"; return false: none. */
static bool
take_categories(const char *text, uint32_t *set)
{
	int64_t v;

	*set = 0;
	do {
		text += strspn(text, " ");
		if (!number_take_digits(&text, &v) || v < 1 || v > CATEGORY_MAX)
			return false;
		*set |= 1u << v;
		text += strspn(text, " ");
	} while (*text++ == ',');
	return text[-1] == '\0';
}

/* Add the categories of a jail. Return NULL, or the reason of a refusal. */
static const char *
add_categories(struct config_categories *list, const char *jail,
    const char *text)
{
	char *at = list->jails;
	size_t room = sizeof(list->jails);

	if (jail == NULL || jail[0] == '\0' || text == NULL)
		return NOT_CATEGORIES;
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(at, jail) == 0)
			return "a jail is named twice";
		room -= strlen(at) + 1;
		at += strlen(at) + 1;
	}
	if (list->n == CONFIG_JAILS || strlen(jail) >= room)
		return "too many jails: at most " TEXT_OF(CONFIG_JAILS);
	if (!take_categories(text, &list->of[list->n]))
		return "categories are numbers from 1 to " TEXT_OF(
		    CATEGORY_MAX) " with commas between them, such as "
				  "\"18,22\"";
	memcpy(at, jail, strlen(jail) + 1);
	list->n++;
	return NULL;
}

/*
 * Add the categories of an item: in a group "sshd = categories"; in a list a
 * group of jail and categories, for a jail whose name libconfig does not take.
 */
static const char *
take_jail(struct config_categories *list, const config_setting_t *item)
{
	const char *jail = config_setting_name(item), *text;

	if (jail != NULL)
		return add_categories(list, jail,
		    config_setting_get_string(item));
	if (config_setting_type(item) != CONFIG_TYPE_GROUP ||
	    config_setting_length(item) != 2 ||
	    !config_setting_lookup_string(item, "jail", &jail) ||
	    !config_setting_lookup_string(item, "categories", &text))
		return NOT_CATEGORIES;
	return add_categories(list, jail, text);
}

static const char *
set_categories(struct config_categories *list, const config_setting_t *setting)
{
	int type = config_setting_type(setting);
	const char *reason = NULL;

	if (type != CONFIG_TYPE_GROUP && type != CONFIG_TYPE_LIST)
		return NOT_CATEGORIES;
	for (int i = 0; i < config_setting_length(setting) && reason == NULL;
	     i++)
		reason = take_jail(list,
		    config_setting_get_elem(setting, (unsigned)i));
	return reason;
}

/* Copy one setting of the file into config. */
static int
take_setting(struct config *config, const config_setting_t *setting,
    const char *path, struct err *e)
{
	const char *name = config_setting_name(setting);
	const struct key *key = find_key(name);
	int type = config_setting_type(setting);
	const char *reason = NULL;
	char range[80];
	int64_t number;

	if (key == NULL) {
		reason = "unknown key";
	} else if (key->type == KEY_INT) {
		number = config_setting_get_int64(setting);
		if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) {
			reason = "must be a whole number";
		} else if (number < key->min || number > key->max) {
			snprintf(range, sizeof(range),
			    "must be from %" PRId64 " to %" PRId64, key->min,
			    key->max);
			reason = range;
		} else {
			memcpy(field(config, key), &number, sizeof(number));
		}
	} else if (key->type == KEY_PATHS) {
		reason = set_paths(field(config, key), setting);
	} else if (key->type == KEY_CATEGORIES) {
		reason = set_categories(field(config, key), setting);
	} else if (type != CONFIG_TYPE_STRING) {
		reason = "must be a text in double quotes";
	} else {
		reason =
		    set_string(config, key, config_setting_get_string(setting));
	}
	if (reason == NULL)
		return 0;
	return err_set(e, EX_CONFIG, "%s:%u: %s: %s", path,
	    config_setting_source_line(setting), name, reason);
}

/* Fill e after a system call on the file failed. */
static int
fail_to_read(struct err *e, const char *path)
{
	bool is_short = errno == ENOMEM || errno == EMFILE || errno == ENFILE;

	return err_errno(e, is_short ? EX_OSERR : EX_NOINPUT, "%s", path);
}

/*
 * Refuse a config that a user other than us and root may change, or a folder
 * above it. *size becomes its length.
 */
static int
check_file(const char *path, int fd, size_t *size, struct err *e)
{
	char folder[PATH_MAX];
	struct stat st;

	if (fstat(fd, &st) != 0 || realpath(path, folder) == NULL)
		return fail_to_read(e, path);
	if (!S_ISREG(st.st_mode) || st.st_size > FILE_BYTES_MAX)
		return err_set(e, EX_NOINPUT, "%s: not a file, or too large",
		    path);
	*size = (size_t)st.st_size;
	if (file_trust_check(path, &st, e) != 0)
		return -1;
	path_cut_to_folder(folder);
	return file_trust_check_folder(folder, e);
}

/* Return the whole text with a NUL; NULL and errno where it cannot be read. */
static char *
read_all(int fd, size_t size)
{
	char *text = malloc(size + 1);
	size_t len = 0;
	ssize_t n = 1;

	while (text != NULL && n > 0 && len < size) {
		n = read(fd, text + len, size - len);
		len += n > 0 ? (size_t)n : 0;
	}
	if (text == NULL || n < 0) {
		free(text);
		return NULL;
	}
	text[len] = '\0';
	return text;
}

/*
 * Read the file for libconfig, which would end the process for a file that it
 * cannot read. The caller frees *text.
 */
static int
read_file(const char *path, char **text, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t size = 0;

	*text = NULL;
	if (fd < 0)
		return fail_to_read(e, path);
	if (check_file(path, fd, &size, e) == 0 &&
	    (*text = read_all(fd, size)) == NULL)
		fail_to_read(e, path);
	close(fd);
	return *text != NULL ? 0 : -1;
}

/*
 * Return true for a text with @include: libconfig would read the other file
 * unchecked.
 */
static bool
includes(const char *text)
{
	for (; text != NULL; text = strchr(text, '\n')) {
		text += strspn(text, "\n\r\t ");
		if (strncmp(text, "@include", strlen("@include")) == 0)
			return true;
	}
	return false;
}

static int
take_text(struct config *config, config_t *file, const char *text,
    const char *path, struct err *e)
{
	const config_setting_t *root;

	if (includes(text))
		return err_set(e, EX_CONFIG,
		    "%s: @include: the config must be in one file", path);
	if (config_read_string(file, text) != CONFIG_TRUE)
		return err_set(e, EX_CONFIG, "%s:%d: %s", path,
		    config_error_line(file), config_error_text(file));
	root = config_root_setting(file);
	for (int i = 0; i < config_setting_length(root); i++) {
		if (take_setting(config,
			config_setting_get_elem(root, (unsigned)i), path,
			e) != 0)
			return -1;
	}
	return 0;
}

static int
take_file(struct config *config, const char *path, struct err *e)
{
	config_t file;
	char *text;
	int rc;

	if (read_file(path, &text, e) != 0)
		return -1;
	config_init(&file);
	rc = take_text(config, &file, text, path, e);
	config_destroy(&file);
	free(text);
	return rc;
}

int
config_load(struct config *config, const char *path, struct err *e)
{
	int rc;

	config_set_defaults(config);
	config->file = path;
	if (strcmp(path, CONFIG_FILE) == 0 && access(path, F_OK) != 0 &&
	    errno == ENOENT)
		return 0;
	rc = take_file(config, path, e);
	if (rc != 0) {
		config_set_defaults(config);
		config->file = path;
		config->unread = e->code == EX_OSERR;
	}
	return rc;
}

size_t
config_paths(const struct config_paths *list, const char *paths[CONFIG_PATHS])
{
	const char *path = list->text;

	for (size_t i = 0; i < list->n; i++) {
		paths[i] = path;
		path += strlen(path) + 1;
	}
	return list->n;
}

uint32_t
config_categories(const struct config *config, const char *jail)
{
	const struct config_categories *list = &config->abuseipdb;
	const char *at = list->jails;

	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(at, jail) == 0)
			return list->of[i];
		at += strlen(at) + 1;
	}
	return 0;
}

void
config_print_defaults(FILE *out)
{
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		const struct key *key = &keys[i];

		fprintf(out, "%s# %s\n", i > 0 ? "\n" : "", key->help);
		if (key->type == KEY_INT)
			fprintf(out, "#%s = %" PRId64 ";\n", key->name,
			    key->number);
		else if (key->type == KEY_PATHS)
			fprintf(out, "#%s = [];\n", key->name);
		else if (key->type == KEY_CATEGORIES)
			fprintf(out, "#%s = {};\n", key->name);
		else
			fprintf(out, "#%s = \"%s\";\n", key->name,
			    key->type == KEY_WORD ?
				evidence_words[key->number] :
				key->path);
	}
}
