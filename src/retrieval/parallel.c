#include "retrieval/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

enum { MOST_THREADS = 64 };

size_t el_thread_count(size_t wanted) {
    if (wanted == 0) {
        cpu_set_t set;
        long online = sysconf(_SC_NPROCESSORS_ONLN);
        wanted = online > 0 ? (size_t)online : 1;
        if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) {
            wanted = (size_t)CPU_COUNT(&set);
        }
    }
    return wanted > MOST_THREADS ? MOST_THREADS : wanted;
}

struct work {
    atomic_size_t next;
    size_t count;
    void (*run)(void *context, size_t i);
    void *context;
};

static void *work_on(void *argument) {
    struct work *work = argument;
    for (size_t i; (i = atomic_fetch_add(&work->next, 1)) < work->count;) {
        work->run(work->context, i);
    }
    return NULL;
}

void el_parallel(size_t threads, size_t count, void (*run)(void *context, size_t i),
                 void *context) {
    struct work work = {.count = count, .run = run, .context = context};
    pthread_t started[MOST_THREADS];
    size_t n = 0;
    atomic_init(&work.next, 0);
    threads = threads < count ? threads : count;
    while (n + 1 < threads && n < MOST_THREADS &&
           pthread_create(&started[n], NULL, work_on, &work) == 0) {
        n++;
    }
    work_on(&work);
    for (size_t i = 0; i < n; i++) {
        pthread_join(started[i], NULL);
    }
}
