/* winnow select: a matrix in, chosen rows and their reasons out. */
#include "options.h"
#include "selecting.h"

#include <winnow/similarity.h>

static wn_code read_vectors(wn_selecting *s, const wn_config *c, const wn_matrices *in, wn_err *err) {
    wn_code code = wn_rows_hash(&s->rows, err);
    if (code != WN_OK) return code;
    if ((code = wn_matrices_read_all(in, &s->vectors.x, err)) != WN_OK) return code;
    if (c->similarity == WN_DOT && c->dedup == WN_DEDUP_NEAR)
        return wn_err_set(err, WN_EUSAGE,
                          "--dedup %g compares by cosine and --similarity dot does not; "
                          "use --dedup off, or cosine",
                          c->dedup_threshold);
    if (c->similarity != WN_DOT) (void)wn_mat_normalize(&s->vectors.x);
    wn_timings_lap(&s->timings, "read");
    return WN_OK;
}

wn_code wn_select_command(const wn_config *c, wn_io *io, wn_err *err) {
    wn_selecting s = {.timings = wn_timings_start()};
    wn_matrices in = {0};
    wn_code code = wn_config_check_output(c, err);
    if (code != WN_OK) goto out;
    if ((code = wn_matrices_open(&in, c->inputs, c->ninputs, c->dataset, err)) != WN_OK) goto out;
    if (in.rows == 0) {
        code = wn_err_set(err, WN_EINPUT, "%s holds no rows", c->inputs[0]);
        goto out;
    }
    if ((code = wn_rows_matrices(&s.rows, &in, true, io, err)) != WN_OK) goto out;
    if ((code = wn_selecting_begin(&s, c, io, err)) != WN_OK) goto out;
    const wn_plan_opts plan = {.dims = in.cols};
    if ((code = wn_selecting_plan(&s, c, &plan, io, err)) != WN_OK || c->dry_run) goto out;
    if ((code = read_vectors(&s, c, &in, err)) != WN_OK) goto out;
    if ((code = wn_selecting_choose(&s, c, io, err)) != WN_OK) goto out;
    code = wn_selecting_write(&s, c, io, err);
out:
    wn_matrices_close(&in);
    wn_selecting_free(&s);
    return code;
}
