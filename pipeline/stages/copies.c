/* Which rows stand for which, before anything is chosen. */
#include <winnow/stages.h>

#include <string.h>
#include <winnow/mem.h>
#include <winnow/similarity.h>
#include <wn/paged.h>

/* A row that must be kept stands for itself and, if it is the first such row, for its group; a group whose kept row is
 * excluded is stood for by its first row that is not. owner (NULL: all): rows that may stand for a group. */
static wn_code prefer_listed(wn_copies *c, const wn_lists *lists, const bool *owner, wn_err *err) {
    if (lists->nkeep == 0 && lists->nexclude == 0) return WN_OK;
    size_t n = c->n, *to = wn_alloc(n, sizeof *to, err), *of = c->copy_of;
    bool *excluded = wn_alloc(n, sizeof *excluded, err), *apart = wn_alloc(n, sizeof *apart, err);
    wn_code code = to && excluded && apart ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < n; i++) to[i] = WN_NONE; /* the group stays as it is */
    for (size_t i = 0; i < lists->nexclude; i++) excluded[lists->exclude[i]] = true;
    for (size_t i = 0; i < lists->nkeep; i++)
        if (of[lists->keep[i]] == lists->keep[i]) to[lists->keep[i]] = lists->keep[i];
    for (size_t i = 0; i < lists->nkeep; i++) {
        size_t row = lists->keep[i], root = of[row];
        if (row == root) continue;
        if (to[root] == WN_NONE)
            to[root] = row;
        else
            apart[row] = true;
    }
    for (size_t i = 0; i < n; i++)
        if (excluded[of[i]] && !excluded[i] && to[of[i]] == WN_NONE && (!owner || owner[i])) to[of[i]] = i;
    for (size_t i = 0; i < n; i++) { /* `to` is indexed by old roots, which `of` still names for later rows */
        size_t root = of[i];
        of[i] = apart[i] ? i : to[root] != WN_NONE ? to[root] : root;
    }
out:
    wn_free(to);
    wn_free(excluded);
    wn_free(apart);
    return code;
}

/* dropped and groups from copy_of. */
static wn_code count_dropped(wn_copies *c, wn_err *err) {
    bool *seen = wn_alloc(c->n, sizeof *seen, err);
    if (!seen) return WN_EMEMORY;
    c->dropped = c->groups = 0;
    for (size_t i = 0; i < c->n; i++) {
        size_t root = c->copy_of[i];
        if (root == i) continue;
        c->dropped++;
        c->groups += !seen[root];
        seen[root] = true;
    }
    wn_free(seen);
    return WN_OK;
}

/* row_of and x_row from copy_of: kept rows are numbered in input order. */
static wn_code number_kept(wn_copies *c, wn_err *err) {
    wn_free(c->x_row);
    wn_free(c->row_of);
    c->m = c->n - c->dropped;
    c->x_row = wn_alloc(c->n, sizeof *c->x_row, err);
    c->row_of = wn_alloc(c->m, sizeof *c->row_of, err);
    if (!c->x_row || !c->row_of) return WN_EMEMORY;
    size_t at = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (c->copy_of && c->copy_of[i] != i) continue;
        c->row_of[at] = i;
        c->x_row[i] = at++;
    }
    for (size_t i = 0; c->copy_of && i < c->n; i++) c->x_row[i] = c->x_row[c->copy_of[i]];
    return WN_OK;
}

wn_code wn_copies_exact(wn_copies *out, const wn_view *rows, const wn_lists *lists, wn_dedup_mode mode, wn_io *io,
                        wn_err *err) {
    wn_copies c = {.n = rows->n};
    wn_code code = WN_OK;
    if (mode != WN_DEDUP_OFF) {
        c.copy_of = wn_alloc(c.n, sizeof *c.copy_of, err);
        if (!c.copy_of) return WN_EMEMORY;
        for (size_t i = 0; i < c.n; i++) c.copy_of[i] = i;
        if (rows->texts.n && (code = wn_sim_exact_duplicates(&rows->texts, c.copy_of, io->progress, err)) != WN_OK)
            goto out;
        if ((code = prefer_listed(&c, lists, NULL, err)) != WN_OK) goto out;
        if ((code = count_dropped(&c, err)) != WN_OK) goto out;
    }
    if ((code = number_kept(&c, err)) != WN_OK) goto out;
    *out = c;
    c = (wn_copies){0};
out:
    wn_copies_free(&c);
    return code;
}

/* Moves the rows of x that `keep` marks to the front, in their order, and the others behind them; to[i] is the new
 * place of row i. Only the dropped rows are copied aside. */
