/* What a reader needs to do the same again. */
#include "sections.h"

#include <math.h>

static void setting(wn_page *p, const char *name, const char *value) {
    if (!value) return;
    wn_page_printf(p, "<tr><td>%s</td><td>", name);
    wn_page_escape(p, value);
    wn_page_put(p, "</td></tr>\n");
}

static void setting_number(wn_page *p, const char *name, double v) {
    if (isnan(v)) return;
    wn_page_printf(p, "<tr><td>%s</td><td>%.6g</td></tr>\n", name, v);
}

void wn_section_repeat(wn_page *p, const wn_outcome *r) {
    bool random = r->objective == WN_RANDOM || !r->chosen;
    wn_page_command(p, r->command && *r->command ? r->command : "winnow");
    wn_page_put(p, "<p class=\"m\">With <code>-o</code> and the name of a folder.</p>\n");
    wn_page_put(p, "<table class=\"set\"><tbody>\n");
    setting(p, "version", r->version);
    setting(p, "encoder", r->encoder);
    setting(p, "objective", r->chosen ? wn_objective_name(r->objective) : NULL);
    setting(p, "similarity", random ? NULL : wn_kernel_name(r->similarity));
    if (r->components) setting_number(p, "components", (double)r->components);
    setting_number(p, "gamma", random ? NAN : r->gamma);
    setting_number(p, "lambda", r->lambda);
    setting_number(p, "saturation", r->saturation);
    setting_number(p, "push", r->push);
    setting(p, "queries", r->query ? r->query->path : NULL);
    wn_page_printf(p, "<tr><td>seed</td><td>%llu</td></tr>\n", (unsigned long long)r->seed);
    for (size_t i = 0; i < r->ninputs; i++) {
        wn_page_put(p, "<tr><td>input</td><td>");
        wn_page_escape(p, r->inputs[i].path);
        if (r->inputs[i].sha256) {
            wn_page_put(p, "<br><span class=\"h m\">");
            wn_page_escape(p, r->inputs[i].sha256);
            wn_page_put(p, "</span>");
        }
        wn_page_put(p, "</td></tr>\n");
    }
    wn_page_put(p, "</tbody></table>\n");
}
