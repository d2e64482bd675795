/* A run over labelled documents, recorded: what each member proposed and voted, what the verifier
 * said, and, against the gold labels, where mentions were lost.
 *
 * A record serves two ends. Stage figures tell what each stage did to the result. Projections
 * answer "what if" without a call: the same votes counted for fewer members or by other rules. */
#ifndef EL_EVALUATE_RECORD_H
#define EL_EVALUATE_RECORD_H

#include "evaluate/labels.h"
#include "pipeline/ensemble.h"
#include "pipeline/vote.h"
#include "pipeline/work.h"

/* One candidate string of a sentence with its occurrences. */
struct el_recorded_mention {
    struct el_span *spans; /* bytes of the document */
    size_t n_spans;
    el_member_set extracted_by;
    const char *choice[EL_MAX_MEMBERS]; /* type by member, NULL = no vote; the configuration's */
    const char *type;                   /* that won; NULL = none */
    enum el_verified verified;          /* of that type */
};

struct el_recorded_sentence {
    size_t document, begin;
    struct el_recorded_mention *mentions;
    size_t n_mentions;
};

/* Sums over all sentences; gold mentions are those of the asked types. */
struct el_stage_figures {
    size_t sentences, fell_back;
    size_t gold;           /* mentions */
    size_t gold_types;     /* distinct types of a sentence, summed over sentences */
    size_t pre_found;      /* gold spans that pre-extraction listed */
    size_t pre_listed;     /* occurrences it listed */
    size_t types_shown;    /* gold types that the demonstrations cover */
    size_t mentions_shown; /* gold mentions whose text is a span of a demonstration */
    size_t candidates;     /* occurrences */
    /* Spans (occurrences) by number of members that proposed them, 0 for those of the pool's labels
     * alone, and how many of these have a gold span: the candidates, and those set aside because
     * too few members listed them. */
    size_t proposed_by[EL_MAX_MEMBERS + 1], right_by[EL_MAX_MEMBERS + 1];
    size_t found;       /* gold spans among the candidates */
    size_t typed_right; /* gold mentions with their type, before verification */
    size_t typed;       /* candidates with a type, before verification */
    /* By verdict (enum el_verified): pairs that are gold mentions, and others. */
    size_t verdict_right[EL_VERIFIED_UNREADABLE + 1], verdict_wrong[EL_VERIFIED_UNREADABLE + 1];
    size_t kept_right, kept_wrong; /* after verification, before overlaps are resolved */
    size_t strings, ungrounded;    /* in replies; not found in the sentence */
};

struct el_record {
    struct el_arena arena;
    const struct el_labels *gold;
    size_t n_members;
    struct el_recorded_sentence *sentences;
    size_t count, capacity;
    struct el_stage_figures figures;
    bool failed; /* memory ran out */
};

void el_record_free(struct el_record *record);

/* What a row of an ablation asks for; run over all documents of `gold`. */
struct el_run_request {
    const struct el_config *config; /* the ensemble's */
    const struct el_settings *settings;
    el_member_set members;       /* 0 = all */
    struct el_record *record;    /* filled if not NULL */
    bool (*stop)(void *context); /* optional: true = give up */
    void *context;
};

struct el_run_result {
    struct el_labels predicted; /* parallel to gold; free it */
    uint64_t calls;             /* that this run needed */
    uint64_t made;              /* of these, not answered by the store */
    uint64_t failed_documents;
};

/* False for errors of the run, interruption (EL_ERR_INTERRUPTED) among them. */
bool el_evaluate_run(struct el_ensemble *ensemble, const struct el_labels *gold,
                     const struct el_run_request *request, struct el_run_result *result,
                     struct el_error *err);

/* "What if", from the recorded votes. */
struct el_projection {
    el_member_set members; /* whose proposals and votes count; 0 = all */
    bool no_voting;        /* type of the earliest listed member that gave one, not the majority */
    bool no_verification;
    unsigned span_skips; /* a span that m members propose needs no verification; 0 = no such rule */
    unsigned pair_skips; /* the same for span and type */
    struct el_keep keep; /* m 0: every candidate may stay */
};

/* The recorded verdict counts where the type is still the recorded one; where another type wins
 * there is none, and the candidate stays. */
bool el_project(const struct el_record *record, const struct el_projection *projection,
                const struct el_settings *settings, struct el_labels *predicted,
                struct el_error *err);

/* Micro-F1 if everything after a stage were perfect: what is lost by then. */
struct el_budget {
    double after_extraction;     /* every candidate rightly typed and verified */
    double after_classification; /* every wrong pair dropped */
    double after_verification;   /* as it is, before overlaps are resolved */
    double final_f1;
};
struct el_budget el_stage_budget(const struct el_stage_figures *figures, double final_f1);

/* All figures with their shares; NULL if out of memory. */
json_t *el_stage_json(const struct el_stage_figures *figures, size_t n_members, double final_f1);

#endif
