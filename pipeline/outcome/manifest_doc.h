#ifndef WN_PIPELINE_MANIFEST_DOC_H
#define WN_PIPELINE_MANIFEST_DOC_H
/* Parts of a manifest.json: what every output folder says of itself. cJSON returns NULL when memory runs out, and its
 * Add functions take NULL; one flag collects that. */
#include "outdir.h"

#include <cjson/cJSON.h>
#include <wn/outcome.h>

typedef struct {
    cJSON *root;
    bool failed;
} wn_manifest_doc;

wn_manifest_doc wn_doc_begin(const char *command, const char *config /* JSON */, uint64_t seed);
cJSON *wn_doc_object(wn_manifest_doc *d, cJSON *in, const char *name);
void wn_doc_text(wn_manifest_doc *d, cJSON *in, const char *name, const char *v);
void wn_doc_path(wn_manifest_doc *d, cJSON *in, const char *path); /* as "path"; it need not be UTF-8 */
void wn_doc_count(wn_manifest_doc *d, cJSON *in, const char *name, uint64_t v);
void wn_doc_real(wn_manifest_doc *d, cJSON *in, const char *name, double v); /* null where there is none */
void wn_doc_exact(wn_manifest_doc *d, cJSON *in, const char *name, double v); /* the same, to the last bit */
void wn_doc_seconds(wn_manifest_doc *d, cJSON *in, const char *name, double v);
void wn_doc_raw(wn_manifest_doc *d, cJSON *in, const char *name, const char *json); /* as it stands */

void wn_doc_inputs(wn_manifest_doc *d, const wn_input *inputs, size_t n);
void wn_doc_outputs(wn_manifest_doc *d, const wn_outdir *dir); /* the files that are finished */
void wn_doc_versions(wn_manifest_doc *d);
/* "this_run", what may differ from run to run: processor, kernels, threads. */
cJSON *wn_doc_this_run(wn_manifest_doc *d);
/* Writes manifest.json, or says that memory ran out. Frees the document whatever the outcome. */
wn_code wn_doc_write(wn_manifest_doc *d, wn_outdir *dir, wn_err *err);

#endif
