/* Which models run, and what members did not answer in a run: what the store answered for them,
 * their abstentions by cause, and those that gave no answer all through; commands that ask members
 * end with status 1 then. */
#include "cli/cli.h"

#include "pipeline/abstention_report.h"

#include <string.h>

/* It never answered though it was asked, or was never reached. */
static bool was_silent(struct el_ensemble *ensemble, size_t member) {
    const struct el_counts *counts = el_ensemble_counts(ensemble);
    uint64_t answered = 0, abstained = 0;
    for (int s = 0; s < EL_STAGES; s++) {
        answered += counts->answered[member][s];
        abstained += counts->abstained[member][s];
    }
    bool reached = el_client_capabilities(el_ensemble_client(ensemble), member)->reached;
    return !reached || (answered == 0 && abstained > 0);
}

bool cli_report_silent(struct el_ensemble *ensemble, const struct el_config *config) {
    bool any = false;
    for (size_t m = 0; m < config->n_members; m++) {
        if (was_silent(ensemble, m)) {
            const char *problem = el_client_capabilities(el_ensemble_client(ensemble), m)->problem;
            cli_say("the member %s gave no answer all through%s%s", config->members[m].name,
                    problem[0] != '\0' ? ": " : "", problem);
            any = true;
        }
    }
    return any;
}

void cli_tell_ensemble(struct el_config *config) {
    if (!config->ensemble_by_default || el_settings_ask_nobody(&config->settings)) {
        return;
    }
    if (strcmp(config->ensemble, "nano") != 0) {
        cli_say("using the ensemble %s; others are listed by el4ner models", config->ensemble);
    } else if (el_config_find(config, "ensembles/starter.yaml") != NULL) {
        cli_say("using the built-in nano models; for quality get larger ones: el4ner models get "
                "--ensemble starter");
    } else {
        cli_say("using the built-in nano models; for quality take larger ones (el4ner models)");
    }
}

void cli_count_stored(struct el_ensemble *ensemble, const struct el_config *config,
                      uint64_t *stored, uint64_t *replies) {
    *stored = *replies = 0;
    for (size_t m = 0; m < config->n_members; m++) {
        for (int s = 0; s < EL_STAGES; s++) {
            const struct el_account *account =
                el_client_account(el_ensemble_client(ensemble), m, (enum el_stage)s);
            *replies += account->calls;
            *stored += account->from_store;
            for (int failure = 1; failure < EL_FAILURES; failure++) {
                *replies -= account->failures[failure]; /* it brought none */
            }
        }
    }
}

void cli_report_stored(uint64_t stored, uint64_t replies, const char *whom) {
    if (stored > 0) {
        cli_say("%llu of %llu replies%s came from the store (--refresh asks anew)",
                (unsigned long long)stored, (unsigned long long)replies, whom);
    }
}

void cli_report_abstentions(const struct el_abstentions *abstentions, struct el_ensemble *ensemble,
                            const struct el_config *config) {
    struct el_buffer text = {0};
    el_abstentions_write(abstentions, config, el_ensemble_client(ensemble), &text);
    if (text.len > 0 && !text.failed) {
        cli_say("abstentions, by member, stage and cause:");
        for (char *line = text.data, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
            *end = '\0';
            cli_say("  %s", line);
        }
    }
    el_buffer_free(&text);
}
