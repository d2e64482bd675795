/* The reply store: what goes in comes out, also after a kill, beside other processes, and not at
 * all from a damaged file. */
#include "base/clock.h"
#include "store/file_hash.h"
#include "store/manage.h"
#include "store/store.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

struct place {
    char folder[64], path[96], log[4096];
};

static void take_log(void *context, enum el_level level, const char *message) {
    struct place *p = context;
    (void)level;
    snprintf(p->log, sizeof p->log, "%s", message);
}

static int make_place(void **state) {
    struct place *p = calloc(1, sizeof *p);
    *state = p;
    strcpy(p->folder, "/tmp/el4ner-store-XXXXXX");
    if (mkdtemp(p->folder) == NULL) {
        return 1;
    }
    snprintf(p->path, sizeof p->path, "%s/x/y/replies.db", p->folder);
    return 0;
}

static int remove_place(void **state) {
    struct place *p = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", p->folder);
    int rc = system(command);
    free(p);
    return rc;
}

static struct el_store *open_store(struct place *p) {
    static struct el_log log;
    struct el_store *store;
    struct el_error err;
    log = (struct el_log){take_log, p};
    if (!el_store_open(p->path, &log, &store, &err)) {
        fail_msg("%s", err.message);
    }
    return store;
}

static void key_of(size_t i, char key[EL_SHA256_HEX]) {
    struct el_sha256 hash;
    el_sha256_start(&hash);
    el_sha256_add(&hash, &i, sizeof i);
    el_sha256_finish(&hash, key);
}

static void put(struct el_store *store, size_t i) {
    char key[EL_SHA256_HEX], text[64];
    int len = snprintf(text, sizeof text, "answer %zu \xe5\x8c\x97", i);
    struct el_stored s = {.text = text,
                          .text_len = (size_t)len,
                          .cut = i % 2 == 1,
                          .yes_probability = i % 3 == 0 ? (double)NAN : 0.25,
                          .seconds = 0.5,
                          .prompt_tokens = (long)i,
                          .answer_tokens = 7,
                          .cached_tokens = -1,
                          .model = i % 5 == 0 ? "five" : "other"};
    key_of(i, key);
    el_store_put(store, key, &s);
}

static bool has(struct el_store *store, size_t i) {
    char key[EL_SHA256_HEX], text[64];
    struct el_stored s;
    key_of(i, key);
    if (!el_store_get(store, key, &s)) {
        return false;
    }
    snprintf(text, sizeof text, "answer %zu \xe5\x8c\x97", i);
    assert_string_equal(s.text, text);
    assert_int_equal(s.text_len, strlen(text));
    assert_int_equal(s.cut, i % 2 == 1);
    assert_true(i % 3 == 0 ? isnan(s.yes_probability) : s.yes_probability == 0.25);
    assert_true(s.seconds == 0.5);
    assert_int_equal(s.prompt_tokens, i);
    assert_int_equal(s.answer_tokens, 7);
    assert_int_equal(s.cached_tokens, -1);
    return true;
}

static void before_and_after_commit_and_opening(void **state) {
    struct el_store *store = open_store(*state);
    assert_false(has(store, 1));
    assert_true(isinf(el_store_due(store)));
    for (size_t i = 0; i < 100; i++) {
        put(store, i);
    }
    double due = el_store_due(store) - el_now();
    assert_true(due > -0.5 && due <= 0.02);
    for (size_t i = 0; i < 100; i++) {
        assert_true(has(store, i));
    }
    el_store_commit(store);
    assert_true(isinf(el_store_due(store)));
    assert_true(has(store, 42));
    put(store, 100);
    el_store_close(store); /* commits */
    store = open_store(*state);
    for (size_t i = 0; i <= 100; i++) {
        assert_true(has(store, i));
    }
    assert_false(has(store, 101));
    el_store_close(store);
    struct place *p = *state;
    struct stat info;
    assert_int_equal(stat(p->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    el_store_close(NULL);
}

static void an_empty_answer_is_an_answer(void **state) {
    struct el_store *store = open_store(*state);
    struct el_stored s = {.text = "", .yes_probability = (double)NAN};
    char key[EL_SHA256_HEX];
    key_of(1, key);
    el_store_put(store, key, &s);
    el_store_commit(store);
    s.text = NULL;
    assert_true(el_store_get(store, key, &s));
    assert_string_equal(s.text, "");
    assert_int_equal(s.text_len, 0);
    el_store_close(store);
}

/* What was committed outlives kill -9. */
static void kill_loses_only_what_was_not_committed(void **state) {
    pid_t pid = fork();
    if (pid == 0) {
        struct el_store *store = open_store(*state);
        for (size_t i = 0; i < 50; i++) {
            put(store, i);
        }
        el_store_commit(store);
        put(store, 50);
        kill(getpid(), SIGKILL);
    }
    waitpid(pid, NULL, 0);
    struct el_store *store = open_store(*state);
    for (size_t i = 0; i < 50; i++) {
        assert_true(has(store, i));
    }
    assert_false(has(store, 50));
    put(store, 50);
    el_store_close(store);
}

static void several_processes_write_at_once(void **state) {
    enum { PROCESSES = 4, EACH = 200 };
    el_store_close(open_store(*state));
    for (size_t p = 0; p < PROCESSES; p++) {
        if (fork() == 0) {
            struct el_store *store = open_store(*state);
            for (size_t i = 0; i < EACH; i++) {
                put(store, p * EACH / 2 + i); /* half of it is written by two */
                if (i % 10 == 0) {
                    el_store_commit(store);
                }
            }
            el_store_close(store);
            _exit(((struct place *)*state)->log[0] != '\0');
        }
    }
    for (size_t p = 0; p < PROCESSES; p++) {
        int status;
        wait(&status);
        assert_int_equal(status, 0);
    }
    struct el_store *store = open_store(*state);
    for (size_t i = 0; i < (PROCESSES + 1) * EACH / 2; i++) {
        assert_true(has(store, i));
    }
    el_store_close(store);
}

static sqlite3 *lock(struct place *p) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE; DELETE FROM replies", NULL, NULL, NULL),
                     SQLITE_OK);
    return db;
}

