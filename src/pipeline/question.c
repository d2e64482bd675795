/* From a question to a call: which demonstrations fit, what the prompt says, how long the answer
 * may be. */
#include "pipeline/work.h"

#include "base/array.h"

#include <string.h>

bool el_question_add(struct el_work *work, struct el_questions *questions,
                     struct el_question question, struct el_error *err) {
    if (!EL_ARENA_GROW(&work->arena, questions->items, questions->capacity, questions->count + 1)) {
        return el_fail_memory(err);
    }
    questions->items[questions->count++] = question;
    return true;
}

/* Tokens of an answer besides its words. */
enum {
    JSON_SLACK = 96, /* brackets and quotes around a list, and some chatter */
    MARKED_SLACK = 16,
    TYPE_TOKENS = 8, /* a type and what separates it from the next pair */
    JSON_PAIR_TOKENS = 8,
    CHAT_VERDICT_TOKENS = 64, /* "yes" with a sentence around it */
    COMPACT_VERDICT_TOKENS = 4,
    MESSAGE_TOKENS = 8, /* of a prompt: the marks around a message of a chat */
    HELD_TOKENS = 1,    /* of a choice that the server holds the answer to: what tells it apart */
};

bool el_asks_one_by_one(const struct el_context *context, size_t member) {
    const struct el_prompt_set *set = context->prompts[member];
    return set->head != NULL && set->form == EL_ANSWER_JSON &&
           context->capabilities[member]->begins && context->settings.constrain &&
           context->settings.profile != EL_PROFILE_PAPER;
}

/* Does the member list one span at least, and tell how probable it was? Small models overlook much:
 * they would rather list nothing than what they half believe. A judgement weighs the belief. */
static bool asks_for_some(const struct el_context *context, size_t member) {
    const struct el_capabilities *can = context->capabilities[member];
    bool raw = can->begins; /* llama-server: it tells probabilities before its grammar */
    return context->settings.some == EL_SOME_ON && context->settings.constrain &&
           context->prompts[member]->form == EL_ANSWER_JSON && can->grammar && can->logprobs && raw;
}

/* How long an answer can sensibly be, in tokens. A list of spans holds little more than the
 * sentence, also where they nest: as JSON twice its tokens, marked a quarter more, for the marks.
 */
static size_t answer_tokens(const struct el_context *context, const struct el_work *work,
                            const struct el_question *question) {
    const struct el_prompt_set *set = context->prompts[question->member];
    size_t forced = context->config->members[question->member].max_tokens;
    if (forced > 0) {
        return forced;
    }
    size_t slack = set->form == EL_ANSWER_JSON ? JSON_SLACK : MARKED_SLACK;
    size_t tokens = 0;
    switch (question->kind) {
    case EL_PROMPT_PREEXTRACT:
    case EL_PROMPT_EXTRACT:
        tokens = el_estimate_tokens(work->text, work->text_len);
        return set->form == EL_ANSWER_JSON ? tokens * 2 + slack : tokens + tokens / 4 + slack;
    case EL_PROMPT_CLASSIFY:
        if (el_asks_one_by_one(context, question->member)) {
            return HELD_TOKENS;
        }
        for (size_t i = 0; i < question->n_mentions; i++) {
            const char *text = work->mentions.items[question->first_mention + i].text;
            tokens += el_estimate_tokens(text, strlen(text)) + TYPE_TOKENS;
            tokens += set->form == EL_ANSWER_JSON ? JSON_PAIR_TOKENS : 0;
        }
        return tokens + slack;
    case EL_PROMPT_VERIFY:
    case EL_PROMPT_KINDS:
        break;
    }
    if (el_asks_one_by_one(context, question->member)) {
        return HELD_TOKENS;
    }
    return set->chat ? CHAT_VERDICT_TOKENS : COMPACT_VERDICT_TOKENS;
}

size_t el_estimate_call(const struct el_call *call) {
    size_t tokens = 0;
    if (call->prompt != NULL) {
        tokens += el_estimate_tokens(call->prompt, strlen(call->prompt));
    }
    for (size_t i = 0; i < call->n_inputs; i++) {
        tokens += el_estimate_tokens(call->inputs[i], strlen(call->inputs[i]));
    }
    for (size_t i = 0; i < call->n_messages; i++) {
        const char *content = call->messages[i].content;
        tokens += el_estimate_tokens(content, strlen(content)) + MESSAGE_TOKENS;
    }
    return tokens;
}

