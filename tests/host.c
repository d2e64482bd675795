/* A program that uses the library, in a locale of its own as desktop programs do.
 *
 *   host LOCALE CONFIGURATION TEXT [STORE]
 *
 * TEXT "-" is no text at all: NULL of length 0. Prints "LOCALE: 0,5" as the locale writes a half,
 * the entities with their scores in hundredths, and, where something fails, the code and the
 * message. */
#include "el4ner.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

static void print_log(void *context, enum el4ner_level level, const char *message) {
    (void)context;
    if (level == EL4NER_WARNING) {
        printf("warning: %s\n", message);
    }
}

static int fail(const struct el4ner_error *error) {
    printf("error %d: %s\n", (int)error->code, error->message);
    return 1;
}

int main(int argc, char **argv) {
    if (argc < 4 || setlocale(LC_ALL, argv[1]) == NULL) {
        printf("no locale %s\n", argc < 2 ? "" : argv[1]);
        return 2;
    }
    printf("%s: %.1f\n", argv[1], 0.5);
    struct el4ner_options options = {.log = print_log, .store = argc > 4 ? argv[4] : NULL};
    struct el4ner_error error;
    el4ner *engine = el4ner_open(argv[2], &options, &error);
    if (engine == NULL) {
        return fail(&error);
    }
    const char *text = strcmp(argv[3], "-") == 0 ? NULL : argv[3];
    el4ner_result *result = el4ner_tag(engine, text, text == NULL ? 0 : strlen(text), &error);
    int status = result == NULL ? fail(&error) : 0;
    for (size_t i = 0; result != NULL && i < el4ner_count(result); i++) {
        const struct el4ner_entity *entity = el4ner_get(result, i);
        printf("%s %s %d\n", entity->text, entity->type, (int)(entity->score * 100 + 0.5));
    }
    if (result != NULL && el4ner_abstained(result) > 0) {
        printf("%zu abstained\n", el4ner_abstained(result));
    }
    el4ner_result_free(result);
    el4ner_close(engine);
    return status;
}
