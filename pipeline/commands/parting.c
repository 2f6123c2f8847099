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
    p->parts = p->job.parts;
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

/* Room for the picks of all parts; those that a folder has. */
static wn_code take_what_is_there(wn_parting *p, size_t parts, wn_io *io, wn_err *err) {
    wn_shard_state state = WN_SHARD_MISSING;
    p->picks = wn_alloc(parts, sizeof *p->picks, err);
    p->todo = wn_alloc(parts, sizeof *p->todo, err);
    if (!p->picks || !p->todo) return WN_EMEMORY;
    p->parts = parts;
    for (size_t i = 0; i < parts; i++) {
        wn_code code = p->job.folder ? wn_parts_read(&p->picks[i], &state, &p->job, i + 1, err) : WN_OK;
        if (code != WN_OK) return code;
        if (state != WN_SHARD_WHOLE) p->todo[p->ntodo++] = i;
    }
    if (p->ntodo < parts) wn_sayf(io, "%zu of %zu parts are there already", parts - p->ntodo, parts);
    return WN_OK;
}

wn_code wn_parting_begin(wn_parting *p, wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err) {
    if ((!c->shards && !c->parts_folder && !c->keep_parts) || c->dry_run) return WN_OK;
    wn_code code = wn_rows_hash(&s->rows, err);
    if (code != WN_OK) return code;
    const wn_parts_plan plan = plan_of(s, c);
    if (c->shards) {
        code = wn_parts_begin(&p->job, c->output, &plan, err);
        return code == WN_OK ? look_for_shard(p, c, io, err) : code;
    }
    if (!c->parts_folder) {
        code = wn_parts_begin(&p->job, c->keep_parts, &plan, err);
        return code == WN_OK ? take_what_is_there(p, c->partitions, io, err) : code;
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

/* A part was made. */
typedef struct {
    wn_parting *p;
    size_t made;
    wn_io *io;
} part_sink;

static wn_code keep_part(void *ctx, size_t part, wn_part_picks *picks, wn_err *err) {
    part_sink *sink = ctx;
    wn_parting *p = sink->p;
    wn_code code = p->job.folder ? wn_parts_write(&p->job, part + 1, picks, err) : WN_OK;
    if (code != WN_OK) return code;
    p->picks[part] = *picks;
    *picks = (wn_part_picks){0};
    return wn_tick(sink->io->progress, "parts", "parts", ++sink->made, p->ntodo, err);
}

wn_code wn_parting_fill(wn_parting *p, wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err) {
    wn_code code = WN_OK;
    if (!c->partitions || s->opts.partition.picks || (!p->job.folder && !s->opts.ranks)) return WN_OK;
    if (!p->picks && (code = take_what_is_there(p, c->partitions, io, err)) != WN_OK) return code;
    part_sink sink = {.p = p, .io = io};
    const wn_choice_todo todo = {p->todo, p->ntodo, keep_part, &sink};
    if (p->ntodo) code = wn_choice_parts_do(&todo, &s->vectors, &s->copies, &s->lists, &s->opts, io, err);
    s->opts.partition.picks = p->picks;
    return code;
}

void wn_parting_free(wn_parting *p) {
    for (size_t i = 0; p->picks && i < p->parts; i++) wn_part_picks_free(&p->picks[i]);
    wn_free(p->picks);
    wn_free(p->todo);
    wn_parts_job_free(&p->job);
    *p = (wn_parting){0};
}
