/* The public header: versions, and options that grow. */
#include "el4ner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

static void the_header_tells_its_version(void **state) {
    (void)state;
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", EL4NER_VERSION_MAJOR, EL4NER_VERSION_MINOR,
             EL4NER_VERSION_PATCH);
    assert_string_equal(text, EL4NER_VERSION);
    assert_string_equal(el4ner_version(), EL4NER_VERSION);
}

/* What a program of a later version would pass. */
struct later {
    struct el4ner_options options;
    const char *further;
};

static void expect(const struct el4ner_options *options, const char *message) {
    struct el4ner_error error = {0};
    assert_null(el4ner_open("no/such/file.yaml", options, &error));
    assert_int_equal(error.code, EL4NER_ERROR_CONFIG);
    assert_non_null(strstr(error.message, message));
}

static void options_grow(void **state) {
    (void)state;
    struct later later = {.options = {.size = sizeof later}};
    struct el4ner_options plain = {.size = sizeof plain}, old = {0};
    expect(NULL, "no/such/file.yaml");
    expect(&old, "no/such/file.yaml");
    expect(&plain, "no/such/file.yaml");
    expect(&later.options, "no/such/file.yaml");
    later.further = "set";
    expect(&later.options, "an option is set that libel4ner");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_tells_its_version),
        cmocka_unit_test(options_grow),
    };
    return cmocka_run_group_tests_name("library", tests, NULL, NULL);
}
