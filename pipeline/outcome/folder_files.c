#include "folder_files.h"

#include <string.h>
#include <wn/visible.h>

wn_code wn_outdir_json(wn_outdir *d, const char *name, const cJSON *json, bool indented, wn_err *err) {
    wn_outfile *f = NULL;
    char *text = indented ? cJSON_Print(json) : cJSON_PrintUnformatted(json);
    if (!text) return wn_err_set(err, WN_EMEMORY, "out of memory while %s was written", name);
    wn_code code = wn_outfile_open(&f, d, name, err);
    if (code != WN_OK) goto out;
    wn_outfile_write(f, text, strlen(text));
    wn_outfile_write(f, "\n", 1);
    code = wn_outfile_close(f, err);
out:
    cJSON_free(text);
    return code;
}

void wn_outfile_markdown(wn_outfile *f, const char *s) {
    char visible[512];
    (void)wn_visible(visible, sizeof visible, s, strlen(s));
    for (char *p = visible; *p; p++) {
        if (strchr("`*_<>[]|", *p)) wn_outfile_write(f, "\\", 1);
        wn_outfile_write(f, p, 1);
    }
}
