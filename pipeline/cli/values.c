/* Option values: from text to the configuration and back. */
#include "options.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>

static void *option_field(wn_cli *cli, const wn_option *o) {
    return (char *)cli + o->offset;
}
static const void *option_value_at(const wn_cli *cli, const wn_option *o) {
    return (const char *)cli + o->offset;
}

/* Index of value in "a|b|c", or -1. */
static int word_index(const char *words, const char *value) {
    size_t n = strlen(value);
    int at = 0;
    for (const char *w = words; w; at++) {
        const char *end = strchr(w, '|');
        size_t len = end ? (size_t)(end - w) : strlen(w);
        if (len == n && memcmp(w, value, n) == 0) return at;
        w = end ? end + 1 : NULL;
    }
    return -1;
}

bool wn_option_has_word(const wn_option *o, const char *value) {
    return word_index(o->words, value) >= 0;
}

static const char *word_at(const char *words, int index, size_t *len) {
    for (; index > 0; index--) words = strchr(words, '|') + 1;
    const char *end = strchr(words, '|');
    *len = end ? (size_t)(end - words) : strlen(words);
    return words;
}

static wn_code value_wanted(const wn_option *o, const char *value, const char *what, wn_err *err) {
    return wn_err_set(err, WN_EUSAGE, "--%s: \"%.60s\" will not do: want %s", o->name, value, what);
}

static bool parse_unsigned(const char *s, unsigned long long *out) {
    if (*s < '0' || *s > '9') return false;
    char *end = NULL;
    errno = 0;
    unsigned long long v = strtoull(s, &end, 10);
    if (errno != 0 || *end != 0) return false;
    *out = v;
    return true;
}

static bool parse_real(const char *s, double *out) {
    if (*s == 0 || strspn(s, "0123456789+-.eE") != strlen(s)) return false;
    char *end = NULL;
    double v = strtod(s, &end);
    if (*end != 0 || !isfinite(v)) return false;
    *out = v;
    return true;
}

static wn_code set_count(const wn_option *o, const char *value, unsigned long long *out, wn_err *err) {
    char what[96];
    if (parse_unsigned(value, out) && (double)*out >= o->low && (double)*out <= o->high) return WN_OK;
    if (o->high >= 1e15)
        (void)snprintf(what, sizeof what, "a whole number of %.0f or more", o->low);
    else
        (void)snprintf(what, sizeof what, "a whole number from %.0f to %.0f", o->low, o->high);
    return value_wanted(o, value, what, err);
}

static wn_code set_real(const wn_option *o, const char *value, double *out, wn_err *err) {
    if (o->words && strcmp(value, o->words) == 0) {
        *out = NAN;
        return WN_OK;
    }
    double v = 0;
    if (parse_real(value, &v) && v >= o->low && v <= o->high) {
        *out = v == 0 ? 0 : v; /* -0 is 0 */
        return WN_OK;
    }
    char what[96], range[48];
    if (o->low == DBL_MIN)
        (void)snprintf(range, sizeof range, "above 0 and at most %g", o->high);
    else
        (void)snprintf(range, sizeof range, "from %g to %g", o->low, o->high);
    (void)snprintf(what, sizeof what, "a number %s%s%s", range, o->words ? ", or " : "", o->words ? o->words : "");
    return value_wanted(o, value, what, err);
}

static wn_code set_bytes(const wn_option *o, const char *value, size_t *out, wn_err *err) {
    static const struct {
        const char *suffix;
        int shift;
    } units[] = {{"", 0},   {"K", 10},   {"KiB", 10}, {"M", 20},  {"MiB", 20},
                 {"G", 30}, {"GiB", 30}, {"T", 40},   {"TiB", 40}};
    char number[32];
    size_t digits = strspn(value, "0123456789.");
    double v = 0;
    if (digits > 0 && digits < sizeof number) {
        memcpy(number, value, digits);
        number[digits] = 0;
        for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
            if (strcmp(value + digits, units[u].suffix) != 0 || !parse_real(number, &v)) continue;
            v = ldexp(v, units[u].shift);
            if (v < 1 || v >= 0x1p62) break;
            *out = (size_t)v;
            return WN_OK;
        }
    }
    return value_wanted(o, value, "a size like 800M or 4G (K, M, G, T; also KiB, ...)", err);
}

/* "12.5%" */
static bool parse_percent(const char *s, double *out) {
    char number[32];
    size_t n = strlen(s);
    if (n < 2 || n >= sizeof number || s[n - 1] != '%') return false;
    memcpy(number, s, n - 1);
    number[n - 1] = 0;
    return parse_real(number, out) && *out >= 0 && *out <= 100;
}

