/* winnow graph: the exact nearest-neighbour graph of a matrix. */
#include "options.h"
#include "outcome/target.h"
#include "stages/ids.h"
#include "stages/memory.h"
#include "stages/say.h"
#include "stages/shards.h"

#include <stdio.h>
#include <winnow/similarity.h>
#include <wn/store_ours.h>

static wn_code write_h5ad(const wn_config *c, const wn_matrices *in, const wn_mat *x, const wn_csr *g, wn_io *io,
                          wn_err *err) {
    wn_store *s = NULL, *whole;
    wn_strings ids = {0};
    wn_code code = wn_store_create(&s, c->output, x->cols, c->overwrite, err);
    if (code != WN_OK) goto out;
    if ((code = wn_store_append(s, x->data, x->stride, x->rows, err)) != WN_OK) goto out;
    bool named = wn_matrices_have_obs(in, "_index", &code, err);
    if (code != WN_OK) goto out;
    if (named && (code = wn_matrices_obs_strings(in, "_index", &ids, err)) != WN_OK) goto out;
    if (named && (code = wn_ids_repeated_say(&ids.view, io, err)) != WN_OK) goto out;
    if ((code = wn_store_obs_ids(s, named ? &ids.view : NULL, err)) != WN_OK) goto out;
    if ((code = wn_store_obsp(s, "similarity", g, err)) != WN_OK) goto out;
    if ((code = wn_config_put_origin(c, s, NULL, err)) != WN_OK) goto out;
    whole = s, s = NULL; /* commit frees it */
    code = wn_store_commit(whole, err);
out:
    wn_store_abort(s);
    wn_strings_free(&ids);
    return code;
}

static size_t memory_needed(size_t n, size_t d, size_t k) {
    double need = 32e6 + (double)n * (double)(d + 15) * 4 + (double)wn_sim_knn_memory(n, d, k);
    return need < 0x1p62 ? (size_t)need : (size_t)1 << 62;
}

wn_code wn_graph(const wn_config *c, wn_io *io, wn_err *err) {
    wn_matrices in = {0};
    wn_mat x = {0};
    wn_csr g = {0};
    char a[32], what[64];
    wn_code code = wn_output_check(c->output, c->overwrite, wn_store_ours, err);
    if (code != WN_OK) goto out;
    if ((code = wn_matrices_open(&in, c->inputs, c->ninputs, c->dataset, err)) != WN_OK) goto out;
    size_t n = in.rows, d = in.cols, K = c->neighbours;
    if (n < 2) {
        code = wn_err_set(err, WN_EINPUT, "%s: %zu rows have no neighbours", c->inputs[0], n);
        goto out;
    }
    if (K > n - 1) K = n - 1;
    size_t need = memory_needed(n, d, K);
    (void)snprintf(what, sizeof what, "the graph of %zu rows", n);
    if (c->dry_run) {
        wn_printf(io, "would find the %zu nearest neighbours of %zu rows of %zu dimensions\noutput: %s, about %s\n", K,
                  n, d, c->output, wn_bytes_text(n * (d * 4 + K * 12), a));
        wn_printf(io, "memory: about %s\n", wn_bytes_text(need, a));
    }
    code = wn_memory_require(c->memory, need, what, WN_OF_MATRIX, err);
    if (code != WN_OK || c->dry_run) goto out;
    if ((code = wn_matrices_read_all(&in, &x, err)) != WN_OK) goto out;
    size_t zero = wn_mat_normalize(&x);
    if ((code = wn_sim_knn(&x, K, &g, io->progress, err)) != WN_OK) goto out;
    for (long long i = 0; i < g.indptr[n]; i++) g.data[i] = wn_cosine_bound(g.data[i]);
    if (c->export_layout == WN_LAYOUT_ANN)
        code = wn_store_export_ann(c->output, &x, &g, c->overwrite, err);
    else
        code = write_h5ad(c, &in, &x, &g, io, err);
    if (code != WN_OK) goto out;
    wn_sayf(io, "%s: %zu rows, %zu neighbours each", c->output, n, K);
    wn_shards_say(&in, io);
    if (K < c->neighbours) wn_sayf(io, "%zu rows have at most %zu neighbours each: K is %zu", n, K, K);
    if (zero) wn_sayf(io, "%zu rows are zero: their similarities are all 0", zero);
out:
    wn_csr_free(&g);
    wn_mat_free(&x);
    wn_matrices_close(&in);
    return code;
}
