#include "options.h"

static wn_lsa_opts lsa_options(const wn_config *c) {
    wn_lsa_opts o = wn_lsa_defaults();
    o.features = c->lsa_features;
    o.sample = c->lsa_sample;
    if (c->dims) o.dims = c->dims;
    if (c->min_df) o.min_df = c->min_df;
    o.iterations = c->iterations;
    o.seed = c->seed;
    return o;
}

static wn_doc2vec_opts doc2vec_options(const wn_config *c) {
    wn_doc2vec_opts o = wn_doc2vec_defaults();
    o.mode = c->doc2vec_mode;
    o.dbow_words = c->dbow_words;
    o.hierarchical = c->hierarchical;
    if (c->dims) o.dims = c->dims;
    if (c->window) o.window = c->window;
    if (c->min_count) o.min_count = c->min_count;
    if (c->epochs) o.epochs = c->epochs;
    o.negative = c->negative;
    o.seed = c->seed;
    return o;
}

static wn_bert_encoder_opts bert_options(const wn_config *c) {
    return (wn_bert_encoder_opts){.model = {.precision = c->precision,
                                            .layer = c->layer ? (int)c->layer - 1 : -1,
                                            .pooling = c->pooling,
                                            .max_tokens = c->max_tokens,
                                            .normalize = 1},
                                  .all_layers = c->all_layers};
}

wn_encoder_opts wn_encoder_options(const wn_config *c) {
    return (wn_encoder_opts){.model = c->model,
                             .load = c->load_encoder,
                             .save = c->save_encoder,
                             .overwrite = c->overwrite,
                             .part_of = c->output,
                             .resume = c->resume,
                             .lsa_opts = lsa_options(c),
                             .doc2vec_opts = doc2vec_options(c),
                             .bert_opts = bert_options(c),
                             .static_opts = {.max_tokens = c->max_tokens}};
}

wn_encoder_watch wn_encoder_watch_of(const wn_config *c, const wn_io *io) {
    if (!io) return (wn_encoder_watch){0};
    return (wn_encoder_watch){.progress = io->progress, .say = io->say, .ctx = io->ctx, .verbose = c->verbose};
}
