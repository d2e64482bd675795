/* What holds where the configuration says nothing. */
#include "config/config_private.h"
#include "retrieval/span_weight.h"

#include <stdint.h>
#include <string.h>

const char *const el_profile_names[] = {"default", "votes", "paper"};
const char *const el_spans_names[] = {"auto", "members", "tagger"};
const char *const el_verifier_names[] = {"auto", "largest", "all", "none"};
const char *const el_some_names[] = {"auto", "on", "off"};
const char *const el_similarity_names[] = {"span", "sentence", "bm25", "random"};

const struct el_member_config el_member_defaults = {.retries = 4};

static double from_pool_of(enum el_profile profile) {
    return profile == EL_PROFILE_DEFAULT ? EL_FROM_POOL : 0;
}

static size_t k_of(enum el_profile profile) {
    return profile == EL_PROFILE_PAPER ? 5 : EL_K_AUTO;
}

static enum el_some some_of(enum el_profile profile) {
    return profile == EL_PROFILE_PAPER ? EL_SOME_OFF : EL_SOME_AUTO;
}

static void let_verifier_follow(struct el_settings *settings) {
    settings->verifier = EL_VERIFY_AUTO;
    settings->verifier_name = NULL;
}

void el_settings_profile(struct el_settings *settings, enum el_profile profile) {
    settings->profile = profile;
    settings->demonstrations = k_of(profile);
    settings->similarity = EL_SIMILARITY_SPAN;
    memcpy(settings->pos_weights, el_published_weights, sizeof settings->pos_weights);
    settings->zero_shot_pretypes = true;
    settings->spans = profile == EL_PROFILE_PAPER ? EL_SPANS_MEMBERS : EL_SPANS_AUTO;
    settings->member_weights = NULL;
    settings->judge = NULL;
    settings->from_pool = from_pool_of(profile);
    settings->some = some_of(profile);
    settings->at_least = 1;
    settings->words_decide = profile == EL_PROFILE_PAPER;
    settings->alone = profile == EL_PROFILE_PAPER ? 0 : 0.8;
    settings->agreement_skips = profile == EL_PROFILE_PAPER ? 0 : EL_SKIPS_UNANIMOUS;
    if (profile == EL_PROFILE_DEFAULT || settings->verifier == EL_VERIFY_NONE) {
        let_verifier_follow(settings);
    }
    /* Lazy voting leaves out only calls that cannot change the outcome. The paper asks everybody.
     */
    settings->lazy_votes = profile != EL_PROFILE_PAPER;
}

bool el_config_set_judge(struct el_config *config, enum el_judge_kind kind, struct el_error *err) {
    config->settings.judge =
        el_judge_of_kind(&config->arena, kind, config->n_members, config->n_types);
    return config->settings.judge != NULL || el_fail_memory(err);
}

bool el_config_set_profile(struct el_config *config, enum el_profile profile,
                           struct el_error *err) {
    enum el_judge_kind kind = el_judge_unfitted(config->settings.judge); /* as the ensemble says */
    el_settings_profile(&config->settings, profile);
    return profile != EL_PROFILE_DEFAULT || el_config_set_judge(config, kind, err);
}

bool el_config_forget_members(struct el_config *config, struct el_error *err) {
    struct el_settings *settings = &config->settings;
    const struct el_judge *judge = settings->judge;
    bool fitted =
        judge != NULL && (judge->kind == EL_JUDGE_FITTED || judge->kind == EL_JUDGE_TRAINED);
    settings->member_weights = NULL;
    if (fitted || settings->verifier_name != NULL) {
        let_verifier_follow(settings);
    }
    if (fitted) {
        settings->from_pool = from_pool_of(settings->profile);
        settings->some = some_of(settings->profile);
        settings->judge = NULL;
    }
    if (judge != NULL && judge->kind == EL_JUDGE_FITTED) { /* it came with k */
        settings->demonstrations = k_of(settings->profile);
    }
    if (judge == NULL || (fitted && settings->profile != EL_PROFILE_DEFAULT)) {
        return true;
    }
    return el_config_set_judge(config, fitted ? EL_JUDGE_GENERAL : judge->kind, err);
}

static bool are_trained(const struct el_settings *settings) {
    return el_judge_unfitted(settings->judge) == EL_JUDGE_TRAINED;
}

size_t el_settings_k(const struct el_settings *settings) {
    if (settings->demonstrations != EL_K_AUTO) {
        return settings->demonstrations;
    }
    return settings->judge != NULL ? 2 : 5;
}

bool el_settings_hear_nobody(const struct el_settings *settings) {
    return settings->judge != NULL && settings->from_pool > 0 &&
           !el_judge_hears_members(settings->judge);
}

bool el_settings_ask_nobody(const struct el_settings *settings) {
    return el_settings_hear_nobody(settings) &&
           (settings->verifier == EL_VERIFY_AUTO || settings->verifier == EL_VERIFY_NONE);
}

void el_settings_settle(struct el_settings *settings) {
    if (settings->some == EL_SOME_AUTO) {
        settings->some = are_trained(settings) ? EL_SOME_ON : EL_SOME_OFF;
    }
    settings->demonstrations = el_settings_k(settings);
}

unsigned el_settings_skips(const struct el_settings *settings, size_t n_members) {
    if (settings->agreement_skips != EL_SKIPS_UNANIMOUS) {
        return settings->agreement_skips;
    }
    return n_members >= 3 ? (unsigned)n_members : 0;
}

bool el_config_choose_profile(struct el_config *config, const char *option, const char *name,
                              struct el_error *err) {
    for (size_t i = 0; i < EL_PROFILE_NAMES; i++) {
        if (strcmp(name, el_profile_names[i]) == 0) {
            return el_config_set_profile(config, (enum el_profile)i, err);
        }
    }
    return el_fail(err, EL_ERR_CONFIG, "%s must be default, votes or paper, not \"%s\"", option,
                   name);
}

size_t el_config_member(const struct el_config *config, const char *name) {
    for (size_t i = 0; i < config->n_members; i++) {
        if (strcmp(config->members[i].name, name) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

bool el_config_set_verifier(struct el_config *config, const char *who, struct el_error *err) {
    struct el_settings *settings = &config->settings;
    for (size_t i = 0; i < EL_VERIFIER_NAMES; i++) {
        if (strcmp(who, el_verifier_names[i]) == 0) {
            settings->verifier = (enum el_verifier)i;
            settings->verifier_name = NULL;
            return true;
        }
    }
    size_t member = el_config_member(config, who);
    if (member == SIZE_MAX) {
        return el_fail(err, EL_ERR_CONFIG,
                       "no member has the name '%s' to verify with; give a member, 'auto', "
                       "'largest', 'all' or 'none'",
                       who);
    }
    settings->verifier = EL_VERIFY_MEMBER;
    settings->verifier_name = config->members[member].name;
    return true;
}

bool el_config_complete(struct el_config *config, struct el_error *err) {
    return config->n_types > 0 || el_config_set_types(config, "person,location,organization", err);
}
