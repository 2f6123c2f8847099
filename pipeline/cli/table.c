#include "options.h"

#include <float.h>
#include <winnow/threads.h>

const wn_command wn_commands[] = {
    {"run", CMD_RUN, "FILE... -k N|N% -o OUT", 0, SIZE_MAX, "choose the part of a text dataset worth keeping",
     "The main job. Reads text records, turns them into vectors, drops duplicates, chooses k records that stand best "
     "for all of them, and writes a folder: subset.* (the chosen records, byte for byte), rest.* (all others), "
     "selection.tsv, assignment.tsv (what stands for each record), selection.h5ad, manifest.json, SHA256SUMS and "
     "report.html. FILE may be - for standard input.",
     "winnow run reviews.jsonl -k 10% -o chosen/\n"
     "winnow run train.csv.gz --text-field title --text-field body --label-field class -k 1000 -o chosen/\n"
     "zcat log.txt.gz | winnow run - --format txt -k 500 --dedup 0.95 -o chosen/",
     wn_run},
    {"embed", CMD_EMBED, "FILE... -o EMB.h5ad", 0, SIZE_MAX, "turn text records into vectors",
     "Writes one L2-normalised vector a record to an AnnData file (.h5ad) that Python, R and Julia open, with the id, "
     "label, source file, line, offset and length of each record. With --model a BERT-family model makes the vectors: "
     "a long job keeps what it has beside the output (.NAME.winnow.part) and --resume goes on with it after Ctrl-C or a "
     "kill, to the same bytes. --shard i/n embeds one part of the rows, with their numbers at /obs/row; winnow select "
     "and graph take all shards at once, in order.",
     "winnow embed reviews.jsonl -o reviews.h5ad\n"
     "winnow embed reviews.jsonl --model all-MiniLM-L6-v2 -o reviews.h5ad\n"
     "winnow embed train.jsonl --save-encoder train.lsa -o train.h5ad\n"
     "winnow embed new.jsonl --load-encoder train.lsa -o new.h5ad",
     wn_embed},
    {"dedup", CMD_DEDUP, "FILE... -o OUT", 0, SIZE_MAX, "remove exact and near copies",
     "Keeps the first record of each group of copies: equal text (after Unicode normalisation, case folding and white "
     "space), or with --dedup 0.95 also a cosine of the vectors of at least 0.95. Writes a folder with subset.* (kept), "
     "rest.* (dropped) and assignment.tsv (the kept record of each). One .h5ad or other matrix file instead of "
     "records: near copies of its rows.",
     "winnow dedup crawl.jsonl -o clean/\nwinnow dedup crawl.jsonl --dedup 0.95 -o clean/\n"
     "winnow dedup vectors.h5ad --dedup 0.98 -o clean/",
     wn_dedup},
    {"tokenize", CMD_TOKENIZE, "FILE... --model DIR|NAME", 0, SIZE_MAX, "print the token ids of text records",
     "The ids that a model's tokenizer gives, special tokens included, separated by spaces: one line a record, on standard "
     "output. With --pieces the pieces of the vocabulary instead. Two --text-field make pairs, cut longest first where "
     "they are too long; then the input cannot be standard input.",
     "winnow tokenize reviews.jsonl --model all-MiniLM-L6-v2\n"
     "winnow tokenize pairs.csv --text-field question --text-field answer --model ./bert --pieces",
     wn_tokenize},
    {"graph", CMD_GRAPH, "MATRIX... -o GRAPH.h5ad", 1, SIZE_MAX, "write the exact nearest-neighbour graph",
     "The K most similar rows of every row by cosine, exactly. The output holds the normalised vectors and the graph "
     "at /obsp/similarity; --export ann-benchmarks writes the layout of that benchmark instead. Several files count as "
     "one matrix, in the order given.",
     "winnow graph reviews.h5ad -K 50 -o graph.h5ad\n"
     "winnow graph vectors.npy -K 10 --export ann-benchmarks -o vectors.hdf5",
     wn_graph},
    {"select", CMD_SELECT, "MATRIX... -k N|N% -o OUT", 1, SIZE_MAX, "choose rows of a matrix",
     "Like run, for vectors that exist already: an .h5ad file, any two-dimensional float dataset of an HDF5 file, or "
     "a .npy file. Several files, such as the shards of winnow embed --shard, count as one matrix, in the order given.",
     "winnow select reviews.h5ad -k 1000 -o chosen/\n"
     "winnow select glove.hdf5 --dataset train -k 1% --objective facility-location -o chosen/",
     wn_select_command},
    {"explain", CMD_EXPLAIN, "OUT ID", 2, 2, "say why an item was chosen, or what stands for it",
     "For a chosen item: its rank and gain, and the items it stands for. For another: the chosen item that stands for "
     "it, and how similar they are. Texts are shown where the input still stands where it was.",
     "winnow explain chosen/ 4711", wn_explain},
    {"report", CMD_REPORT, "OUT", 1, 1, "write the report of an output folder again",
     "One HTML page that needs no network and no JavaScript.", "winnow report chosen/ --html page.html",
     wn_report_command},
    {"info", CMD_INFO, "FILE...", 1, SIZE_MAX, "say what a file or an output folder holds",
     "Matrix files: rows, columns, type and what stands beside them. Model folders: architecture, tokenizer, pooling, "
     "and which tensors are missing or not used. Records: how many, how long, which labels. Output "
     "folders: what was chosen, how, and by which command.",
     "winnow info reviews.h5ad\nwinnow info reviews.jsonl chosen/", wn_info},
    {"check", CMD_CHECK, "FILE...", 1, SIZE_MAX, "say whether a file or an output folder is whole",
     "Matrix files: every chunk is read and its checksum compared. Output folders: every file is compared with "
     "SHA256SUMS. Records: every record is read. Exit code 0 if all are whole.",
     "winnow check reviews.h5ad chosen/", wn_check},
};
const size_t wn_ncommands = sizeof wn_commands / sizeof wn_commands[0];

