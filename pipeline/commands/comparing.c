#include "comparing.h"

#include "embedding/encode.h"
#include "embedding/options.h"
#include "embedding/part.h"
#include "input.h"
#include "stages/say.h"

#include <math.h>
#include <string.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <winnow/similarity.h>
#include <wn/rng.h>
#include <wn/strmap.h>

/* ---- labels ---- */

/* Where a record stands, for a message. */
static wn_code bad_record(const wn_rows *r, size_t row, const char *what, const char *label, wn_err *err) {
    const char *file = r->places.files[r->places.file[row]];
    if (strcmp(file, "-") == 0) file = "standard input";
    return wn_err_set(err, WN_EINPUT, "%s:%llu: %s%.100s%s", file, (unsigned long long)r->places.line[row], what, label,
                      *label ? "\"" : "");
}

static wn_code check_labels(const wn_rows *r, wn_err *err) {
    if (!r->view.label)
        return wn_err_set(err, WN_EINPUT, "the records have no labels; --label-field names their field");
    for (size_t i = 0; i < r->view.n; i++)
        if (r->view.label[i] == UINT32_MAX)
            return bad_record(r, i, "the record has no label, and every one needs one to be learnt from", "", err);
    return WN_OK;
}

/* code[l]: the class of the test file's label l; UINT32_MAX where the pool has none of that name. */
static wn_code match_labels(uint32_t *code, const wn_view *pool, const wn_view *test, wn_err *err) {
    wn_strset names = {0};
    wn_code result = WN_OK;
    for (size_t i = 0; i < pool->nlabels; i++) {
        const char *s = pool->labels[i];
        size_t n = strlen(s);
        uint32_t id;
        if ((result = wn_strset_add(&names, s, n, wn_string_hash(s, n), &id, err)) != WN_OK) goto out;
    }
    for (size_t i = 0; i < test->nlabels; i++) {
        const char *s = test->labels[i];
        size_t n = strlen(s);
        code[i] = wn_strset_find(&names, s, n, wn_string_hash(s, n));
    }
out:
    wn_strset_free(&names);
    return result;
}

static wn_code join_labels(wn_comparing_rows *r, wn_err *err) {
    const wn_view *pool = &r->pool.view, *test = &r->test.view;
    uint32_t *class_of = wn_alloc(test->nlabels, sizeof *class_of, err);
    wn_code code = class_of ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if ((code = match_labels(class_of, pool, test, err)) != WN_OK) goto out;
    for (size_t i = 0; i < r->data.n + r->data.tests; i++) {
        if (r->at[i] < pool->n) {
            r->label[i] = pool->label[r->at[i]];
            continue;
        }
        size_t row = r->at[i] - pool->n;
        r->label[i] = class_of[test->label[row]];
        if (r->label[i] == UINT32_MAX) {
            code = bad_record(&r->test, row, "no record of the pool has the label \"", test->labels[test->label[row]],
                              err);
            goto out;
        }
    }
out:
    wn_free(class_of);
    return code;
}

/* ---- pool and test rows ---- */

/* Of each class its share, by chance, but never all of it. test[i]: row i is a test row. */
static wn_code mark_tests(bool *test, size_t *tests, const wn_view *v, const wn_config *c, wn_err *err) {
    enum { STREAM_TEST = 0x54455354 };
    size_t *left = wn_alloc(v->nlabels, sizeof *left, err), *want = wn_alloc(v->nlabels, sizeof *want, err);
    wn_code code = left && want ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < v->n; i++) left[v->label[i]]++;
    for (size_t l = 0; l < v->nlabels; l++) {
        want[l] = (size_t)llround(c->test_percent / 100 * (double)left[l]);
        if (want[l] == left[l] && want[l] > 0) want[l]--;
    }
    wn_rng g = wn_rng_init(c->seed, STREAM_TEST);
    for (size_t i = 0; i < v->n; i++) {
        uint32_t l = v->label[i];
        test[i] = wn_rng_below(&g, left[l]--) < want[l];
        want[l] -= test[i];
        *tests += test[i];
    }
out:
    wn_free(left);
    wn_free(want);
    return code;
}

