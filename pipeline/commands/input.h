#ifndef WN_PIPELINE_INPUT_H
#define WN_PIPELINE_INPUT_H
/* Records as a configuration says that they are read. */
#include <winnow/config.h>

/* A view: valid as long as c. */
wn_records_opts wn_input_options(const wn_config *c);

/* wn_corpus_read, with a word about skipped records. uniform: as in wn_records_opts. No record at all is WN_EINPUT,
 * unless "-" is an input. */
wn_code wn_corpus_take(wn_corpus *corpus, const wn_config *c, bool uniform, wn_io *io, wn_err *err);
/* The same with options of its own. */
wn_code wn_corpus_take_opts(wn_corpus *corpus, const wn_config *c, const wn_records_opts *o, wn_io *io, wn_err *err);

#endif
