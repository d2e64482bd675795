/* Tags every line of a file as a text of its own, hundreds at a time.
 *
 *     cc tag_many.c $(pkg-config --cflags --libs el4ner) -o tag_many
 *     ./tag_many lines.txt [my.yaml] >entities.tsv
 *
 * Writes a row for each entity: the number of the line, start and end in code points, text, type,
 * score. The last line of standard error is the account. */
#define _GNU_SOURCE
#include <el4ner.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct run {
    el4ner *engine;
    FILE *file;
    char *line; /* that was read and is not submitted yet */
    size_t length, room;
    uintptr_t number;
    bool ended;
    size_t failed;
    uint64_t calls;
};

static void read_line(struct run *run) {
    ssize_t length = getline(&run->line, &run->room, run->file);
    run->ended = length < 0;
    run->length = length > 0 ? (size_t)length : 0;
    if (run->length > 0 && run->line[run->length - 1] == '\n') {
        run->length--;
    }
    run->number++;
}

/* Hand over lines until the engine has enough. */
static void submit(struct run *run) {
    struct el4ner_error error;
    while (!run->ended) {
        if (el4ner_submit(run->engine, run->line, run->length, (void *)run->number, NULL, &error) !=
            0) {
            read_line(run);
        } else if (error.code == EL4NER_ERROR_FULL) {
            return;
        } else {
            fprintf(stderr, "tag_many: line %zu: %s\n", (size_t)run->number, error.message);
            run->failed++;
            read_line(run);
        }
    }
}

static void print(struct run *run, const el4ner_result *result) {
    size_t number = (size_t)(uintptr_t)el4ner_result_user(result), length;
    const char *text = el4ner_result_text(result, &length);
    if (el4ner_result_status(result) != EL4NER_DONE) {
        fprintf(stderr, "tag_many: line %zu: %s\n", number, el4ner_result_error(result)->message);
        run->failed++;
    }
    size_t n = el4ner_count(result), *offsets = malloc((2 * n + 1) * sizeof *offsets);
    for (size_t i = 0; offsets != NULL && i < n; i++) {
        offsets[2 * i] = el4ner_get(result, i)->start;
        offsets[2 * i + 1] = el4ner_get(result, i)->end;
    }
    if (offsets == NULL || !el4ner_convert_offsets(text, length, EL4NER_BYTES, EL4NER_CODE_POINTS,
                                                   offsets, 2 * n, NULL)) {
        n = 0; /* out of memory */
        run->failed++;
    }
    for (size_t i = 0; i < n; i++) {
        const struct el4ner_entity *entity = el4ner_get(result, i);
        printf("%zu\t%zu\t%zu\t%s\t%s\t%.4g\n", number, offsets[2 * i], offsets[2 * i + 1],
               entity->text, entity->type, entity->score);
    }
    free(offsets);
    run->calls += el4ner_result_usage(result)->calls;
}

/* An engine that runs out of memory can go on; only if it always does, it is given up. */
static void tag(struct run *run) {
    struct el4ner_error error = {0};
    int troubles = 0;
    read_line(run);
    while (troubles < 10) {
        submit(run);
        el4ner_result *result = el4ner_next(run->engine, -1, &error);
        if (result == NULL && error.code == EL4NER_OK) {
            return; /* nothing is in work, and there is no more text */
        }
        if (result != NULL) {
            print(run, result);
            el4ner_result_free(result);
            troubles = 0;
        } else {
            fprintf(stderr, "tag_many: %s\n", error.message);
            troubles++;
        }
    }
    run->failed++;
}

int main(int argc, char **argv) {
    struct el4ner_error error;
    struct run run = {0};
    if (argc < 2 || (run.file = fopen(argv[1], "r")) == NULL) {
        fprintf(stderr, "usage: tag_many LINES [CONFIGURATION]\n");
        return 2;
    }
    run.engine = el4ner_open(argc > 2 ? argv[2] : NULL, NULL, &error);
    if (run.engine == NULL) {
        fprintf(stderr, "tag_many: %s\n", error.message);
        fclose(run.file);
        return 1;
    }
    tag(&run);
    struct el4ner_progress progress = {.size = sizeof progress};
    el4ner_get_progress(run.engine, &progress);
    fprintf(stderr, "%llu texts, %llu sentences, %llu calls\n", (unsigned long long)progress.texts,
            (unsigned long long)progress.sentences, (unsigned long long)run.calls);
    el4ner_close(run.engine);
    free(run.line);
    fclose(run.file);
    return run.failed == 0 ? 0 : 1;
}
