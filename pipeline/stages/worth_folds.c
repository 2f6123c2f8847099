/* What is held out in each fold, and what is chosen among the rest: rows held out change places with those at the end
 * of the matrix, so that the rest is its beginning, and the choice is the stage that the run's own was. */
#include "worth.h"

#include <string.h>
#include <winnow/mem.h>
#include <winnow/progress.h>
#include <wn/rng.h>

enum { STREAM_FOLDS = 0x464F4C44, STREAM_DRAW, STREAM_ALL };

/* ---- what is there ---- */

/* Rows of the matrix that a list names. */
static void mark_listed(bool *named, size_t *barred, const wn_copies *c, const wn_lists *lists) {
    for (size_t i = 0; i < lists->nkeep; i++) named[c->x_row[lists->keep[i]]] = true;
    for (size_t i = 0; i < lists->nexclude; i++) {
        const size_t row = c->x_row[lists->exclude[i]]; /* a dropped copy was never to be picked */
        if (row >= c->m || c->row_of[row] != lists->exclude[i] || named[row]) continue;
        named[row] = true;
        (*barred)++;
    }
}

/* size->classes and picks. */
static wn_code count_classes(wn_worth_folds *f, const wn_choice *choice, size_t names, wn_err *err) {
    size_t *count = wn_alloc(names, sizeof *count, err);
    if (!count) return WN_EMEMORY;
    for (size_t i = 0; i < f->size.m; i++)
        if (f->label[i] < names) count[f->label[i]]++;
    for (size_t c = 0; c < names; c++) f->size.classes += count[c] > 0;
    for (size_t i = 0; i < choice->k; i++) {
        const uint32_t label = f->label[choice->selection.ids[i]];
        const size_t rows = label < names ? count[label] : f->size.m - f->size.labelled;
        for (size_t p = 0; p < WN_WORTH_PARTS; p++)
            f->size.picks[p] += (double)(rows < wn_worth_part[p] ? rows : wn_worth_part[p]);
    }
    wn_free(count);
    return WN_OK;
}

wn_code wn_worth_count(wn_worth_folds *out, const wn_vectors *v, const wn_chosen *chosen, wn_err *err) {
    const wn_copies *c = chosen->copies;
    const wn_view *rows = chosen->rows;
    wn_worth_folds f = {.classes = rows->nlabels, .size = {.m = c->m, .d = v->x.cols, .k = chosen->choice->k}};
    bool *named = wn_alloc(c->m, sizeof *named, err);
    size_t barred = 0;
    wn_code code = WN_EMEMORY;
    if (!named || !(f.label = wn_alloc(c->m, sizeof *f.label, err))) goto out;
    if (!(f.order = wn_alloc(c->m, sizeof *f.order, err))) goto out;
    mark_listed(named, &barred, c, chosen->lists);
    f.size.choosable = c->m - barred;
    for (size_t i = 0; i < c->m; i++) {
        f.label[i] = rows->label[c->row_of[i]];
        if (f.label[i] >= rows->nlabels) continue;
        f.size.labelled++;
        if (!named[i]) f.order[f.size.testable++] = i;
    }
    if ((code = count_classes(&f, chosen->choice, rows->nlabels, err)) != WN_OK) goto out;
    wn_rng g = wn_rng_init(chosen->opts->seed, STREAM_FOLDS);
    wn_rng_shuffle(&g, f.order, f.size.testable);
    *out = f;
    f = (wn_worth_folds){0};
out:
    wn_free(named);
    wn_worth_folds_free(&f);
    return code;
}

void wn_worth_folds_free(wn_worth_folds *f) {
    for (size_t i = 0; f->fold && i < f->plan.folds; i++) {
        wn_free(f->fold[i].chosen.row);
        wn_free(f->fold[i].random.row);
        wn_free(f->fold[i].all.row);
    }
    wn_free(f->fold);
    wn_free(f->order);
    wn_free(f->label);
    *f = (wn_worth_folds){0};
}

/* ---- the rest of a fold ---- */

/* The rows that one fold does not hold out, as if there were no others. */
typedef struct {
    wn_vectors *v;
    size_t m;           /* rows of the matrix without those held out */
    size_t *at, *place; /* [all] the row that stands at a place; the place of a row */
    size_t *self;       /* [all] 0, 1, 2, ... */
    bool *held_out;     /* [all] is the row? */
    wn_class_labels classes;
    double *value, *weight; /* [all] of the row at a place; NULL: there are none */
    uint32_t *group;        /* the same */
    wn_choice_limits limits;
    size_t *keep, *exclude;
    wn_lists lists;
} remainder;

