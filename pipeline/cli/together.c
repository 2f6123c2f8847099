/* Options that make no sense without or beside one another. */
#include "options.h"

#include "commands/kind.h"
#include "commands/options.h"
#include "embedding/registry.h"

#include <string.h>

/* The first option given that has the trait, or NULL. */
static const wn_option *given_with(const wn_cli *cli, wn_option_traits trait) {
    for (size_t i = 0; i < wn_noptions; i++)
        if ((wn_options[i].traits & trait) && wn_option_given(cli, &wn_options[i])) return &wn_options[i];
    return NULL;
}

/* ---- options without effect ---- */

/* dedup takes records, or one matrix. */
static bool reads_matrix(const wn_cli *cli) {
    if (cli->command->bit == CMD_STREAM) return cli->config.vectors;
    return cli->command->bit == CMD_DEDUP && cli->config.ninputs == 1 && wn_input_is_matrix(cli->config.inputs[0]);
}
static bool encodes(const wn_cli *cli) {
    return cli->command->bit != CMD_DEDUP || (cli->config.dedup == WN_DEDUP_NEAR && !reads_matrix(cli));
}
static bool fits(const wn_cli *cli) {
    return !cli->config.load_encoder;
}
static bool by_lsa(const wn_cli *cli) {
    return cli->config.encoder == WN_ENC_LSA;
}
static bool by_doc2vec(const wn_cli *cli) {
    return cli->config.encoder == WN_ENC_DOC2VEC;
}
static bool by_layers(const wn_cli *cli) {
    return cli->config.encoder != WN_ENC_STATIC;
}
static bool by_dbow(const wn_cli *cli) {
    return cli->config.doc2vec_mode == WN_DBOW;
}
static bool by_windows(const wn_cli *cli) {
    return !by_dbow(cli) || cli->config.dbow_words;
}
static bool compares(const wn_cli *cli) {
    return cli->config.objective != WN_RANDOM;
}
/* Is it the objective, or a part of it? */
static bool has_part(const wn_config *c, wn_objective o) {
    bool part = c->objective == o;
    for (size_t i = 0; i < c->nmix && c->objective == WN_MIXTURE; i++) part = part || c->mix[i].objective == o;
    return part;
}
static bool by_rbf(const wn_cli *cli) {
    return cli->config.similarity == WN_RBF;
}
static bool by_graph_cut(const wn_cli *cli) {
    return has_part(&cli->config, WN_GRAPH_CUT);
}
static bool by_ball(const wn_cli *cli) {
    return cli->config.similarity == WN_BALL;
}
static bool by_mixture(const wn_cli *cli) {
    return cli->config.objective == WN_MIXTURE;
}
static bool by_value(const wn_cli *cli) {
    return cli->config.objective == WN_BY_VALUE;
}
static bool has_values(const wn_cli *cli) {
    return cli->config.value_field != NULL;
}
static bool by_sample(const wn_cli *cli) {
    const wn_maximizer m = wn_config_maximizer(&cli->config);
    return m == WN_STOCHASTIC || m == WN_THRESHOLD || cli->command->bit == CMD_STREAM;
}
/* With values it is a mixture that is maximised, and weighted sums are over all rows. */
static bool by_sums(const wn_cli *cli) {
    const wn_config *c = &cli->config;
    return c->objective == WN_GRAPH_CUT && c->similarity == WN_RBF && !c->value_field && !c->weight_field;
}
static bool by_sum_rows(const wn_cli *cli) {
    return cli->config.sums != WN_SUMS_EXACT;
}
static bool by_saturation(const wn_cli *cli) {
    return has_part(&cli->config, WN_SATURATED_COVERAGE);
}
static bool by_herding(const wn_cli *cli) {
    return cli->config.objective == WN_CLASS_HERDING;
}
/* Is a part of the choice left to an objective? */
static bool by_objective(const wn_cli *cli) {
    return !cli->config.query_path || cli->config.query_weight < 1;
}
static bool has_query(const wn_cli *cli) {
    return cli->config.query_path != NULL;
}
static bool by_tsds(const wn_cli *cli) {
    return has_query(cli) && WN_RDS + cli->config.query_method == WN_TSDS;
}
static bool has_labels(const wn_cli *cli) {
    return cli->config.label_field != NULL;
}
static bool may_have_labels(const wn_cli *cli) {
    return has_labels(cli) || cli->command->bit == CMD_SELECT || cli->config.nembeddings > 0;
}
static bool by_quota(const wn_cli *cli) {
    return by_herding(cli) || may_have_labels(cli) || cli->command->bit == CMD_COMPARE;
}
static bool in_groups(const wn_cli *cli) {
    return cli->config.group_field != NULL;
}
static bool has_budget(const wn_cli *cli) {
    return cli->config.budget.value > 0;
}
static bool in_parts(const wn_cli *cli) {
    return cli->config.partitions > 0;
}
static bool by_neighbours(const wn_cli *cli) {
    return cli->command->bit == CMD_GRAPH || wn_objective_over_graph(cli->config.objective);
}
static bool reads_records(const wn_cli *cli) {
    return !reads_matrix(cli);
}
static bool has_records(const wn_cli *cli) {
    return cli->command->bit != CMD_SELECT || cli->config.nrecords + cli->config.nfound_records > 0;
}
static bool makes_vectors(const wn_cli *cli) {
    return cli->config.nembeddings == 0 && !cli->config.vectors;
}
static bool has_matrix(const wn_cli *cli) {
    bool any = false;
    if (cli->command->bit & (CMD_RUN | CMD_COMPARE)) return !makes_vectors(cli);
    for (size_t i = 0; cli->command->bit == CMD_INFO && i < cli->config.ninputs; i++)
        any = any || wn_input_is_matrix(cli->config.inputs[i]);
    if (cli->command->bit == CMD_INFO) return any;
    return cli->command->bit != CMD_DEDUP || reads_matrix(cli);
}

