/* A call in work: looked up in the store, joined to an identical one under way, and its outcome,
 * which waits among the ready for its delivery. */
#include "serving/client_private.h"
#include "serving/embeddings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void el_job_free(struct el_job *job) {
    el_buffer_free(&job->body);
    el_buffer_free(&job->adapted);
    free(job->text);
    free(job->detail);
    free(job->shares);
    free(job);
}

static size_t bucket(const char *key) {
    unsigned h = 0;
    for (int i = 0; i < 4; i++) {
        h = h << 4 | (unsigned)(key[i] <= '9' ? key[i] - '0' : key[i] - 'a' + 10);
    }
    return h % EL_TABLE;
}

struct el_job *el_job_find_same(struct el_client *client, const struct el_job *job) {
    struct el_job *other = client->table[bucket(job->key)];
    while (other != NULL &&
           (other->call.member != job->call.member || strcmp(other->key, job->key) != 0)) {
        other = other->chain;
    }
    return other;
}

void el_job_enter(struct el_client *client, struct el_job *job) {
    struct el_job **head = &client->table[bucket(job->key)];
    job->chain = *head;
    *head = job;
    job->primary = true;
}

static void table_remove(struct el_client *client, struct el_job *job) {
    struct el_job **at = &client->table[bucket(job->key)];
    while (job->primary && *at != job) {
        at = &(*at)->chain;
    }
    if (job->primary) {
        *at = job->chain;
        job->primary = false;
    }
}

static void append_ready(struct el_client *client, struct el_job *job) {
    job->next = NULL;
    *client->ready_last = job;
    client->ready_last = &job->next;
}

/* A copy for the job; NULL of NULL. If out of memory, the answer only has less detail. */
static void keep_shares(struct el_job *job, const float *shares, size_t n) {
    job->shares = shares != NULL ? malloc(n * sizeof *shares) : NULL;
    job->reply.n_shares = job->shares != NULL ? n : 0;
    if (job->shares != NULL) {
        memcpy(job->shares, shares, n * sizeof *shares);
    }
}

/* The job's reply is final; its twins get the same. */
static void finish(struct el_client *client, struct el_job *job) {
    struct el_job *twin = job->twins, *next;
    table_remove(client, job);
    el_buffer_free(&job->body);
    el_buffer_free(&job->adapted);
    job->twins = NULL;
    append_ready(client, job);
    for (; twin != NULL; twin = next) {
        next = twin->next;
        twin->reply = job->reply;
        twin->reply.from_store = job->reply.failure == EL_ANSWERED;
        if (job->text != NULL && (twin->text = malloc(job->reply.text_len + 1)) != NULL) {
            memcpy(twin->text, job->text, job->reply.text_len + 1);
        }
        keep_shares(twin, job->shares, job->reply.n_shares);
        twin->detail = job->detail != NULL ? strdup(job->detail) : NULL;
        client->out_of_memory = client->out_of_memory || (job->text != NULL && twin->text == NULL);
        append_ready(client, twin);
    }
}

void el_job_fail(struct el_client *client, struct el_job *job, enum el_failure failure,
                 const char *detail) {
    job->reply = (struct el_reply){.failure = failure,
                                   .yes_probability = (double)NAN,
                                   .prompt_tokens = -1,
                                   .answer_tokens = -1,
                                   .cached_tokens = -1};
    job->detail = strdup(detail);
    finish(client, job);
}

/* The store, for replies of this member; NULL if it has none. */
static struct el_store *store_for(const struct el_client *client, const struct el_job *job) {
    return client->members[job->call.member].caps.identity[0] != '\0' ? client->store : NULL;
}

void el_job_answer(struct el_client *client, struct el_job *job, const struct el_api_answer *answer,
                   double seconds) {
    job->text = answer->text;
    job->shares = answer->shares;
    job->reply = (struct el_reply){.text_len = answer->text_len,
                                   .cut = answer->cut,
                                   .yes_probability = answer->yes_probability,
                                   .n_shares = answer->n_shares,
                                   .prompt_tokens = answer->prompt_tokens,
                                   .answer_tokens = answer->answer_tokens,
                                   .cached_tokens = answer->cached_tokens,
                                   .seconds = seconds};
    if (store_for(client, job) != NULL) {
        struct el_stored stored = {
            .text = answer->text,
            .text_len = answer->text_len,
            .cut = answer->cut,
            .yes_probability = answer->yes_probability,
            .seconds = seconds,
            .prompt_tokens = answer->prompt_tokens,
            .answer_tokens = answer->answer_tokens,
            .cached_tokens = answer->cached_tokens,
            .shares = answer->shares,
            .n_shares = answer->n_shares,
            .model = client->members[job->call.member].caps.model,
        };
        el_store_put(client->store, job->key, &stored);
    }
    finish(client, job);
}

/* Whether a stored answer to a call with inputs is what it should be. */
static bool holds_vectors(const struct el_job *job, const struct el_stored *stored) {
    size_t dimensions;
    float *vectors =
        el_embeddings_decode(stored->text, stored->text_len, job->call.n_inputs, &dimensions);
    free(vectors);
    return vectors != NULL;
}

/* Stored probabilities, if they can be the call's, and are probabilities. The store's
 * memory need not be one where floats may be. */
static void take_stored_shares(struct el_job *job, const struct el_stored *stored) {
    const struct el_constraint *c = &job->call.constraint;
    bool fine = stored->n_shares > 0 &&
                (c->kind == EL_LIST_OF_SPANS || stored->n_shares == c->n_items * c->n_choices);
    keep_shares(job, fine ? stored->shares : NULL, stored->n_shares);
    for (size_t i = 0; job->shares != NULL && fine && i < stored->n_shares; i++) {
        fine = isnan(job->shares[i]) || (job->shares[i] >= 0 && job->shares[i] <= 1.0001F);
    }
    if (!fine) {
        free(job->shares);
        job->shares = NULL;
        job->reply.n_shares = 0;
    }
}

bool el_job_from_store(struct el_client *client, struct el_job *job) {
    struct el_stored stored;
    struct el_store *store = store_for(client, job);
    if (store == NULL || !el_store_get(store, job->key, &stored) ||
        (job->call.inputs != NULL && !holds_vectors(job, &stored))) {
        return false;
    }
    job->text = malloc(stored.text_len + 1);
    if (job->text == NULL) {
        return false;
    }
    memcpy(job->text, stored.text, stored.text_len);
    job->text[stored.text_len] = '\0';
    job->reply = (struct el_reply){.text_len = stored.text_len,
                                   .cut = stored.cut,
                                   .from_store = true,
                                   .yes_probability = stored.yes_probability,
                                   .prompt_tokens = stored.prompt_tokens,
                                   .answer_tokens = stored.answer_tokens,
                                   .cached_tokens = stored.cached_tokens,
                                   .seconds = stored.seconds};
    take_stored_shares(job, &stored);
    finish(client, job);
    return true;
}
