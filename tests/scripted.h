/* Starting the scripted server (tests/scripted_server.c) from a test. It dies with the test. */
#ifndef EL_TESTS_SCRIPTED_H
#define EL_TESTS_SCRIPTED_H

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

struct scripted {
    pid_t pid;
    char url[64];
};

/* Its path: beside the running test. */
static inline void scripted_path(char *path, size_t room) {
    ssize_t n = readlink("/proc/self/exe", path, room - 32);
    path[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(path, '/');
    strcpy(slash != NULL ? slash + 1 : path, "scripted_server");
}

/* `arguments`: separated by blanks. */
static inline struct scripted scripted_start(const char *arguments) {
    struct scripted server = {0};
    char path[4096], copy[1024], *argv[64] = {"scripted_server"}, *rest = copy, *word;
    int fds[2], argc = 1;
    unsigned port = 0;
    scripted_path(path, sizeof path);
    snprintf(copy, sizeof copy, "%s", arguments);
    while ((word = strsep(&rest, " ")) != NULL && argc < 62) {
        if (word[0] != '\0') {
            argv[argc++] = word;
        }
    }
    if (pipe2(fds, O_CLOEXEC) != 0) {
        return server;
    }
    server.pid = fork();
    if (server.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        unsetenv("LLAMA_API_KEY");
        unsetenv("SCRIPTED_FAULTS");
        dup2(fds[1], 1);
        execv(path, argv);
        _exit(127);
    }
    close(fds[1]);
    FILE *out = fdopen(fds[0], "r");
    if (out != NULL) {
        if (fscanf(out, "%u", &port) != 1) {
            fprintf(stderr, "%s did not start\n", path);
        }
        fclose(out);
    }
    snprintf(server.url, sizeof server.url, "http://127.0.0.1:%u", port);
    return server;
}

static inline void scripted_stop(struct scripted *server) {
    if (server->pid > 0) {
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
    }
    server->pid = 0;
}

#endif
