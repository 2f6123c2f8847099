/* The table of options. */
#include "options.h"

#include <float.h>
#include <winnow/threads.h>

enum {
    TEXT = CMD_RUN | CMD_EMBED | CMD_DEDUP,
    RECORDS = TEXT | CMD_TOKENIZE | CMD_INFO | CMD_CHECK | CMD_SELECT,
    MATRIX = CMD_GRAPH | CMD_SELECT | CMD_DEDUP,
    CHOOSE = CMD_RUN | CMD_SELECT,
    WRITES = CMD_RUN | CMD_EMBED | CMD_DEDUP | CMD_GRAPH | CMD_SELECT,
    WORKS = WRITES | CMD_TOKENIZE | CMD_CHECK | CMD_REPORT,
};

enum {
    DECIDES = WN_OPTION_DECIDES,
    MODEL = WN_OPTION_NEEDS_MODEL,
    NO_MODEL = WN_OPTION_NO_MODEL,
    READS = WN_OPTION_READS,
    WRITES_TO = WN_OPTION_WRITES,
    ENCODES = WN_OPTION_ENCODES,
    FITS = ENCODES | WN_OPTION_FITS,
    LSA = FITS | WN_OPTION_LSA,
    DOC2VEC = FITS | WN_OPTION_DOC2VEC,
    COMPARES = WN_OPTION_COMPARES,
    OF_RECORDS = WN_OPTION_RECORDS,
};

#define AT(field) offsetof(wn_cli, field)
#define CF(field) offsetof(wn_cli, config.field)
#define MANY 1e15
#define WORDS(list) (&WN_NAME_WORDS(list)[1]) /* without the first bar */

