#ifndef WINNOW_CONFIG_H
#define WINNOW_CONFIG_H
/* The resolved options of a command: what the command line and --config FILE say, and the defaults for the rest.
 * pipeline/cli/table.c has the one table that parses them, prints the help and writes the man pages. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <winnow/compare.h>
#include <winnow/encoder.h>
#include <winnow/err.h>
#include <winnow/finetune.h>
#include <winnow/kernel.h>
#include <winnow/names.h>
#include <winnow/io.h>
#include <winnow/records.h>
#include <winnow/select.h>
#include <winnow/stages.h>
#include <winnow/stream.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define WN_LAYOUTS(X) X(WN_LAYOUT_H5AD, "h5ad") X(WN_LAYOUT_ANN, "ann-benchmarks")
typedef enum { WN_LAYOUTS(WN_NAME_VALUE) } wn_layout;

/* An input as a manifest has it. */
/* Words of --maximizer: where similarities live, or how the next row is found; the other is auto then. */
#define WN_SEARCHES(X) WN_STORAGES(X) WN_EXACT_MAXIMIZERS(X) WN_DRAWING_MAXIMIZERS(X) WN_THRESHOLD_MAXIMIZERS(X)

/* What a text costs. */
#define WN_COSTS(X) X(WN_COST_WORDS, "words") X(WN_COST_CHARACTERS, "characters") X(WN_COST_TOKENS, "tokens")
typedef enum { WN_COSTS(WN_NAME_VALUE) } wn_cost;
const char *wn_cost_name(wn_cost c);

typedef struct {
    const char *path, *sha256;
} wn_replayed;

typedef struct {
    /* input and output */
    const char **inputs;
    size_t ninputs; /* after --filelist is expanded */
    const char *output;
    bool overwrite;
    wn_format format;
    const char **text_fields;
    size_t ntext_fields;
    const char *role; /* NULL: any */
    const char *label_field, *id_field, *dataset;
    size_t limit;
    const char *skip_path; /* --on-error skip:FILE */
    const char **embeddings; /* [nembeddings] matrix files that hold the vectors; none: an encoder */
    size_t nembeddings;
    const char **records; /* [nrecords] of select: what the rows were made of */
    size_t nrecords;
    bool no_records;             /* look for none */
    const char **found_records;  /* [nfound_records] where none are named: files that the matrix names, unchanged */
    size_t nfound_records;
    const char *records_note;    /* what there is to say about that; NULL: nothing */
    const wn_replayed *replayed; /* [nreplayed] what the run read that --config repeats */
    size_t nreplayed;
    bool annotate;
    bool rank_order;       /* --order rank: subset.* in order of choice rather than of input */

    /* encoder */
    wn_encoder_kind encoder;
    const char *model, *save_encoder, *load_encoder;
    size_t dims; /* 0: the encoder's own */
    wn_lsa_features lsa_features;
    size_t lsa_sample, min_df, min_count, iterations, window, negative, epochs;
    bool dbow_words, hierarchical;
    wn_doc2vec_mode doc2vec_mode;
    wn_precision precision; /* of a model, as is */
    wn_pooling pooling;
    wn_token_weights token_weights; /* of distill */
    size_t layer;             /* 0 = the last; else the layer + 1 */
    size_t max_tokens, verify; /* 0: the model's own; none */
    bool all_layers, pieces;
    size_t shard, shards;     /* i from 1, n; 0 = everything. Of the rows (embed), or of the partitions (select) */
    bool resume;

    /* dedup, similarity, selection */
    wn_dedup_mode dedup;
    double dedup_threshold;
    double k;                /* rows, or percent of the input rows when k_percent */
    bool k_percent;
    wn_objective objective;
    wn_kernel_kind similarity;
    double lambda, gamma, saturation; /* NaN = auto */
    double radius;           /* of balls; NaN = auto */
    const wn_mix_part *mix;  /* [nmix] of a mixture */
    size_t nmix;
    const char *value_field, *weight_field; /* NULL: none */
    double value_weight;     /* times which the values count */
    double apart;            /* of objective value; NaN = off */
    size_t components;       /* of rbf; 0: rows are compared as they are */
    bool ignore_labels;      /* --labels ignore */
    const char *labels_note; /* what there is to say of labels that do not decide; NULL: nothing */
    const char *quota;       /* sqrt equal proportional, or a file; NULL: sqrt of class-herding, none of others */
    double push;             /* NaN = auto */
    const char *query_path;  /* NULL: no queries */
    const char **query_text_fields; /* [nquery_text_fields] of theirs; none: text_fields */
    size_t nquery_text_fields;
    int query_method;        /* place in WN_QUERY_METHODS */
    double query_weight;     /* share of the choice that is chosen toward them */
    double query_alpha;
    bool no_verdict;         /* --verdict off */
    int maximizer;           /* place in WN_SEARCHES */
    double epsilon;          /* of stochastic, threshold and stream */
    wn_sum_way sums;         /* of graph-cut over rbf */
    size_t sum_rows;
    wn_objective stream_objective;
    bool vectors;            /* stream: a .npy matrix instead of records */
    size_t sample;           /* of stream: rows that it is measured on; 0: the library's own */
    size_t partitions;       /* 0: all rows at once */
    wn_partitioning partition_by;
    const char *parts_folder; /* merge: where the shards are; NULL: another command */
    const char *group_field; /* NULL: rows are in no groups */
    size_t per_group;
    wn_amount budget;        /* value 0: none */
    wn_cost cost;            /* of a text, unless a field says */
    const char *cost_field;
    double cost_power;
    double max_similarity;   /* NaN or 0: any */
    const char *start_path;  /* an output folder whose chosen rows come first; NULL: none */
    const char **against;    /* [nagainst] matrix files: rows that one has */
    size_t nagainst;
    const char *keep_parts;   /* where the picks of parts are kept as they are made; NULL: nowhere */
    const char *keep_path, *exclude_path; /* one id a line */
    size_t neighbours;       /* -K */
    wn_layout export_layout; /* of graph */

    /* compare */
    const char *test_path;   /* records to test on; NULL: test_percent of the input */
    double test_percent;
    const wn_size_opts *budgets; /* [nbudgets] */
    size_t nbudgets;
    const wn_method *methods; /* [nmethods] the baselines among them */
    size_t nmethods;
    wn_learner_kind learner;
    const char *train_model; /* what --learner finetune trains; NULL: model */
    bool same_steps;         /* every subset is learnt from in as many steps */
    size_t seeds, repeat_training;
    double pool_share;       /* percent of the pool that each seed draws */
    double copies_percent, label_noise, long_tail; /* scenarios: percent of the rows; ratio of the classes. 0: none */
    size_t copies_times;     /* how often each of those rows stands there */
    const char **test_embeddings; /* [ntest_embeddings] the same of the records of test_path */
    size_t ntest_embeddings;

    /* fine-tuning and scores */
    wn_finetune_task task;
    wn_template record_template;
    const char **choices; /* fields of a choice's continuations */
    size_t nchoices;
    wn_finetune_opts finetune;
    const char *log_path, *predictions, *metrics; /* NULL: none */

    /* manners */
    uint64_t seed;
    int threads;             /* 0 = all */
    size_t memory;           /* bytes, 0 = what the machine has */
    bool dry_run, quiet, verbose, no_progress, log_json;
    const char *color;       /* auto always never */
    const char *html;        /* report --html */
    const char *id;          /* explain OUT ID */

    /* Canonical: the options that decide the result and differ from the default, none that does not (-o, -j, ...). */
    char *command_line;
    char *json; /* every option that decides the result, for manifest.json and /uns/winnow/config */
} wn_config;

