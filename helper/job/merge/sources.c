/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "job/merge/sources.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "archive/file.h"
#include "base/list.h"
#include "base/macros.h"
#include "base/utf8.h"

#define HOST_BYTES 256

void
merge_sources_free(struct merge_sources *sources)
{
	for (size_t i = 0; i < sources->n; i++) {
		free(sources->list[i].path);
		free(sources->list[i].host);
	}
	free(sources->list);
	*sources = (struct merge_sources){ 0 };
}

static int
add(struct merge_sources *sources, const char *path, const char *host,
    bool named, struct err *e)
{
	struct merge_source *list = list_grow(sources->list, &sources->room,
	    sources->n + 1, sizeof(*list));
	struct merge_source source = { strdup(path), strdup(host), named };

	if (list != NULL)
		sources->list = list;
	if (list == NULL || source.path == NULL || source.host == NULL) {
		free(source.path);
		free(source.host);
		return err_no_memory(e);
	}
	list[sources->n++] = source;
	return 0;
}

/* Cut an ending off a name that has more than it. */
static bool
cut_ending(char *name, const char *ending)
{
	size_t n = strlen(name), m = strlen(ending);

	if (n <= m || strcmp(name + n - m, ending) != 0)
		return false;
	name[n - m] = '\0';
	return true;
}

const char *
merge_sources_name_host(const char *file, const char *folder, char text[256])
{
	static const char *const endings[] = { ".sqlite3", ".jsonl", ".json" };
	bool cut = false;

	if ((size_t)snprintf(text, HOST_BYTES, "%s", file) >= HOST_BYTES)
		return NULL;
	cut_ending(text, ".gz");
	for (size_t i = 0; i < ARRAY_LEN(endings) && !cut; i++)
		cut = cut_ending(text, endings[i]);
	if (cut &&
	    (strcmp(text, "archive") == 0 || strcmp(text, "export") == 0) &&
	    (size_t)snprintf(text, HOST_BYTES, "%s", folder) >= HOST_BYTES)
		return NULL;
	return text[0] != '\0' && strcmp(text, "/") != 0 &&
		utf8_is_valid(text, strlen(text)) ?
	    text :
	    NULL;
}

bool
merge_sources_is_here(const char *host)
{
	char name[256] = "";

	return strcasecmp(host, "localhost") == 0 ||
	    (gethostname(name, sizeof(name) - 1) == 0 &&
		strcasecmp(host, name) == 0);
}

bool
merge_sources_is_beside(const char *name)
{
	static const char *const whole[] = { BESIDE_WAL, BESIDE_SHM,
		BESIDE_JOURNAL, BESIDE_GATE, BESIDE_WRITE, BESIDE_RECONCILE,
		BESIDE_VACUUM, BESIDE_REPLAY, BESIDE_REBAN, BESIDE_PUSH,
		BESIDE_PUSH_NEW, BESIDE_PUSH_LOCK, BESIDE_SYSLOG,
		BESIDE_SUSPECT };
	static const char *const parts[] = { BESIDE_DRY_RUN, BESIDE_NEW,
		BESIDE_RESTORE, BESIDE_FAIL2BAN, BESIDE_CORRUPT,
		BESIDE_REPLACED };
	static const char archive[] = ".sqlite3";
	char text[NAME_MAX + 1];

	snprintf(text, sizeof(text), "%s", name);
	for (size_t i = 0; i < ARRAY_LEN(whole); i++) {
		if (cut_ending(text, whole[i]))
			return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		const char *at = strstr(name, parts[i]);

		if (at != NULL && at - name > (ptrdiff_t)strlen(archive) &&
		    memcmp(at - strlen(archive), archive, strlen(archive)) == 0)
			return true;
	}
	return false;
}

/* Fail with how a path's host is given. */
static int
no_host(const char *path, struct err *e)
{
	return err_set(e, EX_DATAERR,
	    "%s: its name does not say whose bans it has: merge this file by "
	    "itself, with --host NAME",
	    path);
}

/* Add a file whose path, or --host, names its host. */
static int
add_file(struct merge_sources *sources, const char *path, const char *host,
    struct err *e)
{
	char text[HOST_BYTES], real[PATH_MAX];
	const char *folder = "", *name;
	char *slash;

