/* winnow select: a matrix in, chosen rows and their reasons out; with its records, if they are at hand. */
#include "input.h"
#include "options.h"
#include "parting.h"
#include "ranking.h"
#include "selecting.h"
#include "stages/ids.h"
#include "stages/say.h"
#include "stages/shards.h"

/* Rows by their records. */
static wn_code take_records(wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err) {
    bool named = c->nrecords > 0;
    wn_records_opts o = wn_input_options_beside(c, &s->in);
    o.uniform = true;
    o.paths = named ? c->records : c->found_records;
    o.npaths = named ? c->nrecords : c->nfound_records;
    wn_code code = wn_rows_read(&s->rows, &o, io->progress, err);
    return code == WN_OK ? wn_selecting_match(s, io, err) : code;
}

/* The same; records that were found rather than named count only if they fit, or nothing else has what is asked. */
static wn_code read_records(wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err) {
    wn_code code = take_records(s, c, io, err);
    if ((code != WN_EINPUT && code != WN_EUSAGE) || c->nrecords || wn_input_needs_records(c, &s->in)) return code;
    wn_sayf(io, "note: no subset.* and rest.* are written: %s", err->msg);
    *err = (wn_err){0};
    wn_rows_free(&s->rows);
    return WN_OK;
}

static wn_code read_rows(wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err) {
    wn_code code;
    if (c->nrecords + c->nfound_records && (code = read_records(s, c, io, err)) != WN_OK) return code;
    return s->rows.corpus.nsources ? WN_OK : wn_rows_matrices(&s->rows, &s->in, true, io, err);
}

wn_code wn_select_command(const wn_config *c, wn_io *io, wn_err *err) {
    wn_selecting s = {.timings = wn_timings_start()};
    wn_parting parting = {0};
    wn_ranks ranks;
    bool served = false;
    wn_code code = wn_ranking_open(&ranks, &s, c, &served, err);
    if (code != WN_OK || served) goto out;
    if (s.in.rows == 0) {
        code = wn_err_set(err, WN_EINPUT, "%s holds no rows", c->inputs[0]);
        goto out;
    }
    if ((code = read_rows(&s, c, io, err)) != WN_OK) goto out;
    const wn_texts texts = s.rows.view.texts;
    s.rows.view.texts = (wn_texts){0}; /* the choice is the same whether or not records are at hand */
    if ((code = wn_selecting_begin(&s, c, io, err)) != WN_OK) goto out;
    s.rows.view.texts = texts;
    if ((code = wn_ranking_check(&ranks, &s, c, err)) != WN_OK) goto out;
    if ((code = wn_parting_begin(&parting, &s, c, io, err)) != WN_OK || parting.done) goto out;
    const wn_plan_opts plan = {.dims = s.in.cols};
    if ((code = wn_selecting_plan(&s, c, &plan, io, err)) != WN_OK || c->dry_run) goto out;
    if ((code = wn_ranking_vectors(&ranks, &s, c, err)) != WN_OK) goto out;
    if ((code = wn_selecting_prepare(&s, c, io, err)) != WN_OK) goto out;
    if (c->shards) {
        code = wn_parting_shard(&parting, &s, c, io, err);
        goto out;
    }
    if ((code = wn_ranking_prepare(&ranks, &s, c, io, err)) != WN_OK) goto out;
    if ((code = wn_parting_fill(&parting, &s, c, io, err)) != WN_OK) goto out;
    if ((code = wn_selecting_choose(&s, c, io, err)) != WN_OK) goto out;
    if ((code = wn_ids_repeated_say(&s.rows.view.ids, io, err)) != WN_OK) goto out;
    if ((code = wn_selecting_write(&s, c, io, err)) != WN_OK) goto out;
    wn_shards_say(&s.in, io);
    wn_ranking_say(&ranks, io);
out:
    wn_ranks_end(&ranks);
    wn_selecting_free(&s);
    wn_parting_free(&parting);
    return code;
}