static wn_code set_k(const wn_option *o, const char *value, wn_config *c, wn_err *err) {
    unsigned long long count = 0;
    double percent = 0;
    if (parse_percent(value, &percent) && percent > 0) {
        c->k = percent;
        c->k_percent = true;
        return WN_OK;
    }
    if (parse_unsigned(value, &count) && count >= 1 && (double)count <= 1e15) {
        c->k = (double)count;
        c->k_percent = false;
        return WN_OK;
    }
    return wn_err_set(
        err, WN_EUSAGE,
        "-%c: \"%.60s\" will not do: want a count of 1 or more, or a percentage above 0%% and at most 100%% "
        "(-k 1000, -k 10%%)",
        o->letter, value);
}

static const char more_than_none[] = "a number above 0, or a percentage above 0% (5000, 10%)";

static wn_code set_amount(const wn_option *o, const char *value, wn_amount *out, wn_err *err) {
    unsigned long long count = 0;
    wn_amount v = {0};
    v.percent = parse_percent(value, &v.value);
    if (v.percent && v.value < o->low) return value_wanted(o, value, more_than_none, err);
    if (!v.percent) {
        if (o->low > 0 && (!parse_real(value, &v.value) || v.value < o->low || v.value > o->high))
            return value_wanted(o, value, more_than_none, err);
        if (o->low > 0) {
            *out = v;
            return WN_OK;
        }
        if (!parse_unsigned(value, &count) || (double)count > o->high)
            return value_wanted(o, value, "a count, or a percentage from 0% to 100% (100, 10%)", err);
        v.value = (double)count;
    }
    *out = v;
    return WN_OK;
}

static wn_code set_dev(const wn_option *o, const char *value, wn_finetune_opts *f, wn_err *err) {
    double percent = 0;
    size_t n = strlen(value);
    bool parsed = parse_percent(value, &percent);
    if (n == 0 || (parsed ? percent <= 0 || percent >= 100 : value[n - 1] == '%'))
        return value_wanted(o, value, "a file, or a percentage above 0% and below 100%", err);
    f->dev_path = parsed ? NULL : value;
    f->dev_percent = percent;
    return WN_OK;
}

static wn_code set_rates(wn_cli *cli, const wn_option *o, const char *value, wn_err *err) {
    struct {
        const wn_lr_group *v;
        size_t n;
    } list;
    double lr = 0;
    const char *equals = strrchr(value, '=');
    if (!equals || equals == value || !parse_real(equals + 1, &lr) || lr < o->low || lr > o->high)
        return value_wanted(o, value, "a pattern and a learning rate of 0 or more, like classifier=1e-3", err);
    memcpy(&list, option_field(cli, o), sizeof list);
    wn_lr_group *grown = wn_cli_own(cli, (list.n + 1) * sizeof *grown, err);
    char *pattern = grown ? wn_cli_own_string(cli, value, (size_t)(equals - value), err) : NULL;
    if (!pattern) return WN_EMEMORY;
    if (list.n) memcpy(grown, list.v, list.n * sizeof *grown);
    grown[list.n++] = (wn_lr_group){.pattern = pattern, .lr = lr};
    list.v = grown;
    memcpy(option_field(cli, o), &list, sizeof list);
    return WN_OK;
}

static wn_code set_dedup(const wn_option *o, const char *value, wn_config *c, wn_err *err) {
    double v = 0;
    int at = word_index("off|exact", value);
    if (at < 0 && (!parse_real(value, &v) || v <= 0 || v > 1))
        return value_wanted(o, value, "off, exact, or a cosine above 0 and at most 1 (0.95)", err);
    c->dedup = at < 0 ? WN_DEDUP_NEAR : at == 0 ? WN_DEDUP_OFF : WN_DEDUP_EXACT;
    c->dedup_threshold = v;
    return WN_OK;
}

static wn_code set_list(wn_cli *cli, const wn_option *o, const char *value, wn_err *err) {
    struct {
        const char **v;
        size_t n;
    } list;
    memcpy(&list, option_field(cli, o), sizeof list);
    const char **grown = wn_cli_own(cli, (list.n + 1) * sizeof *grown, err);
    if (!grown) return WN_EMEMORY;
    if (list.n) memcpy(grown, list.v, list.n * sizeof *grown);
    grown[list.n++] = value;
    list.v = grown;
    memcpy(option_field(cli, o), &list, sizeof list);
    return WN_OK;
}

