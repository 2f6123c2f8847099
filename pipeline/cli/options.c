/* Reading the command line and the configuration file by the table. */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>

/* One "name = value", in the order given. */
typedef struct {
    const wn_option *option;
    const char *value;
    unsigned long line; /* of the configuration file; 0: command line */
} assignment;

typedef struct {
    assignment *v;
    size_t n, cap;
} assignments;

typedef struct owned {
    struct owned *next;
    size_t pad[7]; /* keeps what follows 64-byte aligned */
} owned;

void *wn_cli_own(wn_cli *cli, size_t n, wn_err *err) {
    owned *block = wn_alloc(1, sizeof *block + n, err);
    if (!block) return NULL;
    block->next = cli->owned;
    cli->owned = block;
    return block + 1;
}

char *wn_cli_own_string(wn_cli *cli, const char *s, size_t n, wn_err *err) {
    char *copy = wn_cli_own(cli, n + 1, err);
    if (copy) memcpy(copy, s, n);
    return copy;
}

void wn_cli_free(wn_cli *cli) {
    if (!cli) return;
    for (owned *block = cli->owned, *next; block; block = next) {
        next = block->next;
        wn_free(block);
    }
    *cli = (wn_cli){0};
}

const wn_command *wn_command_find(const char *name) {
    for (size_t i = 0; i < wn_ncommands; i++)
        if (strcmp(wn_commands[i].name, name) == 0) return &wn_commands[i];
    return NULL;
}

static const wn_option *find_long(const char *name, size_t n) {
    for (size_t i = 0; i < wn_noptions; i++)
        if (strlen(wn_options[i].name) == n && memcmp(wn_options[i].name, name, n) == 0) return &wn_options[i];
    return NULL;
}

static wn_code add(assignments *list, const wn_option *o, const char *value, unsigned long line, wn_err *err) {
    void *v = list->v;
    wn_code code = wn_reserve(&v, &list->cap, list->n + 1, sizeof *list->v, err);
    list->v = v;
    if (code == WN_OK) list->v[list->n++] = (assignment){o, value, line};
    return code;
}

/* ---- names that do not exist ---- */

static wn_code unknown_option(unsigned bit, const char *name, size_t n, const char *dashes, wn_err *err) {
    const char *names[128];
    char given[64], who[128] = "";
    size_t count = 0;
    if (n >= sizeof given) n = sizeof given - 1;
    memcpy(given, name, n);
    given[n] = 0;
    const wn_option *elsewhere = find_long(given, n);
    if (elsewhere) {
        for (size_t i = 0; i < wn_ncommands; i++)
            if (elsewhere->commands & wn_commands[i].bit)
                (void)snprintf(who + strlen(who), sizeof who - strlen(who), "%s%s", *who ? ", " : "", wn_commands[i].name);
        return wn_err_set(err, WN_EUSAGE, "%s%s does not apply here (it belongs to: %s)", dashes, given, who);
    }
    for (size_t i = 0; i < wn_noptions && count < 128; i++)
        if (wn_options[i].commands & bit) names[count++] = wn_options[i].name;
    const char *near = wn_suggest(given, names, count);
    if (near)
        return wn_err_set(err, WN_EUSAGE, "unknown option %s%s (did you mean %s%s?)", dashes, given, dashes, near);
    return wn_err_set(err, WN_EUSAGE, "unknown option %s%s", dashes, given);
}

static wn_code unknown_long(unsigned bit, const char *word, wn_err *err) {
    const char *name = word + 2, *first = NULL, *second = NULL;
    size_t n = strcspn(name, "=");
    for (size_t i = 0; i < wn_noptions; i++) {
        if (!(wn_options[i].commands & bit) || strncmp(wn_options[i].name, name, n) != 0) continue;
        if (first) second = wn_options[i].name;
        else first = wn_options[i].name;
    }
    if (second)
        return wn_err_set(err, WN_EUSAGE, "--%.*s could mean --%s or --%s", (int)n, name, first, second);
    return unknown_option(bit, name, n, "--", err);
}

/* ---- the command line ---- */

enum { LONG_BASE = 256 };

static wn_code scan_error(int got, const wn_command *command, char **argv, wn_err *err) {
    const wn_option *o = NULL;
    if (optopt >= LONG_BASE) o = &wn_options[optopt - LONG_BASE];
    for (size_t i = 0; !o && optopt > 0 && i < wn_noptions; i++)
        if (wn_options[i].letter == optopt && wn_options[i].commands & command->bit) o = &wn_options[i];
    if (got == ':' && o) return wn_err_set(err, WN_EUSAGE, "--%s needs a value: --%s %s", o->name, o->name, o->arg);
    if (optopt >= LONG_BASE && o) return wn_err_set(err, WN_EUSAGE, "--%s takes no value", o->name);
    if (optopt > 0) return wn_err_set(err, WN_EUSAGE, "unknown option -%c", optopt);
    return unknown_long(command->bit, argv[optind - 1], err);
}

