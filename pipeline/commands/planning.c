/* What run and select will take: told by --dry-run, and refused with a command that fits where it is too much. */
#include "options.h"
#include "selecting.h"
#include "stages/memory.h"
#include "stages/say.h"

#include <math.h>
#include <stdio.h>
#include <winnow/mem.h>

/* What is maximised: of a mixture its parts, and values, which make a mixture of any objective. */
static void print_objective(const wn_selecting *s, const wn_config *c, wn_io *io) {
    const wn_objective o = s->opts.objective;
    wn_printf(io, "%s", wn_objective_name(o));
    for (size_t i = 0; i < c->nmix && o == WN_MIXTURE; i++)
        wn_printf(io, "%s%g %s", i ? " + " : ", ", c->mix[i].weight, wn_objective_name(c->mix[i].objective));
    if (s->value && o != WN_BY_VALUE) {
        wn_printf(io, " %c %g ", c->value_weight < 0 ? '-' : '+', fabs(c->value_weight));
        wn_print_name(io, c->value_field);
        wn_printf(io, "%s", o == WN_MIXTURE ? "" : " (a mixture)");
    }
    wn_printf(io, "\n");
}

static void print_plan(const wn_selecting *s, const wn_copies *copies, const wn_config *c, const wn_plan *p,
                       wn_io *io) {
    char a[32], b[32];
    const size_t n = copies->n, m = copies->m, wanted = s->opts.wanted, dims = p->dims;
    wn_printf(io, "rows      %zu read, %zu after exact duplicates\n", n, m);
    if (s->rows.view.texts.n) wn_printf(io, "text      %s\n", wn_bytes_text(p->text, a));
    if (p->streamed)
        wn_printf(io, "vectors   %zu x %zu, %s, streamed from a temporary file beside %s, %s at a time\n", m, dims,
                  wn_bytes_text(p->vectors, a), c->output, wn_bytes_text(p->resident, b));
    else
        wn_printf(io, "vectors   %zu x %zu, %s, in memory\n", m, dims, wn_bytes_text(p->vectors, a));
    wn_printf(io, "choose    %zu of %zu by ", wanted < m ? wanted : m, n);
    print_objective(s, c, io);
    wn_printf(io, "memory    about %s of %s\n", wn_bytes_text(p->need, a),
              wn_bytes_text(wn_memory_budget(c->memory), b));
    wn_printf(io, "disk      about %s in %s\n", wn_bytes_text(p->disk, a), c->output);
    if (p->seconds < 90)
        wn_printf(io, "time      about %.*f s\n", p->seconds < 10 ? 1 : 0, p->seconds);
    else if (p->seconds < 2 * 3600)
        wn_printf(io, "time      about %.0f min\n", ceil(p->seconds / 60));
    else if (p->seconds < 2 * 86400)
        wn_printf(io, "time      about %.0f hours\n", ceil(p->seconds / 3600));
    else
        wn_printf(io, "time      about %.0f days\n", ceil(p->seconds / 86400));
}

static wn_plan plan_of(const wn_selecting *s, const wn_copies *copies, const wn_choice_opts *choice, const wn_config *c,
                       const wn_plan_opts *o) {
    wn_plan_opts with = *o;
    with.verdict = !c->no_verdict;
    with.streams = s->in.n > 0;
    with.budget = wn_memory_budget(c->memory);
    return wn_plan_make(&s->rows, copies, choice, &with);
}

/* The same command as one that fits: in parts, or with as much memory as the machine has. False: there is none. */
static bool command_that_fits(char *out, size_t size, const wn_selecting *s, const wn_copies *copies,
                              const wn_config *c, const wn_plan_opts *o) {
    const size_t step = (size_t)64 << 20;
    wn_choice_opts choice = s->opts;
    char memory[40] = "";
    const bool parts_serve = wn_partition_serves(choice.objective) && !c->value_field && !wn_config_limit(c);
    if (c->memory) (void)snprintf(memory, sizeof memory, " --memory %zuM", c->memory >> 20);
    for (size_t parts = 16; parts_serve && !choice.partition.parts && parts <= 256; parts *= 4) {
        wn_choice_opts in_parts = choice;
        in_parts.partition.parts = parts;
        if (copies->m < parts || plan_of(s, copies, &in_parts, c, o).need > wn_memory_budget(c->memory)) continue;
        (void)snprintf(out, size, "%s --partitions %zu%s -o %s", wn_config_command(c), parts, memory, c->output);
        return true;
    }
    const size_t need = plan_of(s, copies, &choice, c, o).need, wanted = need > SIZE_MAX - step ? need : need + step;
    if (wanted > wn_mem_available()) return false;
    (void)snprintf(out, size, "%s --memory %zuM -o %s", wn_config_command(c), (wanted + step / 64 - 1) >> 20,
                   c->output);
    return true;
}

static wn_code require_plan(const wn_selecting *s, const wn_copies *copies, const wn_plan *plan, const wn_config *c,
                            const wn_plan_opts *o, wn_err *err) {
    char what[96], fits[400], tail[420] = "";
    wn_err refused;
    (void)snprintf(what, sizeof what, "choosing %zu of %zu rows", s->opts.wanted, copies->n);
    const wn_memory_of of = s->rows.corpus.nsources ? WN_OF_RECORDS : WN_OF_MATRIX;
    const wn_code code = wn_memory_require(c->memory, plan->need, what, of, &refused);
    if (code == WN_OK) return WN_OK;
    if (command_that_fits(fits, sizeof fits, s, copies, c, o)) (void)snprintf(tail, sizeof tail, ": %s", fits);
    return wn_err_set(err, code, "%s%s", refused.msg, tail);
}

wn_code wn_selecting_plan_early(const wn_selecting *s, const wn_config *c, wn_io *io, wn_err *err) {
    const wn_copies all = {.n = s->rows.view.n, .m = s->rows.view.n};
    const wn_plan_opts o = {.dims = s->in.cols};
    if (!s->in.n) return WN_OK;
    const wn_plan plan = plan_of(s, &all, &s->opts, c, &o);
    if (plan.need <= wn_memory_budget(c->memory)) return WN_OK;
    if (c->dry_run) print_plan(s, &all, c, &plan, io);
    return require_plan(s, &all, &plan, c, &o, err);
}

wn_code wn_selecting_plan(wn_selecting *s, const wn_config *c, const wn_plan_opts *o, wn_io *io, wn_err *err) {
    const wn_plan plan = s->plan = plan_of(s, &s->copies, &s->opts, c, o);
    if (c->dry_run) print_plan(s, &s->copies, c, &plan, io);
    return require_plan(s, &s->copies, &plan, c, o, err);
}