static wn_code set_words(wn_cli *cli, const wn_option *o, const char *value, wn_err *err) {
    int at = word_index(o->words, value);
    if (at < 0) {
        char what[256];
        size_t n = 0;
        for (const char *w = o->words; *w && n + 4 < sizeof what; w++) {
            if (*w == '|')
                what[n++] = ',', what[n++] = ' ';
            else
                what[n++] = *w;
        }
        what[n] = 0;
        return value_wanted(o, value, what, err);
    }
    if (o->kind == OPT_ENUM)
        memcpy(option_field(cli, o), &at, sizeof at);
    else if (o->kind == OPT_SWITCH)
        *(bool *)option_field(cli, o) = at == 1;
    else
        *(const char **)option_field(cli, o) = value;
    return WN_OK;
}

static wn_code set_flag(const wn_option *o, const char *value, bool *out, wn_err *err) {
    int at = word_index("true|yes|1|false|no|0", value);
    if (at < 0) return value_wanted(o, value, "true or false", err);
    *out = at < 3;
    return WN_OK;
}

static wn_code set_shard(const wn_option *o, const char *value, wn_config *c, wn_err *err) {
    char first[24] = "";
    unsigned long long i = 0, n = 0;
    const char *slash = strchr(value, '/');
    if (slash && (size_t)(slash - value) < sizeof first) {
        memcpy(first, value, (size_t)(slash - value));
        if (parse_unsigned(first, &i) && parse_unsigned(slash + 1, &n) && i >= 1 && i <= n && n <= 1000000) {
            c->shard = (size_t)i, c->shards = (size_t)n;
            return WN_OK;
        }
    }
    return value_wanted(o, value, "i/n with i from 1 to n, like 2/8", err);
}

wn_code wn_option_set(wn_cli *cli, const wn_option *o, const char *value, wn_err *err) {
    unsigned long long count = 0;
    switch (o->kind) {
    case OPT_FLAG:
        return set_flag(o, value, option_field(cli, o), err);
    case OPT_STRING:
        if (*value == 0) return wn_err_set(err, WN_EUSAGE, "--%s: the value is empty", o->name);
        *(const char **)option_field(cli, o) = value;
        return WN_OK;
    case OPT_LIST:
        if (*value == 0) return wn_err_set(err, WN_EUSAGE, "--%s: the value is empty", o->name);
        return set_list(cli, o, value, err);
    case OPT_COUNT:
        if (set_count(o, value, &count, err) != WN_OK) return WN_EUSAGE;
        *(size_t *)option_field(cli, o) = (size_t)count;
        return WN_OK;
    case OPT_INT:
        if (set_count(o, value, &count, err) != WN_OK) return WN_EUSAGE;
        *(int *)option_field(cli, o) = (int)count;
        return WN_OK;
    case OPT_SEED:
        if (!parse_unsigned(value, &count))
            return value_wanted(o, value, "a whole number from 0 to 18446744073709551615", err);
        *(uint64_t *)option_field(cli, o) = count;
        return WN_OK;
    case OPT_REAL:
        return set_real(o, value, option_field(cli, o), err);
    case OPT_BYTES:
        return set_bytes(o, value, option_field(cli, o), err);
    case OPT_WORD:
    case OPT_ENUM:
    case OPT_SWITCH:
        return set_words(cli, o, value, err);
    case OPT_K:
        return set_k(o, value, &cli->config, err);
    case OPT_DEDUP:
        return set_dedup(o, value, &cli->config, err);
    case OPT_SHARD:
        return set_shard(o, value, &cli->config, err);
    case OPT_AMOUNT:
        return set_amount(o, value, option_field(cli, o), err);
    case OPT_DEV:
        return set_dev(o, value, &cli->config.finetune, err);
    case OPT_MIX:
        return wn_mix_set(cli, value, err);
    case OPT_RATES:
        return set_rates(cli, o, value, err);
    case OPT_INDEX:
        if (set_count(o, value, &count, err) != WN_OK) return WN_EUSAGE;
        *(size_t *)option_field(cli, o) = (size_t)count + 1;
        return WN_OK;
    case OPT_ON_ERROR:
        if (strcmp(value, "fail") == 0)
            cli->config.skip_path = NULL;
        else if (strncmp(value, "skip:", 5) == 0 && value[5])
            cli->config.skip_path = value + 5;
        else
            return value_wanted(o, value, "fail, or skip:FILE", err);
        return WN_OK;
    }
    return WN_EINTERNAL;
}