static wn_code part_tests(wn_comparing_rows *r, const wn_config *c, wn_err *err) {
    size_t n = r->pool.view.n, tests = 0, pool = 0;
    bool *test = wn_alloc(n, sizeof *test, err);
    wn_code code = test ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    if ((code = mark_tests(test, &tests, &r->pool.view, c, err)) != WN_OK) goto out;
    r->data.n = n - tests, r->data.tests = tests;
    for (size_t i = 0, at = n - tests; i < n; i++) r->at[test[i] ? at++ : pool++] = i;
    if (tests == 0)
        code = wn_err_set(err, WN_EINPUT, "--test %g%% of %zu records in %zu classes is no record at all",
                          c->test_percent, n, r->pool.view.nlabels);
out:
    wn_free(test);
    return code;
}

static wn_code place_rows(wn_comparing_rows *r, const wn_config *c, wn_err *err) {
    size_t n = r->pool.view.n, all = n + r->test.view.n;
    if (!(r->at = wn_alloc(all, sizeof *r->at, err))) return WN_EMEMORY;
    if (!(r->label = wn_alloc(all, sizeof *r->label, err))) return WN_EMEMORY;
    if (!c->test_path) return part_tests(r, c, err);
    r->data.n = n, r->data.tests = r->test.view.n;
    for (size_t i = 0; i < all; i++) r->at[i] = i;
    return WN_OK;
}

/* ---- texts ---- */

/* Texts of the input and of the test file, one behind the other; a view of the input's where there is no such file. */
static wn_code join_texts(wn_strings *out, const wn_comparing_rows *r, wn_err *err) {
    *out = (wn_strings){.view = r->pool.view.texts};
    return r->test.view.texts.n ? wn_strings_join(out, &r->pool.view.texts, &r->test.view.texts, err) : WN_OK;
}

static wn_code find_copies(wn_comparing_rows *r, wn_io *io, wn_err *err) {
    size_t n = r->data.n, all = n + r->data.tests, *kept = NULL, *first = NULL;
    wn_strings texts = {0};
    wn_code code = join_texts(&texts, r, err);
    if (code != WN_OK) goto out;
    code = WN_EMEMORY;
    if (!(kept = wn_alloc(all, sizeof *kept, err)) || !(first = wn_alloc(all, sizeof *first, err))) goto out;
    if (!(r->copy_of = wn_alloc(n, sizeof *r->copy_of, err))) goto out;
    if (!(r->length = wn_alloc(n, sizeof *r->length, err))) goto out;
    if ((code = wn_sim_exact_duplicates(&texts.view, kept, io->progress, err)) != WN_OK) goto out;
    for (size_t i = 0; i < n; i++) { /* first: the pool row + 1 in which a text is first met */
        size_t *at = &first[kept[r->at[i]]];
        if (*at == 0) *at = i + 1;
        r->copy_of[i] = *at - 1;
        r->length[i] = (size_t)(texts.view.off[r->at[i] + 1] - texts.view.off[r->at[i]]);
    }
    for (size_t i = n; i < all; i++) r->shared += first[kept[r->at[i]]] != 0;
out:
    wn_strings_free(&texts);
    wn_free(kept);
    wn_free(first);
    return code;
}

/* ---- reading ---- */

static wn_code read_records(wn_comparing_rows *r, const wn_config *c, wn_io *io, wn_err *err) {
    wn_records_opts o = wn_input_options(c);
    wn_code code = wn_rows_read(&r->pool, &o, io->progress, err);
    if (code != WN_OK) return code;
    if ((code = wn_input_check(&r->pool.corpus, c, err)) != WN_OK) return code;
    if (r->pool.view.n == 0) return wn_err_set(err, WN_EINPUT, "no records, so there is nothing to compare");
    if ((code = check_labels(&r->pool, err)) != WN_OK) return code;
    if (!c->test_path) return WN_OK;
    const char *const path[] = {c->test_path};
    o.paths = path, o.npaths = 1, o.limit = 0;
    if ((code = wn_rows_read(&r->test, &o, io->progress, err)) != WN_OK) return code;
    if (r->test.view.n == 0) return wn_err_set(err, WN_EINPUT, "%s holds no records", c->test_path);
    return check_labels(&r->test, err);
}

