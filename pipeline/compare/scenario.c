#include "scenario.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <winnow/mem.h>
#include <wn/rng.h>

static const char *scenario_word(wn_scenario_kind k) {
    static const char *const words[] = {
#define SCENARIO_WORD(value, word) [value] = word,
        WN_SCENARIOS(SCENARIO_WORD)
#undef SCENARIO_WORD
    };
    return words[k];
}

wn_scenario wn_scenario_plain(void) {
    wn_scenario s = {.kind = WN_SCENARIO_PLAIN};
    (void)snprintf(s.name, sizeof s.name, "%s", scenario_word(s.kind));
    return s;
}

wn_scenario wn_scenario_copies(double percent, size_t times) {
    wn_scenario s = {.kind = WN_SCENARIO_COPIES, .percent = percent, .times = times};
    (void)snprintf(s.name, sizeof s.name, "%s (%g%% x %zu)", scenario_word(s.kind), percent, times);
    return s;
}

wn_scenario wn_scenario_tail(double ratio) {
    wn_scenario s = {.kind = WN_SCENARIO_TAIL, .ratio = ratio};
    (void)snprintf(s.name, sizeof s.name, "%s (%g : 1)", scenario_word(s.kind), ratio);
    return s;
}

wn_scenario wn_scenario_noise(double percent) {
    wn_scenario s = {.kind = WN_SCENARIO_NOISE, .percent = percent};
    (void)snprintf(s.name, sizeof s.name, "%s (%g%%)", scenario_word(s.kind), percent);
    return s;
}

/* ---- draws ---- */

enum { STREAM_POOL = 0x504F4F4C, STREAM_COPIES, STREAM_TAIL, STREAM_NOISE };

static wn_rng pool_rng(const wn_pool_opts *o, uint64_t stream) {
    return wn_rng_init(o->seed, o->draw << 32 | stream);
}

static size_t share_of(double percent, size_t n) {
    size_t k = (size_t)llround(percent / 100 * (double)n);
    return k < 1 && n > 0 ? 1 : k > n ? n : k;
}

/* mark[i] of k of n, by chance; Knuth's selection sampling, so that the order of rows stays. */
static void mark_some(bool *mark, size_t k, size_t n, wn_rng *g) {
    for (size_t i = 0; i < n; i++) {
        mark[i] = wn_rng_below(g, n - i) < k;
        k -= mark[i];
    }
}

static void add_row(wn_pool *p, size_t row, uint32_t label) {
    p->row[p->n] = row;
    p->label[p->n++] = label;
}

size_t wn_pool_rows(const wn_scenario *s, size_t n, double share) {
    size_t drawn = share_of(share, n);
    return s->kind == WN_SCENARIO_COPIES ? drawn + share_of(s->percent, drawn) * (s->times - 1) : drawn;
}

/* Each marked row as often as the scenario says, one behind the other. */
static void copy_rows(wn_pool *p, const wn_scenario *s, bool *mark, wn_rng *g) {
    size_t n = p->n, all = wn_pool_rows(s, n, 100);
    mark_some(mark, share_of(s->percent, n), n, g);
    for (size_t from = n, to = all; from-- > 0;)
        for (size_t times = mark[from] ? s->times : 1; times-- > 0;) {
            p->row[--to] = p->row[from];
            p->label[to] = p->label[from];
        }
    p->n = all;
}

static void spoil_labels(wn_pool *p, const wn_scenario *s, size_t classes, bool *mark, wn_rng *g) {
    if (classes < 2) return;
    mark_some(mark, share_of(s->percent, p->n), p->n, g);
    for (size_t i = 0; i < p->n; i++) {
        if (!mark[i]) continue;
        uint32_t other = (uint32_t)wn_rng_below(g, classes - 1);
        p->label[i] = other + (other >= p->label[i]);
    }
}

typedef struct {
    size_t rows;
    uint32_t label;
} class_size;

static int class_by_size(const void *a, const void *b) {
    const class_size *x = a, *y = b;
    if (x->rows != y->rows) return x->rows < y->rows ? 1 : -1;
    return x->label < y->label ? -1 : x->label > y->label;
}

/* Sizes fall geometrically from the largest class to 1/ratio of it, in the order of the sizes found; no class grows,
 * none that is there vanishes. left[c]: rows of class c to keep. */
static void tail_sizes(size_t *left, const class_size *size, size_t classes, double ratio) {
    for (size_t i = 0; i < classes; i++) {
        double fall = classes > 1 ? pow(ratio, -(double)i / (double)(classes - 1)) : 1;
        size_t most = share_of(100 * fall, size[0].rows);
        left[size[i].label] = size[i].rows < most ? size[i].rows : most;
    }
}

static wn_code cut_classes(wn_pool *p, const wn_scenario *s, size_t classes, wn_rng *g, wn_err *err) {
    class_size *size = wn_alloc(classes, sizeof *size, err);
    size_t *left = wn_alloc(classes, sizeof *left, err), *seen = wn_alloc(classes, sizeof *seen, err);
    wn_code code = size && left && seen ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    for (size_t c = 0; c < classes; c++) size[c].label = (uint32_t)c;
    for (size_t i = 0; i < p->n; i++) size[p->label[i]].rows++, seen[p->label[i]]++;
    qsort(size, classes, sizeof *size, class_by_size);
    tail_sizes(left, size, classes, s->ratio);
    size_t n = p->n;
    p->n = 0;
    for (size_t i = 0; i < n; i++) { /* selection sampling within each class */
        uint32_t c = p->label[i];
        bool take = wn_rng_below(g, seen[c]--) < left[c];
        left[c] -= take;
        if (take) add_row(p, p->row[i], c);
    }
out:
    wn_free(size);
    wn_free(left);
    wn_free(seen);
    return code;
}

wn_code wn_pool_draw(wn_pool *out, const wn_compare_data *data, const wn_scenario *s, const wn_pool_opts *o,
                     wn_err *err) {
    size_t all = wn_pool_rows(s, data->n, o->share);
    wn_pool p = {.row = wn_alloc(all, sizeof *p.row, err), .label = wn_alloc(all, sizeof *p.label, err)};
    bool *mark = wn_alloc(data->n, sizeof *mark, err);
    wn_code code = p.row && p.label && mark ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    wn_rng g = pool_rng(o, STREAM_POOL);
    mark_some(mark, share_of(o->share, data->n), data->n, &g);
    for (size_t i = 0; i < data->n; i++)
        if (mark[i]) add_row(&p, i, data->label[i]);
    switch (s->kind) {
    case WN_SCENARIO_COPIES:
        g = pool_rng(o, STREAM_COPIES);
        copy_rows(&p, s, mark, &g);
        break;
    case WN_SCENARIO_TAIL:
        g = pool_rng(o, STREAM_TAIL);
        if ((code = cut_classes(&p, s, data->classes, &g, err)) != WN_OK) goto out;
        break;
    case WN_SCENARIO_NOISE:
        g = pool_rng(o, STREAM_NOISE);
        spoil_labels(&p, s, data->classes, mark, &g);
        break;
    case WN_SCENARIO_PLAIN:
    case WN_SCENARIO_KINDS:
        break;
    }
    *out = p;
    p = (wn_pool){0};
out:
    wn_pool_free(&p);
    wn_free(mark);
    return code;
}

void wn_pool_free(wn_pool *p) {
    wn_free(p->row);
    wn_free(p->label);
    *p = (wn_pool){0};
}
