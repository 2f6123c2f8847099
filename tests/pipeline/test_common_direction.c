/* --gamma auto on vectors like those of mean-pooled plain BERT: most of every vector is one common direction. */
#include <cjson/cJSON.h>
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <winnow/config.h>
#include <winnow/mem.h>
#include <wn/rng.h>
#include <winnow/store.h>

enum { ROWS = 1600, DIMS = 48, CLASSES = 40, CHOSEN = 60 };

static char folder[64], matrix[96], output[96];
static size_t class_of[ROWS];

/* Class c has a share that falls as 1 / (c + 3): random choices miss the small ones. */
static void begin(void) {
    wn_rng r = wn_rng_init(3, 0);
    wn_store *s = NULL;
    wn_err err = {0};
    float centre[CLASSES][DIMS], row[DIMS];
    double share[CLASSES], total = 0;
    (void)snprintf(folder, sizeof folder, "/tmp/winnow-test.XXXXXX");
    cr_assert(mkdtemp(folder));
    (void)snprintf(matrix, sizeof matrix, "%s/x.h5ad", folder);
    (void)snprintf(output, sizeof output, "%s/out", folder);
    for (size_t c = 0; c < CLASSES; c++) {
        total += share[c] = 1.0 / (double)(c + 3);
        for (size_t d = 0; d < DIMS; d++) centre[c][d] = (float)wn_rng_normal(&r);
    }
    cr_assert_eq(wn_store_create(&s, matrix, DIMS, false, &err), WN_OK, "%s", err.msg);
    for (size_t i = 0; i < ROWS; i++) {
        double u = wn_rng_uniform(&r) * total;
        size_t c = 0;
        while (c + 1 < CLASSES && u > share[c]) u -= share[c++];
        class_of[i] = i < CLASSES ? i : c;
        for (size_t d = 0; d < DIMS; d++) /* the common direction: 3 in every coordinate */
            row[d] = 3 + centre[class_of[i]][d] + .4F * (float)wn_rng_normal(&r);
        cr_assert_eq(wn_store_append(s, row, DIMS, 1, &err), WN_OK, "%s", err.msg);
    }
    cr_assert_eq(wn_store_commit(s, &err), WN_OK, "%s", err.msg);
}

static void end(void) {
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    cr_assert_eq(system(command), 0);
}

static cJSON *manifest(void) {
    char path[128], *text = calloc(1, 1 << 16);
    (void)snprintf(path, sizeof path, "%s/manifest.json", output);
    FILE *f = fopen(path, "r");
    cr_assert(f && text && fread(text, 1, (1 << 16) - 1, f) > 0);
    (void)fclose(f);
    cJSON *json = cJSON_Parse(text);
    free(text);
    cr_assert(json);
    return json;
}

/* Chooses and counts the classes among the chosen; the manifest's selection.NAME goes to *value. */
static size_t classes_chosen(double gamma, const char *name, double *value) {
    const char *inputs[] = {matrix};
    wn_config c = {.inputs = inputs,
                   .ninputs = 1,
                   .output = output,
                   .overwrite = true,
                   .k = CHOSEN,
                   .objective = WN_GRAPH_CUT,
                   .similarity = WN_RBF,
                   .lambda = NAN,
                   .gamma = gamma,
                   .neighbours = 5,
                   .seed = 1,
                   .command_line = "winnow select",
                   .json = "{}"};
    wn_io io = {0};
    wn_err err = {0};
    bool seen[CLASSES] = {false};
    char path[128], line[512];
    cr_assert_eq(wn_select_command(&c, &io, &err), WN_OK, "%s", err.msg);
    cJSON *json = manifest();
    *value = cJSON_GetNumberValue(cJSON_GetObjectItem(cJSON_GetObjectItem(json, "selection"), name));
    cJSON_Delete(json);
    (void)snprintf(path, sizeof path, "%s/selection.tsv", output);
    FILE *f = fopen(path, "r");
    cr_assert(f && fgets(line, sizeof line, f));
    size_t n = 0, classes = 0;
    for (; fgets(line, sizeof line, f); n++) {
        const char *tab = strchr(line, '\t'), *row = tab ? strchr(tab + 1, '\t') : NULL;
        cr_assert(row);
        seen[class_of[strtoul(row + 1, NULL, 10)]] = true;
    }
    (void)fclose(f);
    cr_assert_eq(n, CHOSEN);
    for (size_t i = 0; i < CLASSES; i++) classes += seen[i];
    return classes;
}

TestSuite(common_direction, .init = begin, .fini = end, .timeout = 120);

Test(common_direction, automatic_gamma_finds_the_classes_that_a_fixed_one_misses) {
    double median, gamma, fixed;
    size_t found = classes_chosen(NAN, "gamma", &gamma), again = classes_chosen(NAN, "median_distance", &median);
    size_t missed = classes_chosen(8, "gamma", &fixed);
    cr_expect(median > .05 && median < .15, "median 1 - cos %g: not the vectors that were meant", median);
    cr_expect_float_eq(gamma * median, 7.5, 1e-6);
    cr_expect_eq(found, again);
    cr_expect_eq(fixed, 8);
    cr_expect_geq(found, CLASSES - 4, "%zu of %d classes are chosen", found, CLASSES);
    cr_expect_leq(missed + 4, found, "gamma 8 finds %zu, auto %zu", missed, found);
}
