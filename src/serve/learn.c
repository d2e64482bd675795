#include "serve/learn.h"

#include "base/array.h"
#include "base/file.h"
#include "base/json.h"
#include "base/new_file.h"
#include "base/sha256.h"
#include "corpus/format.h"
#include "retrieval/prior.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A line of the file. */
struct sentence {
    struct learn_origin origin; /* zero: it was there before */
    char text[EL_SHA256_HEX];
    size_t len; /* of the line, with its line feed */
    bool kept;  /* while others are freed */
    char line[];
};

struct sentences {
    struct sentence **items;
    size_t n;
};

struct learner {
    char *path;
    struct el_log log;
    pthread_mutex_t mutex; /* of all that follows */
    struct sentences held;
    struct stat file; /* as it was left; zero = there is none */
    bool open_end;    /* its last line has no line feed */

    el4ner *engine; /* NULL: it is not there yet, or not any more */
    pthread_t thread;
    pthread_cond_t news; /* `due` or `stop` */
    bool started, due, stop;
    atomic_bool built; /* `pool` is for the engine; NULL = its own will do. Read without the mutex
                          too, which may be held while a file is written */
    struct el_pool *pool;   /* the engine's when it is taken over ... */
    struct el_prior *prior; /* ... with what its labels say; NULL where nothing asks for it */
    size_t n_built, n_used;
};

/* ---- lines ---- */

static struct learn_origin origin_of(const struct el_document *document) {
    json_t *from = json_object_get(document->extra, "labelstudio");
    return (struct learn_origin){json_integer_value(json_object_get(from, "project")),
                                 json_integer_value(json_object_get(from, "annotation"))};
}

static bool is_from(const struct sentence *sentence, struct learn_origin origin) {
    return sentence->origin.project == origin.project &&
           sentence->origin.annotation == origin.annotation && origin.annotation != 0;
}

/* As `el4ner convert` writes it; NULL with an error. */
static struct sentence *sentence_of(const struct el_document *document, struct el_error *err) {
    struct el_write_options options = {.format = EL_FORMAT_JSONL};
    struct el_writer *writer;
    struct sentence *sentence = NULL;
    char *line = NULL;
    size_t len = 0;
    FILE *file = open_memstream(&line, &len);
    bool ok = file != NULL || el_fail_memory(err);
    if (ok && el_writer_open(file, &options, &writer, err)) {
        ok = el_writer_write(writer, document, err);
        ok = el_writer_close(writer, err) && ok;
    } else {
        ok = false;
    }
    if (file != NULL) {
        ok = (fclose(file) == 0 || el_fail_memory(err)) && ok;
    }
    if (ok) {
        sentence = malloc(sizeof *sentence + len);
        ok = sentence != NULL || el_fail_memory(err);
    }
    if (ok) {
        sentence->origin = origin_of(document);
        sentence->len = len;
        sentence->kept = false;
        memcpy(sentence->line, line, len);
        el_sha256_of(document->text, document->text_len, sentence->text);
    }
    free(line);
    return sentence;
}

static void free_sentences(struct sentences *sentences) {
    for (size_t i = 0; i < sentences->n; i++) {
        free(sentences->items[i]);
    }
    free(sentences->items);
    *sentences = (struct sentences){0};
}

/* ---- the file ---- */

static struct stat look(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 ? info : (struct stat){0};
}

static bool is_as_left(const struct learner *learner) {
    struct stat now = look(learner->path);
    return now.st_ino == learner->file.st_ino && now.st_size == learner->file.st_size &&
           now.st_mtim.tv_sec == learner->file.st_mtim.tv_sec &&
           now.st_mtim.tv_nsec == learner->file.st_mtim.tv_nsec;
}