static void unlock(sqlite3 *db) {
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void a_lock_of_another_process_costs_nothing(void **state) {
    struct place *p = *state;
    struct el_store *store = open_store(p);
    put(store, 1);
    el_store_commit(store);
    sqlite3 *other = lock(p);
    for (size_t i = 2; i < 6000; i++) { /* more than are committed at once */
        put(store, i);
    }
    el_store_commit(store);
    assert_true(isfinite(el_store_due(store)));
    assert_true(has(store, 1)); /* reading goes on */
    assert_true(has(store, 5999));
    struct el_store *late = open_store(p);
    assert_true(has(late, 1));
    assert_false(has(late, 2));
    el_store_close(late);
    unlock(other);
    put(store, 6000);
    el_store_commit(store);
    assert_false(isfinite(el_store_due(store)));
    assert_string_equal(p->log, "");
    el_store_close(store);
    store = open_store(p);
    for (size_t i = 1; i <= 6000; i++) {
        assert_true(has(store, i));
    }
    el_store_close(store);
}

static void the_end_waits_for_a_lock(void **state) {
    struct place *p = *state;
    struct el_store *store = open_store(p);
    int ready[2], end[2];
    char c;
    assert_int_equal(pipe(ready) | pipe(end), 0);
    if (fork() == 0) {
        sqlite3 *db = lock(p);
        c = (char)write(ready[1], "x", 1);
        c = (char)read(end[0], &c, 1);
        usleep(200000);
        unlock(db);
        _exit(0);
    }
    assert_int_equal(read(ready[0], &c, 1), 1);
    put(store, 1);
    assert_int_equal(write(end[1], "x", 1), 1);
    el_store_close(store);
    wait(NULL);
    store = open_store(p);
    assert_true(has(store, 1));
    el_store_close(store);
    close(ready[0]);
    close(ready[1]);
    close(end[0]);
    close(end[1]);
}

static void an_empty_name_is_refused(void **state) {
    (void)state;
    struct el_store *store;
    struct el_error err;
    char *empty = calloc(1, 1); /* ASan sees what is read behind it */
    assert_false(el_store_open(empty, NULL, &store, &err));
    assert_non_null(strstr(err.message, "empty"));
    free(empty);
}

static void write_file(const char *path, size_t at, const char *bytes, size_t len) {
    FILE *file = fopen(path, "r+b");
    file = file != NULL ? file : fopen(path, "wb");
    assert_non_null(file);
    fseek(file, (long)at, SEEK_SET);
    fwrite(bytes, 1, len, file);
    fclose(file);
}

static void a_file_that_is_no_store_is_refused(void **state) {
    struct place *p = *state;
    struct el_store *store;
    struct el_error err;
    char junk[8192];
    el_store_close(open_store(p));
    memset(junk, 'x', sizeof junk);
    write_file(p->path, 0, junk, sizeof junk);
    assert_false(el_store_open(p->path, NULL, &store, &err));
    assert_null(store);
    assert_non_null(strstr(err.message, p->path));
    assert_non_null(strstr(err.message, "delete it"));
    assert_false(el_store_open("/proc/none/x", NULL, &store, &err));
    assert_non_null(strstr(err.message, "cannot open"));
}

static void damage_found_later_turns_it_off(void **state) {
    struct place *p = *state;
    struct el_store *store = open_store(p);
    for (size_t i = 0; i < 2000; i++) {
        put(store, i);
    }
    el_store_close(store);
    char junk[4096];
    memset(junk, 0xa5, sizeof junk);
    struct stat info;
    assert_int_equal(stat(p->path, &info), 0);
    for (size_t at = 3 * 4096; at + sizeof junk <= (size_t)info.st_size; at += sizeof junk) {
        write_file(p->path, at, junk, sizeof junk);
    }
    store = open_store(p);
    size_t found = 0;
    for (size_t i = 0; i < 2000; i++) {
        found += has(store, i);
    }
    assert_true(found < 2000);
    assert_non_null(strstr(p->log, "going on without it"));
    put(store, 5000); /* harmless */
    el_store_close(store);
}

static void a_foreign_database_is_left_alone(void **state) {
    struct place *p = *state;
    struct el_store *store;
    struct el_error err;
    sqlite3 *db;
    el_store_close(open_store(p)); /* makes the folder */
    assert_int_equal(unlink(p->path), 0);
    assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE notes(text)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    assert_false(el_store_open(p->path, NULL, &store, &err));
    assert_non_null(strstr(err.message, "no reply store"));
}

static bool count_one(void *context, const char key[EL_SHA256_HEX], const struct el_stored *s,
                      int64_t written) {
    size_t *count = context;
    assert_int_equal(strlen(key), 64);
    assert_int_equal(strncmp(s->text, "answer", 6), 0);
    assert_true(written > 0);
    return ++*count < 7;
}

static void count_model(void *context, const char *model, const struct el_store_summary *s) {
    uint64_t *counts = context;
    counts[strcmp(model, "five") == 0 ? 0 : 1] += s->replies;
}

static void summary_prune_export(void **state) {
    struct el_store *store = open_store(*state);
    struct el_store_summary sum;
    struct el_error err;
    uint64_t dropped;
    size_t count = 0;
    for (size_t i = 0; i < 10; i++) {
        put(store, i);
    }
    assert_true(el_store_summarise(store, &sum, &err));
    assert_int_equal(sum.replies, 10);
    assert_int_equal(sum.text_bytes, 10 * strlen("answer 1 \xe5\x8c\x97"));
    assert_true(sum.oldest > 1600000000 && sum.newest >= sum.oldest);
    assert_true(el_store_each(store, count_one, &count, &err));
    assert_int_equal(count, 7);
    struct el_store_prune what = {.before = sum.oldest};
    assert_true(el_store_prune(store, &what, &dropped, &err));
    assert_int_equal(dropped, 0);
    uint64_t by_model[2] = {0};
    assert_true(el_store_models(store, count_model, by_model, &err));
    assert_int_equal(by_model[0], 2);
    assert_int_equal(by_model[1], 8);
    what = (struct el_store_prune){.model = "five", .before = INT64_MAX};
    assert_true(el_store_prune(store, &what, &dropped, &err));
    assert_int_equal(dropped, 2);
    what = (struct el_store_prune){.before = sum.newest + 1};
    assert_true(el_store_prune(store, &what, &dropped, &err));
    assert_int_equal(dropped, 8);
    assert_true(el_store_summarise(store, &sum, &err));
    assert_int_equal(sum.replies, 0);
    el_store_close(store);
}

static void put_many(struct el_store *store) {
    for (size_t i = 0; i < 20000; i++) {
        put(store, i);
    }
}

static void prune_to_a_size(void **state) {
    struct el_store *store = open_store(*state);
    struct el_store_summary sum;
    struct el_error err;
    uint64_t dropped;
    put_many(store);
    assert_true(el_store_summarise(store, &sum, &err));
    assert_true(sum.file_bytes > 500000);
    struct el_store_prune what = {.before = INT64_MIN, .max_bytes = 500000};
    assert_true(el_store_prune(store, &what, &dropped, &err));
    assert_true(el_store_summarise(store, &sum, &err));
    assert_true(sum.file_bytes <= 500000);
    assert_int_equal(sum.replies + dropped, 20000);
    assert_true(sum.replies > 1000); /* not many more than it takes */
    what.max_bytes = 1;              /* an empty file is larger: no endless loop */
    assert_true(el_store_prune(store, &what, &dropped, &err));
    assert_true(el_store_summarise(store, &sum, &err));
    assert_int_equal(sum.replies, 0);
    el_store_close(store);
}

/* Another process reads the whole time, so that the file cannot shrink yet. */
static void prune_beside_a_reader(void **state) {
    struct place *p = *state;
    struct el_store *store = open_store(p);
    struct el_store_summary sum;
    struct el_error err;
    uint64_t dropped;
    put_many(store);
    el_store_commit(store);
    sqlite3 *db;
    sqlite3_stmt *row;
    assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, "SELECT key FROM replies", -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    struct el_store_prune what = {.before = INT64_MIN, .max_bytes = 500000};
    (void)el_store_prune(store, &what, &dropped, &err);
    assert_true(el_store_summarise(store, &sum, &err));
    assert_true(sum.replies > 1000);
    sqlite3_finalize(row);
    sqlite3_close(db);
    el_store_close(store);
}

/* An answer that was handed out holds nobody up. */
static void an_idle_store_lets_others_prune(void **state) {
    struct place *p = *state;
    struct el_store *idle = open_store(p);
    struct el_error err;
    struct el_store_summary sum;
    uint64_t dropped;
    put_many(idle);
    el_store_commit(idle);
    assert_true(has(idle, 3));
    struct el_store *other = open_store(p);
    struct el_store_prune what = {.before = INT64_MIN, .max_bytes = 500000};
    assert_true(el_store_prune(other, &what, &dropped, &err));
    assert_true(el_store_summarise(other, &sum, &err));
    assert_true(sum.file_bytes <= 500000);
    el_store_close(other);
    el_store_close(idle);
}

/* A store of another version is refused, and left as it is. */
static void another_version_is_refused(void **state) {
    struct place *p = *state;
    struct el_store *store = open_store(p);
    struct el_error err;
    sqlite3 *db;
    put(store, 1);
    el_store_close(store);
    for (int version = 1; version < 10; version += 3) {
        char sql[64];
        snprintf(sql, sizeof sql, "PRAGMA user_version=%d", version);
        assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
        assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        assert_false(el_store_open(p->path, NULL, &store, &err));
        assert_non_null(strstr(err.message, "another version"));
    }
    assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA user_version=3", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    store = open_store(p);
    assert_true(has(store, 1));
    el_store_close(store);
}

/* The probabilities of an answer's types come back as they were, before and after a commit. */
static void shares_are_kept(void **state) {
    struct place *p = *state;
    static const float shares[] = {0.25F, 0.75F, 1e-6F};
    struct el_store *store = open_store(p);
    struct el_stored stored = {.text = "odd", .text_len = 3, .shares = shares, .n_shares = 3};
    char key[EL_SHA256_HEX];
    key_of(5, key);
    el_store_put(store, key, &stored);
    put(store, 6);
    for (int i = 0; i < 3; i++) {
        assert_true(el_store_get(store, key, &stored));
        assert_string_equal(stored.text, "odd");
        assert_int_equal(stored.n_shares, 3);
        assert_memory_equal(stored.shares, shares, sizeof shares);
        el_store_commit(store);
    }
    key_of(6, key);
    assert_true(el_store_get(store, key, &stored));
    assert_int_equal(stored.n_shares, 0);
    assert_string_equal(stored.model, "other");
    el_store_close(store);
}

static void hash_of_a_file(void **state) {
    struct place *p = *state;
    struct el_store *store = open_store(p);
    struct el_error err;
    char file[128], hex[EL_SHA256_HEX], again[EL_SHA256_HEX];
    snprintf(file, sizeof file, "%s/model", p->folder);
    write_file(file, 0, "abc", 3);
    for (int i = 0; i < 2; i++) {
        assert_true(el_store_file_hash(i == 0 ? NULL : store, file, hex, &err));
        assert_string_equal(hex,
                            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
    assert_true(el_store_file_hash(store, file, again, &err)); /* from the store */
    assert_string_equal(hex, again);
    write_file(file, 0, "abcd", 4);
    assert_true(el_store_file_hash(store, file, again, &err));
    assert_string_not_equal(hex, again);
    assert_false(el_store_file_hash(store, "/no/such/file", hex, &err));
    el_store_close(store);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)
    const struct CMUnitTest tests[] = {
        TEST(before_and_after_commit_and_opening),
        TEST(an_empty_answer_is_an_answer),
        TEST(kill_loses_only_what_was_not_committed),
        TEST(several_processes_write_at_once),
        TEST(a_lock_of_another_process_costs_nothing),
        TEST(the_end_waits_for_a_lock),
        TEST(an_empty_name_is_refused),
        TEST(a_file_that_is_no_store_is_refused),
        TEST(damage_found_later_turns_it_off),
        TEST(summary_prune_export),
        TEST(a_foreign_database_is_left_alone),
        TEST(prune_to_a_size),
        TEST(prune_beside_a_reader),
        TEST(an_idle_store_lets_others_prune),
        TEST(another_version_is_refused),
        TEST(shares_are_kept),
        TEST(hash_of_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
