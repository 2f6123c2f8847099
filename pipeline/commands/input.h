#ifndef WN_PIPELINE_INPUT_H
#define WN_PIPELINE_INPUT_H
/* Records as a configuration says that they are read. */
#include <winnow/config.h>
#include <winnow/io.h>
#include <winnow/rows.h>

/* A view: valid as long as c. */
wn_records_opts wn_input_options(const wn_config *c);
/* The field that an option names, of records that were read with these options; NULL: there are no records. */
const wn_texts *wn_input_more(const wn_corpus *corpus, const wn_config *c, const char *option);

/* WN_EINPUT where no record was read, unless "-" is an input, nothing was skipped and no earlier output would be
 * replaced by nothing. */
wn_code wn_input_check(const wn_corpus *corpus, const wn_config *c, wn_err *err);

/* wn_corpus_read and wn_input_check, with a word about skipped records. uniform: as in wn_records_opts. */
wn_code wn_corpus_take(wn_corpus *corpus, const wn_config *c, bool uniform, wn_io *io, wn_err *err);
/* The same with options of its own. */
wn_code wn_corpus_take_opts(wn_corpus *corpus, const wn_config *c, const wn_records_opts *o, wn_io *io, wn_err *err);

/* Says which files are not what the run read that --config repeats. */
void wn_inputs_replayed_say(const wn_config *c, const wn_input *inputs, size_t n, wn_io *io);

#endif
