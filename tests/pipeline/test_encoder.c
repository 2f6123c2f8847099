/* The seam of encoders: what every family promises, and a family made up here that goes through the same doors. */
#include "embedding/bert_schedule.h"
#include "embedding/options.h"
#include "embedding/registry.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <winnow/encoder.h>
#include <winnow/mem.h>

/* ---- a family in a page: the vector of a text is its length and the mean length, normalised ---- */

typedef struct {
    wn_encoder base;
    double mean;
} length_encoder;

static int released, closed;
static char saved[64];

static wn_code length_open(wn_encoder *e, wn_err *err) {
    if (e->opts.model && strcmp(e->opts.model, "none") == 0) return wn_err_set(err, WN_EUSAGE, "no such model");
    e->dims = 2;
    return WN_OK;
}

static size_t length_memory(const wn_encoder *e, size_t n, size_t bytes, bool keep) {
    return sizeof(length_encoder) + bytes + (keep ? n * e->dims * sizeof(float) : 0);
}

static double length_seconds(const wn_encoder *e, size_t bytes) {
    (void)e;
    return (double)bytes / 1e9;
}

static wn_code length_transform(wn_encoder *e, wn_mat *x, const wn_texts *block, wn_err *err) {
    wn_code code = wn_mat_init(x, block->n, e->dims, err);
    if (code != WN_OK) return code;
    for (size_t i = 0; i < block->n; i++) {
        double n = (double)(block->off[i + 1] - block->off[i]);
        wn_mat_row(x, i)[0] = (float)n;
        wn_mat_row(x, i)[1] = n > 0 ? (float)((length_encoder *)e)->mean : 0;
    }
    e->counts.zero += wn_mat_normalize(x);
    return WN_OK;
}

static wn_code length_load(wn_encoder *e, const wn_encoder_watch *w, wn_err *err) {
    (void)err;
    ((length_encoder *)e)->mean = 10;
    wn_encoder_say(w, "mean %d", 10);
    return WN_OK;
}

static wn_code length_fit(wn_encoder *e, wn_mat *x, const wn_texts *texts, const wn_encoder_watch *w, wn_err *err) {
    (void)w;
    ((length_encoder *)e)->mean = (double)(texts->off[texts->n] - texts->off[0]) / (double)texts->n;
    (void)snprintf(e->title, sizeof e->title, "lengths");
    return x ? length_transform(e, x, texts, err) : WN_OK;
}

static wn_code length_save(const wn_encoder *e, const char *path, bool overwrite, wn_err *err) {
    if (!overwrite) return wn_err_set(err, WN_EIO, "%s exists", path);
    (void)snprintf(saved, sizeof saved, "%s %.2f", path, ((const length_encoder *)e)->mean);
    return WN_OK;
}

static void length_release(wn_encoder *e) {
    (void)e;
    released++;
}

static void length_close(wn_encoder *e) {
    (void)e;
    closed++;
}

static const wn_encoder_vt lengths = {
    .name = "lengths",
    .article = "a",
    .magic = "LENGTHS",
    .size = sizeof(length_encoder),
    .fits_corpus = true,
    .encodes_fitted = true,
    .open = length_open,
    .memory = length_memory,
    .seconds = length_seconds,
    .load = length_load,
    .fit = length_fit,
    .save = length_save,
    .transform = length_transform,
    .release = length_release,
    .close = length_close,
};

/* n texts of i % 7 letters */
static wn_strings some_texts(size_t n) {
    wn_err err = {0};
    wn_strings s = {.base = wn_alloc(n * 7, 1, &err), .off = wn_alloc(n + 1, sizeof *s.off, &err)};
    cr_assert(s.base && s.off);
    for (size_t i = 0; i < n; i++) {
        memset(s.base + s.off[i], 'a', i % 7);
        s.off[i + 1] = s.off[i] + i % 7;
    }
    s.view = (wn_texts){.base = s.base, .off = s.off, .n = n};
    return s;
}

typedef struct {
    const wn_mat *want;
    size_t next, calls, fail_at; /* call that fails; 0: none */
} comparing;

static wn_code compare_rows(void *ctx, const float *rows, size_t stride, size_t begin, size_t n, wn_err *err) {
    comparing *c = ctx;
    cr_assert_eq(begin, c->next, "rows come in order");
    c->next += n;
    if (++c->calls == c->fail_at) return wn_err_set(err, WN_EIO, "the sink is full");
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(memcmp(rows + i * stride, wn_mat_row(c->want, begin + i), c->want->cols * sizeof *rows), 0,
                     "row %zu", begin + i);
    return WN_OK;
}

static void say_into(void *ctx, const char *line) {
    (void)snprintf(ctx, 32, "%s", line);
}

TestSuite(encoder, .timeout = 60);

