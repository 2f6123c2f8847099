#ifndef WN_PIPELINE_ENCODE_H
#define WN_PIPELINE_ENCODE_H
/* From a configuration to an encoder; shared by run, embed and dedup, which then speak to winnow/encoder.h. */
#include <winnow/config.h>
#include <winnow/encoder.h>

/* Opens the encoder that c names; wn_encoder_close it before c goes. Refuses early what would fail late: a model that
 * is not there, a --load-encoder that cannot be read or is another family's, a --save-encoder that exists. */
wn_code wn_encode_open(wn_encoder **e, const wn_config *c, wn_err *err);

/* The encoder that --save-encoder wrote to `path`, prepared; wn_encoder_close it before path goes. WN_EINPUT where it
 * holds none, or is damaged. */
wn_code wn_encode_load(wn_encoder **e, const char *path, wn_err *err);

/* One line that recommends a model for n texts, to whoever takes the encoder that nothing asked for: one with layers,
 * or where those are too many for it a static table. */
void wn_encode_recommend(const wn_config *c, size_t n, wn_io *io);

#endif
