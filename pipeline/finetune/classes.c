#include "classes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>

enum { CLASSES_MAX = 20000 };

static wn_code classes_alloc(wn_classes *c, size_t n, wn_err *err) {
    *c = (wn_classes){.n = n, .names = wn_alloc(n, sizeof *c->names, err)};
    return c->names ? WN_OK : WN_EMEMORY;
}

static wn_code class_name(wn_classes *c, size_t i, const char *name, wn_err *err) {
    c->names[i] = wn_strndup(name, strlen(name), err);
    return c->names[i] ? WN_OK : WN_EMEMORY;
}

void wn_classes_free(wn_classes *c) {
    if (!c) return;
    for (size_t i = 0; c->names && i < c->n; i++) wn_free(c->names[i]);
    wn_free(c->names);
    *c = (wn_classes){0};
}

/* A whole number of at most nine digits, as one writes it: no sign, no zero before it. */
static bool class_number(const char *s, size_t *out) {
    size_t n = strlen(s);
    if (n == 0 || n > 9 || strspn(s, "0123456789") != n || (n > 1 && s[0] == '0')) return false;
    *out = (size_t)strtoul(s, NULL, 10);
    return true;
}

/* ---- names ---- */

static int label_by_value(const void *a, const void *b) {
    size_t x = 0, y = 0;
    (void)class_number(*(char *const *)a, &x);
    (void)class_number(*(char *const *)b, &y);
    return x < y ? -1 : x > y;
}

static int label_by_bytes(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

wn_code wn_classes_of_records(wn_classes *out, const wn_corpus *c, wn_err *err) {
    wn_classes made = {0};
    bool numbers = true;
    size_t ignored;
    wn_code code = WN_OK;
    if (c->nlabels > CLASSES_MAX) {
        code = wn_err_set(err, WN_EINPUT,
                          "the records have %zu different labels, more than the %d classes that a model may have: is a "
                          "number to be learnt (--task regress)?",
                          c->nlabels, CLASSES_MAX);
        goto out;
    }
    if ((code = classes_alloc(&made, c->nlabels, err)) != WN_OK) goto out;
    for (size_t i = 0; i < c->nlabels; i++) {
        numbers = numbers && class_number(c->labels[i], &ignored);
        if ((code = class_name(&made, i, c->labels[i], err)) != WN_OK) goto out;
    }
    qsort(made.names, made.n, sizeof *made.names, numbers ? label_by_value : label_by_bytes);
    *out = made;
    made = (wn_classes){0};
out:
    wn_classes_free(&made);
    return code;
}

static bool label_seen(const wn_corpus *c, const char *label) {
    for (size_t i = 0; i < c->nlabels; i++)
        if (strcmp(c->labels[i], label) == 0) return true;
    return false;
}

wn_code wn_classes_numbered(wn_classes *out, size_t n, wn_err *err) {
    wn_classes made = {0};
    wn_code code = classes_alloc(&made, n, err);
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < n; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "LABEL_%zu", i);
        if ((code = class_name(&made, i, name, err)) != WN_OK) goto out;
    }
    *out = made;
    made = (wn_classes){0};
out:
    wn_classes_free(&made);
    return code;
}

wn_code wn_classes_of_choices(wn_classes *out, const wn_corpus *c, const char *const *fields, size_t n, wn_err *err) {
    wn_classes made = {0};
    bool by_field = c->nlabels > 0, from_zero = label_seen(c, "0");
    wn_code code = classes_alloc(&made, n, err);
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < c->nlabels; i++) {
        bool named = false;
        for (size_t j = 0; j < n; j++) named = named || strcmp(c->labels[i], fields[j]) == 0;
        by_field = by_field && named;
    }
    for (size_t j = 0; j < n; j++) {
        char number[24];
        (void)snprintf(number, sizeof number, "%zu", j + !from_zero);
        if ((code = class_name(&made, j, by_field ? fields[j] : number, err)) != WN_OK) goto out;
    }
    *out = made;
    made = (wn_classes){0};
out:
    wn_classes_free(&made);
    return code;
}

