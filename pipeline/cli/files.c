/* Files that the command line names: --config and --filelist; and the inputs. */
#include "options.h"

#include <ctype.h>
#include <string.h>
#include <winnow/mem.h>
#include <wn/textfile.h>

/* Calls line(ctx, text, number) for every line of a text file, its end trimmed of white space. */
typedef wn_code (*line_sink)(void *ctx, char *text, size_t n, unsigned long number, wn_err *err);
static wn_code each_line(const char *path, line_sink line, void *ctx, wn_err *err) {
    enum { LONGEST = 65536, MOST = 256 << 20 };
    char *text = NULL;
    size_t len = 0;
    unsigned long number = 0;
    wn_code code = wn_textfile_read(&text, &len, path, MOST, err);
    if (code != WN_OK) goto out;
    for (size_t at = 0, next; at < len; at = next) {
        char *feed = memchr(text + at, '\n', len - at);
        size_t n = feed ? (size_t)(feed - text) - at : len - at;
        next = at + n + 1;
        number++;
        if (n >= LONGEST) {
            code = wn_err_set(err, WN_EUSAGE, "%s:%lu: a line longer than 64 KiB", path, number);
            goto out;
        }
        while (n > 0 && isspace((unsigned char)text[at + n - 1])) n--;
        text[at + n] = 0;
        if ((code = line(ctx, text + at, n, number, err)) != WN_OK) goto out;
    }
out:
    wn_free(text);
    return code;
}

typedef struct {
    wn_cli *cli;
    const char *path;
    wn_assignments *list;
} config_reader;

static wn_code config_line(void *ctx, char *text, size_t n, unsigned long number, wn_err *err) {
    config_reader *r = ctx;
    (void)n;
    while (isspace((unsigned char)*text)) text++;
    if (*text == 0 || *text == '#') return WN_OK;
    size_t name = strcspn(text, "= \t");
    const char *value = text + name + strspn(text + name, " \t");
    const wn_option *o = wn_option_find(r->cli->command->bit, text, name);
    if (!o || o->offset == offsetof(wn_cli, config_file) || o->offset == offsetof(wn_cli, help)) {
        wn_code code = wn_option_unknown(CMD_ALL, text, name, "", err);
        (void)wn_err_prefix(err, "%s:%lu: ", r->path, number);
        return code;
    }
    if (*value != '=')
        return wn_err_set(err, WN_EUSAGE, "%s:%lu: want a line \"%s = value\"", r->path, number, o->name);
    value += 1 + strspn(value + 1, " \t");
    if (!(o->commands & r->cli->command->bit)) return WN_OK; /* one file may serve several commands */
    char *copy = wn_cli_own_string(r->cli, value, strlen(value), err);
    const wn_assignment a = {.option = o, .value = copy, .from_file = true, .line = number};
    return copy ? wn_assignments_add(r->list, &a, err) : WN_EMEMORY;
}

wn_code wn_cli_add_input(wn_cli *cli, const char *path, wn_err *err) {
    wn_config *c = &cli->config;
    if (c->ninputs == cli->inputs_cap) {
        cli->inputs_cap = cli->inputs_cap * 2 + 8;
        const char **grown = wn_cli_own(cli, cli->inputs_cap * sizeof *grown, err);
        if (!grown) return WN_EMEMORY;
        if (c->ninputs) memcpy(grown, c->inputs, c->ninputs * sizeof *grown);
        c->inputs = grown;
    }
    c->inputs[c->ninputs++] = path;
    return WN_OK;
}

static wn_code filelist_line(void *ctx, char *text, size_t n, unsigned long number, wn_err *err) {
    wn_cli *cli = ctx;
    (void)number;
    if (n == 0) return WN_OK;
    char *copy = wn_cli_own_string(cli, text, n, err);
    return copy ? wn_cli_add_input(cli, copy, err) : WN_EMEMORY;
}

wn_code wn_cli_read_config(wn_cli *cli, const char *path, wn_assignments *list, wn_err *err) {
    if (wn_cli_is_manifest(path)) return wn_cli_read_manifest(cli, path, list, err);
    config_reader reader = {cli, path, list};
    return each_line(path, config_line, &reader, err);
}

wn_code wn_cli_take_inputs(wn_cli *cli, int first, int argc, char **argv, wn_err *err) {
    const wn_command *command = cli->command;
    for (int i = first; i < argc; i++) {
        wn_code code = wn_cli_add_input(cli, argv[i], err);
        if (code != WN_OK) return code;
    }
    if (cli->filelist) {
        wn_code code = each_line(cli->filelist, filelist_line, cli, err);
        if (code != WN_OK) return code;
    }
    for (size_t i = 0; !cli->filelist && first >= argc && i < cli->nreplayed; i++) {
        wn_code code = wn_cli_add_input(cli, cli->replayed[i], err);
        if (code != WN_OK) return code;
    }
    if (command->bit == CMD_STREAM && cli->config.ninputs == 0) {
        wn_code code = wn_cli_add_input(cli, "-", err);
        if (code != WN_OK) return code;
    }
    size_t n = cli->config.ninputs;
    if ((n == 0 && command->max_args) || n < command->min_args)
        return wn_err_set(err, WN_EUSAGE, "%s: winnow %s %s", n ? "an argument is missing" : "no input was named",
                          command->name, command->args);
    if (n > command->max_args)
        return wn_err_set(err, WN_EUSAGE, "one argument too many: \"%.200s\" (winnow %s %s)",
                          cli->config.inputs[command->max_args], command->name, command->args);
    if (command->bit == CMD_EXPLAIN) {
        cli->config.id = cli->config.inputs[1];
        cli->config.ninputs = 1;
    }
    if (command->bit == CMD_SCORE) { /* the model is the first */
        cli->config.model = *cli->config.inputs++;
        cli->config.ninputs--;
    }
    return WN_OK;
}
