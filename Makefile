# SPDX-License-Identifier: GPL-2.0-or-later
# make, make test, make soak, make bench, make bench-growth, make install, make dist,
# make deb;
# BUILD=DIR builds elsewhere, STATIC= links the libraries shared.

BUILD ?= build
$(if $(BUILD),,$(error BUILD= would build in the root folder; leave it out))
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
CC ?= cc
CFLAGS ?= -O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=2
LDFLAGS ?= -Wl,-z,relro,-z,now

WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wformat=2 \
	-Wmissing-prototypes -Wvla -Wno-overlength-strings
# The libraries of the event's program, and the others.
EVENT_NEEDED = sqlite3 libconfig
NEEDED = $(EVENT_NEEDED) zlib nettle smartcols libmaxminddb
LIBS != pkg-config --libs $(NEEDED)
PUSH_LIBS != pkg-config --libs libpq
INCLUDES != pkg-config --cflags $(NEEDED) libpq
EVENT_LIBS != pkg-config --libs $(EVENT_NEEDED)
LIBDIR != pkg-config --variable=libdir sqlite3
VERSION = 0.1.0
ALL_CFLAGS = -std=c11 -fPIE $(WARNINGS) -Ihelper -I$(BUILD) $(INCLUDES) \
	-D_DEFAULT_SOURCE -DVERSION='"$(VERSION)"' \
	-DCONFIG_FILE='"$(SYSCONFDIR)/fail2ban-archive.cfg"' \
	-ffunction-sections -MMD -MP $(CFLAGS)

# Each ban starts a process. Loading shared libraries would take it longer than a
# flush to disk, so its program is linked statically where the system and the flags
# allow that, and linked again when the system has newer libraries. To find out how
# it can be linked takes longer than to find out that nothing is to be done: so the
# flags stand in a file. Relocations are packed where the system's C library can
# unpack them: a program that has them is run to see that.
EVENT_ARCHIVES = $(wildcard $(LIBDIR)/libsqlite3.a $(LIBDIR)/libconfig.a)
STATIC_LIBS = $$(pkg-config --libs --static $(EVENT_NEEDED))
FIND_LINK = probe=$@.probe; \
	for pack in -Wl,-z,pack-relative-relocs ''; do \
		flags="-static-pie -Wl,--no-warnings $$pack"; \
		echo 'int sqlite3_open(void), config_init(void); int main(int n, char **v) { \
			return n > 1 ? sqlite3_open() + config_init() : v[0] == 0; }' | \
		$(CC) $(filter -f% -m%,$(CFLAGS)) $$flags -x c -o "$$probe" - \
			$(STATIC_LIBS) 2>/dev/null && \
		{ [ -z "$$pack" ] || "$$probe"; } && break; flags=; \
	done; rm -f "$$probe"
ifdef STATIC
FIND_LINK = flags='$(STATIC)'
else ifneq ($(origin STATIC),undefined)
FIND_LINK = flags=
endif

SOURCES = $(wildcard helper/*.c helper/*/*.c helper/*/*/*.c)
OBJECTS = $(SOURCES:helper/%.c=$(BUILD)/%.o)
MAINS = $(BUILD)/main.o $(BUILD)/main_event.o $(BUILD)/main_push.o \
	$(BUILD)/os/db_lean.o $(BUILD)/cmd/bans/here.o $(BUILD)/cmd/bans/of_fleet.o
EVENT_OBJECTS = $(BUILD)/main_event.o $(BUILD)/os/db_lean.o \
	$(BUILD)/archive/statements_event.o $(BUILD)/library.a