Test(encoder, a_new_family_is_fitted_saved_and_encodes_in_blocks) {
    enum { N = 10500 };
    wn_strings texts = some_texts(N);
    wn_encoder_opts o = {.save = "lengths.bin", .overwrite = true};
    wn_encoder_watch watch = {0};
    wn_encoder_origin origin;
    wn_encoder *e = NULL;
    wn_mat x = {0};
    wn_err err = {0};
    cr_assert_eq(wn_encoder_open(&e, &lengths, &o, &err), WN_OK, "%s", err.msg);
    cr_expect(wn_encoder_fits(e) && !e->ready);
    cr_expect_gt(wn_encoder_memory(e, N, 100, true), wn_encoder_memory(e, N, 100, false));
    cr_assert_eq(wn_encoder_prepare(e, &x, &texts.view, &watch, &err), WN_OK, "%s", err.msg);
    cr_expect(e->ready);
    cr_expect_str_eq(saved, "lengths.bin 3.00");
    cr_expect_eq(x.rows, N);
    cr_expect_eq(e->counts.zero, N / 7);
    cr_expect_float_eq(wn_mat_row(&x, 4)[0], 0.8, 1e-7);
    comparing c = {.want = &x};
    cr_assert_eq(wn_encoder_encode(e, compare_rows, &c, &texts.view, &watch, &err), WN_OK, "%s", err.msg);
    cr_expect_eq(c.next, N);
    cr_expect_gt(c.calls, 1);
    c = (comparing){.want = &x, .fail_at = 2};
    cr_expect_eq(wn_encoder_encode(e, compare_rows, &c, &texts.view, &watch, &err), WN_EIO);
    cr_expect_eq(c.calls, 2);
    cr_expect_eq(wn_encoder_describe(e, &origin, &err), WN_OK);
    cr_expect_null(origin.sha256, "no model");
    wn_encoder_commit(e);
    wn_encoder_close(e);
    cr_expect_geq(released, 1);
    cr_expect_eq(closed, 1);
    wn_mat_free(&x);
    wn_strings_free(&texts);
}

Test(encoder, what_fails_is_told_and_leaves_nothing) {
    wn_strings texts = some_texts(20);
    wn_encoder_opts o = {.model = "none", .save = "lengths.bin"};
    wn_encoder_watch watch = {0};
    wn_encoder *e = NULL;
    wn_mat x = {0};
    wn_err err = {0};
    cr_expect_eq(wn_encoder_open(&e, &lengths, &o, &err), WN_EUSAGE);
    cr_expect_null(e);
    cr_expect_eq(closed, 1, "what was opened so far is closed");
    o.model = NULL;
    cr_assert_eq(wn_encoder_open(&e, &lengths, &o, &err), WN_OK);
    cr_expect_eq(wn_encoder_prepare(e, &x, &texts.view, &watch, &err), WN_EIO);
    cr_expect_str_eq(err.msg, "lengths.bin exists");
    cr_expect(!x.data && !e->ready);
    wn_encoder_close(e);
    wn_encoder_close(NULL);
    wn_encoder_commit(NULL);
    wn_encoder_release(NULL);
    wn_strings_free(&texts);
}

Test(encoder, a_loaded_one_fits_nothing_and_may_speak) {
    char line[32] = "";
    wn_strings texts = some_texts(9);
    wn_encoder_opts o = {.load = "lengths.bin"};
    wn_encoder_watch watch = {.say = say_into, .ctx = line};
    wn_encoder *e = NULL;
    wn_mat x = {0};
    wn_err err = {0};
    cr_assert_eq(wn_encoder_open(&e, &lengths, &o, &err), WN_OK);
    cr_expect_not(wn_encoder_fits(e));
    cr_assert_eq(wn_encoder_prepare(e, &x, &texts.view, &watch, &err), WN_OK);
    cr_expect_str_eq(line, "mean 10");
    cr_expect_eq(x.rows, 9);
    cr_expect_float_eq(wn_mat_row(&x, 3)[1], 10 / sqrt(109), 1e-7);
    wn_mat_free(&x);
    wn_encoder_close(e);
    wn_strings_free(&texts);
}

/* ---- the families there are ---- */

#define ONE_KIND(value, word, options) {value, #word},
static const struct {
    wn_encoder_kind kind;
    const char *word;
} kinds[] = {WN_ENCODERS(ONE_KIND)};

