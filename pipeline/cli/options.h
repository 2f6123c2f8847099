#ifndef WINNOW_CLI_OPTIONS_H
#define WINNOW_CLI_OPTIONS_H
/* The one table of commands and options. It parses (options.c), prints help, man pages and completion (help.c), and
 * gives the canonical form of a configuration (canonical.c). */
#include <cjson/cJSON.h>
#include <winnow/config.h>
#include <wn/buf.h>

enum {
    CMD_RUN = 1 << 0,
    CMD_EMBED = 1 << 1,
    CMD_DEDUP = 1 << 2,
    CMD_GRAPH = 1 << 3,
    CMD_SELECT = 1 << 4,
    CMD_EXPLAIN = 1 << 5,
    CMD_REPORT = 1 << 6,
    CMD_INFO = 1 << 7,
    CMD_CHECK = 1 << 8,
    CMD_TOKENIZE = 1 << 9,
    CMD_COMPARE = 1 << 10,
    CMD_TRAIN = 1 << 11,
    CMD_SCORE = 1 << 12,
    CMD_DISTILL = 1 << 13,
    CMD_MERGE = 1 << 14,
    CMD_STATUS = 1 << 15,
    CMD_STREAM = 1 << 16,
    CMD_ALL = (1 << 17) - 1
};

typedef struct {
    const char *name;
    unsigned bit;
    const char *args; /* as the usage line shows them */
    size_t min_args, max_args;
    const char *brief;    /* one line */
    const char *about;    /* a paragraph */
    const char *examples; /* lines */
    wn_code (*run)(const wn_config *c, wn_io *io, wn_err *err);
} wn_command;

typedef enum {
    OPT_FLAG,     /* bool */
    OPT_STRING,   /* const char * */
    OPT_LIST,     /* const char **, and a size_t count right behind it: repeatable */
    OPT_COUNT,    /* size_t in [low, high] */
    OPT_INT,      /* int in [low, high] */
    OPT_SEED,     /* uint64_t */
    OPT_REAL,     /* double in [low, high]; NaN for the word in words, where there is one */
    OPT_BYTES,    /* size_t with K M G T */
    OPT_WORD,     /* const char *: one of words */
    OPT_ENUM,     /* int: the index in words */
    OPT_SWITCH,   /* bool: true for the second of words */
    OPT_K,        /* k and k_percent */
    OPT_DEDUP,    /* dedup and dedup_threshold */
    OPT_ON_ERROR, /* skip_path */
    OPT_INDEX,    /* size_t: 0 = not given, else the number in [low, high] + 1 */
    OPT_SHARD,    /* shard and shards */
    OPT_AMOUNT,   /* wn_amount: a count or a percentage, of 0 or more */
    OPT_DEV,      /* finetune.dev_path or finetune.dev_percent */
    OPT_MIX,      /* const wn_mix_part *, and a size_t count right behind it: repeatable */
    OPT_RATES,    /* const wn_lr_group *, and a size_t count right behind it: repeatable */
} wn_option_kind;

