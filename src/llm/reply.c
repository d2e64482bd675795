/* From the items that a reader found to spans, types and verdicts. */
#include "llm/reply.h"

#include "base/text.h"
#include "llm/reply_items.h"

#include <stdlib.h>
#include <string.h>

/* ---- items -------------------------------------------------------------------------------- */

void el_items_add(struct el_items *items, struct el_piece span, struct el_piece type) {
    if (items->count == items->room) {
        size_t room = items->room == 0 ? 16 : items->room * 2;
        struct el_item *more = el_arena_array(items->arena, room, sizeof *more);
        if (more == NULL) {
            items->memory = true;
            return;
        }
        if (items->count > 0) {
            memcpy(more, items->list, items->count * sizeof *more);
        }
        items->list = more;
        items->room = room;
    }
    items->list[items->count++] = (struct el_item){span, type};
}

/* The length of the white space that `text` begins with. */
static size_t white_prefix(const char *text, size_t len) {
    static const char *const wide[] = {"\xC2\xA0", "\xE3\x80\x80", "\xEF\xBB\xBF"};
    if (len > 0 && strchr(" \t\r\n\v\f", text[0]) != NULL) {
        return 1;
    }
    for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
        size_t n = strlen(wide[i]);
        if (len >= n && memcmp(text, wide[i], n) == 0) {
            return n;
        }
    }
    return 0;
}

struct el_piece el_piece_trim(struct el_piece piece) {
    size_t n;
    while ((n = white_prefix(piece.text, piece.len)) > 0) {
        piece.text += n;
        piece.len -= n;
    }
    for (;;) {
        size_t back = 1;
        while (back < 3 && back < piece.len &&
               ((unsigned char)piece.text[piece.len - back] & 0xC0) == 0x80) {
            back++;
        }
        if (piece.len < back || white_prefix(piece.text + piece.len - back, back) != back) {
            return piece;
        }
        piece.len -= back;
    }
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool el_piece_is(struct el_piece piece, const char *word) {
    for (size_t i = 0; i < piece.len; i++) {
        if (word[i] == '\0' || lower(piece.text[i]) != lower(word[i])) {
            return false;
        }
    }
    return word[piece.len] == '\0';
}

/* ---- spans -------------------------------------------------------------------------------- */

struct place {
    const char *text;
    size_t number;
};

static int by_text(const void *left, const void *right) {
    const struct place *a = left, *b = right;
    int order = strcmp(a->text, b->text);
    return order != 0 ? order : a->number < b->number ? -1 : a->number > b->number;
}

/* The distinct spans among the items, in order: a looping reply says the same over and over.
 * Sorted, not hashed, so that no reply can be made up that takes quadratic time. */
static bool distinct(struct el_arena *arena, const struct el_items *items,
                     struct el_strings *spans) {
    const char **texts = el_arena_array(arena, items->count, sizeof *texts);
    struct place *places = el_arena_array(arena, items->count, sizeof *places);
    size_t n = 0;
    if (texts == NULL || places == NULL) {
        return false;
    }
    for (size_t i = 0; i < items->count; i++) {
        struct el_piece piece = el_piece_trim(items->list[i].span);
        if (piece.len > 0 && memchr(piece.text, '\0', piece.len) == NULL) {
            texts[n] = el_arena_copy(arena, piece.text, piece.len);
            if (texts[n] == NULL) {
                return false;
            }
            places[n] = (struct place){texts[n], n};
            n++;
        }
    }
    qsort(places, n, sizeof *places, by_text);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(places[i].text, places[i - 1].text) == 0) {
            texts[places[i].number] = NULL;
        }
    }
    spans->items = texts;
    spans->count = 0;
    for (size_t i = 0; i < n; i++) {
        if (texts[i] != NULL) {
            texts[spans->count++] = texts[i];
        }
    }
    return true;
}

enum el_readable el_parse_spans(struct el_arena *arena, const struct el_prompt_set *set,
                                const char *reply, size_t reply_len, bool cut, const char *sentence,
                                struct el_strings *spans) {
    (void)sentence;
    struct el_items items = {.arena = arena};
    *spans = (struct el_strings){0};
    if (set->form != EL_ANSWER_SEPARATED) {
        return EL_READ_NOTHING;
    }
    el_read_separated(&items, set, (struct el_piece){reply, reply_len}, cut);
    if (items.memory || !distinct(arena, &items, spans)) {
        return EL_READ_MEMORY;
    }
    return EL_READ_OK;
}

/* ---- types -------------------------------------------------------------------------------- */

/* A type's name as it is compared: case folded, '_' and '-' as spaces, no plural 's'. */
static struct el_piece plain_type(struct el_arena *arena, struct el_piece name) {
    size_t len = 0;
    char *text = el_arena_copy(arena, name.text, name.len);
    for (size_t i = 0; text != NULL && i < name.len; i++) {
        text[i] = text[i] == '_' || text[i] == '-' ? ' ' : text[i];
    }
    text = text != NULL ? el_text_fold(arena, text, name.len, true, &len) : NULL;
    if (text != NULL && len > 1 && text[len - 1] == 's') {
        len--;
    }
    return (struct el_piece){text, len};
}

static bool same(struct el_piece a, struct el_piece b) {
    return a.len == b.len && memcmp(a.text, b.text, a.len) == 0;
}

enum el_readable el_parse_types(struct el_arena *arena, const struct el_prompt_set *set,
                                const char *reply, size_t reply_len, bool cut,
                                const char *const *spans, size_t n_spans,
                                const struct el_prompt_type *types, size_t n_types, int *choice) {
    (void)spans;
    struct el_items items = {.arena = arena};
    struct el_piece *names = el_arena_array(arena, n_types, sizeof *names);
    if (set->form != EL_ANSWER_SEPARATED) {
        return EL_READ_NOTHING;
    }
    el_read_separated(&items, set, (struct el_piece){reply, reply_len}, cut);
    if (names == NULL || items.memory) {
        return EL_READ_MEMORY;
    }
    for (size_t t = 0; t < n_types; t++) {
        names[t] = plain_type(arena, (struct el_piece){types[t].name, strlen(types[t].name)});
        if (names[t].text == NULL) {
            return EL_READ_MEMORY;
        }
    }
    enum el_readable readable = n_spans == 0 ? EL_READ_OK : EL_READ_NOTHING;
    for (size_t i = 0; i < n_spans; i++) {
        choice[i] = -1;
        if (i < items.count) {
            struct el_piece name = plain_type(arena, items.list[i].span);
            if (name.text == NULL) {
                return EL_READ_MEMORY;
            }
            for (size_t t = 0; t < n_types && choice[i] < 0; t++) {
                choice[i] = same(name, names[t]) ? (int)t : -1;
            }
        }
        readable = choice[i] >= 0 ? EL_READ_OK : readable;
    }
    return readable;
}