static bool chooses(const wn_cli *cli) {
    return cli->config.task == WN_TASK_CHOICE || (cli->command->bit == CMD_SCORE && cli->config.task == WN_TASK_AUTO);
}
static bool has_classes(const wn_cli *cli) {
    return cli->config.task == WN_TASK_CLASSIFY || cli->config.task == WN_TASK_PAIRS ||
           cli->command->bit == CMD_COMPARE;
}
static bool fine_tunes(const wn_cli *cli) {
    return cli->command->bit != CMD_COMPARE || cli->config.learner == WN_LEARNER_FINETUNE;
}
static bool reads_tokens(const wn_cli *cli) {
    return fine_tunes(cli) || (cli->config.model && makes_vectors(cli));
}
static bool holds_out(const wn_cli *cli) {
    return cli->config.finetune.dev_path || cli->config.finetune.dev_percent > 0;
}

/* When an option with a trait has an effect, and what is said where it has none. */
static const struct {
    wn_option_traits trait;
    bool (*holds)(const wn_cli *cli);
    const char *why;
} effects[] = {
    {WN_OPTION_RECORDS, reads_records, "the input is a matrix, not records"},
    {WN_OPTION_RECORDS, has_records, "no records are read beside the matrix (--records names them)"},
    {WN_OPTION_MATRIX, has_matrix, "the input is records, not a matrix"},
    {WN_OPTION_ENCODES, makes_vectors, "the vectors are read (--embeddings)"},
    {WN_OPTION_ENCODES, encodes, "no vectors are made of texts here (near copies of records are: --dedup 0.95)"},
    {WN_OPTION_FITS, fits, "the encoder is loaded as it was saved (--load-encoder)"},
    {WN_OPTION_LSA, by_lsa, "it belongs to --encoder lsa"},
    {WN_OPTION_DOC2VEC, by_doc2vec, "it belongs to --encoder doc2vec"},
    {WN_OPTION_LAYERS, by_layers, "the model is a table of token vectors, without layers"},
    {WN_OPTION_DBOW, by_dbow, "it belongs to --doc2vec-mode dbow"},
    {WN_OPTION_WINDOW, by_windows, "--doc2vec-mode dbow looks at no words around a word (unless --dbow-words)"},
    {WN_OPTION_OBJECTIVE | WN_OPTION_COMPARES | WN_OPTION_GRAPH_CUT | WN_OPTION_HERDING | WN_OPTION_QUOTA |
         WN_OPTION_LABELS | WN_OPTION_NEIGHBOURS | WN_OPTION_SATURATED,
     by_objective, "all rows are chosen toward the queries (--query-weight below 1 leaves some to the objective)"},
    {WN_OPTION_QUERY, has_query, "it belongs to --query"},
    {WN_OPTION_TSDS, by_tsds, "it belongs to --query-method tsds"},
    {WN_OPTION_STOCHASTIC, by_sample, "it belongs to --maximizer stochastic and threshold"},
    {WN_OPTION_COMPARES, compares, "--objective random compares nothing"},
    {WN_OPTION_RBF, by_rbf, "it belongs to --similarity rbf"},
    {WN_OPTION_BALL, by_ball, "it belongs to --similarity ball"},
    {WN_OPTION_MIXTURE, by_mixture, "it belongs to --objective mixture"},
    {WN_OPTION_VALUES, has_values, "it belongs to --value-field"},
    {WN_OPTION_BY_VALUE, by_value, "it belongs to --objective by-value"},
    {WN_OPTION_GRAPH_CUT, by_graph_cut, "it belongs to --objective graph-cut"},
    {WN_OPTION_SUMS, by_sums, "it belongs to --objective graph-cut over rbf without values and weights"},
    {WN_OPTION_SUM_ROWS, by_sum_rows, "--sums exact estimates nothing"},
    {WN_OPTION_SATURATED, by_saturation, "it belongs to --objective saturated-coverage"},
    {WN_OPTION_HERDING, by_herding, "it belongs to --objective class-herding"},
    {WN_OPTION_LABELS, has_labels, "there is no --label-field"},
    {WN_OPTION_VERDICT, may_have_labels, "there is no --label-field"},
    {WN_OPTION_NEIGHBOURS, by_neighbours, "it belongs to --objective facility-location and saturated-coverage"},
    {WN_OPTION_QUOTA, by_quota, "there is no --label-field"},
    {WN_OPTION_GROUPS, in_groups, "it belongs to --group-field"},
    {WN_OPTION_BUDGET, has_budget, "it belongs to --budget"},
    {WN_OPTION_PARTS, in_parts, "it belongs to --partitions"},
    {WN_OPTION_CHOICE, chooses, "it belongs to --task choice"},
    {WN_OPTION_CLASSES, has_classes, "it belongs to --task classify and pairs"},
    {WN_OPTION_DEV, holds_out, "it belongs to --dev"},
    {WN_OPTION_FINETUNE, fine_tunes, "it belongs to --learner finetune"},
    {WN_OPTION_TOKENS, reads_tokens, "it belongs to --model and to --learner finetune"},
};

