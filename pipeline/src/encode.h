#ifndef WN_PIPELINE_ENCODE_H
#define WN_PIPELINE_ENCODE_H
/* Texts -> vectors by the encoder that the configuration names. */
#include <winnow/config.h>
#include <winnow/mem.h>

/* out [texts->n, d], L2-normalised rows in the order of the texts; *nzero (may be NULL) counts zero rows. Fits the
 * encoder, or loads it (load_encoder), and saves it where save_encoder says. Overwrites *out; free it with
 * wn_mat_free. */
wn_code wn_encode(const wn_config *c, const wn_texts *texts, wn_mat *out, size_t *nzero, wn_io *io, wn_err *err);

#endif
