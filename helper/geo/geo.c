/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "geo/geo.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/address.h"
#include "base/escape.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/macros.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "geo/mmdb.h"
#include "geo/notice.h"
#include "geo/ranges.h"

/* The age of a database is told when it is more than these days. */
#define OLD_DAYS 60

/*
 * The cache: a place is in one of the WAYS slots from the hash's slot on. Keys
 * are texts, because to parse them takes longer than to find them; any address
 * or network as fail2ban prints it is short enough.
 */
#define SLOTS ((size_t)1 << 17)
#define WAYS 2
#define KEY_MAX 46

/*
 * The usual places: where geoipupdate, the distributions and the publishers'
 * own instructions put their files, and the names that these give them.
 */
static const char *const folders[] = {
	"/usr/share/GeoIP",
	"/var/lib/GeoIP",
	"/usr/local/share/GeoIP",
};
static const char *const names[] = {
	"country.mmdb",
	"asn.mmdb",
	"ipinfo_lite.mmdb",
	"country_asn.mmdb",
	"GeoIP2-Country.mmdb",
	"GeoIP2-City.mmdb",
	"GeoIP2-ISP.mmdb",
	"GeoLite2-Country.mmdb",
	"GeoLite2-City.mmdb",
	"GeoLite2-ASN.mmdb",
	"dbip-country-lite.mmdb",
	"dbip-city-lite.mmdb",
	"dbip-asn-lite.mmdb",
};
static const char *const texts[] = {
	"/usr/share/tor/geoip",
	"/usr/share/tor/geoip6",
};

_Static_assert(GEO_OWNER == PLACE_OWNER_MAX + 1, "an owner and its NUL");

struct database {
	char *path;
	enum { UNUSABLE, MMDB, RANGES } kind;
	struct mmdb mmdb;
	struct ranges ranges;
	void *text;	/* of the ranges */
	unsigned tells; /* bits PLACE_ */
	int64_t date_us;
	const char *notice; /* or NULL */
	struct err warning; /* its text is empty without one */
};

/* The id that was looked up, or the address of a ban with another id. */
struct slot {
	struct place place;
	bool is_address;
	char key[KEY_MAX + 1]; /* "": the slot is free */
};

struct geo {
	struct database *databases;
	size_t n, room;
	unsigned tells; /* what the databases tell together */
	struct slot *slots;
	struct slot spare; /* of the last key that was too long */
};

static void
close_database(struct database *db)
{
	if (db->kind == MMDB)
		mmdb_close(&db->mmdb);
	if (db->kind == RANGES) {
		ranges_end(&db->ranges);
		munmap(db->text, db->ranges.len);
	}
	free(db->path);
}

/* Map the text of an open file, and recognise ranges in it. */
static int
map_ranges(struct database *db, int fd, const struct stat *st)
{
	size_t len = (size_t)st->st_size;
	void *text = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);

	if (text == MAP_FAILED)
		return err_errno(&db->warning, EX_IOERR, "%s", db->path);
	if (!ranges_begin(&db->ranges, text, len)) {
		munmap(text, len);
		return err_set(&db->warning, EX_DATAERR,
		    "%s: neither an mmdb file nor a list of ranges of "
		    "addresses, or damaged",
		    db->path);
	}
	db->kind = RANGES;
	db->text = text;
	db->tells =
	    db->ranges.family == AF_INET ? PLACE_COUNTRY_4 : PLACE_COUNTRY_6;
	db->notice = notice_find(db->ranges.text, db->ranges.begin);
	db->date_us = ranges_date_us(&db->ranges);
	if (db->date_us == UNKNOWN)
		db->date_us = timestamp_from_seconds(st->st_mtime);
	return 0;
}

static int
take_mmdb(struct database *db)
{
	const char *publisher;

	db->kind = MMDB;
	db->tells = db->mmdb.tells;
	db->date_us = mmdb_date_us(&db->mmdb);
	for (size_t i = 0; db->notice == NULL &&
	     (publisher = mmdb_publisher(&db->mmdb, i)) != NULL;
	     i++)
		db->notice = notice_find(publisher, strlen(publisher));
	if (db->tells != 0)
		return 0;
	return err_set(&db->warning, EX_DATAERR,
	    "%s: tells neither countries nor networks' owners", db->path);
}

