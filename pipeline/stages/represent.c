/* Who stands for each input row: the nearest chosen one of its kept row; a chosen row for itself; none for a zero
 * vector, which is near nothing. */
#include <winnow/stages.h>

#include "cover.h"
#include "kept.h"

#include <winnow/mem.h>

/* Budgets from 1 to k, denser where the curves bend. */
static void set_budgets(wn_curves *curves, size_t k) {
    size_t last = 0;
    *curves = (wn_curves){0};
    for (size_t i = 1; i <= WN_CURVE_POINTS; i++) {
        double t = (double)i / WN_CURVE_POINTS;
        size_t at = (size_t)((double)k * t * t + .5);
        if (i == WN_CURVE_POINTS) at = k;
        if (at > last) curves->k[curves->n++] = last = at;
    }
}

static void assign_rows(wn_representatives *out, const wn_cover *cover, const wn_vectors *v, const wn_copies *c,
                        const wn_choice *choice) {
    for (size_t i = 0; i < c->n; i++) {
        size_t root = c->copy_of ? c->copy_of[i] : i, row = c->x_row[root], own = c->x_row[i];
        bool chosen = choice->rank[root] != WN_NONE;
        out->by[i] = WN_NONE;
        if (!chosen && v->zero[row]) continue;
        size_t rank = chosen ? choice->rank[root] - 1 : cover->at[row];
        out->by[i] = choice->chosen[rank];
        out->count[rank]++;
        out->sim[i] = root == choice->chosen[rank] && own == row ? 1 : cover->best[row];
        if (own != row) /* a near copy has a vector of its own */
            out->sim[i] = wn_cosine_bound((float)wn_row_cosine(&v->x, own, c->x_row[out->by[i]]));
    }
}

wn_code wn_representatives_find(wn_representatives *out, wn_curves *curves, const wn_vectors *v, const wn_copies *c,
                                const wn_choice *choice, wn_io *io, wn_err *err) {
    wn_representatives a = {.by = wn_alloc(c->n, sizeof *a.by, err),
                            .sim = wn_alloc(c->n, sizeof *a.sim, err),
                            .count = wn_alloc(choice->k, sizeof *a.count, err)};
    wn_cover cover = {.best = wn_alloc(c->m, sizeof *cover.best, err),
                      .at = wn_alloc(c->m, sizeof *cover.at, err),
                      .mean = curves->coverage};
    wn_code code = a.by && a.sim && a.count && cover.best && cover.at ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    set_budgets(curves, choice->k);
    const wn_cover_opts o = {
        .order = choice->selection.ids, .budget = curves->k, .npoints = curves->n, .given = choice->given,
        .ranks = choice->ranks};
    if ((code = wn_cover_curve(&cover, v, c, &o, io, err)) != WN_OK) goto out;
    if (choice->k > 0)
        assign_rows(&a, &cover, v, c, choice);
    else
        for (size_t i = 0; i < c->n; i++) a.by[i] = WN_NONE;
    *out = a;
    a = (wn_representatives){0};
out:
    wn_representatives_free(&a);
    wn_free(cover.best);
    wn_free(cover.at);
    return code;
}

void wn_representatives_free(wn_representatives *a) {
    wn_free(a->by);
    wn_free(a->sim);
    wn_free(a->count);
    *a = (wn_representatives){0};
}
