/* The duplicates stage: which rows stand for which, before anything is chosen. */
#include "job.h"

#include <string.h>

/* A row that must be kept stands for itself and, if it is the first such row, for its group; a group whose kept row is
 * excluded is stood for by its first row that is not. owner (NULL: all): rows that may stand for a group. */
static wn_code prefer(wn_job *j, const bool *owner, wn_err *err) {
    if (j->nkeep == 0 && j->nexclude == 0) return WN_OK;
    size_t n = j->n, *to = wn_alloc(n, sizeof *to, err), *of = j->copy_of;
    bool *excluded = wn_alloc(n, sizeof *excluded, err), *apart = wn_alloc(n, sizeof *apart, err);
    wn_code code = to && excluded && apart ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    memset(to, 0xFF, n * sizeof *to); /* SIZE_MAX: the group stays as it is */
    for (size_t i = 0; i < j->nexclude; i++) excluded[j->exclude[i]] = true;
    for (size_t i = 0; i < j->nkeep; i++)
        if (of[j->keep[i]] == j->keep[i]) to[j->keep[i]] = j->keep[i];
    for (size_t i = 0; i < j->nkeep; i++) {
        size_t row = j->keep[i], root = of[row];
        if (row == root) continue;
        if (to[root] == SIZE_MAX) to[root] = row;
        else apart[row] = true;
    }
    for (size_t i = 0; i < n; i++)
        if (excluded[of[i]] && !excluded[i] && to[of[i]] == SIZE_MAX && (!owner || owner[i])) to[of[i]] = i;
    for (size_t i = 0; i < n; i++) { /* `to` is indexed by old roots, which `of` still names for later rows */
        size_t root = of[i];
        of[i] = apart[i] ? i : to[root] != SIZE_MAX ? to[root] : root;
    }
out:
    wn_free(to);
    wn_free(excluded);
    wn_free(apart);
    return code;
}

/* dropped and groups from copy_of. */
static wn_code count(wn_job *j, wn_err *err) {
    bool *seen = wn_alloc(j->n, sizeof *seen, err);
    if (!seen) return WN_EMEMORY;
    j->dropped = j->groups = 0;
    for (size_t i = 0; i < j->n; i++) {
        size_t root = j->copy_of[i];
        if (root == i) continue;
        j->dropped++;
        j->groups += !seen[root];
        seen[root] = true;
    }
    wn_free(seen);
    return WN_OK;
}

/* row_of and x_row from copy_of: kept rows are numbered in input order. */
static wn_code number(wn_job *j, wn_err *err) {
    wn_free(j->x_row);
    wn_free(j->row_of);
    j->m = j->n - j->dropped;
    j->x_row = wn_alloc(j->n, sizeof *j->x_row, err);
    j->row_of = wn_alloc(j->m, sizeof *j->row_of, err);
    if (!j->x_row || !j->row_of) return WN_EMEMORY;
    size_t at = 0;
    for (size_t i = 0; i < j->n; i++) {
        if (j->copy_of && j->copy_of[i] != i) continue;
        j->row_of[at] = i;
        j->x_row[i] = at++;
    }
    for (size_t i = 0; j->copy_of && i < j->n; i++) j->x_row[i] = j->x_row[j->copy_of[i]];
    return WN_OK;
}

wn_code wn_job_exact(wn_job *j, wn_err *err) {
    wn_code code = WN_OK;
    if (j->c->dedup != WN_DEDUP_OFF) {
        j->copy_of = wn_alloc(j->n, sizeof *j->copy_of, err);
        if (!j->copy_of) return WN_EMEMORY;
        if (j->view.texts.n) code = wn_sim_exact_duplicates(&j->view.texts, j->copy_of, j->io->progress, err);
        else
            for (size_t i = 0; i < j->n; i++) j->copy_of[i] = i;
        if (code == WN_OK) code = prefer(j, NULL, err);
        if (code == WN_OK) code = count(j, err);
    }
    return code == WN_OK ? number(j, err) : code;
}

/* Moves the rows of x that `keep` marks to the front, in their order, and the others behind them; to[i] is the new place
 * of row i. Only the dropped rows are copied aside. */
static wn_code part(wn_mat *x, const bool *keep, size_t kept, size_t *to, wn_err *err) {
    wn_mat aside = {0};
    wn_code code = wn_mat_init(&aside, x->rows - kept, x->cols, err);
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

wn_code wn_job_near(wn_job *j, wn_err *err) {
    if (j->c->dedup != WN_DEDUP_NEAR || j->m == 0) return WN_OK;
    size_t m = j->m, n = j->n, *near = wn_alloc(m, sizeof *near, err), *own = wn_alloc(n, sizeof *own, err);
    float *sim = wn_alloc(m, sizeof *sim, err);
    bool *flag = wn_alloc(n, sizeof *flag, err);
    wn_code code = near && own && sim && flag ? WN_OK : WN_EMEMORY;
    if (code == WN_OK) code = wn_sim_near_duplicates(&j->x, j->c->dedup_threshold, near, sim, j->io->progress, err);
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < n; i++) flag[i] = j->copy_of[i] == i;
    for (size_t i = 0; i < n; i++) {
        own[i] = j->x_row[i];
        j->copy_of[i] = j->row_of[near[j->x_row[i]]];
    }
    if ((code = prefer(j, flag, err)) != WN_OK || (code = count(j, err)) != WN_OK) goto out;
    memset(flag, 0, n * sizeof *flag); /* now by row of x: kept */
    for (size_t i = 0; i < n; i++)
        if (j->copy_of[i] == i) flag[own[i]] = true;
    if ((code = number(j, err)) != WN_OK) goto out;
    code = part(&j->x, flag, j->m, near, err);
    for (size_t i = 0; code == WN_OK && i < n; i++) j->x_row[i] = near[own[i]]; /* each row its own vector again */
out:
    wn_free(near);
    wn_free(own);
    wn_free(sim);
    wn_free(flag);
    return code;
}