wn_code wn_cli_check_effects(const wn_cli *cli, wn_err *err) {
    for (size_t i = 0; i < wn_noptions; i++) {
        const wn_option *o = &wn_options[i];
        /* what a manifest says, and nobody typed, may lose its effect by what was typed instead */
        if (!wn_option_given(cli, o) || (cli->replayed && !cli->typed[i])) continue;
        for (size_t e = 0; e < sizeof effects / sizeof effects[0]; e++)
            if ((o->traits & effects[e].trait) && !effects[e].holds(cli))
                return wn_err_set(err, WN_EUSAGE, "--%s has no effect: %s; leave it out", o->name, effects[e].why);
    }
    return WN_OK;
}

/* ---- options that need or exclude others ---- */

static wn_code check_tokenize(const wn_config *c, wn_err *err) {
    if (!c->model) return wn_err_set(err, WN_EUSAGE, "--model is missing: whose tokenizer?");
    if (c->ntext_fields > 2)
        return wn_err_set(err, WN_EUSAGE, "--text-field: one for texts, two for pairs, not %zu", c->ntext_fields);
    return WN_OK;
}

/* What a task reads. A template names the fields itself. */
static wn_code check_task(const wn_cli *cli, wn_err *err) {
    const wn_config *c = &cli->config;
    bool trains = cli->command->bit == CMD_TRAIN;
    wn_finetune_task task = c->task;
    if (c->record_template == WN_TEMPLATE_STORY_CLOZE) {
        static const char *const own[] = {"text-field", "label-field", "choices"};
        for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
            if (wn_option_given(cli, wn_option_find(cli->command->bit, own[i], strlen(own[i]))))
                return wn_err_set(err, WN_EUSAGE, "--template story-cloze names the fields itself: leave --%s out",
                                  own[i]);
        if (task != WN_TASK_CHOICE && task != WN_TASK_AUTO)
            return wn_err_set(err, WN_EUSAGE, "--template story-cloze is a choice: leave --task out");
        return WN_OK;
    }
    if (trains && task == WN_TASK_AUTO)
        return wn_err_set(err, WN_EUSAGE, "--task is missing: classify, pairs, choice or regress?");
    if (trains && !c->label_field)
        return wn_err_set(err, WN_EUSAGE, "--label-field is missing: which field holds what is to be learnt?");
    if (task == WN_TASK_PAIRS && c->ntext_fields != 2)
        return wn_err_set(err, WN_EUSAGE, "--task pairs needs two --text-field, not %zu", c->ntext_fields);
    if (task == WN_TASK_CHOICE && c->nchoices < 2)
        return wn_err_set(err, WN_EUSAGE, "--task choice needs two or more --choices, not %zu", c->nchoices);
    return WN_OK;
}

