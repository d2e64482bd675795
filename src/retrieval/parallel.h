/* Spread independent pieces of work over threads that live for one call. */
#ifndef EL_RETRIEVAL_PARALLEL_H
#define EL_RETRIEVAL_PARALLEL_H

#include <stddef.h>

/* How many threads to use when `wanted` is 0: the processors this process may run on. */
size_t el_thread_count(size_t wanted);

/* Call run(context, i) once for each i below `count`, on up to `threads` threads, and wait. `run`
 * must be thread-safe for different i. Where no thread can be started the caller does it all. */
void el_parallel(size_t threads, size_t count, void (*run)(void *context, size_t i), void *context);

#endif
