#include "serving/adapt.h"

#include "base/ascii.h"
#include "base/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what can be done without ---- */

struct field {
    const char *name, *change;
    const char *alias; /* another word for it in refusals */
    bool common;       /* an everyday word: counts only where it is marked as a name */
};

#define WITHOUT(name) name, "without " name
static const struct field FIELDS[] = {
    {WITHOUT("max_tokens"), NULL, false},
    {WITHOUT("max_completion_tokens"), NULL, false},
    {WITHOUT("n_predict"), NULL, false},
    {WITHOUT("num_predict"), NULL, false},
    {WITHOUT("temperature"), NULL, false},
    {WITHOUT("seed"), NULL, false},
    {WITHOUT("stop"), NULL, true},
    {WITHOUT("logprobs"), NULL, false},
    {WITHOUT("top_logprobs"), NULL, false},
    {WITHOUT("n_probs"), NULL, false},
    {WITHOUT("response_format"), "json_schema", false},
    {WITHOUT("structured_outputs"), "structured output", false},
    {WITHOUT("format"), "json_schema", true},
    {WITHOUT("grammar"), NULL, false},
    {WITHOUT("cache_prompt"), NULL, false},
    {WITHOUT("special"), NULL, true},
    {WITHOUT("response_fields"), NULL, false},
    {WITHOUT("truncate"), NULL, false},
    {WITHOUT("num_ctx"), NULL, false},
};
enum { N_FIELDS = sizeof FIELDS / sizeof *FIELDS };
_Static_assert(N_FIELDS + 3 <= EL_MOST_CHANGES && N_FIELDS <= 32, "a bit and a change each");

static int number_of(const char *name) {
    int i = 0;
    while (i < N_FIELDS && strcmp(FIELDS[i].name, name) != 0) {
        i++;
    }
    return i < N_FIELDS ? i : -1;
}

bool el_leaves_out(const struct el_adaptation *adaptation, const char *field) {
    int number = adaptation != NULL ? number_of(field) : -1;
    return number >= 0 && (adaptation->left_out >> number & 1) != 0;
}

size_t el_adaptation_list(const struct el_adaptation *adaptation,
                          const char *changes[EL_MOST_CHANGES]) {
    size_t n = 0;
    if (adaptation->renamed) {
        changes[n++] = "max_tokens as max_completion_tokens";
    }
    for (size_t i = 0; i < N_FIELDS; i++) {
        if ((adaptation->left_out >> i & 1) != 0) {
            changes[n++] = FIELDS[i].change;
        }
    }
    if (adaptation->folded) {
        changes[n++] = "system text in the first user turn";
    }
    if (adaptation->whole) {
        changes[n++] = "without the beginning of answers";
    }
    return n;
}

void el_adaptation_say(const struct el_adaptation *adaptation, char *text, size_t room) {
    const char *changes[EL_MOST_CHANGES];
    size_t n = el_adaptation_list(adaptation, changes), len = 0;
    text[0] = '\0';
    for (size_t i = 0; i < n && len < room; i++) {
        int put = snprintf(text + len, room - len, "%s%s", i > 0 ? ", " : "", changes[i]);
        len += put > 0 ? (size_t)put : 0;
    }
}

/* ---- what the refusal says ---- */

struct refusal {
    char text[4096]; /* every string of the reply */
    size_t len;
    const char *names[16]; /* where fields are named apart from the text */
    size_t n_names;
};

static void add_text(struct refusal *refusal, const char *text, size_t len) {
    size_t room = sizeof refusal->text - refusal->len - 2;
    len = len < room ? len : room;
    memcpy(refusal->text + refusal->len, text, len);
    refusal->len += len;
    refusal->text[refusal->len++] = '\n';
    refusal->text[refusal->len] = '\0';
}

static void add_name(struct refusal *refusal, json_t *name) {
    enum { MOST = sizeof refusal->names / sizeof *refusal->names };
    if (json_is_string(name) && refusal->n_names < MOST) {
        refusal->names[refusal->n_names++] = json_string_value(name);
    }
}

