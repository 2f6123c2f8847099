#include "querying.h"

#include "input.h"
#include "stages/kept.h"
#include "stages/say.h"

#include <math.h>
#include <winnow/mem.h>
#include <wn/nearest.h>
#include <wn/strmap.h>

/* Vectors as near as this are taken for equal: rounding may part them by a little less. */
static const float same_cosine = 1 - 1e-6f;

/* ---- reading ---- */

static wn_code read_records(wn_querying *q, const wn_config *c, wn_io *io, wn_err *err) {
    wn_records_opts o = wn_input_options(c);
    o.paths = &c->query_path, o.npaths = 1;
    o.label_field = o.id_field = NULL;
    o.skip_path = NULL;
    o.nmore = 0;
    o.limit = 0;
    o.text_option = "--query-text-field";
    if (c->nquery_text_fields) o.text_fields = c->query_text_fields, o.ntext_fields = c->nquery_text_fields;
    wn_code code = wn_rows_read(&q->rows, &o, io->progress, err);
    q->x.rows = q->rows.view.n;
    return code == WN_OK ? code : wn_err_prefix(err, "--query: ");
}

static wn_code read_matrix(wn_querying *q, const wn_config *c, size_t cols, wn_io *io, wn_err *err) {
    wn_matrices in = {0};
    wn_code code = wn_matrices_open(&in, &c->query_path, 1, c->dataset, err);
    if (code != WN_OK) goto out;
    if (in.cols != cols) {
        code = wn_err_set(err, WN_EINPUT, "--query %s has rows of %zu numbers, but the rows to choose from have %zu: "
                          "not of one encoder", c->query_path, in.cols, cols);
        goto out;
    }
    if ((code = wn_rows_matrices(&q->rows, &in, false, io, err)) != WN_OK) goto out;
    if ((code = wn_rows_hash(&q->rows, err)) != WN_OK) goto out;
    if ((code = wn_matrices_read_all(&in, &q->x, err)) != WN_OK) goto out;
    (void)wn_mat_normalize(&q->x);
out:
    wn_matrices_close(&in);
    return code;
}

wn_code wn_querying_read(wn_querying *q, const wn_config *c, size_t cols, wn_io *io, wn_err *err) {
    wn_code code = cols ? read_matrix(q, c, cols, io, err) : read_records(q, c, io, err);
    if (code != WN_OK) return code;
    if (q->rows.view.n == 0)
        return wn_err_set(err, WN_EINPUT, "--query %s holds no %s, so there is nothing to choose toward", c->query_path,
                          cols ? "rows" : "records");
    const wn_input *in = &q->rows.inputs[0];
    q->outcome = (wn_outcome_query){.path = in->path,
                                    .sha256 = in->sha256,
                                    .format = in->format,
                                    .bytes = in->bytes,
                                    .n = q->rows.view.n,
                                    .method = (wn_objective)(WN_RDS + c->query_method),
                                    .weight = c->query_weight,
                                    .alpha = WN_RDS + c->query_method == WN_TSDS ? c->query_alpha : NAN};
    return WN_OK;
}

wn_code wn_querying_look(wn_querying *q, bool words, wn_io *io, wn_err *err) {
    const char *why = words ? "no word that the encoder knows" : "a zero vector";
    size_t zero = 0;
    for (size_t i = 0; i < q->x.rows; i++) zero += wn_mat_row_zero(&q->x, i);
    q->outcome.zero = zero;
    if (zero == q->x.rows)
        return wn_err_set(err, WN_EINPUT, "--query %s: every query has %s, so no row is near to any", q->outcome.path,
                          why);
    if (zero) wn_sayf(io, "note: %zu of %zu queries have %s, and are passed over", zero, q->x.rows, why);
    return WN_OK;
}

/* ---- what became of them ---- */

