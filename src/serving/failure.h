/* Why a call has no answer. */
#ifndef EL_SERVING_FAILURE_H
#define EL_SERVING_FAILURE_H

enum el_failure {
    EL_ANSWERED = 0,
    EL_FAILED_CONNECT, /* refused, reset, DNS, TLS */
    EL_FAILED_TIMEOUT,
    EL_FAILED_STATUS,    /* HTTP status that is not a success, after retries */
    EL_FAILED_MALFORMED, /* a reply that is not what the API promises, or too large */
    EL_FAILED_CONTEXT,   /* the prompt does not fit: shorten it and ask again */
    EL_FAILED_DEAD,      /* the endpoint rests after too many failures, or the child died twice */
    EL_FAILED_CANCELLED,
    EL_FAILURES
};

/* "answered", "connect", "timeout" ... */
const char *el_failure_name(enum el_failure failure);

#endif