wn_code wn_classes_of_config(wn_classes *out, const cJSON *config, const char *what, wn_err *err) {
    const cJSON *names = cJSON_GetObjectItemCaseSensitive(config, "id2label"), *v;
    wn_classes made = {0};
    size_t n = 0;
    wn_code code = WN_OK;
    *out = made;
    if (!cJSON_IsObject(names)) return WN_OK;
    cJSON_ArrayForEach(v, names) n++;
    if (n > CLASSES_MAX) return wn_err_set(err, WN_EINPUT, "%s: id2label names %zu classes", what, n);
    if ((code = classes_alloc(&made, n, err)) != WN_OK) goto out;
    cJSON_ArrayForEach(v, names) {
        size_t i = 0;
        if (!class_number(v->string, &i) || i >= n || made.names[i] || !cJSON_IsString(v)) {
            code = wn_err_set(err, WN_EINPUT, "%s: id2label should name the classes 0 to %zu; \"%.60s\" does not fit",
                              what, n - 1, v->string);
            goto out;
        }
        if ((code = class_name(&made, i, v->valuestring, err)) != WN_OK) goto out;
    }
    *out = made;
    made = (wn_classes){0};
out:
    wn_classes_free(&made);
    return code;
}

/* ---- labels ---- */

typedef enum { LABELS_BY_NAME, LABELS_BY_PREFIX, LABELS_BY_NUMBER, LABELS_WAYS } label_way;

/* The class that a label means, or n where it means none. */
static size_t class_of_label(const wn_classes *c, const char *label, label_way way) {
    static const char prefix[] = "LABEL_";
    size_t i = 0;
    switch (way) {
    case LABELS_BY_NAME:
        while (i < c->n && strcmp(c->names[i], label) != 0) i++;
        return i;
    case LABELS_BY_PREFIX:
        if (strncmp(label, prefix, sizeof prefix - 1) != 0) return c->n;
        return class_number(label + sizeof prefix - 1, &i) && i < c->n ? i : c->n;
    case LABELS_BY_NUMBER:
        return class_number(label, &i) && i < c->n ? i : c->n;
    case LABELS_WAYS:
        break;
    }
    return c->n;
}

static bool way_covers(const wn_classes *c, const wn_corpus *corpus, label_way way) {
    for (size_t i = 0; i < corpus->nlabels; i++)
        if (class_of_label(c, corpus->labels[i], way) == c->n) return false;
    return true;
}

/* One way for all labels; by name where none covers them. */
static label_way find_way(const wn_classes *c, const wn_corpus *corpus) {
    for (label_way way = LABELS_BY_NAME; way < LABELS_WAYS; way++)
        if (way_covers(c, corpus, way)) return way;
    return LABELS_BY_NAME;
}

bool wn_classes_cover(const wn_classes *c, const wn_corpus *corpus) {
    return way_covers(c, corpus, find_way(c, corpus));
}

static wn_code refuse_label(const wn_examples *e, const wn_classes *c, size_t row, const char *label_field,
                            wn_err *err) {
    char known[160] = "";
    size_t at = 0;
    for (size_t j = 0; j < c->n && at + 48 < sizeof known; j++)
        at += (size_t)snprintf(known + at, sizeof known - at, "%s%.40s", j ? ", " : "", c->names[j]);
    (void)wn_err_set(err, WN_EINPUT, "label \"%.60s\" in field \"%s\" is none of the %zu classes (%s%s)",
                     e->corpus.labels[e->corpus.label[row]], label_field, c->n, known,
                     at + 48 < sizeof known ? "" : ", ...");
    return wn_examples_where(e, row, err);
}

wn_code wn_classes_map(wn_examples *e, const wn_classes *c, const char *label_field, wn_err *err) {
    const wn_corpus *corpus = &e->corpus;
    label_way way = find_way(c, corpus);
    uint32_t *of_label = NULL, *target = NULL;
    wn_code code = wn_examples_labelled(e, label_field, err);
    if (code != WN_OK) goto out;
    code = WN_EMEMORY;
    of_label = wn_alloc(corpus->nlabels, sizeof *of_label, err);
    target = of_label ? wn_alloc(e->n, sizeof *target, err) : NULL;
    if (!target) goto out;
    for (size_t i = 0; i < corpus->nlabels; i++) of_label[i] = (uint32_t)class_of_label(c, corpus->labels[i], way);
    for (size_t i = 0; i < e->n; i++) {
        target[i] = of_label[corpus->label[i]];
        if (target[i] < c->n) continue;
        code = refuse_label(e, c, i, label_field, err);
        goto out;
    }
    wn_free(e->target);
    e->target = target;
    target = NULL;
    code = WN_OK;
out:
    wn_free(of_label);
    wn_free(target);
    return code;
}

void wn_classes_balance(double *weight, const wn_examples *e, const size_t *rows, size_t nrows, size_t classes) {
    for (size_t c = 0; c < classes; c++) weight[c] = 0;
    for (size_t i = 0; i < nrows; i++) weight[e->target[rows[i]]]++;
    for (size_t c = 0; c < classes; c++)
        if (weight[c] > 0) weight[c] = (double)nrows / ((double)classes * weight[c]);
}
