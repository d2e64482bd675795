#include "reply/items.h"

#include "base/array.h"

#include <string.h>

void el_items_add(struct el_items *items, struct el_piece span, struct el_piece type) {
    if (!EL_ARENA_GROW(items->arena, items->list, items->room, items->count + 1)) {
        items->memory = true;
        return;
    }
    items->list[items->count++] = (struct el_item){span, type};
}

static struct el_piece copy_of(struct el_items *items, struct el_piece piece) {
    if (piece.text != NULL) {
        piece.text = el_arena_copy(items->arena, piece.text, piece.len);
        items->memory |= piece.text == NULL;
    }
    return piece;
}

void el_items_copy(struct el_items *items, struct el_piece span, struct el_piece type) {
    span = copy_of(items, span);
    type = copy_of(items, type);
    if (!items->memory) {
        el_items_add(items, span, type);
    }
}

void el_items_add_pair(struct el_items *items, struct el_piece a, struct el_piece b) {
    struct el_known *known = items->known;
    bool a_span = el_is_span(known, a), b_span = el_is_span(known, b), turned = !a_span && b_span;
    if (known->classify && a_span && b_span) {
        turned = el_which_type(known, b) < 0 && el_which_type(known, a) >= 0;
    }
    struct el_piece span = turned ? b : a, type = turned ? a : b;
    if (el_says_none(type) || (el_says_none(span) && !a_span && !b_span)) {
        items->says_none = true;
    } else {
        el_items_copy(items, el_piece_trim(span), type);
    }
}

bool el_is_unfinished(const struct el_items *items, struct el_piece piece) {
    return items->end != NULL && piece.text != NULL && piece.text + piece.len == items->end;
}
