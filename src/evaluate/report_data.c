/* The sentences of the report as JSON:
 *   {"members": [...], "types": [...], "sentences": [{"id", "t": text,
 *     "g": [[start, end, type, partner in p or -1]],
 *     "p": [[start, end, type, score, kind, proposers, [[type, voters]], verdict]],
 *     "k": kinds, "x": traces}]}
 * Offsets are UTF-16 units, as scripts in a browser count; sets of members are bit masks. */
#include "evaluate/report_private.h"

#include "base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Prompts and replies weigh far more than the sentences; the page must stay quick to open. */
enum { MOST_TRACE_BYTES = 24 << 20 };

static const char *const KINDS[] = {[EL_SAME] = "correct",
                                    [EL_SAME_SPAN] = "type",
                                    [EL_OVERLAP_TYPE] = "boundary",
                                    [EL_OVERLAP] = "both"};

static void put_string(struct el_buffer *out, const char *text) {
    el_json_string(out, text, strlen(text));
}

/* Offsets of both lists in one pass over the text: sorted, converted, looked up. */
struct offsets {
    size_t *bytes, *units;
    size_t count;
};

static int by_size(const void *left, const void *right) {
    size_t a = *(const size_t *)left, b = *(const size_t *)right;
    return (a > b) - (a < b);
}

static bool collect(struct offsets *offsets, const struct el_labelled *gold,
                    const struct el_labelled *predicted, struct el_arena *arena) {
    size_t most = 2 * (gold->n_entities + predicted->n_entities);
    offsets->bytes = el_arena_array(arena, most, sizeof(size_t));
    offsets->units = el_arena_array(arena, most, sizeof(size_t));
    offsets->count = 0;
    if (offsets->bytes == NULL || offsets->units == NULL) {
        return false;
    }
    const struct el_labelled *both[] = {gold, predicted};
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < both[side]->n_entities; i++) {
            offsets->bytes[offsets->count++] = both[side]->entities[i].span.start;
            offsets->bytes[offsets->count++] = both[side]->entities[i].span.end;
        }
    }
    if (offsets->count > 1) {
        qsort(offsets->bytes, offsets->count, sizeof(size_t), by_size);
    }
    if (offsets->count > 0) {
        memcpy(offsets->units, offsets->bytes, offsets->count * sizeof(size_t));
        el_offsets_from_bytes(gold->text, gold->text_len, EL_UNIT_UTF16, offsets->units,
                              offsets->count);
    }
    return true;
}

static size_t unit_of(const struct offsets *offsets, size_t byte) {
    size_t *found = bsearch(&byte, offsets->bytes, offsets->count, sizeof(size_t), by_size);
    return found != NULL ? offsets->units[found - offsets->bytes] : 0;
}

static void put_span(struct el_buffer *out, const struct offsets *offsets,
                     const struct el_entity *entity, bool first) {
    el_buffer_printf(out, "%s[%zu,%zu,", first ? "" : ",", unit_of(offsets, entity->span.start),
                     unit_of(offsets, entity->span.end));
    put_string(out, entity->type);
}

static void put_evidence(struct el_buffer *out, const struct el_entity *entity) {
    el_buffer_printf(out, ",%u,[", (unsigned)entity->extracted_by);
    for (size_t v = 0; v < entity->n_votes; v++) {
        el_buffer_string(out, v > 0 ? ",[" : "[");
        put_string(out, entity->votes[v].type);
        el_buffer_printf(out, ",%u]", (unsigned)entity->votes[v].voters);
    }
    el_buffer_printf(out, "],%d", (int)entity->verified);
}

static bool to_chunks(struct el_arena *arena, const struct el_labelled *document,
                      struct el_chunk **chunks) {
    *chunks = el_arena_array(arena, document->n_entities, sizeof **chunks);
    for (size_t i = 0; *chunks != NULL && i < document->n_entities; i++) {
        (*chunks)[i] = (struct el_chunk){document->entities[i].span, document->entities[i].type};
    }
    return *chunks != NULL;
}

enum { MISSED = 1 << 4, SPURIOUS = 1 << 5 }; /* the others are 1 << relation, below 1 << 4 */

static void put_kinds(struct el_buffer *out, unsigned kinds) {
    const char *comma = "";
    el_buffer_string(out, "],\"k\":[");
    for (unsigned relation = EL_SAME; relation <= EL_OVERLAP; relation++) {
        if ((kinds >> relation & 1) != 0) {
            el_buffer_printf(out, "%s\"%s\"", comma, KINDS[relation]);
            comma = ",";
        }
    }
    if ((kinds & MISSED) != 0) {
        el_buffer_printf(out, "%s\"missed\"", comma);
        comma = ",";
    }
    if ((kinds & SPURIOUS) != 0) {
        el_buffer_printf(out, "%s\"spurious\"", comma);
    }
    el_buffer_char(out, ']');
}