static wn_code check_learns(const wn_cli *cli, wn_err *err) {
    const wn_config *c = &cli->config;
    bool trains = cli->command->bit == CMD_TRAIN;
    if (!c->model) return wn_err_set(err, WN_EUSAGE, "--model is missing: which model is to be trained?");
    for (size_t i = 0; i < c->ninputs; i++)
        if (strcmp(c->inputs[i], "-") == 0)
            return wn_err_set(err, WN_EUSAGE, "winnow %s reads its records more than once; standard input cannot be",
                              cli->command->name);
    if (!trains && !c->label_field && c->record_template == WN_TEMPLATE_NONE) {
        if (c->metrics) return wn_err_set(err, WN_EUSAGE, "--metrics needs the labels: --label-field NAME");
        if (!c->predictions)
            return wn_err_set(err, WN_EUSAGE, "--label-field (for metrics) or --predictions FILE is missing");
    }
    return check_task(cli, err);
}

/* What is read once. */
static wn_code check_stream(const wn_cli *cli, wn_err *err) {
    const wn_config *c = &cli->config;
    if (c->k <= 0 || c->k_percent)
        return wn_err_set(err, WN_EUSAGE, "-k: how many to choose, as a count (-k 1000): a stream has no known length");
    if (c->dedup == WN_DEDUP_NEAR)
        return wn_err_set(err, WN_EUSAGE, "--dedup: a stream drops equal texts alone (exact), or nothing (off)");
    if (c->epsilon < 1e-3) return wn_err_set(err, WN_EUSAGE, "--epsilon %g: a stream takes 0.001 or more", c->epsilon);
    if (c->vectors && c->ninputs != 1)
        return wn_err_set(err, WN_EUSAGE, "--vectors: one matrix is read, not %zu", c->ninputs);
    const char *name = wn_objective_name(c->stream_objective);
    const bool any = wn_streaming_serves(c->stream_objective, WN_RBF) ||
                     wn_streaming_serves(c->stream_objective, WN_COSINE);
    if (!any)
        return wn_err_set(err, WN_EUSAGE, "--objective %s needs all rows at once (winnow stream --help says which do "
                          "not)", name);
    if (wn_option_given(cli, wn_option_find(CMD_STREAM, "similarity", 10)) &&
        !wn_streaming_serves(c->stream_objective, c->similarity))
        return wn_err_set(err, WN_EUSAGE, "--objective %s: not under --similarity %s in a stream: leave it out",
                          name, wn_kernel_name(c->similarity));
    return WN_OK;
}

