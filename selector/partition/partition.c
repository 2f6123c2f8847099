/* Two rounds. What both share is f: for graph-cut T over all rows, so that a part's gains are those of the whole. */
#include <winnow/partition.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>

#include "ground.h"
#include "partition/first_round.h"
#include "rank.h"

/* ---- options ---- */

static wn_code check_rows(const size_t *rows, size_t m, size_t n, const char *what, wn_err *err) {
    for (size_t i = 0; i < m; i++)
        if (rows[i] >= n)
            return wn_err_set(err, WN_EUSAGE, "partitions: row %zu %s, but there are %zu rows", rows[i], what, n);
    return WN_OK;
}

bool wn_partition_serves(wn_objective o) {
    return o == WN_GRAPH_CUT || o == WN_FACILITY_LOCATION;
}

/* *own: the options of every round. */
static wn_code check_options(wn_select_opts *own, const wn_mat *x, const wn_select_opts *o, const wn_partition_opts *p,
                             wn_err *err) {
    const size_t n = x->rows;
    *own = *o;
    own->sum_rows = 0;    /* the rounds have samples of their own */
    own->certify = false; /* a bound over the candidates would not be one over all rows */
    if (p->parts == 0 || p->parts > n)
        return wn_err_set(err, WN_EUSAGE, "partitions: %zu rows cannot be cut into %zu parts; 1 to %zu are possible", n,
                          p->parts, n);
    if (p->by == WN_PART_LABEL && !p->label)
        return wn_err_set(err, WN_EUSAGE, "partitions: there are no labels to cut the rows by");
    if (!wn_partition_serves(o->objective))
        return wn_err_set(err, WN_EUSAGE,
                          "partitions: only graph-cut and facility-location are chosen in parts, not %s",
                          wn_objective_name(o->objective));
    if (o->value || o->kernel.kind == WN_PRECOMPUTED)
        return wn_err_set(err, WN_EUSAGE, "partitions: neither values nor given similarities are cut into parts");
    if (o->graph || o->represent || o->sums || o->first || o->n_all)
        return wn_err_set(err, WN_EUSAGE, "partitions: the rows must be a whole, compared by all pairs");
    if (o->limit.quotas || o->limit.group || o->limit.cost || o->limit.apart || o->limit.had)
        return wn_err_set(err, WN_EUSAGE, "partitions: a part does not know what others choose, so there can be no "
                          "limits on what is chosen together");
    wn_code code = check_rows(o->keep, o->nkeep, n, "must be kept", err);
    if (code != WN_OK || (code = check_rows(o->exclude, o->nexclude, n, "is excluded", err)) != WN_OK) return code;
    if (o->k) own->lambda = wn_ground_lambda(o->lambda, wn_partition_ground(x, o), o->k);
    return WN_OK;
}

wn_code wn_partition_part(const wn_mat *x, const wn_select_opts *o, const wn_partition_opts *p, size_t part,
                          wn_part_picks *out, wn_err *err) {
    wn_select_opts own;
    wn_first_round first = {0};
    wn_part_picks picks = {0};
    wn_code code = check_options(&own, x, o, p, err);
    if (code != WN_OK) return code;
    if (part >= p->parts)
        return wn_err_set(err, WN_EUSAGE, "partitions: there is no part %zu of %zu", part + 1, p->parts);
    if ((code = wn_first_round_open(&first, x, &own, p, err)) != WN_OK) goto out;
    if ((code = wn_first_round_pick(&picks, &first, part, err)) == WN_OK) *out = picks;
out:
    wn_first_round_close(&first);
    return code;
}

/* ---- second round ---- */

/* Rows that may be picked, and their sums; all others are excluded. */
typedef struct {
    const wn_mat *x;
    const wn_select_opts *o;
    size_t *row, n; /* [n] rising */
    size_t sampled; /* as wn_partitioned */
    double *sums;   /* [n of x] or [d]; NULL: the objective has none */
} second_round;

static void second_round_free(second_round *r) {
    wn_free(r->row);
    wn_free(r->sums);
}

static wn_code gather_picks(second_round *r, const wn_part_picks *picks, size_t parts, wn_err *err) {
    const size_t n = r->x->rows;
    wn_code code = WN_EMEMORY;
    bool *in = wn_alloc(n, sizeof *in, err);
    if (!in || !(r->row = wn_alloc(n, sizeof *r->row, err))) goto out;
    code = WN_OK;
    for (size_t part = 0; part < parts && code == WN_OK; part++)
        for (size_t i = 0; i < picks[part].n && code == WN_OK; i++) {
            if (picks[part].ids[i] < n)
                in[picks[part].ids[i]] = true;
            else
                code = wn_err_set(err, WN_EINPUT, "partitions: part %zu picked row %zu, but there are %zu rows",
                                  part + 1, picks[part].ids[i], n);
        }
    for (size_t i = 0; i < n; i++)
        if (in[i]) r->row[r->n++] = i;
    if (code == WN_OK && r->n < r->o->k)
        code =
            wn_err_set(err, WN_ECONSTRAINT, "partitions: k is %zu but the parts have picked %zu rows", r->o->k, r->n);
out:
    wn_free(in);
    return code;
}

/* As many pairs as the first round had: the fewer the candidates, the more rows their sums are over. */
static size_t second_sample(const second_round *r, size_t R) {
    const double rows = (double)R * ((double)r->x->rows / (double)r->n);
    return rows < (double)r->x->rows ? (size_t)rows : r->x->rows;
}

static wn_code sum_candidates(second_round *r, const wn_partition_opts *p, wn_err *err) {
    if (r->o->objective != WN_GRAPH_CUT) return WN_OK;
    const size_t R = second_sample(r, wn_partition_sample(p));
    double *sums = NULL;
    wn_code code = wn_cut_sums_of(&sums, r->x, r->o, R, r->row, r->n, err);
    if (code != WN_OK || !wn_cut_over_rbf(r->o)) {
        r->sums = sums;
        return code;
    }
    if (R < r->x->rows && !r->o->weight) r->sampled = R;
    if (!(r->sums = wn_alloc(r->x->rows, sizeof *r->sums, err))) code = WN_EMEMORY;
    for (size_t i = 0; i < r->n && code == WN_OK; i++) r->sums[r->row[i]] = sums[i];
    wn_free(sums);
    return code;
}

/* The greedy over all rows, among `rows` [m] alone, rising. */
static wn_code pick_among(wn_selection *out, const second_round *r, const size_t *rows, size_t m, wn_err *err) {
    const size_t n = r->x->rows;
    wn_select_opts own = *r->o;
    size_t *exclude = wn_alloc(n - m, sizeof *exclude, err), at = 0, next = 0;
    if (!exclude) return WN_EMEMORY;
    for (size_t i = 0; i < n; i++) {
        if (next < m && rows[next] == i)
            next++;
        else
            exclude[at++] = i;
    }
    own.exclude = exclude, own.nexclude = at;
    own.sums = r->sums;
    own.storage = WN_STORAGE_AUTO;
    own.memory = wn_partition_left(own.memory, 3 * n * sizeof(double));
    const wn_code code = wn_select(r->x, &own, out, err);
    wn_free(exclude);
    return code;
}

static wn_code value_of(double *value, const second_round *r, const wn_part_picks *p, wn_err *err) {
    if (r->sums) return wn_cut_value(r->x, r->o, p->ids, r->o->k, r->sums, value, err);
    return wn_select_evaluate(r->x, r->o, p->ids, r->o->k, value, err);
}

/* The part whose first k rows are best as it sees it; `parts` where none has k. */
static size_t best_part(const wn_part_picks *picks, size_t parts, size_t k) {
    size_t best = parts;
    for (size_t i = 0; i < parts; i++)
        if (picks[i].n >= k && (best == parts || picks[i].value > picks[best].value)) best = i;
    return best;
}

/* *s becomes the choice of the best part, where that is better by more than rounding. */
static wn_code try_part(wn_selection *s, size_t *part, const second_round *r, const wn_part_picks *picks, size_t parts,
                        wn_err *err) {
    static const double rounding = 1e-6;
    const size_t best = best_part(picks, parts, s->k);
    double value = 0;
    *part = 0;
    if (best == parts) return WN_OK;
    wn_code code = value_of(&value, r, &picks[best], err);
    if (code != WN_OK || !(value > s->objective[s->k - 1] + rounding * fabs(value))) return code;
    size_t *rows = wn_alloc(s->k, sizeof *rows, err);
    wn_selection own = {0};
    if (!rows) return WN_EMEMORY;
    memcpy(rows, picks[best].ids, s->k * sizeof *rows);
    qsort(rows, s->k, sizeof *rows, wn_rank_rising);
    if ((code = pick_among(&own, r, rows, s->k, err)) == WN_OK) {
        wn_selection_free(s);
        *s = own;
        *part = best + 1;
    }
    wn_free(rows);
    return code;
}

wn_code wn_partition_join(const wn_mat *x, const wn_select_opts *o, const wn_partition_opts *p,
                          const wn_part_picks *picks, wn_selection *out, wn_partitioned *how, wn_err *err) {
    wn_select_opts own;
    wn_selection s = {0};
    second_round r = {.x = x, .o = &own};
    size_t part = 0;
    wn_code code = check_options(&own, x, o, p, err);
    if (code != WN_OK) return code;
    if ((code = gather_picks(&r, picks, p->parts, err)) != WN_OK) goto out;
    if ((code = sum_candidates(&r, p, err)) != WN_OK) goto out;
    if ((code = pick_among(&s, &r, r.row, r.n, err)) != WN_OK) goto out;
    if ((code = try_part(&s, &part, &r, picks, p->parts, err)) != WN_OK) goto out;
    if (r.sampled && (code = wn_cut_recount(&s, r.sums, x, &own, err)) != WN_OK) goto out;
    if (how) *how = (wn_partitioned){.candidates = r.n, .sampled = r.sampled, .part = part};
    *out = s;
    s = (wn_selection){0};
out:
    wn_selection_free(&s);
    second_round_free(&r);
    return code;
}

/* ---- both ---- */

wn_code wn_partition_select(const wn_mat *x, const wn_select_opts *o, const wn_partition_opts *p, wn_selection *out,
                            wn_partitioned *how, wn_err *err) {
    wn_select_opts own;
    wn_first_round first = {0};
    wn_part_picks *picks = NULL;
    wn_code code = check_options(&own, x, o, p, err);
    if (code != WN_OK) return code;
    if (!(picks = wn_alloc(p->parts, sizeof *picks, err))) return WN_EMEMORY;
    if ((code = wn_first_round_open(&first, x, &own, p, err)) != WN_OK) goto out;
    for (size_t i = 0; i < p->parts; i++)
        if ((code = wn_first_round_pick(&picks[i], &first, i, err)) != WN_OK) goto out;
    code = wn_partition_join(x, o, p, picks, out, how, err);
out:
    wn_first_round_close(&first);
    for (size_t i = 0; i < p->parts; i++) wn_part_picks_free(&picks[i]);
    wn_free(picks);
    return code;
}

size_t wn_partition_memory(const wn_select_opts *o, const wn_partition_opts *p, size_t n, size_t d) {
    const size_t rows = wn_part_rows(n, p->parts ? p->parts : 1) + o->nkeep;
    wn_select_opts own = *o;
    own.graph = NULL;
    const size_t part = wn_select_memory(&own, rows, d), tables = 4 * n * sizeof(size_t);
    own.storage = WN_STORAGE_AUTO;
    const size_t all = wn_select_memory(&own, n, d);
    const size_t copy = wn_first_round_bytes(rows, d), first = part > SIZE_MAX - copy ? SIZE_MAX : part + copy;
    const size_t most = first > all ? first : all;
    return most > SIZE_MAX - tables ? SIZE_MAX : most + tables;
}
