/* What the file and the command line are checked for alike. */
#include "base/print.h"
#include "base/text.h"
#include "config/config_private.h"
#include "language/language.h"

#include <string.h>

enum { LONGEST_NAME = 128 };

const char *el_name_problem(const char *name) {
    if (strlen(name) > LONGEST_NAME) {
        return "is longer than 128 bytes";
    }
    for (size_t at = 0, len = strlen(name); at < len;) {
        if (el_is_control(el_utf8_next(name, len, &at))) {
            return "holds control characters";
        }
    }
    return NULL;
}

bool el_lang_check(const char *code, char *text, size_t size) {
    const char *near;
    if (el_language_known(code, &near)) {
        return true;
    }
    if (near != NULL) {
        el_print(text, size, "\"%s\" is not a language code; use \"%s\"", code, near);
    } else {
        el_print(text, size, "\"%s\" is not a language code, such as de or pt-BR", code);
    }
    return false;
}

bool el_config_check_lang(const char *code, struct el_error *err) {
    char problem[200];
    return el_lang_check(code, problem, sizeof problem) ||
           el_fail(err, EL_ERR_CONFIG, "%s", problem);
}

bool el_config_set_lang(struct el_config *config, const char *code, struct el_error *err) {
    if (!el_config_check_lang(code, err)) {
        return false;
    }
    config->lang = el_arena_string(&config->arena, code);
    return config->lang != NULL || el_fail_memory(err);
}
