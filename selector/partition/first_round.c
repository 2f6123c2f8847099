/* The first round. A part's greedy knows all rows by their sums, but not what the other parts pick. Where every part
 * has its share of everything, its own k rows press the gains down about as those of all will. A part of few labels
 * takes what is nearest to all rows, since nothing of the rest has been picked there: so k rows of a sample stand in
 * for the picks of others, as if they had been taken before.
 *
 * Of the rows nearest to many a part passes over some that the whole would take, as its own are more alike. Over rbf it
 * therefore picks twice: with the penalty of the whole, then with a third of it; what both pick goes up once. Where
 * parts are few and see a bit of everything the second pick is of more than k rows, so that there is enough to choose
 * from. */
#include "partition/first_round.h"

#include <string.h>
#include <wn/pairwise.h>
#include <wn/paged.h>
#include <winnow/mem.h>

#include "ground.h"

/* Rows that a stand-in is the best of, at the least; times k that all parts together pick again. */
enum { SAMPLE_A_PICK = 8, ENOUGH = 8 };
static const double sample_share = .25, little_penalty = 1. / 3;

size_t wn_partition_sample(const wn_partition_opts *p) {
    return p->sample ? p->sample : WN_PARTITION_SAMPLE;
}

size_t wn_partition_left(size_t memory, size_t held) {
    return memory == 0 ? 0 : memory > held ? memory - held : 1;
}

double wn_partition_ground(const wn_mat *x, const wn_select_opts *o) {
    double total = 0;
    for (size_t i = 0; i < x->rows && o->weight; i++) total += o->weight[i];
    return o->weight ? total : (double)x->rows;
}

size_t wn_first_round_bytes(size_t rows, size_t d) {
    return rows * ((d + 15) / 16 * 16 * sizeof(float) + 4 * sizeof(double));
}

/* The rows of a part, close together, with what they weigh. */
static wn_code copy_part(wn_mat *out, double **weight, const wn_part *p, const wn_mat *x, const wn_select_opts *o,
                         wn_err *err) {
    wn_code code = wn_mat_init(out, p->n, x->cols, err);
    if (code == WN_OK && o->weight && !(*weight = wn_alloc(p->n, sizeof **weight, err))) code = WN_EMEMORY;
    if (code != WN_OK) return code;
    for (size_t i = 0; i < p->n; i++) {
        wn_paged_look();
        memcpy(wn_mat_row(out, i), wn_mat_row(x, p->row[i]), x->cols * sizeof(float));
        if (o->weight) (*weight)[i] = o->weight[p->row[i]];
    }
    return WN_OK;
}

/* ---- stand-ins ---- */

/* Those of other parts; must-keep rows are picked in every part. wn_free(*rows). */
static wn_code stand_ins_of(size_t **rows, size_t *m, const wn_first_round *r, const wn_part *p, wn_err *err) {
    bool *mine = wn_alloc(r->x->rows, sizeof *mine, err);
    if (!mine || !(*rows = wn_alloc(r->stand_ins.n, sizeof **rows, err))) {
        wn_free(mine);
        return WN_EMEMORY;
    }
    for (size_t i = 0; i < p->n; i++) mine[p->row[i]] = true;
    for (size_t i = 0; i < r->stand_ins.n; i++)
        if (!mine[r->stand_ins.ids[i]]) (*rows)[(*m)++] = r->stand_ins.ids[i];
    wn_free(mine);
    return WN_OK;
}

/* sums as wn_select takes them, less what those rows take back; taken: the same for each row of the part, [p->n]. */
static wn_code take_back(double *sums, double *taken, const wn_first_round *r, const wn_part *p, wn_err *err) {
    const wn_mat *x = r->x;
    const double scale = 2 + r->o->lambda;
    size_t *rows = NULL, m = 0;
    wn_code code = stand_ins_of(&rows, &m, r, p, err);
    if (code == WN_OK) code = wn_pair_sums(&r->o->kernel, x, p->row, p->n, rows, m, taken, err);
    for (size_t i = 0; i < p->n && code == WN_OK; i++) {
        taken[i] *= scale;
        if (wn_cut_over_rbf(r->o)) sums[i] -= taken[i];
    }
    for (size_t i = 0; i < m && code == WN_OK && !wn_cut_over_rbf(r->o); i++)
        for (size_t c = 0; c < x->cols; c++) sums[c] -= scale * (double)wn_mat_row(x, rows[i])[c];
    wn_free(rows);
    return code;
}

/* ---- a part ---- */

/* `more` rows picked with less of the penalty, those of them that are not in s. */
static wn_code pick_again(wn_selection *s, size_t more, const wn_mat *rows, const wn_select_opts *o, wn_err *err) {
    wn_select_opts own = *o;
    wn_selection again = {0};
    own.lambda = little_penalty * (2 + o->lambda) - 2;
    if (own.lambda < 0) own.lambda = 0;
    own.k = more;
    bool *in = wn_alloc(rows->rows, sizeof *in, err);
    wn_code code = in ? wn_select(rows, &own, &again, err) : WN_EMEMORY;
    size_t *ids = code == WN_OK ? wn_realloc(s->ids, s->k, s->k + again.k, sizeof *ids, err) : NULL;
    if (code == WN_OK && !ids) code = WN_EMEMORY;
    if (code != WN_OK) goto out;
    s->ids = ids;
    for (size_t i = 0; i < s->k; i++) in[s->ids[i]] = true;
    for (size_t i = 0; i < again.k; i++)
        if (!in[again.ids[i]]) s->ids[s->k++] = again.ids[i];
out:
    wn_selection_free(&again);
    wn_free(in);
    return code;
}

