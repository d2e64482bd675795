/* el4ner tag --dry-run: what the run would cost, as a table. */
#include "cli/tag.h"

#include <inttypes.h>

static void print_member(const struct el_member_config *member, const struct el_estimate *estimate,
                         size_t m) {
    uint64_t prompt = 0, answer = 0;
    printf("%-16s", member->name);
    for (size_t s = 0; s < EL_STAGES; s++) {
        printf(" %9" PRIu64, estimate->cells[m][s].calls);
        prompt += estimate->cells[m][s].prompt_tokens;
        answer += estimate->cells[m][s].answer_tokens;
    }
    printf(" %14" PRIu64 " %14" PRIu64, prompt, answer);
    if (member->price_in > 0 || member->price_out > 0) {
        printf(" %10.2f",
               ((double)prompt * member->price_in + (double)answer * member->price_out) / 1e6);
    }
    putchar('\n');
}

int tag_dry_run(struct tag *tag) {
    struct el_error err = {0};
    struct el_estimate estimate;
    tag->log = cli_log(tag->settings.quiet);
    struct el_ensemble_options open = {.log = &tag->log, .offline = true};
    struct el_run run = {.context = tag, .next = tag_next};
    bool ok = el_ensemble_open(tag->config, &open, &tag->ensemble, &err) &&
              el_ensemble_estimate(tag->ensemble, &run, &estimate, &err);
    cli_progress(NULL);
    if (!ok) {
        return cli_fail(&err);
    }
    printf("%" PRIu64 " document%s, %" PRIu64 " sentence%s\n\n", estimate.documents,
           estimate.documents == 1 ? "" : "s", estimate.sentences,
           estimate.sentences == 1 ? "" : "s");
    printf("%-16s", "calls by member");
    for (int s = 0; s < EL_STAGES; s++) {
        printf(" %9s", el_stage_name((enum el_stage)s));
    }
    printf(" %14s %14s %10s\n", "prompt tokens", "answer, most", "cost, most");
    for (size_t m = 0; m < tag->config->n_members; m++) {
        print_member(&tag->config->members[m], &estimate, m);
    }
    printf("\nAn estimate: spans are taken to be as many as in a sentence of the pool, tokens are\n"
           "guessed without the models' vocabularies, and stored replies and lazy votes, which\n"
           "save calls, are left out. Costs need `price` in the configuration.\n");
    return fflush(stdout) == 0 ? CLI_OK : CLI_FAILED;
}
