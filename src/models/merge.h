/* A LoRA adapter put into its model for good. llama-server can add an adapter at run time, but
 * then reads prompts at half the speed where the processor multiplies matrices of 8 bits itself. */
#ifndef EL_MODELS_MERGE_H
#define EL_MODELS_MERGE_H

#include "base/error.h"

/* Write `base` with the changes of `adapter` (both GGUF files) to `out`, which appears when it is
 * whole. The matrices that are changed become Q4_0, which processors without a matrix unit compute
 * twice as fast as Q8_0; all else stays as it is. The same files give the same bytes on every
 * machine. EL_ERR_FORMAT if a file is broken, no GGUF file, or
 * made for another model; EL_ERR_IO if one cannot be read or written. Both files are mapped into
 * memory and must not change. Safe from several threads. */
bool el_merge_adapter(const char *base, const char *adapter, const char *out, struct el_error *err);

#endif
