/* When to try again, how much to send at once, and when to leave an endpoint alone. Pure state
 * machines over a clock that the caller reads; no I/O. All times are monotonic seconds. */
#ifndef EL_SERVING_RETRY_H
#define EL_SERVING_RETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* xorshift64*: spreads retries in time; never touches a result. The state must not be 0. */
double el_jitter(uint64_t *state); /* in [0, 1) */

/* Seconds to wait before try number `tries` + 1 (tries >= 1): 0.5, 1, 2, 4 ... at most 30, each
 * between half and all of it. */
double el_backoff(unsigned tries, uint64_t *jitter);

/* Retry-After: seconds or an HTTP date (`now_unix` is the wall clock for it). False if unreadable;
 * at most 600 seconds. */
bool el_retry_after(const char *value, double now_unix, double *seconds);

/* An endpoint after trouble. Closed: calls flow. Resting: none do until `rests_until`; then one
 * try is let through, and its outcome closes the breaker or lengthens the rest. */
struct el_breaker {
    unsigned budget;    /* failed tries in a row after which the endpoint counts as dead */
    unsigned failures;  /* in a row */
    unsigned rests;     /* in a row */
    double rests_until; /* 0 = closed */
    bool trying;        /* the one try after a rest is under way */
    bool dead;          /* calls are answered with a failure until a later try succeeds */
};

bool el_breaker_lets(const struct el_breaker *breaker, double now);
void el_breaker_sent(struct el_breaker *breaker);
void el_breaker_succeeded(struct el_breaker *breaker);
void el_breaker_failed(struct el_breaker *breaker, double now, uint64_t *jitter);
/* The server asked for a pause (Retry-After): rest without counting a failure. */
void el_breaker_pause(struct el_breaker *breaker, double until);
/* A try ended without telling anything about the endpoint (cancelled). */
void el_breaker_released(struct el_breaker *breaker);

/* Calls in flight at one endpoint: additive increase, multiplicative decrease. Grows by one a
 * round of answers while latency holds (below twice the best seen), halves on 429, 503 and
 * time-outs, at most once a round. */
struct el_limit {
    double allowed;
    size_t ceiling;      /* never more than this */
    bool fixed;          /* the server's or the user's own number: grows back at once */
    double best_latency; /* smoothed minimum, seconds; 0 = none yet */
    double halved_at;
};

void el_limit_init(struct el_limit *limit, size_t slots); /* 0 = not known: starts at 4 */
size_t el_limit_now(const struct el_limit *limit);
void el_limit_answered(struct el_limit *limit, double latency);
void el_limit_overloaded(struct el_limit *limit, double now);

#endif
