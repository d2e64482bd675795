/* What has become of a text. */
#include "api/el4ner_private.h"
#include "api/within.h"

#include "base/print.h"

#include <stdlib.h>
#include <string.h>

/* Copies of a few names, each made once. */
struct names {
    struct el_arena *arena;
    const char *given[16], *kept[16];
    size_t n;
};

static const char *keep_name(struct names *names, const char *name) {
    for (size_t i = 0; i < names->n; i++) {
        if (names->given[i] == name) {
            return names->kept[i];
        }
    }
    const char *copy = el_arena_string(names->arena, name);
    if (copy != NULL && names->n < sizeof names->given / sizeof *names->given) {
        names->given[names->n] = name;
        names->kept[names->n++] = copy;
    }
    return copy;
}

/* Votes and types by names of the result's own. */
static bool own_names(struct el_entity *entity, struct names *names) {
    struct el_vote *votes = el_arena_array(names->arena, entity->n_votes, sizeof *votes);
    entity->type = keep_name(names, entity->type);
    for (size_t i = 0; votes != NULL && i < entity->n_votes; i++) {
        votes[i] = entity->votes[i];
        votes[i].type = keep_name(names, votes[i].type);
        if (votes[i].type == NULL) {
            return false;
        }
    }
    entity->votes = votes;
    return votes != NULL && entity->type != NULL;
}

static bool fill_entities(el4ner_result *result) {
    struct el_document *document = result->document;
    struct names names = {.arena = &document->arena};
    result->entities =
        el_arena_array(&document->arena, document->n_entities, sizeof *result->entities);
    for (size_t i = 0; result->entities != NULL && i < document->n_entities; i++) {
        struct el_entity *from = &document->entities[i];
        struct el4ner_entity *to = &result->entities[i];
        if (!own_names(from, &names)) {
            return false;
        }
        to->start = from->span.start;
        to->end = from->span.end;
        to->text = el_arena_copy(&document->arena, document->text + from->span.start,
                                 from->span.end - from->span.start);
        to->type = from->type;
        to->score = from->score;
        to->verdict = from->verified == EL_VERIFIED_YES          ? EL4NER_VERIFIED
                      : from->verified == EL_VERIFIED_UNREADABLE ? EL4NER_UNREADABLE
                                                                 : EL4NER_NOT_VERIFIED;
        to->evidence = from->evidence;
        if (to->text == NULL) {
            return false;
        }
    }
    return result->entities != NULL;
}

/* The names are the engine's, and a result may outlive it. */
static bool fill_members(el4ner_result *result, const char *const *names, size_t n) {
    struct el_arena *arena = &result->document->arena;
    result->n_members = n;
    result->members = el_arena_array(arena, n, sizeof *result->members);
    for (size_t i = 0; result->members != NULL && i < n; i++) {
        result->members[i] = el_arena_string(arena, names[i]);
        if (result->members[i] == NULL) {
            return false;
        }
    }
    return result->members != NULL;
}

static bool fill_abstentions(el4ner_result *result, const struct el_delivery *delivery) {
    size_t n = delivery->n_abstentions;
    result->abstentions = el_arena_array(&result->document->arena, n, sizeof *result->abstentions);
    result->n_abstentions = n;
    for (size_t i = 0; result->abstentions != NULL && i < n; i++) {
        const struct el_abstained *from = &delivery->abstentions[i];
        result->abstentions[i] = (struct el4ner_abstention){.member = result->members[from->member],
                                                            .stage = (enum el4ner_stage)from->stage,
                                                            .cause = el_cause_name(from->cause),
                                                            .detail = from->detail,
                                                            .sentence_start = from->sentence.start,
                                                            .sentence_end = from->sentence.end};
    }
    return result->abstentions != NULL;
}

static void set_problem(el4ner_result *result, enum el4ner_status status, enum el4ner_code code,
                        const char *message) {
    result->status = status;
    result->error.code = code;
    el_print(result->error.message, sizeof result->error.message, "%s", message);
}

static void set_status(el4ner_result *result, const struct el_delivery *delivery) {
    const char *failure = result->document->failure;
    switch (delivery->outcome) {
    case EL_OUTCOME_DONE:
        if (failure != NULL) {
            set_problem(result, EL4NER_FAILED, EL4NER_ERROR_INCOMPLETE, failure);
        }
        break;
    case EL_OUTCOME_CUT_SHORT:
        set_problem(result, EL4NER_CUT_SHORT, EL4NER_ERROR_TIME, failure);
        break;
    case EL_OUTCOME_CANCELLED:
        set_problem(result, EL4NER_CANCELLED, EL4NER_ERROR_CANCELLED, "cancelled");
        break;
    case EL_OUTCOME_FAILED:
        result->status = EL4NER_FAILED;
        give_error(&result->error, &delivery->error);
        break;
    }
}

static struct el4ner_usage usage_of(const struct el_usage *usage) {
    return (struct el4ner_usage){.calls = usage->calls,
                                 .from_store = usage->from_store,
                                 .failed = usage->failed,
                                 .prompt_tokens = usage->prompt_tokens,
                                 .answer_tokens = usage->answer_tokens,
                                 .cached_tokens = usage->cached_tokens,
                                 .seconds = usage->seconds};
}

