#include "cli/watch.h"

#include "base/clock.h"
#include "base/print.h"
#include "pipeline/work.h"

#include <stdarg.h>
#include <string.h>

/* ---- what is wrong with a member ---- */

enum { IN_A_ROW = 5, BEGINNING = 100 };

/* The beginning of an answer as one line; an ellipsis where there is more. */
static void put_beginning(const struct el_answer *answer, struct el_buffer *out) {
    char line[BEGINNING];
    size_t len = el_print(line, sizeof line, "%s", answer->text == NULL ? "" : answer->text);
    if (len > 0) {
        el_buffer_printf(out, "; it begins: %s%s", line, len < answer->text_len ? "..." : "");
    }
}

static void tell(struct cli_watch *watch, const struct el_answer *answer, bool first) {
    size_t member = answer->question.member;
    struct el_buffer text = {0};
    el_cause_explain(answer->cause, answer->question.stage,
                     el_client_capabilities(el_ensemble_client(watch->ensemble), member)->api,
                     answer->detail, &text);
    put_beginning(answer, &text);
    if (!text.failed) {
        const char *name = watch->config->members[member].name;
        if (first) {
            cli_say("warning: member %s: its first answer is not usable: %s", name, text.data);
        } else {
            cli_say("warning: member %s: %d answers in a row are not usable, the last one: %s",
                    name, IN_A_ROW, text.data);
        }
    }
    el_buffer_free(&text);
}

void cli_watch_answer(void *context, const struct el_answer *answer) {
    struct cli_watch *watch = context;
    size_t m = answer->question.member;
    if (answer->question.embed || m >= watch->config->n_members) {
        return;
    }
    if (!answer->unreadable) {
        watch->members[m].answered = true;
        watch->members[m].unusable = 0;
        return;
    }
    bool first = !watch->members[m].answered;
    watch->members[m].unusable++;
    /* Of a server that is gone the client tells itself. */
    if (watch->members[m].told || answer->cause == (enum el_cause)EL_FAILED_DEAD ||
        (!first && watch->members[m].unusable < IN_A_ROW)) {
        return;
    }
    watch->members[m].told = true;
    tell(watch, answer, first);
}

/* ---- the line ---- */

struct line {
    char text[600];
    size_t len;
};

static void put(struct line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct line *line, const char *format, ...) {
    va_list args;
    va_start(args, format);
    line->len += el_vprint(line->text + line->len, sizeof line->text - line->len, format, args);
    va_end(args);
}

static void put_count(struct line *line, uint64_t done, uint64_t all, const char *unit) {
    if (all > 0) {
        put(line, "%llu of %llu %ss", (unsigned long long)done, (unsigned long long)all, unit);
    } else {
        put(line, "%llu %s%s", (unsigned long long)done, unit, done == 1 ? "" : "s");
    }
}

static void put_left(struct line *line, double now, double part) {
    long left = (long)(now * (1 - part) / part);
    if (left >= 3600) {
        put(line, "  %ld:%02ld:%02ld left", left / 3600, left / 60 % 60, left % 60);
    } else {
        put(line, "  %ld:%02ld left", left / 60, left % 60);
    }
}

static void put_pace(struct line *line, double now, uint64_t sentences) {
    double each = sentences > 0 ? now / (double)sentences : 0;
    if (each > 1) {
        put(line, "  %.1f s a sentence", each);
    } else if (each > 0) {
        put(line, "  %.1f sentences/s", 1 / each);
    }
}

static void put_in_flight(struct line *line, const struct cli_watch *watch) {
    double oldest;
    size_t n = el_client_in_flight(el_ensemble_client(watch->ensemble), &oldest);
    if (n > 0) {
        put(line, "  %zu call%s in flight", n, n == 1 ? "" : "s");
        if (oldest >= 1) {
            put(line, ", the longest for %.0f s", oldest);
        }
    }
}

struct sum {
    uint64_t calls, failures, dead;
};

static struct sum sum_member(const struct cli_watch *watch, size_t member) {
    struct sum sum = {0};
    for (int stage = 0; stage < EL_STAGES; stage++) {
        const struct el_account *account =
            el_client_account(el_ensemble_client(watch->ensemble), member, (enum el_stage)stage);
        sum.calls += account->calls;
        sum.dead += account->failures[EL_FAILED_DEAD];
        for (int failure = 1; failure < EL_FAILURES; failure++) {
            sum.failures += account->failures[failure];
        }
    }
    return sum;
}

static void put_members(struct line *line, const struct cli_watch *watch) {
    struct el_client *client = el_ensemble_client(watch->ensemble);
    for (size_t i = 0; i < watch->config->n_members; i++) {
        struct sum sum = sum_member(watch, i);
        put(line, "%s%s ", i == 0 ? "  calls: " : ", ", watch->config->members[i].name);
        if (!el_client_capabilities(client, i)->reached) {
            put(line, "not reached");
        } else if (sum.failures > 0) {
            put(line, "%llu (%llu %s)", (unsigned long long)sum.calls,
                (unsigned long long)sum.failures, sum.dead > 0 ? "lost, resting" : "lost");
        } else {
            put(line, "%llu", (unsigned long long)sum.calls);
        }
    }
}

void cli_watch_begin(struct cli_watch *watch) {
    watch->began = el_now();
    if (watch->shown == 0) {
        watch->shown = watch->began;
    }
}

double cli_watch_seconds(const struct cli_watch *watch) {
    return el_now() - watch->began;
}

bool cli_watch_due(const struct cli_watch *watch) {
    double since = el_now() - watch->shown;
    long seconds = watch->settings->progress;
    return !watch->settings->quiet &&
           (cli_progress_shown() ? since > 0.25 : seconds > 0 && since >= (double)seconds);
}

void cli_watch_show(struct cli_watch *watch, const struct cli_stand *stand) {
    struct line line = {0};
    double now = cli_watch_seconds(watch);
    watch->shown = el_now();
    if (stand->what != NULL) {
        put(&line, "%s: ", stand->what);
    }
    if (!stand->no_documents) {
        put_count(&line, stand->documents, stand->of, "document");
        put(&line, ", ");
    }
    put_count(&line, stand->sentences, stand->of_sentences, "sentence");
    if (stand->part > 0) {
        put(&line, ", %.0f %%", stand->part * 100);
    }
    put_pace(&line, now, stand->sentences);
    if (stand->part > 0.01 && now > 1) {
        put_left(&line, now, stand->part);
    }
    put_in_flight(&line, watch);
    put_members(&line, watch);
    if (cli_progress_shown()) {
        cli_progress(line.text);
    } else {
        cli_say("%s", line.text);
    }
}