enum {
    TEXT = CMD_RUN | CMD_EMBED | CMD_DEDUP,
    RECORDS = TEXT | CMD_TOKENIZE | CMD_INFO | CMD_CHECK,
    MATRIX = CMD_GRAPH | CMD_SELECT | CMD_DEDUP,
    CHOOSE = CMD_RUN | CMD_SELECT,
    WRITES = CMD_RUN | CMD_EMBED | CMD_DEDUP | CMD_GRAPH | CMD_SELECT,
    WORKS = WRITES | CMD_TOKENIZE | CMD_CHECK | CMD_REPORT,
};

#define AT(field) offsetof(wn_cli, field)
#define CF(field) offsetof(wn_cli, config.field)
#define MANY 1e15
#define WORDS(list) (WN_NAME_WORDS(list) + 1) /* without the first bar */

const wn_option wn_options[] = {
    {"output", 'o', "PATH", WRITES, OPT_STRING, CF(output), NULL, 0, 0, NULL, false, "Output",
     "file or folder to write; it appears whole or not at all"},
    {"force", 'f', NULL, WRITES | CMD_REPORT, OPT_FLAG, CF(overwrite), NULL, 0, 0, NULL, false, "Output",
     "replace an existing output"},
    {"html", 0, "FILE", CMD_REPORT, OPT_STRING, CF(html), NULL, 0, 0, NULL, false, "Output",
     "where to write the page; without it OUT/report.html, which must not exist (or -f)"},
    {"annotate", 0, NULL, CMD_RUN, OPT_FLAG, CF(annotate), NULL, 0, 0, NULL, true, "Output",
     "add an object \"winnow\" (rank, gain, count of represented) to every chosen JSONL record"},
    {"order", 0, "ORDER", CMD_RUN, OPT_SWITCH, CF(rank_order), "input|rank", 0, 0, "input", true, "Output",
     "order of the records of subset.*: as in the input, or by rank"},
    {"export", 0, "LAYOUT", CMD_GRAPH, OPT_ENUM, CF(export_layout), WORDS(WN_LAYOUTS), 0, 0, "h5ad", true, "Output",
     "layout of the output"},

    {"format", 0, "FORMAT", RECORDS, OPT_ENUM, CF(format), WORDS(WN_FORMATS), 0, 0, "auto", true, "Input",
     "format of the records; auto goes by the extension"},
    {"text-field", 0, "NAME", RECORDS, OPT_LIST, CF(text_fields), NULL, 0, 0, "text", true, "Input",
     "field that holds the text; a dot reaches into an object; several are joined by a space (tokenize: two are a pair)"},
    {"label-field", 0, "NAME", RECORDS, OPT_STRING, CF(label_field), NULL, 0, 0, NULL, true, "Input",
     "field that holds a class, for the report and the output"},
    {"id-field", 0, "NAME", RECORDS, OPT_STRING, CF(id_field), NULL, 0, 0, NULL, true, "Input",
     "field that holds a unique id; without it the row number from 0"},
    {"dataset", 0, "PATH", MATRIX | CMD_INFO, OPT_STRING, CF(dataset), NULL, 0, 0, NULL, true, "Input",
     "dataset of an HDF5 file to read; without it X, train, or the only one of two dimensions"},
    {"filelist", 0, "FILE", TEXT | CMD_TOKENIZE | CMD_INFO | CMD_CHECK, OPT_STRING, AT(filelist), NULL, 0, 0, NULL, false, "Input",
     "read the names of more input files from FILE, one a line"},
    {"limit", 0, "N", TEXT | CMD_TOKENIZE, OPT_COUNT, CF(limit), NULL, 1, MANY, NULL, true, "Input", "stop after N good records"},
    {"on-error", 0, "WHAT", TEXT, OPT_ON_ERROR, CF(skip_path), "fail|skip:FILE", 0, 0, "fail", true, "Input",
     "at a bad record: stop, or copy it byte for byte to FILE and go on"},

    {"encoder", 0, "NAME", TEXT, OPT_ENUM, CF(encoder), WORDS(WN_ENCODERS), 0, 0, "lsa", true, "Encoder",
     "how texts become vectors; --model implies bert"},
    {"model", 0, "DIR|NAME", TEXT | CMD_TOKENIZE, OPT_STRING, CF(model), NULL, 0, 0, NULL, true, "Encoder",
     "a BERT, RoBERTa, DistilBERT or ALBERT model: its folder, or its name in the cache of winnow or Hugging Face"},
    {"precision", 0, "P", TEXT, OPT_ENUM, CF(precision), WORDS(WN_PRECISIONS), 0, 0, "auto", true, "Encoder",
     "model: arithmetic; auto is f32, the others are faster where the processor has them, and less exact"},
    {"layer", 0, "L", TEXT, OPT_INDEX, CF(layer), NULL, 0, 1000, NULL, true, "Encoder",
     "model: layer whose output is pooled, 0 for the embeddings; without it the last"},
    {"pooling", 0, "HOW", TEXT, OPT_ENUM, CF(pooling), WORDS(WN_POOLINGS), 0, 0, "model", true, "Encoder",
     "model: how the tokens become one vector; model: as its own files say, else mean"},
    {"all-layers", 0, NULL, CMD_EMBED, OPT_FLAG, CF(all_layers), NULL, 0, 0, NULL, true, "Encoder",
     "model: also write the pooled vectors of every layer, to /obsm/layer_00 (embeddings), layer_01, ..."},
    {"max-tokens", 0, "N", TEXT | CMD_TOKENIZE, OPT_COUNT, CF(max_tokens), NULL, 2, 1e6, NULL, true, "Encoder",
     "model: tokens of a text that count, special ones included; without it as many as the model says"},
    {"verify", 0, "N", CMD_EMBED, OPT_COUNT, CF(verify), NULL, 1, 1e6, NULL, false, "Encoder",
     "model: embed N texts chosen by --seed again in f32, print how far the vectors differ, and fail where it is too far"},
    {"pieces", 0, NULL, CMD_TOKENIZE, OPT_FLAG, CF(pieces), NULL, 0, 0, NULL, true, "Output",
     "print pieces instead of ids"},
    {"shard", 0, "I/N", CMD_EMBED, OPT_SHARD, CF(shard), NULL, 0, 0, NULL, true, "Input",
     "embed only the I-th of N equal parts of the rows, I from 1"},
    {"dims", 0, "N", TEXT, OPT_COUNT, CF(dims), NULL, 1, 65536, NULL, true, "Encoder",
     "length of the vectors; without it 128 for lsa, 100 for doc2vec"},
    {"min-df", 0, "N", TEXT, OPT_COUNT, CF(min_df), NULL, 1, MANY, "2", true, "Encoder",
     "lsa: leave out words of fewer than N texts"},
    {"iterations", 0, "N", TEXT, OPT_COUNT, CF(iterations), NULL, 1, 1000, NULL, true, "Encoder",
     "lsa: products with the sparse matrix, 32 columns each; without it 14, or dims/9 if more"},
    {"doc2vec-mode", 0, "MODE", TEXT, OPT_ENUM, CF(doc2vec_mode), WORDS(WN_DOC2VEC_MODES), 0, 0, "dm-mean", true,
     "Encoder", "doc2vec: architecture"},
    {"dbow-words", 0, NULL, TEXT, OPT_FLAG, CF(dbow_words), NULL, 0, 0, NULL, true, "Encoder",
     "doc2vec dbow: train word vectors as well"},
    {"hierarchical", 0, NULL, TEXT, OPT_FLAG, CF(hierarchical), NULL, 0, 0, NULL, true, "Encoder",
     "doc2vec: hierarchical softmax"},
    {"min-count", 0, "N", TEXT, OPT_COUNT, CF(min_count), NULL, 1, MANY, "5", true, "Encoder",
     "doc2vec: leave out words that occur fewer than N times"},
    {"window", 0, "N", TEXT, OPT_COUNT, CF(window), NULL, 1, 1000, "5", true, "Encoder",
     "doc2vec: words to either side"},
    {"negative", 0, "N", TEXT, OPT_COUNT, CF(negative), NULL, 0, 1000, "5", true, "Encoder",
     "doc2vec: negative samples (0 only with --hierarchical)"},
    {"epochs", 0, "N", TEXT, OPT_COUNT, CF(epochs), NULL, 1, 100000, "10", true, "Encoder",
     "doc2vec: passes over the texts"},
    {"save-encoder", 0, "FILE", TEXT, OPT_STRING, CF(save_encoder), NULL, 0, 0, NULL, false, "Encoder",
     "write the fitted encoder to FILE"},
    {"load-encoder", 0, "FILE", TEXT, OPT_STRING, CF(load_encoder), NULL, 0, 0, NULL, true, "Encoder",
     "use an encoder that --save-encoder wrote instead of fitting one"},

    {"dedup", 0, "WHAT", CHOOSE | CMD_DEDUP, OPT_DEDUP, CF(dedup), "off|exact|0.95", 0, 0, "exact", true, "Duplicates",
     "exact: equal text; a number in (0, 1]: also a cosine of at least that (a matrix has no text: exact is off)"},

    {"k", 'k', "N|N%", CHOOSE, OPT_K, CF(k), NULL, 0, 0, NULL, true, "Selection",
     "how many to choose: a count, or a percentage of the input"},
    {"preset", 0, "NAME", CHOOSE, OPT_WORD, AT(preset), "paper", 0, 0, NULL, false, "Selection",
     "paper: graph-cut over cosine with lambda 10 and no deduplication; other options win over it"},
    {"objective", 0, "NAME", CHOOSE, OPT_ENUM, CF(objective), WORDS(WN_OBJECTIVES), 0, 0, "graph-cut",
     true, "Selection", "what makes a subset good"},
    {"similarity", 0, "NAME", CHOOSE, OPT_ENUM, CF(similarity), WORDS(WN_KERNELS), 0, 0, "rbf", true, "Selection",
     "similarity of two vectors; rbf is exp(gamma (cosine - 1))"},
    {"gamma", 0, "X|auto", CHOOSE, OPT_REAL, CF(gamma), "auto", DBL_MIN, 1e6, "auto", true, "Selection",
     "rbf: width; auto is 7.5 / median(1 - cosine)"},
    {"lambda", 0, "X|auto", CHOOSE, OPT_REAL, CF(lambda), "auto", 0, 1e12, "auto", true, "Selection",
     "graph-cut: weight of diversity; auto is n/k - 2"},
    {"maximizer", 0, "NAME", CHOOSE, OPT_ENUM, CF(maximizer), WORDS(WN_MAXIMIZERS), 0, 0, "auto", false, "Selection",
     "how the maximum is sought; the picks are the same"},
    {"keep", 0, "FILE", CHOOSE, OPT_STRING, CF(keep_path), NULL, 0, 0, NULL, true, "Selection",
     "ids that must be chosen, one a line; they count in k"},
    {"exclude", 0, "FILE", CHOOSE, OPT_STRING, CF(exclude_path), NULL, 0, 0, NULL, true, "Selection",
     "ids that must not be chosen, one a line"},
    {"neighbours", 'K', "N", CMD_GRAPH | CHOOSE, OPT_COUNT, CF(neighbours), NULL, 1, 1e9, "50", true, "Selection",
     "nearest neighbours a row (graph; facility-location)"},

    {"seed", 0, "N", WRITES, OPT_SEED, CF(seed), NULL, 0, 0, "1", true, "Running", "seed of every random choice"},
    {"threads", 'j', "N", WORKS, OPT_INT, CF(threads), NULL, 1, WN_THREADS_MAX, NULL, false, "Running",
     "threads to use; without it all processors. The output does not depend on it"},
    {"memory", 'M', "SIZE", WRITES, OPT_BYTES, CF(memory), NULL, 0, 0, NULL, false, "Running",
     "memory that may be used, with K, M, G or T; refuses to start where it cannot do. Without it what the machine has"},
    {"dry-run", 'n', NULL, WRITES, OPT_FLAG, CF(dry_run), NULL, 0, 0, NULL, false, "Running",
     "say what would be done, and how much memory and disk it takes"},
    {"resume", 0, NULL, TEXT, OPT_FLAG, CF(resume), NULL, 0, 0, NULL, false, "Running",
     "model: go on with the vectors that an interrupted run of the same command has kept"},
    {"config", 0, "FILE", CMD_ALL, OPT_STRING, AT(config_file), NULL, 0, 0, NULL, false, "Running",
     "read options from FILE, lines of \"name = value\" with the long names of options; the command line wins"},
    {"dump-config", 0, NULL, CMD_ALL, OPT_FLAG, AT(dump_config), NULL, 0, 0, NULL, false, "Running",
     "print the resolved options in that form and stop"},

    {"quiet", 'q', NULL, CMD_ALL, OPT_FLAG, CF(quiet), NULL, 0, 0, NULL, false, "Messages",
     "print errors only"},
    {"verbose", 'v', NULL, CMD_ALL, OPT_FLAG, CF(verbose), NULL, 0, 0, NULL, false, "Messages",
     "print the summary of every stage, however short"},
    {"no-progress", 0, NULL, WORKS, OPT_FLAG, CF(no_progress), NULL, 0, 0, NULL, false, "Messages",
     "no progress line"},
    {"log-json", 0, NULL, WORKS, OPT_FLAG, CF(log_json), NULL, 0, 0, NULL, false, "Messages",
     "progress and messages on standard error as one JSON object a line"},
    {"color", 0, "WHEN", CMD_ALL, OPT_WORD, CF(color), "auto|always|never", 0, 0, "auto", false, "Messages",
     "colours on standard error; auto: on a terminal, unless NO_COLOR is set"},
    {"help", 'h', NULL, CMD_ALL, OPT_FLAG, AT(help), NULL, 0, 0, NULL, false, "Messages", "print this help and stop"},
};
const size_t wn_noptions = sizeof wn_options / sizeof wn_options[0];
