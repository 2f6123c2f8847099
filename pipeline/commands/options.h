#ifndef WN_PIPELINE_OPTIONS_H
#define WN_PIPELINE_OPTIONS_H
/* A configuration taken apart into what each stage reads; nothing below the commands sees the whole. */
#include "outcome/origin.h"
#include "outcome/writer.h"

#include <winnow/config.h>
#include <winnow/stages.h>

wn_lists_opts wn_config_lists(const wn_config *c);
wn_size_opts wn_config_size(const wn_config *c);
wn_kernel_opts wn_config_kernel(const wn_config *c, size_t wanted);
wn_class_opts wn_config_classes(const wn_config *c);
/* kernel.gamma and memory come with the vectors. */
/* What --maximizer says of where similarities live, and of how rows are found. */
wn_select_opts wn_config_way(const wn_config *c); /* how it is maximised: what wn_select_serves looks at */
wn_storage wn_config_storage(const wn_config *c);
wn_maximizer wn_config_maximizer(const wn_config *c);
wn_choice_opts wn_config_choice(const wn_config *c, size_t wanted);
wn_records_out_opts wn_config_records_out(const wn_config *c);

/* The first option that sets a limit on what is chosen together, or NULL. --quota is one where the objective does not
 * choose by class. */
const char *wn_config_limit(const wn_config *c);
/* What was asked for, as files say it. */
const char *wn_config_command(const wn_config *c);
const char *wn_config_json(const wn_config *c);
/* Into /uns/winnow of s; corpus NULL: without input_sha256. */
wn_code wn_config_put_origin(const wn_config *c, wn_store *s, const wn_corpus *corpus, wn_err *err);

/* Refuses an output folder that could not be written, unless nothing will be (--dry-run). */
wn_code wn_config_check_output(const wn_config *c, wn_err *err);

#endif
