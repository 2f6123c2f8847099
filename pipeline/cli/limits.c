/* Limits on what is chosen together: which go with what. */
#include "options.h"
#include "commands/options.h"

#include <string.h>

static wn_code check_budget(const wn_cli *cli, wn_err *err) {
    const wn_config *c = &cli->config;
    const wn_option *cost = wn_option_find(cli->command->bit, "cost", 4);
    const bool given = cost && wn_option_given(cli, cost);
    if (!(c->budget.value > 0)) return WN_OK;
    if (c->cost_field && given)
        return wn_err_set(err, WN_EUSAGE, "--cost and --cost-field: which of them says what a row costs?");
    if (!c->cost_field && c->cost == WN_COST_TOKENS && !c->model)
        return wn_err_set(err, WN_EUSAGE, "--cost tokens: whose? --model names the model whose tokens count");
    if (c->quota && c->k <= 0)
        return wn_err_set(err, WN_EUSAGE, "--quota is a share of k, but with --budget alone nobody knows k: add -k");
    return WN_OK;
}

wn_code wn_cli_check_limits(const wn_cli *cli, wn_err *err) {
    const wn_config *c = &cli->config;
    const char *limit = wn_config_limit(c);
    if (!(cli->command->bit & (CMD_RUN | CMD_SELECT | CMD_COMPARE)) || !limit) return WN_OK;
    if (c->query_path)
        return wn_err_set(err, WN_EUSAGE,
                          "--%s: what is chosen toward queries knows no limits; leave it or --query out", limit);
    if (c->partitions)
        return wn_err_set(err, WN_EUSAGE, "--%s: a part does not know what others choose; leave it or --partitions out",
                          limit);
    if (!wn_objective_takes_limits(c->objective))
        return wn_err_set(err, WN_EUSAGE,
                          "--%s does not go with --objective %s, which picks in a way of its own; name "
                          "another objective (--objective graph-cut; --quota gives each class its share)",
                          limit, wn_objective_name(c->objective));
    if (c->nagainst && cli->command->bit == CMD_RUN && !c->nembeddings && !c->model && !c->load_encoder)
        return wn_err_set(err, WN_EUSAGE,
                          "--against: an encoder fitted to these records does not suit other vectors; "
                          "give --model, --load-encoder or --embeddings");
    return check_budget(cli, err);
}