static void exchange_rows(const wn_mat *m, size_t a, size_t b) {
    for (size_t j = 0; j < m->cols; j++) {
        const float t = wn_mat_row(m, a)[j];
        wn_mat_row(m, a)[j] = wn_mat_row(m, b)[j];
        wn_mat_row(m, b)[j] = t;
    }
}

static void exchange(remainder *r, size_t a, size_t b) {
    exchange_rows(&r->v->x, a, b);
    exchange_rows(&r->v->space, a, b); /* has no columns where there is none */
    const bool zero = r->v->zero[a];
    r->v->zero[a] = r->v->zero[b];
    r->v->zero[b] = zero;
    const size_t row = r->at[a];
    r->at[a] = r->at[b];
    r->at[b] = row;
    r->place[r->at[a]] = a;
    r->place[r->at[b]] = b;
}

static void remainder_free(remainder *r) {
    wn_free(r->at);
    wn_free(r->place);
    wn_free(r->self);
    wn_free(r->held_out);
    wn_free(r->keep);
    wn_free(r->exclude);
    wn_free(r->value);
    wn_free(r->weight);
    wn_free(r->group);
    wn_free(r->classes.label);
}

static wn_code remainder_init(remainder *r, wn_vectors *v, const wn_chosen *chosen, size_t held_out, wn_err *err) {
    const wn_copies *c = chosen->copies;
    const wn_lists *lists = chosen->lists;
    *r = (remainder){.v = v};
    r->at = wn_alloc(c->m, sizeof *r->at, err), r->place = wn_alloc(c->m, sizeof *r->place, err);
    r->self = wn_alloc(c->m, sizeof *r->self, err), r->held_out = wn_alloc(c->m, sizeof *r->held_out, err);
    r->keep = wn_alloc(lists->nkeep, sizeof *r->keep, err);
    r->exclude = wn_alloc(lists->nexclude, sizeof *r->exclude, err);
    if (!r->at || !r->place || !r->self || !r->held_out || !r->keep || !r->exclude) return WN_EMEMORY;
    if (chosen->opts->value && !(r->value = wn_alloc(c->m, sizeof *r->value, err))) return WN_EMEMORY;
    if (chosen->opts->weight && !(r->weight = wn_alloc(c->m, sizeof *r->weight, err))) return WN_EMEMORY;
    if (chosen->opts->limits) r->limits = *chosen->opts->limits;
    if (r->limits.group && !(r->group = wn_alloc(c->m, sizeof *r->group, err))) return WN_EMEMORY;
    for (size_t i = 0; i < c->m; i++) r->at[i] = r->place[i] = r->self[i] = i;
    r->m = c->m - held_out; /* from here on there is an order to come back to */
    if (!chosen->opts->classes) return WN_OK;
    r->classes = *chosen->opts->classes;
    r->classes.label = wn_alloc(c->m, sizeof *r->classes.label, err);
    return r->classes.label ? WN_OK : WN_EMEMORY;
}

/* Back to the order of the rows. */
static void remainder_restore(remainder *r, size_t all) {
    for (size_t i = 0; r->m > 0 && i < all; i++)
        while (r->at[i] != i) exchange(r, i, r->at[i]);
}

static void remainder_set(remainder *r, const size_t *held_out, size_t n, const wn_chosen *chosen) {
    const wn_copies *c = chosen->copies;
    const wn_lists *lists = chosen->lists;
    const wn_class_labels *classes = chosen->opts->classes;
    remainder_restore(r, c->m);
    memset(r->held_out, 0, c->m * sizeof *r->held_out);
    for (size_t i = 0; i < n; i++) r->held_out[held_out[i]] = true;
    for (size_t i = 0, to = c->m; i < n; i++) {
        if (held_out[i] >= r->m) continue; /* at the end already */
        while (r->held_out[r->at[--to]]) continue;
        exchange(r, held_out[i], to);
    }
    for (size_t i = 0; r->value && i < r->m; i++) r->value[i] = chosen->opts->value[r->at[i]];
    for (size_t i = 0; r->weight && i < r->m; i++) r->weight[i] = chosen->opts->weight[r->at[i]];
    for (size_t i = 0; r->group && i < r->m; i++) r->group[i] = chosen->opts->limits->group[c->row_of[r->at[i]]];
    r->limits.group = r->group;
    for (size_t i = 0; classes && i < r->m; i++) r->classes.label[i] = classes->label[r->at[i]];
    r->lists = (wn_lists){.keep = r->keep, .exclude = r->exclude, .nkeep = lists->nkeep};
    for (size_t i = 0; i < lists->nkeep; i++) r->keep[i] = r->place[c->x_row[lists->keep[i]]];
    for (size_t i = 0; i < lists->nexclude; i++) {
        const size_t row = c->x_row[lists->exclude[i]];
        if (row < c->m && c->row_of[row] == lists->exclude[i]) r->exclude[r->lists.nexclude++] = r->place[row];
    }
}

