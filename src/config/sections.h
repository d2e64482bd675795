/* The sections of the configuration file: readers of el_yaml_key for whole mappings and lists.
 * Their context is a struct el_loader. */
#ifndef EL_CONFIG_SECTIONS_H
#define EL_CONFIG_SECTIONS_H

#include "config/values.h"

/* read_members.c: fills config->members. */
bool el_read_members(void *context, const struct el_yaml_key *key, yaml_node_t *value, void *field);
/* Fills config->embedder from a mapping; `what` is named in errors. */
bool el_read_embedder(struct el_loader *l, const char *what, yaml_node_t *value);

/* read_types.c: fills config->types. */
bool el_read_types(void *context, const struct el_yaml_key *key, yaml_node_t *value, void *field);

/* read_stages.c: each fills its part of a struct el_settings, but for the profile (field unused).
 */
bool el_read_profile(void *context, const struct el_yaml_key *key, yaml_node_t *value, void *field);
bool el_read_retrieve(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                      void *settings);
bool el_read_extract(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                     void *settings);
bool el_read_classify(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                      void *settings);
bool el_read_verify(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                    void *settings);
/* bool: not off. */
bool el_read_constrain(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                       void *field);
/* read_judge.c: the judgement names members and types; it is kept, and read when these are known.
 * Where the caller gives other members than the file, what names them is left out, here and below.
 */
bool el_keep_judge(void *context, const struct el_yaml_key *key, yaml_node_t *value, void *field);
bool el_resolve_judge(struct el_loader *l);
/* The same for the weights of votes and the verifier. */
bool el_resolve_members(struct el_loader *l);

#endif
