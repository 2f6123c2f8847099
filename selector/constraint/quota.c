/* Sharing k out among classes, within bounds. */
#include <winnow/quota.h>

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <winnow/mem.h>
#include <winnow/select.h>

/* A class whose share is not settled yet. */
typedef struct {
    const wn_quota_class *c;
    size_t place;
    double share;
} open_share;

static void give_least(size_t *quota, open_share *open, size_t *n, size_t *k, const wn_quota_class *c, size_t classes) {
    for (size_t i = 0; i < classes; i++) {
        if (c[i].weight > 0) open[(*n)++] = (open_share){.c = &c[i], .place = i};
        else *k -= quota[i] = c[i].least;
    }
}

/* Settles the classes that their bounds hold back, on the side where more is held back; false once none is. That is
 * how both bounds are met: those on the other side may come free. */
static bool settle_bound(size_t *quota, open_share *open, size_t *n, size_t *k) {
    double total = 0, moved = 0, rows = (double)*k;
    size_t left = 0;
    for (size_t i = 0; i < *n; i++) total += open[i].c->weight;
    for (size_t i = 0; i < *n; i++) {
        const double share = open[i].share = rows * (open[i].c->weight / total);
        moved += fmin(fmax(share, (double)open[i].c->least), (double)open[i].c->most) - share;
    }
    for (size_t i = 0; i < *n; i++) {
        const wn_quota_class *c = open[i].c;
        const bool low = moved >= 0 && open[i].share < (double)c->least,
                   high = moved <= 0 && open[i].share >= (double)c->most;
        if (low || high) *k -= quota[open[i].place] = low ? c->least : c->most;
        else open[left++] = open[i];
    }
    const bool settled = left < *n;
    *n = left;
    return settled;
}

static int largest_rest(const void *a, const void *b) {
    const open_share *x = a, *y = b;
    const double rx = x->share - floor(x->share), ry = y->share - floor(y->share);
    if (rx < ry || rx > ry) return rx < ry ? 1 : -1;
    if (x->c->size != y->c->size) return x->c->size < y->c->size ? 1 : -1;
    return x->place < y->place ? -1 : x->place > y->place;
}

wn_code wn_quotas(size_t *quota, const wn_quota_class *c, size_t classes, size_t k, wn_err *err) {
    size_t least = 0, most = 0, n = 0, left = k;
    for (size_t i = 0; i < classes; i++) {
        least += c[i].least;
        most += c[i].weight > 0 ? c[i].most : c[i].least;
    }
    if (k < least || k > most)
        return wn_err_set(err, WN_ECONSTRAINT, "quotas: k is %zu, but the classes take %s %zu rows", k,
                          k < least ? "at least" : "no more than", k < least ? least : most);
    open_share *open = wn_alloc(classes, sizeof *open, err);
    if (!open) return WN_EMEMORY;
    give_least(quota, open, &n, &left, c, classes);
    while (n > 0 && settle_bound(quota, open, &n, &left)) continue;
    for (size_t i = 0; i < n; i++) left -= quota[open[i].place] = (size_t)open[i].share;
    qsort(open, n, sizeof *open, largest_rest);
    for (size_t i = 0; left > 0 && i < n; i++, left--) quota[open[i].place]++;
    wn_free(open);
    return WN_OK;
}

wn_code wn_select_quotas(const wn_select_opts *o, size_t n, size_t *quota, wn_err *err) {
    wn_quota_class *c = wn_alloc(o->classes, sizeof *c, err);
    bool *no = wn_alloc(n, sizeof *no, err);
    wn_code code = c && no ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < o->nexclude; i++) no[o->exclude[i] - o->first] = true;
    for (size_t i = 0; i < n; i++) {
        c[o->label[i]].size += o->weight ? o->weight[i] : 1;
        c[o->label[i]].most += !no[i];
    }
    for (size_t i = 0; i < o->nkeep; i++) c[o->label[o->keep[i] - o->first]].least++;
    for (size_t i = 0; i < o->classes; i++)
        c[i].weight = o->share ? o->share[i] : c[i].most && c[i].size > 0 ? pow(c[i].size, o->quota_power) : 0;
    code = wn_quotas(quota, c, o->classes, o->k, err);
out:
    wn_free(c);
    wn_free(no);
    return code;
}
