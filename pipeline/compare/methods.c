#include "methods.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/quota.h>
#include <wn/rng.h>

/* A method at work: the pool, and which of its places are copies of an earlier one. */
typedef struct {
    const wn_method *method;
    const wn_method_call *call;
    wn_copies copies;
    size_t *chosen, k;
} choosing;

/* ---- copies ---- */

/* As wn_copies_exact would find them, from what is known of the whole pool's texts. */
static wn_code find_copies(choosing *ch, wn_err *err) {
    const wn_compare_data *data = ch->call->data;
    const wn_pool *pool = ch->call->pool;
    wn_copies *c = &ch->copies;
    *c = (wn_copies){.n = pool->n};
    size_t *first = wn_alloc(data->n, sizeof *first, err); /* place + 1 of the first row of each text */
    bool *repeated = wn_alloc(pool->n, sizeof *repeated, err);
    wn_code code = WN_EMEMORY;
    if (!first || !repeated || !(c->copy_of = wn_alloc(c->n, sizeof *c->copy_of, err))) goto out;
    if (!(c->x_row = wn_alloc(c->n, sizeof *c->x_row, err))) goto out;
    if (!(c->row_of = wn_alloc(c->n, sizeof *c->row_of, err))) goto out;
    for (size_t i = 0; i < c->n; i++) {
        size_t *at = &first[data->copy_of[pool->row[i]]];
        if (ch->method->dedup == WN_DEDUP_OFF || *at == 0) {
            if (*at == 0) *at = i + 1;
            c->copy_of[i] = i;
            c->x_row[i] = c->m;
            c->row_of[c->m++] = i;
            continue;
        }
        size_t root = *at - 1;
        c->copy_of[i] = root;
        c->x_row[i] = c->x_row[root];
        c->dropped++;
        c->groups += !repeated[root];
        repeated[root] = true;
    }
    code = WN_OK;
out:
    wn_free(first);
    wn_free(repeated);
    return code;
}

static wn_code gather_vectors(wn_mat *x, const choosing *ch, wn_err *err) {
    const wn_compare_data *data = ch->call->data;
    const wn_copies *c = &ch->copies;
    wn_code code = wn_mat_init(x, c->m, data->x.cols, err);
    if (code != WN_OK) return code;
    for (size_t i = 0; i < c->m; i++)
        memcpy(wn_mat_row(x, i), wn_mat_row(&data->x, ch->call->pool->row[c->row_of[i]]), x->cols * sizeof *x->data);
    return WN_OK;
}

/* Near copies too, where the method drops them: every way to choose begins with this. v gets the vectors where they are
 * needed: to find near copies, or later (`compares`). */
static wn_code drop_copies(choosing *ch, wn_vectors *v, bool compares, wn_err *err) {
    static const wn_lists none = {0};
    wn_io quiet = {0};
    wn_code code = find_copies(ch, err);
    if (code != WN_OK) return code;
    if (!compares && ch->method->dedup != WN_DEDUP_NEAR) return WN_OK;
    if ((code = gather_vectors(&v->x, ch, err)) != WN_OK) return code;
    if (ch->method->dedup != WN_DEDUP_NEAR) return WN_OK;
    return wn_copies_near(&ch->copies, &v->x, &none, ch->method->dedup_threshold, &quiet, err);
}

/* ---- by objective: the stages of run ---- */

static wn_code find_classes(wn_class_labels *out, const choosing *ch, const wn_vectors *v, wn_err *err) {
    const wn_compare_data *data = ch->call->data;
    const wn_view rows = {
        .n = ch->call->pool->n, .label = ch->call->pool->label, .labels = data->names, .nlabels = data->classes};
    wn_io quiet = {0};
    wn_class_opts o = ch->method->classes;
    o.wanted = ch->call->k;
    wn_code code = wn_class_labels_make(out, &rows, &ch->copies, &o, &quiet, err);
    if (ch->method->objective != WN_CLASS_HERDING) return code;
    return code == WN_OK ? wn_push_choose(out, v, &ch->copies, ch->method->push, ch->call->seed, err) : code;
}

static wn_code choose_by_objective(choosing *ch, wn_err *err) {
    static const wn_lists none = {0};
    wn_io quiet = {0};
    const wn_method *m = ch->method;
    wn_vectors v = {0};
    wn_class_labels classes = {0};
    wn_choice choice = {0};
    wn_choice_opts o = {.objective = m->objective,
                        .space = {m->components, ch->call->seed},
                        .storage = m->storage,
                        .maximizer = m->maximizer,
                        .epsilon = m->epsilon,
                        .wanted = ch->call->k,
                        .lambda = m->lambda,
                        .saturation = m->saturation,
                        .seed = ch->call->seed,
                        .neighbours = m->neighbours,
                        .memory = ch->call->memory,
                        .any_order = true};
    const size_t k = ch->call->k;
    const wn_kernel_opts kernel = {.kind = m->similarity,
                                   .gamma = m->gamma,
                                   .clusters = k < WN_BALL_CLUSTERS ? k : WN_BALL_CLUSTERS,
                                   .seed = ch->call->seed};
    double median = NAN;
    wn_code code = drop_copies(ch, &v, true, err);
    if (code != WN_OK) goto out;
    if ((code = wn_vectors_scan(&v, &ch->copies, err)) != WN_OK) goto out;
    if ((code = wn_space_make(&v, &ch->copies, &o.space, &quiet, err)) != WN_OK) goto out;
    if (m->objective != WN_RANDOM) code = wn_kernel_choose(&o.kernel, &median, &v, &ch->copies, &kernel, &quiet, err);
    if (code != WN_OK) goto out;
    if (m->objective == WN_CLASS_HERDING || m->quotas) {
        if ((code = find_classes(&classes, ch, &v, err)) != WN_OK) goto out;
        o.classes = &classes;
    }
    if ((code = wn_choice_make(&choice, &v, &ch->copies, &none, &o, &quiet, err)) != WN_OK) goto out;
    ch->chosen = choice.chosen, ch->k = choice.k;
    choice.chosen = NULL;
out:
    wn_class_labels_free(&classes);
    wn_choice_free(&choice);
    wn_vectors_free(&v);
    return code;
}