/* k rows of the part, or all that there are; twice: then others by a smaller penalty. */
static wn_code pick_of_part(wn_part_picks *out, const wn_first_round *r, const wn_part *p, bool twice, wn_err *err) {
    const wn_mat *x = r->x;
    wn_select_opts own = *r->o;
    wn_selection s = {0};
    wn_mat rows = {0};
    double *weight = NULL, *sums = NULL, *taken = NULL;
    wn_code code = WN_OK;
    const size_t left = p->n - p->nexclude;
    const bool few = r->p->parts < ENOUGH && r->p->by != WN_PART_LABEL;
    const size_t more = few ? own.k * ENOUGH / r->p->parts : own.k;
    own.k = own.k < left ? own.k : left;
    if (own.k == 0) goto out;
    if ((code = copy_part(&rows, &weight, p, x, r->o, err)) != WN_OK) goto out;
    own.sums = r->sums;
    if (own.objective == WN_GRAPH_CUT &&
        (code = wn_cut_sums_of(&sums, x, &own, wn_partition_sample(r->p), p->row, p->n, err)) != WN_OK)
        goto out;
    if (sums && r->stand_ins.n) {
        code = (taken = wn_alloc(p->n, sizeof *taken, err)) ? take_back(sums, taken, r, p, err) : WN_EMEMORY;
        if (code != WN_OK) goto out;
    }
    own.sums = sums, own.weight = weight;
    own.keep = p->keep, own.nkeep = p->nkeep;
    own.exclude = p->exclude, own.nexclude = p->nexclude;
    own.memory = wn_partition_left(own.memory, wn_first_round_bytes(p->n, x->cols));
    if ((code = wn_select(&rows, &own, &s, err)) != WN_OK) goto out;
    double value = s.objective[s.k - 1];
    for (size_t i = 0; i < s.k && taken; i++) value += taken[s.ids[i]]; /* f without stand-ins */
    if (twice && (code = pick_again(&s, more < left ? more : left, &rows, &own, err)) != WN_OK) goto out;
    for (size_t i = 0; i < s.k; i++) s.ids[i] = p->row[s.ids[i]];
    *out = (wn_part_picks){.n = s.k, .ids = s.ids, .value = value};
    if (!sums) out->value /= wn_partition_ground(&rows, &own); /* of its own rows: a mean, to be compared */
    s.ids = NULL;
out:
    wn_selection_free(&s);
    wn_mat_free(&rows);
    wn_free(weight);
    wn_free(sums);
    wn_free(taken);
    return code;
}

wn_code wn_first_round_pick(wn_part_picks *out, const wn_first_round *r, size_t part, wn_err *err) {
    wn_part rows = {0};
    wn_code code = wn_part_make(&rows, r->x->rows, r->o, r->p, part, err);
    if (code == WN_OK) code = pick_of_part(out, r, &rows, r->p->parts > 1 && wn_cut_over_rbf(r->o), err);
    wn_part_free(&rows);
    return code;
}

/* ---- what parts have in common ---- */

static wn_code pick_stand_ins(wn_first_round *r, wn_err *err) {
    const size_t n = r->x->rows, most = (size_t)(sample_share * (double)n);
    size_t rows = wn_partition_sample(r->p);
    wn_cut_sample sample = {0};
    wn_part part = {0};
    if (r->o->k < n && rows < SAMPLE_A_PICK * r->o->k) rows = SAMPLE_A_PICK * r->o->k;
    wn_code code = wn_cut_sample_draw(&sample, n, rows < most ? rows : most, r->o->seed, err);
    if (code == WN_OK) code = wn_part_of_rows(&part, n, r->o, sample.row, sample.n, err);
    if (code == WN_OK) code = pick_of_part(&r->stand_ins, r, &part, false, err);
    wn_part_free(&part);
    wn_free(sample.row);
    return code;
}

wn_code wn_first_round_open(wn_first_round *r, const wn_mat *x, const wn_select_opts *o, const wn_partition_opts *p,
                            wn_err *err) {
    wn_code code = WN_OK;
    *r = (wn_first_round){.x = x, .o = o, .p = p};
    if (o->objective != WN_GRAPH_CUT) return WN_OK;
    if (!wn_cut_over_rbf(o)) {
        if ((code = wn_cut_sums_of(&r->sums, x, o, 0, NULL, 0, err)) != WN_OK) return code;
    }
    return p->by == WN_PART_LABEL && p->parts > 1 ? pick_stand_ins(r, err) : WN_OK;
}

void wn_first_round_close(wn_first_round *r) {
    wn_part_picks_free(&r->stand_ins);
    wn_free(r->sums);
    *r = (wn_first_round){0};
}
