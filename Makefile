# celwatch: one Makefile, no recursion. Sources are listed in the room.mk of each room; objects go
# to build/$(VARIANT)/, so that release, asan, tsan and fuzz builds live side by side.
#
#   make            build the programs into build/release/
#   make help       all targets

VARIANT ?= release
# `make V=1` shows whole command lines.
Q := $(if $(V),,@)
say = $(if $(V),,@echo '  $(1) $@')
BUILD := build/$(VARIANT)
CC ?= gcc
PREFIX ?= /usr/local
DESTDIR ?=
PKG_CONFIG ?= pkg-config

.DEFAULT_GOAL := all
.SECONDARY:
.DELETE_ON_ERROR:

include base/room.mk hashing/room.mk index/room.mk server/room.mk cli/room.mk
include tests/room.mk

# ---- libraries, by pkg-config -----------------------------------------------------------
PKG_BASE := libsodium nettle jansson
PKG_DECODE := vips libturbojpeg
PKG_INDEX := lmdb
PKG_SERVER := libmicrohttpd
PKG_CLI := libcurl
PKG_TEST := cmocka libcurl
ifeq ($(filter clean help deps format format-check demo quality check check-long bench fuzz \
    check-layers check-headers lint,$(MAKECMDGOALS)),)
MISSING := $(strip $(foreach p,$(PKG_BASE) $(PKG_DECODE) $(PKG_INDEX) $(PKG_SERVER) $(PKG_CLI),\
    $(shell $(PKG_CONFIG) --exists $(p) 2>/dev/null || echo $(p))))
ifneq ($(MISSING),)
$(error missing: $(MISSING). `make deps` installs what celwatch needs)
endif
endif
cflags_of = $(shell $(PKG_CONFIG) --cflags $(1) 2>/dev/null)
libs_of = $(shell $(PKG_CONFIG) --libs $(1) 2>/dev/null)

# ---- flags ------------------------------------------------------------------------------
WARN := -Wall -Wextra -Werror -Wformat=2 -Wshadow -Wconversion -Wstrict-prototypes \
    -Wmissing-prototypes -Wvla -Wnull-dereference -Wcast-qual -Wundef \
    -Wimplicit-fallthrough -Walloca
FLAGS_release := -O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection \
    -fcf-protection -ftrivial-auto-var-init=zero
FLAGS_asan := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FLAGS_tsan := -O1 -g -fsanitize=thread -fno-omit-frame-pointer
FLAGS_fuzz := -O1 -g -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all
LINK_release := -pie -Wl,-z,relro,-z,now
LINK_asan := -fsanitize=address,undefined
LINK_tsan := -fsanitize=thread
LINK_fuzz := -fsanitize=address,undefined
ALL_CPPFLAGS := -I. -I$(BUILD) -D_GNU_SOURCE $(CPPFLAGS)
ALL_CFLAGS := -std=gnu17 -fPIE -pthread $(WARN) $(FLAGS_$(VARIANT)) $(CFLAGS)
ALL_LDFLAGS := -pthread $(LINK_$(VARIANT)) $(LDFLAGS)

# ---- rooms as archives ------------------------------------------------------------------
objects = $(patsubst %,$(BUILD)/%.o,$(basename $(1)))
LIB_BASE := $(BUILD)/libbase.a
LIB_HASHING := $(BUILD)/libhashing.a
LIB_DECODE := $(BUILD)/libdecode.a
LIB_INDEX := $(BUILD)/libindex.a
LIB_SERVER := $(BUILD)/libserver.a
LIB_CLI := $(BUILD)/libcli.a
$(LIB_BASE): $(call objects,$(BASE_SRC))
$(LIB_HASHING): $(call objects,$(HASHING_SRC))
$(LIB_DECODE): $(call objects,$(DECODE_SRC))
$(LIB_INDEX): $(call objects,$(INDEX_SRC))
$(LIB_SERVER): $(call objects,$(SERVER_SRC))
$(LIB_CLI): $(call objects,$(CLI_SRC))
%.a:
	@mkdir -p $(@D)
	@rm -f $@
	$(call say,AR)
	$(Q)$(AR) rcs $@ $^

