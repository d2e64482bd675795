#include "base/array.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 16 };

static size_t larger(size_t room, size_t wanted) {
    size_t twice = room == 0 ? FIRST_ROOM : room > SIZE_MAX / 2 ? SIZE_MAX : room * 2;
    return twice < wanted ? wanted : twice;
}

/* `items` is the address of a pointer of any type, so it is read and written as bytes. */
bool el_grow(void *items, size_t *room, size_t wanted, size_t size) {
    if (wanted <= *room) {
        return true;
    }
    void *old;
    size_t more = larger(*room, wanted);
    memcpy(&old, items, sizeof old);
    void *grown = more <= SIZE_MAX / size ? realloc(old, more * size) : NULL;
    if (grown == NULL) {
        return false;
    }
    memcpy(items, &grown, sizeof grown);
    *room = more;
    return true;
}

bool el_arena_grow(struct el_arena *arena, void *items, size_t *room, size_t wanted, size_t size) {
    if (wanted <= *room) {
        return true;
    }
    void *old;
    size_t more = larger(*room, wanted);
    memcpy(&old, items, sizeof old);
    void *grown = el_arena_array(arena, more, size);
    if (grown == NULL) {
        return false;
    }
    if (*room > 0) {
        memcpy(grown, old, *room * size);
    }
    memcpy(items, &grown, sizeof grown);
    *room = more;
    return true;
}
