#ifndef WN_REPORT_SECTIONS_H
#define WN_REPORT_SECTIONS_H
/* The sections of the page in their order, X(name, title): a section is one file and one row here. It writes what
 * stands below its heading, and nothing where the outcome has nothing for it: then heading and entry of the contents
 * fall away, too. Those without a title stand in the head, above the contents. */
#include "page.h"

#define WN_REPORT_SECTIONS(X)                       \
    X(verdict, "")                                  \
    X(lead, "")                                     \
    X(tiles, "")                                    \
    X(curves, "What each budget buys")              \
    X(worth, "What it is worth")                    \
    X(loss, "What you lose")                        \
    X(queries, "Queries")                           \
    X(map, "Map")                                   \
    X(labels, "Labels")                             \
    X(lengths, "Lengths")                           \
    X(picks, "What was chosen")                     \
    X(groups, "Copies")                             \
    X(conflicts, "Copies with different labels")    \
    X(files, "Files")                               \
    X(repeat, "To repeat it")

#define WN_SECTION(name, title) void wn_section_##name(wn_page *p, const wn_outcome *r);
WN_REPORT_SECTIONS(WN_SECTION)
#undef WN_SECTION

#endif