# A change of flags is a change of the object.
MAKE_FILES := Makefile base/room.mk hashing/room.mk index/room.mk server/room.mk cli/room.mk
$(BUILD)/%.o: %.c $(MAKE_FILES)
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(call cflags_of,$($<_PKG)) $(ALL_CFLAGS) $($<_CFLAGS) -MMD -MP -c $< -o $@
$(BUILD)/%.o: %.S $(MAKE_FILES)
	@mkdir -p $(@D)
	$(call say,AS)
	$(Q)$(CC) $(ALL_CPPFLAGS) -MMD -MP -c $< -o $@
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# ---- programs ---------------------------------------------------------------------------
PROGRAMS := $(BUILD)/celwatchd $(BUILD)/celwatch $(BUILD)/celwatch-hasher
LIBS_BASE = $(call libs_of,$(PKG_BASE)) -lm
link = $(Q)mkdir -p $(@D) && $(if $(V),,echo '  LD $@' &&) \
    $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^)

$(BUILD)/celwatchd: $(call objects,$(SERVER_MAIN)) $(LIB_SERVER) $(LIB_INDEX) $(LIB_HASHING) $(LIB_BASE)
	$(link) $(call libs_of,$(PKG_SERVER) $(PKG_INDEX)) $(LIBS_BASE)
$(BUILD)/celwatch: $(call objects,$(CLI_MAIN)) $(LIB_CLI) $(LIB_HASHING) $(LIB_BASE)
	$(link) $(call libs_of,$(PKG_CLI)) $(LIBS_BASE)
$(BUILD)/celwatch-hasher: $(call objects,$(HASHER_MAIN)) $(LIB_DECODE) $(LIB_HASHING) $(LIB_BASE)
	$(link) $(call libs_of,$(PKG_DECODE)) $(LIBS_BASE)

.PHONY: all programs
all: programs
programs: $(PROGRAMS)

# The contract the server serves: api-spec/openapi.yaml as JSON.
$(BUILD)/openapi.json: api-spec/openapi.yaml scripts/yaml2json
	@mkdir -p $(@D)
	scripts/yaml2json $< > $@
$(BUILD)/server/pages.o: $(BUILD)/openapi.json $(PAGE_FILES)

# ---- tests: tests/room.mk names them; each links its room and the rooms below -----------
TESTS_BASE := $(addprefix $(BUILD)/tests/,$(UNIT_BASE))
TESTS_HASHING := $(addprefix $(BUILD)/tests/,$(UNIT_HASHING))
TESTS_DECODE := $(addprefix $(BUILD)/tests/,$(UNIT_DECODE))
TESTS_INDEX := $(addprefix $(BUILD)/tests/,$(UNIT_INDEX))
TESTS_CONTRACT := $(addprefix $(BUILD)/tests/,$(CONTRACT_INDEX))
TESTS_SERVER := $(addprefix $(BUILD)/tests/,$(UNIT_SERVER))
TESTS_CLI := $(addprefix $(BUILD)/tests/,$(UNIT_CLI))
TESTS_E2E := $(addprefix $(BUILD)/tests/,$(E2E))
TESTS_PICTURES := $(addprefix $(BUILD)/tests/,$(E2E_PICTURES))
ALL_TESTS := $(TESTS_BASE) $(TESTS_HASHING) $(TESTS_DECODE) $(TESTS_INDEX) $(TESTS_CONTRACT) \
    $(TESTS_SERVER) $(TESTS_CLI)
LIBS_TEST = $(call libs_of,cmocka)

