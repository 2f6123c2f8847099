/* The stages as a library calls them, without a configuration, against what `run` writes; and the reader against the
 * writer. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/config.h>
#include <winnow/lsa.h>
#include <winnow/mem.h>
#include <winnow/stages.h>
#include <winnow/threads.h>
#include <wn/outcome.h>
#include <wn/rng.h>

enum { ROWS = 90, K = 12, DIMS = 8 };

static char folder[64], input[96], output[96];
static const char *const inputs[] = {input}, *const fields[] = {"text"};

static void begin(void) {
    static const char *const words[] = {"river", "stone", "bird", "light", "house", "green", "market", "music"};
    (void)snprintf(folder, sizeof folder, "/tmp/winnow-stages.XXXXXX");
    cr_assert(mkdtemp(folder));
    (void)snprintf(input, sizeof input, "%s/rows.jsonl", folder);
    (void)snprintf(output, sizeof output, "%s/out", folder);
    FILE *f = fopen(input, "w");
    cr_assert(f);
    for (size_t i = 0; i < ROWS; i++) {
        size_t t = i % (ROWS - 20); /* some texts come twice */
        (void)fprintf(f, "{\"id\": \"r%zu\", \"text\": \"%s %s %s\", \"label\": \"%zu\"}\n", i, words[t % 8],
                      words[t / 8 % 8], words[(t * 5 + t / 3) % 8], i % 3);
    }
    cr_assert_eq(fclose(f), 0);
    wn_threads_set(1);
}