/* ---- choices ---- */

/* What is chosen of it by o, the rows with a label. */
static wn_code choose_rows(wn_worth_rows *out, remainder *r, const wn_worth_folds *f, const wn_choice_opts *o,
                           wn_err *err) {
    const wn_copies c = {.n = r->m, .m = r->m, .x_row = r->self, .row_of = r->self};
    wn_io quiet = {0};
    wn_choice choice = {0};
    wn_choice_opts any = *o;
    any.any_order = true;
    wn_code code = wn_choice_make(&choice, r->v, &c, &r->lists, &any, &quiet, err);
    if (code != WN_OK) goto out;
    code = WN_EMEMORY;
    if (!(out->row = wn_alloc(choice.k, sizeof *out->row, err))) goto out;
    for (size_t i = 0; i < choice.k; i++) {
        const size_t row = r->at[choice.chosen[i]];
        if (f->label[row] < f->classes) out->row[out->n++] = row;
    }
    code = WN_OK;
out:
    wn_choice_free(&choice);
    return code;
}

static wn_choice_opts at_random(const wn_choice_opts *o, size_t wanted, size_t fold, uint64_t stream) {
    wn_rng g = wn_rng_init(o->seed, (uint64_t)fold << 32 | stream);
    wn_choice_opts random = {.objective = WN_RANDOM, .kernel = o->kernel, .wanted = wanted, .memory = o->memory};
    random.seed = wn_rng_u64(&g);
    return random;
}

static wn_code choose_fold(wn_worth_folds *f, size_t i, remainder *r, const wn_choice_opts *o, wn_err *err) {
    wn_worth_fold *fold = &f->fold[i];
    wn_choice_opts again = *o;
    again.wanted = f->size.k;
    again.part_rows = f->plan.part_rows;
    again.value = r->value, again.weight = r->weight;
    if (o->classes) again.classes = &r->classes;
    if (o->limits) again.limits = &r->limits;
    wn_choice_opts random = at_random(o, f->size.k, i, STREAM_DRAW);
    random.limits = again.limits; /* what chance gives where the same is allowed */
    if (o->objective != WN_CLASS_HERDING) random.classes = again.classes;
    const wn_choice_opts all = at_random(o, f->plan.all_rows, i, STREAM_ALL);
    wn_code code = choose_rows(&fold->chosen, r, f, &again, err);
    if (code != WN_OK) return code;
    if ((code = choose_rows(&fold->random, r, f, &random, err)) != WN_OK) return code;
    return i < f->plan.all_folds ? choose_rows(&fold->all, r, f, &all, err) : WN_OK;
}

wn_code wn_worth_choose(wn_worth_folds *f, wn_vectors *v, const wn_chosen *chosen, wn_io *io, wn_err *err) {
    const wn_worth_plan *p = &f->plan;
    remainder r = {0};
    wn_code code = WN_EMEMORY;
    if (!(f->fold = wn_alloc(p->folds, sizeof *f->fold, err))) return WN_EMEMORY;
    if ((code = remainder_init(&r, v, chosen, p->held_out, err)) != WN_OK) goto out;
    for (size_t i = 0; i < p->folds; i++) {
        if ((code = wn_tick(io->progress, "verdict", "choices", i, p->folds, err)) != WN_OK) goto out;
        f->fold[i].held_out = f->order + i * p->held_out;
        remainder_set(&r, f->fold[i].held_out, p->held_out, chosen);
        if ((code = choose_fold(f, i, &r, chosen->opts, err)) != WN_OK) goto out;
    }
out:
    remainder_restore(&r, chosen->copies->m);
    remainder_free(&r);
    return code;
}