static bool put_sentence(struct el_buffer *out, const struct el_labelled *gold,
                         const struct el_labelled *predicted, struct el_arena *arena) {
    struct el_chunk *g, *p;
    struct el_pairing pairing;
    struct offsets offsets;
    unsigned kinds = 0;
    if (!to_chunks(arena, gold, &g) || !to_chunks(arena, predicted, &p) ||
        !el_pair(arena, g, gold->n_entities, p, predicted->n_entities, &pairing) ||
        !collect(&offsets, gold, predicted, arena)) {
        return false;
    }
    el_buffer_string(out, "{\"id\":");
    put_string(out, gold->id);
    el_buffer_string(out, ",\"t\":");
    el_json_string(out, gold->text, gold->text_len);
    el_buffer_string(out, ",\"g\":[");
    for (size_t i = 0; i < gold->n_entities; i++) {
        bool alone = pairing.relation[i] == EL_ALONE;
        put_span(out, &offsets, &gold->entities[i], i == 0);
        el_buffer_printf(out, ",%ld]", alone ? -1L : (long)pairing.of_gold[i]);
        kinds |= alone ? MISSED : 1u << pairing.relation[i];
    }
    el_buffer_string(out, "],\"p\":[");
    for (size_t j = 0; j < predicted->n_entities; j++) {
        const struct el_entity *entity = &predicted->entities[j];
        size_t partner = pairing.of_predicted[j];
        bool alone = partner == SIZE_MAX;
        put_span(out, &offsets, entity, j == 0);
        el_buffer_char(out, ',');
        el_json_real(out, entity->score);
        el_buffer_printf(out, ",\"%s\"", alone ? "spurious" : KINDS[pairing.relation[partner]]);
        if (entity->has_evidence) {
            put_evidence(out, entity);
        }
        el_buffer_char(out, ']');
        kinds |= alone ? SPURIOUS : 0;
    }
    put_kinds(out, kinds);
    return true;
}

/* With the entities that count in the score. */
static bool put_document(struct el_buffer *out, const struct el_report *report, size_t number,
                         struct el_arena *arena) {
    const struct el_score *score = report->score;
    struct el_labelled gold, predicted;
    return el_score_view(arena, &report->gold->items[number], score->match, score->scheme, &gold) &&
           el_score_view(arena, &report->predicted->items[number], score->match, score->scheme,
                         &predicted) &&
           put_sentence(out, &gold, &predicted, arena);
}

/* Traces are in the order of the record's sentences: by document. */
static void put_traces(struct el_buffer *out, const struct el_report *report, size_t document,
                       size_t *next, size_t *bytes) {
    const struct el_record *record = &report->ablation->record;
    const char *comma = "";
    el_buffer_string(out, ",\"x\":[");
    for (; *next < report->n_traces && *next < record->count &&
           record->sentences[*next].document == document;
         ++*next) {
        size_t len = strlen(report->traces[*next]);
        if (*bytes + len <= MOST_TRACE_BYTES) {
            el_buffer_string(out, comma);
            el_buffer_append(out, report->traces[*next], len);
            *bytes += len;
            comma = ",";
        }
    }
    el_buffer_char(out, ']');
}

static void put_names(struct el_buffer *out, const struct el_report *report) {
    el_buffer_string(out, "{\"members\":[");
    for (size_t m = 0; report->members != NULL && m < report->n_members; m++) {
        el_buffer_string(out, m > 0 ? "," : "");
        put_string(out, report->members[m]);
    }
    el_buffer_string(out, "],\"types\":[");
    for (size_t i = 0; i < report->score->n_types; i++) {
        el_buffer_string(out, i > 0 ? "," : "");
        put_string(out, report->score->types[i].type);
    }
    el_buffer_string(out, "],\"sentences\":[");
}

/* "</script>" in a text must not end the element: in JSON a '<' is only inside strings. */
static void hide_angles(struct el_buffer *out, const struct el_buffer *json) {
    const char *at = json->data, *end = json->data + json->len;
    while (at < end) {
        const char *angle = memchr(at, '<', (size_t)(end - at));
        const char *stop = angle != NULL ? angle : end;
        el_buffer_append(out, at, (size_t)(stop - at));
        if (angle != NULL) {
            el_buffer_string(out, "\\u003c");
        }
        at = stop + (angle != NULL);
    }
}

bool el_report_sentences(struct el_buffer *out, const struct el_report *report) {
    struct el_buffer json = {0};
    size_t next = 0, bytes = 0;
    bool ok = true, first = true;
    put_names(&json, report);
    for (size_t i = 0; ok && i < report->gold->count; i++) {
        struct el_arena arena = {0};
        if (!report->predicted->items[i].missing) {
            el_buffer_string(&json, first ? "\n" : ",\n");
            first = false;
            ok = put_document(&json, report, i, &arena);
            if (report->traces != NULL && report->ablation != NULL) {
                put_traces(&json, report, i, &next, &bytes);
            }
            el_buffer_char(&json, '}');
        }
        el_arena_free(&arena);
    }
    el_buffer_string(&json, "]}");
    ok = ok && !json.failed;
    if (ok) {
        hide_angles(out, &json);
    }
    el_buffer_free(&json);
    return ok;
}
