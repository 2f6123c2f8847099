/* Vectors that files hold, and the records that they belong to; shared by run and select. */
#include "outcome/made_of.h"
#include "selecting.h"
#include "stages/say.h"

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

wn_code wn_selecting_vectors(wn_selecting *s, const wn_config *c, wn_err *err) {
    wn_code code = wn_rows_hash(&s->rows, err);
    if (code != WN_OK) return code;
    if (c->similarity == WN_DOT && c->dedup == WN_DEDUP_NEAR)
        return wn_err_set(err, WN_EUSAGE,
                          "--dedup %g compares by cosine and --similarity dot does not; "
                          "use --dedup off, or cosine",
                          c->dedup_threshold);
    if ((code = wn_matrices_read_some(&s->in, s->copies.row_of, s->copies.m, &s->vectors.x, err)) != WN_OK) return code;
    if (c->similarity == WN_PRECOMPUTED && s->vectors.x.rows != s->vectors.x.cols)
        return wn_err_set(err, WN_EUSAGE, "--similarity precomputed: %s is no square matrix, but %zu x %zu",
                          s->in.paths[0], s->vectors.x.rows, s->vectors.x.cols);
    if (c->similarity != WN_DOT && c->similarity != WN_PRECOMPUTED) (void)wn_mat_normalize(&s->vectors.x);
    wn_timings_lap(&s->timings, "read");
    return WN_OK;
}
