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

static wn_code unknown_long(unsigned bit, const char *word, wn_err *err) {
    const char *name = word + 2, *first = NULL, *second = NULL;
    size_t n = strcspn(name, "=");
    for (size_t i = 0; i < wn_noptions; i++) {
        if (!(wn_options[i].commands & bit) || strncmp(wn_options[i].name, name, n) != 0) continue;
        if (first)
            second = wn_options[i].name;
        else
            first = wn_options[i].name;
    }
    if (second) return wn_err_set(err, WN_EUSAGE, "--%.*s could mean --%s or --%s", (int)n, name, first, second);
    return wn_option_unknown(bit, name, n, "--", err);
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

static wn_code scan_line(const wn_command *command, int argc, char **argv, wn_assignments *list, wn_err *err) {
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
        wn_code code = wn_assignments_add(list, &(wn_assignment){.option = o, .value = o->arg ? optarg : "true"}, err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

/* ---- putting it together ---- */

static wn_code set_defaults(wn_cli *cli, wn_err *err) {
    for (size_t i = 0; i < wn_noptions; i++) {
        const wn_option *o = &wn_options[i];
        if (!o->initial) continue;
        wn_code code = wn_option_set(cli, o, o->initial, err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

/* The last value that the list gives an option, or NULL. */
static const char *value_of(const wn_assignments *list, const char *name) {
    const char *value = NULL;
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->v[i].option->name, name) == 0) value = list->v[i].value;
    return value;
}

/* An option that is given, and says that another objective than class-herding is meant; NULL: none. A file that spells
 * out defaults, as --dump-config does, means the objective that it has. */
static const char *means_another(const wn_cli *cli, const wn_assignments *file, const wn_assignments *line) {
    static const struct {
        const char *name, *same[2]; /* values that class-herding has, too */
    } others[] = {{"objective", {NULL}}, {"components", {"64"}}, {"gamma", {NULL}}, {"lambda", {NULL}},
                  {"similarity", {"cosine"}}, {"maximizer", {"auto", "matrix-free"}}, {"partitions", {NULL}},
                  {"group-field", {NULL}}, {"budget", {NULL}}, {"max-similarity", {"off"}}, {"against", {NULL}}};
    if (cli->preset) return "preset";
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const char *value = value_of(line, others[i].name);
        if (!value) value = value_of(file, others[i].name);
        bool same = !value;
        for (size_t k = 0; k < 2 && value && others[i].same[k]; k++) same = same || !strcmp(value, others[i].same[k]);
        if (!same) return others[i].name;
    }
    return NULL;
}

/* Labels that are there decide, unless another objective is meant. class-herding has one similarity. Where labels do
 * not decide, --labels says so: the canonical command leaves defaults out, and would make them decide. */
static wn_code choose_by_labels(wn_cli *cli, const wn_assignments *file, const wn_assignments *line, wn_err *err) {
    wn_config *c = &cli->config;
    const char *other = means_another(cli, file, line);
    if (!(cli->command->bit & (CMD_RUN | CMD_SELECT))) return WN_OK;
    if (c->query_path && c->query_weight >= 1) { /* no objective is asked */
        if (c->label_field)
            c->labels_note = "note: all rows are chosen toward the queries: the labels are for report and output alone";
        return WN_OK;
    }
    if (c->label_field && !other && !c->ignore_labels) c->objective = WN_CLASS_HERDING;
    if (!value_of(file, "similarity") && !value_of(line, "similarity")) wn_cli_suit_similarity(c);
    if (!c->label_field || c->objective != WN_GRAPH_CUT || value_of(line, "labels")) return WN_OK;
    c->ignore_labels = true;
    if (!other || strcmp(other, "objective") == 0 || strcmp(other, "preset") == 0) return WN_OK;
    char note[160];
    const int n = snprintf(note, sizeof note, "note: --%s belongs to another objective than class-herding: the labels "
                           "are for report and output alone", other);
    return (c->labels_note = wn_cli_own_string(cli, note, (size_t)n, err)) ? WN_OK : WN_EMEMORY;
}

/* What the model's folder holds says who opens it; what is wrong with it is told there. */
static void choose_by_model(wn_cli *cli) {
    const wn_option *encoder = wn_option_find(cli->command->bit, "encoder", 7);
    char *dir = NULL;
    wn_err ignored;
    bool table = false;
    if (!cli->config.model || !encoder || wn_option_given(cli, encoder)) return;
    if (wn_model_find(&dir, cli->config.model, &ignored) == WN_OK) (void)wn_model_is_static(&table, dir, &ignored);
    cli->config.encoder = table ? WN_ENC_STATIC : WN_ENC_BERT;
    wn_free(dir);
}

static const char *last_value(const wn_assignments *list, size_t offset) {
    const char *value = NULL;
    for (size_t i = 0; i < list->n; i++)
        if (list->v[i].option->offset == offset) value = list->v[i].value;
    return value;
}

wn_code wn_cli_parse(wn_cli *cli, const wn_command *command, int argc, char **argv, wn_err *err) {
    wn_assignments line = {0}, file = {0};
    *cli = (wn_cli){.command = command};
    wn_code code = WN_EMEMORY;
    cli->given = wn_cli_own(cli, wn_noptions * sizeof *cli->given, err);
    cli->typed = wn_cli_own(cli, wn_noptions * sizeof *cli->typed, err);
    if (!cli->given || !cli->typed) goto out;
    if ((code = scan_line(command, argc, argv, &line, err)) != WN_OK) goto out;
    cli->help = last_value(&line, offsetof(wn_cli, help)) != NULL;
    if (cli->help) goto out;
    cli->config_file = last_value(&line, offsetof(wn_cli, config_file));
    if (cli->config_file) {
        if ((code = wn_cli_read_config(cli, cli->config_file, &file, err)) != WN_OK) goto out;
    }
    if (command->bit == CMD_MERGE) {
        if (argc - optind != 1) {
            code = wn_err_set(err, WN_EUSAGE, "one folder of shards is wanted: winnow merge %s", command->args);
            goto out;
        }
        if ((code = wn_cli_read_job(cli, argv[optind++], &file, err)) != WN_OK) goto out;
    }
    if ((code = set_defaults(cli, err)) != WN_OK) goto out;
    if ((code = wn_assignments_apply(cli, &file, err)) != WN_OK) goto out;
    if ((code = wn_assignments_apply(cli, &line, err)) != WN_OK) goto out;
    if (cli->preset) { /* weaker than both */
        if ((code = wn_cli_apply_preset(cli, err)) != WN_OK) goto out;
        if ((code = wn_assignments_apply(cli, &file, err)) != WN_OK) goto out;
        if ((code = wn_assignments_apply(cli, &line, err)) != WN_OK) goto out;
    }
    if ((code = choose_by_labels(cli, &file, &line, err)) != WN_OK) goto out;
    choose_by_model(cli);
    if (cli->dump_config) goto out;
    if (command->bit == CMD_COMPARE && (code = wn_cli_read_comparison(cli, err)) != WN_OK) goto out;
    if ((code = wn_cli_take_inputs(cli, optind, argc, argv, err)) != WN_OK) goto out;
    if ((code = wn_cli_find_records(cli, err)) != WN_OK) goto out;
    if ((code = wn_cli_check_together(cli, err)) != WN_OK) goto out;
    if ((code = wn_cli_check_outputs(cli, err)) != WN_OK) goto out;
    if (!cli->config.parts_folder) code = wn_cli_canonical(cli, err);
out:
    wn_free(line.v);
    wn_free(file.v);
    return code;
}
