#include "serving/retry.h"

#include "base/locale.h"

#include <curl/curl.h>
#include <math.h>
#include <stdlib.h>

static const double FIRST_WAIT = 0.5, LONGEST_WAIT = 30, LONGEST_PAUSE = 600;
enum { FAILURES_TO_REST = 5, RESTS_TO_DIE = 4, UNKNOWN_START = 4, UNKNOWN_CEILING = 256 };

double el_jitter(uint64_t *state) {
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return (double)((x * 2685821657736338717u) >> 11) * 0x1p-53;
}

double el_backoff(unsigned tries, uint64_t *jitter) {
    double wait = ldexp(FIRST_WAIT, tries < 2 ? 0 : tries > 10 ? 10 : (int)tries - 1);
    wait = wait > LONGEST_WAIT ? LONGEST_WAIT : wait;
    return wait * (0.5 + 0.5 * el_jitter(jitter));
}

bool el_retry_after(const char *value, double now_unix, double *seconds) {
    char *end;
    while (*value == ' ' || *value == '\t') {
        value++;
    }
    double wait = el_number(value, &end);
    while (*end == ' ' || *end == '\t' || *end == '\r' || *end == '\n') {
        end++;
    }
    if (end == value || *end != '\0') {
        time_t date = curl_getdate(value, NULL);
        if (date == (time_t)-1) {
            return false;
        }
        wait = (double)date - now_unix;
    }
    if (!isfinite(wait)) {
        return false;
    }
    *seconds = wait < 0 ? 0 : wait > LONGEST_PAUSE ? LONGEST_PAUSE : wait;
    return true;
}

bool el_breaker_lets(const struct el_breaker *breaker, double now) {
    return breaker->rests_until <= 0 || (now >= breaker->rests_until && !breaker->trying);
}

void el_breaker_sent(struct el_breaker *breaker) {
    breaker->trying = breaker->rests_until > 0;
}

void el_breaker_succeeded(struct el_breaker *breaker) {
    *breaker = (struct el_breaker){.budget = breaker->budget};
}

void el_breaker_failed(struct el_breaker *breaker, double now, uint64_t *jitter) {
    breaker->failures++;
    bool was_trial = breaker->trying;
    breaker->trying = false;
    /* Many calls in flight fail together when a server goes: one rest for all of them. */
    bool open = breaker->rests_until > 0;
    if (was_trial || (!open && breaker->failures >= FAILURES_TO_REST)) {
        breaker->rests++;
        breaker->rests_until = now + el_backoff(breaker->rests, jitter);
    }
    breaker->dead =
        breaker->dead || (breaker->failures >= breaker->budget && breaker->rests >= RESTS_TO_DIE);
}

void el_breaker_pause(struct el_breaker *breaker, double until) {
    breaker->trying = false;
    if (until > breaker->rests_until) {
        breaker->rests_until = until;
    }
}

void el_breaker_released(struct el_breaker *breaker) {
    breaker->trying = false;
}

void el_limit_init(struct el_limit *limit, size_t slots) {
    *limit = (struct el_limit){
        .allowed = slots != 0 ? (double)slots : UNKNOWN_START,
        .ceiling = slots != 0 ? slots : UNKNOWN_CEILING,
        .fixed = slots != 0,
    };
}

size_t el_limit_now(const struct el_limit *limit) {
    return limit->allowed < 1 ? 1 : (size_t)limit->allowed;
}

void el_limit_answered(struct el_limit *limit, double latency) {
    if (limit->best_latency <= 0 || latency < limit->best_latency) {
        limit->best_latency = latency;
    } else {
        limit->best_latency += (latency - limit->best_latency) * 0.001; /* forget slowly */
    }
    bool holds = latency <= 2 * limit->best_latency + 0.005;
    if (limit->fixed || holds) {
        limit->allowed += 1 / limit->allowed;
    } else {
        limit->allowed -= 1 / limit->allowed;
    }
    if (limit->allowed < 1) {
        limit->allowed = 1;
    }
    if (limit->allowed > (double)limit->ceiling) {
        limit->allowed = (double)limit->ceiling;
    }
}

void el_limit_overloaded(struct el_limit *limit, double now) {
    double round = limit->best_latency > 0.1 ? limit->best_latency : 0.1;
    if (now - limit->halved_at >= round) {
        limit->allowed = limit->allowed / 2 < 1 ? 1 : limit->allowed / 2;
        limit->halved_at = now;
    }
}
