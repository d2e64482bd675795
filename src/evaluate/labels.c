#include "evaluate/labels.h"

#include "base/array.h"

#include <stdlib.h>
#include <string.h>

void el_labels_free(struct el_labels *labels) {
    free(labels->items);
    el_arena_free(&labels->arena);
    *labels = (struct el_labels){0};
}

static struct el_labelled *append(struct el_labels *labels) {
    if (!EL_GROW(labels->items, labels->capacity, labels->count + 1)) {
        return NULL;
    }
    labels->items[labels->count] = (struct el_labelled){0};
    return &labels->items[labels->count++];
}

static void *copy_array(struct el_arena *arena, const void *from, size_t count, size_t size) {
    void *copy = el_arena_array(arena, count, size);
    if (copy != NULL && count > 0) {
        memcpy(copy, from, count * size);
    }
    return copy;
}

static bool copy_entity(struct el_arena *arena, struct el_entity *entity) {
    entity->type = el_arena_string(arena, entity->type);
    entity->extra = NULL; /* belong to the document that goes */
    entity->evidence = NULL;
    struct el_vote *votes = copy_array(arena, entity->votes, entity->n_votes, sizeof *votes);
    for (size_t i = 0; votes != NULL && i < entity->n_votes; i++) {
        votes[i].type = el_arena_string(arena, votes[i].type);
        if (votes[i].type == NULL) {
            return false;
        }
    }
    entity->votes = votes;
    return entity->type != NULL && votes != NULL;
}

static bool copy_document(struct el_arena *arena, struct el_labelled *to,
                          const struct el_document *from) {
    *to = (struct el_labelled){
        .id = el_arena_string(arena, from->id),
        .text = el_arena_copy(arena, from->text, from->text_len),
        .text_len = from->text_len,
        .tokens = copy_array(arena, from->tokens, from->n_tokens, sizeof *from->tokens),
        .n_tokens = from->n_tokens,
        .entities = copy_array(arena, from->entities, from->n_entities, sizeof *from->entities),
        .n_entities = from->n_entities,
        .lang = from->lang != NULL ? el_arena_string(arena, from->lang) : NULL,
        .sentence_per_document = from->sentence_per_document,
        .answered = from->labelled,
        .abstained = from->abstained,
        .line = from->line,
    };
    if (to->id == NULL || to->text == NULL || to->tokens == NULL || to->entities == NULL ||
        (from->lang != NULL && to->lang == NULL)) {
        return false;
    }
    for (size_t i = 0; i < to->n_entities; i++) {
        if (!copy_entity(arena, &to->entities[i])) {
            return false;
        }
    }
    if (from->tags != NULL) {
        const char **tags = el_arena_array(arena, from->n_tokens, sizeof *tags);
        for (size_t i = 0; tags != NULL && i < from->n_tokens; i++) {
            tags[i] = el_arena_string(arena, from->tags[i]);
            if (tags[i] == NULL) {
                return false;
            }
        }
        to->tags = tags;
        return tags != NULL;
    }
    return true;
}

bool el_labels_add(struct el_labels *labels, const struct el_document *document,
                   struct el_error *err) {
    struct el_labelled *item = append(labels);
    if (item == NULL) {
        return el_fail_memory(err);
    }
    if (!copy_document(&labels->arena, item, document)) {
        labels->count--;
        return el_fail_memory(err);
    }
    return true;
}

/* ---- Types ---- */

/* The number of the type that a label means; each label is looked up once. -2 if out of memory. */
static int asked_type(const struct el_config *config, json_t *known, const char *label) {
    json_t *number = json_object_get(known, label);
    int type = number != NULL ? (int)json_integer_value(number) : -2;
    if (number == NULL && (!el_config_type_of_label(config, label, &type) ||
                           json_object_set_new(known, label, json_integer(type)) != 0)) {
        return -2;
    }
    return type;
}

/* "B-PER" becomes "B-person"; a type that nobody asked for, O. */
static bool map_tags(struct el_labels *labels, struct el_labelled *document,
                     const struct el_config *config, json_t *known) {
    if (document->tags == NULL) {
        return true;
    }
    const char **tags = el_arena_array(&labels->arena, document->n_tokens, sizeof *tags);
    bool ok = tags != NULL;
    for (size_t t = 0; ok && t < document->n_tokens; t++) {
        const char *tag = document->tags[t], *hyphen = strchr(tag, '-');
        int type = hyphen != NULL ? asked_type(config, known, hyphen + 1) : -1;
        tags[t] = type < 0 ? "O"
                           : el_arena_printf(&labels->arena, "%.*s-%s", (int)(hyphen - tag), tag,
                                             config->types[type].name);
        ok = type != -2 && tags[t] != NULL;
    }
    document->tags = tags;
    return ok;
}

bool el_labels_map_types(struct el_labels *labels, const struct el_config *config, size_t *left_out,
                         struct el_error *err) {
    json_t *known = json_object();
    bool memory = known != NULL;
    size_t kept = 0;
    *left_out = 0;
    for (size_t i = 0; memory && i < labels->count; i++) {
        struct el_labelled *document = &labels->items[i];
        size_t n = 0;
        for (size_t j = 0; j < document->n_entities; j++) {
            int type = asked_type(config, known, document->entities[j].type);
            memory = memory && type != -2;
            if (type >= 0) {
                document->entities[n] = document->entities[j];
                document->entities[n++].type = config->types[type].name;
            }
        }
        *left_out += document->n_entities - n;
        kept += n;
        document->n_entities = n;
        memory = memory && map_tags(labels, document, config, known);
    }
    json_decref(known);
    if (!memory) {
        return el_fail_memory(err);
    }
    if (kept == 0 && *left_out > 0) {
        return el_fail(err, EL_ERR_CONFIG,
                       "%s: none of its entities has a type that is asked for; name its types with "
                       "--types, or give them as aliases in the configuration",
                       labels->path);
    }
    return true;
}

bool el_labels_write(const struct el_labels *labels, FILE *file,
                     const struct el_write_options *options, struct el_error *err) {
    struct el_writer *writer;
    if (!el_writer_open(file, options, &writer, err)) {
        return false;
    }
    bool ok = true;
    for (size_t i = 0; ok && i < labels->count; i++) {
        const struct el_labelled *item = &labels->items[i];
        struct el_document document = {
            .id = item->id,
            .text = item->text,
            .text_len = item->text_len,
            .tokens = item->tokens,
            .n_tokens = item->n_tokens,
            .entities = item->entities,
            .n_entities = item->n_entities,
            .labelled = item->answered,
            .lang = item->lang,
            .abstained = item->abstained,
            .sentence_per_document = item->sentence_per_document,
        };
        ok = el_writer_write(writer, &document, err);
    }
    struct el_error ignored;
    return el_writer_close(writer, ok ? err : &ignored) && ok;
}
