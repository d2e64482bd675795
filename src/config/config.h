/* The configuration: members, entity types, pool, and the settings of the four stages.
 *
 * Looked up as ./el4ner.yaml, then XDG_CONFIG_HOME/el4ner/config.yaml, then the shipped
 * default.yaml. Read-only once loaded; may be shared by threads. */
#ifndef EL_CONFIG_CONFIG_H
#define EL_CONFIG_CONFIG_H

#include "base/buffer.h"
#include "language/tagger.h"
#include "models/catalogue.h"
#include "serving/member.h"
#include "config/judgement.h"
#include "retrieval/pool.h"

/* An entity type as the user asks for it. */
struct el_type {
    const char *name;           /* what the output says */
    const char *wording;        /* what the models read; default: see el_label_wording */
    const char *description;    /* may be NULL */
    const char *const *aliases; /* labels of pools that mean this type, besides name and wording */
    size_t n_aliases;
};

/* Whose spans of a sentence are compared with those of the pool. */
enum el_span_source {
    EL_SPANS_AUTO,    /* the tagger's; in a language that it does not know those of the members, but
                         for members whose prompts share their beginning */
    EL_SPANS_MEMBERS, /* those that all members list (paper) */
    EL_SPANS_TAGGER,  /* runs of nouns and names, without a call */
};

enum el_verifier {
    EL_VERIFY_AUTO,   /* default: nobody where a judgement decides, else the largest member */
    EL_VERIFY_MEMBER, /* one member: the named one, else the largest, else the first listed */
    EL_VERIFY_ALL,    /* every member: mean probability, else majority; a tie keeps */
    EL_VERIFY_NONE,
};

enum el_profile {
    EL_PROFILE_DEFAULT, /* the general judgement, with candidates from the pool's labels */
    EL_PROFILE_VOTES,   /* votes, and a verifier where members do not agree */
    EL_PROFILE_PAPER,   /* votes, and a verifier for all */
};

enum { EL_SKIPS_UNANIMOUS = EL_MAX_MEMBERS + 1 };

#define EL_K_AUTO SIZE_MAX

enum el_some { EL_SOME_AUTO, EL_SOME_ON, EL_SOME_OFF };

struct el_settings {
    enum el_profile profile;

    /* Retrieve */
    size_t demonstrations; /* k; default EL_K_AUTO: 2 where a judgement weighs what members say,
                              which loses nothing by it, with prompts that are half as long; else 5
                              (PAPER: 5 is a re-implementation's, not the paper's); see
                              el_settings_settle() */
    bool deal; /* the nearest k times as many as members are dealt out like cards, and each member
                  sees its own; default false: all see the same k */
    enum el_similarity similarity;
    size_t apart; /* for a sentence of the pool: its neighbours within so many places, which may be
                     of its document, are no demonstrations either; default 0, tuning sets it */
    double pos_weights[EL_POS_COUNT];
    enum el_span_source spans; /* where members list none, the tagger's count, but for MEMBERS */
    bool zero_shot_pretypes;   /* show the types in pre-extraction; default true */

    /* Extract */
    bool first_occurrence_only; /* default false: every occurrence of a string counts */
    bool nested;                /* keep overlapping spans; default false = flat rule */
    double from_pool;           /* spans that are mentions with this probability by the pool's
                                   labels (retrieval/prior.h) are candidates too, whoever lists
                                   them; default EL_FROM_POOL; 0 = none, as in other profiles */
    enum el_some some;          /* lists name one span at least, and tell how probable each is;
                                   default auto: where trained members are judged; off where the
                                   paper's rules hold; see el_settings_settle() */
    unsigned at_least;          /* members that must list a span for it to count (never more than
                                   the lists that could be read); default 1, the union (paper) */

    /* Classify */
    const double *member_weights; /* NULL = all 1 */

    /* Verify */
    enum el_verifier verifier;
    const char *verifier_name; /* VERIFY_MEMBER; NULL = default */
    unsigned agreement_skips;  /* a (span, type) pair proposed and voted by this many members needs
                                  no verification; 0 = everything is verified (paper); or
                                  EL_SKIPS_UNANIMOUS (default); see el_settings_skips() */
    bool words_decide; /* a verifier's word counts, not its probability of "yes"; of the profile */
    double alone;      /* "yes" to a span that one of three or more members listed counts from this
                          probability on, where it is known; default 0.8, 0 in the paper profile */

    const struct el_judge *judge; /* general, of the labels, or what tuning fitted; NULL = votes and
                                     verdicts decide */

    /* Running */
    bool lazy_votes; /* do not ask a member whose answer cannot change the outcome */
    bool constrain;
    bool strict;         /* abstentions are failures */
    size_t max_sentence; /* bytes; longer sentences are cut at word borders with overlap */
};

struct el_config {
    struct el_arena arena; /* owns everything below */
    const char *path;      /* where it came from */
    struct el_member_config *members;
    size_t n_members;
    struct el_member_config
        *embedder;                   /* gives the vectors of retrieval; NULL = n-grams, no model */
    const char *ensemble;            /* whose members they are; NULL = of none by name */
    bool ensemble_is_given;          /* by the caller: it counts, whatever the configuration says */
    bool ensemble_by_default;        /* because nobody named members */
    struct el_catalogue *catalogue;  /* of models; NULL until a member names one */
    const struct el_model **missing; /* models that members name and that are not here */
    size_t n_missing;
    struct el_type *types;
    size_t n_types;
    const char *pool;                /* path; NULL = the shipped pool */
    const char *tagger;              /* path; NULL = the shipped weights if there are any */
    const char *lang;                /* of the input; NULL = unknown */
    const char *llama_server;        /* path; NULL = looked up */
    const char *const *data_folders; /* where models/, pools/, prompts/ are looked up;
                                        NULL-terminated */
    struct el_settings settings;
};

