/* One file by HTTP, on from where it ends: ranges, redirects, refusals, waits, further tries. */
#include "base/ascii.h"
#include "base/buffer.h"
#include "base/print.h"
#include "models/fetch_private.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 6, MOST_WAIT = 300, MOST_TEXT = 4096 };

struct transfer {
    struct el_fetch *fetch;
    CURL *easy;
    bool hub;
    uint64_t at;    /* the part's length */
    uint64_t whole; /* of the file; 0 = unknown */
    bool decided;   /* what to do with the body */
    bool takes;     /* it goes into the part; else into `text` */
    bool failed;    /* fetch->err says why */
    bool progressed;
    double retry_after;
    char etag[128], known[128]; /* of this reply; of the one whose bytes are in the part */
    char said[200];             /* by the hub, in a header */
    struct el_buffer text;      /* of a refusal */
};

/* ---- headers ---- */

/* The value of a header of this name, as a string in `value`. */
static bool is_header(const char *line, size_t len, const char *name, char *value, size_t room) {
    size_t at = strlen(name);
    if (len <= at || !el_ascii_begins(line, name, at) || line[at] != ':') {
        return false;
    }
    for (at++; at < len && (line[at] == ' ' || line[at] == '\t');) {
        at++;
    }
    while (len > at && (line[len - 1] == '\r' || line[len - 1] == '\n' || line[len - 1] == ' ')) {
        len--;
    }
    el_print(value, room, "%.*s", (int)(len - at), line + at);
    return true;
}

/* Is the file that the hub has the one of the catalogue? */
static bool is_wanted(struct transfer *t) {
    const char *wanted = t->fetch->model->sha256;
    t->failed = wanted != NULL && strcmp(wanted, t->fetch->told) != 0;
    return !t->failed ||
           el_fail(t->fetch->err, EL_ERR_FORMAT,
                   "it holds another file of this name now: its SHA-256 is %s, not %s",
                   t->fetch->told, wanted);
}

static size_t take_header(char *line, size_t size, size_t n, void *context) {
    struct transfer *t = context;
    size_t len = size * n;
    char value[256];
    if (len > 5 && memcmp(line, "HTTP/", 5) == 0) { /* another reply, after a redirect */
        t->etag[0] = t->said[0] = '\0';
        t->retry_after = -1;
    } else if (is_header(line, len, "etag", value, sizeof value)) {
        el_print(t->etag, sizeof t->etag, "%s", value);
    } else if (is_header(line, len, "retry-after", value, sizeof value)) {
        char *end;
        unsigned long seconds = strtoul(value, &end, 10);
        bool number = value[0] >= '0' && value[0] <= '9' && *end == '\0';
        t->retry_after = number ? (double)seconds : -1; /* dates are not counted */
    } else if (is_header(line, len, "x-error-message", value, sizeof value)) {
        el_print(t->said, sizeof t->said, "%s", value);
    } else if (is_header(line, len, "content-range", value, sizeof value)) {
        const char *slash = strchr(value, '/');
        t->whole = slash != NULL ? strtoull(slash + 1, NULL, 10) : 0;
    } else if (t->hub && is_header(line, len, "x-linked-etag", value, sizeof value)) {
        const char *hex = value[0] == '"' ? value + 1 : value;
        if (strspn(hex, "0123456789abcdef") == EL_SHA256_HEX - 1) {
            el_print(t->fetch->told, sizeof t->fetch->told, "%.64s", hex);
            return is_wanted(t) ? len : 0;
        }
    }
    return len;
}

/* ---- the body ---- */

static bool start_anew(struct transfer *t) {
    t->at = t->fetch->had = 0;
    return ftruncate(t->fetch->fd, 0) == 0 || el_fetch_write_failed(t->fetch, errno);
}

/* Nothing can tell whether what is here and what comes is of one file. */
static bool is_doubtful(const struct transfer *t) {
    bool hashed = t->fetch->model->sha256 != NULL || t->fetch->told[0] != '\0';
    return t->known[0] != '\0' ? strcmp(t->known, t->etag) != 0 : !hashed;
}