void fill_result(const el4ner *engine, struct el_delivery *delivery, el4ner_result *result) {
    struct ticket *ticket = delivery->user;
    result->number = ticket->number;
    result->user = ticket->user;
    result->document = delivery->document;
    result->trace = delivery->trace;
    result->warning = delivery->warning;
    result->usage = usage_of(&delivery->usage);
    delivery->document = NULL;
    delivery->trace = NULL;
    set_status(result, delivery);
    if (!fill_members(result, engine->names, engine->config->n_members) || !fill_entities(result) ||
        !fill_abstentions(result, delivery)) {
        struct el_error err;
        el_fail_memory(&err);
        set_problem(result, EL4NER_FAILED, EL4NER_ERROR_MEMORY, err.message);
        result->document->n_entities = result->n_abstentions = 0;
    }
}

el4ner_result *result_of(struct el_document *document, const char *const *members,
                         size_t n_members) {
    el4ner_result *result = calloc(1, sizeof *result);
    if (result != NULL) {
        result->document = document;
    }
    if (result == NULL || !fill_members(result, members, n_members) || !fill_entities(result)) {
        free(result);
        el_document_free(document);
        return NULL;
    }
    return result;
}

void el4ner_result_free(el4ner_result *result) {
    if (result != NULL) {
        el_document_free(result->document);
        free(result->trace);
        free(result);
    }
}

enum el4ner_status el4ner_result_status(const el4ner_result *result) {
    return result->status;
}

const struct el4ner_error *el4ner_result_error(const el4ner_result *result) {
    return &result->error;
}

uint64_t el4ner_result_number(const el4ner_result *result) {
    return result->number;
}

void *el4ner_result_user(const el4ner_result *result) {
    return result->user;
}

const char *el4ner_result_id(const el4ner_result *result) {
    return result->document->id;
}

const char *el4ner_result_lang(const el4ner_result *result) {
    return result->document->lang;
}

bool el4ner_result_labelled(const el4ner_result *result) {
    return result->document->labelled;
}

const char *el4ner_result_text(const el4ner_result *result, size_t *length) {
    if (length != NULL) {
        *length = result->document->text_len;
    }
    return result->document->text;
}

const char *el_engine_warning(const el4ner_result *result) {
    return result->warning != NULL && *result->warning != '\0' ? result->warning : NULL;
}

struct el_document *el_engine_document(el4ner_result *result) {
    return result->document;
}

size_t el4ner_count(const el4ner_result *result) {
    return result->document->n_entities;
}

const struct el4ner_entity *el4ner_get(const el4ner_result *result, size_t index) {
    return index < result->document->n_entities ? &result->entities[index] : NULL;
}

size_t el4ner_abstained(const el4ner_result *result) {
    return result->document->abstained;
}

const struct el4ner_abstention *el4ner_get_abstention(const el4ner_result *result, size_t index) {
    return index < result->n_abstentions ? &result->abstentions[index] : NULL;
}

/* Who voted for the type that the entity has: not always the one with most votes, for a judgement
 * may decide against them. */
static el_member_set voters_of(const struct el_entity *entity) {
    for (size_t i = 0; i < entity->n_votes; i++) {
        if (strcmp(entity->votes[i].type, entity->type) == 0) {
            return entity->votes[i].voters;
        }
    }
    return 0;
}

const char *el4ner_evidence(const el4ner_result *result, size_t index, int votes, size_t n) {
    if (index >= result->document->n_entities) {
        return NULL;
    }
    const struct el_entity *entity = &result->document->entities[index];
    el_member_set set = votes ? voters_of(entity) : entity->extracted_by;
    for (size_t member = 0; member < result->n_members; member++) {
        if ((set >> member & 1) != 0 && n-- == 0) {
            return result->members[member];
        }
    }
    return NULL;
}

const char *el4ner_result_trace(const el4ner_result *result) {
    return result->trace;
}

const struct el4ner_usage *el4ner_result_usage(const el4ner_result *result) {
    return &result->usage;
}

bool el4ner_convert_offsets(const char *text, size_t length, enum el4ner_unit from,
                            enum el4ner_unit to, size_t *offsets, size_t n,
                            struct el4ner_error *error) {
    static const enum el_unit units[] = {[EL4NER_BYTES] = EL_UNIT_BYTE,
                                         [EL4NER_CODE_POINTS] = EL_UNIT_CODEPOINT,
                                         [EL4NER_UTF16] = EL_UNIT_UTF16};
    struct el_arena arena = {0};
    struct el_offsets source, target;
    struct el_error err = {0};
    bool ok = (unsigned)from <= EL4NER_UTF16 && (unsigned)to <= EL4NER_UTF16
                  ? true
                  : el_fail(&err, EL_ERR_CONFIG, "not a unit of offsets; see enum el4ner_unit");
    size_t valid = ok ? el_utf8_valid_prefix(text, length) : length;
    ok = ok && (valid == length ||
                el_fail(&err, EL_ERR_FORMAT, "the text is not valid UTF-8 at byte %zu", valid));
    size_t *converted = el_arena_array(&arena, n, sizeof *converted);
    ok = ok && ((converted != NULL && el_offsets_open(&source, &arena, text, length, units[from]) &&
                 el_offsets_open(&target, &arena, text, length, units[to])) ||
                el_fail_memory(&err));
    for (size_t i = 0; ok && i < n; i++) {
        ok = el_offsets_to_byte(&source, offsets[i], &converted[i]) ||
             el_fail(&err, EL_ERR_FORMAT, "offset %zu is past the end or within a character",
                     offsets[i]);
        converted[i] = ok ? el_offsets_of_byte(&target, converted[i]) : 0;
    }
    if (ok && n > 0) {
        memcpy(offsets, converted, n * sizeof *offsets);
    }
    el_arena_free(&arena);
    give_error(error, &err);
    return ok;
}
