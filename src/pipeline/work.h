/* A sentence on its way through the four stages, and the interface of a stage.
 *
 * A stage is two functions. `ask` looks at the sentence so far and lists the questions to put to
 * members; `take` gets the answers and moves the sentence on. The ensemble renders, sends and
 * collects in between, so a stage needs no server to be tested, can be replayed from stored
 * answers, and can be counted without being run. `ask` is called again after `take` until it has
 * no further question: a stage may go in rounds. */
#ifndef EL_PIPELINE_WORK_H
#define EL_PIPELINE_WORK_H

#include "language/segment.h"
#include "pipeline/abstention.h"
#include "prompt/prompt.h"
#include "reply/reply.h"
#include "retrieval/prior.h"
#include "serving/client.h"
#include "config/config.h"

/* What does not change during a run: stages read it and nothing else. */
struct el_context {
    const struct el_config *config;
    struct el_settings configured; /* what these leave open is settled ... */
    struct el_settings settings;   /* ... here, for the pool and the types */
    el_member_set members; /* who takes part; of these a sentence has its own, see el_work */
    size_t n_members;      /* of the configuration; bits of el_member_set */
    const struct el_capabilities *const *capabilities; /* by member */
    struct el_prompt_set *const *prompts;              /* by member */
    const struct el_type *asked;                       /* the types that are asked for ... */
    const struct el_prompt_type *types; /* ... as models read them: wording and description */
    size_t n_types;
    size_t verifier; /* member number, for EL_VERIFY_MEMBER */
    const struct el_tagger *tagger;
    const struct el_pool *pool; /* NULL = zero-shot */
    const int *pool_types;      /* by pool type number: number of the asked type, or -1 */
    const bool *pool_allowed;   /* by pool type number */
    bool pool_lacks_types;      /* there is a pool, and it has none of them: no demonstrations */
    struct el_prior *prior;     /* of the pool that was opened; NULL where nothing asks for it */
    const int *prior_types;     /* by its type number, as pool_types */
    const bool *prior_knows;    /* by asked type: has it labels of this type? */
    bool embeds;                /* the pool's vectors are those of the embedding member ... */
    size_t embedder;            /* ... with this number at the client; it takes part in no vote */
};

/* A distinct string of the sentence that a member proposed; all its occurrences share one vote. */
struct el_mention {
    const char *text;      /* as it is in the sentence; NUL-terminated */
    struct el_span *spans; /* occurrences, bytes of the sentence */
    size_t n_spans;
    el_member_set extracted_by;
    float listed[EL_MAX_MEMBERS]; /* by member: how probable it was in its list; 1 = it did not
                                     tell, 0 = it did not list it */

    /* Retrieval; and extraction, for a judgement. */
    double weight;
    enum el_pos tag;           /* of its word of most weight */
    bool noun_run;             /* extraction: one of its occurrences is a run of nouns and names */
    bool from_pool;            /* extraction: a candidate by the pool's labels, whoever lists it */
    double prior;              /* that it is a mention of an asked type, by the pool's labels ... */
    const float *prior_shares; /* ... and of which: n_types; NULL = not known */
    const float *vector;       /* retrieval, from the embedding member; NULL without one */

    /* Classification: the output name of the type by member, NULL = no vote. */
    const char *choice[EL_MAX_MEMBERS];
    const float *shares[EL_MAX_MEMBERS]; /* probability of each type, by member; NULL = not told */
    struct el_vote *votes;               /* of the members asked so far; the winner first */
    size_t n_votes;
    int type; /* number of the winning type; -1 = none */

    /* Verification. */
    enum el_verdict
        verdict[EL_MAX_MEMBERS]; /* by the probability where it decides, else the word */
    el_member_set verified_by;   /* members that were asked */
    double yes[EL_MAX_MEMBERS];  /* what they told of "yes"; NAN = nothing */
    double yes_sum;              /* of the verifiers' probabilities of "yes"... */
    unsigned yes_told;           /* ...of which so many told one */
    enum el_verified verified;
    double probability; /* that it is right, where there is a fitted judgement */
    bool dropped;       /* before classification: no answer could keep it; afterwards: not kept */
};

struct el_mentions {
    struct el_mention *items; /* by first occurrence, then longer first */
    size_t count;
    size_t n_aside; /* after these: spans that too few members listed; not asked about */
};

