#include "options.h"

#include "outcome/outdir.h"

#include <math.h>
#include <string.h>
#include <winnow/mem.h>

const char *wn_cost_name(wn_cost c) {
    switch (c) { WN_COSTS(WN_NAME_CASE) }
    return NULL;
}

wn_lists_opts wn_config_lists(const wn_config *c) {
    return (wn_lists_opts){.keep_path = c->keep_path, .exclude_path = c->exclude_path};
}

wn_size_opts wn_config_size(const wn_config *c) {
    return (wn_size_opts){.k = c->k, .percent = c->k_percent};
}

/* Only where rows are compared by rbf. */
static wn_space_opts config_space(const wn_config *c) {
    const bool rbf = c->similarity == WN_RBF && c->objective != WN_RANDOM;
    return (wn_space_opts){.components = rbf ? c->components : 0, .seed = c->seed};
}

wn_kernel_opts wn_config_kernel(const wn_config *c, size_t wanted) {
    const size_t clusters = wanted < WN_BALL_CLUSTERS ? wanted : WN_BALL_CLUSTERS;
    const bool toward = c->query_path && c->query_weight >= 1; /* by cosine, and nothing else */
    return (wn_kernel_opts){.kind = toward ? WN_COSINE : c->similarity,
                            .gamma = c->similarity == WN_BALL ? c->radius : c->gamma,
                            .clusters = clusters,
                            .seed = c->seed};
}

wn_class_opts wn_config_classes(const wn_config *c) {
    static const struct {
        const char *word;
        double power;
    } powers[] = {{"sqrt", .5}, {"equal", 0}, {"proportional", 1}};
    if (!c->quota) return (wn_class_opts){.power = powers[0].power};
    for (size_t i = 0; i < sizeof powers / sizeof *powers; i++)
        if (strcmp(c->quota, powers[i].word) == 0) return (wn_class_opts){.power = powers[i].power};
    return (wn_class_opts){.share_path = c->quota};
}

/* Words of WN_SEARCHES that are storages. */
enum { STORAGES = WN_MATRIX_FREE + 1 };

wn_storage wn_config_storage(const wn_config *c) {
    return c->maximizer < STORAGES ? (wn_storage)c->maximizer : WN_STORAGE_AUTO;
}

wn_maximizer wn_config_maximizer(const wn_config *c) {
    return c->maximizer < STORAGES ? WN_MAXIMIZER_AUTO : (wn_maximizer)(WN_NAIVE + c->maximizer - STORAGES);
}

wn_select_opts wn_config_way(const wn_config *c) {
    static const double some = 0;
    return (wn_select_opts){.objective = c->objective,
                            .kernel = {c->similarity, 1},
                            .storage = wn_config_storage(c),
                            .maximizer = wn_config_maximizer(c),
                            .mix = c->mix,
                            .nmix = c->nmix,
                            .value = c->value_field ? &some : NULL};
}

const char *wn_config_limit(const wn_config *c) {
    if (c->group_field) return "group-field";
    if (c->budget.value > 0) return "budget";
    if (c->max_similarity > 0) return "max-similarity";
    if (c->nagainst) return "against";
    return c->quota && c->objective != WN_CLASS_HERDING ? "quota" : NULL;
}

wn_choice_opts wn_config_choice(const wn_config *c, size_t wanted) {
    wn_choice_opts o = {.objective = c->objective,
                        .space = config_space(c),
                        .kernel = {.kind = c->similarity},
                        .storage = wn_config_storage(c),
                        .maximizer = wn_config_maximizer(c),
                        .epsilon = c->epsilon,
                        .mix = c->mix,
                        .nmix = c->nmix,
                        .apart = isnan(c->apart) ? 0 : c->apart,
                        .wanted = wanted,
                        .lambda = c->lambda,
                        .saturation = c->saturation,
                        .sums = c->sums,
                        .sum_rows = c->sum_rows,
                        .seed = c->seed,
                        .toward = (wn_objective)(WN_RDS + c->query_method),
                        .query_weight = c->query_weight,
                        .query_alpha = c->query_alpha,
                        .neighbours = c->neighbours,
                        .partition = {.parts = c->partitions, .by = c->partition_by}};
    if (!c->query_path || c->query_weight < 1) return o;
    o.objective = o.toward;
    o.kernel.kind = WN_COSINE;
    o.space.components = 0;
    return o;
}

wn_records_out_opts wn_config_records_out(const wn_config *c) {
    return (wn_records_out_opts){.annotate = c->annotate, .rank_order = c->rank_order};
}

const char *wn_config_command(const wn_config *c) {
    return c->command_line ? c->command_line : "";
}

const char *wn_config_json(const wn_config *c) {
    return c->json ? c->json : "{}";
}

wn_code wn_config_put_origin(const wn_config *c, wn_store *s, const wn_corpus *corpus, wn_err *err) {
    wn_input *inputs = corpus ? wn_inputs_of(corpus, err) : NULL;
    if (corpus && !inputs) return WN_EMEMORY;
    const wn_origin origin = {.config = wn_config_json(c),
                              .command = wn_config_command(c),
                              .seed = c->seed,
                              .inputs = inputs,
                              .ninputs = corpus ? corpus->nsources : 0};
    wn_code code = wn_store_put_origin(s, &origin, err);
    wn_free(inputs);
    return code;
}

wn_code wn_config_check_output(const wn_config *c, wn_err *err) {
    if (c->dry_run) return WN_OK;
    return wn_outdir_check(c->output, c->overwrite, err);
}