	if (host != NULL)
		return add(sources, path, host, true, e);
	if (realpath(path, real) == NULL)
		return err_errno(e, EX_NOINPUT, "%s", path);
	/* A link may have another name than its file. */
	name = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
	if ((slash = strrchr(real, '/')) != NULL) {
		*slash = '\0';
		folder =
		    strrchr(real, '/') != NULL ? strrchr(real, '/') + 1 : "";
	}
	host = merge_sources_name_host(name, folder, text);
	return host == NULL ? no_host(path, e) :
			      add(sources, path, host, true, e);
}

/* Leave out hidden files: rsync writes to such ones. */
static int
is_shown(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* The names of a folder, in order. */
struct names {
	struct dirent **list;
	int n;
};

static int
read_names(struct names *names, const char *path, struct err *e)
{
	names->n = scandir(path, &names->list, is_shown, alphasort);
	return names->n < 0 ? err_errno(e, EX_NOINPUT, "%s", path) : 0;
}

static void
free_names(struct names *names)
{
	for (int i = 0; i < names->n; i++)
		free(names->list[i]);
	free(names->list);
}

/*
 * Find out what PATH/NAME is: its path, and its mode; 0: it has gone, or is no
 * file and no folder.
 */
static mode_t
look_at(struct merge_sources *sources, const char *folder, const char *name,
    char path[PATH_MAX])
{
	struct stat st;

	if ((size_t)snprintf(path, PATH_MAX, "%s/%s", folder, name) >=
		PATH_MAX ||
	    lstat(path, &st) != 0)
		return 0;
	sources->links += S_ISLNK(st.st_mode);
	return S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) ? st.st_mode : 0;
}

/* Add the files of a host's folder. */
static int
add_host_folder(struct merge_sources *sources, const char *folder,
    const char *host, struct err *e)
{
	char path[PATH_MAX];
	struct names names;
	int rc = read_names(&names, folder, e);

	if (rc != 0)
		return -1;
	if (names.n > 0 && !utf8_is_valid(host, strlen(host)))
		rc = no_host(folder, e);
	for (int i = 0; i < names.n && rc == 0; i++) {
		const char *name = names.list[i]->d_name;

		if (!merge_sources_is_beside(name) &&
		    S_ISREG(look_at(sources, folder, name, path)))
			rc = add(sources, path, host, false, e);
	}
	free_names(&names);
	return rc;
}

/* Add PATH/NAME, where base is the name of the folder itself. */
static int
add_entry(struct merge_sources *sources, const char *folder, const char *base,
    const char *name, struct err *e)
{
	char path[PATH_MAX], text[HOST_BYTES];
	mode_t mode = look_at(sources, folder, name, path);
	const char *host;

	if (S_ISDIR(mode))
		return add_host_folder(sources, path, name, e);
	if (!S_ISREG(mode) || merge_sources_is_beside(name))
		return 0;
	host = merge_sources_name_host(name, base, text);
	return host == NULL ? no_host(path, e) :
			      add(sources, path, host, false, e);
}

static int
add_folder(struct merge_sources *sources, const char *folder, struct err *e)
{
	char real[PATH_MAX];
	struct names names;
	const char *base;
	int rc = read_names(&names, folder, e);

	if (rc != 0)
		return -1;
	base = realpath(folder, real) != NULL ? strrchr(real, '/') + 1 : "";
	for (int i = 0; i < names.n; i++) {
		struct err why;

		if (add_entry(sources, folder, base, names.list[i]->d_name,
			&why) != 0 &&
		    rc == 0)
			rc = err_set(e, why.code, "%s", why.text);
	}
	free_names(&names);
	return rc;
}

int
merge_sources_add(struct merge_sources *sources, const char *path,
    const char *host, struct err *e)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return err_errno(e, EX_NOINPUT, "%s", path);
	if (!S_ISDIR(st.st_mode))
		return add_file(sources, path, host, e);
	if (host != NULL)
		return err_set(e, EX_USAGE,
		    "%s: --host names the host of one file: in a folder each "
		    "file, or the folder it is in, has the name of its host",
		    path);
	return add_folder(sources, path, e);
}
