#ifndef WN_REPORT_SECTIONS_H
#define WN_REPORT_SECTIONS_H
/* The sections of the page below its head, in their order: a section is one file and one row here. It writes nothing
 * where the outcome has nothing for it. */
#include "page.h"

#define WN_REPORT_SECTIONS(X)                                                                       \
    X(verdict) X(curves) X(queries) X(map) X(labels) X(picks) X(groups) X(conflicts) X(repeat)

#define WN_SECTION(name) void wn_section_##name(wn_page *p, const wn_outcome *r);
WN_REPORT_SECTIONS(WN_SECTION)
#undef WN_SECTION

#endif
