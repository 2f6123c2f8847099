#ifndef WN_PIPELINE_INPUT_H
#define WN_PIPELINE_INPUT_H
/* Records as a configuration says that they are read. */
#include <winnow/config.h>
#include <winnow/io.h>
#include <winnow/rows.h>

/* A view: valid as long as c. Beside records stands `in`, which may be empty or NULL: no record need have what is a
 * column of /obs there. */
wn_records_opts wn_input_options(const wn_config *c);
wn_records_opts wn_input_options_beside(const wn_config *c, const wn_matrices *in);
/* Is there such an option whose field is no column there? */
bool wn_input_needs_records(const wn_config *c, const wn_matrices *in);
/* The field that an option names, of records that were read with these options; NULL: there are no records, or none
 * has it and `in` has. */
const wn_texts *wn_input_more(const wn_corpus *corpus, const wn_matrices *in, const wn_config *c, const char *option);
/* Says which of these fields the records and `in` both have. */
void wn_input_both_say(const wn_corpus *corpus, const wn_matrices *in, const wn_config *c, wn_io *io);

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