Test(encoder, every_family_keeps_the_promises_of_its_row) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const wn_encoder_vt *vt = wn_encoder_family(kinds[i].kind);
        cr_assert(vt, "%s has no family", kinds[i].word);
        cr_expect_str_eq(vt->name, kinds[i].word);
        cr_expect(vt->open && vt->memory && vt->seconds && vt->load && vt->release && vt->article, "%s", vt->name);
        cr_expect_geq(vt->size, sizeof(wn_encoder));
        cr_expect(!vt->transform != !vt->encode, "%s: one of transform and encode", vt->name);
        cr_expect_eq(vt->fits_corpus, vt->fit && vt->save && vt->magic, "%s: what is fitted is saved and known again",
                     vt->name);
        cr_expect(vt->fits_corpus || !vt->encodes_fitted, "%s", vt->name);
        cr_expect_eq(vt->resumes, vt->commit != NULL, "%s: what is kept is removed", vt->name);
        if (!vt->magic) continue;
        char path[] = "/tmp/winnow-test.XXXXXX";
        int fd = mkstemp(path);
        cr_assert(fd >= 0 && write(fd, vt->magic, strlen(vt->magic)) > 0 && write(fd, "........", 8) == 8);
        (void)close(fd);
        cr_expect_eq(wn_encoder_family_of_file(path), vt, "%s knows its own files", vt->name);
        (void)unlink(path);
    }
    cr_expect_null(wn_encoder_family_of_file("/nowhere"));
    cr_expect_null(wn_encoder_family_of_file("/tmp"));
}

Test(encoder, options_come_from_the_configuration_with_the_defaults_of_each_family) {
    wn_config c = {.dims = 7, .seed = 5, .layer = 3, .precision = WN_PREC_F16, .output = "out", .resume = true};
    wn_encoder_opts o = wn_encoder_options(&c);
    cr_expect(o.lsa_opts.dims == 7 && o.doc2vec_opts.dims == 7 && o.lsa_opts.seed == 5 && o.doc2vec_opts.seed == 5);
    cr_expect(o.bert_opts.model.layer == 2 && o.bert_opts.model.precision == WN_PREC_F16);
    cr_expect_eq(o.bert_opts.model.normalize, 1);
    cr_expect(o.resume && o.part_of == c.output);
    c.dims = c.layer = 0;
    o = wn_encoder_options(&c);
    cr_expect_eq(o.lsa_opts.dims, wn_lsa_defaults().dims);
    cr_expect_eq(o.doc2vec_opts.dims, wn_doc2vec_defaults().dims);
    cr_expect_eq(o.doc2vec_opts.epochs, wn_doc2vec_defaults().epochs);
    cr_expect_eq(o.bert_opts.model.layer, -1);
}

/* ---- which texts go through a model together ---- */

Test(encoder, the_schedule_gives_out_every_text_once_longest_first) {
    enum { N = 500, WIDTH = 8 };
    uint32_t ids[N * 50];
    size_t off[N + 1] = {0}, same[N] = {0}, given = 0, last = SIZE_MAX, groups = 0;
    bool seen[N] = {false};
    wn_schedule s;
    wn_err err = {0};
    for (size_t i = 0; i < N; i++) {
        off[i + 1] = off[i] + 1 + i * 17 % 50;
        for (size_t k = off[i]; k < off[i + 1]; k++) ids[k] = (uint32_t)i;
    }
    wn_window w = {.begin = 1000, .n = N, .ids = ids, .off = off, .same_as = same};
    wn_schedule_init(&s, WIDTH);
    s.budget = 700;
    cr_assert_eq(wn_schedule_begin(&s, N, &err), WN_OK);
    for (size_t i = 0; i < N; i += 2) wn_schedule_add(&s, i, off[i + 1] - off[i]); /* the others are there already */
    wn_schedule_sort(&s);
    for (;; groups++) {
        const wn_group *g = &s.group;
        cr_assert_eq(wn_schedule_next(&s, &w, &err), WN_OK);
        if (g->n == 0) break;
        cr_assert(g->tokens <= s.budget || g->n == 1);
        cr_assert_eq(g->off[g->n], g->tokens);
        for (size_t i = 0; i < g->n; i++, given++) {
            size_t local = g->local[i], tokens = g->off[i + 1] - g->off[i];
            cr_assert(local % 2 == 0 && !seen[local]);
            cr_assert_eq(g->rows[i], 1000 + local);
            cr_assert_eq(tokens, off[local + 1] - off[local]);
            cr_assert_leq(tokens, last);
            for (size_t k = 0; k < tokens; k++) cr_assert_eq(g->ids[g->off[i] + k], local);
            seen[local] = true;
            last = tokens;
        }
    }
    cr_expect_eq(given, N / 2);
    cr_expect_gt(groups, 5);
    wn_schedule_free(&s);
}

Test(encoder, groups_grow_and_shrink_by_no_more_than_two) {
    wn_schedule s;
    wn_schedule_init(&s, 8);
    s.budget = 8192, s.group.tokens = 8192;
    wn_schedule_adapt(&s, 1e-3);
    cr_expect_eq(s.budget, 16384);
    wn_schedule_adapt(&s, 1e3);
    cr_expect_eq(s.budget, 8192);
    for (int i = 0; i < 40; i++) wn_schedule_adapt(&s, 1e-3);
    cr_expect_eq(s.budget, 1 << 17);
    wn_schedule_free(&s);
}
