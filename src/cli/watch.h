/* How a long run gets on, for people: a line on a terminal that is renewed a few times a second,
 * else a line from time to time; and a word at once about a member whose answers are not usable. */
#ifndef EL_CLI_WATCH_H
#define EL_CLI_WATCH_H

#include "cli/cli.h"
#include "pipeline/ensemble.h"

struct cli_watch {
    const struct cli_settings *settings; /* quiet, progress */
    const struct el_config *config;
    struct el_ensemble *ensemble; /* NULL until it is open */
    double began, shown;          /* of the run or the row; last line */
    struct {
        bool answered, told;
        unsigned unusable; /* answers in a row */
    } members[EL_MAX_MEMBERS];
};

/* For el_ensemble_options.answered; `context` is the watch. */
void cli_watch_answer(void *context, const struct el_answer *answer);

/* A run begins, or the next of several: rate and time left count from here. */
void cli_watch_begin(struct cli_watch *watch);
double cli_watch_seconds(const struct cli_watch *watch); /* since then */

struct cli_stand {
    const char *what;                  /* the row of a table; NULL = none */
    bool no_documents;                 /* it has only sentences */
    uint64_t documents, of, sentences; /* done; `of`: documents in all, 0 = unknown */
    uint64_t of_sentences;             /* in all, 0 = unknown */
    double part;                       /* that is done, 0..1; 0 = unknown */
};

/* Is it time for a line? To be asked often; never true in a quiet run. */
bool cli_watch_due(const struct cli_watch *watch);
void cli_watch_show(struct cli_watch *watch, const struct cli_stand *stand);

#endif