static bool read_lines(struct el_reader *reader, struct sentences *sentences,
                       struct el_error *err) {
    struct el_document *document;
    size_t room = 0;
    int got;
    while ((got = el_reader_next(reader, &document, err)) > 0) {
        if (!EL_GROW(sentences->items, room, sentences->n + 1)) {
            el_document_free(document);
            return el_fail_memory(err);
        }
        struct sentence *sentence = sentence_of(document, err);
        el_document_free(document);
        if (sentence == NULL) {
            return false;
        }
        sentences->items[sentences->n++] = sentence;
    }
    return got == 0;
}

static bool ends_open(const char *path, off_t size) {
    char last = '\n';
    int fd = size > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        ssize_t got = pread(fd, &last, 1, size - 1);
        (void)got;
        close(fd);
    }
    return last != '\n';
}

static bool load(struct learner *learner, struct el_error *err) {
    struct el_read_options options = {.format = EL_FORMAT_JSONL};
    struct sentences sentences = {0};
    struct el_reader *reader;
    struct stat info;
    if (stat(learner->path, &info) != 0 && errno == ENOENT) {
        info = (struct stat){0};
    } else if (info.st_size != 0) {
        if (!el_reader_open(learner->path, &options, &reader, err)) {
            return false;
        }
        bool ok = read_lines(reader, &sentences, err);
        el_reader_close(reader);
        if (!ok) {
            free_sentences(&sentences);
            return false;
        }
    }
    free_sentences(&learner->held);
    learner->held = sentences;
    learner->file = info;
    learner->open_end = ends_open(learner->path, info.st_size);
    return true;
}

static bool fail_write(const struct learner *learner, struct el_error *err) {
    return el_fail(err, EL_ERR_IO, "%s: cannot be written: %s", learner->path, strerror(errno));
}

static void join_lines(const struct sentences *sentences, size_t from, struct el_buffer *out) {
    for (size_t i = from; i < sentences->n; i++) {
        el_buffer_append(out, sentences->items[i]->line, sentences->items[i]->len);
    }
}

