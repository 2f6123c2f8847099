#include "writer.h"

#include "layout.h"
#include "tables.h"

#include <winnow/mem.h>
#include <wn/report.h>

static wn_code write_report(const wn_outcome *o, wn_outdir *d, wn_err *err) {
    wn_outfile *f = NULL;
    char *html = NULL;
    size_t len = 0;
    wn_code code = wn_report_render(o, &html, &len, err);
    if (code != WN_OK) goto out;
    if ((code = wn_outfile_open(&f, d, WN_FILE_REPORT, err)) != WN_OK) goto out;
    wn_outfile_write(f, html, len);
    code = wn_outfile_close(f, err);
out:
    wn_free(html);
    return code;
}

/* Chosen rows and their reasons. */
static wn_code write_choice(const wn_outcome *o, wn_outdir *d, wn_timings *t, wn_progress *p, wn_err *err) {
    enum { FILES = 5 };
    wn_code code;
    if ((code = wn_selection_tsv_write(o, d, err)) != WN_OK) return code;
    if ((code = wn_assignment_tsv_write(o, d, err)) != WN_OK) return code;
    if ((code = wn_conflicts_tsv_write(o, d, err)) != WN_OK) return code;
    if ((code = wn_tick(p, "write", "files", 2, FILES, err)) != WN_OK) return code;
    wn_timings_lap(t, "tables");
    if (o->n > 0 && (code = wn_selection_h5ad_write(o, d, p, err)) != WN_OK) return code;
    if ((code = wn_tick(p, "write", "files", 3, FILES, err)) != WN_OK) return code;
    wn_timings_lap(t, "h5ad");
    if ((code = write_report(o, d, err)) != WN_OK) return code;
    if ((code = wn_tick(p, "write", "files", 4, FILES, err)) != WN_OK) return code;
    wn_timings_lap(t, "report");
    return WN_OK;
}

wn_code wn_outcome_write(const wn_outcome *o, wn_outdir *d, wn_timings *t, wn_progress *p, wn_err *err) {
    wn_code code = o->chosen ? write_choice(o, d, t, p, err) : wn_assignment_tsv_write(o, d, err);
    if (code == WN_OK && !o->chosen) code = wn_conflicts_tsv_write(o, d, err);
    if (code == WN_OK && !o->chosen && o->n > 0) code = write_report(o, d, err);
    if (code != WN_OK) return code;
    if ((code = wn_outdir_sums(d, err)) != WN_OK) return code;
    return wn_manifest_write(o, NULL, d, t, err);
}
