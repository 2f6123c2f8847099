/* winnow report: the page of an output folder, written again from what the folder holds; the same bytes. */
#include "outcome/layout.h"
#include "stages/say.h"

#include <winnow/config.h>
#include <winnow/mem.h>
#include <wn/outcome.h>
#include <wn/path.h>
#include <wn/report.h>

static wn_code write_page(const wn_outcome *o, const char *path, bool overwrite, wn_err *err) {
    wn_safefile *out = NULL, *whole;
    wn_code code = wn_safefile_create(&out, path, overwrite, err);
    if (code != WN_OK) goto out;
    if ((code = wn_report_write(o, out, err)) != WN_OK) goto out;
    whole = out, out = NULL; /* commit frees it */
    code = wn_safefile_commit(whole, err);
out:
    wn_safefile_abort(out);
    return code;
}

wn_code wn_report_command(const wn_config *c, wn_io *io, wn_err *err) {
    const unsigned parts = WN_READ_MANIFEST | WN_READ_COLUMNS | WN_READ_VECTORS | WN_READ_TEXTS;
    const char *folder = c->inputs[0];
    char *inside = NULL;
    wn_outcome o = {0};
    wn_code code = wn_outcome_read(&o, folder, parts, io->progress, err);
    if (code != WN_OK) goto out;
    if (o.n == 0) {
        code = wn_err_set(err, WN_EINPUT, "%s: nothing was read, so there is no report", folder);
        goto out;
    }
    if (!c->html && !(inside = wn_path_join(folder, WN_FILE_REPORT, err))) {
        code = WN_EMEMORY;
        goto out;
    }
    const char *path = c->html ? c->html : inside;
    if ((code = write_page(&o, path, c->overwrite, err)) != WN_OK) goto out;
    wn_sayf(io, "report    %s", path);
out:
    wn_outcome_free(&o);
    wn_free(inside);
    return code;
}