struct el_question {
    enum el_stage stage;
    enum el_prompt_kind kind;
    size_t member;
    size_t first_mention, n_mentions; /* CLASSIFY, VERIFY: which of the work's mentions */
    size_t n_demonstrations;          /* how many are shown at most */
    size_t n_dropped;                 /* how many more the member's context had no room for */
    bool embed; /* RETRIEVE: vectors of these pre-extracted mentions; of the sentence if none */
};

struct el_answer {
    struct el_question question;
    enum el_failure failure;
    const char *prompt; /* kept for the trace only; else NULL */
    const char *detail, *text;
    size_t text_len;
    bool cut;
    double yes_probability;
    enum el_verdict word; /* VERIFY: what the text says; the verdict can differ, see verify.c */
    const float *shares;  /* CLASSIFY: a row of the types' probabilities for each mention, or NULL;
                             EXTRACT: how probable each item of the list is, or NULL */
    size_t n_shares;
    const float *vectors; /* question.embed: a row for each mention, or one of the sentence */
    size_t dimensions;
    struct el_strings ungrounded; /* strings of the reply that the sentence does not hold */
    bool unreadable;              /* the member abstains ... */
    enum el_cause cause;          /* ... because of this */
    struct el_answer *next_abstention;
};

/* More spans than this in one sentence are put to a member in several calls. */
enum { EL_SPANS_PER_CALL = 32 };

struct el_demonstration {
    size_t pool_index;
    double score;
    const char *id, *text;
    const char *lang;             /* of the pool's sentence; NULL = unknown */
    bool foreign;                 /* of another language than the sentence, where scores were low */
    struct el_prompt_span *spans; /* of the asked types only, distinct strings; wording of types */
    size_t n_spans;
    struct el_span *marks; /* where they are in the text, by start, longer first */
    size_t n_marks;
    const struct el_hit_match *matches; /* by query mention; NULL unless span similarity was used */
};

struct el_work {
    struct el_arena arena;
    uint64_t order; /* number of the sentence in the run */

    /* The sentence: text_len bytes that begin at `begin` of the document. */
    const char *text;
    size_t text_len, begin;
    const char *lang;
    el_member_set members; /* who is asked about it */
    struct el_spans words; /* of the sentence ... */
    enum el_pos *tags;     /* ... and their tags; NULL until something asks for them */
    bool evidence;         /* wanted of its entities, see evidence.h */
    struct el_span keep;   /* entities whose start lies here (bytes of the sentence) are this
                              piece's; the rest belongs to an overlapping neighbour */

    enum el_stage stage;
    unsigned round; /* of the stage, 0-based */

    /* 1 retrieve */
    struct el_mentions pre; /* S, the pre-extracted spans */
    const float *vector;    /* of the sentence, where the embedding member was asked for it */
    struct el_demonstration *demonstrations; /* nearest first */
    size_t n_demonstrations;
    bool own_language; /* of its language, in place of nearer ones, because scores were low */
    bool fell_back;    /* sentence similarity, because all weights were 0 */
    bool unembedded;   /* BM25, because the embedding member gave no vectors */

    /* 2 extract, 3 classify, 4 verify */
    struct el_mentions mentions;
    el_member_set extract_answered;             /* members whose lists could be read */
    el_member_set classify_asked, verify_asked; /* so far, for the rounds */

    /* Books. */
    size_t abstained[EL_MAX_MEMBERS][EL_STAGES], answered[EL_MAX_MEMBERS][EL_STAGES];
    struct el_answer *abstentions; /* a list; they live as long as the work */
    size_t proposed, ungrounded, saved_calls, demonstrations_dropped;
    size_t asked_longer, still_cut; /* answers cut by their limit: asked again; cut again */
    struct el_answer **log;         /* all answers, for the trace; NULL if not wanted */
    size_t n_log, log_capacity;
};

/* Of those that take part, the members that are meant for the language of the sentence, or all if
 * none is, or none of these was reached: work->members, from its text and `lang`. */
el_member_set el_members_for(const struct el_context *context, const struct el_work *work);

/* A span of the sentence as one of its document. */
static inline struct el_span el_in_document(const struct el_work *work, struct el_span span) {
    return (struct el_span){work->begin + span.start, work->begin + span.end};
}

struct el_questions {
    struct el_question *items; /* in the work's arena */
    size_t count, capacity;
};

struct el_stage_functions {
    const char *name;
    bool (*ask)(const struct el_context *context, struct el_work *work,
                struct el_questions *questions, struct el_error *err);
    bool (*take)(const struct el_context *context, struct el_work *work,
                 struct el_answer *const *answers, size_t n_answers, struct el_error *err);
};

extern const struct el_stage_functions *const el_stages[EL_STAGES]; /* in order */

