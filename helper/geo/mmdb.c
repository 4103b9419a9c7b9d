/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "geo/mmdb.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>

#include "base/macros.h"
#include "base/number.h"
#include "base/timestamp.h"
#include "base/utf8.h"

/* 9999-12-31 23:59:59, in seconds since the epoch. */
#define EPOCH_MAX INT64_C(253402300799)

/*
 * To learn what a file tells, this many nodes of its tree are visited at most,
 * and this many records are read.
 */
#define PROBE_NODES 16384
#define PROBE_RECORDS 64
#define PROBE_DEPTH 256

/* A field of a record: keys from the outermost map inwards, then NULL. */
typedef const char *const field[3];

/* Each field is asked in turn, until one has a value of the right form. */
static field countries[] = {
	{ "country", "iso_code" },
	{ "country_code" },
	{ "country" },
	{ "registered_country", "iso_code" },
};

static const struct {
	field asn, owner;
} networks[] = {
	{ { "autonomous_system_number" },
	    { "autonomous_system_organization" } },
	{ { "asn" }, { "as_name" } },
	{ { "asn" }, { "name" } },
	{ { "traits", "autonomous_system_number" },
	    { "traits", "autonomous_system_organization" } },
};

/*
 * Get a field of the record. Return 1 with a value, 0 without one, or -1 when
 * the file is damaged.
 */
static int
get(MMDB_entry_s *record, const char *const *keys, MMDB_entry_data_s *value)
{
	switch (MMDB_aget_value(record, value, keys)) {
	case MMDB_SUCCESS:
		return value->has_data ? 1 : 0;
	case MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR:
	case MMDB_INVALID_LOOKUP_PATH_ERROR:
		return 0;
	default:
		return -1;
	}
}

static bool
is_letter(char c)
{
	return c >= 'A' && c <= 'Z';
}

static int
get_country(MMDB_entry_s *record, struct place *place)
{
	MMDB_entry_data_s value;
	int rc;

	for (size_t i = 0; i < ARRAY_LEN(countries); i++) {
		if ((rc = get(record, countries[i], &value)) == -1)
			return -1;
		if (rc == 0 || value.type != MMDB_DATA_TYPE_UTF8_STRING ||
		    value.data_size != 2 || !is_letter(value.utf8_string[0]) ||
		    !is_letter(value.utf8_string[1]))
			continue;
		memcpy(place->country, value.utf8_string, 2);
		return 0;
	}
	return 0;
}

/* Return the number of an autonomous system, such as AS64500 or 64500, or 0. */
static uint32_t
asn_of_text(const char *s, size_t len)
{
	char text[16];
	const char *digits = text;
	int64_t asn = 0;

	if (len >= sizeof(text))
		return 0;
	memcpy(text, s, len);
	text[len] = '\0';
	if (strncmp(text, "AS", 2) == 0)
		digits += 2;
	if (!number_take_digits(&digits, &asn) || digits != text + len ||
	    asn > UINT32_MAX)
		return 0;
	return (uint32_t)asn;
}

static uint32_t
asn_of_value(const MMDB_entry_data_s *value)
{
	switch (value->type) {
	case MMDB_DATA_TYPE_UINT16:
		return value->uint16;
	case MMDB_DATA_TYPE_UINT32:
		return value->uint32;
	case MMDB_DATA_TYPE_UINT64:
		return value->uint64 <= UINT32_MAX ? (uint32_t)value->uint64 :
						     0;
	case MMDB_DATA_TYPE_UTF8_STRING:
		return asn_of_text(value->utf8_string, value->data_size);
	default:
		return 0;
	}
}

/* Take a text in UTF-8, cut after a whole character where it is long. */
static void
take_owner(const MMDB_entry_data_s *value, struct place *place)
{
	const char *s = value->utf8_string;
	size_t len = 0, n;

	if (value->type != MMDB_DATA_TYPE_UTF8_STRING)
		return;
	while (len < value->data_size) {
		n = s[len] != '\0' ?
		    utf8_length(s + len, value->data_size - len) :
		    0;
		if (n == 0)
			return;
		if (len + n > PLACE_OWNER_MAX)
			break;
		len += n;
	}
	place->owner = s;
	place->owner_len = (uint8_t)len;
}

static int
get_network(MMDB_entry_s *record, struct place *place)
{
	MMDB_entry_data_s value;
	int rc;

	for (size_t i = 0; i < ARRAY_LEN(networks); i++) {
		if ((rc = get(record, networks[i].asn, &value)) == -1)
			return -1;
		if (rc == 1 && place->asn == 0)
			place->asn = asn_of_value(&value);
		if (rc == 0 || place->asn == 0)
			continue;
		if ((rc = get(record, networks[i].owner, &value)) == -1)
			return -1;
		if (rc == 1)
			take_owner(&value, place);
		if (place->owner_len > 0)
			return 0;
	}
	return 0;
}

