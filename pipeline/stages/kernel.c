/* The width of the kernel. */
#include <winnow/stages.h>

#include "kept.h"
#include "say.h"

#include <math.h>
#include <winnow/similarity.h>

wn_code wn_kernel_choose(wn_kernel *out, double *median, const wn_vectors *v, const wn_copies *c,
                         const wn_kernel_opts *o, wn_io *io, wn_err *err) {
    *out = (wn_kernel){.kind = o->kind, .gamma = o->kind == WN_RBF ? o->gamma : 0};
    *median = NAN;
    if (o->kind == WN_BALL) {
        const wn_mat x = wn_space_rows(v, c);
        out->gamma = o->gamma;
        return isnan(o->gamma) ? wn_sim_radius_auto(&x, o->clusters, o->seed, &out->gamma, io->progress, err) : WN_OK;
    }
    if (o->kind != WN_RBF || !isnan(o->gamma)) return WN_OK;
    const wn_mat x = wn_space_rows(v, c);
    wn_err why = {0};
    wn_code code = wn_sim_gamma_auto(&x, o->seed, 0, &out->gamma, median, &why);
    if (code != WN_EINPUT) {
        if (code != WN_OK) *err = why;
        return code;
    }
    out->gamma = WN_GAMMA_TIMES_MEDIAN; /* as if the median were 1 */
    *median = NAN;
    if (x.rows > 1)
        wn_sayf(io, "warning: the vectors do not differ, so gamma has no natural value; %g is used", out->gamma);
    return WN_OK;
}