static wn_code check_model(const wn_cli *cli, wn_err *err) {
    const wn_config *c = &cli->config;
    const wn_encoder_vt *encoder = wn_encoder_family(c->encoder);
    const wn_option *o = given_with(cli, c->model ? WN_OPTION_NO_MODEL : WN_OPTION_NEEDS_MODEL);
    if (cli->command->bit == CMD_DISTILL && !c->model)
        return wn_err_set(err, WN_EUSAGE, "--model is missing: which model is a table to be made of?");
    if (cli->command->bit == CMD_DISTILL) return WN_OK;
    if (cli->command->bit == CMD_TOKENIZE) return check_tokenize(c, err);
    if (cli->command->bit & (CMD_TRAIN | CMD_SCORE)) return check_learns(cli, err);
    for (size_t i = 0; i < c->ninputs && cli->command->bit == CMD_STREAM && !c->vectors; i++)
        if (wn_input_is_matrix(c->inputs[i]))
            return wn_err_set(err, WN_EUSAGE, "%.200s holds vectors: --vectors reads a .npy matrix", c->inputs[i]);
    if (cli->command->bit == CMD_STREAM && !c->model && !c->load_encoder && !c->vectors)
        return wn_err_set(err, WN_EUSAGE, "a stream is read once, so its encoder must be there already: --model, or "
                          "--load-encoder FILE of an earlier --save-encoder");
    if (!c->model && !encoder->fits_corpus)
        return wn_err_set(err, WN_EUSAGE,
                          "--encoder %s needs a --model (tools/get-minilm, installed as winnow-get-minilm, fetches "
                          "one)",
                          encoder->name);
    if (!c->model && o) return wn_err_set(err, WN_EUSAGE, "--%s needs a --model", o->name);
    if (c->model && o) return wn_err_set(err, WN_EUSAGE, "--%s does not go with --model", o->name);
    if (c->model && encoder->fits_corpus)
        return wn_err_set(err, WN_EUSAGE, "--model names an encoder of its own: leave --encoder out");
    if (cli->command->bit == CMD_EMBED && c->shards && !c->model && !c->load_encoder)
        return wn_err_set(err, WN_EUSAGE,
                          "--shard needs --model or --load-encoder: an encoder fitted to one shard does not "
                          "suit the others");
    return WN_OK;
}

/* What --learner finetune trains. */
static wn_code check_learner(const wn_cli *cli, wn_err *err) {
    const wn_config *c = &cli->config;
    switch (c->learner) {
    case WN_LEARNER_PROBE:
        return WN_OK;
    case WN_LEARNER_FINETUNE:
        break;
    }
    if (c->encoder != WN_ENC_DOC2VEC && wn_option_given(cli, wn_option_find(CMD_COMPARE, "epochs", 6)))
        return wn_err_set(err, WN_EUSAGE, "--epochs is of --encoder doc2vec; passes of --learner finetune over a "
                          "subset are --train-epochs");
    if (c->train_model || (c->model && !c->nembeddings)) return WN_OK;
    return wn_err_set(err, WN_EUSAGE, "--learner finetune needs a model to train: --train-model, or --model, which "
                      "makes the vectors, too");
}

static wn_code check_comparison(const wn_cli *cli, wn_err *err) {
    const wn_config *c = &cli->config;
    if (!c->label_field)
        return wn_err_set(err, WN_EUSAGE, "--label-field is missing: which field holds the class to be learnt?");
    if (!c->test_path && c->test_percent <= 0)
        return wn_err_set(err, WN_EUSAGE,
                          "--test is missing: a file of records, or a share of the input (--test 20%%)");
    if (c->nbudgets == 0)
        return wn_err_set(err, WN_EUSAGE, "--budgets is missing: how many rows to choose (--budgets 5%%,10%%,25%%)");
    if (c->ntest_embeddings && !c->test_path)
        return wn_err_set(err, WN_EUSAGE, "--test-embeddings: the test rows are rows of the input here, and so are "
                          "their vectors of --embeddings; leave it out");
    if (c->ntest_embeddings && !c->nembeddings)
        return wn_err_set(err, WN_EUSAGE, "--test-embeddings needs --embeddings, made by the same encoder");
    if (c->nembeddings && c->test_path && !c->ntest_embeddings)
        return wn_err_set(err, WN_EUSAGE, "--embeddings needs --test-embeddings, made by the same encoder");
    return check_learner(cli, err);
}

/* Queries are what the rows are: records, or vectors of one encoder. */
static wn_code check_query(const wn_cli *cli, wn_err *err) {
    const wn_config *c = &cli->config;
    if (!c->query_path || !(cli->command->bit & (CMD_RUN | CMD_SELECT))) return WN_OK;
    const bool matrix = wn_input_is_matrix(c->query_path), vectors = cli->command->bit == CMD_SELECT || c->nembeddings;
    if (matrix && !vectors)
        return wn_err_set(err, WN_EUSAGE, "--query %.200s holds vectors, but those of the records are yet to be made: "
                          "name the queries' records, or give the vectors of both (--embeddings)", c->query_path);
    if (!matrix && vectors)
        return wn_err_set(err, WN_EUSAGE, "--query %.200s: the rows are vectors, so the queries must be (.h5ad, .h5, "
                          ".npy, .npz), made by the same encoder", c->query_path);
    if (c->similarity == WN_DOT)
        return wn_err_set(err, WN_EUSAGE, "--query compares by cosine: leave --similarity dot out");
    return WN_OK;
}

