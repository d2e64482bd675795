/* Scores of one labelled set against the gold set: micro, macro, by type, by length, by novelty,
 * token accuracy, and what the bootstrap needs.
 *
 * Everything lives in the arena given; `gold` and `predicted` must outlive the score. */
#ifndef EL_EVALUATE_SCORE_H
#define EL_EVALUATE_SCORE_H

#include "evaluate/bootstrap.h"
#include "evaluate/labels.h"
#include "evaluate/match.h"
#include "evaluate/reliability.h"

/* A pool's entities as a set, to tell seen mentions from unseen ones. Texts are compared in NFC
 * with white space folded, letter case kept. */
struct el_surfaces;

struct el_surfaces *el_surfaces_new(void); /* NULL if out of memory */
void el_surfaces_free(struct el_surfaces *surfaces);
bool el_surfaces_add(struct el_surfaces *surfaces, const char *text, size_t len, const char *type);
bool el_surfaces_add_labels(struct el_surfaces *surfaces, const struct el_labels *labels);

enum el_novelty {
    EL_SEEN,            /* the pool has this text with this type */
    EL_SEEN_OTHER_TYPE, /* the pool has this text, but never with this type */
    EL_UNSEEN,
    EL_NOVELTIES
};

enum { EL_LENGTHS = 5 }; /* mentions of 1, 2, 3, 4, and 5 or more words */

struct el_score_options {
    enum el_match match;
    enum el_scheme scheme;          /* seqeval-strict only; AUTO = BIOES if any tag looks so */
    const struct el_surfaces *pool; /* NULL = no split by novelty */
    struct el_bootstrap_options bootstrap; /* samples 0 = no intervals */
};

struct el_type_score {
    const char *type;
    struct el_tally tally;
};

struct el_score {
    enum el_match match;
    enum el_scheme scheme; /* that was asked for, or found: never AUTO */
    size_t documents;      /* scored */
    struct el_tally micro;
    struct el_prf macro;         /* means over the types of gold and predictions */
    struct el_type_score *types; /* sorted by name, byte order */
    size_t n_types;
    size_t tokens, tokens_right;         /* with the same tag; 0 tokens = the gold set has none */
    struct el_tally lengths[EL_LENGTHS]; /* in tokens, or in words between white space */
    bool has_novelty;
    struct el_tally novelty[EL_NOVELTIES];
    struct el_tally *by_document; /* `documents` items, in gold order */
    bool has_intervals;
    struct el_intervals intervals;
    struct el_reliability reliability; /* of the predicted entities' own scores, whatever `match` */
};

/* What raw tags a set has. */
enum el_tagging {
    EL_TAGGING_NONE,    /* none: JSON lines, say, or el_read_options.keep_tags was not set */
    EL_TAGGING_OUTSIDE, /* nothing but O */
    EL_TAGGING_IOB,
    EL_TAGGING_BIOES, /* at least one begins with E, S, L or U */
};
enum el_tagging el_labels_tagging(const struct el_labels *labels);

/* *view is the document with the entities that count under `match`: where the mode reads tags and
 * there are some, what it reads in them (in `arena`, without evidence), else its own. */
bool el_score_view(struct el_arena *arena, const struct el_labelled *document, enum el_match match,
                   enum el_scheme scheme, struct el_labelled *view);

/* Modes that read tags take the entities of documents without any. The accuracy compares raw tags
 * in these modes if both sides have them, on the same tokens; else the IOB2 tags that the entities
 * would have on the gold tokens.
 *
 * `predicted` must have been aligned with `gold`. A document without an answer counts as one
 * without predictions; a missing one is left out. False only if out of memory. */
bool el_score(const struct el_labels *gold, const struct el_labels *predicted,
              const struct el_score_options *options, struct el_arena *arena,
              struct el_score *score, struct el_error *err);

/* Which gold types were taken for which: counts over the pairs with equal spans, and what has no
 * such partner; of the entities that count in `score`. cell(g, p) = counts[g * (n_types + 1) + p];
 * index n_types is "nothing". */
struct el_confusion {
    const char **types;
    size_t n_types;
    size_t *counts;
};
bool el_confuse(const struct el_labels *gold, const struct el_labels *predicted,
                const struct el_score *score, struct el_arena *arena,
                struct el_confusion *confusion, struct el_error *err);

/* One item of `score --json`: {"file", "match", "micro": {precision, recall, f1, gold, predicted,
 * correct, ...}, "macro", "by_type", "accuracy" (null without tokens), "by_length", "by_novelty",
 * "intervals", "calibration": {"entities" with a score, "error", "error_by_chance"} (null without
 * any)}. Fractions of 1. NULL if out of memory. */
json_t *el_score_json(const struct el_score *score, const char *file);

#endif