static wn_code part_rows(wn_mat *x, const bool *keep, size_t kept, size_t *to, wn_err *err) {
    wn_mat aside = {0};
    wn_code code = wn_mat_init_like(&aside, x->rows - kept, x->cols, x, err);
    if (code != WN_OK) return code;
    size_t front = 0, back = 0, bytes = x->stride * sizeof *x->data;
    for (size_t i = 0; i < x->rows; i++) {
        if (keep[i]) {
            if (front != i) memcpy(wn_mat_row(x, front), wn_mat_row(x, i), bytes);
            to[i] = front++;
        } else {
            memcpy(wn_mat_row(&aside, back), wn_mat_row(x, i), bytes);
            to[i] = kept + back++;
        }
    }
    for (size_t i = 0; i < back; i++) memcpy(wn_mat_row(x, kept + i), wn_mat_row(&aside, i), bytes);
    wn_mat_free(&aside);
    return WN_OK;
}

wn_code wn_copies_near(wn_copies *c, wn_mat *x, const wn_lists *lists, double threshold, wn_io *io, wn_err *err) {
    if (c->m == 0) return WN_OK;
    size_t m = c->m, n = c->n, *near = wn_alloc(m, sizeof *near, err), *own = wn_alloc(n, sizeof *own, err);
    float *sim = wn_alloc(m, sizeof *sim, err);
    bool *owner = wn_alloc(n, sizeof *owner, err), *kept = wn_alloc(m, sizeof *kept, err);
    wn_code code = near && own && sim && owner && kept ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if ((code = wn_sim_near_duplicates(x, threshold, near, sim, io->progress, err)) != WN_OK) goto out;
    for (size_t i = 0; i < n; i++) owner[i] = c->copy_of[i] == i;
    for (size_t i = 0; i < n; i++) {
        own[i] = c->x_row[i];
        c->copy_of[i] = c->row_of[near[c->x_row[i]]];
    }
    if ((code = prefer_listed(c, lists, owner, err)) != WN_OK) goto out;
    if ((code = count_dropped(c, err)) != WN_OK) goto out;
    for (size_t i = 0; i < n; i++)
        if (c->copy_of[i] == i) kept[own[i]] = true;
    if ((code = number_kept(c, err)) != WN_OK) goto out;
    if ((code = part_rows(x, kept, c->m, near, err)) != WN_OK) goto out;
    for (size_t i = 0; i < n; i++) c->x_row[i] = near[own[i]]; /* each row its own vector again */
out:
    wn_free(near);
    if (code == WN_OK) {
        wn_free(c->encoded);
        c->encoded = own;
    } else {
        wn_free(own);
    }
    wn_free(sim);
    wn_free(owner);
    wn_free(kept);
    return code;
}

wn_code wn_copies_texts(const wn_copies *c, const wn_texts *texts, wn_strings *out, wn_err *err) {
    if (c->m == c->n) {
        *out = (wn_strings){.view = *texts};
        return WN_OK;
    }
    wn_strings s = {.off = wn_alloc(c->m + 1, sizeof *s.off, err)};
    wn_code code = s.off ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < c->m; i++)
        s.off[i + 1] = s.off[i] + (texts->off[c->row_of[i] + 1] - texts->off[c->row_of[i]]);
    s.base = wn_alloc((size_t)s.off[c->m], 1, err);
    if (!s.base) {
        code = WN_EMEMORY;
        goto out;
    }
    for (size_t i = 0; i < c->m; i++)
        memcpy(s.base + s.off[i], texts->base + texts->off[c->row_of[i]], (size_t)(s.off[i + 1] - s.off[i]));
    s.view = (wn_texts){s.base, s.off, c->m};
    *out = s;
    s = (wn_strings){0};
out:
    wn_strings_free(&s);
    return code;
}

wn_code wn_copies_mixed(bool *mixed, const size_t *copy_of, const wn_view *rows, wn_err *err) {
    uint32_t *label = wn_alloc(rows->n, sizeof *label, err); /* of each kept row's group, the first one found */
    if (!label) return WN_EMEMORY;
    for (size_t i = 0; i < rows->n; i++) label[i] = UINT32_MAX, mixed[i] = false;
    for (size_t i = 0; i < rows->n; i++) {
        const size_t root = copy_of[i];
        if (label[root] == UINT32_MAX) label[root] = rows->label[i];
        mixed[root] |= rows->label[i] != UINT32_MAX && rows->label[i] != label[root];
    }
    wn_free(label);
    return WN_OK;
}

wn_code wn_copies_labels(wn_copies *c, const wn_view *rows, wn_err *err) {
    c->mixed = 0;
    if (!c->copy_of || !rows->label || c->dropped == 0) return WN_OK;
    bool *mixed = wn_alloc(c->n, sizeof *mixed, err);
    const wn_code code = mixed ? wn_copies_mixed(mixed, c->copy_of, rows, err) : WN_EMEMORY;
    for (size_t i = 0; code == WN_OK && i < c->n; i++) c->mixed += mixed[i];
    wn_free(mixed);
    return code;
}

void wn_copies_free(wn_copies *c) {
    wn_free(c->copy_of);
    wn_free(c->x_row);
    wn_free(c->row_of);
    wn_free(c->encoded);
    *c = (wn_copies){0};
}
