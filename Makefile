# SPDX-License-Identifier: GPL-2.0-or-later
# make, make test, make soak, make bench, make install; BUILD=DIR builds
# elsewhere, STATIC= links the libraries shared.

BUILD ?= build
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
CC ?= cc
CFLAGS ?= -O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=2
LDFLAGS ?= -Wl,-z,relro,-z,now

WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wformat=2 \
	-Wmissing-prototypes -Wvla -Wno-overlength-strings
NEEDED = sqlite3 libconfig zlib nettle
LIBS != pkg-config --libs $(NEEDED)
LIBDIR != pkg-config --variable=libdir sqlite3
VERSION = 0.1.0
ALL_CFLAGS = -std=c11 -fPIE $(WARNINGS) -Ihelper -I$(BUILD) \
	-D_DEFAULT_SOURCE -DVERSION='"$(VERSION)"' \
	-DCONFIG_FILE='"$(SYSCONFDIR)/fail2ban-archive.cfg"' \
	-MMD -MP $(CFLAGS)

# Each ban starts a process. Loading shared libraries would take it longer than a
# flush to disk, so they are linked statically where the system and the flags
# allow that, and linked again when the system has newer ones.
STATIC_LIBS != pkg-config --libs --static $(NEEDED)
ifeq ($(origin STATIC),undefined)
STATIC != echo 'int sqlite3_open(void), config_init(void), inflate(void), \
	nettle_sha256_init(void); int main(void) { return sqlite3_open() + \
	config_init() + inflate() + nettle_sha256_init(); }' | \
	$(CC) $(filter -f% -m%,$(CFLAGS)) -static-pie -Wl,--no-warnings -x c -o /dev/null - \
	$(STATIC_LIBS) 2>/dev/null && echo -static-pie -Wl,--no-warnings
endif
ARCHIVES = $(wildcard $(patsubst %,$(LIBDIR)/lib%.a,\
	sqlite3 config z nettle))
ifdef STATIC
LINK = $(STATIC)
LINKED = $(STATIC_LIBS)
else
LINK = -pie
LINKED = $(LIBS)
endif

SOURCES = $(wildcard helper/*.c helper/*/*.c)
OBJECTS = $(SOURCES:helper/%.c=$(BUILD)/%.o)
SCHEMA = $(sort $(wildcard helper/archive/sql/*.sql))
UNITS = $(patsubst tests/unit/%.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))
RULERS = $(patsubst tests/%.c,$(BUILD)/%,$(wildcard tests/bench/*.c))

# Everything is installed in these places; no other file names them.
SBIN = $(PREFIX)/sbin
MAN8 = $(PREFIX)/share/man/man8
UNITDIR = $(PREFIX)/lib/systemd/system
COMPLETION = $(PREFIX)/share/bash-completion/completions
ACTION_D = $(SYSCONFDIR)/fail2ban/action.d
CONFIG = $(SYSCONFDIR)/fail2ban-archive.cfg

INSTALLED = $(SBIN)/fail2ban-archive $(MAN8)/fail2ban-archive.8 \
	$(UNITDIR)/fail2ban-archive.service $(UNITDIR)/fail2ban-archive.timer \
	$(COMPLETION)/fail2ban-archive $(ACTION_D)/fail2ban-archive.conf

all: $(BUILD)/fail2ban-archive

$(BUILD)/fail2ban-archive: $(OBJECTS) $(ARCHIVES)
	$(CC) $(CFLAGS) $(LDFLAGS) $(LINK) -o $@ $(OBJECTS) $(LINKED)

$(BUILD)/%.o: helper/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/archive/schema.o: $(BUILD)/schema.inc

# The schema stands in SQL files; each becomes a C text here.
$(BUILD)/schema.inc: $(SCHEMA) | $(BUILD)
	for f in $(SCHEMA); do \
		sed -e 's/[\\"]/\\&/g' -e 's/.*/"&\\n"/' $$f && echo ,; \
	done > $@

# Each line of archive/beside becomes a constant for a file beside an archive, such
# as #define BESIDE_WAL "-wal".
$(BUILD)/beside.inc: helper/archive/beside | $(BUILD)
	awk '/^[-.]/ { name = toupper(substr($$1, 2)); suffix = $$1; \
		gsub("[-*]+$$", "", name); gsub("-", "_", name); \
		sub("[*]$$", "", suffix); \
		print "#define BESIDE_" name " \"" suffix "\"" }' $< > $@

$(OBJECTS): | $(BUILD)/beside.inc

$(BUILD):
	mkdir -p $@

units: $(UNITS)

$(BUILD)/test_%: tests/unit/test_%.c $(filter-out $(BUILD)/main.o,$(OBJECTS))
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ "$(CURDIR)/$<" \
		$(filter-out $(BUILD)/main.o,$(OBJECTS)) -lcmocka $(LIBS)

rulers: $(RULERS)

$(BUILD)/bench/%: tests/bench/%.c
	mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -pthread -o $@ "$(CURDIR)/$<"

# make test T='replay buffer' runs only these.
test:
	tests/run $(T)

# This takes two hours: all faults, 10,000 scenarios, the large storms, the fuzzers.
soak:
	tests/deep --soak

# This writes tests/bench/RESULTS.md; tests/bench/run measures single rows.
bench: all rulers
	BUILD=$(BUILD) tests/bench/run

# An upgrade keeps the config.
install: all
	install -d $(addprefix $(DESTDIR),$(dir $(INSTALLED)))
	install -m 755 $(BUILD)/fail2ban-archive $(DESTDIR)$(SBIN)/
	install -m 644 helper/dist/fail2ban-archive.8 $(DESTDIR)$(MAN8)/
	install -m 644 helper/dist/systemd/fail2ban-archive.timer $(DESTDIR)$(UNITDIR)/
	sed 's|@SBIN@|$(SBIN)|' helper/dist/systemd/fail2ban-archive.service.in \
		> $(DESTDIR)$(UNITDIR)/fail2ban-archive.service
	install -m 644 helper/dist/completion.bash \
		$(DESTDIR)$(COMPLETION)/fail2ban-archive
	sed -e 's|/usr/local/sbin/|$(SBIN)/|' -e 's|/etc/|$(SYSCONFDIR)/|' \
		action.d/fail2ban-archive.conf \
		> $(DESTDIR)$(ACTION_D)/fail2ban-archive.conf
	test -e $(DESTDIR)$(CONFIG) || \
		install -m 644 helper/dist/fail2ban-archive.cfg $(DESTDIR)$(CONFIG)

uninstall:
	rm -f $(addprefix $(DESTDIR),$(INSTALLED))

clean:
	rm -rf $(BUILD)

-include $(OBJECTS:.o=.d)

.PHONY: all units rulers test soak bench clean install uninstall
