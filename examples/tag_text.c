/* Tags its arguments with the el4ner library.
 *
 *     cc tag_text.c $(pkg-config --cflags --libs el4ner) -o tag_text
 *     ./tag_text "Ada Lovelace lived in London." */
#include <el4ner.h>

#include <stdio.h>
#include <string.h>

static void print(const char *text, const el4ner_result *result) {
    printf("%s\n", text);
    for (size_t i = 0; i < el4ner_count(result); i++) {
        const struct el4ner_entity *entity = el4ner_get(result, i);
        printf("  %zu-%zu\t%s\t%s\tby", entity->start, entity->end, entity->type, entity->text);
        const char *member;
        for (size_t n = 0; (member = el4ner_evidence(result, i, 0, n)) != NULL; n++) {
            printf(" %s", member);
        }
        printf("\n");
    }
}

int main(int argc, char **argv) {
    struct el4ner_error error;
    struct el4ner_options options = {.size = sizeof options,
                                     .types = "person,location,organization"};
    el4ner *engine = el4ner_open(NULL, &options, &error);
    if (engine == NULL) {
        fprintf(stderr, "tag_text: %s\n", error.message);
        return 1;
    }
    int status = 0;
    for (int i = 1; i < argc && status == 0; i++) {
        el4ner_result *result = el4ner_tag(engine, argv[i], strlen(argv[i]), &error);
        if (result == NULL) {
            fprintf(stderr, "tag_text: %s\n", error.message);
            status = 1;
        } else {
            print(argv[i], result);
            el4ner_result_free(result);
        }
    }
    el4ner_close(engine);
    return status;
}
