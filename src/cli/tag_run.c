/* What happens while `el4ner tag` runs: reading, writing, progress, and the report at the end. */
#include "cli/tag.h"

#include "pipeline/abstention_report.h"
#include "pipeline/embedder.h"
#include "pipeline/work.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Input */

/* An empty file among others is no mistake, as in a folder of notes; nothing but empty files is. */
static bool skip_empty(struct tag *tag, const char *path) {
    struct stat info;
    if (tag->n_inputs == 1 || stat(path, &info) != 0 || !S_ISREG(info.st_mode) ||
        info.st_size > 0 || ++tag->empty_inputs == tag->n_inputs) {
        return false;
    }
    cli_say("warning: %s: is empty, and left out", path);
    return true;
}

/* 1 = a reader is open, 0 = no more inputs. What cannot be opened is reported and counted. */
static int open_next(struct tag *tag) {
    while (tag->reader == NULL) {
        if (tag->at == tag->n_inputs) {
            return 0;
        }
        struct el_error err = {0};
        const char *path = tag->inputs[tag->at++];
        if (skip_empty(tag, path)) {
            continue;
        }
        if (!el_reader_open(path, &tag->read, &tag->reader, &err)) {
            cli_say("%s", err.message);
            tag->failed_inputs++;
            tag->reader = NULL;
        }
    }
    return 1;
}

static void close_reader(struct tag *tag) {
    uint64_t done = 0, total = 0;
    el_reader_progress(tag->reader, &done, &total);
    tag->bytes_before += done;
    el_reader_close(tag->reader);
    tag->reader = NULL;
}

int tag_next(void *context, struct el_document **document, struct el_error *err) {
    struct tag *tag = context;
    while (open_next(tag) > 0) {
        int got = el_reader_next(tag->reader, document, err);
        if (got > 0) {
            tag->documents_read++;
            tag->text_read += (*document)->text_len;
            return 1;
        }
        if (got < 0 && err->code == EL_ERR_MEMORY) {
            return -1;
        }
        if (got < 0) {
            /* A broken document costs itself, a broken file the rest of itself. */
            cli_say("%s", err->message);
            tag->failed_inputs++;
        }
        if (got == 0 || err->code != EL_ERR_FORMAT) {
            close_reader(tag);
        }
    }
    return 0;
}

/* Output */

static void leave_out_unsure(struct tag *tag, struct el_document *document) {
    size_t kept = 0;
    for (size_t i = 0; i < document->n_entities; i++) {
        if (document->entities[i].score >= tag->min_score) {
            document->entities[kept++] = document->entities[i];
        }
    }
    tag->unsure += document->n_entities - kept;
    document->n_entities = kept;
}

bool tag_done(void *context, struct el_document *document, struct el_error *err) {
    struct tag *tag = context;
    if (document->failure != NULL) {
        cli_say("document %s failed: %s", document->id, document->failure);
    }
    leave_out_unsure(tag, document);
    cli_progress(NULL);
    bool ok = el_writer_write(tag->writer, document, err);
    tag->written += ok;
    if (tag->summary_path != NULL) {
        cli_summary_add(&tag->summary, document);
    }
    el_document_free(document);
    return ok;
}

void tag_sentence(void *context, const struct el_document *document, const struct el_work *work) {
    struct tag *tag = context;
    (void)document;
    tag->sentences++;
    tag->text_done += work->text_len;
}

/* Progress */

static void measure_inputs(struct tag *tag) {
    tag->bytes_known = true;
    for (size_t i = 0; i < tag->n_inputs; i++) {
        struct stat status;
        if (strcmp(tag->inputs[i], "-") == 0 || stat(tag->inputs[i], &status) != 0 ||
            !S_ISREG(status.st_mode)) {
            tag->bytes_all = 0;
            return;
        }
        tag->bytes_all += (uint64_t)status.st_size;
    }
}

/* The part that is done, 0..1; 0 = unknown. Sizes of texts are known only for what was read, so
 * the whole is that, scaled up by bytes of files. */
static double part_done(const struct tag *tag) {
    uint64_t read = 0, total = 0;
    if (tag->reader != NULL) {
        el_reader_progress(tag->reader, &read, &total);
    }
    read += tag->bytes_before;
    if (tag->bytes_all == 0 || read == 0 || tag->text_read == 0) {
        return 0;
    }
    double whole = (double)tag->text_read * ((double)tag->bytes_all / (double)read);
    double part = (double)tag->text_done / whole;
    return part > 1 ? 1 : part;
}

static const char *plural(uint64_t n) {
    return n == 1 ? "" : "s";
}

static void show_progress(struct tag *tag) {
    if (!tag->bytes_known) {
        measure_inputs(tag);
    }
    cli_watch_show(&tag->watch, &(struct cli_stand){.documents = tag->written,
                                                    .sentences = tag->sentences,
                                                    .part = part_done(tag)});
}

enum el_tick tag_tick(void *context) {
    struct tag *tag = context;
    int interrupts = cli_interrupted();
    if (interrupts == 1 && !tag->told) {
        tag->told = true;
        cli_say(
            "finishing the documents in work, for %d seconds at most; Ctrl-C again stops at once",
            EL_FINISH_SECONDS);
    }
    if (cli_watch_due(&tag->watch)) {
        show_progress(tag);
    }
    return interrupts > 1 ? EL_STOP : interrupts == 1 ? EL_FINISH : EL_GO_ON;
}

