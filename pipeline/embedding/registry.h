#ifndef WN_PIPELINE_REGISTRY_H
#define WN_PIPELINE_REGISTRY_H
/* The families of encoders, as WN_ENCODERS lists them. */
#include <winnow/encoder.h>

const wn_encoder_vt *wn_encoder_family(wn_encoder_kind kind);
/* The family whose `save` wrote the file at `path`, by its first bytes; NULL where none did, or where it cannot be
 * read. */
const wn_encoder_vt *wn_encoder_family_of_file(const char *path);

#endif