/* "param" names the field in the OpenAI style, the list "loc" in FastAPI's; "input" repeats what
 * was sent. */
static void gather(struct refusal *refusal, json_t *value, unsigned depth) {
    const char *key;
    json_t *each;
    size_t i;
    if (json_is_string(value)) {
        add_text(refusal, json_string_value(value), json_string_length(value));
    } else if (depth == 0) {
        return;
    } else if (json_is_array(value)) {
        json_array_foreach(value, i, each) {
            gather(refusal, each, depth - 1);
        }
    }
    json_object_foreach(value, key, each) {
        if (strcmp(key, "input") == 0) {
            continue;
        }
        if (strcmp(key, "param") == 0) {
            add_name(refusal, each);
        }
        json_t *part;
        json_array_foreach(each, i, part) {
            if (strcmp(key, "loc") == 0) {
                add_name(refusal, part);
            }
        }
        gather(refusal, each, depth - 1);
    }
}

static bool in_name(char c) {
    return el_ascii_letter(c) || el_ascii_digit(c) || c == '_';
}

/* Is `name` at `text`? A blank or a hyphen does for its underscores. */
static bool is_at(const char *text, const char *name) {
    while (*name != '\0') {
        bool gap = *name == '_' && (*text == '_' || *text == ' ' || *text == '-');
        if (!gap && el_ascii_lower(*text) != *name) {
            return false;
        }
        name++;
        text++;
    }
    return !in_name(*text);
}

/* Where the text names it, or NULL. `marked`: only between quotes, after a colon and the like. */
static const char *find_name(const char *text, const char *name, bool marked) {
    for (const char *at = text; *at != '\0'; at++) {
        if ((at > text && in_name(at[-1])) || !is_at(at, name)) {
            continue;
        }
        const char *before = at;
        while (before > text && before[-1] == ' ') {
            before--;
        }
        if (!marked || (before > text && strchr("'\"`[(:=.,", before[-1]) != NULL)) {
            return at;
        }
    }
    return NULL;
}

static const char *find(const char *text, const char *part) {
    while (*text != '\0' && !el_ascii_begins(text, part, strlen(part))) {
        text++;
    }
    return *text != '\0' ? text : NULL;
}

static bool has_any(const char *text, const char *const *words) {
    while (*words != NULL && find(text, *words) == NULL) {
        words++;
    }
    return *words != NULL;
}

static bool refuses(const char *text) {
    static const char *const words[] = {
        "support",     "unrecognized", "unrecognised",    "unknown",     "unexpected",
        "extra",       "permitted",    "not allowed",     "unavailable", "not available",
        "not enabled", "disabled",     "not implemented", "deprecated",  "only the default",
        "cannot be",   "must be",      "does not accept", "not a valid", NULL};
    return has_any(text, words);
}

static bool refuses_system(const struct refusal *refusal) {
    static const char *const sure[] = {"roles must alternate", "only user and assistant",
                                       "developer instruction is not enabled", NULL};
    static const char *const of[] = {"role", "message", "prompt", "instruction", NULL};
    for (size_t i = 0; i < refusal->n_names; i++) {
        if (find_name(refusal->names[i], "role", false) != NULL) {
            return true;
        }
    }
    return has_any(refusal->text, sure) ||
           (find(refusal->text, "system") != NULL && has_any(refusal->text, of) &&
            (refuses(refusal->text) || find(refusal->text, "invalid") != NULL));
}

/* Was the model given the beginning of its answer: is the last message its own? */
static bool is_begun(const char *sent) {
    static const char message[] = "{\"role\":", own[] = "\"assistant\"";
    const char *last = NULL;
    for (const char *at = sent; (at = strstr(at, message)) != NULL; at++) {
        last = at;
    }
    return last != NULL && strncmp(last + sizeof message - 1, own, sizeof own - 1) == 0;
}

/* Templates that let models think first refuse it, and those that know no such thing. */
static bool refuses_begun(const struct refusal *refusal) {
    static const char *const words[] = {"prefill", "last message", "final message", NULL};
    return has_any(refusal->text, words);
}

/* ---- from the refusal to the change ---- */

