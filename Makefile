# SPDX-License-Identifier: GPL-2.0-or-later
# make, make check, make install; BUILD=DIR builds elsewhere.

BUILD ?= build
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
CC ?= cc
CFLAGS ?= -O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=2
LDFLAGS ?= -Wl,-z,relro,-z,now

WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wformat=2 \
	-Wmissing-prototypes -Wvla -Wno-overlength-strings
LIBS != pkg-config --libs sqlite3 libconfig
VERSION = 0.1.0
ALL_CFLAGS = -std=c11 -fPIE $(WARNINGS) -Ihelper -I$(BUILD) \
	-D_DEFAULT_SOURCE -DVERSION='"$(VERSION)"' \
	-DCONFIG_FILE='"$(SYSCONFDIR)/fail2ban-archive.cfg"' \
	-MMD -MP $(CFLAGS)

SOURCES = $(wildcard helper/*.c)
OBJECTS = $(SOURCES:helper/%.c=$(BUILD)/%.o)
SCHEMA = $(sort $(wildcard helper/sql/*.sql))
UNITS = $(patsubst tests/unit/%.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))

# What DIR/share and the like hold is told here and nowhere else.
SBIN = $(DESTDIR)$(PREFIX)/sbin
MAN8 = $(DESTDIR)$(PREFIX)/share/man/man8
UNITDIR = $(DESTDIR)$(PREFIX)/lib/systemd/system
COMPLETION = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
ACTION_D = $(DESTDIR)$(SYSCONFDIR)/fail2ban/action.d
SUBSTITUTE = sed -e 's|@SBIN@|$(PREFIX)/sbin|g' -e 's|@SYSCONFDIR@|$(SYSCONFDIR)|g'

all: $(BUILD)/fail2ban-archive

$(BUILD)/fail2ban-archive: $(OBJECTS)
	$(CC) $(CFLAGS) $(LDFLAGS) -pie -o $@ $(OBJECTS) $(LIBS)

$(BUILD)/%.o: helper/%.c | $(BUILD)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/archive.o: $(BUILD)/schema.inc

# The schema is told once, in SQL; here each file becomes a C text.
$(BUILD)/schema.inc: $(SCHEMA) | $(BUILD)
	for f in $(SCHEMA); do \
		sed -e 's/[\\"]/\\&/g' -e 's/.*/"&\\n"/' $$f && echo ,; \
	done > $@

$(BUILD):
	mkdir -p $@

units: $(UNITS)

$(BUILD)/test_%: tests/unit/test_%.c $(filter-out $(BUILD)/main.o,$(OBJECTS))
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $< \
		$(filter-out $(BUILD)/main.o,$(OBJECTS)) -lcmocka $(LIBS)

check: all
	tests/run

clean:
	rm -rf $(BUILD)

-include $(OBJECTS:.o=.d)

.PHONY: all units check clean install uninstall