/* Input rows with the text of a query. */
static wn_code count_texts(size_t *shared, const wn_texts *queries, const wn_texts *rows, wn_err *err) {
    wn_strset texts = {0};
    wn_code code = WN_OK;
    for (size_t i = 0; i < queries->n && code == WN_OK; i++) {
        const char *s = queries->base + queries->off[i];
        const size_t n = (size_t)(queries->off[i + 1] - queries->off[i]);
        uint32_t id;
        code = wn_strset_add(&texts, s, n, wn_string_hash(s, n), &id, err);
    }
    for (size_t i = 0; i < rows->n && code == WN_OK; i++) {
        const char *s = rows->base + rows->off[i];
        const size_t n = (size_t)(rows->off[i + 1] - rows->off[i]);
        *shared += wn_strset_find(&texts, s, n, wn_string_hash(s, n)) != WN_STRSET_NONE;
    }
    wn_strset_free(&texts);
    return code;
}

static wn_code count_shared(wn_querying *q, const wn_view *rows, wn_io *io, wn_err *err) {
    size_t shared = 0;
    wn_code code = WN_OK;
    if (q->rows.view.texts.n)
        code = count_texts(&shared, &q->rows.view.texts, &rows->texts, err);
    else
        for (size_t i = 0; i < rows->n; i++) shared += q->sim[i] >= same_cosine;
    q->outcome.in_pool = shared;
    if (shared && code == WN_OK)
        wn_sayf(io, "note: %zu of the rows to choose from %s a query, too", shared, shared == 1 ? "is" : "are");
    return code;
}

/* The nearest query of each input row: copies with a vector of their own have their own. */
static wn_code find_nearest(wn_querying *q, const wn_copies *c, const wn_vectors *v, wn_io *io, wn_err *err) {
    const wn_some_rows x = {.m = &v->x, .n = v->x.rows}, to = {.m = &q->x, .n = q->x.rows};
    size_t *nearest = wn_alloc(x.n, sizeof *nearest, err);
    float *sim = wn_alloc(x.n, sizeof *sim, err);
    wn_code code = nearest && sim ? WN_OK : WN_EMEMORY;
    if (code == WN_OK) code = wn_nearest(&x, &to, nearest, sim, "queries", io->progress, err);
    for (size_t i = 0; i < c->n && code == WN_OK; i++) {
        const size_t row = c->x_row[i];
        q->of_row[i] = v->zero[row] ? WN_NONE : nearest[row];
        q->sim[i] = v->zero[row] ? 0 : wn_cosine_bound(sim[row]);
    }
    wn_free(nearest);
    wn_free(sim);
    return code;
}

wn_code wn_querying_find(wn_querying *q, const wn_view *rows, const wn_copies *c, const wn_vectors *v,
                         const wn_choice *choice, wn_io *io, wn_err *err) {
    wn_outcome_query *o = &q->outcome;
    double all = 0, served = 0;
    if (!(q->of_row = wn_alloc(c->n, sizeof *q->of_row, err))) return WN_EMEMORY;
    if (!(q->sim = wn_alloc(c->n, sizeof *q->sim, err))) return WN_EMEMORY;
    wn_code code = find_nearest(q, c, v, io, err);
    if (code != WN_OK || (code = count_shared(q, rows, io, err)) != WN_OK) return code;
    for (size_t i = 0; i < c->n; i++) all += (double)q->sim[i];
    for (size_t i = choice->nkeep; i < choice->toward; i++) {
        const size_t row = choice->chosen[i], query = choice->selection.query[i];
        const float *a = wn_mat_row(&v->x, c->x_row[row]), *b = wn_mat_row(&q->x, query);
        double dot = 0;
        for (size_t d = 0; d < q->x.cols; d++) dot += (double)a[d] * (double)b[d];
        q->of_row[row] = query;
        q->sim[row] = wn_cosine_bound((float)dot);
        served += dot;
    }
    o->chosen = choice->toward > choice->nkeep ? choice->toward - choice->nkeep : 0;
    o->cosine = o->chosen ? served / (double)o->chosen : NAN;
    o->cosine_random = c->n ? all / (double)c->n : NAN;
    return WN_OK;
}

void wn_querying_free(wn_querying *q) {
    wn_rows_free(&q->rows);
    wn_mat_free(&q->x);
    wn_free(q->of_row);
    wn_free(q->sim);
    *q = (wn_querying){0};
}