/* What the checks and the canonical form have to know of an option: bits, more of them than an enum holds. */
typedef unsigned long long wn_option_traits;
#define WN_OPTION_DECIDES (1ull << 0) /* the result depends on it */
#define WN_OPTION_NEEDS_MODEL (1ull << 1) /* it means nothing without --model (tokenize has always one) */
#define WN_OPTION_NO_MODEL (1ull << 2) /* it does not go with --model */
#define WN_OPTION_READS (1ull << 3) /* its value is a path that is read */
#define WN_OPTION_WRITES (1ull << 4) /* its value is a path that is written */
/* where it has an effect; together.c says when each of these holds */
#define WN_OPTION_FITS (1ull << 5) /* an encoder is fitted, not loaded */
#define WN_OPTION_LSA (1ull << 6) /* the encoder is lsa */
#define WN_OPTION_DOC2VEC (1ull << 7) /* the encoder is doc2vec */
#define WN_OPTION_DBOW (1ull << 8) /* doc2vec learns by dbow */
#define WN_OPTION_WINDOW (1ull << 9) /* doc2vec looks at words around a word */
#define WN_OPTION_COMPARES (1ull << 10) /* the objective compares vectors */
#define WN_OPTION_RBF (1ull << 11) /* ... by rbf */
#define WN_OPTION_GRAPH_CUT (1ull << 12)
#define WN_OPTION_NEIGHBOURS (1ull << 13) /* a graph of neighbours is made */
#define WN_OPTION_ENCODES (1ull << 14) /* texts become vectors (not in dedup of equal texts, or of a matrix) */
#define WN_OPTION_RECORDS (1ull << 15) /* records are read (dedup takes a matrix, select may have the records of one) */
#define WN_OPTION_MATRIX (1ull << 16) /* a matrix is read */
#define WN_OPTION_METHOD (1ull << 17) /* an option of a method of compare, too: --methods graph-cut:lambda=10 */
#define WN_OPTION_CHOICE (1ull << 18) /* the task is a choice */
#define WN_OPTION_CLASSES (1ull << 19) /* the task has classes */
#define WN_OPTION_DEV (1ull << 20) /* records are held out */
#define WN_OPTION_FINETUNE (1ull << 21) /* a model is trained: train, and compare with that learner */
#define WN_OPTION_TOKENS (1ull << 22) /* of compare: a model reads the texts */
#define WN_OPTION_HERDING (1ull << 23)
#define WN_OPTION_LABELS (1ull << 24) /* records have labels */
#define WN_OPTION_OBJECTIVE (1ull << 25) /* it says, or goes with, what an objective is to choose */
#define WN_OPTION_QUERY (1ull << 26) /* there are queries */
#define WN_OPTION_TSDS (1ull << 27) /* ... and rows are drawn for them */
#define WN_OPTION_VERDICT (1ull << 28) /* they have, or a matrix may */
#define WN_OPTION_LAYERS (1ull << 29) /* the model has layers: it is no table of token vectors */
#define WN_OPTION_STOCHASTIC (1ull << 30) /* the maximizer draws a sample */
#define WN_OPTION_SATURATED (1ull << 31) /* the objective is saturated coverage */
#define WN_OPTION_PARTS (1ull << 32) /* the choice is made in parts */
#define WN_OPTION_QUOTA (1ull << 33) /* rows are chosen by class, or may have labels */
#define WN_OPTION_GROUPS (1ull << 34) /* rows are in groups */
#define WN_OPTION_BUDGET (1ull << 35) /* what is chosen is bounded by its cost */
#define WN_OPTION_SUMS (1ull << 36) /* sums may come from a sample */
#define WN_OPTION_SUM_ROWS (1ull << 37) /* ... and it is not said that they do not */
#define WN_OPTION_MIXTURE (1ull << 40) /* the objective is a mixture */
#define WN_OPTION_VALUES (1ull << 41) /* rows have values */
#define WN_OPTION_BY_VALUE (1ull << 42) /* the objective is value */
#define WN_OPTION_BALL (1ull << 43) /* rows are compared by balls */

typedef struct {
    const char *name;
    char letter;     /* 0: none */
    const char *arg; /* NULL: takes none */
    unsigned commands;
    wn_option_kind kind;
    size_t offset;     /* into wn_cli */
    const char *words; /* "a|b|c" that it accepts (also for completion) */
    double low, high;
    const char *initial; /* the default, as one would type it; NULL: none */
    wn_option_traits traits;
    const char *group, *help;
} wn_option;

typedef struct {
    wn_config config;
    const wn_command *command;
    const char *preset, *config_file, *filelist;
    const char *test, *budgets, *methods, *copies, *noise, *pool_share; /* of compare, as given */
    bool help, dump_config;
    const char **replayed; /* [nreplayed] inputs of the manifest that --config names */
    size_t nreplayed, inputs_cap;
    bool *given; /* [wn_noptions] set on the command line or in the configuration file */
    bool *typed; /* [wn_noptions] set on the command line */
    void *owned; /* chain of allocations that config points into */
} wn_cli;

extern const wn_command wn_commands[];
extern const size_t wn_ncommands;
extern const wn_option wn_options[];
extern const size_t wn_noptions;

const wn_command *wn_command_find(const char *name);

/* argv[0] is the command's name. Fills *cli, which wn_cli_free releases whatever the outcome. Errors: WN_EUSAGE. */
wn_code wn_cli_parse(wn_cli *cli, const wn_command *command, int argc, char **argv, wn_err *err);
void wn_cli_free(wn_cli *cli);
/* WN_EUSAGE where options make no sense without or beside one another. */
wn_code wn_cli_check_together(const wn_cli *cli, wn_err *err);
/* WN_EUSAGE where an option was given that has no effect. */
wn_code wn_cli_check_effects(const wn_cli *cli, wn_err *err);
/* WN_EUSAGE where the objective is asked for a similarity or storage that it does not have, or labels are both used and
 * ignored. */
