/* The classes that class-herding chooses by, and what each of them shares in k by. */
#include <winnow/stages.h>

#include "say.h"
#include "unknown.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <winnow/mem.h>
#include <wn/strmap.h>
#include <wn/textfile.h>

enum { QUOTA_FILE_MAX = 1 << 28 };

/* ---- a file of shares ---- */

/* "class<tab>number", of which the class is the first *len bytes; it may hold tabs, too. */
static wn_code read_share(double *share, size_t *len, const char *line, size_t n, const char *path, size_t number,
                          wn_err *err) {
    const char *tab = memrchr(line, '\t', n);
    char digits[40] = "", *end = digits;
    if (tab && (size_t)(line + n - tab) <= sizeof digits) memcpy(digits, tab + 1, (size_t)(line + n - tab) - 1);
    errno = 0;
    *share = strtod(digits, &end);
    const bool plain = end > digits && *end == 0 && strspn(digits, "0123456789+-.eE") == strlen(digits) && !errno;
    if (!tab || !plain || !(*share >= 0 && *share <= 1e12))
        return wn_err_set(err, WN_EUSAGE, "%s:%zu: want a class, a tab and what it shares in k by, a number of 0 or "
                          "more (\"sports<tab>3\")", path, number);
    *len = (size_t)(tab - line);
    return WN_OK;
}

wn_code wn_class_shares_read(double *share, const char *const *labels, size_t nlabels, const char *path, wn_err *err) {
    wn_strset names = {0};
    bool *named = wn_alloc(nlabels, sizeof *named, err);
    char *text = NULL;
    size_t len = 0, line = 0;
    uint32_t at = 0;
    wn_code code = named ? wn_textfile_read(&text, &len, path, QUOTA_FILE_MAX, err) : WN_EMEMORY;
    for (size_t c = 0; code == WN_OK && c < nlabels; c++) {
        const size_t n = strlen(labels[c]);
        code = wn_strset_add(&names, labels[c], n, wn_string_hash(labels[c], n), &at, err);
    }
    for (size_t begin = 0, next; code == WN_OK && begin < len; begin = next) {
        const char *feed = memchr(text + begin, '\n', len - begin);
        size_t end = feed ? (size_t)(feed - text) : len, n = 0;
        double value = 0;
        next = feed ? end + 1 : len;
        line++;
        if (end > begin && text[end - 1] == '\r') end--;
        if (end == begin) continue;
        if ((code = read_share(&value, &n, text + begin, end - begin, path, line, err)) != WN_OK) break;
        at = wn_strset_find(&names, text + begin, n, wn_string_hash(text + begin, n));
        const int shown = (int)(n > 80 ? 80 : n);
        if (at == WN_STRSET_NONE)
            code = wn_err_set(err, WN_EUSAGE, "%s:%zu: no row has the class \"%.*s\"", path, line, shown, text + begin);
        else if (named[at])
            code = wn_err_set(err, WN_EUSAGE, "%s:%zu: the class \"%.*s\" stands there twice", path, line, shown,
                              text + begin);
        else named[at] = true, share[at] = value;
    }
    wn_strset_free(&names);
    wn_free(named);
    wn_free(text);
    if (code != WN_EIO) return code;
    if (access(path, F_OK) != 0) err->code = code = WN_EUSAGE; /* a word, perhaps */
    (void)wn_err_prefix(err, "--quota wants sqrt, equal, proportional, or a file of shares: ");
    return code;
}

/* ---- the stage ---- */

/* Codes of the kept rows; those without a label are one class more, where there are some. */
static wn_code code_kept_rows(wn_class_labels *out, const wn_view *rows, const wn_copies *c, wn_err *err) {
    if (!(out->label = wn_alloc(c->m, sizeof *out->label, err))) return WN_EMEMORY;
    out->n = rows->nlabels;
    for (size_t i = 0; i < c->m; i++) {
        const uint32_t label = rows->label[c->row_of[i]];
        out->label[i] = label < rows->nlabels ? label : (uint32_t)rows->nlabels;
        out->unlabelled += label >= rows->nlabels;
    }
    out->n += out->unlabelled > 0;
    return WN_OK;
}

/* Enough rows in the classes that share? */
static wn_code check_room(const wn_class_labels *c, const wn_copies *copies, const wn_class_opts *o, wn_err *err) {
    size_t room = 0, wanted = o->wanted < copies->m ? o->wanted : copies->m;
    for (size_t i = 0; i < copies->m; i++) room += c->share[c->label[i]] > 0;
    if (room >= wanted) return WN_OK;
    return wn_err_set(err, WN_ECONSTRAINT, "--quota %s: the classes that share in the choice have %zu rows, but %zu "
                      "are to be chosen", o->share_path, room, o->wanted);
}

static void say_little(const wn_class_labels *c, size_t m, wn_io *io) {
    const size_t named = c->n - (c->unlabelled > 0), labelled = m - c->unlabelled;
    char warning[WN_UNKNOWN_SIZE];
    if (c->n == 1)
        wn_sayf(io, "note: all rows are of one class; they are chosen to follow its mean (--labels ignore chooses "
                    "without labels)");
    else if (wn_classes_warning(warning, named, labelled))
        wn_sayf(io, "warning: %s", warning);
    if (c->unlabelled)
        wn_sayf(io, "note: %zu rows have no label; they are a class of their own", c->unlabelled);
}

wn_code wn_class_labels_make(wn_class_labels *out, const wn_view *rows, const wn_copies *c, const wn_class_opts *o,
                             wn_io *io, wn_err *err) {
    const char *chooser = o->chooser ? o->chooser : wn_objective_name(WN_CLASS_HERDING);
    wn_class_labels made = {.power = o->power};
    wn_code code = WN_OK;
    if (!rows->label || rows->nlabels == 0)
        return wn_err_set(err, WN_EUSAGE, "%s chooses by class, but %s; name the field with --label-field, "
                          "or choose another --objective (--labels ignore)", chooser,
                          rows->label ? "no row has a label"
                                      : "there are no labels, or as good as each row has its own");
    if ((code = code_kept_rows(&made, rows, c, err)) != WN_OK) goto out;
    if (o->share || o->share_path) {
        code = WN_EMEMORY;
        if (!(made.share = wn_alloc(made.n, sizeof *made.share, err))) goto out;
        if (o->share) memcpy(made.share, o->share, rows->nlabels * sizeof *made.share);
        else if ((code = wn_class_shares_read(made.share, rows->labels, rows->nlabels, o->share_path, err)) != WN_OK)
            goto out;
        if ((code = check_room(&made, c, o, err)) != WN_OK) goto out;
    }
    made.names = rows->labels;
    if (!o->chooser) say_little(&made, c->m, io);
    *out = made;
    made = (wn_class_labels){0};
out:
    wn_class_labels_free(&made);
    return code;
}

void wn_class_labels_free(wn_class_labels *c) {
    wn_free(c->label);
    wn_free(c->share);
    *c = (wn_class_labels){0};
}
