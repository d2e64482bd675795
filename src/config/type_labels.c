/* Which of the asked types does a label of a pool or a test file mean? */
#include "base/text.h"
#include "config/config.h"

#include <string.h>

/* Labels are compared case-folded, with '_' and '-' as spaces. */
static const char *fold_label(struct el_arena *arena, const char *label) {
    char *copy = el_arena_string(arena, label);
    for (char *c = copy; c != NULL && *c != '\0'; c++) {
        *c = *c == '_' || *c == '-' ? ' ' : *c;
    }
    size_t len;
    return copy == NULL ? NULL : el_text_fold(arena, copy, strlen(copy), true, &len);
}

static bool type_has_label(struct el_arena *arena, const struct el_type *type, const char *label,
                           bool *matches) {
    size_t n = type->n_aliases + 2;
    *matches = false;
    for (size_t i = 0; i < n && !*matches; i++) {
        const char *name = i == 0 ? type->name : i == 1 ? type->wording : type->aliases[i - 2];
        const char *folded = fold_label(arena, name);
        if (folded == NULL) {
            return false;
        }
        *matches = strcmp(folded, label) == 0;
    }
    return true;
}

bool el_config_type_of_label(const struct el_config *config, const char *label, int *type) {
    struct el_arena scratch = {0};
    const char *folded = fold_label(&scratch, label);
    bool ok = folded != NULL;
    *type = -1;
    for (size_t t = 0; ok && t < config->n_types && *type < 0; t++) {
        bool matches;
        ok = type_has_label(&scratch, &config->types[t], folded, &matches);
        *type = ok && matches ? (int)t : -1;
    }
    el_arena_free(&scratch);
    return ok;
}
