/* A member of the ensemble: how a language model is reached, and what it is asked with. */
#ifndef EL_SERVING_MEMBER_H
#define EL_SERVING_MEMBER_H

#include "base/error.h"
#include "corpus/document.h"

enum el_api {
    EL_API_AUTO,        /* probed: the first of these four that the server speaks */
    EL_API_LLAMA,       /* POST /completion */
    EL_API_OLLAMA,      /* POST /api/chat */
    EL_API_CHAT,        /* POST /v1/chat/completions */
    EL_API_COMPLETIONS, /* POST /v1/completions */
    EL_API_EMBEDDINGS,  /* POST /v1/embeddings: never configured, what calls with inputs take */
    EL_APIS
};

/* "auto", "llama", "ollama", "chat", "completions", "embeddings" */
const char *el_api_name(enum el_api api);

struct el_header {
    const char *name, *value; /* values may be secret: never logged, never stored */
};

/* An adapter that changes a local file: low-rank matrices in a GGUF file of its own. */
struct el_lora {
    const char *path;
    double scale; /* 1 = as trained */
};
enum { EL_MOST_LORAS = 8 }; /* of a member */

/* Of the time-outs below, where nothing is told. */
enum { EL_CONNECT_SECONDS = 10, EL_FIRST_BYTE_SECONDS = 300, EL_TOTAL_SECONDS = 600 };

struct el_member_config {
    const char *name; /* unique */
    bool embedding;   /* gives vectors, no text: takes calls with inputs only */

    /* Where: a local file served by a llama-server child, or one or more URLs (replicas). */
    const char *gguf;
    const struct el_lora *loras; /* of the file; members that differ in these share one child */
    size_t n_loras;
    const char *const *urls; /* e.g. "http://127.0.0.1:8080"; a trailing "/v1" is understood */
    size_t n_urls;
    const char *model; /* name sent to the server; NULL = what /v1/models lists first */
    enum el_api api;

    const char *const *languages; /* codes of those that it is asked about; NULL = any */
    size_t n_languages;

    const char *prompts; /* name or folder of the template set; NULL = "compact" for gguf files
                            whose vocabulary has <|extract|>, else "chat" */

    const char *api_key; /* resolved from api_key_env / api_key_file; secret; NULL = none */
    const struct el_header *headers;
    size_t n_headers;
    json_t *extra_body; /* object merged into each request; NULL = none */
    const char *ca_file, *proxy, *unix_socket;

    size_t context; /* tokens a prompt and its answer may hold; 0 = ask the server / the file */
    size_t slots;   /* calls in flight; 0 = the server's slots, else 4 */
    size_t threads; /* of a child; 0 = max(1, cores / gguf members) */
    double connect_timeout, first_byte_timeout, total_timeout; /* seconds; 0 = as above */
    unsigned retries;   /* further tries of one call; default 4 */
    double temperature; /* default 0 */
    long seed;
    size_t max_tokens;          /* of an answer; 0 = by stage and sentence length */
    double parameters;          /* in billions; 0 = from the file or unknown */
    double price_in, price_out; /* money a million tokens; 0 = unknown */
};

/* What a member turned out to be and to be able to do. Filled by el_client_start(). */
struct el_capabilities {
    bool reached;
    char problem[512]; /* why not, if not reached */
    enum el_api api;
    char server[128];  /* e.g. "llama.cpp b6123", "" if unknown */
    char model[256];   /* identity as the server names it */
    char identity[80]; /* hex SHA-256 of the GGUF file (and its adapters), or of the model's name
                          and what tells it from others of that name (`told`, else the URL); "" if
                          the file could not be read: no reply of another run is this model's */
    char told[512];    /* what the server says of the model: "path=..., size=...", "" = nothing */
    bool tells;        /* enough of it to know the model again at another address */
    size_t context;    /* tokens, 0 = unknown */
    size_t slots;
    size_t dimensions; /* of an embedding member's vectors */
    double parameters; /* in billions, 0 = unknown */
    bool compact;      /* the vocabulary has the compact markers */
    bool chat_template, json_schema, grammar, choice, logprobs, prefix_cache;
    bool named_slots; /* a request may name its slot, as llama-server lets it */
    bool begins;      /* a last message of the assistant is gone on with, not answered */
};

#endif
