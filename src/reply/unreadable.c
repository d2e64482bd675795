#include "reply/unreadable.h"

#include "base/ascii.h"
#include "reply/answer.h"
#include "reply/piece.h"

#include <string.h>

static bool declines(struct el_piece text) {
    static const char *const words[] = {
        "i'm sorry",     "i am sorry", "i cannot",    "i can't",       "i can\xE2\x80\x99t",
        "i can not",     "i'm unable", "i am unable", "i'm not able",  "i am not able",
        "as an ai",      "i won't",    "i will not",  "cannot assist", "can't assist",
        "cannot comply", "can't help", "cannot help"};
    enum { FAR = 300 }; /* bytes: an answer that declines does so early */
    size_t len = text.len < FAR ? text.len : FAR;
    for (size_t at = 0; at < len; at++) {
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
            size_t n = strlen(words[i]);
            if (at + n <= len && el_ascii_begins(text.text + at, words[i], n)) {
                return true;
            }
        }
    }
    return false;
}

enum el_unreadable el_why_unreadable(const char *reply, size_t reply_len, bool cut) {
    struct el_piece whole = el_piece_trim((struct el_piece){reply, reply_len});
    struct el_piece answer = el_piece_trim(el_without_thoughts(whole));
    if (whole.len == 0) {
        return cut ? EL_UNREADABLE_THINKING : EL_UNREADABLE_EMPTY;
    }
    return answer.len == 0    ? EL_UNREADABLE_THINKING
           : cut              ? EL_UNREADABLE_CUT
           : declines(answer) ? EL_UNREADABLE_REFUSED
                              : EL_UNREADABLE_OTHER;
}
