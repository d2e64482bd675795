/* The plain sequential client that fast ones are compared with: one call at a time, a new
 * connection each, as simple scripts do it. It makes the calls of a recorded run again.
 *
 *   sequential URL FILE    FILE: one request body a line, to be posted to URL
 *
 * Prints calls, failures and seconds. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static size_t swallow(char *bytes, size_t size, size_t count, void *total) {
    (void)bytes;
    *(size_t *)total += size * count;
    return size * count;
}

static int call(const char *url, const char *body, size_t *bytes) {
    CURL *easy = curl_easy_init(); /* a handle of its own: no connection is used twice */
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    long status = 0;
    char key[256];
    const char *secret = getenv("LLAMA_API_KEY");
    if (secret != NULL) {
        snprintf(key, sizeof key, "Authorization: Bearer %s", secret);
        headers = curl_slist_append(headers, key);
    }
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, swallow);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, bytes);
    CURLcode code = curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (code != CURLE_OK || status != 200) {
        fprintf(stderr, "sequential: status %ld, %s\n", status, curl_easy_strerror(code));
    }
    curl_slist_free_all(headers);
    curl_easy_cleanup(easy);
    return code == CURLE_OK && status == 200;
}

int main(int argc, char **argv) {
    FILE *file = argc == 3 ? fopen(argv[2], "r") : NULL;
    char *line = NULL;
    size_t room = 0, calls = 0, failed = 0, bytes = 0;
    struct timespec a, b;
    if (file == NULL) {
        fprintf(stderr, "usage: sequential URL FILE\n");
        return 2;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    clock_gettime(CLOCK_MONOTONIC, &a);
    for (ssize_t len; (len = getline(&line, &room, file)) > 0; calls++) {
        line[len - 1] = '\0';
        failed += !call(argv[1], line, &bytes);
    }
    clock_gettime(CLOCK_MONOTONIC, &b);
    double seconds = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
    printf("%zu calls, %zu failed, %.2f s\n", calls, failed, seconds);
    free(line);
    fclose(file);
    return failed == calls;
}