wn_code wn_comparing_read(wn_comparing_rows *r, const wn_config *c, wn_io *io, wn_err *err) {
    wn_code code = read_records(r, c, io, err);
    if (code != WN_OK) return code;
    const wn_view *v = &r->pool.view;
    if (v->nlabels < 2)
        return wn_err_set(err, WN_EINPUT,
                          "every record has the label \"%.100s\": with one class there is nothing to "
                          "learn",
                          v->labels[0]);
    r->data.classes = v->nlabels;
    r->data.names = v->labels;
    if ((code = place_rows(r, c, err)) != WN_OK) return code;
    if ((code = join_labels(r, err)) != WN_OK) return code;
    r->data.label = r->label;
    if ((code = find_copies(r, io, err)) != WN_OK) return code;
    r->data.copy_of = r->copy_of, r->data.length = r->length;
    r->data.texts[0] = &r->pool.view.texts, r->data.texts[1] = &r->test.view.texts;
    r->data.at = r->at;
    return WN_OK;
}

/* ---- vectors ---- */

static size_t text_bytes(const wn_rows *r) {
    const wn_texts *t = &r->view.texts;
    return t->n ? (size_t)(t->off[t->n] - t->off[0]) : 0;
}

static wn_code open_pool(wn_matrices *m, const wn_config *c, wn_err *err) {
    return wn_matrices_open(m, c->embeddings, c->nembeddings, c->dataset, err);
}

static wn_code open_test(wn_matrices *m, const wn_config *c, wn_err *err) {
    return wn_matrices_open(m, c->test_embeddings, c->ntest_embeddings, c->dataset, err);
}

/* The columns of both matrices, which must be of one width and have the rows of the records. */
static wn_code look_at_matrices(size_t *cols, wn_comparing_rows *r, const wn_config *c, wn_io *io, wn_err *err) {
    wn_matrices m = {0}, test = {0};
    wn_code code = open_pool(&m, c, err);
    if (code != WN_OK) goto out;
    if ((code = wn_rows_beside(&r->pool, &m, io, err)) != WN_OK) goto out;
    *cols = m.cols;
    if (!c->test_path) goto out;
    if ((code = open_test(&test, c, err)) != WN_OK) goto out;
    if ((code = wn_rows_beside(&r->test, &test, io, err)) != WN_OK) goto out;
    if (test.cols != m.cols)
        code = wn_err_set(err, WN_EINPUT, "%s has %zu columns, and %s %zu: not of one encoder", c->test_embeddings[0],
                          test.cols, c->embeddings[0], m.cols);
out:
    wn_matrices_close(&m);
    wn_matrices_close(&test);
    return code;
}

wn_code wn_comparing_plan(wn_comparing_rows *r, const wn_config *c, size_t *dims, size_t *bytes, wn_io *io,
                          wn_err *err) {
    size_t all = r->pool.view.n + r->test.view.n, text = text_bytes(&r->pool) + text_bytes(&r->test);
    if (r->encoder) {
        *dims = r->encoder->dims;
        /* the texts of both files are joined */
        *bytes = wn_encoder_memory(r->encoder, all, text, true) + (r->test.view.n ? text : 0);
        return WN_OK;
    }
    wn_code code = look_at_matrices(dims, r, c, io, err);
    if (code == WN_OK) *bytes = all * *dims * sizeof(float);
    return code;
}

/* Vectors as they are read or made, to their places in the data. `first`: of the rows read, the number of x's first. */
static void put_vectors(wn_comparing_rows *r, const size_t *place, const wn_mat *x, size_t first) {
    for (size_t i = 0; i < x->rows; i++)
        memcpy(wn_mat_row(&r->data.x, place[first + i]), wn_mat_row(x, i), x->cols * sizeof *x->data);
}

typedef struct {
    wn_comparing_rows *rows;
    const size_t *place;
    size_t first;
} vector_sink;

static wn_code sink_vectors(void *ctx, const float *rows, size_t stride, size_t begin, size_t n, wn_err *err) {
    const vector_sink *s = ctx;
    wn_mat *x = &s->rows->data.x;
    (void)err;
    for (size_t i = 0; i < n; i++)
        memcpy(wn_mat_row(x, s->place[s->first + begin + i]), rows + i * stride, x->cols * sizeof *x->data);
    return WN_OK;
}

