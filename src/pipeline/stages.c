/* The stages, in order. */
#include "pipeline/work.h"

#include "pipeline/ensemble.h"

/* Each is defined in a file of its own. */
extern const struct el_stage_functions el_retrieve, el_extract, el_classify, el_verify;

const struct el_stage_functions *const el_stages[EL_STAGES] = {
    [EL_STAGE_RETRIEVE] = &el_retrieve,
    [EL_STAGE_EXTRACT] = &el_extract,
    [EL_STAGE_CLASSIFY] = &el_classify,
    [EL_STAGE_VERIFY] = &el_verify,
};

const char *el_stage_name(enum el_stage stage) {
    return el_stages[stage]->name;
}
