/* One request and one reply for each API: bodies are written with their fields in a fixed order,
 * so that the same call always has the same bytes (they are the store's key); replies are read
 * with every field's type checked. No I/O. */
#ifndef EL_SERVING_API_H
#define EL_SERVING_API_H

#include "base/buffer.h"
#include "serving/adapt.h"
#include "serving/call.h"
#include "serving/member.h"

/* Which request shape a call to a member takes: its API, except that llama-server's own cannot
 * take messages and speaks chat for them. */
enum el_api el_api_for(const struct el_capabilities *caps, const struct el_call *call);

/* Where its calls go: "/completion" and so on, with its leading slash. */
const char *el_api_path(enum el_api api);

/* What to write under extra_body so that a model of this API does not think, "{think: false}"; ""
 * if the API has no such thing. */
const char *el_api_no_thinking(enum el_api api);

/* Appends the request body, adapted to an endpoint unless that is NULL. False if out of memory. */
bool el_api_write(const struct el_member_config *config, const struct el_capabilities *caps,
                  const struct el_call *call, bool constrain,
                  const struct el_adaptation *adaptation, struct el_buffer *body);

struct el_api_answer {
    char *text; /* from malloc: the caller frees; valid UTF-8, no NUL inside */
    size_t text_len;
    bool cut;
    double yes_probability;
    float *shares; /* from malloc: as those of el_reply; NULL = not told */
    size_t n_shares;
    long prompt_tokens, answer_tokens, cached_tokens;
};

/* Reads a reply body. False, with a reason, if it is not what the API promises. The answer to a
 * call with inputs is its vectors as text, see embeddings.h. */
bool el_api_read(enum el_api api, const struct el_call *call, const char *body, size_t len,
                 struct el_api_answer *answer, char *why, size_t room);

/* Did Ollama leave out a part of the prompt, as it does silently with one that is too long? Says
 * what gave it away. */
bool el_api_prompt_was_cut(const struct el_member_config *config,
                           const struct el_capabilities *caps, const struct el_call *call,
                           const struct el_api_answer *answer, char *why, size_t room);

/* What an error reply says, for people: the message within its JSON, or the start of the body.
 * *context is set if it says that the prompt does not fit. */
void el_api_read_error(const char *body, size_t len, char *message, size_t room, bool *context);

#endif
