#ifndef WN_PIPELINE_FOLDER_FILES_H
#define WN_PIPELINE_FOLDER_FILES_H
/* Files that folders of models have in common. */
#include "outdir.h"

#include <cjson/cJSON.h>

/* JSON as the whole of a file, indented for people or, where nobody reads it, not. */
wn_code wn_outdir_json(wn_outdir *d, const char *name, const cJSON *json, bool indented, wn_err *err);
/* Text of others on a line of Markdown. */
void wn_outfile_markdown(wn_outfile *f, const char *s);

#endif
