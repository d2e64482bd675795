/* What the files of the configuration share. */
#ifndef EL_CONFIG_CONFIG_PRIVATE_H
#define EL_CONFIG_CONFIG_PRIVATE_H

#include "base/yaml.h"
#include "config/config.h"

enum { EL_MOST_TYPES = 512 };

/* Words of the configuration, by the value of the enum. */
enum { EL_PROFILE_NAMES = 3, EL_SIMILARITY_NAMES = 4, EL_SPANS_NAMES = 3, EL_VERIFIER_NAMES = 4 };
extern const char *const el_profile_names[EL_PROFILE_NAMES];
extern const char *const el_some_names[EL_SOME_OFF + 1];
extern const char *const el_similarity_names[EL_SIMILARITY_NAMES];
extern const char *const el_spans_names[EL_SPANS_NAMES];
extern const char *const el_verifier_names[EL_VERIFIER_NAMES];

/* Of a kind that is not fitted, for the members and types that there are now. */
bool el_config_set_judge(struct el_config *config, enum el_judge_kind kind, struct el_error *err);

extern const struct el_member_config el_member_defaults;

/* Words that people try for keys of the configuration. */
extern const struct el_yaml_synonym el_config_synonyms[];

/* What is wrong with a name of a member or a type: "is longer than 128 bytes"; NULL if nothing. */
const char *el_name_problem(const char *name);

/* False, and what is wrong in `text`, if `code` is not a code of a language. */
bool el_lang_check(const char *code, char *text, size_t size);

/* read_members.c: leave the configuration without members, or without a model of vectors. */
void el_config_drop_members(struct el_config *config);
void el_config_drop_embedder(struct el_config *config);

/* The words by which models read a label, in the arena or constant: "organization" for ORG,
 * "creative work" for creative-work, CREATIVE_WORK and CreativeWork. Case means something only in
 * labels that have both cases: an acronym in them keeps its capitals. NULL if out of memory. */
const char *el_label_wording(struct el_arena *arena, const char *label);

/* What a label known to the field means, where its wording says too little; else NULL. */
const char *el_label_description(const char *label);

/* Fill a type's wording where it is not set, and with it the description. */
bool el_type_complete(struct el_arena *arena, struct el_type *type, struct el_error *err);

/* Put in the default types where there are none. */
bool el_config_complete(struct el_config *config, struct el_error *err);

/* ensembles.c: the file of an ensemble, NULL if there is none of the name; the error about that;
 * fill config->missing (false: out of memory); the error about these, of the `ensemble` that the
 * caller names (NULL: none). */
const char *el_config_find_ensemble(struct el_config *config, const char *name);
bool el_config_no_ensemble(struct el_config *config, const char *name, struct el_error *err);
bool el_config_find_missing(struct el_config *config);
bool el_config_fail_missing(const struct el_config *config, const char *ensemble,
                            struct el_error *err);

/* config->data_folders, from the environment, the program's place and the prefix. */
bool el_config_data_folders(struct el_config *config, struct el_error *err);

/* "BASE/relative", where BASE is the value of `variable`, else "HOME/fallback"; in the arena. "" if
 * there is neither, NULL if out of memory. */
const char *el_config_user_folder(struct el_config *config, const char *variable,
                                  const char *fallback, const char *relative);

#endif
