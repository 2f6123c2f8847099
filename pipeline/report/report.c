#include "sections.h"

#include <string.h>
#include <winnow/mem.h>
#include <wn/report.h>

typedef struct {
    const char *name, *title; /* of an id, and of the reader; no title: it stands in the head */
    void (*draw)(wn_page *p, const wn_outcome *r);
} section;

static const section sections[] = {
#define SECTION(name, title) {#name, title, wn_section_##name},
    WN_REPORT_SECTIONS(SECTION)
#undef SECTION
};
enum { SECTIONS = sizeof sections / sizeof *sections };

void wn_page_begin(wn_page *p, const char *title) {
    wn_page_put(p, "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
                   "'unsafe-inline'; img-src data:\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                   "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n");
    wn_page_printf(p, "<title>%s</title>\n", title);
    wn_page_style(p);
    wn_page_put(p, "</head>\n<body><main>\n");
}

/* Which files it is about, by their last names. */
void wn_page_inputs(wn_page *p, const wn_outcome *r) {
    enum { NAMED = 3 };
    for (size_t i = 0; i < r->ninputs && i < NAMED; i++) {
        const char *path = r->inputs[i].path, *slash = strrchr(path, '/');
        if (i) wn_page_put(p, ", ");
        wn_page_escape(p, slash && slash[1] ? slash + 1 : path);
    }
    if (r->ninputs > NAMED) wn_page_printf(p, " and %zu more", r->ninputs - NAMED);
}

static void page_title(wn_page *p, const wn_outcome *r) {
    wn_page_put(p, "<header><div class=\"w\">winnow</div><h1>");
    wn_page_count(p, wn_report_kept(r));
    wn_page_put(p, " of ");
    wn_page_count(p, r->n);
    wn_page_put(p, r->n == 1 ? " text" : " texts");
    wn_page_put(p, r->chosen ? " chosen</h1>\n" : " kept</h1>\n");
    wn_page_put(p, "<p class=\"by\">");
    wn_page_inputs(p, r);
    if (r->ninputs && r->day) wn_page_put(p, " · ");
    if (r->day) wn_page_escape(p, r->day);
    if (r->chosen) wn_page_printf(p, " · %s", wn_objective_name(r->objective));
    wn_page_put(p, "</p>\n");
}

/* What a section writes below its heading, which stands only where it writes something. */
static bool section_draw(wn_page *p, const wn_outcome *r, const section *s) {
    size_t before = p->len, begin;
    if (p->code != WN_OK) return false;
    if (s->title[0]) wn_page_printf(p, "<section id=\"%s\"><h2>%s</h2>\n", s->name, s->title);
    begin = p->len;
    s->draw(p, r);
    bool written = p->len > begin;
    if (!written)
        p->len = before;
    else if (s->title[0])
        wn_page_put(p, "</section>\n");
    return written;
}

void wn_report_head(wn_page *p, const wn_outcome *r) {
    for (size_t i = 0; i < SECTIONS; i++)
        if (!sections[i].title[0]) (void)section_draw(p, r, &sections[i]);
}

/* Sections come first, so that the head knows which there are. */
static void page_body(wn_page *p, const wn_outcome *r) {
    wn_page below = {.err = p->err};
    bool there[SECTIONS] = {false};
    page_title(p, r);
    wn_report_head(p, r);
    for (size_t i = 0; i < SECTIONS; i++)
        if (sections[i].title[0]) there[i] = section_draw(&below, r, &sections[i]);
    wn_page_put(p, "<nav aria-label=\"Contents\">");
    for (size_t i = 0; i < SECTIONS; i++)
        if (there[i]) wn_page_printf(p, "<a href=\"#%s\">%s</a>\n", sections[i].name, sections[i].title);
    wn_page_put(p, "</nav></header>\n");
    if (below.code != WN_OK) p->code = below.code;
    if (below.len) wn_page_bytes(p, below.data, below.len);
    wn_free(below.data);
}

wn_code wn_page_end(wn_page *p, char **html, size_t *len) {
    wn_page_put(p, "</main></body></html>\n");
    if (p->code != WN_OK) {
        wn_free(p->data);
        return p->code;
    }
    *html = p->data;
    *len = p->len;
    return WN_OK;
}

wn_code wn_report_render(const wn_outcome *r, char **html, size_t *len, wn_err *err) {
    wn_page p = {.err = err};
    wn_page_begin(&p, WN_REPORT_TITLE);
    page_body(&p, r);
    return wn_page_end(&p, html, len);
}