/* `path` NULL = the lookup above. Relative paths in the file are relative to the file. Every error
 * names file, line and column; unknown keys are errors. Free with el_config_free(). */
bool el_config_load(const char *path, struct el_config **config, struct el_error *err);
/* The same with the members, and what else the ensemble of this name decides, instead of those of
 * the configuration; NULL = those. `may_miss`: members may name models that are not here. They are
 * listed in `missing`, and the ensemble cannot be opened then. */
bool el_config_load_ensemble(const char *path, const char *ensemble, bool may_miss,
                             struct el_config **config, struct el_error *err);
/* Only the data folders: for what needs no members. */
bool el_config_folders(struct el_config **config, struct el_error *err);
/* The same from a text in memory. Relative paths in it begin at the current folder. */
bool el_config_load_text(const char *text, size_t len, const char *ensemble,
                         struct el_config **config, struct el_error *err);
void el_config_free(struct el_config *config);

/* Replace the types by a comma-separated list of names ("person,location"); a name that the
 * configuration has, itself or under another with the same wording, keeps its description. */
bool el_config_set_types(struct el_config *config, const char *list, struct el_error *err);

/* The same for a list of types, in `arena` and beside the configuration's: name, and what is given
 * besides. *judge: the fitted judgement for these types; NULL if the configuration has none. */
bool el_config_types(const struct el_config *config, struct el_arena *arena,
                     const struct el_type *given, size_t n, struct el_type **types,
                     const struct el_judge **judge, struct el_error *err);

/* One member behind a URL instead of those of the configuration, and of what was said about them.
 * `model` NULL = what the server names; `key_env`: the environment variable of its key, NULL =
 * none. */
bool el_config_set_member(struct el_config *config, const char *url, const char *model,
                          const char *key_env, struct el_error *err);

/* Is it the code of a language? If not, the error says what is. */
bool el_config_check_lang(const char *code, struct el_error *err);

/* The language of the input, by its code. */
bool el_config_set_lang(struct el_config *config, const char *code, struct el_error *err);

/* Set the profile "default", "votes" or "paper"; anything else is an error, which names `option`.
 */
bool el_config_choose_profile(struct el_config *config, const char *option, const char *name,
                              struct el_error *err);

/* Who verifies: "auto", "largest", "all", "none" or the name of a member. */
bool el_config_set_verifier(struct el_config *config, const char *who, struct el_error *err);

/* The number of the asked type that a label of a pool or test file means, by name, wording or alias
 * (case folded, '_' and '-' as spaces), else by the wording of the label; -1 = none. False only if
 * out of memory. */
bool el_config_type_of_label(const struct el_config *config, const char *label, int *type);
bool el_type_of_label(const struct el_type *types, size_t n, const char *label, int *type);

/* Spans of less probability by the pool's labels are seldom mentions: with 0.03 nine in ten
 * mentions are among the candidates, and half to three quarters of these are none. */
#define EL_FROM_POOL 0.03

/* Set what a profile decides: k, similarity, part-of-speech weights, pre-extraction with types,
 * member weights (all 1), agreement and lazy voting; candidates from the pool; and a verifier where
 * there was none, or none. The judgement of the default profile is left to el_config_set_profile.
 */
void el_settings_profile(struct el_settings *settings, enum el_profile profile);
bool el_config_set_profile(struct el_config *config, enum el_profile profile, struct el_error *err);
/* Drop what was said about members that others have taken the place of: weights, a verifier by
 * name, a fitted judgement. */
bool el_config_forget_members(struct el_config *config, struct el_error *err);

/* Number of the member of this name; SIZE_MAX if there is none. */
size_t el_config_member(const struct el_config *config, const char *name);

/* What is auto because it depends on whether trained members are judged: k, and `some`. */
void el_settings_settle(struct el_settings *settings);
size_t el_settings_k(const struct el_settings *settings);
/* Does the judgement find candidates in the pool, and hear no member? */
bool el_settings_hear_nobody(const struct el_settings *settings);
/* And does nobody verify, so that no member is ever asked? */
bool el_settings_ask_nobody(const struct el_settings *settings);

/* agreement_skips as a number of members. Unanimous means all of the configuration, and takes
 * three: what two agree on is not yet safe. */
unsigned el_settings_skips(const struct el_settings *settings, size_t n_members);

/* The configuration in force as YAML, every default filled in, secrets as "(set)". */
bool el_config_print(const struct el_config *config, struct el_buffer *out);

/* Only what tuning decides, as a configuration on top of another: base, pool, types, who verifies,
 * the judgement. Paths are as given; base and pool may be NULL. */
bool el_config_print_tuned(const struct el_config *config, const char *base, const char *pool,
                           struct el_buffer *out);

/* The catalogue of models, read when it is first asked for; it belongs to the configuration. */
bool el_config_catalogue(struct el_config *config, const struct el_catalogue **catalogue,
                         struct el_error *err);

/* The names of all ensembles, sorted, in the config's arena. */
bool el_config_ensembles(struct el_config *config, const char *const **names, size_t *n,
                         struct el_error *err);

/* First existing FOLDER/relative among the data folders, in the config's arena; NULL if none. */
const char *el_config_find(struct el_config *config, const char *relative);

#endif
