/* The options of compare that hold lists and sizes: budgets, methods with options of their own, scenarios. */
#include "options.h"

#include "commands/options.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Part of an option's value between two separators, as a string of its own. */
static wn_code next_piece(wn_cli *cli, const char **at, char separator, const char **piece, wn_err *err) {
    const char *end = strchr(*at, separator);
    size_t n = end ? (size_t)(end - *at) : strlen(*at);
    *piece = wn_cli_own_string(cli, *at, n, err);
    *at = end ? end + 1 : NULL;
    return *piece ? WN_OK : WN_EMEMORY;
}

static size_t count_pieces(const char *list, char separator) {
    size_t n = 1;
    for (const char *p = list; *p; p++) n += *p == separator;
    return n;
}

static const wn_option *option_named(const char *name) {
    return wn_option_find(CMD_SELECT, name, strlen(name));
}

/* ---- sizes ---- */

/* A count or a percentage as -k takes it. */
static wn_code read_size(wn_size_opts *out, const char *option, const char *value, wn_err *err) {
    wn_cli one = {0};
    wn_err why = {0};
    wn_code code = wn_option_set(&one, option_named("k"), value, &why);
    if (code == WN_EUSAGE)
        return wn_err_set(err, WN_EUSAGE,
                          "%s: \"%.60s\" will not do: want a count of 1 or more, or a percentage above 0%% and at most "
                          "100%%",
                          option, value);
    if (code != WN_OK) *err = why;
    *out = (wn_size_opts){.k = one.config.k, .percent = one.config.k_percent};
    return code;
}

/* A percentage: "20%". */
static wn_code read_percent(double *out, const char *option, const char *value, double most, wn_err *err) {
    wn_size_opts size = {0};
    wn_code code = read_size(&size, option, value, &(wn_err){0});
    if (code != WN_OK || !size.percent || size.k > most)
        return wn_err_set(err, WN_EUSAGE, "%s: \"%.60s\" will not do: want a percentage above 0%% and at most %g%%",
                          option, value, most);
    *out = size.k;
    return WN_OK;
}

static wn_code read_budgets(wn_cli *cli, wn_err *err) {
    const char *at = cli->budgets, *piece = NULL;
    wn_code code;
    if (!at) return WN_OK;
    wn_size_opts *budgets = wn_cli_own(cli, count_pieces(at, ',') * sizeof *budgets, err);
    if (!budgets) return WN_EMEMORY;
    for (size_t n = 0; at; n++) {
        if ((code = next_piece(cli, &at, ',', &piece, err)) != WN_OK) return code;
        if ((code = read_size(&budgets[n], "--budgets", piece, err)) != WN_OK) return code;
        for (size_t i = 0; i < n; i++)
            if (budgets[i].k == budgets[n].k && budgets[i].percent == budgets[n].percent)
                return wn_err_set(err, WN_EUSAGE, "--budgets: \"%.60s\" stands there twice", piece);
        cli->config.nbudgets = n + 1;
    }
    cli->config.budgets = budgets;
    return WN_OK;
}

/* "1%x100". */
static wn_code read_copies(wn_cli *cli, wn_err *err) {
    unsigned long long times = 0;
    char rest = 0;
    const char *value = cli->copies, *at = value, *share = NULL;
    wn_code code;
    if (!value) return WN_OK;
    if ((code = next_piece(cli, &at, 'x', &share, err)) != WN_OK) return code;
    if (!at || *at < '0' || *at > '9' || sscanf(at, "%9llu%c", &times, &rest) != 1 || times < 2 ||
        read_percent(&cli->config.copies_percent, "--inject-duplicates", share, 100, &(wn_err){0}) != WN_OK)
        return wn_err_set(
            err, WN_EUSAGE,
            "--inject-duplicates: \"%.60s\" will not do: want a percentage of the rows and how often each "
            "of them shall stand there, 2 or more: 1%%x100",
            value);
    cli->config.copies_times = (size_t)times;
    return WN_OK;
}

/* ---- methods ---- */

/* The kind and, where that makes a method, the objective of a word. */
static bool method_of_word(const char *word, wn_method *m, wn_config *c) {
    static const char *const words[] = {
#define METHOD_WORD(value, text, choose) [value] = text,
        WN_METHODS(METHOD_WORD)
#undef METHOD_WORD
    };
    for (size_t i = 0; i < WN_METHOD_KINDS; i++)
        if (strcmp(words[i], word) == 0) {
            m->kind = (wn_method_kind)i;
            c->objective = m->kind == WN_METHOD_OBJECTIVE ? WN_CLASS_HERDING /* there are labels */ : WN_RANDOM;
            if (m->kind == WN_METHOD_FULL) c->dedup = WN_DEDUP_OFF;
            return true;
        }
    m->kind = WN_METHOD_OBJECTIVE;
    if (!wn_objective_named(word, &c->objective) || c->objective >= WN_RDS /* there are no queries */) return false;
    if (c->objective == WN_RANDOM) c->dedup = WN_DEDUP_OFF;
    return true;
}

static wn_code unknown_method(const char *word, wn_err *err) {
#define METHOD_LISTED(value, text, choose) ", " text
#define OBJECTIVE_LISTED(value, text) ", " text
    static const char listed[] = WN_METHODS(METHOD_LISTED) WN_SET_OBJECTIVES(OBJECTIVE_LISTED);
#undef METHOD_LISTED
#undef OBJECTIVE_LISTED
    return wn_err_set(err, WN_EUSAGE, "--methods: \"%.60s\" is no method; there are %s", word, listed + 2);
}

