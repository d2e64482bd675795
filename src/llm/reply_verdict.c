/* The verifier's answer: a word of the set, or a common word for yes or no, with chatter around. */
#include "llm/reply_items.h"

#include <string.h>

static bool one_of(struct el_piece word, const char *const *words) {
    while (*words != NULL && !el_piece_is(word, *words)) {
        words++;
    }
    return *words != NULL;
}

static enum el_verdict meaning(const struct el_prompt_set *set, struct el_piece word) {
    static const char *const yes[] = {"yes", "true", "correct", "right", NULL};
    static const char *const no[] = {"no", "false", "incorrect", "wrong", "not", NULL};
    if (el_piece_is(word, set->yes) || one_of(word, yes)) {
        return EL_VERDICT_YES;
    }
    return el_piece_is(word, set->no) || one_of(word, no) ? EL_VERDICT_NO : EL_VERDICT_UNREADABLE;
}

static bool letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (unsigned char)c >= 0x80;
}

enum el_verdict el_parse_verdict(const struct el_prompt_set *set, const char *reply,
                                 size_t reply_len) {
    for (size_t at = 0; at < reply_len;) {
        size_t end = at;
        while (end < reply_len && letter(reply[end])) {
            end++;
        }
        enum el_verdict verdict = meaning(set, (struct el_piece){reply + at, end - at});
        if (verdict != EL_VERDICT_UNREADABLE) {
            return verdict;
        }
        at = end == at ? at + 1 : end;
    }
    return EL_VERDICT_UNREADABLE;
}
