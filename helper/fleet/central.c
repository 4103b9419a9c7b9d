/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fleet/central.h"

#include "base/macros.h"

const char *const central_sql[] = {
#include "central.inc"
};

const int central_version = (int)ARRAY_LEN(central_sql);