/* Open the file, which fd has open, in one of the formats. */
static int
open_formats(struct database *db, int fd)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_errno(&db->warning, EX_IOERR, "%s", db->path);
	if (!S_ISREG(st.st_mode) || st.st_size == 0)
		return err_set(&db->warning, EX_NOINPUT,
		    "%s: not a file, or empty", db->path);
	if (mmdb_open(&db->mmdb, db->path, &db->warning) == 0)
		return take_mmdb(db);
	if (db->warning.code != EX_DATAERR)
		return -1;
	return map_ranges(db, fd, &st);
}

/* Open a database. On failure it has a warning. */
static int
open_database(struct database *db)
{
	int fd = open(db->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;

	if (fd < 0)
		return err_errno(&db->warning, EX_NOINPUT, "%s", db->path);
	rc = open_formats(db, fd);
	close(fd);
	if (rc == 0)
		db->warning = (struct err){ 0 };
	return rc;
}

/* Add the database at path. If usual is true, it must tell something new. */
static int
add_database(struct geo *geo, const char *path, bool usual, struct err *e)
{
	struct database *all =
	    list_grow(geo->databases, &geo->room, geo->n + 1, sizeof(*all));
	struct database *db;

	if (all == NULL)
		return err_no_memory(e);
	geo->databases = all;
	db = &all[geo->n];
	*db = (struct database){ .path = strdup(path) };
	if (db->path == NULL)
		return err_no_memory(e);
	open_database(db);
	if (usual && (db->tells & ~geo->tells) == 0) {
		close_database(db);
		return 0;
	}
	geo->tells |= db->tells;
	geo->n++;
	return 0;
}

static int
add_usual(struct geo *geo, const char *folder, const char *name, struct err *e)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s%s%s", folder,
	    folder[0] != '\0' ? "/" : "", name);
	if (access(path, F_OK) != 0)
		return 0;
	return add_database(geo, path, true, e);
}

static int
add_all_usual(struct geo *geo, struct err *e)
{
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		for (size_t k = 0; k < ARRAY_LEN(names); k++) {
			if (add_usual(geo, folders[i], names[k], e) != 0)
				return -1;
		}
	}
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (add_usual(geo, "", texts[i], e) != 0)
			return -1;
	}
	return 0;
}

int
geo_open(struct geo **geo, const char *const *paths, size_t n, struct err *e)
{
	int rc = 0;

	*geo = calloc(1, sizeof(**geo));
	if (*geo == NULL)
		return err_no_memory(e);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = add_database(*geo, paths[i], false, e);
	if (n == 0)
		rc = add_all_usual(*geo, e);
	if (rc == 0 && (*geo)->tells != 0 &&
	    ((*geo)->slots = calloc(SLOTS, sizeof(struct slot))) == NULL)
		rc = err_no_memory(e);
	if (rc != 0) {
		geo_close(*geo);
		*geo = NULL;
	}
	return rc;
}

void
geo_close(struct geo *geo)
{
	if (geo == NULL)
		return;
	for (size_t i = 0; i < geo->n; i++)
		close_database(&geo->databases[i]);
	free(geo->databases);
	free(geo->slots);
	free(geo);
}

bool
geo_has_country(const struct geo *geo)
{
	return (geo->tells & PLACE_COUNTRY) != 0;
}

bool
geo_has_asn(const struct geo *geo)
{
	return (geo->tells & PLACE_ASN) != 0;
}

/* Ask a database for what place has not yet. */
static void
ask(struct database *db, const struct address *a, struct place *place)
{
	struct err e;

	if (db->kind == RANGES && place->country[0] == '\0') {
		ranges_find(&db->ranges, a, place);
		if (db->ranges.damaged_at >= 0 && db->warning.text[0] == '\0')
			err_set(&db->warning, EX_DATAERR,
			    "%s: damaged: no range of addresses at byte "
			    "%" PRId64,
			    db->path, db->ranges.damaged_at);
	}
	if (db->kind == MMDB && mmdb_find(&db->mmdb, a, place, &e) != 0 &&
	    db->warning.text[0] == '\0')
		db->warning = e;
}

/*
 * Return the slot of a key, or else a free one that it may take: where none is
 * free, the first one is made free.
 */
