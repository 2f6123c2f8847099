#include "encode.h"

#include "options.h"
#include "part.h"
#include "registry.h"
#include "outcome/target.h"
#include "stages/say.h"

#include <sys/stat.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <winnow/model.h>

/* The family that wrote a file must be the one asked for: their options differ. */
static wn_code check_loaded(const wn_config *c, wn_err *err) {
    if (access(c->load_encoder, R_OK) != 0) return wn_err_errno(err, "--load-encoder %s", c->load_encoder);
    const wn_encoder_vt *wrote = wn_encoder_family_of_file(c->load_encoder);
    if (!wrote || wrote == wn_encoder_family(c->encoder)) return WN_OK;
    return wn_err_set(err, WN_EUSAGE, "--load-encoder %s holds %s %s encoder: give --encoder %s", c->load_encoder,
                      wrote->article, wrote->name, wrote->name);
}

static bool encoder_ours(const char *path) {
    return wn_encoder_family_of_file(path) != NULL;
}

wn_code wn_encode_open(wn_encoder **e, const wn_config *c, wn_err *err) {
    wn_code code;
    wn_encoder_opts o = wn_encoder_options(c);
    if (c->load_encoder && (code = check_loaded(c, err)) != WN_OK) return code;
    if (c->save_encoder && (code = wn_output_check(c->save_encoder, c->overwrite, encoder_ours, err)) != WN_OK)
        return code;
    if ((code = wn_encoder_open(e, wn_encoder_family(c->encoder), &o, err)) != WN_OK) return code;
    if (!(*e)->vt->resumes || !c->output || c->resume || c->overwrite || c->dry_run) return WN_OK;
    return wn_part_refuse_left(c->output, err);
}

wn_code wn_encode_load(wn_encoder **e, const char *path, wn_err *err) {
    const wn_encoder_vt *family = wn_encoder_family_of_file(path);
    wn_encoder_opts o = {.load = path};
    *e = NULL;
    if (!family) return wn_err_set(err, WN_EINPUT, "%s: no encoder is in it", path);
    wn_code code = wn_encoder_open(e, family, &o, err);
    if (code != WN_OK) return code;
    if ((code = wn_encoder_prepare(*e, NULL, &(wn_texts){0}, &(wn_encoder_watch){0}, err)) == WN_OK) return WN_OK;
    wn_encoder_close(*e);
    *e = NULL;
    return code;
}

void wn_encode_recommend(const wn_config *c, size_t n, wn_io *io) {
    enum { MANY = 100000 }; /* a language model takes hours for much more, on a processor */
    char *dir = NULL;
    if (c->encoder != WN_ENC_LSA || c->load_encoder || !io || !io->terminal) return; /* a log needs no advice */
    const bool there = wn_model_find(&dir, "all-MiniLM-L6-v2", &(wn_err){0}) == WN_OK;
    wn_free(dir);
    if (n > MANY)
        wn_sayf(io, "hint: %swinnow distill --model all-MiniLM-L6-v2 -o table/: --model table/ may choose better",
                there ? "" : "tools/get-minilm, then ");
    else if (there)
        wn_sayf(io, "hint: --model all-MiniLM-L6-v2 knows more about language than lsa does");
    else
        wn_sayf(io, "hint: a language model may choose better than lsa: tools/get-minilm fetches one, "
                    "--model all-MiniLM-L6-v2 uses it");
}