const wn_option wn_options[] = {
    {"output", 'o', "PATH", WRITES, OPT_STRING, CF(output), NULL, 0, 0, NULL, WRITES_TO, "Output",
     "file or folder to write; it appears whole or not at all"},
    {"force", 'f', NULL, WRITES | CMD_REPORT, OPT_FLAG, CF(overwrite), NULL, 0, 0, NULL, 0, "Output",
     "replace an existing output that winnow wrote; what else stands there stays, and is named"},
    {"html", 0, "FILE", CMD_REPORT, OPT_STRING, CF(html), NULL, 0, 0, NULL, WRITES_TO, "Output",
     "where to write the page; without it OUT/report.html, which must not exist (or -f)"},
    {"annotate", 0, NULL, CHOOSE, OPT_FLAG, CF(annotate), NULL, 0, 0, NULL, DECIDES | OF_RECORDS, "Output",
     "add an object \"winnow\" (rank, gain, count of represented) to every chosen JSONL record"},
    {"order", 0, "ORDER", CHOOSE, OPT_SWITCH, CF(rank_order), "input|rank", 0, 0, "input",
     DECIDES | OF_RECORDS, "Output", "order of the records of subset.*: as in the input, or by rank"},
    {"export", 0, "LAYOUT", CMD_GRAPH, OPT_ENUM, CF(export_layout), WORDS(WN_LAYOUTS), 0, 0, "h5ad", DECIDES, "Output",
     "layout of the output"},

    {"format", 0, "FORMAT", RECORDS, OPT_ENUM, CF(format), WORDS(WN_FORMATS), 0, 0, "auto", DECIDES | OF_RECORDS,
     "Input", "format of the records; auto goes by the extension"},
    {"text-field", 0, "NAME", RECORDS, OPT_LIST, CF(text_fields), NULL, 0, 0, "text", DECIDES | OF_RECORDS, "Input",
     "field that holds the text; a dot reaches into an object, [] into each element of an array, [0] or [-1] into one "
     "(messages[].content); given more than once, fields are joined by a space (tokenize: two are a pair)"},
    {"role", 0, "NAME", RECORDS, OPT_STRING, CF(role), NULL, 0, 0, NULL, DECIDES | OF_RECORDS, "Input",
     "of the objects of an array in a text field take those whose \"role\" (or \"from\") is NAME, like user or "
     "assistant"},
    {"label-field", 0, "NAME", RECORDS, OPT_STRING, CF(label_field), NULL, 0, 0, NULL, DECIDES | OF_RECORDS, "Input",
     "field that holds a class, for the report and the output; a record may lack it"},
    {"id-field", 0, "NAME", RECORDS, OPT_STRING, CF(id_field), NULL, 0, 0, NULL, DECIDES | OF_RECORDS, "Input",
     "field that holds a unique id; without it the row number from 0"},
    {"embeddings", 0, "FILE", CMD_RUN, OPT_LIST, CF(embeddings), NULL, 0, 0, NULL, DECIDES | READS, "Input",
     "take the vectors from a matrix file (.h5ad, .h5, .npy, .npz) instead of an encoder: a row a record, in the same "
     "order, and with the same ids where both have them; several files count as one matrix"},
    {"records", 0, "FILE", CMD_SELECT, OPT_LIST, CF(records), NULL, 0, 0, NULL, DECIDES | READS, "Input",
     "records that the rows were made of, in the same order, for subset.* and rest.*; without it those that an .h5ad "
     "of winnow embed names, where they are unchanged"},
    {"no-records", 0, NULL, CMD_SELECT, OPT_FLAG, CF(no_records), NULL, 0, 0, NULL, DECIDES, "Input",
     "look for no records: write no subset.* and rest.*"},
    {"dataset", 0, "PATH", MATRIX | CMD_RUN | CMD_INFO, OPT_STRING, CF(dataset), NULL, 0, 0, NULL,
     DECIDES | WN_OPTION_MATRIX, "Input",
     "dataset of an HDF5 file to read; without it X, train, or the only one of two dimensions"},
    {"filelist", 0, "FILE", TEXT | CMD_TOKENIZE | CMD_INFO | CMD_CHECK, OPT_STRING, AT(filelist), NULL, 0, 0, NULL,
     READS, "Input", "read the names of more input files from FILE, one a line"},
    {"limit", 0, "N", TEXT | CMD_TOKENIZE | CMD_SELECT, OPT_COUNT, CF(limit), NULL, 1, MANY, NULL,
     DECIDES | OF_RECORDS, "Input", "stop after N good records"},
    {"on-error", 0, "fail|skip:FILE", TEXT | CMD_SELECT, OPT_ON_ERROR, CF(skip_path), "fail|skip:FILE", 0, 0, "fail",
     DECIDES | WRITES_TO | OF_RECORDS, "Input",
     "at a bad record: fail stops there; skip:FILE copies it byte for byte to FILE and goes on"},

    {"encoder", 0, "NAME", TEXT, OPT_ENUM, CF(encoder), &(WN_ENCODER_WORDS)[1], 0, 0, "lsa",
     DECIDES | ENCODES, "Encoder",
     "how texts become vectors; --model implies bert"},
    {"model", 0, "DIR|NAME", TEXT | CMD_TOKENIZE, OPT_STRING, CF(model), NULL, 0, 0, NULL, DECIDES | READS | ENCODES,
     "Encoder",
     "a BERT, RoBERTa, DistilBERT or ALBERT model: its folder, or its name in the cache of winnow or Hugging Face"},
    {"precision", 0, "P", TEXT, OPT_ENUM, CF(precision), WORDS(WN_PRECISIONS), 0, 0, "auto", DECIDES | MODEL | ENCODES,
     "Encoder", "model: arithmetic; auto is f32, the others are faster where the processor has them, and less exact"},
    {"layer", 0, "L", TEXT, OPT_INDEX, CF(layer), NULL, 0, 1000, NULL, DECIDES | MODEL | ENCODES, "Encoder",
     "model: layer whose output is pooled, 0 for the embeddings; without it the last"},
    {"pooling", 0, "HOW", TEXT, OPT_ENUM, CF(pooling), WORDS(WN_POOLINGS), 0, 0, "model", DECIDES | MODEL | ENCODES,
     "Encoder", "model: how the tokens become one vector; model: as its own files say, else mean"},
    {"all-layers", 0, NULL, CMD_EMBED, OPT_FLAG, CF(all_layers), NULL, 0, 0, NULL, DECIDES | MODEL, "Encoder",
     "model: also write the pooled vectors of every layer, to /obsm/layer_00 (embeddings), layer_01, ..."},
    {"max-tokens", 0, "N", TEXT | CMD_TOKENIZE, OPT_COUNT, CF(max_tokens), NULL, 2, 1e6, NULL,
     DECIDES | MODEL | ENCODES, "Encoder",
     "model: tokens of a text that count, special ones included; without it as many as the model says"},
    {"verify", 0, "N", CMD_EMBED, OPT_COUNT, CF(verify), NULL, 1, 1e6, NULL, MODEL, "Encoder",
     "model: embed N texts chosen by --seed again in f32, print how far the vectors differ, and fail where it is too "
     "far"},
    {"pieces", 0, NULL, CMD_TOKENIZE, OPT_FLAG, CF(pieces), NULL, 0, 0, NULL, DECIDES, "Output",
     "print pieces instead of ids"},
    {"shard", 0, "I/N", CMD_EMBED, OPT_SHARD, CF(shard), NULL, 0, 0, NULL, DECIDES, "Input",
     "embed only the I-th of N equal parts of the rows, I from 1"},
    {"dims", 0, "N", TEXT, OPT_COUNT, CF(dims), NULL, 1, 65536, NULL, DECIDES | NO_MODEL | ENCODES, "Encoder",
     "length of the vectors; without it 128 for lsa, 100 for doc2vec"},
    {"min-df", 0, "N", TEXT, OPT_COUNT, CF(min_df), NULL, 1, MANY, "2", DECIDES | LSA, "Encoder",
     "lsa: leave out words of fewer than N texts"},
    {"iterations", 0, "N", TEXT, OPT_COUNT, CF(iterations), NULL, 1, 1000, NULL, DECIDES | LSA, "Encoder",
     "lsa: products with the sparse matrix, 32 columns each; without it 14, or dims/9 if more"},
    {"doc2vec-mode", 0, "MODE", TEXT, OPT_ENUM, CF(doc2vec_mode), WORDS(WN_DOC2VEC_MODES), 0, 0, "dm-mean",
     DECIDES | DOC2VEC, "Encoder", "doc2vec: architecture"},
    {"dbow-words", 0, NULL, TEXT, OPT_FLAG, CF(dbow_words), NULL, 0, 0, NULL, DECIDES | DOC2VEC | WN_OPTION_DBOW,
     "Encoder", "doc2vec dbow: train word vectors as well"},
    {"hierarchical", 0, NULL, TEXT, OPT_FLAG, CF(hierarchical), NULL, 0, 0, NULL, DECIDES | DOC2VEC, "Encoder",
     "doc2vec: hierarchical softmax"},
    {"min-count", 0, "N", TEXT, OPT_COUNT, CF(min_count), NULL, 1, MANY, "5", DECIDES | DOC2VEC, "Encoder",
     "doc2vec: leave out words that occur fewer than N times"},
    {"window", 0, "N", TEXT, OPT_COUNT, CF(window), NULL, 1, 1000, "5", DECIDES | DOC2VEC | WN_OPTION_WINDOW, "Encoder",
     "doc2vec: words to either side"},
    {"negative", 0, "N", TEXT, OPT_COUNT, CF(negative), NULL, 0, 1000, "5", DECIDES | DOC2VEC, "Encoder",
     "doc2vec: negative samples (0 only with --hierarchical)"},
    {"epochs", 0, "N", TEXT, OPT_COUNT, CF(epochs), NULL, 1, 100000, "10", DECIDES | DOC2VEC, "Encoder",
     "doc2vec: passes over the texts"},
    {"save-encoder", 0, "FILE", TEXT, OPT_STRING, CF(save_encoder), NULL, 0, 0, NULL, NO_MODEL | WRITES_TO | ENCODES,
     "Encoder", "write the fitted encoder to FILE"},
    {"load-encoder", 0, "FILE", TEXT, OPT_STRING, CF(load_encoder), NULL, 0, 0, NULL,
     DECIDES | NO_MODEL | READS | ENCODES, "Encoder",
     "use an encoder that --save-encoder wrote instead of fitting one"},

    {"dedup", 0, "off|exact|COS", CHOOSE | CMD_DEDUP, OPT_DEDUP, CF(dedup), "off|exact|0.95", 0, 0, "exact", DECIDES,
     "Duplicates",
     "off: keep copies; exact: drop records of equal text, after Unicode normalisation, case folding (US is us) and "
     "white space; a number in (0, 1], like 0.95: also those with a cosine of at least that (a matrix has no text: "
     "exact "
     "is off)"},

    {"k", 'k', "N|N%", CHOOSE, OPT_K, CF(k), NULL, 0, 0, NULL, DECIDES, "Selection",
     "how many to choose: a count, or a percentage of the input"},
    {"preset", 0, "NAME", CHOOSE, OPT_WORD, AT(preset), "paper", 0, 0, NULL, 0, "Selection",
     "paper: graph-cut over cosine with lambda 10 and no deduplication; other options win over it"},
    {"objective", 0, "NAME", CHOOSE, OPT_ENUM, CF(objective), WORDS(WN_OBJECTIVES), 0, 0, "graph-cut", DECIDES,
     "Selection", "what makes a subset good"},
    {"similarity", 0, "NAME", CHOOSE, OPT_ENUM, CF(similarity), WORDS(WN_KERNELS), 0, 0, "rbf", DECIDES | COMPARES,
     "Selection", "similarity of two vectors; rbf is exp(gamma (cosine - 1))"},
    {"gamma", 0, "X|auto", CHOOSE, OPT_REAL, CF(gamma), "auto", DBL_MIN, 1e6, "auto",
     DECIDES | COMPARES | WN_OPTION_RBF, "Selection", "rbf: width; auto is 7.5 / median(1 - cosine)"},
    {"lambda", 0, "X|auto", CHOOSE, OPT_REAL, CF(lambda), "auto", 0, 1e12, "auto", DECIDES | WN_OPTION_GRAPH_CUT,
     "Selection", "graph-cut: weight of diversity; auto is n/k - 2"},
    {"maximizer", 0, "NAME", CHOOSE, OPT_ENUM, CF(storage), WORDS(WN_STORAGES), 0, 0, "auto", COMPARES, "Selection",
     "how the maximum is sought; the picks are the same"},
    {"keep", 0, "FILE", CHOOSE, OPT_STRING, CF(keep_path), NULL, 0, 0, NULL, DECIDES | READS, "Selection",
     "ids that must be chosen, one a line; they count in k"},
    {"exclude", 0, "FILE", CHOOSE, OPT_STRING, CF(exclude_path), NULL, 0, 0, NULL, DECIDES | READS, "Selection",
     "ids that must not be chosen, one a line"},
    {"neighbours", 'K', "N", CMD_GRAPH | CHOOSE, OPT_COUNT, CF(neighbours), NULL, 1, 1e9, "50",
     DECIDES | WN_OPTION_NEIGHBOURS, "Selection", "nearest neighbours a row (graph; facility-location)"},

    {"seed", 0, "N", WRITES, OPT_SEED, CF(seed), NULL, 0, 0, "1", DECIDES, "Running", "seed of every random choice"},
    {"threads", 'j', "N", WORKS, OPT_INT, CF(threads), NULL, 1, WN_THREADS_MAX, NULL, 0, "Running",
     "threads to use; without it all processors. The output does not depend on it"},
    {"memory", 'M', "SIZE", WRITES, OPT_BYTES, CF(memory), NULL, 0, 0, NULL, 0, "Running",
     "memory that may be used, with K, M, G or T; what does not fit stops before it is used, with exit code 4. Program "
     "and libraries take up to 64M more. Without it what the machine has"},
    {"dry-run", 'n', NULL, WRITES, OPT_FLAG, CF(dry_run), NULL, 0, 0, NULL, 0, "Running",
     "say what would be done, and how much memory and disk it takes"},
    {"resume", 0, NULL, TEXT, OPT_FLAG, CF(resume), NULL, 0, 0, NULL, MODEL | ENCODES, "Running",
     "model: go on with the vectors that an interrupted run of the same command has kept"},
    {"config", 0, "FILE", CMD_ALL, OPT_STRING, AT(config_file), NULL, 0, 0, NULL, READS, "Running",
     "read options from FILE: lines of \"name = value\" with the long names of options, or the manifest.json of an "
     "output folder, which repeats its run, inputs included; the command line wins"},
    {"dump-config", 0, NULL, CMD_ALL, OPT_FLAG, AT(dump_config), NULL, 0, 0, NULL, 0, "Running",
     "print the resolved options in that form and stop"},

    {"quiet", 'q', NULL, CMD_ALL, OPT_FLAG, CF(quiet), NULL, 0, 0, NULL, 0, "Messages", "print errors only"},
    {"verbose", 'v', NULL, CMD_ALL, OPT_FLAG, CF(verbose), NULL, 0, 0, NULL, 0, "Messages",
     "print the summary of every stage, however short"},
    {"no-progress", 0, NULL, WORKS, OPT_FLAG, CF(no_progress), NULL, 0, 0, NULL, 0, "Messages", "no progress line"},
    {"log-json", 0, NULL, WORKS, OPT_FLAG, CF(log_json), NULL, 0, 0, NULL, 0, "Messages",
     "progress and messages on standard error as one JSON object a line"},
    {"color", 0, "WHEN", CMD_ALL, OPT_WORD, CF(color), "auto|always|never", 0, 0, "auto", 0, "Messages",
     "colours on standard error; auto: on a terminal, unless NO_COLOR is set"},
    {"help", 'h', NULL, CMD_ALL, OPT_FLAG, AT(help), NULL, 0, 0, NULL, 0, "Messages", "print this help and stop"},
};
const size_t wn_noptions = sizeof wn_options / sizeof wn_options[0];