static void end(void) {
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

TestSuite(stages, .init = begin, .fini = end);

static void run(bool rank_order) {
    const wn_config c = {.inputs = (const char **)inputs, .ninputs = 1, .output = output, .overwrite = true,
                         .text_fields = (const char **)fields, .ntext_fields = 1, .label_field = "label",
                         .id_field = "id", .dims = DIMS, .lsa_features = WN_LSA_WORDS_CHARS, .min_df = 2,
                         .iterations = 2, .dedup = WN_DEDUP_EXACT, .k = K, .objective = WN_GRAPH_CUT,
                         .similarity = WN_RBF, .lambda = NAN, .gamma = NAN, .seed = 1,
                         .rank_order = rank_order, .command_line = "winnow run rows.jsonl",
                         .json = rank_order ? "{\"text-field\":[\"text\"],\"order\":\"rank\"}"
                                            : "{\"text-field\":[\"text\"],\"order\":\"input\"}"};
    wn_io io = {0};
    wn_err err = {0};
    cr_assert_eq(wn_run(&c, &io, &err), WN_OK, "%s", err.msg);
}

static wn_outcome read_back(unsigned parts) {
    wn_outcome o;
    wn_err err = {0};
    cr_assert_eq(wn_outcome_read(&o, output, parts, NULL, &err), WN_OK, "%s", err.msg);
    return o;
}

/* Everything that the calls below make. */
typedef struct {
    wn_rows rows;
    wn_lists lists;
    wn_copies copies;
    wn_vectors vectors;
    wn_choice choice;
    wn_representatives who;
    wn_curves curves;
} made;

static void choose(made *m, wn_err *err) {
    const wn_records_opts read = {.paths = inputs, .npaths = 1, .text_fields = fields, .ntext_fields = 1,
                                  .label_field = "label", .id_field = "id"};
    const wn_size_opts size = {.k = K};
    const wn_kernel_opts kernel = {.kind = WN_RBF, .gamma = NAN, .seed = 1};
    wn_lsa_opts lsa = wn_lsa_defaults();
    wn_choice_opts o = {.objective = WN_GRAPH_CUT, .lambda = NAN, .seed = 1};
    wn_io io = {0};
    wn_strings texts = {0};
    wn_lsa *encoder = NULL;
    size_t zero;
    double median;
    cr_assert_eq(wn_rows_read(&m->rows, &read, NULL, err), WN_OK);
    cr_assert_eq(wn_copies_exact(&m->copies, &m->rows.view, &m->lists, WN_DEDUP_EXACT, &io, err), WN_OK);
    cr_assert_eq(wn_choice_size(&o.wanted, &size, m->rows.view.n, &m->lists, err), WN_OK);
    cr_assert_eq(wn_copies_texts(&m->copies, &m->rows.view.texts, &texts, err), WN_OK);
    lsa.dims = DIMS, lsa.min_df = 2, lsa.iterations = 2, lsa.seed = 1;
    cr_assert_eq(wn_lsa_fit(&encoder, &texts.view, &lsa, &m->vectors.x, &zero, NULL, err), WN_OK);
    wn_lsa_free(encoder);
    wn_strings_free(&texts);
    cr_assert_eq(wn_vectors_scan(&m->vectors, &m->copies, err), WN_OK);
    cr_assert_eq(wn_kernel_choose(&o.kernel, &median, &m->vectors, &m->copies, &kernel, &io, err), WN_OK);
    cr_assert_eq(wn_choice_make(&m->choice, &m->vectors, &m->copies, &m->lists, &o, &io, err), WN_OK);
    cr_assert_eq(wn_representatives_find(&m->who, &m->curves, &m->vectors, &m->copies, &m->choice, &io, err), WN_OK);
    cr_assert_eq(wn_curves_random(&m->curves, &m->vectors, &m->copies, &m->choice, &o, &io, err), WN_OK);
}

static void made_free(made *m) {
    wn_rows_free(&m->rows);
    wn_lists_free(&m->lists);
    wn_copies_free(&m->copies);
    wn_vectors_free(&m->vectors);
    wn_choice_free(&m->choice);
    wn_representatives_free(&m->who);
}

Test(stages, a_library_gets_what_run_writes) {
    made m = {0};
    wn_err err = {0};
    run(false);
    wn_outcome o = read_back(WN_READ_MANIFEST | WN_READ_COLUMNS | WN_READ_VECTORS);
    choose(&m, &err);
    cr_assert_gt(m.copies.dropped, 0);
    cr_expect_eq(o.dropped, m.copies.dropped);
    cr_expect_eq(o.groups, m.copies.groups);
    cr_assert_eq(o.k, m.choice.k);
    cr_expect_arr_eq(o.chosen, m.choice.chosen, K * sizeof *o.chosen);
    cr_expect_arr_eq(o.gain, m.choice.selection.gain, K * sizeof *o.gain);
    cr_expect_arr_eq(o.n_represented, m.who.count, K * sizeof *o.n_represented);
    cr_expect_arr_eq(o.column.rank, m.choice.rank, ROWS * sizeof *o.column.rank);
    cr_expect_arr_eq(o.column.copy_of, m.copies.copy_of, ROWS * sizeof *o.column.copy_of);
    cr_expect_arr_eq(o.column.represented_by, m.who.by, ROWS * sizeof *o.column.represented_by);
    cr_expect_arr_eq(o.column.represented_sim, m.who.sim, ROWS * sizeof *o.column.represented_sim);
    cr_assert_eq(o.npoints, m.curves.n);
    cr_expect_arr_eq(o.coverage, m.curves.coverage, o.npoints * sizeof *o.coverage);
    cr_expect_arr_eq(o.value_random, m.curves.value_random, o.npoints * sizeof *o.value_random);
    for (size_t i = 0; i < ROWS; i++) {
        cr_expect_eq(o.column.selected[i], m.choice.rank[i] != WN_NONE);
        cr_expect_arr_eq(wn_mat_row(o.x, i), wn_mat_row(&m.vectors.x, m.copies.x_row[i]), DIMS * sizeof(float));
    }
    wn_outcome_free(&o);
    made_free(&m);
}

/* Ids, labels, places and texts come back as they were read, in whichever order the subset was written. */
Test(stages, rows_come_back_as_they_were_read) {
    for (int rank_order = 0; rank_order < 2; rank_order++) {
        const wn_records_opts read = {.paths = inputs, .npaths = 1, .text_fields = fields, .ntext_fields = 1,
                                      .label_field = "label", .id_field = "id"};
        wn_rows rows = {0};
        wn_err err = {0};
        run(rank_order);
        cr_assert_eq(wn_rows_read(&rows, &read, NULL, &err), WN_OK, "%s", err.msg);
        wn_outcome o = read_back(WN_READ_MANIFEST | WN_READ_COLUMNS | WN_READ_TEXTS);
        cr_assert_eq(o.rows.n, ROWS);
        cr_assert_eq(o.rows.nlabels, rows.view.nlabels);
        cr_assert_eq(o.ninputs, 1);
        cr_expect_str_eq(o.inputs[0].sha256, rows.inputs[0].sha256);
        cr_expect_eq(o.inputs[0].rows, rows.inputs[0].rows);
        cr_expect_arr_eq(o.rows.label, rows.view.label, ROWS * sizeof *o.rows.label);
        cr_expect_arr_eq(o.places.offset, rows.places.offset, ROWS * sizeof *o.places.offset);
        cr_expect_arr_eq(o.places.line, rows.places.line, ROWS * sizeof *o.places.line);
        for (size_t i = 0; i < ROWS; i++) {
            char a[24], b[24];
            size_t na, nb;
            const char *got = wn_view_id(&o.rows, i, a, &na), *want = wn_view_id(&rows.view, i, b, &nb);
            cr_expect(na == nb && memcmp(got, want, na) == 0, "id of row %zu", i);
            const wn_texts *t = &o.rows.texts, *u = &rows.view.texts;
            cr_assert_eq(t->off[i + 1] - t->off[i], u->off[i + 1] - u->off[i]);
            cr_expect_arr_eq(t->base + t->off[i], u->base + u->off[i], (size_t)(t->off[i + 1] - t->off[i]));
        }
        wn_outcome_free(&o);
        wn_rows_free(&rows);
    }
}

Test(stages, a_folder_without_its_parts_is_refused) {
    wn_outcome o;
    wn_err err = {0};
    cr_expect_eq(wn_outcome_read(&o, folder, WN_READ_MANIFEST, NULL, &err), WN_EINPUT);
    cr_expect(strstr(err.msg, "not an output folder of winnow"), "%s", err.msg);
    wn_outcome_free(&o);
    cr_expect_eq(wn_outcome_read(&o, folder, WN_READ_COLUMNS, NULL, &err), WN_EIO);
    wn_outcome_free(&o);
}

/* ---- the push of class-herding ---- */

/* Rows in three far groups, which are their classes but for a share `wrong` of them, which have another. */
static wn_class_labels pushed(size_t rows, double wrong, double push) {
    enum { GROUPS = 3, D = 8 };
    wn_vectors v = {0};
    wn_copies c = {.n = rows, .m = rows};
    wn_class_labels l = {.label = calloc(rows, sizeof *l.label), .n = GROUPS};
    wn_err err = {0};
    wn_rng g = wn_rng_init(5, 0);
    cr_assert_eq(wn_mat_init(&v.x, rows, D, &err), WN_OK);
    for (size_t i = 0; i < rows; i++) {
        float *x = wn_mat_row(&v.x, i);
        double norm = 0;
        l.label[i] = (uint32_t)((i + (wn_rng_uniform(&g) < wrong ? 1 + wn_rng_below(&g, 2) : 0)) % GROUPS);
        for (size_t d = 0; d < D; d++) x[d] = (float)(.1 * wn_rng_normal(&g)) + (d == i % GROUPS ? 1 : 0);
        for (size_t d = 0; d < D; d++) norm += (double)x[d] * (double)x[d];
        for (size_t d = 0; d < D; d++) x[d] /= (float)sqrt(norm);
    }
    cr_assert(v.zero = wn_alloc(rows, sizeof *v.zero, &err));
    cr_assert_eq(wn_push_choose(&l, &v, &c, push, 1, &err), WN_OK, "%s", err.msg);
    wn_vectors_free(&v);
    free(l.label);
    l.label = NULL;
    return l;
}

Test(stages, the_push_rises_with_the_labels_that_neighbours_dispute) {
    const wn_class_labels clean = pushed(900, 0, NAN), tenth = pushed(900, .1, NAN), half = pushed(900, .5, NAN);
    cr_assert_float_eq(clean.noise, 0, 1e-12);
    cr_assert_float_eq(clean.push, WN_PUSH_LEAST, 1e-12);
    cr_assert_float_eq(tenth.noise, .1, .05, "%g", tenth.noise);
    cr_assert_float_eq(tenth.push, WN_PUSH_LEAST + (WN_PUSH_MOST - WN_PUSH_LEAST) * tenth.noise / WN_PUSH_NOISE, 1e-12);
    cr_assert_gt(half.noise, .35);
    cr_assert_float_eq(half.push, WN_PUSH_MOST, 1e-12, "no more than that");
    cr_assert_float_eq(wn_push_of_class(&clean, 16), WN_PUSH_LEAST / 4, 1e-12, "it falls with the root of the rows");
    cr_assert_float_eq(wn_push_of_class(&clean, 0), WN_PUSH_LEAST, 1e-12);
}

Test(stages, the_push_is_what_was_asked_for_or_the_least_where_nothing_can_be_told) {
    const wn_class_labels given = pushed(900, .5, .75), few = pushed(30, .5, NAN);
    cr_assert_float_eq(given.push, .75, 1e-12);
    cr_assert_float_eq(wn_push_of_class(&given, 16), .75, 1e-12, "it does not fall then");
    cr_assert(isnan(given.noise) && isnan(few.noise));
    cr_assert_float_eq(few.push, WN_PUSH_LEAST, 1e-12);
}

/* ---- where rbf compares rows ---- */

/* Rows of 20 columns that vary along 3 directions, far from the origin; row 4 is zero, row 7 a copy of row 6. */
static void spread_vectors(wn_vectors *v, wn_copies *c, wn_err *err) {
    enum { N = 60, D = 20 };
    wn_rng g = wn_rng_init(1, 1);
    cr_assert_eq(wn_mat_init(&v->x, N, D, err), WN_OK);
    for (size_t i = 0; i < N; i++) {
        const double a = wn_rng_uniform(&g), b = wn_rng_uniform(&g), e = wn_rng_uniform(&g);
        for (size_t j = 0; j < D; j++)
            wn_mat_row(&v->x, i)[j] = (float)(5 + a * sin((double)j) + b * cos((double)j) + e * (double)(j % 3));
    }
    memset(wn_mat_row(&v->x, 4), 0, D * sizeof(float));
    memcpy(wn_mat_row(&v->x, 7), wn_mat_row(&v->x, 6), D * sizeof(float));
    (void)wn_mat_normalize(&v->x);
    *c = (wn_copies){.n = N, .m = N, .x_row = wn_alloc(N, sizeof *c->x_row, err)};
    cr_assert(c->x_row);
    for (size_t i = 0; i < N; i++) c->x_row[i] = i;
    cr_assert_eq(wn_vectors_scan(v, c, err), WN_OK);
}

Test(stages, rbf_compares_rows_by_their_leading_components) {
    const wn_space_opts three = {.components = 3, .seed = 1}, as_many = {.components = 20}, none = {0};
    wn_vectors v = {0};
    wn_copies c = {0};
    wn_io io = {0};
    wn_err err = {0};
    spread_vectors(&v, &c, &err);
    cr_expect_eq(wn_space_dims(&as_many, 20), 0, "20 columns are compared as they are");
    cr_expect_eq(wn_space_dims(&none, 20), 0);
    cr_assert_eq(wn_space_make(&v, &c, &none, &io, &err), WN_OK);
    cr_expect_null(v.space.data);
    cr_assert_eq(wn_space_make(&v, &c, &three, &io, &err), WN_OK);
    cr_assert(v.space.rows == 60 && v.space.cols == 3);
    cr_expect_gt(v.explained, .99, "three directions are all that there is: %g", v.explained);
    for (size_t i = 0; i < 60; i++) {
        double norm = 0;
        for (size_t j = 0; j < 3; j++) norm += pow((double)wn_mat_row(&v.space, i)[j], 2);
        cr_expect_float_eq(norm, i == 4 ? 0 : 1, 1e-5, "row %zu", i);
    }
    cr_expect_arr_eq(wn_mat_row(&v.space, 7), wn_mat_row(&v.space, 6), 3 * sizeof(float));
    /* around a common mean nearly all cosines are near 1; without it they are on all sides */
    double raw = 0, space = 0;
    for (size_t i = 10; i < 60; i++)
        for (size_t j = 0; j < 20; j++) {
            raw += (double)wn_mat_row(&v.x, i)[j] * (double)wn_mat_row(&v.x, i - 5)[j];
            if (j < 3) space += (double)wn_mat_row(&v.space, i)[j] * (double)wn_mat_row(&v.space, i - 5)[j];
        }
    cr_expect_gt(raw / 50, .9);
    cr_expect_lt(fabs(space / 50), .4);
    wn_vectors_free(&v);
    wn_copies_free(&c);
}

Test(stages, components_decide_the_choice_and_its_gamma) {
    const wn_lists no_lists = {0};
    wn_vectors v = {0};
    wn_copies c = {0};
    wn_choice choice[2] = {{0}, {0}};
    wn_io io = {0};
    wn_err err = {0};
    double gamma[2], median;
    spread_vectors(&v, &c, &err);
    c.row_of = wn_alloc(c.n, sizeof *c.row_of, &err);
    for (size_t i = 0; i < c.n; i++) c.row_of[i] = i;
    for (size_t t = 0; t < 2; t++) {
        const wn_kernel_opts kernel = {.kind = WN_RBF, .gamma = NAN, .seed = 1};
        wn_choice_opts o = {.objective = WN_GRAPH_CUT, .lambda = NAN, .wanted = 10, .space = {t ? 3 : 0, 1}};
        cr_assert_eq(wn_space_make(&v, &c, &o.space, &io, &err), WN_OK);
        cr_assert_eq(wn_kernel_choose(&o.kernel, &median, &v, &c, &kernel, &io, &err), WN_OK);
        cr_assert_eq(wn_choice_make(&choice[t], &v, &c, &no_lists, &o, &io, &err), WN_OK);
        gamma[t] = o.kernel.gamma;
    }
    cr_expect_lt(gamma[1], gamma[0] / 5, "distances are larger there");
    wn_select_opts direct = {.objective = WN_GRAPH_CUT, .kernel = {WN_RBF, gamma[1]}, .lambda = NAN, .k = 10,
                             .exclude = (size_t[]){4}, .nexclude = 1};
    wn_selection same;
    cr_assert_eq(wn_select(&v.space, &direct, &same, &err), WN_OK, "%s", err.msg);
    cr_assert_eq(wn_selection_by_coverage(&same, &v.space, &v.x, &direct, &err), WN_OK, "%s", err.msg);
    cr_expect_arr_eq(choice[1].chosen, same.ids, 10 * sizeof *same.ids);
    cr_expect(memcmp(choice[0].chosen, choice[1].chosen, 10 * sizeof *same.ids) != 0);
    wn_selection_free(&same);
    for (size_t t = 0; t < 2; t++) wn_choice_free(&choice[t]);
    wn_vectors_free(&v);
    wn_copies_free(&c);
}