/* What is chosen in parts. */
static wn_code check_parts(const wn_cli *cli, wn_err *err) {
    const wn_config *c = &cli->config;
    if (c->shards && c->partitions == 0 && cli->command->bit == CMD_SELECT)
        return wn_err_set(err, WN_EUSAGE, "--shard %zu/%zu of what? --partitions %zu says how many parts all shards "
                          "make", c->shard, c->shards, c->shards);
    if (c->partitions == 0) return WN_OK;
    if (c->query_path)
        return wn_err_set(err, WN_EUSAGE, "--partitions: what is chosen toward queries needs none: leave it out");
    if (c->objective == WN_CLASS_HERDING)
        return wn_err_set(err, WN_EUSAGE, "--partitions: class-herding goes through large classes in parts of its own: "
                          "leave it out, or name another objective");
    if (c->value_field)
        return wn_err_set(err, WN_EUSAGE, "--partitions: values are not cut into parts: leave --value-field out");
    if (!wn_partition_serves(c->objective))
        return wn_err_set(err, WN_EUSAGE, "--partitions: only graph-cut and facility-location are chosen in parts, not "
                          "%s", wn_objective_name(c->objective));
    if (c->shards && c->keep_parts)
        return wn_err_set(err, WN_EUSAGE, "--parts %.200s and --shard: the folder of a shard is -o; leave --parts out",
                          c->keep_parts);
    if (c->shards && c->shards != c->partitions)
        return wn_err_set(err, WN_EUSAGE, "--shard %zu/%zu, but there are %zu partitions (--shard I/%zu)", c->shard,
                          c->shards, c->partitions, c->partitions);
    return WN_OK;
}

static wn_code check_inputs(const wn_config *c, wn_err *err) {
    size_t piped = c->query_path && strcmp(c->query_path, "-") == 0;
    for (size_t i = 0; i < c->ninputs; i++) piped += strcmp(c->inputs[i], "-") == 0;
    for (size_t i = 0; i < c->nrecords; i++) piped += strcmp(c->records[i], "-") == 0;
    if (c->nrecords && c->no_records)
        return wn_err_set(err, WN_EUSAGE, "--records and --no-records: which of them?");
    return piped > 1 ? wn_err_set(err, WN_EUSAGE, "- is named twice") : WN_OK;
}

wn_code wn_cli_check_together(const wn_cli *cli, wn_err *err) {
    const wn_config *c = &cli->config;
    unsigned bit = cli->command->bit;
    wn_code code = WN_OK;
    const unsigned writes =
        CMD_RUN | CMD_EMBED | CMD_DEDUP | CMD_GRAPH | CMD_SELECT | CMD_TRAIN | CMD_COMPARE | CMD_DISTILL;
    if ((bit & writes) && !c->output)
        return wn_err_set(err, WN_EUSAGE, "-o is missing: where should the output go?");
    if ((bit & (CMD_RUN | CMD_SELECT)) && c->k <= 0 && !has_budget(cli))
        return wn_err_set(err, WN_EUSAGE,
                          "-k is missing: how many to choose, a count (-k 1000) or a percentage (-k 10%%)?");
    if (bit == CMD_COMPARE && (code = check_comparison(cli, err)) != WN_OK) return code;
    if ((code = check_model(cli, err)) != WN_OK) return code;
    if (c->encoder == WN_ENC_DOC2VEC && c->negative == 0 && !c->hierarchical)
        return wn_err_set(err, WN_EUSAGE, "--negative 0 needs --hierarchical");
    if (c->save_encoder && c->load_encoder)
        return wn_err_set(err, WN_EUSAGE,
                          "--save-encoder and --load-encoder together: a loaded encoder is saved already");
    if (bit == CMD_STREAM && (code = check_stream(cli, err)) != WN_OK) return code;
    if ((code = check_inputs(c, err)) != WN_OK) return code;
    if ((code = check_query(cli, err)) != WN_OK) return code;
    if ((code = check_parts(cli, err)) != WN_OK) return code;
    if ((code = wn_cli_check_objective(cli, err)) != WN_OK) return code;
    if ((code = wn_cli_check_limits(cli, err)) != WN_OK) return code;
    return wn_cli_check_effects(cli, err);
}
