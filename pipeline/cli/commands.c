/* The table of commands. */
#include "options.h"

const wn_command wn_commands[] = {
    {"run", CMD_RUN, "FILE... -k N|N% -o OUT", 0, SIZE_MAX, "choose the part of a text dataset worth keeping",
     "The main job. Reads text records, turns them into vectors, drops duplicates, chooses k records that stand best "
     "for all of them, or with labels for their class, and writes a folder: subset.* (the chosen records, byte "
     "for byte), rest.* (all others), "
     "selection.tsv, assignment.tsv (what stands for each record), selection.h5ad, manifest.json, SHA256SUMS and "
     "report.html. FILE may be - for standard input. --embeddings takes vectors that exist already.",
     "winnow run reviews.jsonl -k 10% -o chosen/\n"
     "winnow run train.csv.gz --text-field title --text-field body --label-field class -k 1000 -o chosen/\n"
     "zcat log.txt.gz | winnow run - --format txt -k 500 --dedup 0.95 -o chosen/\n"
     "winnow run reviews.jsonl --embeddings vectors.npy -k 10% -o chosen/",
     wn_run},
    {"embed", CMD_EMBED, "FILE... -o EMB.h5ad", 0, SIZE_MAX, "turn text records into vectors",
     "Writes one L2-normalised vector a record to an AnnData file (.h5ad) that Python, R and Julia open, with the id, "
     "label, source file, line, offset and length of each record. With --model a BERT-family model makes the vectors: "
     "a long job keeps what it has beside the output (.NAME.winnow.part) and --resume goes on with it after Ctrl-C or "
     "a "
     "kill, to the same bytes. --shard i/n embeds one part of the rows, with their numbers at /obs/row; winnow select "
     "and graph take all shards at once, in order.",
     "winnow embed reviews.jsonl -o reviews.h5ad\n"
     "winnow embed reviews.jsonl --model all-MiniLM-L6-v2 -o reviews.h5ad\n"
     "winnow embed train.jsonl --save-encoder train.lsa -o train.h5ad\n"
     "winnow embed new.jsonl --load-encoder train.lsa -o new.h5ad",
     wn_embed},
    {"dedup", CMD_DEDUP, "FILE... -o OUT", 0, SIZE_MAX, "remove exact and near copies",
     "Keeps the first record of each group of copies: equal text (after Unicode normalisation, case folding and white "
     "space), or with --dedup 0.95 also a cosine of the vectors of at least 0.95. Writes a folder with subset.* "
     "(kept), "
     "rest.* (dropped) and assignment.tsv (the kept record of each). One .h5ad or other matrix file instead of "
     "records: near copies of its rows.",
     "winnow dedup crawl.jsonl -o clean/\nwinnow dedup crawl.jsonl --dedup 0.95 -o clean/\n"
     "winnow dedup vectors.h5ad --dedup 0.98 -o clean/",
     wn_dedup},
    {"tokenize", CMD_TOKENIZE, "FILE... --model DIR|NAME", 0, SIZE_MAX, "print the token ids of text records",
     "The ids that a model's tokenizer gives, special tokens included, separated by spaces: one line a record, on "
     "standard "
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
     "a .npy file. Several files, such as the shards of winnow embed --shard, count as one matrix, in the order given. "
     "With the records that the rows were made of (--records, or those that an .h5ad of winnow embed names, if they "
     "are unchanged) subset.* and rest.* are written, too; what is chosen does not depend on them. Under mpirun (Open "
     "MPI) the processes share the work, to the same bytes.",
     "winnow select reviews.h5ad -k 1000 -o chosen/\n"
     "winnow select vectors.npy --records reviews.jsonl -k 1000 -o chosen/\n"
     "winnow select glove.hdf5 --dataset train -k 1% --objective facility-location -o chosen/\n"
     "winnow select vectors.npy -k 10000 --partitions 16 -o chosen/\n"
     "winnow select vectors.npy -k 10000 --partitions 16 --shard 3/16 -o parts/\n"
     "mpirun -n 4 winnow select vectors.npy -k 10000 -o chosen/",
     wn_select_command},
    {"stream", CMD_STREAM, "FILE... -k N", 0, SIZE_MAX, "choose records in one pass, in bounded memory",
     "Reads each record once, from standard input where no FILE is named, and holds only those that may still be "
     "chosen: memory does not grow with the input. At its end the chosen records go to standard output (or to -o "
     "FILE), byte for byte: all of them or none. The vectors come from an encoder that exists already: --model, or "
     "--load-encoder; or --vectors reads a .npy matrix. Records of equal text count once. run chooses better where all "
     "fits in memory.",
     "zcat crawl.jsonl.gz | winnow stream -k 1000 --model table/ >subset.jsonl\n"
     "winnow stream part-*.jsonl.zst -k 5000 --load-encoder train.lsa -o subset.jsonl\n"
     "winnow stream - --format txt -k 100 --model table/ --objective log-determinant <log.txt",
     wn_stream_command},
    {"merge", CMD_MERGE, "PARTS -o OUT", 1, 1, "join the shards of a selection in parts",
     "PARTS is the folder that winnow select --partitions M --shard I/M -o PARTS has filled, by M processes one after "
     "another or at the same time, on machines that share it and the input. Chooses among what they picked, with the "
     "options that they had, and writes the folder that the same command without --shard writes, to the same bytes.",
     "winnow merge parts/ -o chosen/", wn_select_command},
    {"status", CMD_STATUS, "PARTS", 1, 1, "say which shards of a selection in parts are missing",
     "Prints the command of every shard that is missing or damaged, one a line, for a shell or GNU parallel; how many "
     "are there goes to standard error.",
     "winnow status parts/\nwinnow status parts/ | parallel", wn_status},
    {"train", CMD_TRAIN, "FILE... --model DIR|NAME --task TASK --label-field NAME -o OUT", 1, SIZE_MAX,
     "fine-tune a model on labelled records",
     "Trains a BERT, RoBERTa, DistilBERT or ALBERT model and a head for the task on records with labels, and writes a "
     "folder that winnow score and the library transformers open. The head that the model has for the same classes is "
     "used, else a new one is drawn from the seed. Checkpoints stand beside the output; --resume goes on with the last "
     "one after Ctrl-C or a kill, to the same bytes.",
     "winnow train train.jsonl --model all-MiniLM-L6-v2 --task classify --label-field label -o model/\n"
     "winnow train pairs.csv --task pairs --text-field a --text-field b --label-field same --model ./bert -o m/\n"
     "winnow train cloze.csv --template story-cloze --model all-MiniLM-L6-v2 --dev 10% -o model/",
     wn_train},
    {"score", CMD_SCORE, "MODEL FILE...", 2, SIZE_MAX, "apply a trained model, and measure it",
     "MODEL is a folder of winnow train, or any with a classification head. With --label-field: accuracy, precision, "
     "recall and F1 by class, AUC, log loss, calibration error and the confusion matrix. Labels are the model's names "
     "of classes (id2label of its config.json), LABEL_0, LABEL_1, ..., or 0, 1, ...",
     "winnow score model/ test.jsonl --label-field label\n"
     "winnow score model/ new.jsonl --predictions new.tsv",
     wn_score},
    {"distill", CMD_DISTILL, "--model DIR|NAME -o OUT", 0, 0, "make a static table of token vectors from a model",
     "Sends each token of the model's vocabulary through it, alone between its opening and closing tokens, and "
     "writes a folder with one row a token: the vector's principal axes, perhaps times a weight by how frequent the "
     "token is. With such a folder as --model the vector of a text is the mean of its tokens' rows: hundreds of times "
     "faster than the model, and between lsa and the model in what it knows. model2vec and sentence-transformers open "
     "it, too.",
     "winnow distill --model all-MiniLM-L6-v2 -o table/\n"
     "winnow run reviews.jsonl --model table/ -k 10% -o chosen/",
     wn_distill},
    {"compare", CMD_COMPARE, "FILE... --test FILE|N% --label-field NAME --budgets LIST -o OUT", 0, SIZE_MAX,
     "measure what a chosen subset is worth beside a random one",
     "Chooses subsets of the pool (FILE) by each method, at each budget, with each seed, lets a classifier learn from "
     "each, and tests it once on the same test records. Random choices, with and without copies, and by label are "
     "always among the methods. Says for each method and budget whether it is better, worse, or no difference shown, "
     "and writes results.csv, results.json, summary.json, subsets.jsonl (the rows and labels of each subset), "
     "report.html, manifest.json and SHA256SUMS. What an interrupted comparison has finished is kept beside the output "
     "and used again. Exit code 0 whatever the verdict.",
     "winnow compare train.jsonl --test test.jsonl --label-field label --budgets 5%,10% -o compared/\n"
     "winnow compare all.jsonl --test 20% --label-field label --budgets 10% --seeds 10 -o compared/\n"
     "winnow compare all.jsonl --test 20% --label-field label --budgets 10% --inject-duplicates 1%x100 \\\n"
     "    --methods default,facility-location,graph-cut:lambda=10:similarity=cosine -o compared/\n"
     "winnow compare all.jsonl --test 20% --label-field label --budgets 10% \\\n"
     "    --methods class-herding,graph-cut -o by/",
     wn_compare},
    {"explain", CMD_EXPLAIN, "OUT ID", 2, 2, "say why an item was chosen, or what stands for it",
     "For a chosen item: its rank and gain, and the items it stands for. For another: the chosen item that stands for "
     "it, and how similar they are. Texts come from subset.* and rest.*, or else from the input, if it is unchanged.",
     "winnow explain chosen/ 4711", wn_explain},
    {"report", CMD_REPORT, "OUT [OUT2]", 1, 2, "write the report of an output folder again, or of two side by side",
     "One HTML page that needs no network and no JavaScript. With two folders, whose choices are from the same input: "
     "what they share, what each covers, and what one chose and the other did not; --html names that page.",
     "winnow report chosen/ --html page.html\nwinnow report chosen/ other/ --html both.html",
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