wn_code wn_cli_check_objective(const wn_cli *cli, wn_err *err);
/* The options of cli->preset. */
wn_code wn_cli_apply_preset(wn_cli *cli, wn_err *err);
/* Parts of a mixture, "facility-location=1,log-determinant=0.1", added to those that are there. */
wn_code wn_mix_set(wn_cli *cli, const char *value, wn_err *err);
/* WN_EUSAGE where limits on what is chosen together do not go with one another, or with how rows are chosen. */
wn_code wn_cli_check_limits(const wn_cli *cli, wn_err *err);
/* Makes the similarity cosine where the objective does not have that of `c`. */
void wn_cli_suit_similarity(wn_config *c);
/* The options of compare that hold lists and sizes, into the configuration. */
wn_code wn_cli_read_comparison(wn_cli *cli, wn_err *err);
/* WN_EUSAGE where an output would replace something that is read, another output, or a device. */
wn_code wn_cli_check_outputs(const wn_cli *cli, wn_err *err);

/* One "name = value", in the order given. */
typedef struct {
    const wn_option *option;
    const char *value;
    bool from_file;
    unsigned long line; /* of the configuration file; 0: command line, or a manifest */
} wn_assignment;
typedef struct {
    wn_assignment *v;
    size_t n, cap;
} wn_assignments;
wn_code wn_assignments_add(wn_assignments *list, const wn_assignment *a, wn_err *err);
wn_code wn_assignments_apply(wn_cli *cli, const wn_assignments *list, wn_err *err); /* sets the options, in order */

/* The option of a long name of n bytes, or NULL: that of the commands in `bits` where a name is used twice. */
const wn_option *wn_option_find(unsigned bits, const char *name, size_t n);
bool wn_option_given(const wn_cli *cli, const wn_option *o);
/* WN_EUSAGE: no such option (did you mean ...?), or one of other commands than those of `bit`. */
wn_code wn_option_unknown(unsigned bit, const char *name, size_t n, const char *dashes, wn_err *err);

/* merge: from here on it is the select of the job whose shards stand in `folder`. */
wn_code wn_cli_read_job(wn_cli *cli, const char *folder, wn_assignments *list, wn_err *err);
/* The assignments of a --config file, as far as they apply to cli->command. */
wn_code wn_cli_read_config(wn_cli *cli, const char *path, wn_assignments *list, wn_err *err);
/* Does the file hold a JSON object, as a manifest does? */
bool wn_cli_is_manifest(const char *path);
/* The same of the manifest.json of an output folder, which has to be one of cli->command; sets cli->replayed. */
wn_code wn_cli_read_manifest(wn_cli *cli, const char *path, wn_assignments *list, wn_err *err);
/* One member of its configuration as assignments. */
wn_code wn_cli_replay_option(wn_cli *cli, const cJSON *member, wn_assignments *list, wn_err *err);
/* select: config.found_records and records_note, and how the records are read where the command line does not say. */
wn_code wn_cli_find_records(wn_cli *cli, wn_err *err);
/* One more input; the path must live as long as cli. */
wn_code wn_cli_add_input(wn_cli *cli, const char *path, wn_err *err);
/* Inputs: those of the command line from argv[first], then those of --filelist; without any, those of the manifest;
 * and whether the command takes so many. */
wn_code wn_cli_take_inputs(wn_cli *cli, int first, int argc, char **argv, wn_err *err);

/* Sets one option from text. WN_EUSAGE says what was wanted. */
wn_code wn_option_set(wn_cli *cli, const wn_option *o, const char *value, wn_err *err);
/* Memory that lives as long as cli. */
void *wn_cli_own(wn_cli *cli, size_t n, wn_err *err);
char *wn_cli_own_string(wn_cli *cli, const char *s, size_t n, wn_err *err);

/* The value as one would type it, appended to out; entry is for OPT_LIST. */
void wn_option_print(const wn_cli *cli, const wn_option *o, size_t entry, wn_writer *out);
bool wn_option_has_word(const wn_option *o, const char *value); /* is it one of o->words? */
size_t wn_option_entries(const wn_cli *cli, const wn_option *o); /* how many values it has: 0 where unset */
bool wn_option_is_default(const wn_cli *cli, const wn_option *o);
/* config.command_line and config.json: every option that decides the result. */
wn_code wn_cli_canonical(wn_cli *cli, wn_err *err);
wn_code wn_cli_dump(const wn_cli *cli, wn_writer *out); /* as --config reads it */

/* The nearest of n names by edit distance, or NULL where none is near. */
const char *wn_suggest(const char *name, const char *const *names, size_t n);

/* Text for standard output. */
wn_code wn_help_general(wn_writer *out);
wn_code wn_help_command(const wn_command *c, wn_writer *out);
wn_code wn_help_man(const wn_command *c /* NULL: winnow(1) */, wn_writer *out);
wn_code wn_help_completion(const char *shell, wn_writer *out, wn_err *err); /* bash, zsh, fish */
wn_code wn_help_version(bool cured, wn_writer *out);

#endif
