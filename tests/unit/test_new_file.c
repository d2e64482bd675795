/* Files that appear whole: with a name only at the end, or, where the file system has no files
 * without one, with a temporary name that never outlives the next run. */
#include "base/new_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

/* Stands in for that of the C library: a file system without O_TMPFILE, if so wished. */
static bool without_unnamed;

#pragma GCC visibility push(default)
int open(const char *path, int flags, ...) {
    va_list args;
    va_start(args, flags);
    int mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(args, int) : 0;
    va_end(args);
    if (without_unnamed && (flags & O_TMPFILE) == O_TMPFILE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
#pragma GCC visibility pop

struct place {
    char folder[64], path[96];
};

static int make_place(void **state) {
    struct place *p = calloc(1, sizeof *p);
    strcpy(p->folder, "/tmp/el4ner-new-XXXXXX");
    *state = p;
    without_unnamed = false;
    bool made = mkdtemp(p->folder) != NULL;
    snprintf(p->path, sizeof p->path, "%s/out", p->folder);
    return made ? 0 : 1;
}

static int remove_place(void **state) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", ((struct place *)*state)->folder);
    int rc = system(command);
    free(*state);
    return rc;
}

static size_t count_files(const struct place *p) {
    DIR *folder = opendir(p->folder);
    size_t n = 0;
    while (readdir(folder) != NULL) {
        n++;
    }
    closedir(folder);
    return n - 2;
}

static void expect(const struct place *p, const char *text) {
    char got[64] = "";
    int fd = open(p->path, O_RDONLY);
    assert_true(fd >= 0);
    assert_true(read(fd, got, sizeof got - 1) >= 0);
    close(fd);
    assert_string_equal(got, text);
}

static void begin(struct el_new_file *file, const struct place *p, const char *text) {
    struct el_error err;
    if (!el_new_file_open(file, p->path, &err)) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(write(file->fd, text, strlen(text)), strlen(text));
}

static void make(const struct place *p, const char *text) {
    struct el_new_file file;
    struct el_error err;
    begin(&file, p, text);
    assert_true(el_new_file_publish(&file, &err));
    el_new_file_close(&file);
}

static void one_appears_whole(void **state) {
    const struct place *p = *state;
    for (int i = 0; i < 2; i++) {
        struct el_new_file file;
        struct stat info;
        without_unnamed = i == 1;
        begin(&file, p, "first");
        assert_int_equal(access(p->path, F_OK), -1);
        assert_int_equal(count_files(p), i);
        el_new_file_close(&file); /* not published */
        assert_int_equal(count_files(p), 0);
        make(p, "second");
        expect(p, "second");
        assert_int_equal(count_files(p), 1);
        chmod(p->path, 0640);
        make(p, "third");
        expect(p, "third");
        assert_int_equal(stat(p->path, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0640);
        assert_int_equal(count_files(p), 1);
        unlink(p->path);
    }
}

static void a_link_is_followed(void **state) {
    const struct place *p = *state;
    char other[128];
    snprintf(other, sizeof other, "%s/other", p->folder);
    make(p, "old");
    assert_int_equal(rename(p->path, other), 0);
    assert_int_equal(symlink("other", p->path), 0);
    make(p, "new");
    expect(p, "new");
    struct stat info;
    assert_int_equal(lstat(p->path, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
}

static void what_is_no_file_is_refused(void **state) {
    const struct place *p = *state;
    struct el_new_file file;
    struct el_error err;
    assert_false(el_new_file_open(&file, p->folder, &err));
    assert_int_equal(err.code, EL_ERR_CONFIG);
    assert_false(el_new_file_open(&file, "/dev/null", &err));
    assert_int_equal(err.code, EL_ERR_CONFIG);
    assert_false(el_new_file_open(&file, "/no/such/folder/out", &err));
    assert_int_equal(err.code, EL_ERR_IO);
}

static void begin_and_die(const struct place *p) {
    int status;
    pid_t child = fork();
    if (child == 0) {
        struct el_new_file file;
        begin(&file, p, "lost");
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
}

static void the_dead_leave_nothing_for_long(void **state) {
    const struct place *p = *state;
    begin_and_die(p);
    assert_int_equal(count_files(p), 0);
    without_unnamed = true;
    begin_and_die(p);
    begin_and_die(p); /* sweeps that of the first */
    assert_int_equal(count_files(p), 1);
    without_unnamed = false;
    make(p, "whole");
    assert_int_equal(count_files(p), 1);
    expect(p, "whole");
}

static void the_living_and_others_are_left_alone(void **state) {
    const struct place *p = *state;
    struct el_new_file slow;
    struct el_error err;
    char other[128];
    without_unnamed = true;
    begin(&slow, p, "slow");
    for (int i = 0; i < 2; i++) {
        snprintf(other, sizeof other, "%s/.el4ner-%s", p->folder, i == 0 ? "notes" : "0-0");
        close(open(other, O_CREAT | O_WRONLY, 0600));
    }
    make(p, "quick");
    assert_int_equal(count_files(p), 4);
    assert_true(el_new_file_publish(&slow, &err));
    el_new_file_close(&slow);
    expect(p, "slow");
    assert_int_equal(count_files(p), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(one_appears_whole),
        TEST(a_link_is_followed),
        TEST(what_is_no_file_is_refused),
        TEST(the_dead_leave_nothing_for_long),
        TEST(the_living_and_others_are_left_alone),
    };
    return cmocka_run_group_tests_name("new_file", tests, NULL, NULL);
}
