/* winnow distill: an encoder with layers -> a table of token vectors. */
#include "distill/distill.h"

#include "embedding/model_files.h"
#include "options.h"
#include "stages/memory.h"
#include "stages/say.h"

#include <winnow/mem.h>

static wn_code distill_plan(const wn_distilled *d, const wn_config *c, wn_io *io) {
    char a[32], b[32];
    wn_printf(io, "would make a table of %zu tokens x %zu dimensions of %s into %s\n", d->n, d->dims, c->model,
              c->output);
    wn_printf(io, "output: about %s\n", wn_bytes_text(d->n * (d->dims * sizeof(float) + 20), a));
    wn_printf(io, "memory: about %s\n", wn_bytes_text(wn_distill_memory(d), b));
    return WN_OK;
}

static wn_code save_table(const wn_distilled *d, const wn_distill_opts *o, const wn_config *c,
                          const wn_timings *timings, wn_err *err) {
    char sha256[65];
    wn_code code = wn_model_sha256(d->dir, d->config.path, sha256, err);
    if (code != WN_OK) return code;
    const wn_distill_origin origin = {.opts = o,
                                      .sha256 = sha256,
                                      .command = wn_config_command(c),
                                      .config = wn_config_json(c),
                                      .seed = c->seed,
                                      .timings = timings};
    return wn_distill_save(d, &origin, c->output, c->overwrite, err);
}

wn_code wn_distill(const wn_config *c, wn_io *io, wn_err *err) {
    enum { DEFAULT_DIMS = 256 };
    const wn_distill_opts o = {.model = c->model,
                               .dims = c->dims ? c->dims : DEFAULT_DIMS,
                               .weights = c->token_weights,
                               .pooling = c->pooling,
                               .precision = c->precision};
    const wn_timings timings = wn_timings_start();
    wn_distilled d = {0};
    wn_code code = wn_config_check_output(c, err);
    if (code != WN_OK) goto out;
    if ((code = wn_distill_open(&d, &o, err)) != WN_OK) goto out;
    if ((code = wn_memory_require(c->memory, wn_distill_memory(&d), "distilling", WN_OF_MODEL, err)) != WN_OK)
        goto out;
    if (c->dry_run) {
        code = distill_plan(&d, c, io);
        goto out;
    }
    if (d.dims < o.dims)
        wn_sayf(io, "note: --dims %zu: the model's vectors have %zu, and so will the table's", o.dims, d.dims);
    if (d.config.prompt[0]) wn_sayf(io, "note: the model's default prompt, \"%s\", is left out", d.config.prompt);
    if ((code = wn_distill_rows(&d, &o, io->progress, err)) != WN_OK) goto out;
    if ((code = save_table(&d, &o, c, &timings, err)) != WN_OK) goto out;
    wn_sayf(io, "%s: %zu tokens x %zu dimensions (%.1f%% of the variance); %zu tokens left out", c->output, d.n, d.dims,
            100 * d.explained, wn_tok_size(d.tok) - d.n);
out:
    wn_distilled_free(&d);
    return code;
}