/* Options that a method takes start as select has them, whatever this command's line says. */
static wn_code method_defaults(wn_cli *one, wn_err *err) {
    for (size_t i = 0; i < wn_noptions; i++) {
        const wn_option *o = &wn_options[i];
        if (!o->initial || !(o->traits & WN_OPTION_METHOD || o == option_named("objective"))) continue;
        wn_code code = wn_option_set(one, o, o->initial, err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

static wn_code method_option(wn_cli *one, const char *word, const char *text, wn_err *err) {
    const char *equals = strchr(text, '=');
    size_t n = equals ? (size_t)(equals - text) : strlen(text);
    const wn_option *o = wn_option_find(CMD_SELECT, text, n);
    if (!equals || !o || !(o->traits & WN_OPTION_METHOD))
        return wn_err_set(err, WN_EUSAGE,
                          "--methods: \"%.60s\" of %.60s is no option of a method: want similarity, components, "
                          "gamma, radius, lambda, saturation, quota, push, maximizer, epsilon, neighbours, dedup or "
                          "seed, and =VALUE",
                          text, word);
    wn_code code = wn_option_set(one, o, equals + 1, err);
    if (code != WN_OK) return wn_err_prefix(err, "--methods %s: ", word);
    one->given[o - wn_options] = true;
    return WN_OK;
}

static wn_code read_method(wn_cli *cli, wn_method *m, const char *spelt, wn_err *err) {
    wn_cli one = {.command = cli->command};
    const char *at = spelt, *word = NULL, *piece = NULL;
    wn_code code = WN_EMEMORY;
    *m = (wn_method){.name = spelt};
    if (!(one.given = wn_cli_own(cli, wn_noptions * sizeof *one.given, err))) goto out;
    if ((code = method_defaults(&one, err)) != WN_OK) goto out;
    if ((code = next_piece(cli, &at, ':', &word, err)) != WN_OK) goto out;
    if (!method_of_word(word, m, &one.config)) {
        code = unknown_method(word, err);
        goto out;
    }
    while (at) {
        if ((code = next_piece(cli, &at, ':', &piece, err)) != WN_OK) goto out;
        if ((code = method_option(&one, word, piece, err)) != WN_OK) goto out;
    }
    if (!one.given[option_named("similarity") - wn_options]) wn_cli_suit_similarity(&one.config);
    if ((code = wn_cli_check_objective(&one, err)) != WN_OK || (code = wn_cli_check_limits(&one, err)) != WN_OK ||
        (code = wn_cli_check_effects(&one, err)) != WN_OK) {
        (void)wn_err_prefix(err, "--methods %s: ", word);
        goto out;
    }
    const wn_config *c = &one.config;
    m->objective = c->objective, m->similarity = c->similarity, m->lambda = c->lambda;
    m->gamma = c->similarity == WN_BALL ? c->radius : c->gamma;
    m->saturation = c->saturation;
    m->components = m->similarity == WN_RBF && m->objective != WN_RANDOM ? c->components : 0;
    m->classes = wn_config_classes(c), m->quotas = c->quota != NULL, m->push = c->push;
    m->storage = wn_config_storage(c), m->maximizer = wn_config_maximizer(c);
    m->epsilon = c->epsilon, m->neighbours = c->neighbours;
    m->dedup = c->dedup, m->dedup_threshold = c->dedup_threshold;
    m->seeded = one.given[option_named("seed") - wn_options], m->seed = c->seed;
out:
    wn_cli_free(&one);
    return code;
}

/* The baselines, then those asked for; a spelling that is there already stays once. */
static wn_code read_methods(wn_cli *cli, wn_err *err) {
    static const char *const always[] = {"random", "dedup+random", "balanced-random", "stratified-random", "full"};
    enum { ALWAYS = sizeof always / sizeof *always };
    const char *at = cli->methods, *piece = NULL;
    size_t n = 0;
    wn_code code;
    wn_method *methods = wn_cli_own(cli, (ALWAYS + (at ? count_pieces(at, ',') : 0)) * sizeof *methods, err);
    if (!methods) return WN_EMEMORY;
    for (; n < ALWAYS; n++) {
        if ((code = read_method(cli, &methods[n], always[n], err)) != WN_OK) return code;
        methods[n].baseline = true;
    }
    while (at) {
        bool there = false;
        if ((code = next_piece(cli, &at, ',', &piece, err)) != WN_OK) return code;
        for (size_t i = 0; i < n && !there; i++) there = strcmp(methods[i].name, piece) == 0;
        if (there) continue;
        if ((code = read_method(cli, &methods[n], piece, err)) != WN_OK) return code;
        n++;
    }
    cli->config.methods = methods, cli->config.nmethods = n;
    return WN_OK;
}

wn_code wn_cli_read_comparison(wn_cli *cli, wn_err *err) {
    wn_config *c = &cli->config;
    wn_code code;
    size_t n = cli->test ? strlen(cli->test) : 0;
    c->test_path = NULL;
    if (n && cli->test[n - 1] == '%') {
        if ((code = read_percent(&c->test_percent, "--test", cli->test, 90, err)) != WN_OK) return code;
    } else {
        c->test_path = cli->test;
    }
    if ((code = read_percent(&c->pool_share, "--pool-share", cli->pool_share, 100, err)) != WN_OK) return code;
    if (cli->noise && (code = read_percent(&c->label_noise, "--label-noise", cli->noise, 100, err)) != WN_OK)
        return code;
    if ((code = read_copies(cli, err)) != WN_OK) return code;
    if ((code = read_budgets(cli, err)) != WN_OK) return code;
    return read_methods(cli, err);
}