size_t el_hands(const struct el_context *context, const struct el_work *work) {
    int members = __builtin_popcount(work->members);
    return context->settings.deal && members > 1 ? (size_t)members : 1;
}

/* The first demonstration of a member; the next is el_hands() further. */
static size_t first_in_hand(const struct el_context *context, const struct el_work *work,
                            size_t member) {
    el_member_set before = work->members & (((el_member_set)1 << member) - 1);
    return el_hands(context, work) > 1 ? (size_t)__builtin_popcount(before) : 0;
}

/* The nearest demonstrations, nearest last. `with_spans`: those without spans say nothing for
 * classification and are left out, unless all prompts of the sentence show the same ones. */
static bool choose_demonstrations(const struct el_context *context, const struct el_work *work,
                                  const struct el_question *question, bool with_spans,
                                  struct el_arena *arena, struct el_prompt_demonstration **list,
                                  size_t *count) {
    size_t wanted = question->n_demonstrations;
    const struct el_demonstration **chosen = el_arena_array(arena, wanted, sizeof *chosen);
    *list = el_arena_array(arena, wanted, sizeof **list);
    *count = 0;
    if (*list == NULL || chosen == NULL) {
        return false;
    }
    size_t hands = el_hands(context, work);
    for (size_t i = first_in_hand(context, work, question->member);
         i < work->n_demonstrations && *count < wanted; i += hands) {
        const struct el_demonstration *demonstration = &work->demonstrations[i];
        if (!with_spans || demonstration->n_spans > 0) {
            chosen[(*count)++] = demonstration;
        }
    }
    for (size_t i = 0; i < *count; i++) {
        const struct el_demonstration *demonstration = chosen[*count - 1 - i];
        (*list)[i] = (struct el_prompt_demonstration){.text = demonstration->text,
                                                      .spans = demonstration->spans,
                                                      .n_spans = demonstration->n_spans,
                                                      .marks = demonstration->marks,
                                                      .n_marks = demonstration->n_marks};
    }
    return true;
}

/* Span strings are folded as those of a pool are. */
static bool render_embedding(const struct el_work *work, const struct el_question *question,
                             struct el_arena *arena, struct el_call *call, struct el_error *err) {
    size_t n = question->n_mentions > 0 ? question->n_mentions : 1;
    const char **inputs = el_arena_array(arena, n, sizeof *inputs);
    if (inputs == NULL) {
        return el_fail_memory(err);
    }
    inputs[0] = work->text;
    for (size_t i = 0; i < question->n_mentions; i++) {
        const char *text = work->pre.items[question->first_mention + i].text;
        size_t len;
        inputs[i] = el_text_fold(arena, text, strlen(text), false, &len);
        if (inputs[i] == NULL) {
            return el_fail_memory(err);
        }
    }
    *call = (struct el_call){.member = question->member,
                             .stage = question->stage,
                             .order = work->order,
                             .inputs = inputs,
                             .n_inputs = n};
    return true;
}

/* The part of the mentions that a prompt about the question's first one shows. */
static size_t first_of_part(const struct el_question *question) {
    return question->first_mention - question->first_mention % EL_SPANS_PER_CALL;
}

static size_t size_of_part(const struct el_work *work, size_t first) {
    size_t left = work->mentions.count - first;
    return left < EL_SPANS_PER_CALL ? left : EL_SPANS_PER_CALL;
}

/* What was found in that part, with types. */
static bool list_candidates(const struct el_context *context, const struct el_work *work,
                            const struct el_question *question, struct el_arena *arena,
                            struct el_prompt_span **candidates, size_t *count) {
    size_t first = first_of_part(question), end = first + size_of_part(work, first);
    *candidates = el_arena_array(arena, EL_SPANS_PER_CALL, sizeof **candidates);
    *count = 0;
    for (size_t i = first; *candidates != NULL && i < end; i++) {
        const struct el_mention *mention = &work->mentions.items[i];
        if (mention->type >= 0) {
            (*candidates)[(*count)++] = (struct el_prompt_span){
                .text = mention->text, .type = context->types[mention->type].name};
        }
    }
    return *candidates != NULL;
}