SCHEMA = $(sort $(wildcard helper/archive/sql/*.sql))
CENTRAL = $(sort $(wildcard helper/fleet/sql/*.sql))
PAGE = $(wildcard helper/render/*.html helper/render/*.css)
UNITS = $(patsubst tests/unit/%.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))
RULERS = $(patsubst tests/%.c,$(BUILD)/%,$(wildcard tests/bench/*.c))

# Everything is installed in these places; no other file names them.
SBIN = $(PREFIX)/sbin
MAN5 = $(PREFIX)/share/man/man5
MAN8 = $(PREFIX)/share/man/man8
UNITDIR = $(PREFIX)/lib/systemd/system
BASH = $(PREFIX)/share/bash-completion/completions
ZSH = $(PREFIX)/share/zsh/site-functions
FISH = $(PREFIX)/share/fish/vendor_completions.d
SHARE = $(PREFIX)/share/fail2ban-archive
ACTION_D = $(SYSCONFDIR)/fail2ban/action.d
CONFIG = $(SYSCONFDIR)/fail2ban-archive.cfg

PROGRAMS = fail2ban-archive fail2ban-archive-event fail2ban-archive-push
PAGES = fail2ban-archive.8 fail2ban-archive-event.8 fail2ban-archive-push.8 \
	fail2ban-archive-setup.8
UNITFILES = fail2ban-archive.service fail2ban-archive.timer \
	fail2ban-archive-push.service
INSTALLED = $(PROGRAMS:%=$(SBIN)/%) $(SBIN)/fail2ban-archive-setup \
	$(PAGES:%=$(MAN8)/%) \
	$(MAN5)/fail2ban-archive.cfg.5 \
	$(UNITFILES:%=$(UNITDIR)/%) $(SHARE)/fleet.sql \
	$(BASH)/fail2ban-archive $(ZSH)/_fail2ban-archive \
	$(FISH)/fail2ban-archive.fish $(ACTION_D)/fail2ban-archive.conf

all: $(PROGRAMS:%=$(BUILD)/%)

# The linker takes from the library what a program needs, and nothing else.
$(BUILD)/library.a: $(filter-out $(MAINS),$(OBJECTS))
	rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/fail2ban-archive: $(BUILD)/main.o $(BUILD)/cmd/bans/here.o \
		$(BUILD)/library.a
	$(CC) $(CFLAGS) $(LDFLAGS) -pie -o $@ $^ $(LIBS)

# Only this one has PostgreSQL's library: the others run without it.
$(BUILD)/fail2ban-archive-push: $(BUILD)/main_push.o \
		$(BUILD)/cmd/bans/of_fleet.o $(BUILD)/library.a
	$(CC) $(CFLAGS) $(LDFLAGS) -pie -o $@ $^ $(LIBS) $(PUSH_LIBS)

# Nothing here unwinds the stack: so the index for that is left out.
$(BUILD)/fail2ban-archive-event: $(EVENT_OBJECTS) $(BUILD)/event_link
	$(CC) $(CFLAGS) $(LDFLAGS) -Wl,--gc-sections -Wl,--no-eh-frame-hdr \
		$$(sed -n 1p $(BUILD)/event_link) -o $@ $(EVENT_OBJECTS) \
		$$(sed -n 2p $(BUILD)/event_link)

# The flags and the libraries, a line each.
$(BUILD)/event_link: $(EVENT_ARCHIVES) | $(BUILD)
	@$(FIND_LINK); if [ "$$flags" ]; then echo "$$flags"; echo "$(STATIC_LIBS)"; \
	else echo -pie; echo "$(EVENT_LIBS)"; fi >$@

$(BUILD)/%.o: helper/%.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/archive/statements_event.o: helper/archive/statements.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -DFOR_EVENTS -c -o $@ $<

$(BUILD)/archive/schema.o: $(BUILD)/schema.inc

$(BUILD)/fleet/central.o: $(BUILD)/central.inc

$(BUILD)/render/page_frame.o: $(PAGE:helper/render/%=$(BUILD)/%.inc)

# The schemas stand in SQL files, the report's page in HTML and CSS; each file
# becomes a C text here.
C_TEXT = sed -e 's/[\\"]/\\&/g' -e 's/.*/"&\\n"/'

$(BUILD)/schema.inc: $(SCHEMA) | $(BUILD)
	for f in $(SCHEMA); do $(C_TEXT) $$f && echo ,; done > $@

$(BUILD)/central.inc: $(CENTRAL) | $(BUILD)
	for f in $(CENTRAL); do $(C_TEXT) $$f && echo ,; done > $@

$(BUILD)/%.inc: helper/render/% | $(BUILD)
	$(C_TEXT) $< > $@

# Each line of archive/beside becomes a constant for a file beside an archive, such
# as #define BESIDE_WAL "-wal".
$(BUILD)/beside.inc: helper/archive/beside | $(BUILD)
	awk '/^[-.]/ { name = toupper(substr($$1, 2)); suffix = $$1; \
		gsub("[-*]+$$", "", name); gsub("-", "_", name); \
		sub("[*]$$", "", suffix); \
		print "#define BESIDE_" name " \"" suffix "\"" }' $< > $@

$(OBJECTS) $(BUILD)/archive/statements_event.o: | $(BUILD)/beside.inc

$(BUILD):
	mkdir -p $@

units: $(UNITS)

$(BUILD)/test_%: tests/unit/test_%.c $(BUILD)/library.a
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ "$(CURDIR)/$<" $(BUILD)/library.a \
		-lcmocka $(LIBS) $(PUSH_LIBS)

rulers: $(RULERS)

$(BUILD)/bench/%: tests/bench/%.c
	mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -pthread -o $@ "$(CURDIR)/$<"

# This one is linked as the events' program is.
$(BUILD)/bench/limit: tests/bench/limit.c $(BUILD)/event_link
	mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,--gc-sections \
		$$(sed -n 1p $(BUILD)/event_link) -o $@ "$(CURDIR)/$<" \
		$$(sed -n 2p $(BUILD)/event_link)

# make test T='replay buffer' runs only these.
test:
	tests/run $(T)

# This takes two hours: all faults, 10,000 scenarios, the large storms, the fuzzers.
soak:
	tests/deep --soak

# This writes tests/bench/RESULTS.md; tests/bench/run measures single rows.
bench: all rulers
	BUILD=$(BUILD) tests/bench/run

# This writes tests/bench/GROWTH.md: what each verb costs at n, 2n and 4n.
bench-growth: all
	BUILD=$(BUILD) tests/bench/growth

# An upgrade keeps the config. A program takes the place of the old one at once, as
# fail2ban may call it at any moment.
install: all
	install -d $(addprefix $(DESTDIR),$(dir $(INSTALLED)))
	for p in $(PROGRAMS); do \
		install -m 755 $(BUILD)/$$p $(DESTDIR)$(SBIN)/.$$p.new && \
		mv $(DESTDIR)$(SBIN)/.$$p.new $(DESTDIR)$(SBIN)/$$p || exit; \
	done
	cat helper/install/setup.sh helper/install/setup_main.sh | \
		sed 's|@PREFIX@|$(PREFIX)|' >$(DESTDIR)$(SBIN)/fail2ban-archive-setup
	chmod 755 $(DESTDIR)$(SBIN)/fail2ban-archive-setup
	install -m 644 $(PAGES:%=helper/dist/%) $(DESTDIR)$(MAN8)/
	install -m 644 helper/dist/fail2ban-archive.cfg.5 $(DESTDIR)$(MAN5)/
	install -m 644 helper/dist/systemd/fail2ban-archive.timer $(DESTDIR)$(UNITDIR)/
	for u in $(filter %.service,$(UNITFILES)); do \
		sed 's|@SBIN@|$(SBIN)|' helper/dist/systemd/$$u.in \
			> $(DESTDIR)$(UNITDIR)/$$u || exit; \
	done
	cat $(CENTRAL) > $(DESTDIR)$(SHARE)/fleet.sql
	chmod 644 $(DESTDIR)$(SHARE)/fleet.sql
	install -m 644 helper/dist/completion/fail2ban-archive.bash \
		$(DESTDIR)$(BASH)/fail2ban-archive
	install -m 644 helper/dist/completion/_fail2ban-archive $(DESTDIR)$(ZSH)/
	install -m 644 helper/dist/completion/fail2ban-archive.fish $(DESTDIR)$(FISH)/
	sed -e 's|/usr/local/sbin/|$(SBIN)/|' -e 's|/etc/|$(SYSCONFDIR)/|' \
		action.d/fail2ban-archive.conf \
		> $(DESTDIR)$(ACTION_D)/fail2ban-archive.conf
	test -e $(DESTDIR)$(CONFIG) || \
		install -m 644 helper/dist/fail2ban-archive.cfg $(DESTDIR)$(CONFIG)

uninstall:
	rm -f $(addprefix $(DESTDIR),$(INSTALLED))
	test ! -d $(DESTDIR)$(SHARE) || rmdir $(DESTDIR)$(SHARE)

# A tarball of this tree: of the files that git tracks, as they are now, or, where
# the tree is no clone or git refuses it, of all its files. The same files give the
# same bytes: all have one time, that of the last commit, which is then the time of
# the Makefile.
RELEASE = fail2ban-archive-$(VERSION)
EPOCH = $${SOURCE_DATE_EPOCH:-$$([ -e .git ] && git log -1 --format=%ct 2>/dev/null || \
	stat -c %Y Makefile)}

dist: | $(BUILD)
	{ [ -e .git ] && git ls-files -z 2>/dev/null; } >$(BUILD)/tracked || \
		find . -type f ! -path './.git/*' ! -path ./.git ! -path './build/*' \
			! -path './$(BUILD)/*' -printf '%P\0' >$(BUILD)/tracked
	LC_ALL=C sort -z $(BUILD)/tracked | tar -cf $(BUILD)/$(RELEASE).tar \
		--format=ustar --transform 's|^|$(RELEASE)/|' --mtime "@$(EPOCH)" \
		--owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX \
		--null --no-recursion -T -
	gzip -9nf $(BUILD)/$(RELEASE).tar
	rm $(BUILD)/tracked

# The package is built from the tarball, in a folder of its own.
DEB = $(BUILD)/deb
deb: dist
	rm -rf $(DEB)
	mkdir -p $(DEB)
	tar -C $(DEB) -xf $(BUILD)/$(RELEASE).tar.gz
	cp -R helper/dist/debian $(DEB)/$(RELEASE)/debian
	sed -e 's|@VERSION@|$(VERSION)|' \
		-e "s|@DATE@|$$(LC_ALL=C date -uR -d @$(EPOCH))|" \
		helper/dist/debian/changelog.in >$(DEB)/$(RELEASE)/debian/changelog
	cd $(DEB)/$(RELEASE) && env -u BUILD -u MAKEFLAGS -u MAKELEVEL \
		-u MAKEOVERRIDES DEB_BUILD_OPTIONS="noautodbgsym $$DEB_BUILD_OPTIONS" \
		dpkg-buildpackage -us -uc -b
	mv $(DEB)/*.deb $(BUILD)/
	rm -rf $(DEB)

clean:
	rm -rf $(BUILD)

-include $(OBJECTS:.o=.d) $(BUILD)/archive/statements_event.d

.PHONY: all units rulers test soak bench bench-growth clean install uninstall dist deb
