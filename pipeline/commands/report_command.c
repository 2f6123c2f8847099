/* winnow report: the page of an output folder, written again from what the folder holds, to the same bytes; and that of
 * two choices. */
#include "outcome/layout.h"
#include "outcome/sums.h"
#include "outcome/target.h"
#include "stages/say.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <winnow/config.h>
#include <winnow/mem.h>
#include <wn/outcome.h>
#include <wn/path.h>
#include <wn/report.h>
#include <wn/safefile.h>

static wn_code write_page(const char *html, size_t len, const char *path, bool overwrite, wn_err *err) {
    wn_safefile *out = NULL, *whole;
    wn_code code = wn_safefile_create(&out, path, overwrite, err);
    if (code != WN_OK) goto out;
    if ((code = wn_safefile_write(out, html, len, err)) != WN_OK) goto out;
    whole = out, out = NULL; /* commit frees it */
    code = wn_safefile_commit(whole, err);
out:
    wn_safefile_abort(out);
    return code;
}

/* The page may replace another page, but nothing that it is made of: neither a file of the folder nor an input. */
static wn_code check_page(const wn_outcome *o, const char *folder, const char *path, wn_err *err) {
    struct stat page, s;
    wn_code code = WN_OK;
    if (stat(path, &page) != 0) return WN_OK;
    for (size_t i = 0; i < o->ninputs; i++)
        if (stat(o->inputs[i].path, &s) == 0 && s.st_dev == page.st_dev && s.st_ino == page.st_ino)
            return wn_err_set(err, WN_EUSAGE, "--html %.200s is an input of %.200s; name another", path, folder);
    DIR *dir = opendir(folder);
    if (!dir) return wn_err_errno(err, "%s", folder);
    for (const struct dirent *e; (e = readdir(dir)) && code == WN_OK;)
        if (strcmp(e->d_name, WN_FILE_REPORT) != 0 && fstatat(dirfd(dir), e->d_name, &s, 0) == 0 &&
            s.st_dev == page.st_dev && s.st_ino == page.st_ino)
            code = wn_err_set(err, WN_EUSAGE, "--html %.200s is %.100s of %.200s, which is no page; name another", path,
                              e->d_name, folder);
    (void)closedir(dir);
    return code;
}

/* What is read of each folder: the page of two needs no vectors. */
static wn_code read_choice(wn_outcome *o, const char *folder, unsigned parts, wn_io *io, wn_err *err) {
    wn_code code = wn_outcome_read(o, folder, parts, io->progress, err);
    if (code != WN_OK || o->n > 0) return code;
    return wn_err_set(err, WN_EINPUT, "%s: nothing was read, so there is no report", folder);
}

/* The page of one folder: into it, or where --html says. */
static wn_code report_one(const wn_config *c, wn_io *io, wn_err *err) {
    const unsigned parts = WN_READ_MANIFEST | WN_READ_COLUMNS | WN_READ_VECTORS | WN_READ_TEXTS;
    const char *folder = c->inputs[0];
    char *inside = NULL, *html = NULL;
    size_t len = 0;
    wn_outcome o = {0};
    wn_code code = c->html || (inside = wn_path_join(folder, WN_FILE_REPORT, err)) ? WN_OK : WN_EMEMORY;
    if (code != WN_OK) goto out;
    const char *path = c->html ? c->html : inside;
    if ((code = read_choice(&o, folder, parts, io, err)) != WN_OK) goto out;
    if ((code = check_page(&o, folder, path, err)) != WN_OK) goto out;
    if ((code = wn_output_check(path, c->overwrite, wn_page_ours, err)) != WN_OK) goto out;
    if (inside && (code = wn_file_ours(folder, WN_FILE_REPORT, err)) != WN_OK) goto out;
    if ((code = wn_report_render(&o, &html, &len, err)) != WN_OK) goto out;
    if ((code = write_page(html, len, path, c->overwrite, err)) != WN_OK) goto out;
    wn_outcome_inputs_say(&o, io);
    wn_sayf(io, "report    %s", path);
out:
    wn_outcome_free(&o);
    wn_free(inside);
    wn_free(html);
    return code;
}

/* The page of two choices from one pool. */
static wn_code report_two(const wn_config *c, wn_io *io, wn_err *err) {
    const unsigned parts = WN_READ_MANIFEST | WN_READ_COLUMNS | WN_READ_TEXTS;
    wn_outcome o[2] = {{0}, {0}};
    const wn_outcome *const of[] = {&o[0], &o[1]};
    const char *const name[] = {c->inputs[0], c->inputs[1]};
    char *html = NULL;
    size_t len = 0;
    wn_code code = WN_OK;
    if (!c->html)
        return wn_err_set(err, WN_EUSAGE, "the page of two choices lies in neither folder; name it: --html FILE");
    for (int i = 0; i < 2; i++) {
        if ((code = read_choice(&o[i], name[i], parts, io, err)) != WN_OK) goto out;
        if (!o[i].chosen || o[i].k == 0) {
            code = wn_err_set(err, WN_EINPUT, "%s: nothing was chosen there, so it has nothing to lay beside %s",
                              name[i], name[!i]);
            goto out;
        }
        if ((code = check_page(&o[i], name[i], c->html, err)) != WN_OK) goto out;
    }
    if (!wn_report_same_pool(&o[0], &o[1])) {
        code = wn_err_set(err, WN_EINPUT,
                          "%s and %s are choices from different inputs (%zu and %zu rows, or other checksums in "
                          "manifest.json); two choices from the same input can be laid side by side",
                          name[0], name[1], o[0].n, o[1].n);
        goto out;
    }
    if ((code = wn_output_check(c->html, c->overwrite, wn_page_ours, err)) != WN_OK) goto out;
    if ((code = wn_report_pair_render(of, name, &html, &len, err)) != WN_OK) goto out;
    if ((code = write_page(html, len, c->html, c->overwrite, err)) != WN_OK) goto out;
    wn_sayf(io, "report    %s", c->html);
out:
    wn_outcome_free(&o[0]);
    wn_outcome_free(&o[1]);
    wn_free(html);
    return code;
}

wn_code wn_report_command(const wn_config *c, wn_io *io, wn_err *err) {
    return c->ninputs == 2 ? report_two(c, io, err) : report_one(c, io, err);
}
