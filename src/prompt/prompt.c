#include "prompt/prompt.h"

#include "base/json.h"
#include "prompt/clean.h"
#include "prompt/render.h"

#include <string.h>

static bool white(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool fill_messages(const struct el_buffer *text, const struct el_template_message *found,
                          size_t count, struct el_arena *arena, struct el_call *call) {
    struct el_message *messages = el_arena_array(arena, count, sizeof *messages);
    for (size_t i = 0; messages != NULL && i < count; i++) {
        size_t start = found[i].start, end = found[i].end;
        while (start < end && white(text->data[start])) {
            start++;
        }
        while (end > start && white(text->data[end - 1])) {
            end--;
        }
        messages[i].role = found[i].role;
        messages[i].content =
            el_arena_copy(arena, start < end ? text->data + start : "", end - start);
        if (messages[i].content == NULL) {
            return false;
        }
    }
    call->messages = messages;
    call->n_messages = count;
    return messages != NULL;
}

/* A copy of `text` as the prompt shows it. */
static const char *as_shown(const struct el_prompt_set *set, const char *text,
                            struct el_arena *arena) {
    struct el_buffer clean = {0};
    el_buffer_string(&clean, "");
    el_prompt_clean(set, text, false, &clean);
    const char *copy = clean.failed ? NULL : el_arena_copy(arena, clean.data, clean.len);
    el_buffer_free(&clean);
    return copy;
}

/* {"span": " */
static bool begin_answer(struct el_constraint *constraint, struct el_arena *arena) {
    struct el_buffer begun = {0};
    el_buffer_char(&begun, '{');
    el_json_string(&begun, constraint->spans[0], strlen(constraint->spans[0]));
    el_buffer_string(&begun, ": \"");
    constraint->begun = begun.failed ? NULL : el_arena_copy(arena, begun.data, begun.len);
    el_buffer_free(&begun);
    return constraint->begun != NULL;
}

static bool fill_constraint(const struct el_prompt_set *set, enum el_prompt_kind kind,
                            const struct el_prompt_data *data, struct el_arena *arena,
                            struct el_constraint *constraint) {
    *constraint = (struct el_constraint){.kind = kind == EL_PROMPT_VERIFY     ? EL_YES_NO
                                                 : kind == EL_PROMPT_CLASSIFY ? EL_LIST_OF_TYPES
                                                                              : EL_LIST_OF_SPANS};
    if (set->form == EL_ANSWER_MARKED) {
        constraint->open = set->open;
        constraint->close = set->close;
        constraint->is = set->is;
        constraint->separator = set->separator;
    }
    if (constraint->kind == EL_LIST_OF_SPANS) {
        constraint->text = as_shown(set, data->text, arena);
        return constraint->text != NULL;
    }
    bool verdict = constraint->kind == EL_YES_NO;
    size_t n = verdict ? 2 : data->n_types;
    const char **choices = el_arena_array(arena, n, sizeof *choices);
    const char **spans = el_arena_array(arena, data->n_spans, sizeof *spans);
    if (choices == NULL || spans == NULL) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        choices[i] =
            verdict ? (i == 0 ? set->yes : set->no) : as_shown(set, data->types[i].name, arena);
        if (choices[i] == NULL) {
            return false;
        }
    }
    const struct el_prompt_span *asked = data->asked != NULL ? data->asked : data->spans;
    size_t n_asked = data->asked != NULL ? 1 : data->n_spans;
    for (size_t i = 0; !verdict && i < n_asked; i++) {
        spans[i] = as_shown(set, asked[i].text, arena);
        if (spans[i] == NULL) {
            return false;
        }
    }
    constraint->choices = choices;
    constraint->n_choices = n;
    constraint->spans = verdict ? NULL : spans;
    constraint->n_items = verdict ? 0 : n_asked;
    return data->asked == NULL || begin_answer(constraint, arena);
}

bool el_prompt_render(const struct el_prompt_set *set, enum el_prompt_kind kind,
                      const struct el_prompt_data *data, struct el_arena *arena,
                      struct el_call *call, struct el_error *err) {
    struct el_prompt_data shown = *data;
    if (set->max_demonstrations > 0 && shown.n_demonstrations > set->max_demonstrations) {
        shown.demonstrations += shown.n_demonstrations - set->max_demonstrations;
        shown.n_demonstrations = set->max_demonstrations;
    }
    struct el_buffer text = {0};
    struct el_template_message *messages = NULL;
    size_t n_messages = 0;
    el_buffer_string(&text, "");
    const struct el_template *parts[] = {set->head, set->templates[kind]};
    size_t without = set->head == NULL;
    bool fine = el_template_render(parts + without, 2 - without, set, &shown, arena, &text,
                                   &messages, &n_messages, err);
    if (fine) {
        call->prompt = NULL;
        call->messages = NULL;
        call->n_messages = 0;
        fine = set->chat ? fill_messages(&text, messages, n_messages, arena, call)
                         : (call->prompt = el_arena_copy(arena, text.data, text.len)) != NULL;
        fine = fine && fill_constraint(set, kind, &shown, arena, &call->constraint);
        fine = fine || el_fail_memory(err);
    }
    el_buffer_free(&text);
    call->stop = (const char *const *)set->stop;
    call->n_stop = set->n_stop;
    call->special_tokens = set->special_tokens;
    call->shared = set->head != NULL;
    return fine;
}
