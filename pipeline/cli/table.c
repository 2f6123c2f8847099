/* The table of options. */
#include "options.h"

#include <float.h>
#include <winnow/threads.h>

enum {
    TEXT = CMD_RUN | CMD_EMBED | CMD_DEDUP | CMD_COMPARE,
    SAVES = CMD_RUN | CMD_EMBED | CMD_DEDUP,
    LEARNS = CMD_TRAIN | CMD_SCORE,
    TRAINS = CMD_TRAIN | CMD_COMPARE,
    RECORDS = TEXT | LEARNS | CMD_TOKENIZE | CMD_INFO | CMD_CHECK | CMD_SELECT,
    MATRIX = CMD_GRAPH | CMD_SELECT | CMD_DEDUP,
    CHOOSE = CMD_RUN | CMD_SELECT,
    WRITES = CMD_RUN | CMD_EMBED | CMD_DEDUP | CMD_GRAPH | CMD_SELECT | CMD_TRAIN | CMD_COMPARE,
    OUTPUTS = WRITES | CMD_DISTILL | CMD_MERGE,
    WORKS = WRITES | CMD_MERGE | CMD_DISTILL | CMD_SCORE | CMD_TOKENIZE | CMD_CHECK | CMD_REPORT,
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
    LAYERS = WN_OPTION_LAYERS,
    DOC2VEC = FITS | WN_OPTION_DOC2VEC,
    COMPARES = WN_OPTION_COMPARES,
    OF_RECORDS = WN_OPTION_RECORDS,
    METHOD = WN_OPTION_METHOD,
    OBJECTIVE = WN_OPTION_OBJECTIVE,
    TUNES = DECIDES | WN_OPTION_FINETUNE,
};

#define AT(field) offsetof(wn_cli, field)
#define CF(field) offsetof(wn_cli, config.field)
#define MANY 1e15
#define WORDS(list) (&WN_NAME_WORDS(list)[1]) /* without the first bar */