/* A model or a loaded encoder takes all texts at once, so that one part file serves; one that learns, learns from the
 * input alone. */
static wn_code encode_texts(wn_comparing_rows *r, const size_t *place, const wn_config *c, wn_io *io, wn_err *err) {
    const wn_encoder_watch watch = wn_encoder_watch_of(c, io);
    wn_encoder *e = r->encoder;
    bool fits = wn_encoder_fits(e);
    vector_sink sink = {.rows = r, .place = place, .first = r->pool.view.n};
    wn_strings texts = {0};
    wn_mat x = {0};
    wn_code code = fits ? WN_OK : join_texts(&texts, r, err);
    if (code != WN_OK) goto out;
    if ((code = wn_encoder_prepare(e, &x, fits ? &r->pool.view.texts : &texts.view, &watch, err)) != WN_OK) goto out;
    if ((code = wn_mat_init(&r->data.x, r->data.n + r->data.tests, x.cols, err)) != WN_OK) goto out;
    put_vectors(r, place, &x, 0);
    wn_mat_free(&x);
    for (size_t i = 0; fits && i < r->pool.view.n; i++) /* of the input: learned from with the others */
        if (place[i] >= r->data.n) wn_encoder_unseen(e, i, wn_mat_row(&r->data.x, place[i]));
    if (fits && r->test.view.n) code = wn_encoder_encode(e, sink_vectors, &sink, &r->test.view.texts, &watch, err);
    wn_encoder_release(e);
out:
    wn_mat_free(&x);
    wn_strings_free(&texts);
    return code;
}

/* first: of all rows read, the number of this matrix's first. */
static wn_code take_matrix(wn_comparing_rows *r, const size_t *place, const wn_matrices *m, size_t first, wn_err *err) {
    wn_mat x = {0};
    wn_code code = wn_matrices_read_all(m, &x, err);
    if (code != WN_OK) goto out;
    (void)wn_mat_normalize(&x);
    put_vectors(r, place, &x, first);
out:
    wn_mat_free(&x);
    return code;
}

static wn_code read_matrices(wn_comparing_rows *r, const size_t *place, const wn_config *c, wn_err *err) {
    wn_matrices m = {0}, test = {0};
    wn_code code = wn_rows_hash(&r->pool, err);
    if (code != WN_OK) goto out;
    if (c->test_path && (code = wn_rows_hash(&r->test, err)) != WN_OK) goto out;
    if ((code = open_pool(&m, c, err)) != WN_OK) goto out;
    if ((code = wn_mat_init(&r->data.x, r->data.n + r->data.tests, m.cols, err)) != WN_OK) goto out;
    if ((code = take_matrix(r, place, &m, 0, err)) != WN_OK) goto out;
    if (!c->test_path) goto out;
    if ((code = open_test(&test, c, err)) != WN_OK) goto out;
    code = take_matrix(r, place, &test, r->pool.view.n, err);
out:
    wn_matrices_close(&m);
    wn_matrices_close(&test);
    return code;
}

wn_code wn_comparing_vectors(wn_comparing_rows *r, const wn_config *c, wn_io *io, wn_err *err) {
    size_t all = r->data.n + r->data.tests, *place = wn_alloc(all, sizeof *place, err);
    wn_code code = place ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    for (size_t i = 0; i < all; i++) place[r->at[i]] = i;
    code = r->encoder ? encode_texts(r, place, c, io, err) : read_matrices(r, place, c, err);
    if (code != WN_OK) goto out;
    code = wn_compare_data_seal(&r->data, err);
out:
    wn_free(place);
    return code;
}

void wn_comparing_free(wn_comparing_rows *r) {
    wn_encoder_close(r->encoder);
    wn_mat_free(&r->data.x);
    wn_rows_free(&r->pool);
    wn_rows_free(&r->test);
    wn_free(r->at);
    wn_free(r->label);
    wn_free(r->copy_of);
    wn_free(r->length);
    *r = (wn_comparing_rows){0};
}