/* The lines from `from` on; half of them would be worse than none. */
static bool append(const struct learner *learner, const struct sentences *next, size_t from,
                   struct el_error *err) {
    struct el_buffer text = {0};
    join_lines(next, from, &text);
    int fd =
        text.failed ? -1 : open(learner->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    bool ok = text.failed ? el_fail_memory(err) : fd >= 0 || fail_write(learner, err);
    if (ok && !el_write_all(fd, text.data, text.len)) {
        ok = fail_write(learner, err);
        int cut = ftruncate(fd, learner->file.st_size);
        (void)cut;
    }
    if (fd >= 0) {
        close(fd);
    }
    el_buffer_free(&text);
    return ok;
}

static bool rewrite(const struct learner *learner, const struct sentences *next,
                    struct el_error *err) {
    struct el_buffer text = {0};
    struct el_new_file file;
    join_lines(next, 0, &text);
    if (text.failed) {
        el_buffer_free(&text);
        return el_fail_memory(err);
    }
    bool ok = el_new_file_open(&file, learner->path, err);
    if (ok) {
        ok = (el_write_all(file.fd, text.data, text.len) || fail_write(learner, err)) &&
             el_new_file_publish(&file, err);
        el_new_file_close(&file);
    }
    el_buffer_free(&text);
    return ok;
}

/* ---- what comes ---- */

/* Where the text is, from `from` on; n if it is not there. */
static size_t find(const struct sentences *sentences, size_t from, const struct sentence *like) {
    while (from < sentences->n && strcmp(sentences->items[from]->text, like->text) != 0) {
        from++;
    }
    return from;
}

/* The sentences as they will be; *kept: so many lines at the beginning are those of the file. */
static bool plan(const struct sentences *held, const struct sentences *fresh,
                 struct learn_origin origin, struct sentences *next, size_t *kept) {
    next->items = malloc((held->n + fresh->n + 1) * sizeof *next->items);
    next->n = 0;
    *kept = 0;
    if (next->items == NULL) {
        return false;
    }
    for (size_t i = 0; i < held->n; i++) {
        struct sentence *sentence = held->items[i];
        size_t same = find(fresh, 0, sentence);
        if (same < fresh->n) {
            if (find(next, 0, sentence) == next->n) {
                next->items[next->n++] = fresh->items[same];
            }
        } else if (!is_from(sentence, origin)) {
            *kept += *kept == i;
            next->items[next->n++] = sentence;
        }
    }
    for (size_t i = 0; i < fresh->n; i++) {
        if (find(next, 0, fresh->items[i]) == next->n) {
            next->items[next->n++] = fresh->items[i];
        }
    }
    return true;
}

static void free_unkept(struct sentences *sentences) {
    for (size_t i = 0; i < sentences->n; i++) {
        if (!sentences->items[i]->kept) {
            free(sentences->items[i]);
        }
    }
    free(sentences->items);
}

static void mark(struct sentences *sentences, bool kept) {
    for (size_t i = 0; i < sentences->n; i++) {
        sentences->items[i]->kept = kept;
    }
}

/* With the mutex held. Takes `fresh`. */
static bool change(struct learner *learner, struct sentences *fresh, struct learn_origin origin,
                   struct el_error *err) {
    struct sentences *held = &learner->held, next = {0};
    size_t kept;
    bool ok = is_as_left(learner) || load(learner, err);
    ok = ok && (plan(held, fresh, origin, &next, &kept) || el_fail_memory(err));
    bool longer = ok && kept == held->n && !learner->open_end;
    if (ok && !(longer && next.n == kept)) {
        ok = longer ? append(learner, &next, kept, err) : rewrite(learner, &next, err);
    }
    if (!ok) {
        free_sentences(fresh);
        free(next.items);
        return false;
    }
    learner->file = look(learner->path);
    learner->open_end = false;
    mark(&next, true);
    free_unkept(held);
    free_unkept(fresh);
    mark(&next, false);
    *held = next;
    learner->due = true;
    pthread_cond_signal(&learner->news);
    return true;
}

bool learner_take(struct learner *learner, struct learn_origin origin,
                  struct el_document *const *documents, size_t n_documents, size_t *n,
                  struct el_error *err) {
    struct sentences fresh = {.items = calloc(n_documents + 1, sizeof *fresh.items)};
    bool ok = fresh.items != NULL || el_fail_memory(err);
    for (size_t i = 0; ok && i < n_documents; i++) {
        struct sentence *sentence = sentence_of(documents[i], err);
        ok = sentence != NULL;
        if (ok) {
            fresh.items[fresh.n++] = sentence;
        }
    }
    if (!ok) {
        free_sentences(&fresh);
        return false;
    }
    pthread_mutex_lock(&learner->mutex);
    ok = change(learner, &fresh, origin, err);
    *n = learner->held.n;
    pthread_mutex_unlock(&learner->mutex);
    return ok;
}

void learner_counts(struct learner *learner, size_t *learned, size_t *used) {
    pthread_mutex_lock(&learner->mutex);
    *learned = learner->held.n;
    *used = learner->n_used;
    pthread_mutex_unlock(&learner->mutex);
}

/* ---- pools ---- */

static void close_pool(struct learner *learner) {
    el_prior_close(learner->prior);
    el_pool_close(learner->pool);
}

/* With the mutex held, which is given up while the pool is built. */
static bool build(struct learner *learner, struct el_error *err) {
    struct el_read_options options = {.format = EL_FORMAT_JSONL};
    struct el_buffer text = {0};
    struct el_pool *pool = NULL;
    struct el_prior *prior = NULL;
    struct el_reader *reader;
    size_t n = learner->held.n;
    join_lines(&learner->held, 0, &text);
    learner->due = false;
    pthread_mutex_unlock(&learner->mutex);
    FILE *file = n == 0 || text.failed ? NULL : fmemopen(text.data, text.len, "rb");
    bool ok = n == 0 || file != NULL || el_fail_memory(err);
    ok = ok && (n == 0 || el_reader_open_file(file, learner->path, &options, &reader, err));
    if (ok && n > 0) {
        ok = el_pool_grow(el_engine_pool(learner->engine), reader, &learner->log, &pool, err) &&
             (pool == NULL || !el_engine_counts_labels(learner->engine) ||
              el_prior_open(pool, &prior, err));
        el_reader_close(reader);
    }
    if (file != NULL) {
        fclose(file);
    }
    el_buffer_free(&text);
    pthread_mutex_lock(&learner->mutex);
    if (!ok) {
        el_pool_close(pool);
    } else {
        close_pool(learner);
        learner->pool = pool;
        learner->prior = prior;
        atomic_store(&learner->built, true);
        learner->n_built = n;
    }
    return ok;
}

static void *work(void *context) {
    struct learner *learner = context;
    struct el_error err;
    pthread_mutex_lock(&learner->mutex);
    for (;;) {
        while (!learner->due && !learner->stop) {
            pthread_cond_wait(&learner->news, &learner->mutex);
        }
        if (learner->stop) {
            break;
        }
        if (build(learner, &err)) {
            el4ner_wake(learner->engine);
        } else {
            el_log(&learner->log, EL_WARNING, "what was learned is not used yet: %s", err.message);
        }
    }
    pthread_mutex_unlock(&learner->mutex);
    return NULL;
}

void learner_apply(struct learner *learner) {
    struct el_error err;
    if (!atomic_load(&learner->built)) {
        return;
    }
    pthread_mutex_lock(&learner->mutex);
    if (el_engine_use_pool(learner->engine, learner->pool, learner->prior, &err)) {
        learner->n_used = learner->n_built;
    } else {
        el_log(&learner->log, EL_WARNING, "what was learned is not used yet: %s", err.message);
    }
    learner->pool = NULL;
    learner->prior = NULL;
    atomic_store(&learner->built, false);
    pthread_mutex_unlock(&learner->mutex);
}

bool learner_begin(struct learner *learner, el4ner *engine, struct el_error *err) {
    const struct el_pool *pool = el_engine_pool(engine);
    if (pool != NULL && strcmp(el_pool_get_info(pool)->vectors, "ngram") != 0) {
        return el_fail(
            err, EL_ERR_CONFIG,
            "--learn %s: the pool has vectors of %s, and cannot grow while it is in use; "
            "take retrieve: vectors out of the configuration",
            learner->path, el_pool_get_info(pool)->vectors);
    }
    pthread_mutex_lock(&learner->mutex);
    learner->engine = engine;
    bool ok = build(learner, err);
    learner->started = ok && pthread_create(&learner->thread, NULL, work, learner) == 0;
    ok = ok && (learner->started || el_fail_memory(err));
    pthread_mutex_unlock(&learner->mutex);
    if (ok) {
        learner_apply(learner);
    }
    return ok;
}

void learner_end(struct learner *learner) {
    if (!learner->started) {
        return;
    }
    pthread_mutex_lock(&learner->mutex);
    learner->stop = true;
    pthread_cond_signal(&learner->news);
    pthread_mutex_unlock(&learner->mutex);
    pthread_join(learner->thread, NULL);
    learner->started = false;
}

/* ---- beginning and end ---- */

bool learner_open(const char *path, const struct el_log *log, struct learner **out,
                  struct el_error *err) {
    struct learner *learner = calloc(1, sizeof *learner);
    *out = NULL;
    if (learner == NULL || (learner->path = strdup(path)) == NULL) {
        free(learner);
        return el_fail_memory(err);
    }
    learner->log = *log;
    pthread_mutex_init(&learner->mutex, NULL);
    pthread_cond_init(&learner->news, NULL);
    if (!load(learner, err)) {
        err->code = err->code == EL_ERR_MEMORY ? err->code : EL_ERR_CONFIG;
        learner_close(learner);
        return false;
    }
    *out = learner;
    return true;
}

void learner_close(struct learner *learner) {
    if (learner != NULL) {
        close_pool(learner);
        free_sentences(&learner->held);
        pthread_cond_destroy(&learner->news);
        pthread_mutex_destroy(&learner->mutex);
        free(learner->path);
        free(learner);
    }
}