static bool wants_shares(const struct el_context *context, const struct el_question *question) {
    return context->settings.profile != EL_PROFILE_PAPER &&
           (question->kind == EL_PROMPT_CLASSIFY ||
            (question->kind == EL_PROMPT_EXTRACT && context->settings.some == EL_SOME_ON));
}

/* What a prompt shows besides the demonstrations. */
static bool fill_prompt(const struct el_context *context, const struct el_work *work,
                        const struct el_question *question, struct el_arena *arena,
                        struct el_prompt_data *data) {
    bool verify = question->kind == EL_PROMPT_VERIFY;
    bool typeless = question->kind == EL_PROMPT_PREEXTRACT && !context->settings.zero_shot_pretypes;
    bool one =
        question->kind == EL_PROMPT_CLASSIFY && el_asks_one_by_one(context, question->member);
    size_t first = one ? first_of_part(question) : question->first_mention;
    size_t n_spans = one ? size_of_part(work, first) : question->n_mentions, n_candidates = 0;
    struct el_prompt_span *candidates = NULL;
    struct el_prompt_span *spans = el_arena_array(arena, n_spans, sizeof *spans);
    if (spans == NULL ||
        (verify && !list_candidates(context, work, question, arena, &candidates, &n_candidates))) {
        return false;
    }
    for (size_t i = 0; i < n_spans; i++) {
        const struct el_mention *mention = &work->mentions.items[first + i];
        spans[i].text = mention->text;
        spans[i].type = verify ? context->types[mention->type].name : NULL;
    }
    *data = (struct el_prompt_data){.types = context->types,
                                    .n_types = typeless ? 0 : context->n_types,
                                    .text = work->text,
                                    .spans = spans,
                                    .n_spans = n_spans,
                                    .asked = one ? &spans[question->first_mention - first] : NULL,
                                    .candidates = candidates,
                                    .n_candidates = n_candidates};
    return true;
}

/* How many demonstrations a prompt of this set may show. */
static size_t most_demonstrations(const struct el_prompt_set *set,
                                  const struct el_question *question) {
    size_t n = question->n_demonstrations;
    if (question->kind == EL_PROMPT_VERIFY && set->head == NULL) {
        return 0; /* such prompts show none */
    }
    return set->max_demonstrations > 0 && n > set->max_demonstrations ? set->max_demonstrations : n;
}

bool el_question_render(const struct el_context *context, const struct el_work *work,
                        struct el_question *question, struct el_arena *arena, struct el_call *call,
                        struct el_error *err) {
    if (question->embed) {
        return render_embedding(work, question, arena, call, err);
    }
    const struct el_prompt_set *set = context->prompts[question->member];
    size_t room = context->capabilities[question->member]->context;
    size_t max_tokens = answer_tokens(context, work, question);
    bool with_spans = question->kind == EL_PROMPT_CLASSIFY && set->head == NULL;
    struct el_prompt_data data;
    if (!fill_prompt(context, work, question, arena, &data)) {
        return el_fail_memory(err);
    }
    question->n_demonstrations = most_demonstrations(set, question);
    for (;;) {
        struct el_prompt_demonstration *demonstrations;
        if (!choose_demonstrations(context, work, question, with_spans, arena, &demonstrations,
                                   &data.n_demonstrations)) {
            return el_fail_memory(err);
        }
        data.demonstrations = demonstrations;
        question->n_demonstrations = data.n_demonstrations;
        *call = (struct el_call){.member = question->member,
                                 .stage = question->stage,
                                 .order = work->order,
                                 .max_tokens = max_tokens,
                                 .want_yes_probability = question->kind == EL_PROMPT_VERIFY,
                                 .want_shares = wants_shares(context, question)};
        if (!el_prompt_render(set, question->kind, &data, arena, call, err)) {
            return false;
        }
        call->constraint.nested = context->settings.nested;
        call->constraint.loose = data.n_demonstrations == 0;
        call->constraint.some = question->kind == EL_PROMPT_EXTRACT && data.n_demonstrations > 0 &&
                                asks_for_some(context, question->member);
        if (data.n_demonstrations == 0 || room == 0 ||
            el_estimate_call(call) + max_tokens <= room) {
            return true;
        }
        question->n_demonstrations--; /* the farthest goes first */
        question->n_dropped++;
    }
}
