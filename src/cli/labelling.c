#include "cli/labelling.h"

#include "base/buffer.h"
#include "base/html_text.h"

void cli_labelling_add(struct cli_labelling *labelling, const char *type) {
    if (labelling->types == NULL) {
        labelling->types = json_object();
    }
    if (json_object_get(labelling->types, type) == NULL &&
        json_object_set_new(labelling->types, type, json_true()) != 0) {
        labelling->failed = true;
    }
}

/* The names are those that the tasks have (corpus/labelstudio.c): "label" for the labels, "text"
 * for the text and for its field. */
bool cli_labelling_write(const struct cli_labelling *labelling, const char *path,
                         struct el_error *err) {
    struct el_buffer out = {0};
    struct cli_output output;
    const char *type;
    json_t *ignored;
    el_buffer_string(&out, "<View>\n  <Labels name=\"label\" toName=\"text\">\n");
    json_object_foreach(labelling->types, type, ignored) {
        el_buffer_string(&out, "    <Label value=\"");
        el_html_string(&out, type);
        el_buffer_string(&out, "\"/>\n");
    }
    el_buffer_string(&out, "  </Labels>\n  <Text name=\"text\" value=\"$text\"/>\n</View>\n");
    bool ok = (!out.failed && !labelling->failed) || el_fail_memory(err);
    if (ok && cli_output_open(&output, path, err)) {
        bool written = fwrite(out.data, 1, out.len, output.file) == out.len;
        ok = cli_output_close(&output, written, err) && written;
    } else {
        ok = false;
    }
    el_buffer_free(&out);
    return ok;
}

void cli_labelling_free(struct cli_labelling *labelling) {
    json_decref(labelling->types);
    *labelling = (struct cli_labelling){0};
}