static struct slot *
find_slot(struct geo *geo, const char *key)
{
	size_t first = (size_t)hash_below(hash_text(HASH_NONE, key), SLOTS);

	for (size_t i = 0; i < WAYS; i++) {
		struct slot *slot = &geo->slots[(first + i) % SLOTS];

		if (slot->key[0] == '\0' || strcmp(slot->key, key) == 0)
			return slot;
	}
	geo->slots[first].key[0] = '\0';
	return &geo->slots[first];
}

/* Return where the text is from, or NULL when it is no address or network. */
static const struct place *
find_place(struct geo *geo, const char *text)
{
	size_t len = strlen(text);
	struct slot *slot = len <= KEY_MAX ? find_slot(geo, text) : &geo->spare;
	struct address a;

	if (slot->key[0] == '\0') {
		*slot =
		    (struct slot){ .is_address = address_parse(text, len, &a) };
		for (size_t i = 0; i < geo->n && slot->is_address; i++)
			ask(&geo->databases[i], &a, &slot->place);
		if (len <= KEY_MAX)
			memcpy(slot->key, text, len);
	}
	return slot->is_address ? &slot->place : NULL;
}

bool
geo_find(struct geo *geo, const char *ident, const char *ip,
    struct geo_place *place)
{
	const struct place *found;

	*place = (struct geo_place){ .asn = UNKNOWN };
	if (geo->tells == 0)
		return false;
	found = find_place(geo, ident);
	if (found == NULL && ip != NULL)
		found = find_place(geo, ip);
	if (found == NULL)
		return false;
	memcpy(place->country, found->country, sizeof(found->country));
	if (found->asn != 0)
		place->asn = found->asn;
	if (found->owner_len > 0)
		memcpy(place->owner, found->owner, found->owner_len);
	return found->country[0] != '\0' || found->asn != 0;
}

static const char *
contents(unsigned tells)
{
	if ((tells & PLACE_ASN) == 0)
		return "Countries from ";
	if ((tells & PLACE_COUNTRY) == 0)
		return "Networks' owners from ";
	return "Countries and networks' owners from ";
}

/* Append "/a/country.mmdb of 2026-11-23, 61 days old". */
static void
put_database(const struct database *db, int64_t now_us, struct buffer *lines)
{
	int64_t days = number_sub_sat(now_us, db->date_us) / TIMESTAMP_DAY_US;
	time_t seconds = (time_t)(db->date_us / TIMESTAMP_US);
	char text[2 * PATH_MAX];
	struct tm tm;

	escape_text(text, sizeof(text), db->path, strlen(db->path));
	buffer_puts(lines, text);
	if (db->date_us == UNKNOWN || gmtime_r(&seconds, &tm) == NULL ||
	    strftime(text, sizeof(text), " of %Y-%m-%d", &tm) == 0)
		snprintf(text, sizeof(text), " of an unknown day");
	else if (days > OLD_DAYS)
		snprintf(text + strlen(text), 40, ", %" PRId64 " days old",
		    days);
	buffer_puts(lines, text);
	buffer_putc(lines, '\n');
}

/* Return true when a database before the n-th one has the same notice. */
static bool
is_said(const struct geo *geo, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (geo->databases[i].tells != 0 &&
		    geo->databases[i].notice == geo->databases[n].notice)
			return true;
	}
	return false;
}

void
geo_put_sources(const struct geo *geo, int64_t now_us, struct buffer *lines)
{
	const struct database *db = geo->databases;

	if (geo->tells == 0)
		buffer_puts(lines, GEO_NO_COUNTRY "\n");
	for (size_t i = 0; i < geo->n; i++) {
		if (db[i].tells == 0)
			continue;
		buffer_puts(lines, contents(db[i].tells));
		put_database(&db[i], now_us, lines);
	}
	for (size_t i = 0; i < geo->n; i++) {
		if (db[i].tells == 0 || db[i].notice == NULL || is_said(geo, i))
			continue;
		buffer_puts(lines, db[i].notice);
		buffer_putc(lines, '\n');
	}
}

const char *
geo_warning(const struct geo *geo, size_t n)
{
	for (size_t i = 0; i < geo->n; i++) {
		const struct err *warning = &geo->databases[i].warning;

		if (warning->text[0] != '\0' && n-- == 0)
			return warning->text;
	}
	return NULL;
}