size_t wn_option_entries(const wn_cli *cli, const wn_option *o) {
    const void *at = option_value_at(cli, o);
    switch (o->kind) {
    case OPT_STRING:
    case OPT_WORD:
    case OPT_ON_ERROR:
        return *(const char *const *)at ? 1 : 0;
    case OPT_LIST:
    case OPT_MIX:
    case OPT_RATES:
        return *(const size_t *)(const void *)((const char *)at + sizeof(const char **));
    case OPT_DEV:
        return cli->config.finetune.dev_path || cli->config.finetune.dev_percent > 0 ? 1 : 0;
    case OPT_COUNT:
        return *(const size_t *)at || o->initial ? 1 : 0;
    case OPT_BYTES:
    case OPT_INDEX:
    case OPT_SHARD:
        return *(const size_t *)at ? 1 : 0;
    case OPT_INT:
        return *(const int *)at ? 1 : 0;
    case OPT_K:
        return cli->config.k > 0;
    case OPT_AMOUNT:
        return ((const wn_amount *)at)->value > 0 || o->initial ? 1 : 0;
    default:
        return 1;
    }
}

/* The shortest decimal that reads back as v. */
static void print_real(double v, wn_writer *out) {
    char text[40];
    if (v == floor(v) && fabs(v) < 1e15)
        (void)snprintf(text, sizeof text, "%.0f", v);
    else
        for (int digits = 1; digits <= 17; digits++) {
            (void)snprintf(text, sizeof text, "%.*g", digits, v);
            if (strtod(text, NULL) == v) break;
        }
    wn_writer_put(out, text);
}

static void print_pair(const char *name, double v, wn_writer *out) {
    wn_writer_printf(out, "%s=", name);
    print_real(v, out);
}

void wn_option_print(const wn_cli *cli, const wn_option *o, size_t entry, wn_writer *out) {
    const void *at = option_value_at(cli, o);
    const wn_config *c = &cli->config;
    const char *word = NULL;
    size_t len = 0;
    switch (o->kind) {
    case OPT_FLAG:
        wn_writer_printf(out, "%s", *(const bool *)at ? "true" : "false");
        return;
    case OPT_STRING:
    case OPT_WORD:
        wn_writer_printf(out, "%s", *(const char *const *)at);
        return;
    case OPT_LIST:
        wn_writer_printf(out, "%s", (*(const char *const *const *)at)[entry]);
        return;
    case OPT_COUNT:
    case OPT_BYTES:
        wn_writer_printf(out, "%zu", *(const size_t *)at);
        return;
    case OPT_INT:
        wn_writer_printf(out, "%d", *(const int *)at);
        return;
    case OPT_SEED:
        wn_writer_printf(out, "%llu", (unsigned long long)*(const uint64_t *)at);
        return;
    case OPT_REAL:
        if (isnan(*(const double *)at))
            wn_writer_put(out, o->words);
        else
            print_real(*(const double *)at, out);
        return;
    case OPT_ENUM:
        word = word_at(o->words, *(const int *)at, &len);
        wn_writer_bytes(out, word, len);
        return;
    case OPT_SWITCH:
        word = word_at(o->words, *(const bool *)at ? 1 : 0, &len);
        wn_writer_bytes(out, word, len);
        return;
    case OPT_K:
        print_real(c->k, out);
        if (c->k_percent) wn_writer_put(out, "%");
        return;
    case OPT_DEDUP:
        if (c->dedup == WN_DEDUP_NEAR)
            print_real(c->dedup_threshold, out);
        else
            wn_writer_put(out, c->dedup == WN_DEDUP_OFF ? "off" : "exact");
        return;
    case OPT_ON_ERROR:
        wn_writer_printf(out, "skip:%s", c->skip_path);
        return;
    case OPT_INDEX:
        wn_writer_printf(out, "%zu", *(const size_t *)at - 1);
        return;
    case OPT_SHARD:
        wn_writer_printf(out, "%zu/%zu", c->shard, c->shards);
        return;
    case OPT_AMOUNT:
        print_real(((const wn_amount *)at)->value, out);
        if (((const wn_amount *)at)->percent) wn_writer_put(out, "%");
        return;
    case OPT_DEV:
        if (c->finetune.dev_path) {
            wn_writer_put(out, c->finetune.dev_path);
            return;
        }
        print_real(c->finetune.dev_percent, out);
        wn_writer_put(out, "%");
        return;
    case OPT_MIX:
        print_pair(wn_objective_name(c->mix[entry].objective), c->mix[entry].weight, out);
        return;
    case OPT_RATES:
        print_pair(c->finetune.lr_groups[entry].pattern, c->finetune.lr_groups[entry].lr, out);
        return;
    }
}
