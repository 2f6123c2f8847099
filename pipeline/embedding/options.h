#ifndef WN_PIPELINE_EMBEDDING_OPTIONS_H
#define WN_PIPELINE_EMBEDDING_OPTIONS_H
/* The one place where a configuration becomes options of encoders. */
#include <winnow/config.h>
#include <winnow/encoder.h>

/* Views: valid as long as c. */
wn_encoder_opts wn_encoder_options(const wn_config *c);
wn_encoder_watch wn_encoder_watch_of(const wn_config *c, const wn_io *io);

#endif