const wn_option wn_options[] = {
    {"output", 'o', "PATH", OUTPUTS | CMD_STREAM, OPT_STRING, CF(output), NULL, 0, 0, NULL, WRITES_TO, "Output",
     "file or folder to write; it appears whole or not at all"},
    {"force", 'f', NULL, OUTPUTS | CMD_REPORT | CMD_SCORE | CMD_STREAM, OPT_FLAG, CF(overwrite), NULL, 0, 0, NULL, 0,
     "Output",
     "replace an existing output that winnow wrote; what else stands there stays, and is named"},
    {"html", 0, "FILE", CMD_REPORT, OPT_STRING, CF(html), NULL, 0, 0, NULL, WRITES_TO, "Output",
     "where to write the page; without it OUT/report.html, which must not exist (or -f); of two folders always named"},
    {"annotate", 0, NULL, CHOOSE, OPT_FLAG, CF(annotate), NULL, 0, 0, NULL, DECIDES | OF_RECORDS, "Output",
     "add an object \"winnow\" (rank, gain, count of represented) to every chosen JSONL record"},
    {"order", 0, "ORDER", CHOOSE | CMD_STREAM, OPT_SWITCH, CF(rank_order), "input|rank", 0, 0, "input",
     DECIDES | OF_RECORDS, "Output", "order of the records of subset.*: as in the input, or by rank"},
    {"log", 0, "FILE", CMD_TRAIN, OPT_STRING, CF(log_path), NULL, 0, 0, NULL, WRITES_TO, "Output",
     "one JSON object a step to FILE while training goes on: step, epoch, loss, grad_norm, lr, seconds"},
    {"predictions", 0, "FILE", CMD_SCORE, OPT_STRING, CF(predictions), NULL, 0, 0, NULL, WRITES_TO, "Output",
     "one line a record to FILE, with the probability of every class: JSON objects where it ends in .jsonl, else a "
     "table with tabs"},
    {"metrics", 0, "FILE", CMD_SCORE, OPT_STRING, CF(metrics), NULL, 0, 0, NULL, WRITES_TO, "Output",
     "the metrics to FILE, as one JSON object"},
    {"export", 0, "LAYOUT", CMD_GRAPH, OPT_ENUM, CF(export_layout), WORDS(WN_LAYOUTS), 0, 0, "h5ad", DECIDES, "Output",
     "layout of the output"},

    {"format", 0, "FORMAT", RECORDS | CMD_STREAM, OPT_ENUM, CF(format), WORDS(WN_FORMATS), 0, 0, "auto",
     DECIDES | OF_RECORDS,
     "Input", "format of the records; auto goes by the extension"},
    {"text-field", 0, "NAME", RECORDS | CMD_STREAM, OPT_LIST, CF(text_fields), NULL, 0, 0, "text",
     DECIDES | OF_RECORDS, "Input",
     "field that holds the text; a dot reaches into an object, [] into each element of an array, [0] or [-1] into one "
     "(messages[].content); given more than once, fields are joined by a space (tokenize, --task pairs: two are a "
     "pair)"},
    {"role", 0, "NAME", RECORDS | CMD_STREAM, OPT_STRING, CF(role), NULL, 0, 0, NULL, DECIDES | OF_RECORDS, "Input",
     "of the objects of an array in a text field take those whose \"role\" (or \"from\") is NAME, like user or "
     "assistant"},
    {"label-field", 0, "NAME", RECORDS, OPT_STRING, CF(label_field), NULL, 0, 0, NULL, DECIDES | OF_RECORDS, "Input",
     "field that holds a class: what to choose by (run, select; see --labels), to learn (compare, train), to report; a "
     "record may lack it, but not in compare"},
    {"id-field", 0, "NAME", RECORDS, OPT_STRING, CF(id_field), NULL, 0, 0, NULL, DECIDES | OF_RECORDS, "Input",
     "field that holds a unique id; without it the row number from 0"},
    {"embeddings", 0, "FILE", CMD_RUN | CMD_COMPARE, OPT_LIST, CF(embeddings), NULL, 0, 0, NULL, DECIDES | READS,
     "Input",
     "take the vectors from a matrix file (.h5ad, .h5, .npy, .npz) instead of an encoder: a row a record, in the same "
     "order, and with the same ids where both have them; several files count as one matrix"},
    {"records", 0, "FILE", CMD_SELECT, OPT_LIST, CF(records), NULL, 0, 0, NULL, DECIDES | READS, "Input",
     "records that the rows were made of, in the same order, for subset.* and rest.*; without it those that an .h5ad "
     "of winnow embed names, where they are unchanged"},
    {"no-records", 0, NULL, CMD_SELECT, OPT_FLAG, CF(no_records), NULL, 0, 0, NULL, DECIDES, "Input",
     "look for no records: write no subset.* and rest.*"},
    {"dataset", 0, "PATH", MATRIX | CMD_RUN | CMD_COMPARE | CMD_INFO, OPT_STRING, CF(dataset), NULL, 0, 0, NULL,
     DECIDES | WN_OPTION_MATRIX, "Input",
     "dataset of an HDF5 file or array of an .npz to read; without it X, train, or the only one of two dimensions"},
    {"filelist", 0, "FILE", TEXT | CMD_STREAM | LEARNS | CMD_TOKENIZE | CMD_INFO | CMD_CHECK, OPT_STRING,
     AT(filelist), NULL, 0, 0,
     NULL, READS, "Input", "read the names of more input files from FILE, one a line"},
    {"template", 0, "NAME", LEARNS, OPT_ENUM, CF(record_template), WORDS(WN_TEMPLATES), 0, 0, "none", DECIDES, "Input",
     "fields of a known data set; story-cloze: a choice of two endings for four sentences, as its csv files have them"},
    {"choices", 0, "FIELD", LEARNS, OPT_LIST, CF(choices), NULL, 0, 0, NULL, DECIDES | WN_OPTION_CHOICE, "Input",
     "task choice: a field that holds one possible continuation of the text; the label is the number of the right one, "
     "from 1 or from 0, or the name of its field"},
    {"limit", 0, "N", TEXT | CMD_STREAM | LEARNS | CMD_TOKENIZE | CMD_SELECT, OPT_COUNT, CF(limit), NULL, 1, MANY, NULL,
     DECIDES | OF_RECORDS, "Input", "stop after N good records"},
    {"on-error", 0, "fail|skip:FILE", SAVES | CMD_SELECT | CMD_STREAM, OPT_ON_ERROR, CF(skip_path), "fail|skip:FILE",
     0, 0, "fail",
     DECIDES | WRITES_TO | OF_RECORDS, "Input",
     "at a bad record: fail stops there; skip:FILE copies it byte for byte to FILE and goes on"},

    {"encoder", 0, "NAME", TEXT | CMD_STREAM, OPT_ENUM, CF(encoder), &(WN_ENCODER_WORDS)[1], 0, 0, "lsa",
     DECIDES | ENCODES, "Encoder",
     "how texts become vectors; --model implies bert or static, by what its folder holds"},
    {"model", 0, "DIR|NAME", TEXT | CMD_STREAM | CMD_TRAIN | CMD_TOKENIZE | CMD_DISTILL, OPT_STRING, CF(model), NULL,
     0, 0, NULL,
     DECIDES | READS | ENCODES, "Encoder",
     "a BERT, RoBERTa, DistilBERT or ALBERT model, or to make vectors a static table of token vectors (winnow distill, "
     "model2vec, StaticEmbedding): its folder, or its name in the cache of winnow or Hugging Face"},
    {"precision", 0, "P", TEXT | CMD_STREAM | CMD_DISTILL, OPT_ENUM, CF(precision), WORDS(WN_PRECISIONS), 0, 0, "auto",
     DECIDES | MODEL | ENCODES | LAYERS,
     "Encoder", "model: arithmetic; auto is f32, the others are faster where the processor has them, and less exact"},
    {"layer", 0, "L", TEXT | CMD_STREAM, OPT_INDEX, CF(layer), NULL, 0, 1000, NULL,
     DECIDES | MODEL | ENCODES | LAYERS, "Encoder",
     "model: layer whose output is pooled, 0 for the embeddings; without it the last"},
    {"pooling", 0, "HOW", TEXT | CMD_STREAM | CMD_DISTILL, OPT_ENUM, CF(pooling), WORDS(WN_POOLINGS), 0, 0, "model",
     DECIDES | MODEL | ENCODES | LAYERS,
     "Encoder", "model: how the tokens become one vector; model: as its own files say, else mean"},
    {"all-layers", 0, NULL, CMD_EMBED, OPT_FLAG, CF(all_layers), NULL, 0, 0, NULL, DECIDES | MODEL | LAYERS, "Encoder",
     "model: also write the pooled vectors of every layer, to /obsm/layer_00 (embeddings), layer_01, ..."},
    {"max-tokens", 0, "N", SAVES | CMD_STREAM | LEARNS | CMD_TOKENIZE, OPT_COUNT, CF(max_tokens), NULL, 2, 1e6, NULL,
     DECIDES | MODEL | ENCODES, "Encoder",
     "model: tokens of a text that count, special ones included; without it as many as the model says"},
    {"max-tokens", 0, "N", CMD_COMPARE, OPT_COUNT, CF(max_tokens), NULL, 2, 1e6, NULL, DECIDES | WN_OPTION_TOKENS,
     "Encoder", "tokens of a text that count, special ones included, for the model that makes the vectors and for the "
     "one that is trained; without it as many as each of them says"},
    {"verify", 0, "N", CMD_EMBED, OPT_COUNT, CF(verify), NULL, 1, 1e6, NULL, MODEL | LAYERS, "Encoder",
     "model: embed N texts chosen by --seed again in f32, print how far the vectors differ, and fail where it is too "
     "far"},
    {"pieces", 0, NULL, CMD_TOKENIZE, OPT_FLAG, CF(pieces), NULL, 0, 0, NULL, DECIDES, "Output",
     "print pieces instead of ids"},
    {"shard", 0, "I/N", CMD_EMBED, OPT_SHARD, CF(shard), NULL, 0, 0, NULL, DECIDES, "Input",
     "embed only the I-th of N equal parts of the rows, I from 1"},
    {"shard", 0, "I/N", CMD_SELECT, OPT_SHARD, CF(shard), NULL, 0, 0, NULL, WN_OPTION_PARTS, "Selection",
     "only the first round of the I-th of N partitions, I from 1: its picks go into the folder -o, which all shards "
     "share and winnow merge reads"},
    {"dims", 0, "N", TEXT, OPT_COUNT, CF(dims), NULL, 1, 65536, NULL, DECIDES | NO_MODEL | FITS, "Encoder",
     "length of the vectors; without it 256 for lsa, 100 for doc2vec"},
    {"dims", 0, "N", CMD_DISTILL, OPT_COUNT, CF(dims), NULL, 1, 65536, NULL, DECIDES, "Encoder",
     "length of the vectors: principal axes that are kept; without it 256, and no more than the model's vectors have"},
    {"token-weights", 0, "HOW", CMD_DISTILL, OPT_ENUM, CF(token_weights), WORDS(WN_TOKEN_WEIGHTS), 0, 0, "none",
     DECIDES, "Encoder",
     "how much a token counts, by its place in the vocabulary; none: all alike, zipf: log(1 + place), sif: smooth "
     "inverse frequency"},
    {"lsa-features", 0, "WHAT", TEXT, OPT_ENUM, CF(lsa_features), WORDS(WN_LSA_FEATURES), 0, 0,
     "words+chars", DECIDES | LSA, "Encoder",
     "lsa: what texts are cut into; words+chars: words, pairs of neighbours, and 3 to 5 characters within what stands "
     "between spaces; words-only: the first edition, which had --dims 128"},
    {"lsa-sample", 0, "N", TEXT, OPT_COUNT, CF(lsa_sample), NULL, 1, MANY, NULL, DECIDES | LSA, "Encoder",
     "lsa: learn from N texts, drawn by --seed where there are more; without it from all (words-only), or from 20000 "
     "texts and 4 MB of them at most (words+chars)"},
    {"min-df", 0, "N", TEXT, OPT_COUNT, CF(min_df), NULL, 1, MANY, "2", DECIDES | LSA, "Encoder",
     "lsa: leave out words, pairs and pieces of fewer than N texts"},
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
    {"save-encoder", 0, "FILE", SAVES, OPT_STRING, CF(save_encoder), NULL, 0, 0, NULL, NO_MODEL | WRITES_TO | ENCODES,
     "Encoder", "write the fitted encoder to FILE once it is fitted; it stays, whatever fails later"},
    {"load-encoder", 0, "FILE", TEXT | CMD_STREAM, OPT_STRING, CF(load_encoder), NULL, 0, 0, NULL,
     DECIDES | NO_MODEL | READS | ENCODES, "Encoder",
     "use an encoder that --save-encoder wrote instead of fitting one"},

    {"dedup", 0, "off|exact|COS", CHOOSE | CMD_STREAM | CMD_DEDUP, OPT_DEDUP, CF(dedup), "off|exact|0.95", 0, 0,
     "exact",
     DECIDES | METHOD, "Duplicates",
     "off: keep copies; exact: drop records of equal text, after Unicode normalisation, case folding (US is us) and "
     "white space; a number in (0, 1], like 0.95: also those with a cosine of at least that (a matrix has no text: "
     "exact "
     "is off)"},

    {"k", 'k', "N|N%", CHOOSE | CMD_STREAM, OPT_K, CF(k), NULL, 0, 0, NULL, DECIDES, "Selection",
     "how many to choose: a count, or a percentage of the input"},
    {"preset", 0, "NAME", CHOOSE, OPT_WORD, AT(preset), "paper|maxherding|deita|typiclust|probcover", 0, 0, NULL,
     OBJECTIVE, "Selection",
     "a published recipe, spelt out; other options win over it. paper: graph-cut over cosine with lambda 10 and no "
     "deduplication; maxherding: facility-location over rbf with gamma 2; deita: the largest values (--value-field) "
     "that are not alike; typiclust: the most typical rows of clusters; probcover: facility-location over balls"},
    {"objective", 0, "NAME", CHOOSE, OPT_ENUM, CF(objective), WORDS(WN_SET_OBJECTIVES), 0, 0, "graph-cut",
     DECIDES | OBJECTIVE, "Selection",
     "what makes a subset good; without it class-herding where --label-field names labels (see --labels), else "
     "graph-cut"},
    {"objective", 0, "NAME", CMD_STREAM, OPT_ENUM, CF(stream_objective), WORDS(WN_SET_OBJECTIVES), 0, 0,
     "facility-location", DECIDES, "Selection",
     "what makes a subset good: facility-location, saturated-coverage or graph-cut, measured on a sample of the rows "
     "(--sample), log-determinant or feature-based"},
    {"vectors", 0, NULL, CMD_STREAM, OPT_FLAG, CF(vectors), NULL, 0, 0, NULL, DECIDES, "Input",
     "read the rows of a .npy matrix instead of records, and print the numbers of the chosen ones, in order of choice"},
    {"sample", 0, "N", CMD_STREAM, OPT_COUNT, CF(sample), NULL, 1, 1e6, NULL, DECIDES, "Selection",
     "rows that the objective is measured on, drawn by --seed from all that have come; without it 2048"},
    {"similarity", 0, "NAME", CHOOSE | CMD_STREAM, OPT_ENUM, CF(similarity), WORDS(WN_KERNELS), 0, 0, "rbf",
     DECIDES | COMPARES | METHOD, "Selection",
     "similarity of two vectors; rbf is exp(gamma (cosine - 1)); ball is 1 within --radius, else 0; precomputed: the "
     "input is a square matrix of similarities (select); class-herding has cosine alone, herding and "
     "feature-based cosine and dot"},
    {"gamma", 0, "X|auto", CHOOSE | CMD_STREAM, OPT_REAL, CF(gamma), "auto", DBL_MIN, 1e6, "auto",
     DECIDES | COMPARES | WN_OPTION_RBF | METHOD, "Selection", "rbf: width; auto is 7.5 / median(1 - cosine)"},
    {"radius", 0, "X|auto", CHOOSE, OPT_REAL, CF(radius), "auto", DBL_MIN, 2, "auto",
     DECIDES | COMPARES | WN_OPTION_BALL | METHOD, "Selection",
     "ball: rows nearer than X are alike; auto is the largest at which 95% of all balls stay within one of min(k, 500) "
     "clusters"},
    {"mix", 0, "NAME=X,...", CHOOSE, OPT_MIX, CF(mix), NULL, 0, 0, NULL, DECIDES | WN_OPTION_MIXTURE, "Selection",
     "mixture: its parts and what each counts times, like facility-location=1,log-determinant=0.1; f is their sum, "
     "each in its own measure"},
    {"value-field", 0, "NAME", CHOOSE, OPT_STRING, CF(value_field), NULL, 0, 0, NULL, DECIDES, "Selection",
     "field (select: or column of /obs) with a number a row, like a quality, that is added to its gain; --objective "
     "by-value has nothing else"},
    {"value-weight", 0, "X", CHOOSE, OPT_REAL, CF(value_weight), NULL, -1e6, 1e6, "1", DECIDES | WN_OPTION_VALUES,
     "Selection", "--value-field: what the numbers count times"},
    {"apart", 0, "X|off", CHOOSE, OPT_REAL, CF(apart), "off", DBL_MIN, 1, "off", DECIDES | WN_OPTION_BY_VALUE,
     "Selection", "by-value: pass over a row whose cosine to a chosen one is X or more, as long as there are others"},
    {"weight-field", 0, "NAME", CHOOSE, OPT_STRING, CF(weight_field), NULL, 0, 0, NULL, DECIDES | COMPARES, "Selection",
     "field (select: or column of /obs) with how often a row counts among those that are to be represented"},
    {"components", 0, "N", CHOOSE, OPT_COUNT, CF(components), NULL, 0, 65536, "64",
     DECIDES | COMPARES | WN_OPTION_RBF | METHOD, "Selection",
     "rbf: compare rows of more than N columns by their N leading principal components; 0: as they are"},
    {"lambda", 0, "X|auto", CHOOSE, OPT_REAL, CF(lambda), "auto", 0, 1e12, "auto",
     DECIDES | WN_OPTION_GRAPH_CUT | METHOD, "Selection", "graph-cut: weight of diversity; auto is n/k - 2"},
    {"saturation", 0, "X|auto", CHOOSE, OPT_REAL, CF(saturation), "auto", DBL_MIN, 1, "auto",
     DECIDES | WN_OPTION_SATURATED | METHOD, "Selection",
     "saturated-coverage: share of all that is like a row at which chosen rows have done enough for it; auto is k/n"},
    {"labels", 0, "use|ignore", CHOOSE, OPT_SWITCH, CF(ignore_labels), "use|ignore", 0, 0, "use",
     DECIDES | WN_OPTION_LABELS, "Selection",
     "use: where --label-field names labels, choose by class (--objective class-herding), unless another objective, or "
     "an option of one (components, gamma, lambda, similarity rbf or dot, limits on what comes together), is given; "
     "ignore: they are for report, output and --quota alone"},
    {"quota", 0, "sqrt|equal|proportional|FILE", CHOOSE, OPT_STRING, CF(quota), "sqrt|equal|proportional", 0, 0, NULL,
     DECIDES | WN_OPTION_QUOTA | METHOD | READS, "Selection",
     "what the classes share in k by: the square root of their size (class-herding without it), all alike (for "
     "balanced accuracy), their size, or what FILE says: lines of class, tab, number; shares, not counts; classes left "
     "out get nothing. With another objective each class gives its share at most"},
    {"group-field", 0, "NAME", CHOOSE, OPT_STRING, CF(group_field), NULL, 0, 0, NULL, DECIDES, "Selection",
     "field (of a matrix: column) that says which group a row is in, like a document or an author; rows without one "
     "are in none"},
    {"per-group", 0, "N", CHOOSE, OPT_COUNT, CF(per_group), NULL, 1, MANY, "1", DECIDES | WN_OPTION_GROUPS, "Selection",
     "--group-field: choose at most N rows of a group"},
    {"budget", 0, "X|X%", CHOOSE, OPT_AMOUNT, CF(budget), NULL, DBL_MIN, MANY, NULL, DECIDES, "Selection",
     "what the chosen rows may cost together, or that share of what all cost: rows come by gain for their cost until "
     "nothing fits; -k is then a limit beside it, and may be left out"},
    {"cost", 0, "WHAT", CHOOSE, OPT_ENUM, CF(cost), WORDS(WN_COSTS), 0, 0, "words", DECIDES | WN_OPTION_BUDGET,
     "Selection", "--budget: what a text costs; tokens: of the model that --model names"},
    {"cost-field", 0, "NAME", CHOOSE, OPT_STRING, CF(cost_field), NULL, 0, 0, NULL, DECIDES | WN_OPTION_BUDGET,
     "Selection", "--budget: field (of a matrix: column) that says what a row costs, a number above 0"},
    {"cost-power", 0, "R", CHOOSE, OPT_REAL, CF(cost_power), NULL, 0, 10, "1", DECIDES | WN_OPTION_BUDGET, "Selection",
     "--budget: rows come by gain / cost^R; 0: by gain alone"},
    {"max-similarity", 0, "COS|off", CHOOSE, OPT_REAL, CF(max_similarity), "off", DBL_MIN, 1, "off", DECIDES,
     "Selection", "choose no two rows whose cosine is above COS"},
    {"against", 0, "FILE", CHOOSE, OPT_LIST, CF(against), NULL, 0, 0, NULL, DECIDES | READS, "Selection",
     "matrix of rows that you have already, made by the same encoder: they count as chosen, so that others are sought, "
     "but not in k; of a selection.h5ad its chosen rows; several files count as one"},
    {"start-from", 0, "DIR", CHOOSE, OPT_STRING, CF(start_path), NULL, 0, 0, NULL, DECIDES | READS, "Selection",
     "output folder of an earlier choice: its rows come first, in their order, and count in k; rows by their ids, or "
     "numbers where there are none"},
    {"push", 0, "X|auto", CHOOSE, OPT_REAL, CF(push), "auto", 0, 100, "auto", DECIDES | WN_OPTION_HERDING | METHOD,
     "Selection",
     "class-herding: how far the rows of a class are chosen away from the other classes; auto is 1, and up to 2 the "
     "less the labels agree with their neighbours', over the root of the rows that the class gives"},
    {"query", 0, "FILE", CHOOSE, OPT_STRING, CF(query_path), NULL, 0, 0, NULL, DECIDES | READS, "Selection",
     "records like those that the model will meet: choose the rows nearest to them, spread over them. Read as the "
     "input is, and made into vectors with it; where the rows are vectors (select, --embeddings), vectors of the same "
     "encoder"},
    {"query-text-field", 0, "NAME", CMD_RUN, OPT_LIST, CF(query_text_fields), NULL, 0, 0, NULL,
     DECIDES | WN_OPTION_QUERY | ENCODES, "Selection",
     "--query: field that holds their text; without it as --text-field"},
    {"query-method", 0, "NAME", CHOOSE, OPT_ENUM, CF(query_method), WORDS(WN_QUERY_METHODS), 0, 0, "rds",
     DECIDES | WN_OPTION_QUERY, "Selection",
     "--query: rds: for each query in turn its nearest row that is not taken yet; tsds: drawn by --seed from the "
     "neighbours of the queries, near copies counting as one"},
    {"query-weight", 0, "X", CHOOSE, OPT_REAL, CF(query_weight), NULL, 0, 1, "1", DECIDES | WN_OPTION_QUERY,
     "Selection",
     "--query: share of the choice that is chosen toward the queries; the objective chooses the rest, and counts those "
     "as chosen"},
    {"query-alpha", 0, "X", CHOOSE, OPT_REAL, CF(query_alpha), NULL, 1e-6, 1, "0.5", DECIDES | WN_OPTION_TSDS,
     "Selection", "tsds: how much nearness to the queries counts against spread; 1: their nearest rows alone"},
    {"verdict", 0, "on|off", CHOOSE, OPT_SWITCH, CF(no_verdict), "on|off", 0, 0, "on", DECIDES | WN_OPTION_VERDICT,
     "Selection",
     "with labels: measure on rows outside the choice whether a logistic regression on the vectors learns more from "
     "such a choice than from as many random rows, in about a tenth of the time; what the model that you train gains "
     "is another question"},
    {"maximizer", 0, "NAME", CHOOSE, OPT_ENUM, CF(maximizer), WORDS(WN_SEARCHES), 0, 0, "auto",
     DECIDES | COMPARES | METHOD, "Selection",
     "how the maximum is sought. dense and matrix-free say where similarities live, naive and lazy how the next row is "
     "found: the picks are the same, and auto takes the fastest. stochastic takes the best row of a sample, "
     "random-greedy one of the k best rows: by chance, with --seed. threshold takes every row that gains a threshold, "
     "which falls"},
    {"epsilon", 0, "X", CHOOSE | CMD_STREAM, OPT_REAL, CF(epsilon), NULL, 1e-9, 0.999999, "0.1",
     DECIDES | COMPARES | METHOD | WN_OPTION_STOCHASTIC, "Selection",
     "how far below the greedy one may end up. stochastic: by expectation, its sample is n/k ln(1/X) rows; threshold: "
     "at worst, thresholds fall by 1 - X; stream: they rise by 1 + X"},
    {"sums", 0, "HOW", CHOOSE, OPT_ENUM, CF(sums), WORDS(WN_SUM_WAYS), 0, 0, "auto",
     DECIDES | COMPARES | WN_OPTION_SUMS, "Selection",
     "graph-cut over rbf: exact: how much a row is like all others is summed over all, in time that grows with their "
     "square; sampled: estimated from --sum-rows rows, and the summary says how far that is off; auto: exact up to "
     "500000 rows"},
    {"sum-rows", 0, "N", CHOOSE, OPT_COUNT, CF(sum_rows), NULL, 1, MANY, "16384",
     DECIDES | COMPARES | WN_OPTION_SUMS | WN_OPTION_SUM_ROWS, "Selection",
     "--sums sampled, auto: rows that sums are estimated from, drawn by --seed; in --partitions, too"},
    {"partitions", 0, "M", CHOOSE, OPT_COUNT, CF(partitions), NULL, 1, 1e6, NULL, DECIDES | COMPARES, "Selection",
     "choose in two rounds, for more rows than one can go through: k rows of each of M parts, then k of all those; "
     "with rbf, sums over all rows are estimated from a sample"},
    {"partition-by", 0, "HOW", CHOOSE, OPT_ENUM, CF(partition_by), WORDS(WN_PARTITIONINGS), 0, 0, "random",
     DECIDES | WN_OPTION_PARTS, "Selection",
     "how the rows are cut into parts of equal size: by chance (--seed), in their order, or in that of their labels"},
    {"parts", 0, "DIR", CMD_SELECT, OPT_STRING, CF(keep_parts), NULL, 0, 0, NULL, WN_OPTION_PARTS, "Selection",
     "keep what is picked of each of the M parts in this folder, as --shard does: after a kill the same command makes "
     "only what is missing, and winnow status lists it"},
    {"keep", 0, "FILE", CHOOSE, OPT_STRING, CF(keep_path), NULL, 0, 0, NULL, DECIDES | READS, "Selection",
     "ids that must be chosen, one a line; they count in k"},
    {"exclude", 0, "FILE", CHOOSE, OPT_STRING, CF(exclude_path), NULL, 0, 0, NULL, DECIDES | READS, "Selection",
     "ids that must not be chosen, one a line"},
    {"neighbours", 'K', "N", CMD_GRAPH | CHOOSE, OPT_COUNT, CF(neighbours), NULL, 1, 1e9, "50",
     DECIDES | WN_OPTION_NEIGHBOURS | METHOD, "Selection",
     "nearest neighbours a row (graph; facility-location, saturated-coverage)"},

    {"test", 0, "FILE|N%", CMD_COMPARE, OPT_STRING, AT(test), NULL, 0, 0, NULL, DECIDES | READS, "Comparison",
     "records to test on, never chosen from; N%: that share of each class of the input, drawn once by --seed"},
    {"budgets", 0, "LIST", CMD_COMPARE, OPT_STRING, AT(budgets), NULL, 0, 0, NULL, DECIDES, "Comparison",
     "how many rows to choose, separated by commas: counts, or percentages of the pool that a seed draws"},
    {"methods", 0, "LIST", CMD_COMPARE, OPT_STRING, AT(methods), NULL, 0, 0, "default", DECIDES, "Comparison",
     "ways to choose, separated by commas, each with options of select behind colons, as graph-cut:lambda=10; default "
     "(what run does), an objective, longest; random, dedup+random, balanced-random and stratified-random are always "
     "in"},
    {"learner", 0, "NAME", CMD_COMPARE, OPT_ENUM, CF(learner), WORDS(WN_LEARNERS), 0, 0, "probe", DECIDES, "Comparison",
     "what learns from a subset; probe: logistic regression on the vectors, its regularisation chosen by "
     "cross-validation of as many random rows; finetune: a model, trained anew on each subset"},
    {"train-model", 0, "DIR|NAME", CMD_COMPARE, OPT_STRING, CF(train_model), NULL, 0, 0, NULL, TUNES | READS,
     "Comparison", "finetune: the model to train; without it that of --model"},
    {"train-epochs", 0, "N", CMD_COMPARE, OPT_COUNT, CF(finetune.epochs), NULL, 1, 100000, "3", TUNES, "Comparison",
     "finetune: passes over a subset"},
    {"same-steps", 0, NULL, CMD_COMPARE, OPT_FLAG, CF(same_steps), NULL, 0, 0, NULL, TUNES, "Comparison",
     "finetune: as many steps for every subset, all rows included, as the largest budget takes in --train-epochs"},
    {"seeds", 0, "N", CMD_COMPARE, OPT_COUNT, CF(seeds), NULL, 1, 1000, "5", DECIDES, "Comparison",
     "how often all is drawn and chosen again"},
    {"repeat-training", 0, "N", CMD_COMPARE, OPT_COUNT, CF(repeat_training), NULL, 1, 1000, "1", DECIDES, "Comparison",
     "how often each subset is learnt from, with training seeds 1 to N"},
    {"pool-share", 0, "N%", CMD_COMPARE, OPT_STRING, AT(pool_share), NULL, 0, 0, "80%", DECIDES, "Comparison",
     "share of the pool that each seed draws, the same rows for every method"},
    {"inject-duplicates", 0, "N%xT", CMD_COMPARE, OPT_STRING, AT(copies), NULL, 0, 0, NULL, DECIDES, "Comparison",
     "also compare with N percent of the pool's rows standing there T times (1%x100)"},
    {"long-tail", 0, "R", CMD_COMPARE, OPT_REAL, CF(long_tail), NULL, 1, 1e6, "1", DECIDES, "Comparison",
     "also compare with the classes cut to sizes that fall to one R-th of the largest; 1: not"},
    {"label-noise", 0, "N%", CMD_COMPARE, OPT_STRING, AT(noise), NULL, 0, 0, NULL, DECIDES, "Comparison",
     "also compare with N percent of the pool's labels wrong; those of the test records never are"},
    {"test-embeddings", 0, "FILE", CMD_COMPARE, OPT_LIST, CF(test_embeddings), NULL, 0, 0, NULL, DECIDES | READS,
     "Comparison", "what --embeddings is of the input, of the records of --test"},

    {"task", 0, "TASK", LEARNS, OPT_ENUM, CF(task), WORDS(WN_TASKS), 0, 0, "auto", DECIDES, "Training",
     "what is learnt: a class of a text, a class of a pair of texts, the right one of some continuations, or a number; "
     "auto: what the model was trained for (score)"},
    {"epochs", 0, "N", CMD_TRAIN, OPT_COUNT, CF(finetune.epochs), NULL, 1, 100000, "3", DECIDES, "Training",
     "passes over the records, at most"},
    {"batch", 0, "N", TRAINS, OPT_COUNT, CF(finetune.batch), NULL, 1, 65536, "32", TUNES, "Training",
     "records that go through the model at once"},
    {"accumulate", 0, "N", TRAINS, OPT_COUNT, CF(finetune.accumulate), NULL, 1, 65536, "1", TUNES, "Training",
     "batches whose gradients make one step: as one batch of so many times the size, in less memory"},
    {"lr", 0, "X", TRAINS, OPT_REAL, CF(finetune.lr), NULL, DBL_MIN, 1e3, "2e-5", TUNES, "Training",
     "highest learning rate"},
    {"warmup", 0, "N|N%", TRAINS, OPT_AMOUNT, CF(finetune.warmup), NULL, 0, 1e15, "10%", TUNES, "Training",
     "steps, or part of all steps, in which the learning rate rises from 0"},
    {"schedule", 0, "HOW", TRAINS, OPT_ENUM, CF(finetune.schedule), WORDS(WN_SCHEDULES), 0, 0, "linear", TUNES,
     "Training", "learning rate after the warm-up: linear falls to 0 at the last step"},
    {"weight-decay", 0, "X", TRAINS, OPT_REAL, CF(finetune.weight_decay), NULL, 0, 1e3, "0.01", TUNES, "Training",
     "decay of the weights, without biases and LayerNorm"},
    {"clip", 0, "X", TRAINS, OPT_REAL, CF(finetune.clip), NULL, 0, 1e12, "1", TUNES, "Training",
     "largest norm of the gradient of a step; 0: none"},
    {"dropout", 0, "model|X", TRAINS, OPT_REAL, CF(finetune.dropout), "model", 0, 0.99, "model", TUNES, "Training",
     "part of the activations that is dropped while training; model: as its config.json says"},
    {"order", 0, "ORDER", CMD_TRAIN, OPT_SWITCH, CF(finetune.input_order), "shuffle|input", 0, 0, "shuffle", DECIDES,
     "Training", "order of the records: shuffled anew for every epoch, or as in the input"},
    {"class-weights", 0, "HOW", TRAINS, OPT_ENUM, CF(finetune.class_weights), WORDS(WN_CLASS_WEIGHTS), 0, 0, "none",
     TUNES | WN_OPTION_CLASSES, "Training", "weight of a class in the loss; balanced: as its records are rarer"},
    {"freeze", 0, "PATTERN", TRAINS, OPT_LIST, CF(finetune.freeze), NULL, 0, 0, NULL, TUNES, "Training",
     "parameters that stay as they are, by name or a part of it between dots, with * ? [] (embeddings, layer.[0-3])"},
    {"lr-group", 0, "PATTERN=X", TRAINS, OPT_RATES, CF(finetune.lr_groups), NULL, 0, 1e3, NULL, TUNES, "Training",
     "another learning rate for the parameters of a pattern (classifier=1e-3)"},
    {"dev", 0, "FILE|N%", CMD_TRAIN, OPT_DEV, CF(finetune.dev_path), NULL, 0, 0, NULL, DECIDES | READS, "Training",
     "records that are not trained on: after every epoch the loss on them is measured, and the best epoch is kept. A "
     "file, or so many of the input's, drawn by --seed"},
    {"patience", 0, "N", CMD_TRAIN, OPT_COUNT, CF(finetune.patience), NULL, 1, 100000, "2", DECIDES | WN_OPTION_DEV,
     "Training", "epochs without a better loss on the --dev records after which training stops"},
    {"checkpoint-every", 0, "N", CMD_TRAIN, OPT_COUNT, CF(finetune.checkpoint_every), NULL, 1, MANY, NULL, 0,
     "Training",
     "steps between checkpoints, beside the output (.NAME.winnow.train), from which --resume goes on; without it one "
     "at the end of every epoch. Ctrl-C makes one, too"},

    {"seed", 0, "N", WRITES | CMD_STREAM, OPT_SEED, CF(seed), NULL, 0, 0, "1", DECIDES | METHOD, "Running",
     "seed of every random choice"},
    {"threads", 'j', "N", WORKS | CMD_STREAM, OPT_INT, CF(threads), NULL, 1, WN_THREADS_MAX, NULL, 0, "Running",
     "threads to use; without it all processors. The output does not depend on it"},
    {"memory", 'M', "SIZE", OUTPUTS | CMD_STREAM | CMD_SCORE, OPT_BYTES, CF(memory), NULL, 0, 0, NULL, 0, "Running",
     "memory that may be used, with K, M, G or T; what does not fit stops before it is used, with exit code 4. Program "
     "and libraries take up to 64M more. Without it what the machine has"},
    {"dry-run", 'n', NULL, OUTPUTS | CMD_STREAM, OPT_FLAG, CF(dry_run), NULL, 0, 0, NULL, 0, "Running",
     "say what would be done, and how much memory and disk it takes"},
    {"resume", 0, NULL, SAVES | CMD_TRAIN, OPT_FLAG, CF(resume), NULL, 0, 0, NULL, MODEL | ENCODES | LAYERS,
     "Running",
     "model: go on with the vectors, or the checkpoint, that an interrupted run of the same command has kept"},
    {"config", 0, "FILE", CMD_ALL, OPT_STRING, AT(config_file), NULL, 0, 0, NULL, READS, "Running",
     "read options from FILE: lines of \"name = value\" with the long names of options, or the manifest.json of an "
     "output folder, which repeats its run, inputs included; the command line wins"},
    {"dump-config", 0, NULL, CMD_ALL, OPT_FLAG, AT(dump_config), NULL, 0, 0, NULL, 0, "Running",
     "print the resolved options in that form and stop"},

    {"quiet", 'q', NULL, CMD_ALL, OPT_FLAG, CF(quiet), NULL, 0, 0, NULL, 0, "Messages", "print errors only"},
    {"verbose", 'v', NULL, CMD_ALL, OPT_FLAG, CF(verbose), NULL, 0, 0, NULL, 0, "Messages",
     "print the summary of every stage, however short"},
    {"no-progress", 0, NULL, WORKS | CMD_STREAM, OPT_FLAG, CF(no_progress), NULL, 0, 0, NULL, 0, "Messages",
     "no progress line"},
    {"log-json", 0, NULL, WORKS | CMD_STREAM, OPT_FLAG, CF(log_json), NULL, 0, 0, NULL, 0, "Messages",
     "progress and messages on standard error as one JSON object a line"},
    {"color", 0, "WHEN", CMD_ALL, OPT_WORD, CF(color), "auto|always|never", 0, 0, "auto", 0, "Messages",
     "colours on standard error; auto: on a terminal, unless NO_COLOR is set"},
    {"help", 'h', NULL, CMD_ALL, OPT_FLAG, AT(help), NULL, 0, 0, NULL, 0, "Messages", "print this help and stop"},
};
const size_t wn_noptions = sizeof wn_options / sizeof wn_options[0];
