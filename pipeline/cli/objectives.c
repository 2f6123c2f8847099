/* What an objective needs, and what it can do nothing with. */
#include "options.h"

#include "commands/options.h"

#include <winnow/select.h>

static bool serves(wn_objective o, wn_kernel_kind kernel) {
    return wn_objective_serves(o, kernel, WN_STORAGE_AUTO, WN_MAXIMIZER_AUTO);
}

/* The first part of a mixture that does not compare so; else the objective. */
static wn_objective odd_part(const wn_config *c) {
    for (size_t i = 0; i < c->nmix && c->objective == WN_MIXTURE; i++)
        if (!serves(c->mix[i].objective, c->similarity)) return c->mix[i].objective;
    return c->objective;
}

void wn_cli_suit_similarity(wn_config *c) {
    if (!serves(c->objective, c->similarity)) c->similarity = WN_COSINE;
}

/* Left out, --similarity is what suits an objective, but rbf for a mixture; and what a file says is not left out. */
static wn_code refuse_similarity(const wn_cli *cli, wn_objective odd, wn_err *err) {
    const wn_config *c = &cli->config;
    const wn_option *o = wn_option_find(cli->command->bit, "similarity", 10);
    const bool mixed = c->objective == WN_MIXTURE, typed = o && cli->typed && cli->typed[o - wn_options];
    const char *also = !serves(odd, WN_DOT) ? "" : serves(odd, WN_RBF) ? ", dot or rbf" : " or dot";
    const char *kernel = wn_kernel_name(c->similarity), *name = wn_objective_name(odd);
    if (!mixed && (typed || !cli->typed))
        return wn_err_set(err, WN_EUSAGE, "--objective %s compares by cosine%s: leave --similarity %s out", name, also,
                          kernel);
    return wn_err_set(err, WN_EUSAGE, "--%s %s compares by cosine%s, not by %s: say --similarity cosine",
                      mixed ? "mix" : "objective", name, also, kernel);
}

/* The similarity and the search of an objective. */
static wn_code check_ways(const wn_cli *cli, wn_err *err) {
    const wn_config *c = &cli->config;
    const wn_objective odd = odd_part(c);
    const char *name = wn_objective_name(odd);
    const wn_storage storage = wn_config_storage(c);
    const wn_maximizer maximizer = wn_config_maximizer(c);
    if (!serves(odd, c->similarity)) return refuse_similarity(cli, odd, err);
    const wn_select_opts o = wn_config_way(c);
    if (!wn_select_serves(&o))
        return wn_err_set(err, WN_EUSAGE, "--objective %s under %s cannot be searched so: leave --maximizer %s out",
                          name, wn_kernel_name(c->similarity),
                          maximizer == WN_MAXIMIZER_AUTO ? wn_storage_name(storage) : wn_maximizer_name(maximizer));
    return WN_OK;
}

/* Do rows that are not chosen count? */
static bool represents(wn_objective o) {
    return o != WN_RANDOM && o != WN_BY_VALUE && o != WN_LOG_DETERMINANT && o != WN_FEATURE_BASED;
}

/* Values, weights and parts that an objective needs, or can do nothing with. */
static wn_code check_values(const wn_cli *cli, wn_err *err) {
    const wn_config *c = &cli->config;
    const char *name = wn_objective_name(c->objective);
    const bool compared = cli->command->bit == CMD_COMPARE;
    if (c->objective == WN_MIXTURE && c->nmix == 0)
        return wn_err_set(err, WN_EUSAGE, "--objective mixture: of what?%s",
                          compared ? " a method of compare has no --mix"
                                   : " (--mix facility-location=1,log-determinant=0.1)");
    if (c->objective == WN_BY_VALUE && !c->value_field)
        return wn_err_set(err, WN_EUSAGE, "--objective by-value chooses by numbers of the rows: %s",
                          compared ? "compare knows none" : "name the field with --value-field");
    if (c->value_field && !wn_objective_adds_up(c->objective))
        return wn_err_set(err, WN_EUSAGE, "--value-field: %s has no gains that values could be added to: name another "
                          "objective (--objective facility-location)", name);
    if (c->value_field && c->query_path && c->query_weight >= 1)
        return wn_err_set(err, WN_EUSAGE, "--value-field has no effect: all rows are chosen toward the queries");
    if (c->weight_field && !represents(c->objective))
        return wn_err_set(err, WN_EUSAGE, "--weight-field: %s represents no rows; leave it out", name);
    return WN_OK;
}

/* Where nothing has vectors. */
static wn_code check_precomputed(const wn_cli *cli, wn_err *err) {
    const wn_config *c = &cli->config;
    if (c->similarity != WN_PRECOMPUTED) return WN_OK;
    if (cli->command->bit != CMD_SELECT)
        return wn_err_set(err, WN_EUSAGE, "--similarity precomputed: similarities are given to winnow select, as a "
                          "square matrix; winnow %s has vectors", cli->command->name);
    if (c->dedup == WN_DEDUP_NEAR)
        return wn_err_set(err, WN_EUSAGE, "--dedup %g compares vectors, and --similarity precomputed has none: leave "
                          "it out", c->dedup_threshold);
    if (c->query_path || c->nagainst || c->max_similarity > 0)
        return wn_err_set(err, WN_EUSAGE, "--%s compares vectors, and --similarity precomputed has none: leave one "
                          "of them out", c->query_path ? "query" : c->nagainst ? "against" : "max-similarity");
    if (c->partitions)
        return wn_err_set(err, WN_EUSAGE, "--partitions: a part has no rows of a matrix of similarities: leave it out");
    return WN_OK;
}

wn_code wn_cli_check_objective(const wn_cli *cli, wn_err *err) {
    const wn_config *c = &cli->config;
    const wn_option *labels = wn_option_find(cli->command->bit, "labels", 6);
    const bool herding = c->objective == WN_CLASS_HERDING, given = labels && wn_option_given(cli, labels);
    if (given && herding && c->ignore_labels)
        return wn_err_set(err, WN_EUSAGE, "--labels ignore, but --objective class-herding chooses by them: name "
                          "another objective (--objective graph-cut)");
    if (given && !herding && !c->ignore_labels && !c->quota)
        return wn_err_set(err, WN_EUSAGE, "--labels use, but --objective %s has no use for them",
                          wn_objective_name(c->objective));
    if (herding && cli->command->bit == CMD_RUN && !c->label_field)
        return wn_err_set(err, WN_EUSAGE, "--objective class-herding chooses by class: name the field with "
                          "--label-field");
    wn_code code = check_values(cli, err);
    if (code == WN_OK) code = check_precomputed(cli, err);
    return code == WN_OK ? check_ways(cli, err) : code;
}
