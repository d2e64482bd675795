/* What the files of the configuration share. */
#ifndef EL_CONFIG_CONFIG_PRIVATE_H
#define EL_CONFIG_CONFIG_PRIVATE_H

#include "config/config.h"

/* Words of the configuration, by the value of the enum. */
enum { EL_API_NAMES = 5, EL_PROFILE_NAMES = 2, EL_SIMILARITY_NAMES = 4 };
extern const char *const el_api_names[EL_API_NAMES];
extern const char *const el_profile_names[EL_PROFILE_NAMES];
extern const char *const el_similarity_names[EL_SIMILARITY_NAMES];

extern const struct el_member_config el_member_defaults;

/* Number of the member of this name; SIZE_MAX if there is none. */
size_t el_config_member(const struct el_config *config, const char *name);

/* Fill a type's wording and aliases where they are not set. */
bool el_type_complete(struct el_arena *arena, struct el_type *type, struct el_error *err);

/* Read config->path over the defaults in `config` (data folders are set). */
bool el_config_read_file(struct el_config *config, struct el_error *err);

/* Put in the shipped members and the default types where there are none. */
bool el_config_complete(struct el_config *config, struct el_error *err);

/* config->data_folders, from the environment, the program's place and the prefix. */
bool el_config_data_folders(struct el_config *config, struct el_error *err);

#endif