static int
get_place(const struct mmdb *db, MMDB_entry_s *record, struct place *place)
{
	int rc = 0;

	if ((db->tells & PLACE_COUNTRY) != 0 && place->country[0] == '\0')
		rc = get_country(record, place);
	if (rc == 0 && (db->tells & PLACE_ASN) != 0 && place->asn == 0)
		rc = get_network(record, place);
	return rc;
}

/* Return what a record of the file tells, as bits. */
static unsigned
told_by(const struct mmdb *db, MMDB_entry_s *record)
{
	struct place place = { 0 };
	unsigned tells = 0;

	get_place(db, record, &place);
	if (place.country[0] != '\0')
		tells |= PLACE_COUNTRY;
	if (place.asn != 0)
		tells |= PLACE_ASN;
	return db->file.metadata.ip_version == 4 ? tells & PLACE_4 : tells;
}

/* The nodes of the tree that are still to be visited. */
struct probe {
	uint64_t nodes[PROBE_DEPTH];
	size_t n, records;
	unsigned tells;
};

static void
probe_record(const struct mmdb *db, struct probe *probe, uint8_t type,
    uint64_t node, MMDB_entry_s *record)
{
	if (type == MMDB_RECORD_TYPE_SEARCH_NODE && probe->n < PROBE_DEPTH)
		probe->nodes[probe->n++] = node;
	else if (type == MMDB_RECORD_TYPE_DATA &&
	    probe->records++ < PROBE_RECORDS)
		probe->tells |= told_by(db, record);
}

/*
 * Return what the file tells, from the records of its first addresses: the name
 * of its type says little about a file of an unknown publisher.
 */
static unsigned
probe_file(const struct mmdb *db)
{
	struct probe probe = { .n = 1 };
	MMDB_search_node_s node;

	for (int i = 0;
	     i < PROBE_NODES && probe.n > 0 && probe.records < PROBE_RECORDS;
	     i++) {
		uint32_t number = (uint32_t)probe.nodes[--probe.n];

		if (MMDB_read_node(&db->file, number, &node) != MMDB_SUCCESS)
			continue;
		probe_record(db, &probe, node.right_record_type,
		    node.right_record, &node.right_record_entry);
		probe_record(db, &probe, node.left_record_type,
		    node.left_record, &node.left_record_entry);
	}
	return probe.tells;
}

int
mmdb_open(struct mmdb *db, const char *path, struct err *e)
{
	int rc = MMDB_open(path, MMDB_MODE_MMAP, &db->file);

	db->tells = PLACE_COUNTRY | PLACE_ASN;
	if (rc == MMDB_SUCCESS) {
		db->tells = probe_file(db);
		return 0;
	}
	return err_set(e,
	    rc == MMDB_OUT_OF_MEMORY_ERROR			  ? EX_OSERR :
		rc == MMDB_IO_ERROR || rc == MMDB_FILE_OPEN_ERROR ? EX_IOERR :
								    EX_DATAERR,
	    "%s: %s", path, MMDB_strerror(rc));
}

void
mmdb_close(struct mmdb *db)
{
	MMDB_close(&db->file);
}

static MMDB_lookup_result_s
look_up(const MMDB_s *file, const struct address *a, int *error)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	if (a->family == AF_INET) {
		memcpy(&in.sin_addr, a->bytes, sizeof(in.sin_addr));
		return MMDB_lookup_sockaddr(file, (struct sockaddr *)&in,
		    error);
	}
	memcpy(&in6.sin6_addr, a->bytes, sizeof(in6.sin6_addr));
	return MMDB_lookup_sockaddr(file, (struct sockaddr *)&in6, error);
}

int
mmdb_find(const struct mmdb *db, const struct address *a, struct place *place,
    struct err *e)
{
	int error = MMDB_SUCCESS;
	MMDB_lookup_result_s result;

	if (a->family == AF_INET6 && db->file.metadata.ip_version == 4)
		return 0;
	result = look_up(&db->file, a, &error);
	if (error == MMDB_SUCCESS &&
	    (!result.found_entry || get_place(db, &result.entry, place) == 0))
		return 0;
	return err_set(e, EX_DATAERR, "%s: %s", db->file.filename,
	    MMDB_strerror(
		error != MMDB_SUCCESS ? error : MMDB_INVALID_DATA_ERROR));
}

int64_t
mmdb_date_us(const struct mmdb *db)
{
	uint64_t epoch = db->file.metadata.build_epoch;

	if (epoch == 0 || epoch > EPOCH_MAX)
		return UNKNOWN;
	return timestamp_from_seconds((int64_t)epoch);
}

const char *
mmdb_publisher(const struct mmdb *db, size_t n)
{
	const MMDB_metadata_s *metadata = &db->file.metadata;

	if (n == 0)
		return metadata->database_type;
	if (n > metadata->description.count)
		return NULL;
	return metadata->description.descriptions[n - 1]->description;
}
