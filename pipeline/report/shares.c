#include "shares.h"

#include <math.h>

static double share_sd(const wn_share *s) {
    double at = s->pool / s->n;
    return s->n > 1 && s->k > 0 ? sqrt(at * (1 - at) * fmax(s->n - s->k, 0) / (s->n - 1) / s->k) : 0;
}

double wn_share_reach(const wn_share *s) {
    double band = fmin(1, s->pool / s->n + 2 * share_sd(s));
    return fmax(band, s->k > 0 ? s->chosen / s->k : 0);
}

int wn_share_beyond(const wn_share *s) {
    double off = s->k > 0 ? s->chosen / s->k - s->pool / s->n : 0, band = 2 * share_sd(s);
    return off > band ? 1 : off < -band ? -1 : 0;
}

void wn_share_bar(wn_page *p, const wn_share *s, double widest) {
    double at = s->pool / s->n, sd = share_sd(s), low = fmax(0, at - 2 * sd), high = fmin(1, at + 2 * sd);
    double scale = 100 / widest, chosen = s->k > 0 ? s->chosen / s->k : 0;
    wn_page_printf(p, "<svg aria-hidden=\"true\"><rect class=\"bc\" width=\"%.2f%%\" height=\"10\" y=\"3\"/>",
                   chosen * scale);
    wn_page_printf(p, "<rect class=\"br\" x=\"%.2f%%\" width=\"%.2f%%\" height=\"16\"/>", low * scale,
                   (high - low) * scale);
    wn_page_printf(p, "<rect class=\"bt\" x=\"%.2f%%\" width=\"2\" height=\"16\"/></svg>", fmin(at * scale, 99.4));
}

void wn_share_percent(wn_page *p, double part, double whole) {
    double v = whole > 0 ? 100 * part / whole : 0;
    wn_page_printf(p, v >= 9.95 ? "%.0f%%" : v >= 0.095 || !(part > 0) ? "%.1f%%" : "%.2f%%", v);
}

void wn_share_legend(wn_page *p) {
    wn_page_put(p, "<ul class=\"leg\"><li><span class=\"key\"></span>share of the choice</li>"
                   "<li><span class=\"key kt\"></span>share of the pool</li>"
                   "<li><span class=\"key ks\"></span>where 95% of random choices fall</li></ul>\n");
}