/* The end */

static json_t *account_json(const struct el_account *a, uint64_t abstained) {
    json_t *failures = json_object();
    for (int i = 1; i < EL_FAILURES; i++) {
        if (a->failures[i] > 0) {
            json_object_set_new(failures, el_failure_name((enum el_failure)i),
                                json_integer((json_int_t)a->failures[i]));
        }
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:o}", "calls",
                     (json_int_t)a->calls, "from_store", (json_int_t)a->from_store, "retries",
                     (json_int_t)a->retries, "cut", (json_int_t)a->cut, "abstained",
                     (json_int_t)abstained, "prompt_tokens", (json_int_t)a->prompt_tokens,
                     "answer_tokens", (json_int_t)a->answer_tokens, "cached_tokens",
                     (json_int_t)a->cached_tokens, "seconds", a->seconds, "failures", failures);
}

json_t *tag_account(const struct tag *tag) {
    const struct el_counts *counts = el_ensemble_counts(tag->ensemble);
    json_t *members = json_object();
    for (size_t m = 0; m < tag->config->n_members; m++) {
        json_t *stages = json_object();
        for (int s = 0; s < EL_STAGES; s++) {
            json_object_set_new(stages, el_stage_name((enum el_stage)s),
                                account_json(el_client_account(el_ensemble_client(tag->ensemble), m,
                                                               (enum el_stage)s),
                                             counts->abstained[m][s]));
        }
        json_object_set_new(members, tag->names[m], stages);
    }
    const struct el_embedder *embedder = el_ensemble_embedder(tag->ensemble);
    json_t *embedding =
        embedder == NULL
            ? NULL
            : account_json(el_client_account(embedder->client, embedder->member, EL_STAGE_RETRIEVE),
                           counts->unembedded);
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o*}", "documents",
        (json_int_t)counts->documents, "failed_documents",
        (json_int_t)(counts->failed_documents + tag->failed_inputs), "sentences",
        (json_int_t)counts->sentences, "entities", (json_int_t)counts->entities, "proposed",
        (json_int_t)counts->proposed, "ungrounded", (json_int_t)counts->ungrounded, "candidates",
        (json_int_t)counts->candidates, "verified_no", (json_int_t)counts->verified_no,
        "saved_calls", (json_int_t)counts->saved_calls, "demonstrations_dropped",
        (json_int_t)counts->demonstrations_dropped, "asked_longer",
        (json_int_t)counts->asked_longer, "still_cut", (json_int_t)counts->still_cut, "abstentions",
        el_abstentions_json(&counts->abstentions, tag->config, el_ensemble_client(tag->ensemble)),
        "members", members, "embedder", embedding);
}

int tag_report(const struct tag *tag) {
    const struct el_counts *counts = el_ensemble_counts(tag->ensemble);
    uint64_t failed = counts->failed_documents + tag->failed_inputs;
    int status = failed > 0 ? CLI_FAILED : CLI_OK;
    if (cli_interrupted() > 0) {
        cli_say("stopped early: %llu document%s written%s%s", (unsigned long long)tag->written,
                tag->written == 1 ? " is" : "s are", tag->output_path != NULL ? " to " : "",
                tag->output_path != NULL ? tag->output_path : "");
        status = CLI_FAILED;
    }
    if (!tag->settings.quiet) {
        cli_say("%llu document%s, %llu sentence%s, %llu entit%s in %.1f s",
                (unsigned long long)counts->documents, plural(counts->documents),
                (unsigned long long)counts->sentences, plural(counts->sentences),
                (unsigned long long)counts->entities, counts->entities == 1 ? "y" : "ies",
                cli_watch_seconds(&tag->watch));
        if (tag->unsure > 0) {
            cli_say("%llu of these entities score%s below %g and %s left out (--min-score)",
                    (unsigned long long)tag->unsure, tag->unsure == 1 ? "s" : "", tag->min_score,
                    tag->unsure == 1 ? "is" : "are");
        }
        uint64_t stored, calls;
        cli_count_stored(tag->ensemble, tag->config, &stored, &calls);
        cli_report_stored(stored, calls, "");
        cli_report_abstentions(&counts->abstentions, tag->ensemble, tag->config);
        if (counts->ungrounded > 0) {
            cli_say("%llu of %llu strings that the members listed are not in their sentence and do "
                    "not count",
                    (unsigned long long)counts->ungrounded, (unsigned long long)counts->proposed);
        }
        if (counts->asked_longer > 0) {
            cli_say("%llu answer%s cut by the length limit, asked again with more room; %llu cut "
                    "again (whole items count)",
                    (unsigned long long)counts->asked_longer, plural(counts->asked_longer),
                    (unsigned long long)counts->still_cut);
        }
        if (counts->unembedded > 0) {
            cli_say("%llu sentence%s without vectors from the embedding member: their "
                    "demonstrations are those that share words (BM25)",
                    (unsigned long long)counts->unembedded, plural(counts->unembedded));
        }
    }
    if (failed > 0) {
        cli_say("%llu document%s failed (named above)", (unsigned long long)failed, plural(failed));
    }
    if (cli_report_silent(tag->ensemble, tag->config)) {
        status = CLI_FAILED;
    }
    return status;
}
