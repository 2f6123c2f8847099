/* Vectors that files hold, and the records that they belong to; shared by run and select. */
#include "outcome/made_of.h"
#include "selecting.h"
#include "stages/say.h"

#include <winnow/mem.h>
#include <wn/paged.h>
#include <wn/path.h>

/* A matrix may be of an earlier state of its records. */
static wn_code note_other_files(const wn_selecting *s, wn_io *io, wn_err *err) {
    const wn_corpus *records = &s->rows.corpus;
    wn_made_of made = {0};
    wn_code code = wn_made_of_read(&made, s->in.files[0], err);
    if (code != WN_OK) return code;
    for (size_t i = 0; made.n && i < records->nsources; i++) {
        if (wn_made_of_is(&made, i, records->sources[i].sha256)) continue;
        wn_sayf(io, "note: %s is not, byte for byte, what %s was made of; rows and ids fit", records->sources[i].path,
                s->in.paths[0]);
        break;
    }
    wn_made_of_free(&made);
    return WN_OK;
}

wn_code wn_selecting_match(wn_selecting *s, wn_io *io, wn_err *err) {
    wn_code code = wn_rows_beside(&s->rows, &s->in, io, err);
    return code == WN_OK ? note_other_files(s, io, err) : code;
}

/* Where they do not fit in memory they are in a file beside the output, which has no name. */
static wn_code read_rows(wn_selecting *s, const wn_config *c, wn_err *err) {
    const size_t m = s->copies.m;
    const bool unit = c->similarity != WN_DOT && c->similarity != WN_PRECOMPUTED;
    wn_mat *x = &s->vectors.x;
    char *folder = s->plan.streamed ? wn_path_folder(c->output, err) : NULL;
    wn_code code = s->plan.streamed && !folder ? WN_EMEMORY : WN_OK;
    if (code != WN_OK) goto out;
    if (folder) wn_paged_limit(s->plan.resident);
    if ((code = wn_mat_init_in(x, m, s->in.cols, folder, err)) != WN_OK) goto out;
    code = wn_matrices_read_into(&s->in, s->copies.row_of, m, unit, x, err);
out:
    wn_free(folder);
    return code;
}

wn_code wn_selecting_vectors(wn_selecting *s, const wn_config *c, wn_err *err) {
    wn_code code = wn_rows_hash(&s->rows, err);
    if (code != WN_OK) return code;
    if (c->similarity == WN_DOT && c->dedup == WN_DEDUP_NEAR)
        return wn_err_set(err, WN_EUSAGE,
                          "--dedup %g compares by cosine and --similarity dot does not; "
                          "use --dedup off, or cosine",
                          c->dedup_threshold);
    if ((code = read_rows(s, c, err)) != WN_OK) return code;
    if (c->similarity == WN_PRECOMPUTED && s->vectors.x.rows != s->vectors.x.cols)
        return wn_err_set(err, WN_EUSAGE, "--similarity precomputed: %s is no square matrix, but %zu x %zu",
                          s->in.paths[0], s->vectors.x.rows, s->vectors.x.cols);
    wn_timings_lap(&s->timings, "read");
    return WN_OK;
}
