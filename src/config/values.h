/* Readers of single values of the configuration, for the tables of keys (el_yaml_key). Their
 * context is a struct el_loader; each fills the field whose type its comment names. */
#ifndef EL_CONFIG_VALUES_H
#define EL_CONFIG_VALUES_H

#include "base/array.h"
#include "base/yaml.h"
#include "config/config.h"

struct el_loader {
    struct el_yaml yaml;
    struct el_config *config;
    struct el_arena *arena; /* of the configuration */
    const char *folder;     /* of the file; relative paths start here */
    /* What the base gave, which its judgement was fitted to. */
    const void *base_members, *base_types;
    bool ensemble_here; /* the file names an ensemble */
    unsigned depth;     /* how many files name this one as their base */
    struct el_error *err;
    yaml_node_t *weights, *verifier, *judge; /* name members, so they are read after these */
};

#define FIELD(type, member) offsetof(struct type, member)

/* A copy in the arena; NULL if `text` is NULL (its error is set already) or with an error. */
const char *el_keep(struct el_loader *l, const char *text);

/* const char *; not empty. */
bool el_read_string(void *context, const struct el_yaml_key *key, yaml_node_t *value, void *field);
/* const char *: a path relative to the file, "~/" is the home folder. */
bool el_read_path(void *context, const struct el_yaml_key *key, yaml_node_t *value, void *field);
/* const char *: a file that must be there, relative to the configuration, else in a data folder. */
bool el_read_file_path(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                       void *field);
/* The file that a path of the configuration means, which need not be there: relative to the
 * configuration, else in a data folder. NULL with an error if memory is out. */
const char *el_locate_file(struct el_loader *l, const char *path);
/* const char *: the name of something shipped, or a path if it has a slash. */
bool el_read_name_or_path(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                          void *field);
/* Numbers between key->least and key->most. */
bool el_read_double(void *context, const struct el_yaml_key *key, yaml_node_t *value, void *field);
bool el_read_size(void *context, const struct el_yaml_key *key, yaml_node_t *value, void *field);
bool el_read_unsigned(void *context, const struct el_yaml_key *key, yaml_node_t *value,
                      void *field);
bool el_read_long(void *context, const struct el_yaml_key *key, yaml_node_t *value, void *field);
/* bool: true or false. */
bool el_read_bool(void *context, const struct el_yaml_key *key, yaml_node_t *value, void *field);

/* const char *: the code of a language. */
bool el_read_lang(void *context, const struct el_yaml_key *key, yaml_node_t *value, void *field);

/* May this be the name of `what` ("a member")? */
bool el_check_name(struct el_loader *l, const yaml_node_t *node, const char *what,
                   const char *name);

#endif