/* ---- by label ---- */

/* Shares of the classes in proportion to size^power. */
static wn_code share_out(size_t *quota, const size_t *size, size_t classes, size_t k, double power, wn_err *err) {
    wn_quota_class *c = wn_alloc(classes, sizeof *c, err);
    if (!c) return WN_EMEMORY;
    for (size_t i = 0; i < classes; i++)
        c[i] = (wn_quota_class){
            .weight = size[i] ? pow((double)size[i], power) : 0, .size = (double)size[i], .most = size[i]};
    const wn_code code = wn_quotas(quota, c, classes, k, err);
    wn_free(c);
    return code;
}

/* By chance within each class, as many as its quota. */
static wn_code choose_by_label(choosing *ch, double power, wn_err *err) {
    enum { STREAM_LABELS = 0x4C41424C };
    const wn_pool *pool = ch->call->pool;
    size_t classes = ch->call->data->classes, m;
    wn_vectors v = {0};
    size_t *size = wn_alloc(classes, sizeof *size, err), *quota = wn_alloc(classes, sizeof *quota, err), *order = NULL;
    wn_code code = size && quota ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if ((code = drop_copies(ch, &v, false, err)) != WN_OK) goto out;
    m = ch->copies.m;
    for (size_t i = 0; i < m; i++) size[pool->label[ch->copies.row_of[i]]]++;
    code = WN_EMEMORY;
    if (!(order = wn_alloc(m, sizeof *order, err)) || !(ch->chosen = wn_alloc(m, sizeof *ch->chosen, err))) goto out;
    for (size_t i = 0; i < m; i++) order[i] = ch->copies.row_of[i];
    wn_rng g = wn_rng_init(ch->call->seed, STREAM_LABELS);
    wn_rng_shuffle(&g, order, m);
    size_t k = ch->call->k < m ? ch->call->k : m;
    if ((code = share_out(quota, size, classes, k, power, err)) != WN_OK) goto out;
    for (size_t i = 0; i < m; i++) {
        uint32_t label = pool->label[order[i]];
        if (quota[label] == 0) continue;
        quota[label]--;
        ch->chosen[ch->k++] = order[i];
    }
out:
    wn_vectors_free(&v);
    wn_free(size);
    wn_free(quota);
    wn_free(order);
    return code;
}

static wn_code choose_balanced(choosing *ch, wn_err *err) {
    return choose_by_label(ch, 0, err);
}

static wn_code choose_stratified(choosing *ch, wn_err *err) {
    return choose_by_label(ch, 1, err);
}

/* ---- without vectors ---- */

typedef struct {
    size_t length, place;
} text_length;

static int longest_first(const void *a, const void *b) {
    const text_length *x = a, *y = b;
    if (x->length != y->length) return x->length < y->length ? 1 : -1;
    return x->place < y->place ? -1 : x->place > y->place;
}

static wn_code choose_longest(choosing *ch, wn_err *err) {
    wn_vectors v = {0};
    text_length *texts = NULL;
    wn_code code = drop_copies(ch, &v, false, err);
    if (code != WN_OK) goto out;
    size_t m = ch->copies.m;
    ch->k = ch->call->k < m ? ch->call->k : m;
    code = WN_EMEMORY;
    if (!(texts = wn_alloc(m, sizeof *texts, err))) goto out;
    if (!(ch->chosen = wn_alloc(ch->k, sizeof *ch->chosen, err))) goto out;
    for (size_t i = 0; i < m; i++) {
        size_t place = ch->copies.row_of[i];
        texts[i] = (text_length){ch->call->data->length[ch->call->pool->row[place]], place};
    }
    qsort(texts, m, sizeof *texts, longest_first);
    for (size_t i = 0; i < ch->k; i++) ch->chosen[i] = texts[i].place;
    code = WN_OK;
out:
    wn_vectors_free(&v);
    wn_free(texts);
    return code;
}

/* All that is there, whatever the budget. */
static wn_code choose_full(choosing *ch, wn_err *err) {
    ch->k = ch->call->pool->n;
    if (!(ch->chosen = wn_alloc(ch->k, sizeof *ch->chosen, err))) return WN_EMEMORY;
    for (size_t i = 0; i < ch->k; i++) ch->chosen[i] = i;
    return WN_OK;
}

/* ---- the table ---- */

wn_code wn_method_choose(size_t **chosen, size_t *k, const wn_method *m, const wn_method_call *call, wn_err *err) {
    static wn_code (*const choose[])(choosing *, wn_err *) = {
#define METHOD_CHOOSES(value, word, function) [value] = function,
        WN_METHODS(METHOD_CHOOSES)
#undef METHOD_CHOOSES
    };
    choosing ch = {.method = m, .call = call};
    wn_code code = choose[m->kind](&ch, err);
    if (code != WN_OK) goto out;
    *chosen = ch.chosen, *k = ch.k;
    ch.chosen = NULL;
out:
    wn_free(ch.chosen);
    wn_copies_free(&ch.copies);
    return code;
}
