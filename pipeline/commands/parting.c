#include "parting.h"

#include "options.h"
#include "stages/say.h"

#include <winnow/mem.h>

static wn_parts_plan plan_of(const wn_selecting *s, const wn_config *c) {
    return (wn_parts_plan){.command = wn_config_command(c),
                           .config = wn_config_json(c),
                           .seed = c->seed,
                           .inputs = s->rows.inputs,
                           .ninputs = s->rows.ninputs,
                           .parts = c->partitions,
                           .lists = &s->lists};
}

/* The picks of every shard, all of which must be there. */
static wn_code take_picks(wn_parting *p, wn_err *err) {
    static const char *const state_word[] = {"missing", "damaged", "whole"};
    size_t lacking = 0, first = 0;
    wn_shard_state state, first_state = WN_SHARD_WHOLE;
    if (!(p->picks = wn_alloc(p->job.parts, sizeof *p->picks, err))) return WN_EMEMORY;
    for (size_t i = 0; i < p->job.parts; i++) {
        wn_code code = wn_parts_read(&p->picks[i], &state, &p->job, i + 1, err);
        if (code != WN_OK) return code;
        if (state == WN_SHARD_WHOLE) continue;
        if (lacking++ == 0) first = i + 1, first_state = state;
    }
    if (lacking == 0) return WN_OK;
    return wn_err_set(err, WN_EINPUT,
                      "%s: %zu of %zu shards cannot be used; the first, %zu/%zu, is %s. winnow status %s lists them "
                      "with the commands that make them",
                      p->job.folder, lacking, p->job.parts, first, p->job.parts, state_word[first_state],
                      p->job.folder);
}

static wn_code look_for_shard(wn_parting *p, const wn_config *c, wn_io *io, wn_err *err) {
    wn_part_picks picks = {0};
    wn_shard_state state;
    wn_code code = wn_parts_read(&picks, &state, &p->job, c->shard, err);
    wn_part_picks_free(&picks);
    p->done = code == WN_OK && state == WN_SHARD_WHOLE && !c->overwrite;
    if (p->done) wn_sayf(io, "shard %zu/%zu is there already", c->shard, c->shards);
    if (code == WN_OK && state == WN_SHARD_DAMAGED)
        wn_sayf(io, "note: the file of shard %zu/%zu is damaged, and made anew", c->shard, c->shards);
    return code;
}

wn_code wn_parting_begin(wn_parting *p, wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err) {
    if ((!c->shards && !c->parts_folder) || c->dry_run) return WN_OK;
    wn_code code = wn_rows_hash(&s->rows, err);
    if (code != WN_OK) return code;
    const wn_parts_plan plan = plan_of(s, c);
    if (c->shards) {
        code = wn_parts_begin(&p->job, c->output, &plan, err);
        return code == WN_OK ? look_for_shard(p, c, io, err) : code;
    }
    if ((code = wn_parts_open(&p->job, c->parts_folder, &plan, err)) != WN_OK) return code;
    if ((code = take_picks(p, err)) != WN_OK) return code;
    s->opts.partition.picks = p->picks;
    return WN_OK;
}

wn_code wn_parting_shard(wn_parting *p, wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err) {
    wn_part_picks picks = {0};
    wn_code code = wn_choice_part(&picks, &s->vectors, &s->copies, &s->lists, &s->opts, c->shard - 1, io, err);
    if (code == WN_OK) code = wn_parts_write(&p->job, c->shard, &picks, err);
    if (code == WN_OK)
        wn_sayf(io, "shard %zu/%zu: %zu rows picked; winnow status %s says what is missing", c->shard, c->shards,
                picks.n, c->output);
    wn_part_picks_free(&picks);
    return code;
}

void wn_parting_free(wn_parting *p) {
    for (size_t i = 0; p->picks && i < p->job.parts; i++) wn_part_picks_free(&p->picks[i]);
    wn_free(p->picks);
    wn_parts_job_free(&p->job);
    *p = (wn_parting){0};
}
