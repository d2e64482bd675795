/* From strings to spans: ground what members wrote in the sentence, and unite it. */
#include "corpus/align.h"
#include "base/array.h"
#include "pipeline/work.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void el_note_answer(struct el_work *work, struct el_answer *answer, bool readable) {
    size_t member = answer->question.member;
    answer->unreadable = !readable;
    if (readable) {
        work->answered[member][answer->question.stage]++;
        return;
    }
    work->abstained[member][answer->question.stage]++;
    answer->cause = el_cause_of(answer->failure, answer->text, answer->text_len, answer->cut);
    answer->next_abstention = work->abstentions;
    work->abstentions = answer;
}

/* What is less probable in a list than this is taken for not listed. */
static const float LEAST_LISTED = 0.05F;

/* A growing list of (span, member); equal spans are united once all are known. */
struct proposal {
    struct el_span span;
    el_member_set by;
    float listed[EL_MAX_MEMBERS];
};
struct proposals {
    struct proposal *items;
    size_t count, capacity;
};

static bool add_proposal(struct el_arena *arena, struct proposals *list, struct proposal item) {
    if (!EL_ARENA_GROW(arena, list->items, list->capacity, list->count + 1)) {
        return false;
    }
    list->items[list->count++] = item;
    return true;
}

/* By start, longer first. */
static int compare_proposals(const void *a, const void *b) {
    return el_span_order(((const struct proposal *)a)->span, ((const struct proposal *)b)->span);
}

static bool ground(const struct el_context *context, struct el_work *work, struct el_answer *answer,
                   const struct el_strings *strings, struct proposals *list) {
    answer->ungrounded.items =
        el_arena_array(&work->arena, strings->count, sizeof *answer->ungrounded.items);
    if (answer->ungrounded.items == NULL) {
        return false;
    }
    size_t member = answer->question.member;
    bool told = answer->shares != NULL && answer->n_shares == strings->count;
    for (size_t i = 0; i < strings->count; i++) {
        struct el_alignment found = {0};
        float listed = told ? answer->shares[i] : 1;
        if (listed < LEAST_LISTED) {
            continue;
        }
        if (!el_align(&work->arena, work->text, work->text_len, strings->items[i],
                      strlen(strings->items[i]), context->settings.first_occurrence_only, &found)) {
            return false;
        }
        if (answer->question.stage == EL_STAGE_EXTRACT) {
            work->proposed++;
            work->ungrounded += found.count == 0;
        }
        if (found.count == 0) {
            answer->ungrounded.items[answer->ungrounded.count++] = strings->items[i];
        }
        for (size_t j = 0; j < found.count; j++) {
            struct proposal item = {.span = found.spans[j], .by = (el_member_set)1 << member};
            item.listed[member] = listed;
            if (!add_proposal(&work->arena, list, item)) {
                return false;
            }
        }
    }
    return true;
}

static void keep_larger(float *listed, const float *other) {
    for (size_t m = 0; m < EL_MAX_MEMBERS; m++) {
        listed[m] = other[m] > listed[m] ? other[m] : listed[m];
    }
}

/* Equal spans become one proposal; the list stays sorted. */
static void unite_spans(struct proposals *list) {
    if (list->count > 1) {
        qsort(list->items, list->count, sizeof *list->items, compare_proposals);
    }
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (kept > 0 && compare_proposals(&list->items[kept - 1], &list->items[i]) == 0) {
            list->items[kept - 1].by |= list->items[i].by;
            keep_larger(list->items[kept - 1].listed, list->items[i].listed);
        } else {
            list->items[kept++] = list->items[i];
        }
    }
    list->count = kept;
}

static bool same_string(const char *text, struct el_span a, struct el_span b) {
    return a.end - a.start == b.end - b.start &&
           memcmp(text + a.start, text + b.start, a.end - a.start) == 0;
}

/* Spans with equal strings become one mention, for they are asked about once. */
static bool group(struct el_work *work, const struct proposals *list,
                  struct el_mentions *mentions) {
    struct el_arena *arena = &work->arena;
    size_t *owner = el_arena_array(arena, list->count, sizeof *owner);
    mentions->items = el_arena_array(arena, list->count, sizeof *mentions->items);
    struct el_span *spans = el_arena_array(arena, list->count, sizeof *spans);
    if (owner == NULL || mentions->items == NULL || spans == NULL) {
        return false;
    }
    for (size_t i = 0; i < list->count; i++) {
        struct el_span span = list->items[i].span;
        size_t m = 0;
        while (m < mentions->count && !same_string(work->text, span, mentions->items[m].spans[0])) {
            m++;
        }
        struct el_mention *mention = &mentions->items[m];
        if (m == mentions->count) {
            mentions->count++;
            spans[i] = span;
            *mention = (struct el_mention){.spans = &spans[i], .type = -1};
            mention->text = el_arena_copy(arena, work->text + span.start, span.end - span.start);
            if (mention->text == NULL) {
                return false;
            }
        }
        owner[i] = m;
        mention->n_spans++;
        mention->extracted_by |= list->items[i].by;
        keep_larger(mention->listed, list->items[i].listed);
    }
    /* Lay the occurrences of each mention side by side. */
    size_t at = 0;
    for (size_t m = 0; m < mentions->count; m++) {
        mentions->items[m].spans = spans + at;
        at += mentions->items[m].n_spans;
        mentions->items[m].n_spans = 0;
    }
    for (size_t i = 0; i < list->count; i++) {
        struct el_mention *mention = &mentions->items[owner[i]];
        mention->spans[mention->n_spans++] = list->items[i].span;
    }
    return true;
}

static bool add_spans(struct el_arena *arena, struct proposals *list, const struct el_span *spans,
                      size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (!add_proposal(arena, list, (struct proposal){.span = spans[i]})) {
            return false;
        }
    }
    return true;
}

bool el_make_mentions(struct el_work *work, const struct el_span *spans, size_t n,
                      struct el_mentions *mentions) {
    struct proposals list = {0};
    if (!add_spans(&work->arena, &list, spans, n)) {
        return false;
    }
    unite_spans(&list);
    return group(work, &list, mentions);
}

bool el_take_mentions(const struct el_context *context, struct el_work *work,
                      struct el_answer *const *answers, size_t n_answers, struct el_spans more,
                      struct el_mentions *mentions, el_member_set *answered, struct el_error *err) {
    struct proposals list = {0};
    if (!add_spans(&work->arena, &list, more.items, more.count)) {
        return el_fail_memory(err);
    }
    for (size_t i = 0; i < n_answers; i++) {
        struct el_answer *answer = answers[i];
        struct el_strings strings = {0};
        enum el_readable readable = EL_READ_NOTHING;
        if (answer->failure == EL_ANSWERED) {
            readable =
                el_parse_spans(&work->arena, context->prompts[answer->question.member],
                               answer->text, answer->text_len, answer->cut, work->text, &strings);
        }
        if (readable == EL_READ_MEMORY) {
            return el_fail_memory(err);
        }
        el_note_answer(work, answer, readable == EL_READ_OK);
        if (answer->unreadable) {
            continue;
        }
        *answered |= (el_member_set)1 << answer->question.member;
        if (!ground(context, work, answer, &strings, &list)) {
            return el_fail_memory(err);
        }
    }
    unite_spans(&list);
    return group(work, &list, mentions) || el_fail_memory(err);
}
