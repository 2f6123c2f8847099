/* Options that make no sense without or beside one another. */
#include "options.h"

#include "embedding/registry.h"

#include <string.h>

/* The first option given that has the trait, or NULL. */
static const wn_option *given_with(const wn_cli *cli, wn_option_trait trait) {
    for (size_t i = 0; i < wn_noptions; i++)
        if ((wn_options[i].traits & trait) && wn_option_given(cli, &wn_options[i])) return &wn_options[i];
    return NULL;
}

static wn_code check_tokenize(const wn_config *c, wn_err *err) {
    if (!c->model) return wn_err_set(err, WN_EUSAGE, "--model is missing: whose tokenizer?");
    if (c->ntext_fields > 2)
        return wn_err_set(err, WN_EUSAGE, "--text-field: one for texts, two for pairs, not %zu", c->ntext_fields);
    return WN_OK;
}

static wn_code check_model(const wn_cli *cli, wn_err *err) {
    const wn_config *c = &cli->config;
    const wn_encoder_vt *encoder = wn_encoder_family(c->encoder);
    const wn_option *o = given_with(cli, c->model ? WN_OPTION_NO_MODEL : WN_OPTION_NEEDS_MODEL);
    if (cli->command->bit == CMD_TOKENIZE) return check_tokenize(c, err);
    if (!c->model && !encoder->fits_corpus)
        return wn_err_set(err, WN_EUSAGE, "--encoder %s needs a --model (tools/get-minilm fetches one)", encoder->name);
    if (!c->model && o) return wn_err_set(err, WN_EUSAGE, "--%s needs a --model", o->name);
    if (c->model && o) return wn_err_set(err, WN_EUSAGE, "--%s does not go with --model", o->name);
    if (c->model && encoder->fits_corpus)
        return wn_err_set(err, WN_EUSAGE, "--model names an encoder of its own: leave --encoder out");
    if (c->shards && !c->model && !c->load_encoder)
        return wn_err_set(err, WN_EUSAGE,
                          "--shard needs --model or --load-encoder: an encoder fitted to one shard does not "
                          "suit the others");
    return WN_OK;
}

static wn_code check_inputs(const wn_config *c, wn_err *err) {
    size_t piped = 0;
    for (size_t i = 0; i < c->ninputs; i++) piped += strcmp(c->inputs[i], "-") == 0;
    return piped > 1 ? wn_err_set(err, WN_EUSAGE, "- is named twice") : WN_OK;
}

wn_code wn_cli_check_together(const wn_cli *cli, wn_err *err) {
    const wn_config *c = &cli->config;
    unsigned bit = cli->command->bit;
    wn_code code = WN_OK;
    if ((bit & (CMD_RUN | CMD_EMBED | CMD_DEDUP | CMD_GRAPH | CMD_SELECT)) && !c->output)
        return wn_err_set(err, WN_EUSAGE, "-o is missing: where should the output go?");
    if ((bit & (CMD_RUN | CMD_SELECT)) && c->k <= 0)
        return wn_err_set(err, WN_EUSAGE,
                          "-k is missing: how many to choose, a count (-k 1000) or a percentage (-k 10%%)?");
    if ((code = check_model(cli, err)) != WN_OK) return code;
    if (c->encoder == WN_ENC_DOC2VEC && c->negative == 0 && !c->hierarchical)
        return wn_err_set(err, WN_EUSAGE, "--negative 0 needs --hierarchical");
    if (c->save_encoder && c->load_encoder)
        return wn_err_set(err, WN_EUSAGE,
                          "--save-encoder and --load-encoder together: a loaded encoder is saved already");
    return check_inputs(c, err);
}
