#include "pipeline/abstention_report.h"

struct each {
    const struct el_abstentions *abstentions;
    const struct el_config *config;
    const struct el_client *client;
};

typedef void visitor(void *context, const char *member, enum el_stage stage, enum el_cause cause,
                     uint64_t n, const struct el_buffer *text);

static bool visit_all(const struct each *each, visitor *visit, void *context) {
    struct el_buffer text = {0};
    for (size_t m = 0; m < each->config->n_members; m++) {
        for (enum el_stage s = 0; s < EL_STAGES; s++) {
            for (enum el_cause c = 1; c < EL_CAUSES; c++) {
                if (each->abstentions->n[m][s][c] > 0) {
                    el_buffer_clear(&text);
                    el_cause_explain(c, s, el_client_capabilities(each->client, m)->api,
                                     each->abstentions->detail[m][c], &text);
                    if (!text.failed) {
                        visit(context, each->config->members[m].name, s, c,
                              each->abstentions->n[m][s][c], &text);
                    }
                }
            }
        }
    }
    bool ok = !text.failed;
    el_buffer_free(&text);
    return ok;
}

static void write_line(void *context, const char *member, enum el_stage stage, enum el_cause cause,
                       uint64_t n, const struct el_buffer *text) {
    (void)cause;
    el_buffer_printf(context, "%s %s %llu: %s\n", member, el_stage_name(stage),
                     (unsigned long long)n, text->data);
}

void el_abstentions_write(const struct el_abstentions *abstentions, const struct el_config *config,
                          const struct el_client *client, struct el_buffer *out) {
    visit_all(&(struct each){abstentions, config, client}, write_line, out);
}

static void add_json(void *context, const char *member, enum el_stage stage, enum el_cause cause,
                     uint64_t n, const struct el_buffer *text) {
    json_array_append_new(context, json_pack("{s:s, s:s, s:s, s:I, s:s}", "member", member, "stage",
                                             el_stage_name(stage), "cause", el_cause_name(cause),
                                             "count", (json_int_t)n, "explanation", text->data));
}

json_t *el_abstentions_json(const struct el_abstentions *abstentions,
                            const struct el_config *config, const struct el_client *client) {
    json_t *list = json_array();
    if (list != NULL && !visit_all(&(struct each){abstentions, config, client}, add_json, list)) {
        json_decref(list);
        return NULL;
    }
    return list;
}
