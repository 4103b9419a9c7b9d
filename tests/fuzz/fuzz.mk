# SPDX-License-Identifier: GPL-2.0-or-later
# The fuzz targets, with the rules and flags of the Makefile read before this
# file. A target that defines a room's functions itself is linked without it.

FUZZ = $(patsubst tests/fuzz/%.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))

fuzz: $(FUZZ)

$(BUILD)/fuzz_%: tests/fuzz/fuzz_%.c $(BUILD)/library.a
	$(CC) $(ALL_CFLAGS) -D_GNU_SOURCE -fsanitize=fuzzer -o $@ \
		"$(CURDIR)/$<" $(BUILD)/library.a $(LIBS)

.PHONY: fuzz