/* At the first bytes of a reply. False ends the transfer: `failed`, or it is to be asked again. */
static bool decide(struct transfer *t) {
    const struct el_model *model = t->fetch->model;
    long status = 0;
    curl_off_t length = -1;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(t->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    t->decided = true;
    t->takes = status == 200 || status == 206;
    if (!t->takes) {
        return true;
    }
    if (status == 206 && t->at > 0 && is_doubtful(t)) {
        t->failed = !start_anew(t);
        return false;
    }
    if (status == 200) {
        t->whole = length > 0 ? (uint64_t)length : 0;
        if (t->at > 0 && !start_anew(t)) {
            t->failed = true;
            return false;
        }
    }
    if (t->at == 0 || t->known[0] == '\0') {
        el_print(t->known, sizeof t->known, "%s", t->etag);
    }
    uint64_t of = t->whole != 0 ? t->whole : model->bytes;
    if (of > t->at && !el_fetch_room(t->fetch, of - t->at)) {
        t->failed = true;
        return false;
    }
    return lseek(t->fetch->fd, (off_t)t->at, SEEK_SET) >= 0;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *context) {
    struct transfer *t = context;
    size_t len = size * n;
    if (!t->decided && !decide(t)) {
        return 0;
    }
    if (!t->takes) {
        el_buffer_append(&t->text, bytes, len);
        return len; /* its limit keeps it small; what is over is not needed */
    }
    for (size_t at = 0; at < len;) {
        ssize_t written = write(t->fetch->fd, bytes + at, len - at);
        if (written < 0) {
            t->failed = true;
            el_fetch_write_failed(t->fetch, errno);
            return 0;
        }
        at += (size_t)written;
        t->at += (uint64_t)written;
        t->progressed = true;
    }
    return len;
}

static int take_time(void *context, curl_off_t total, curl_off_t now, curl_off_t a, curl_off_t b) {
    struct transfer *t = context;
    (void)total;
    (void)now;
    (void)a;
    (void)b;
    struct el_fetch_stand stand = {.step = EL_FETCH_LOADS,
                                   .done = t->at,
                                   .of = t->whole != 0 ? t->whole : t->fetch->model->bytes};
    if (!el_fetch_moved(t->fetch, &stand)) {
        t->failed = true;
        return 1;
    }
    return 0;
}

/* ---- one try ---- */

static CURLcode ask(struct transfer *t, struct curl_slist *headers, const char *url, char *why) {
    CURL *easy = t->easy;
    char range[32];
    bool safe = strncmp(url, "https://", 8) == 0;
    snprintf(range, sizeof range, "%llu-", (unsigned long long)t->at);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers); /* keys go to the first host alone */
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, 10L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, safe ? "https" : "http,https");
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "el4ner/" EL_VERSION);
    curl_easy_setopt(easy, CURLOPT_RANGE, t->at > 0 ? range : NULL);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, take_time);
    curl_easy_setopt(easy, CURLOPT_XFERINFODATA, t);
    curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, 30L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, 60L);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, why);
    t->decided = t->takes = t->failed = t->progressed = false;
    t->whole = 0;
    t->retry_after = -1;
    el_buffer_clear(&t->text);
    return curl_easy_perform(easy);
}

static bool never_reached(CURLcode code) {
    return code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY ||
           code == CURLE_COULDNT_CONNECT || code == CURLE_OPERATION_TIMEDOUT;
}

/* What a refusal means, and what helps. */
static bool refused(struct transfer *t, const char *url, long status) {
    struct el_fetch *fetch = t->fetch;
    char said[220] = "";
    if (t->said[0] != '\0') {
        el_print(said, sizeof said, " (%s)", t->said);
    } else if (t->text.len > 0 && t->text.data[0] != '<') {
        el_print(said, sizeof said, " (%.150s)", t->text.data);
    }
    if (t->hub && (status == 401 || status == 403)) {
        bool token = fetch->options->token != NULL;
        return el_fail(fetch->err, EL_ERR_CONFIG, "%s refuses %s: HTTP %ld%s; %s",
                       fetch->options->endpoint, fetch->model->repo, status, said,
                       token
                           ? "does the account of the token in HF_TOKEN have access to it, and has "
                             "it accepted its terms there?"
                           : "accept its terms there, and put a token of your account into the "
                             "environment variable HF_TOKEN");
    }
    return el_fail(fetch->err, EL_ERR_CONFIG, "%s: HTTP %ld%s%s", url, status, said,
                   status == 429 ? "; too many have asked from here, try again later" : "");
}