/* One function a command; each does its work and returns a code. */
wn_code wn_run(const wn_config *c, wn_io *io, wn_err *err);     /* records -> out/ : the main job */
wn_code wn_embed(const wn_config *c, wn_io *io, wn_err *err);   /* records -> .h5ad */
wn_code wn_dedup(const wn_config *c, wn_io *io, wn_err *err);   /* records or .h5ad -> out/ */
wn_code wn_tokenize(const wn_config *c, wn_io *io, wn_err *err); /* records -> ids on stdout */
wn_code wn_graph(const wn_config *c, wn_io *io, wn_err *err);   /* matrix -> .h5ad with /obsp */
wn_code wn_select_command(const wn_config *c, wn_io *io, wn_err *err); /* matrix -> out/ */
wn_code wn_stream_command(const wn_config *c, wn_io *io, wn_err *err); /* records, once -> chosen ones on stdout */
wn_code wn_status(const wn_config *c, wn_io *io, wn_err *err);  /* folder of shards -> what is missing, on stdout */
wn_code wn_explain(const wn_config *c, wn_io *io, wn_err *err); /* out/, id -> text on stdout */
wn_code wn_report_command(const wn_config *c, wn_io *io, wn_err *err); /* out/ -> one HTML page */
wn_code wn_compare(const wn_config *c, wn_io *io, wn_err *err); /* records -> out/ : subset against random */
wn_code wn_train(const wn_config *c, wn_io *io, wn_err *err);   /* records and a model -> a model folder */
wn_code wn_distill(const wn_config *c, wn_io *io, wn_err *err); /* a model -> a folder with a static table */
wn_code wn_score(const wn_config *c, wn_io *io, wn_err *err);   /* records, a trained model -> metrics, predictions */
wn_code wn_info(const wn_config *c, wn_io *io, wn_err *err);
wn_code wn_check(const wn_config *c, wn_io *io, wn_err *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
