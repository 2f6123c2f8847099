/* The files of the output folder, which the page lies in. */
#include "sections.h"

#include "outcome/layout.h"

#include <stdio.h>

static void file_row(wn_page *p, const char *name, const char *what) {
    wn_page_printf(p, "<tr><td><a href=\"%s\">%s</a></td><td>%s</td></tr>\n", name, name, what);
}

/* subset.* and rest.* have the format of the records, or are matrices. */
static void file_stem(wn_page *p, const wn_outcome *r, const char *stem, const char *what) {
    const char *format = NULL;
    char name[32];
    for (size_t i = 0; i < r->ninputs && !format; i++) format = r->inputs[i].format;
    if (!format && r->chosen) return; /* a choice among rows of a matrix is in the tables alone */
    (void)snprintf(name, sizeof name, "%.8s.%.16s", stem, format ? format : "h5ad");
    file_row(p, name, what);
}

void wn_section_files(wn_page *p, const wn_outcome *r) {
    if (r->ninputs == 0) return;
    wn_page_put(p, "<p class=\"m\">They open from here as long as this page lies beside them.</p>\n"
                   "<table class=\"set\"><tbody>\n");
    file_stem(p, r, WN_STEM_SUBSET, r->chosen ? "the chosen records, byte for byte" : "the records without copies");
    file_stem(p, r, WN_STEM_REST, "all others");
    if (r->chosen) file_row(p, WN_FILE_SELECTION, "the choice in its order, with gains and what each stands for");
    file_row(p, WN_FILE_ASSIGNMENT, "for every record the one that stands for it");
    if (r->chosen) file_row(p, WN_FILE_MATRIX, "vectors and everything above, for Python, R and Julia (AnnData)");
    file_row(p, WN_FILE_MANIFEST, "settings, counts, curves, checksums");
    file_row(p, WN_FILE_SUMS, "checksums of these files: <code>sha256sum -c</code>");
    wn_page_put(p, "</tbody></table>\n");
}