/* For ask(): add a question; false if out of memory. */
bool el_question_add(struct el_work *work, struct el_questions *questions,
                     struct el_question question, struct el_error *err);

/* Turn a question into a call: prompt, stop, limits, in `arena`. Shows at most
 * question->n_demonstrations and fewer if the member's context asks for it; lowers the number in
 * *question to what is shown, and counts what it took out in question->n_dropped. */
bool el_question_render(const struct el_context *context, const struct el_work *work,
                        struct el_question *question, struct el_arena *arena, struct el_call *call,
                        struct el_error *err);

/* The member with the most parameters, the first of equal ones; 0 if there is none. */
size_t el_largest_member(const struct el_capabilities *const *capabilities, el_member_set members);

/* Among so many the demonstrations are dealt out: 1 where all see the same. */
size_t el_hands(const struct el_context *context, const struct el_work *work);

/* Is the member asked for the type of each span alone, with its answer begun, or for all in one
 * answer? One token tells a type, where the server holds the answer to the types; to write out all
 * spans again takes a model as long as reading ten times as many. */
bool el_asks_one_by_one(const struct el_context *context, size_t member);

/* The tokens of a call's prompt, by el_estimate_tokens. */
size_t el_estimate_call(const struct el_call *call);

/* Shared by pre-extraction and extraction: ground the strings of each answer in the sentence and
 * form the union over members (paper eq. 1-2 and section on extraction), and with `more` spans,
 * which nobody need have listed. */
bool el_take_mentions(const struct el_context *context, struct el_work *work,
                      struct el_answer *const *answers, size_t n_answers, struct el_spans more,
                      struct el_mentions *mentions, el_member_set *answered, struct el_error *err);

/* Give each mention its weight w(s), by the tags of its words: the largest among its occurrences,
 * or, if it has none in the sentence, as a text of its own. */
bool el_weigh_mentions(const struct el_context *context, struct el_work *work,
                       struct el_mentions *mentions, struct el_error *err);
/* Does a pre-extracted span have weight? If none does, the sentence itself is searched for. */
bool el_any_weight(const struct el_work *work);
/* Runs of nouns and names of the sentence: what could be an entity where no member says so. */
bool el_noun_run_spans(const struct el_context *context, struct el_work *work,
                       struct el_spans *runs, struct el_error *err);
/* The words of the sentence and their tags, once for all stages. */
bool el_tag_sentence(const struct el_context *context, struct el_work *work, struct el_error *err);
/* Spans of the sentence that the pool's labels make probable mentions; none where
 * settings.from_pool is 0. */
bool el_spans_from_pool(const struct el_context *context, struct el_work *work,
                        struct el_spans *spans, struct el_error *err);
/* Which of work->mentions are among these spans. */
void el_mark_from_pool(struct el_work *work, const struct el_spans *from_pool);
/* Tags, noun runs and the pool's prior of work->mentions. */
bool el_describe_candidates(const struct el_context *context, struct el_work *work,
                            struct el_error *err);
/* Make these runs the pre-extracted spans, in place of what members list. */
bool el_take_noun_runs(const struct el_context *context, struct el_work *work,
                       struct el_error *err);
/* Search the pool for work->pre and make the hits the demonstrations, in place of those before. */
bool el_retrieve_search(const struct el_context *context, struct el_work *work,
                        const struct el_search_options *options, struct el_error *err);

/* Mentions of spans that nobody proposed, such as those of the tagger. False if memory is out. */
bool el_make_mentions(struct el_work *work, const struct el_span *spans, size_t n,
                      struct el_mentions *mentions);

/* Note in the work's books and in the answer that it counted, or that its member abstained. */
void el_note_answer(struct el_work *work, struct el_answer *answer, bool readable);

/* The result: entities of the sentence with evidence, offsets in bytes of the sentence, overlaps
 * resolved unless settings.nested. Everything lives in `arena`. */
bool el_work_entities(const struct el_context *context, const struct el_work *work,
                      struct el_arena *arena, struct el_entity **entities, size_t *count,
                      struct el_error *err);

/* Of entities that overlap one stays, unless settings->nested: by a judgement the more probable, by
 * votes as the flat rule says (corpus/flat.h). False if out of memory. */
bool el_resolve_overlaps(const struct el_settings *settings, struct el_arena *arena,
                         struct el_entity *list, size_t *count);

/* Everything that happened to the sentence as one JSON object; NULL if out of memory. */
json_t *el_work_trace(const struct el_context *context, const struct el_work *work,
                      const char *document_id);

#endif
