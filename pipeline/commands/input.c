#include "input.h"

#include "stages/say.h"

#include <string.h>
#include <sys/stat.h>
#include <wn/input_fd.h>

wn_records_opts wn_input_options(const wn_config *c) {
    wn_records_opts o = {.paths = c->inputs,
                         .npaths = c->ninputs,
                         .format = c->format,
                         .text_fields = c->text_fields,
                         .ntext_fields = c->ntext_fields,
                         .role = c->role,
                         .label_field = c->label_field,
                         .id_field = c->id_field,
                         .limit = c->limit,
                         .skip_path = c->skip_path,
                         .overwrite = c->overwrite};
    const wn_more_field more[WN_MORE_FIELDS] = {{c->group_field, "--group-field"},
                                                {c->cost_field, "--cost-field"},
                                                {c->value_field, "--value-field"},
                                                {c->weight_field, "--weight-field"}};
    for (size_t i = 0; i < WN_MORE_FIELDS; i++)
        if (more[i].name) o.more[o.nmore++] = more[i];
    return o;
}

/* A column that some of the files lack is told where it is read. */
static bool is_column(const wn_matrices *in, const char *name) {
    wn_err some = {0};
    wn_code code = WN_OK;
    return in && in->n && wn_matrices_have_obs(in, name, &code, &some);
}

wn_records_opts wn_input_options_beside(const wn_config *c, const wn_matrices *in) {
    wn_records_opts o = wn_input_options(c);
    for (size_t i = 0; i < o.nmore; i++) o.may_lack[i] = is_column(in, o.more[i].name);
    return o;
}

bool wn_input_needs_records(const wn_config *c, const wn_matrices *in) {
    const wn_records_opts o = wn_input_options_beside(c, in);
    bool needs = false;
    for (size_t i = 0; i < o.nmore; i++) needs = needs || !o.may_lack[i];
    return needs;
}

static bool any_has(const wn_texts *field) {
    return field->n && field->off[field->n] > field->off[0];
}

const wn_texts *wn_input_more(const wn_corpus *corpus, const wn_matrices *in, const wn_config *c, const char *option) {
    const wn_records_opts o = wn_input_options_beside(c, in);
    for (size_t i = 0; i < o.nmore && corpus->nsources; i++)
        if (strcmp(o.more[i].option, option) == 0)
            return any_has(&corpus->more[i]) || !o.may_lack[i] ? &corpus->more[i] : NULL;
    return NULL;
}

void wn_input_both_say(const wn_corpus *corpus, const wn_matrices *in, const wn_config *c, wn_io *io) {
    const wn_records_opts o = wn_input_options_beside(c, in);
    for (size_t i = 0; i < o.nmore && corpus->nsources; i++)
        if (o.may_lack[i] && any_has(&corpus->more[i]))
            wn_sayf(io, "note: %s %s: what the records say is taken, not the column of that name in %s",
                    o.more[i].option, o.more[i].name, in->paths[0]);
}

wn_code wn_input_check(const wn_corpus *corpus, const wn_config *c, wn_err *err) {
    struct stat s;
    const char *name = "standard input";
    bool piped = false;
    if (corpus->n > 0) return WN_OK;
    for (size_t i = c->ninputs; i-- > 0;) {
        if (strcmp(c->inputs[i], "-") == 0)
            piped = true;
        else
            name = c->inputs[i];
    }
    if (corpus->skipped) return wn_err_set(err, WN_EINPUT, "%s: every record is bad", name);
    if (!piped) return wn_err_set(err, WN_EINPUT, "%s holds no records", name);
    if (c->dry_run || !c->output || lstat(c->output, &s) != 0) return WN_OK;
    return wn_err_set(err, WN_EINPUT, "no records came from standard input, so %s is not replaced", c->output);
}

wn_code wn_corpus_take(wn_corpus *corpus, const wn_config *c, bool uniform, wn_io *io, wn_err *err) {
    wn_records_opts o = wn_input_options(c);
    o.uniform = uniform;
    return wn_corpus_take_opts(corpus, c, &o, io, err);
}

wn_code wn_corpus_take_opts(wn_corpus *corpus, const wn_config *c, const wn_records_opts *o, wn_io *io, wn_err *err) {
    wn_code code = wn_corpus_read(corpus, o, io->progress, err);
    if (code != WN_OK) return code;
    if (corpus->skipped) wn_sayf(io, "%zu bad records were skipped and copied to %s", corpus->skipped, c->skip_path);
    if (corpus->empty) wn_sayf(io, "%zu records have an empty text", corpus->empty);
    if ((code = wn_input_check(corpus, c, err)) != WN_OK) wn_corpus_free(corpus);
    return code;
}

void wn_inputs_replayed_say(const wn_config *c, const wn_input *inputs, size_t n, wn_io *io) {
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; inputs[i].sha256 && j < c->nreplayed; j++) {
            const wn_replayed *r = &c->replayed[j];
            if (strcmp(inputs[i].path, r->path) != 0 || strcmp(inputs[i].sha256, r->sha256) == 0) continue;
            wn_sayf(io, "note: %s is not what the run read that is repeated (another SHA-256)", wn_path_label(r->path));
        }
}
