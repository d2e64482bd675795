#include "serving/failure.h"

const char *el_failure_name(enum el_failure failure) {
    static const char *const names[EL_FAILURES] = {
        [EL_ANSWERED] = "answered",          [EL_FAILED_CONNECT] = "connect",
        [EL_FAILED_TIMEOUT] = "timeout",     [EL_FAILED_STATUS] = "status",
        [EL_FAILED_MALFORMED] = "malformed", [EL_FAILED_CONTEXT] = "context",
        [EL_FAILED_DEAD] = "dead",           [EL_FAILED_CANCELLED] = "cancelled",
    };
    return names[failure];
}
