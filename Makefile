# el4ner: one plain Makefile. `make demo` and `make test` are the two commands of the README.
BUILD    ?= build
PREFIX   ?= /usr/local
VERSION  := 0.1.0
CC       ?= gcc
PACKAGES := libcurl jansson sqlite3 icu-uc icu-i18n yaml-0.1 openblas
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wstrict-prototypes \
            -Wmissing-prototypes -Wvla -Werror
OPTIMISE ?= -O2 -g
SANITIZE ?=
CPPFLAGS += -Iinclude -Isrc -D_GNU_SOURCE -DEL_VERSION='"$(VERSION)"' -DEL_PREFIX='"$(PREFIX)"'
CFLAGS   += -std=c11 $(OPTIMISE) -fPIC -fvisibility=hidden $(WARNINGS) $(SANITIZE)
CFLAGS   += $(shell pkg-config --cflags $(PACKAGES))
LDLIBS   += $(shell pkg-config --libs $(PACKAGES)) -lm -lpthread

LIB_SRC := $(sort $(wildcard src/base/*.c src/corpus/*.c src/language/*.c src/llm/*.c \
           src/retrieval/*.c src/pipeline/*.c src/evaluate/*.c src/*.c))
CLI_SRC := $(sort $(wildcard src/cli/*.c))
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
CLI_OBJ := $(CLI_SRC:%.c=$(BUILD)/%.o)

UNIT    := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(sort $(wildcard tests/unit/test_*.c)))
TESTERS := $(patsubst tests/%.c,$(BUILD)/tests/%,$(sort $(wildcard tests/*.c)))

all: $(BUILD)/el4ner

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo '  CC  $<'
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

$(BUILD)/libel4ner.a: $(LIB_OBJ)
	@rm -f $@
	@ar rcs $@ $^

$(BUILD)/el4ner: $(CLI_OBJ) $(BUILD)/libel4ner.a
	@echo '  LD  $@'
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/tests/%: tests/unit/%.c $(BUILD)/libel4ner.a
	@mkdir -p $(@D)
	@echo '  LD  $@'
	@$(CC) $(CPPFLAGS) -Itests $(CFLAGS) -MMD -MP -o $@ $< $(BUILD)/libel4ner.a $(LDFLAGS) \
	    $(shell pkg-config --libs cmocka) $(LDLIBS)

$(BUILD)/tests/%: tests/%.c $(BUILD)/libel4ner.a
	@mkdir -p $(@D)
	@echo '  LD  $@'
	@$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -o $@ $< $(BUILD)/libel4ner.a $(LDFLAGS) $(shell pkg-config --libs libmicrohttpd) $(LDLIBS)

unit: $(UNIT)
	@for t in $(UNIT); do $$t || exit 1; done

clean:
	rm -rf $(BUILD)

.PHONY: all unit clean
-include $(LIB_OBJ:.o=.d) $(CLI_OBJ:.o=.d) $(UNIT:=.d)
.SECONDARY:
