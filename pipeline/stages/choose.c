/* The choice: how many, which rows may not be chosen, and the selection. */
#include <winnow/stages.h>

#include "kept.h"
#include "limits.h"
#include "ranks/ranks.h"
#include "say.h"

#include <math.h>
#include <winnow/mem.h>
#include <winnow/similarity.h>

/* Objectives over all pairs are exact up to here; beyond, where they can be, over the graph of nearest neighbours. */
enum { EXACT_ROWS = 20000, DEFAULT_NEIGHBOURS = 50 };
static const double little_balance = 0.5;

wn_code wn_choice_size(size_t *wanted, const wn_size_opts *o, size_t n, const wn_lists *lists, wn_err *err) {
    double k = o->percent ? round(o->k / 100 * (double)n) : o->k;
    if (k < 1) k = 1;
    size_t rows = k >= (double)n ? n : (size_t)k;
    if (lists->nkeep > rows)
        return wn_err_set(err, WN_ECONSTRAINT, "%zu rows must be kept (--keep, --start-from), but -k asks for %zu",
                          lists->nkeep, rows);
    *wanted = rows;
    return WN_OK;
}

size_t wn_choice_neighbours(const wn_choice_opts *o, size_t m) {
    bool graph = wn_objective_over_graph(o->objective) && o->objective != WN_MIXTURE;
    for (size_t i = 0; i < o->nmix; i++) graph = graph || wn_objective_over_graph(o->mix[i].objective);
    if (!graph || m <= EXACT_ROWS || o->partition.parts || o->kernel.kind == WN_PRECOMPUTED) return 0;
    size_t K = o->neighbours ? o->neighbours : DEFAULT_NEIGHBOURS;
    return K < m ? K : m - 1;
}

size_t wn_choice_sum_rows(const wn_choice_opts *o, size_t m) {
    const bool rbf = o->objective == WN_GRAPH_CUT && o->kernel.kind == WN_RBF;
    if (!rbf || o->value || o->weight || o->partition.parts || o->sums == WN_SUMS_EXACT) return 0;
    return o->sum_rows < m && (o->sums == WN_SUMS_SAMPLED || m > WN_EXACT_SUMS) ? o->sum_rows : 0;
}

/* Rows of the matrix that are not to be chosen. */
typedef struct {
    size_t *rows, n;
} barred_rows;

/* Does the row's class share in k? */
static bool shares(const wn_class_labels *c, size_t row) {
    return !c || !c->share || c->share[c->label[row]] > 0;
}

/* Excluded rows, those of classes that get nothing, and zero vectors but those that k cannot do without, the first
 * ones; *k: as many as wanted and possible. */
static wn_code bar_rows(barred_rows *out, size_t *k, const wn_vectors *v, const wn_copies *c, const wn_lists *lists,
                        const wn_choice_opts *o, wn_err *err) {
    bool *no = wn_alloc(c->m, sizeof *no, err), *keep = wn_alloc(c->m, sizeof *keep, err);
    size_t *rows = wn_alloc(c->m, sizeof *rows, err), listed = 0, usable = 0;
    wn_code code = no && keep && rows ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < lists->nkeep; i++) keep[c->x_row[lists->keep[i]]] = true;
    for (size_t i = 0; i < lists->nexclude; i++) {
        size_t row = c->x_row[lists->exclude[i]]; /* a dropped copy was never to be picked */
        if (row < c->m && c->row_of[row] == lists->exclude[i]) no[row] = true;
    }
    for (size_t i = 0; i < c->m; i++) {
        listed += no[i];
        usable += keep[i] || (!no[i] && !v->zero[i] && shares(o->classes, i));
    }
    *k = o->wanted < c->m - listed ? o->wanted : c->m - listed;
    const bool budget = o->limits && o->limits->cost; /* which is not spent on rows that say nothing */
    size_t zeros = *k > usable && !(budget && usable > 0) ? *k - usable : 0;
    *out = (barred_rows){.rows = rows};
    for (size_t i = 0; i < c->m; i++) {
        const bool zero = v->zero[i] && !no[i] && !keep[i], needed = zero && zeros > 0 && shares(o->classes, i);
        zeros -= needed;
        if (no[i] || (zero && !needed) || (!keep[i] && !shares(o->classes, i))) rows[out->n++] = i;
    }
    rows = NULL;
out:
    wn_free(no);
    wn_free(keep);
    wn_free(rows);
    return code;
}

static void warn_of_balance(const wn_choice_opts *o, size_t m, size_t k, wn_io *io) {
    if (o->objective != WN_GRAPH_CUT || isnan(o->lambda)) return;
    double balance = wn_select_balance(o->lambda, m, k);
    if (balance < little_balance)
        wn_sayf(io,
                "warning: with lambda %g and this k, (2 + lambda) k / n is only %.2f, and graph-cut tends to spend "
                "its picks on the densest group; --lambda auto suits k",
                o->lambda, balance);
}

/* The classes of n rows into s; *push must live as long. */
static wn_code set_classes(wn_select_opts *s, double **push, const wn_class_labels *c, size_t n, wn_err *err) {
    size_t *quota = wn_alloc(c->n, sizeof *quota, err);
    wn_code code = quota && (*push = wn_alloc(c->n, sizeof **push, err)) ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    s->label = c->label, s->classes = c->n, s->share = c->share, s->quota_power = c->power, s->push = *push;
    if ((code = wn_select_quotas(s, n, quota, err)) != WN_OK) goto out;
    for (size_t i = 0; i < c->n; i++) (*push)[i] = wn_push_of_class(c, quota[i]);
out:
    wn_free(quota);
    return code;
}

/* ---- parts ---- */

/* What the library wants to know of the parts; *label, [m], must live as long. */
static wn_code parts_of(wn_partition_opts *out, uint32_t **label, const wn_copies *c, const wn_choice_opts *o,
                        wn_err *err) {
    const wn_choice_parts *p = &o->partition;
    *out = (wn_partition_opts){
        .parts = p->parts, .by = p->by, .sample = o->sums == WN_SUMS_EXACT ? SIZE_MAX : o->sum_rows};
    if (p->by != WN_PART_LABEL || !p->label) return WN_OK;
    if (!(*label = wn_alloc(c->m, sizeof **label, err))) return WN_EMEMORY;
    for (size_t i = 0; i < c->m; i++) (*label)[i] = p->label[c->row_of[i]];
    out->label = *label;
    return WN_OK;
}

static wn_code select_in_parts(wn_choice *out, const wn_mat *x, const wn_copies *c, const wn_select_opts *s,
                               const wn_choice_opts *o, wn_err *err) {
    wn_partition_opts parts;
    uint32_t *label = NULL;
    wn_code code = parts_of(&parts, &label, c, o, err);
    if (code == WN_OK && o->partition.picks)
        code = wn_partition_join(x, s, &parts, o->partition.picks, &out->selection, &out->rounds, err);
    else if (code == WN_OK)
        code = wn_partition_select(x, s, &parts, &out->selection, &out->rounds, err);
    wn_free(label);
    return code;
}

/* ---- the choice ---- */

/* The options of the whole, but for classes, queries and graph; *keep must live as long. */
static wn_code select_opts(wn_select_opts *out, size_t **keep, size_t k, const wn_copies *c, const wn_lists *lists,
                           const barred_rows *barred, const wn_choice_opts *o, wn_err *err) {
    if (!(*keep = wn_alloc(lists->nkeep, sizeof **keep, err))) return WN_EMEMORY;
    for (size_t i = 0; i < lists->nkeep; i++) (*keep)[i] = c->x_row[lists->keep[i]];
    *out = (wn_select_opts){.objective = o->objective,
                            .kernel = o->kernel,
                            .storage = o->storage,
                            .maximizer = o->maximizer,
                            .epsilon = o->epsilon,
                            .mix = o->mix,
                            .nmix = o->nmix,
                            .value = o->value,
                            .weight = o->weight,
                            .apart = o->apart,
                            .k = k,
                            .lambda = o->lambda,
                            .saturation = o->saturation,
                            .sum_rows = wn_choice_sum_rows(o, c->m),
                            .seed = o->seed,
                            .part_rows = o->part_rows,
                            .keep = *keep,
                            .nkeep = lists->nkeep,
                            .exclude = barred->rows,
                            .nexclude = barred->n,
                            .certify = !o->any_order && !o->partition.parts,
                            .memory = o->memory};
    return WN_OK;
}

/* Of the k rows those that are chosen toward the queries; must-keep rows are none's share. */
static size_t toward_queries(const wn_choice_opts *o, size_t k, size_t nkeep) {
    const double share = o->objective >= WN_RDS ? 1 : o->query_weight;
    return nkeep + (size_t)round(share * (double)(k - nkeep));
}

/* The first `toward` rows as `s` has them but for the queries: into `first`. */
static wn_code select_toward(wn_selection *first, size_t toward, const wn_mat *x, const wn_select_opts *s,
                             const wn_choice_opts *o, wn_err *err) {
    wn_select_opts own = *s;
    own.objective = o->toward;
    own.kernel = (wn_kernel){.kind = WN_COSINE};
    own.storage = WN_STORAGE_AUTO;
    own.maximizer = WN_MAXIMIZER_AUTO;
    own.query = o->query;
    own.alpha = o->query_alpha;
    own.k = toward;
    own.certify = false; /* they have none */
    own.value = own.weight = NULL;
    return wn_select(x, &own, first, err);
}

/* What the objective chose on top of `first`, with the queries that those serve. Only its own gains tell where it would
 * have stopped. */
static wn_code join_choices(wn_selection *all, const wn_selection *first, wn_err *err) {
    all->negative_from = all->k;
    for (size_t i = all->k; i-- > first->k;)
        if (all->gain[i] < 0) all->negative_from = i;
    if (!(all->query = wn_alloc(all->k, sizeof *all->query, err))) return WN_EMEMORY;
    for (size_t i = 0; i < all->k; i++) all->query[i] = i < first->k ? first->query[i] : WN_NONE;
    return WN_OK;
}

static wn_code select_rows(wn_choice *out, const wn_vectors *v, const wn_copies *c, const wn_lists *lists,
                           const barred_rows *barred, const wn_choice_opts *o, wn_io *io, wn_err *err) {
    const wn_mat rows = wn_space_rows(v, c), whole = wn_kept_rows(v, c); /* queries are of the whole vectors */
    wn_mat x = rows;
    wn_limited_rows limited = {0};
    wn_csr graph = {0};
    wn_selection first = {0};
    double *push = NULL;
    size_t K = wn_choice_neighbours(o, c->m), *keep = NULL;
    wn_select_opts s;
    wn_code code = select_opts(&s, &keep, out->k, c, lists, barred, o, err);
    if (code != WN_OK) goto out;
    s.progress = io->progress;
    if (o->query && (out->toward = toward_queries(o, out->k, lists->nkeep)) > 0) {
        if ((code = select_toward(&first, out->toward, &whole, &s, o, err)) != WN_OK) goto out;
        s.keep = first.ids, s.nkeep = first.k;
        if (o->objective >= WN_RDS) { /* nothing is left to another objective */
            out->selection = first;
            first = (wn_selection){0};
            goto out;
        }
    }
    if (o->objective == WN_CLASS_HERDING && (code = set_classes(&s, &push, o->classes, x.rows, err)) != WN_OK) goto out;
    if ((code = wn_limits_set(&limited, &s, &x, v, c, o, err)) != WN_OK) goto out;
    if (K > 0) {
        if ((code = wn_sim_knn(&x, K, &graph, io->progress, err)) != WN_OK) goto out;
        size_t held = x.rows * K * (sizeof *graph.indices + sizeof *graph.data);
        s.graph = &graph;
        s.memory = o->memory > held ? o->memory - held : 1;
    }
    warn_of_balance(o, c->m, out->k, io);
    if (o->partition.parts)
        code = select_in_parts(out, &x, c, &s, o, err);
    else if (o->ranks)
        code = wn_ranks_select(o->ranks, &x, &s, &out->selection, err);
    else
        code = wn_select(&x, &s, &out->selection, err);
    if (code == WN_OK && o->query) code = join_choices(&out->selection, &first, err);
    if (code == WN_OK && o->objective == WN_GRAPH_CUT && isnan(o->lambda) && !o->any_order && !o->value &&
        o->kernel.kind != WN_PRECOMPUTED) /* made for this k alone */
        code = wn_selection_by_coverage(&out->selection, &rows, &whole, &s, err);
    out->k = code == WN_OK ? out->selection.k : out->k; /* a budget may buy fewer */
out:
    wn_limited_rows_free(&limited);
    wn_csr_free(&graph);
    wn_selection_free(&first);
    wn_free(keep);
    wn_free(push);
    return code;
}

/* chosen and rank, as input rows. */
static wn_code name_chosen(wn_choice *out, const wn_copies *c, wn_err *err) {
    out->chosen = wn_alloc(out->k, sizeof *out->chosen, err);
    out->rank = wn_alloc(c->n, sizeof *out->rank, err);
    if (!out->chosen || !out->rank) return WN_EMEMORY;
    for (size_t i = 0; i < c->n; i++) out->rank[i] = WN_NONE;
    for (size_t i = 0; i < out->k; i++) {
        out->chosen[i] = c->row_of[out->selection.ids[i]];
        out->rank[out->chosen[i]] = i + 1;
    }
    return WN_OK;
}

wn_code wn_choice_make(wn_choice *out, const wn_vectors *v, const wn_copies *c, const wn_lists *lists,
                       const wn_choice_opts *o, wn_io *io, wn_err *err) {
    barred_rows barred = {0};
    wn_choice choice = {.ranks = o->ranks};
    wn_code code = bar_rows(&barred, &choice.k, v, c, lists, o, err);
    if (code != WN_OK) goto out;
    choice.given = o->kernel.kind == WN_PRECOMPUTED;
    choice.nkeep = choice.k ? lists->nkeep : 0;
    if (choice.k > 0 && (code = select_rows(&choice, v, c, lists, &barred, o, io, err)) != WN_OK) goto out;
    if ((code = name_chosen(&choice, c, err)) != WN_OK) goto out;
    *out = choice;
    choice = (wn_choice){0};
out:
    wn_choice_free(&choice);
    wn_free(barred.rows);
    return code;
}

/* What parts are made with; release it whatever part_opts returned. */
typedef struct {
    barred_rows barred;
    uint32_t *label;
    size_t *keep;
    wn_partition_opts p;
    wn_select_opts s;
} part_opts;

static wn_code make_part_opts(part_opts *out, const wn_vectors *v, const wn_copies *c, const wn_lists *lists,
                              const wn_choice_opts *o, wn_io *io, wn_err *err) {
    size_t k = 0;
    wn_code code = bar_rows(&out->barred, &k, v, c, lists, o, err);
    if (code == WN_OK) code = parts_of(&out->p, &out->label, c, o, err);
    if (code == WN_OK) code = select_opts(&out->s, &out->keep, k, c, lists, &out->barred, o, err);
    out->s.progress = io->progress;
    return code;
}

static void free_part_opts(part_opts *p) {
    wn_free(p->barred.rows);
    wn_free(p->label);
    wn_free(p->keep);
}

wn_code wn_choice_part(wn_part_picks *out, const wn_vectors *v, const wn_copies *c, const wn_lists *lists,
                       const wn_choice_opts *o, size_t part, wn_io *io, wn_err *err) {
    const wn_mat x = wn_space_rows(v, c);
    part_opts p = {0};
    wn_code code = make_part_opts(&p, v, c, lists, o, io, err);
    if (code == WN_OK) code = wn_partition_part(&x, &p.s, &p.p, part, out, err);
    free_part_opts(&p);
    return code;
}

wn_code wn_choice_parts_do(const wn_choice_todo *todo, const wn_vectors *v, const wn_copies *c, const wn_lists *lists,
                           const wn_choice_opts *o, wn_io *io, wn_err *err) {
    const wn_mat x = wn_space_rows(v, c);
    part_opts p = {0};
    wn_code code = make_part_opts(&p, v, c, lists, o, io, err);
    if (code == WN_OK && o->ranks) code = wn_ranks_parts(o->ranks, &x, &p.s, &p.p, todo, err);
    for (size_t i = 0; i < todo->n && code == WN_OK && !o->ranks; i++) {
        wn_part_picks picks = {0};
        code = wn_partition_part(&x, &p.s, &p.p, todo->parts[i], &picks, err);
        if (code == WN_OK) code = todo->done(todo->ctx, todo->parts[i], &picks, err);
        wn_part_picks_free(&picks);
    }
    free_part_opts(&p);
    return code;
}

void wn_choice_free(wn_choice *c) {
    wn_selection_free(&c->selection);
    wn_free(c->chosen);
    wn_free(c->rank);
    *c = (wn_choice){0};
}