static wn_code scan(const wn_command *command, int argc, char **argv, assignments *list, wn_err *err) {
    struct option longs[128];
    char shorts[256];
    size_t nlongs = 0, nshorts = 0;
    shorts[nshorts++] = ':';
    for (size_t i = 0; i < wn_noptions && nlongs < 127; i++) {
        const wn_option *o = &wn_options[i];
        if (!(o->commands & command->bit)) continue;
        longs[nlongs++] = (struct option){o->name, o->arg ? required_argument : no_argument, NULL, LONG_BASE + (int)i};
        if (!o->letter) continue;
        shorts[nshorts++] = o->letter;
        if (o->arg) shorts[nshorts++] = ':';
    }
    longs[nlongs] = (struct option){0};
    shorts[nshorts] = 0;
    opterr = 0;
    optind = 0; /* glibc: start afresh */
    for (int got; (got = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
        const wn_option *o = NULL;
        if (got == '?' || got == ':') return scan_error(got, command, argv, err);
        if (got >= LONG_BASE) o = &wn_options[got - LONG_BASE];
        for (size_t i = 0; !o && i < wn_noptions; i++)
            if (wn_options[i].letter == got && wn_options[i].commands & command->bit) o = &wn_options[i];
        wn_code code = add(list, o, o->arg ? optarg : "true", 0, err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

/* ---- files ---- */

/* Calls line(ctx, text, number) for every line of a file, its end trimmed of white space. A line is bounded: the name
 * of a binary file or a device, given by mistake, must not fill the memory. */
static wn_code each_line(const char *path, wn_code (*line)(void *, char *, size_t, unsigned long, wn_err *), void *ctx,
                         wn_err *err) {
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    if (!f) return wn_err_errno(err, "%s: cannot open", path);
    enum { LONGEST = 65536 };
    char *text = wn_alloc(LONGEST, 1, err);
    unsigned long number = 0;
    wn_code code = text ? WN_OK : WN_EMEMORY;
    for (int ch = 0; code == WN_OK && ch != EOF;) {
        size_t n = 0;
        while (n < LONGEST && (ch = getc(f)) != EOF && ch != '\n' && ch != 0) text[n++] = (char)ch;
        if (ch == EOF && n == 0) break;
        number++;
        if (n == LONGEST)
            code = wn_err_set(err, WN_EUSAGE, "%s:%lu: a line longer than 64 KiB", path, number);
        else if (ch == 0) code = wn_err_set(err, WN_EUSAGE, "%s:%lu: a zero byte in a text file", path, number);
        if (code != WN_OK) break;
        text[n] = 0;
        while (n > 0 && isspace((unsigned char)text[n - 1])) text[--n] = 0;
        code = line(ctx, text, n, number, err);
    }
    if (code == WN_OK && ferror(f)) code = wn_err_errno(err, "%s: cannot read", path);
    wn_free(text);
    if (f != stdin) (void)fclose(f);
    return code;
}

typedef struct {
    wn_cli *cli;
    const char *path;
    assignments *list;
} config_reader;

static wn_code config_line(void *ctx, char *text, size_t n, unsigned long number, wn_err *err) {
    config_reader *r = ctx;
    (void)n;
    while (isspace((unsigned char)*text)) text++;
    if (*text == 0 || *text == '#') return WN_OK;
    size_t name = strcspn(text, "= \t");
    const char *value = text + name + strspn(text + name, " \t");
    const wn_option *o = find_long(text, name);
    if (!o || o->offset == offsetof(wn_cli, config_file) || o->offset == offsetof(wn_cli, help)) {
        wn_code code = unknown_option(CMD_ALL, text, name, "", err);
        (void)wn_err_prefix(err, "%s:%lu: ", r->path, number);
        return code;
    }
    if (*value != '=')
        return wn_err_set(err, WN_EUSAGE, "%s:%lu: want a line \"%s = value\"", r->path, number, o->name);
    value += 1 + strspn(value + 1, " \t");
    if (!(o->commands & r->cli->command->bit)) return WN_OK; /* one file may serve several commands */
    char *copy = wn_cli_own_string(r->cli, value, strlen(value), err);
    return copy ? add(r->list, o, copy, number, err) : WN_EMEMORY;
}

typedef struct {
    wn_cli *cli;
    size_t cap;
} filelist_reader;

static wn_code add_input(wn_cli *cli, size_t *cap, const char *path, wn_err *err) {
    wn_config *c = &cli->config;
    if (c->ninputs == *cap) {
        *cap = *cap * 2 + 8;
        const char **grown = wn_cli_own(cli, *cap * sizeof *grown, err);
        if (!grown) return WN_EMEMORY;
        if (c->ninputs) memcpy(grown, c->inputs, c->ninputs * sizeof *grown);
        c->inputs = grown;
    }
    c->inputs[c->ninputs++] = path;
    return WN_OK;
}

static wn_code filelist_line(void *ctx, char *text, size_t n, unsigned long number, wn_err *err) {
    filelist_reader *r = ctx;
    (void)number;
    if (n == 0) return WN_OK;
    char *copy = wn_cli_own_string(r->cli, text, n, err);
    return copy ? add_input(r->cli, &r->cap, copy, err) : WN_EMEMORY;
}

/* ---- putting it together ---- */

static wn_code apply(wn_cli *cli, const assignments *list, wn_err *err) {
    for (size_t i = 0; i < list->n; i++) {
        const assignment *a = &list->v[i];
        bool repeated = false;
        for (size_t j = 0; j < i && !repeated; j++) repeated = list->v[j].option == a->option;
        if (a->option->kind == OPT_LIST && !repeated) { /* replaces what a weaker source said */
            memset((char *)cli + a->option->offset, 0, sizeof(char **) + sizeof(size_t));
        }
        wn_code code = wn_option_set(cli, a->option, a->value, err);
        if (code == WN_OK) {
            cli->given[a->option - wn_options] = true;
            continue;
        }
        if (a->line) (void)wn_err_prefix(err, "%s:%lu: ", cli->config_file, a->line);
        return code;
    }
    return WN_OK;
}

static wn_code set_defaults(wn_cli *cli, wn_err *err) {
    for (size_t i = 0; i < wn_noptions; i++) {
        const wn_option *o = &wn_options[i];
        if (!o->initial) continue;
        wn_code code = wn_option_set(cli, o, o->initial, err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

static wn_code apply_preset(wn_cli *cli, wn_err *err) {
    static const char *const paper[][2] = {
        {"objective", "graph-cut"}, {"similarity", "cosine"}, {"lambda", "10"}, {"dedup", "off"}};
    for (size_t i = 0; cli->preset && i < sizeof paper / sizeof paper[0]; i++) {
        wn_code code = wn_option_set(cli, find_long(paper[i][0], strlen(paper[i][0])), paper[i][1], err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

static const char *last_value(const assignments *list, size_t offset) {
    const char *value = NULL;
    for (size_t i = 0; i < list->n; i++)
        if (list->v[i].option->offset == offset) value = list->v[i].value;
    return value;
}

static wn_code take_inputs(wn_cli *cli, int argc, char **argv, wn_err *err) {
    filelist_reader r = {.cli = cli};
    const wn_command *command = cli->command;
    for (int i = optind; i < argc; i++) {
        wn_code code = add_input(cli, &r.cap, argv[i], err);
        if (code != WN_OK) return code;
    }
    if (cli->filelist) {
        wn_code code = each_line(cli->filelist, filelist_line, &r, err);
        if (code != WN_OK) return code;
    }
    size_t n = cli->config.ninputs;
    if (n == 0 || n < command->min_args)
        return wn_err_set(err, WN_EUSAGE, "%s: winnow %s %s", n ? "an argument is missing" : "no input was named",
                          command->name, command->args);
    if (n > command->max_args)
        return wn_err_set(err, WN_EUSAGE, "one argument too many: \"%.200s\" (winnow %s %s)",
                          cli->config.inputs[command->max_args], command->name, command->args);
    if (command->bit == CMD_EXPLAIN) {
        cli->config.id = cli->config.inputs[1];
        cli->config.ninputs = 1;
    }
    return WN_OK;
}

static bool given(const wn_cli *cli, const char *name) { return cli->given[find_long(name, strlen(name)) - wn_options]; }

/* --model and what goes only with it, or never. */
static wn_code check_model(const wn_cli *cli, wn_err *err) {
    static const char *const only[] = {"precision", "layer", "pooling", "all-layers", "max-tokens", "verify", "resume"};
    static const char *const never[] = {"dims", "save-encoder", "load-encoder"};
    const wn_config *c = &cli->config;
    if (cli->command->bit == CMD_TOKENIZE) {
        if (!c->model) return wn_err_set(err, WN_EUSAGE, "--model is missing: whose tokenizer?");
        if (c->ntext_fields > 2) return wn_err_set(err, WN_EUSAGE, "--text-field: one for texts, two for pairs, not %zu", c->ntext_fields);
        return WN_OK;
    }
    if (!c->model && c->encoder == WN_ENC_BERT)
        return wn_err_set(err, WN_EUSAGE, "--encoder bert needs a --model (tools/get-minilm fetches one)");
    for (size_t i = 0; !c->model && i < sizeof only / sizeof *only; i++)
        if (given(cli, only[i])) return wn_err_set(err, WN_EUSAGE, "--%s needs a --model", only[i]);
    for (size_t i = 0; c->model && i < sizeof never / sizeof *never; i++)
        if (given(cli, never[i])) return wn_err_set(err, WN_EUSAGE, "--%s does not go with --model", never[i]);
    if (c->model && c->encoder != WN_ENC_BERT)
        return wn_err_set(err, WN_EUSAGE, "--model names an encoder of its own: leave --encoder out");
    if (c->shards && !c->model && !c->load_encoder)
        return wn_err_set(err, WN_EUSAGE, "--shard needs --model or --load-encoder: an encoder fitted to one shard does not suit the others");
    return WN_OK;
}

/* Options that make no sense without or beside one another. */
static wn_code check_together(const wn_cli *cli, wn_err *err) {
    const wn_config *c = &cli->config;
    unsigned bit = cli->command->bit;
    if ((bit & (CMD_RUN | CMD_EMBED | CMD_DEDUP | CMD_GRAPH | CMD_SELECT)) && !c->output)
        return wn_err_set(err, WN_EUSAGE, "-o is missing: where should the output go?");
    if ((bit & (CMD_RUN | CMD_SELECT)) && c->k <= 0)
        return wn_err_set(err, WN_EUSAGE, "-k is missing: how many to choose, a count (-k 1000) or a percentage (-k 10%%)?");
    wn_code code = check_model(cli, err);
    if (code != WN_OK) return code;
    if (c->encoder == WN_ENC_DOC2VEC && c->negative == 0 && !c->hierarchical)
        return wn_err_set(err, WN_EUSAGE, "--negative 0 needs --hierarchical");
    if (c->save_encoder && c->load_encoder)
        return wn_err_set(err, WN_EUSAGE, "--save-encoder and --load-encoder together: a loaded encoder is saved already");
    if (c->ninputs > 1)
        for (size_t i = 0; i < c->ninputs; i++)
            for (size_t j = 0; j < i && strcmp(c->inputs[i], "-") == 0; j++)
                if (strcmp(c->inputs[j], "-") == 0) return wn_err_set(err, WN_EUSAGE, "- is named twice");
    return WN_OK;
}

wn_code wn_cli_parse(wn_cli *cli, const wn_command *command, int argc, char **argv, wn_err *err) {
    assignments line = {0}, file = {0};
    *cli = (wn_cli){.command = command};
    wn_code code = WN_EMEMORY;
    cli->given = wn_cli_own(cli, wn_noptions * sizeof *cli->given, err);
    if (!cli->given) goto out;
    if ((code = scan(command, argc, argv, &line, err)) != WN_OK) goto out;
    cli->help = last_value(&line, offsetof(wn_cli, help)) != NULL;
    if (cli->help) goto out;
    cli->config_file = last_value(&line, offsetof(wn_cli, config_file));
    if (cli->config_file) {
        config_reader reader = {cli, cli->config_file, &file};
        if ((code = each_line(cli->config_file, config_line, &reader, err)) != WN_OK) goto out;
    }
    if ((code = set_defaults(cli, err)) != WN_OK) goto out;
    if ((code = apply(cli, &file, err)) != WN_OK || (code = apply(cli, &line, err)) != WN_OK) goto out;
    if (cli->preset) { /* weaker than both */
        if ((code = apply_preset(cli, err)) != WN_OK) goto out;
        if ((code = apply(cli, &file, err)) != WN_OK || (code = apply(cli, &line, err)) != WN_OK) goto out;
    }
    if (cli->config.model && !given(cli, "encoder")) cli->config.encoder = WN_ENC_BERT;
    if (cli->dump_config) goto out;
    if ((code = take_inputs(cli, argc, argv, err)) != WN_OK) goto out;
    if ((code = check_together(cli, err)) != WN_OK) goto out;
    if ((code = wn_cli_check_outputs(cli, err)) != WN_OK) goto out;
    code = wn_cli_canonical(cli, err);
out:
    wn_free(line.v);
    wn_free(file.v);
    return code;
}