$(TESTS_BASE): $(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(LIB_BASE)
	$(link) $(LIBS_TEST) $(LIBS_BASE)
$(TESTS_HASHING): $(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(LIB_HASHING) $(LIB_BASE)
	$(link) $(LIBS_TEST) $(LIBS_BASE)
$(TESTS_DECODE): $(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(call objects,$(TEST_PICTURES_SRC)) \
    $(LIB_DECODE) $(LIB_HASHING) $(LIB_BASE)
	$(link) $(LIBS_TEST) $(call libs_of,$(PKG_DECODE)) $(LIBS_BASE)
$(TESTS_INDEX): $(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(LIB_INDEX) $(LIB_HASHING) $(LIB_BASE)
	$(link) $(LIBS_TEST) $(call libs_of,$(PKG_INDEX)) $(LIBS_BASE)
$(TESTS_CONTRACT): $(BUILD)/tests/%: $(BUILD)/tests/contract/%.o $(LIB_INDEX) $(LIB_HASHING) $(LIB_BASE)
	$(link) $(LIBS_TEST) $(call libs_of,$(PKG_INDEX)) $(LIBS_BASE)
$(TESTS_SERVER): $(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(LIB_SERVER) $(LIB_INDEX) $(LIB_HASHING) $(LIB_BASE)
	$(link) $(LIBS_TEST) $(call libs_of,$(PKG_SERVER) $(PKG_INDEX)) $(LIBS_BASE)
$(addprefix $(BUILD)/tests/,$(TOOLS_SERVER)): $(BUILD)/tests/%: $(BUILD)/tests/support/%.o \
    $(LIB_SERVER) $(LIB_INDEX) $(LIB_HASHING) $(LIB_BASE)
	$(link) $(call libs_of,$(PKG_SERVER) $(PKG_INDEX)) $(LIBS_BASE)
$(TESTS_CLI): $(BUILD)/tests/%: $(BUILD)/tests/unit/%.o $(LIB_CLI) $(LIB_HASHING) $(LIB_BASE)
	$(link) $(LIBS_TEST) $(call libs_of,$(PKG_CLI)) $(LIBS_BASE)
$(TESTS_E2E): $(BUILD)/tests/%: $(BUILD)/tests/e2e/%.o $(call objects,$(TEST_SUPPORT_SRC)) $(LIB_HASHING) $(LIB_BASE)
	$(link) $(LIBS_TEST) $(call libs_of,libcurl) $(LIBS_BASE)
$(TESTS_PICTURES): $(BUILD)/tests/%: $(BUILD)/tests/e2e/%.o \
    $(call objects,$(TEST_SUPPORT_SRC) $(TEST_PICTURES_SRC) $(TEST_HOSTILE_SRC)) $(LIB_HASHING) $(LIB_BASE)
	$(link) $(LIBS_TEST) $(call libs_of,libcurl vips zlib) $(LIBS_BASE)
$(TESTS_E2E) $(TESTS_PICTURES): | $(PROGRAMS)
$(BUILD)/tests/e2e_matrix: | $(BUILD)/tests/print_routes
$(TESTS_DECODE): | $(BUILD)/celwatch-hasher

.PHONY: tests-built print-routes-built
print-routes-built: $(addprefix $(BUILD)/tests/,$(TOOLS_SERVER))
tests-built: $(ALL_TESTS) $(TESTS_E2E) $(TESTS_PICTURES) $(PROGRAMS)

# ---- benchmarks -------------------------------------------------------------------------
BENCHES_DECODE := $(addprefix $(BUILD)/,$(BENCH_DECODE))
BENCHES_INDEX := $(addprefix $(BUILD)/,$(BENCH_INDEX))
BENCHES_HTTP := $(addprefix $(BUILD)/,$(BENCH_HTTP))
$(BENCHES_DECODE): $(BUILD)/%: $(BUILD)/tests/bench/%.o $(call objects,$(TEST_PICTURES_SRC)) \
    $(LIB_DECODE) $(LIB_HASHING) $(LIB_BASE) | $(BUILD)/celwatch-hasher
	$(link) $(call libs_of,$(PKG_DECODE)) $(LIBS_BASE)
$(BENCHES_INDEX): $(BUILD)/%: $(BUILD)/tests/bench/%.o $(LIB_INDEX) $(LIB_HASHING) $(LIB_BASE)
	$(link) $(call libs_of,$(PKG_INDEX)) $(LIBS_BASE)
$(BENCHES_HTTP): $(BUILD)/%: $(BUILD)/tests/bench/%.o $(call objects,$(TEST_PICTURES_SRC) $(TEST_SUPPORT_SRC)) \
    $(LIB_DECODE) $(LIB_HASHING) $(LIB_BASE) | $(PROGRAMS)
	$(link) $(call libs_of,$(PKG_DECODE) libcurl libmicrohttpd cmocka) $(LIBS_BASE)

# ---- fuzzers: clang's libFuzzer, or a replay program with any compiler ------------------
FUZZERS := $(FUZZ_HASHING) $(FUZZ_INDEX) $(FUZZ_SERVER)
REPLAYS := $(addprefix $(BUILD)/replay/,$(FUZZERS))
FUZZ_LIBS = $(LIB_SERVER) $(LIB_INDEX) $(LIB_DECODE) $(LIB_HASHING) $(LIB_BASE)
FUZZ_LINK = $(call libs_of,$(PKG_SERVER) $(PKG_INDEX) $(PKG_DECODE)) $(LIBS_BASE)
$(REPLAYS): $(BUILD)/replay/%: $(BUILD)/tests/fuzz/%.o $(BUILD)/tests/fuzz/replay.o $(FUZZ_LIBS)
	$(link) $(FUZZ_LINK)
$(addprefix $(BUILD)/fuzz/,$(FUZZERS)): $(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/%.o $(FUZZ_LIBS)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(FUZZ_LINK)

.PHONY: fuzz-built replay-built fuzz fuzz-replay
fuzz-built: $(addprefix $(BUILD)/fuzz/,$(FUZZERS))
replay-built: $(REPLAYS)
FUZZ_SECONDS ?= 60
fuzz:
	scripts/deps fuzz
	$(MAKE) VARIANT=fuzz CC=clang fuzz-built
	scripts/fuzz build/fuzz/fuzz $(FUZZ_SECONDS) $(FUZZERS)
fuzz-replay:
	$(MAKE) VARIANT=asan replay-built
	tests/run.sh --replay build/asan $(FUZZERS)

# ---- what people call -------------------------------------------------------------------
.PHONY: deps demo quality check check-asan check-tsan check-long check-layers check-headers lint format \
    format-check bench install clean help
deps:
	scripts/deps build
demo:
	scripts/deps demo
	$(MAKE) programs
	tests/demo/demo.sh
# QUALITY_CORPUS=DIR scores another corpus of the same tables; without it one is built, once.
QUALITY_CORPUS ?= build/quality/corpus
quality:
	scripts/deps quality
	$(MAKE) programs
	[ -f $(QUALITY_CORPUS)/queries.tsv ] || /usr/bin/python3 tests/quality/build_corpus.py $(QUALITY_CORPUS)
	/usr/bin/python3 tests/quality/evaluate.py $(BUILD) $(QUALITY_CORPUS) build/quality/work
	rm -rf build/quality/clip
	/usr/bin/python3 tests/quality/clip.py $(BUILD) build/quality/clip
check:
	scripts/deps check
	tests/check.sh
check-long:
	scripts/deps check
	tests/check-long.sh
check-asan:
	$(MAKE) VARIANT=asan tests-built replay-built
	tests/run.sh build/asan $(notdir $(ALL_TESTS) $(TESTS_E2E) $(TESTS_PICTURES))
check-tsan:
	$(MAKE) VARIANT=tsan tests-built
	tests/run.sh build/tsan $(notdir $(TESTS_INDEX) $(TESTS_CONTRACT) $(TESTS_SERVER)) $(E2E_TSAN)
check-layers:
	scripts/check-layers
check-headers:
	scripts/check-headers "$(CC) $(ALL_CPPFLAGS) -std=gnu17 $(WARN)"
lint: format-check check-layers
	scripts/lint
format:
	clang-format-14 -i $$(git ls-files '*.c' '*.h')
format-check:
	clang-format-14 --dry-run --Werror $$(git ls-files '*.c' '*.h')
bench:
	scripts/deps bench
	$(MAKE) programs $(BENCHES_DECODE) $(BENCHES_INDEX) $(BENCHES_HTTP)
	tests/bench/bench.sh $(BUILD)

install: programs
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/celwatch \
	    $(DESTDIR)$(PREFIX)/share/celwatch
	install -m 755 $(BUILD)/celwatchd $(BUILD)/celwatch $(DESTDIR)$(PREFIX)/bin/
	install -m 755 $(BUILD)/celwatch-hasher $(DESTDIR)$(PREFIX)/libexec/celwatch/
	install -m 644 api-spec/openapi.yaml $(DESTDIR)$(PREFIX)/share/celwatch/
	install -d $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 docs/man/celwatch.1 $(DESTDIR)$(PREFIX)/share/man/man1/
clean:
	rm -rf build
# `make print-NAME` shows a variable, for the scripts.
print-%:
	@echo $($*)
help:
	@sed -n 's/^#   //p' Makefile
	@echo 'make deps         install what building needs (Debian 12; root or sudo)'
	@echo 'make demo         everything at work on real drawn art; Ctrl-C ends it'
	@echo 'make check        every test, under the address and undefined sanitizers'
	@echo 'make check-tsan   server and index under the thread sanitizer'
	@echo 'make check-long   kill loops and long fuzzing'
	@echo 'make quality      recall by transform on a corpus of drawn art, beside other hashes'
	@echo 'make bench        one JSON line a benchmark, with the ratio to its reference'
	@echo 'make lint format fuzz check-layers check-headers install clean'
