/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ban/ban_field.h"

#include <string.h>

static const struct {
	const char *name;
	enum ban_field_kind kind;
} fields[BAN_FIELDS] = {
#define FIELD(constant, name, kind) { name, BAN_FIELD_KIND_##kind },
	BAN_FIELD_TABLE(FIELD)
#undef FIELD
};

enum ban_field
ban_field_find(const char *name)
{
	enum ban_field field = 0;

	while (field < BAN_FIELDS && strcmp(fields[field].name, name) != 0)
		field++;
	return field;
}

const char *
ban_field_name(enum ban_field field)
{
	return fields[field].name;
}

enum ban_field_kind
ban_field_kind(enum ban_field field)
{
	return fields[field].kind;
}