struct request {
    json_t *extra;
    const char *sent;
};

/* Was the field sent, and not because the user wants it? */
static bool can_go(const struct request *request, const char *name) {
    char quoted[40];
    json_t *options = json_object_get(request->extra, "options");
    snprintf(quoted, sizeof quoted, "\"%s\":", name);
    return strstr(request->sent, quoted) != NULL && json_object_get(request->extra, name) == NULL &&
           json_object_get(options, name) == NULL;
}

static uint32_t named_apart(const struct request *request, const struct refusal *refusal) {
    uint32_t found = 0;
    for (size_t i = 0; i < refusal->n_names; i++) {
        for (size_t f = 0; f < N_FIELDS; f++) {
            if (find_name(refusal->names[i], FIELDS[f].name, false) != NULL &&
                can_go(request, FIELDS[f].name)) {
                found |= (uint32_t)1 << f;
            }
        }
    }
    return found;
}

/* The first that the text names, where the text refuses at all. */
static uint32_t named_in_text(const struct request *request, const struct refusal *refusal) {
    const char *first = NULL;
    uint32_t found = 0;
    bool plainly = refuses(refusal->text), wrong = find(refusal->text, "invalid") != NULL;
    for (size_t f = 0; f < N_FIELDS && (plainly || wrong); f++) {
        bool marked = FIELDS[f].common || !plainly;
        const char *at = find_name(refusal->text, FIELDS[f].name, marked);
        if (at == NULL && FIELDS[f].alias != NULL) {
            at = find(refusal->text, FIELDS[f].alias);
        }
        if (at != NULL && (first == NULL || at < first) && can_go(request, FIELDS[f].name)) {
            first = at;
            found = (uint32_t)1 << f;
        }
    }
    return found;
}

static bool can_be_refusal(long status) {
    return status == 500 || status == 501 ||
           (status >= 400 && status < 500 && status != 401 && status != 408 && status != 425 &&
            status != 429);
}

bool el_adapt(struct el_adaptation *adaptation, json_t *extra, const char *sent, long status,
              const char *reply, size_t reply_len, char *what, size_t room) {
    enum { LARGEST = 1 << 16, DEPTH = 8 };
    struct request request = {extra, sent};
    struct refusal refusal = {.len = 0};
    struct el_adaptation before = *adaptation;
    if (!can_be_refusal(status) || reply_len == 0 || reply_len > LARGEST) {
        return false;
    }
    json_t *root = el_json_load(reply, reply_len, JSON_DECODE_ANY, NULL);
    if (root != NULL) {
        gather(&refusal, root, DEPTH);
    } else {
        add_text(&refusal, reply, reply_len);
    }
    if (strstr(sent, "{\"role\":\"system\"") != NULL &&
        json_object_get(extra, "messages") == NULL && refuses_system(&refusal)) {
        adaptation->folded = true;
    } else if (is_begun(sent) && refuses_begun(&refusal)) {
        adaptation->whole = true;
    } else {
        uint32_t named = named_apart(&request, &refusal);
        named = named != 0 ? named : named_in_text(&request, &refusal);
        uint32_t limit = (uint32_t)1 << number_of("max_tokens");
        uint32_t logprobs = (uint32_t)1 << number_of("logprobs");
        if ((named & limit) != 0 && find_name(refusal.text, "max_completion_tokens", false)) {
            adaptation->renamed = true;
            named &= ~limit;
        }
        if ((named & logprobs) != 0 && can_go(&request, "top_logprobs")) {
            named |= (uint32_t)1 << number_of("top_logprobs"); /* nothing without the other */
        }
        adaptation->left_out |= named;
    }
    json_decref(root);
    struct el_adaptation fresh = {.left_out = adaptation->left_out & ~before.left_out,
                                  .renamed = adaptation->renamed && !before.renamed,
                                  .folded = adaptation->folded && !before.folded,
                                  .whole = adaptation->whole && !before.whole};
    bool changed = fresh.left_out != 0 || fresh.renamed || fresh.folded || fresh.whole;
    adaptation->count += changed;
    el_adaptation_say(&fresh, what, room);
    return changed;
}
