/* bench_near FILE THRESHOLD ROUNDS, or bench_near ROWS COLUMNS THRESHOLD ROUNDS KIND [FILE]: near duplicates beside the
 * row sums of the same matrix, in turn, the best of each counts. KIND of made rows, which go to FILE as bare floats
 * where one is named: `copies`, of which one in ten is another with a little noise; `equal`, all the same; `star`,
 * around one centre: those of the first half are not like each other, but each of the second is like all of the first.
 * One JSON object. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winnow/mem.h>
#include <winnow/similarity.h>
#include <winnow/threads.h>
#include <wn/cpu.h>
#include <wn/pairwise.h>
#include <wn/rng.h>

#include "bench/load.h"

static void fill_noise(float *row, size_t d, double scale, wn_rng *r) {
    for (size_t j = 0; j < d; j++) row[j] += (float)(scale * wn_rng_normal(r));
}

static wn_code make(wn_mat *x, size_t n, size_t d, const char *kind, wn_err *err) {
    wn_rng r = wn_rng_init(1, 0);
    wn_code code = wn_mat_init(x, n + 1, d, err); /* the centre behind them */
    if (code != WN_OK) return code;
    float *centre = wn_mat_row(x, n);
    fill_noise(centre, d, 1, &r);
    for (size_t i = 0; i < n; i++) {
        float *row = wn_mat_row(x, i);
        const bool copy = strcmp(kind, "copies") == 0 && i % 10 == 9;
        const float *from = copy ? wn_mat_row(x, (size_t)wn_rng_below(&r, i)) : centre;
        if (copy || strcmp(kind, "copies") != 0) memcpy(row, from, d * sizeof *row);
        if (strcmp(kind, "equal") != 0)
            fill_noise(row, d, copy ? .1 : from == centre && kind[0] == 's' ? (i < n / 2 ? .28 : .01) : 1, &r);
    }
    x->rows = n;
    (void)wn_mat_normalize(x);
    return WN_OK;
}

/* The bare values. */
static wn_code save(const wn_mat *x, const char *path, wn_err *err) {
    FILE *f = fopen(path, "wb");
    bool ok = f != NULL;
    for (size_t i = 0; i < x->rows && ok; i++) ok = fwrite(wn_mat_row(x, i), sizeof(float), x->cols, f) == x->cols;
    if (f && fclose(f) != 0) ok = false;
    return ok ? WN_OK : wn_err_set(err, WN_EIO, "%s: cannot be written", path);
}

int main(int argc, char **argv) {
    wn_err e = {0};
    wn_mat x = {0};
    double sums_s = INFINITY, near_s = INFINITY, *sums = NULL;
    size_t *kept = NULL, dropped = 0, before = 0;
    float *sim = NULL;
    wn_blas_reexec(argv);
    if (argc != 4 && argc != 6 && argc != 7) return 2;
    const bool file = argc == 4;
    wn_code code = file ? load_matrix(&x, argv[1], &e)
                        : make(&x, strtoull(argv[1], NULL, 10), strtoull(argv[2], NULL, 10), argv[5], &e);
    if (code != WN_OK) goto out;
    if (file) (void)wn_mat_normalize(&x);
    if (argc == 7 && (code = save(&x, argv[6], &e)) != WN_OK) goto out;
    const double threshold = strtod(argv[file ? 2 : 3], NULL);
    const wn_kernel rbf = {WN_RBF, 8};
    code = WN_EMEMORY;
    if (!(kept = wn_alloc(x.rows, sizeof *kept, &e)) || !(sim = wn_alloc(x.rows, sizeof *sim, &e))) goto out;
    memset(kept, 1, x.rows * sizeof *kept), memset(sim, 1, x.rows * sizeof *sim);
    before = wn_mem_peak();
    for (int round = 0; round < atoi(argv[file ? 3 : 4]); round++) {
        double from = wn_now();
        if ((code = wn_sim_near_duplicates(&x, threshold, kept, sim, NULL, &e)) != WN_OK) goto out;
        near_s = fmin(near_s, wn_now() - from);
        if (round == 0) before = wn_mem_peak() - before;
        if (!sums && !(sums = wn_alloc(x.rows, sizeof *sums, &e))) goto out;
        from = wn_now();
        if ((code = wn_pair_rowsums(&rbf, &x, sums, NULL, &e)) != WN_OK) goto out;
        sums_s = fmin(sums_s, wn_now() - from);
    }
    for (size_t i = 0; i < x.rows; i++) dropped += kept[i] != i;
    printf("{\"rows\": %zu, \"columns\": %zu, \"near\": %.4f, \"sums\": %.4f, \"dropped\": %zu, \"beyond\": %zu}\n",
           x.rows, x.cols, near_s, sums_s, dropped, before);
out:
    if (code != WN_OK) (void)fprintf(stderr, "bench_near: %s\n", e.msg);
    wn_free(sums);
    wn_free(kept);
    wn_free(sim);
    wn_mat_free(&x);
    return code == WN_OK ? 0 : 1;
}
