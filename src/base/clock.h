/* The clock that durations are measured by. */
#ifndef EL_BASE_CLOCK_H
#define EL_BASE_CLOCK_H

/* Monotonic seconds. */
double el_now(void);

#endif
