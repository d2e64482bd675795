#include "serving/client_private.h"

#include "base/array.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

void el_set_text(char *into, size_t room, const char *text) {
    size_t len = strlen(text);
    len = len < room ? len : el_utf8_valid_prefix(text, room - 1);
    memcpy(into, text, len);
    into[len] = '\0';
}

static bool before(const struct el_job *a, const struct el_job *b) {
    return a->rank != b->rank ? a->rank < b->rank : a->sequence < b->sequence;
}

bool el_queue_push(struct el_queue *queue, struct el_job *job, uint64_t rank) {
    if (!EL_GROW(queue->jobs, queue->capacity, queue->len + 1)) {
        return false;
    }
    size_t at = queue->len++;
    job->rank = rank;
    for (; at > 0 && before(job, queue->jobs[(at - 1) / 2]); at = (at - 1) / 2) {
        queue->jobs[at] = queue->jobs[(at - 1) / 2];
    }
    queue->jobs[at] = job;
    return true;
}

struct el_job *el_queue_pop(struct el_queue *queue) {
    if (queue->len == 0) {
        return NULL;
    }
    struct el_job *top = queue->jobs[0], *last = queue->jobs[--queue->len];
    size_t at = 0, child;
    while ((child = 2 * at + 1) < queue->len) {
        if (child + 1 < queue->len && before(queue->jobs[child + 1], queue->jobs[child])) {
            child++;
        }
        if (!before(queue->jobs[child], last)) {
            break;
        }
        queue->jobs[at] = queue->jobs[child];
        at = child;
    }
    if (queue->len > 0) {
        queue->jobs[at] = last;
    }
    return top;
}

struct el_job *el_queue_take(struct el_queue *queue,
                             bool (*wanted)(void *context, struct el_job *job), void *context) {
    struct el_job *taken = NULL;
    size_t n = queue->len;
    queue->len = 0;
    for (size_t i = 0; i < n; i++) {
        struct el_job *job = queue->jobs[i];
        if (wanted(context, job)) {
            job->next = taken;
            taken = job;
        } else {
            el_queue_push(queue, job, job->rank); /* there is room: none are more than before */
        }
    }
    return taken;
}