static double wait_of(const struct transfer *t, unsigned tries) {
    return t->retry_after >= 0 ? t->retry_after : (double)(1u << tries) / 8;
}

/* Is it all here? Else the server's answer to a range behind the end. */
static bool is_whole(const struct transfer *t) {
    uint64_t of = t->fetch->model->bytes != 0 ? t->fetch->model->bytes : t->whole;
    return t->at > 0 && t->at == of;
}

enum verdict { WHOLE, AGAIN, GIVES_UP };

static enum verdict judge(struct transfer *t, CURLcode code, const char *url, const char *why) {
    struct el_fetch *fetch = t->fetch;
    long status = 0;
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    if (t->failed) {
        return GIVES_UP;
    }
    if (code == CURLE_OK && t->takes) {
        return WHOLE;
    }
    if (code == CURLE_OK && status == 416) {
        if (is_whole(t)) {
            return WHOLE;
        }
        return start_anew(t) ? AGAIN : GIVES_UP;
    }
    if (code == CURLE_OK && status != 0 && !t->takes) {
        refused(t, url, status);
        bool busy = status == 429 || status == 408 || status >= 500;
        return busy && t->retry_after <= MOST_WAIT ? AGAIN : GIVES_UP;
    }
    const char *what = why[0] != '\0' ? why : curl_easy_strerror(code);
    el_fail(fetch->err, EL_ERR_UNREACHABLE, "%s %s: %s",
            never_reached(code) ? "cannot reach" : "the transfer broke off from", url, what);
    return code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_CONNECT ||
                   code == CURLE_SSL_CACERT_BADFILE || code == CURLE_PEER_FAILED_VERIFICATION ||
                   code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT
               ? GIVES_UP
               : AGAIN;
}

static bool get(struct transfer *t, struct curl_slist *headers, const char *url) {
    char why[CURL_ERROR_SIZE];
    for (unsigned tries = 0;;) {
        why[0] = '\0';
        CURLcode code = ask(t, headers, url, why);
        enum verdict verdict = judge(t, code, url, why);
        if (verdict == WHOLE || verdict == GIVES_UP) {
            return verdict == WHOLE;
        }
        tries = t->progressed ? 1 : tries + 1;
        if (tries > TRIES || !el_fetch_pause(t->fetch, wait_of(t, tries))) {
            return false;
        }
    }
}

bool el_fetch_url(struct el_fetch *fetch, const char *url, bool hub) {
    struct transfer t = {
        .fetch = fetch, .hub = hub, .at = fetch->had, .text = {.limit = MOST_TEXT}};
    struct curl_slist *headers = NULL;
    char line[1100];
    if (fetch->model->bytes != 0 && fetch->had > fetch->model->bytes && !start_anew(&t)) {
        return false;
    }
    if (is_whole(&t)) {
        return true;
    }
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || (t.easy = curl_easy_init()) == NULL) {
        return el_fail_memory(fetch->err);
    }
    bool ok = true;
    if (hub && fetch->options->token != NULL) {
        snprintf(line, sizeof line, "Authorization: Bearer %s", fetch->options->token);
        headers = curl_slist_append(NULL, line);
        explicit_bzero(line, sizeof line);
        ok = headers != NULL || el_fail_memory(fetch->err);
    }
    ok = ok && get(&t, headers, url);
    curl_slist_free_all(headers);
    curl_easy_cleanup(t.easy);
    curl_global_cleanup();
    el_buffer_free(&t.text);
    return ok;
}
