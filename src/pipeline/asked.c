#include "pipeline/asked.h"

#include "language/same_language.h"

static bool has_labels_of(const struct el_context *context, size_t type) {
    size_t n = el_pool_get_info(context->pool)->n_types;
    bool has = false;
    for (size_t p = 0; p < n && !has; p++) {
        has = context->pool_types[p] == (int)type;
    }
    return has;
}

static void name_labels(const struct el_context *context, struct el_buffer *message) {
    enum { MOST = 20 };
    const struct el_pool_info *info = el_pool_get_info(context->pool);
    el_buffer_string(message, info->n_types > 0 ? "" : "unknown");
    for (size_t i = 0; i < info->n_types && i < MOST; i++) {
        el_buffer_printf(message, "%s%.40s", i > 0 ? ", " : "", info->types[i]);
    }
    el_buffer_string(message, info->n_types > MOST ? ", ..." : "");
}

/* The types that it has no label for. */
static void name_lacking(const struct el_context *context, struct el_buffer *names) {
    for (size_t t = 0; t < context->n_types; t++) {
        if (!has_labels_of(context, t)) {
            el_buffer_printf(names, "%s'%.40s'", names->len > 0 ? ", " : "",
                             context->asked[t].name);
        }
    }
}

static void warn_of_pool(const struct el_context *context, bool only_labels,
                         struct el_buffer *message) {
    struct el_buffer lacking = {0};
    name_lacking(context, &lacking);
    if (lacking.len > 0) {
        el_buffer_printf(message, "the pool has %s%s, so no %s; its labels are ",
                         context->pool_lacks_types ? "none of the requested types"
                                                   : "no label for ",
                         context->pool_lacks_types ? "" : lacking.data,
                         only_labels                 ? "such entity is found"
                         : context->pool_lacks_types ? "demonstrations are shown"
                                                     : "demonstration shows any");
        name_labels(context, message);
        el_buffer_string(message, ": ask for one of these, make it one of the `aliases` of a type, "
                                  "or give another --pool");
    }
    message->failed = message->failed || lacking.failed;
    el_buffer_free(&lacking);
}

const char *el_types_warning(const struct el_context *context, const struct el_settings *settings,
                             struct el_arena *arena) {
    bool only_labels = el_settings_hear_nobody(settings);
    struct el_buffer message = {0};
    if (context->pool != NULL && (only_labels || settings->demonstrations > 0)) {
        warn_of_pool(context, only_labels, &message);
    } else if (context->pool == NULL && only_labels) {
        el_buffer_string(&message, "nothing can be found: the judgement looks at nothing but the "
                                   "labels of a pool, and there is none");
    }
    const char *kept =
        message.failed ? NULL : el_arena_string(arena, message.len > 0 ? message.data : "");
    el_buffer_free(&message);
    return kept;
}

/* By label the number of the asked type that it means, or -1. NULL if out of memory. */
static int *map_labels(const struct el_context *context, struct el_arena *arena,
                       const char *const *labels, size_t n) {
    int *map = el_arena_array(arena, n, sizeof *map);
    for (size_t p = 0; map != NULL && p < n; p++) {
        if (!el_type_of_label(context->asked, context->n_types, labels[p], &map[p])) {
            return NULL;
        }
    }
    return map;
}

static bool map_pool_types(struct el_context *context, struct el_arena *arena,
                           struct el_error *err) {
    const struct el_pool_info *info = el_pool_get_info(context->pool);
    int *map = map_labels(context, arena, info->types, info->n_types);
    bool *allowed = el_arena_array(arena, info->n_types, sizeof *allowed);
    if (map == NULL || allowed == NULL) {
        return el_fail_memory(err);
    }
    context->pool_lacks_types = true;
    for (size_t p = 0; p < info->n_types; p++) {
        allowed[p] = map[p] >= 0;
        context->pool_lacks_types = context->pool_lacks_types && !allowed[p];
    }
    context->pool_types = map;
    context->pool_allowed = allowed;
    return true;
}

bool el_context_map_prior(struct el_context *context, struct el_arena *arena,
                          struct el_error *err) {
    size_t n;
    const char *const *labels = el_prior_types(context->prior, &n);
    int *map = map_labels(context, arena, labels, n);
    bool *knows = el_arena_array(arena, context->n_types, sizeof *knows);
    if (map == NULL || knows == NULL) {
        return el_fail_memory(err);
    }
    for (size_t p = 0; p < n; p++) {
        if (map[p] >= 0) {
            knows[map[p]] = true;
        }
    }
    context->prior_types = map;
    context->prior_knows = knows;
    return true;
}

bool el_context_set_types(struct el_context *context, struct el_arena *arena,
                          const struct el_type *types, size_t n, struct el_error *err) {
    struct el_prompt_type *read = el_arena_array(arena, n, sizeof *read);
    if (read == NULL) {
        return el_fail_memory(err);
    }
    for (size_t t = 0; t < n; t++) {
        const char **also = el_arena_array(arena, types[t].n_aliases + 1, sizeof *also);
        if (also == NULL) {
            return el_fail_memory(err);
        }
        also[0] = types[t].name;
        for (size_t a = 0; a < types[t].n_aliases; a++) {
            also[a + 1] = types[t].aliases[a];
        }
        read[t] = (struct el_prompt_type){.name = types[t].wording,
                                          .description = types[t].description,
                                          .also = also,
                                          .n_also = types[t].n_aliases + 1};
    }
    context->asked = types;
    context->types = read;
    context->n_types = n;
    return (context->pool == NULL || map_pool_types(context, arena, err)) &&
           (context->prior == NULL || el_context_map_prior(context, arena, err));
}

static bool is_meant_for(const struct el_member_config *member,
                         const struct el_language *language) {
    bool meant = member->n_languages == 0;
    for (size_t i = 0; !meant && i < member->n_languages; i++) {
        struct el_language own = el_language_by_code(member->languages[i]);
        meant = el_language_same(&own, language);
    }
    return meant;
}

/* Whether they were reached plays a part only where it is known: not in an estimate. */
el_member_set el_members_for(const struct el_context *context, const struct el_work *work) {
    el_member_set limited = 0, meant = 0, reached = 0;
    for (size_t m = 0; m < context->n_members; m++) {
        el_member_set one = context->members & (el_member_set)1 << m;
        limited |= context->config->members[m].n_languages > 0 ? one : 0;
        reached |= context->capabilities[m]->reached ? one : 0;
    }
    if (limited == 0) {
        return context->members;
    }
    struct el_language language = el_language_of(work->text, work->text_len, work->lang);
    for (size_t m = 0; m < context->n_members; m++) {
        bool takes_part = (context->members >> m & 1) != 0;
        if (takes_part && is_meant_for(&context->config->members[m], &language)) {
            meant |= (el_member_set)1 << m;
        }
    }
    bool answers = reached == 0 || (meant & reached) != 0;
    return meant != 0 && answers ? meant : context->members;
}

void el_context_settle(struct el_context *context) {
    struct el_settings *settings = &context->settings;
    *settings = context->configured;
    bool labels = context->pool != NULL && !context->pool_lacks_types;
    const struct el_judge *judge = settings->judge;
    if (!labels && judge != NULL &&
        (judge->kind == EL_JUDGE_GENERAL || judge->kind == EL_JUDGE_TRAINED)) {
        settings->judge = NULL;
    }
    el_settings_settle(settings);
    if (settings->verifier == EL_VERIFY_AUTO) {
        settings->verifier = settings->judge != NULL ? EL_VERIFY_NONE : EL_VERIFY_MEMBER;
    }
}
