/* Which kind of product a layer gets, and the names of precisions. */
#include "linear.h"

#include <stdio.h>
#include <string.h>
#include <wn/cpu.h>

/* The first row of that precision whose kind takes the shape; else plain products. */
static const struct {
    wn_precision precision;
    bool careful; /* good for careful layers too */
    const wn_linear_vt *kind;
} kinds[] = {{WN_PREC_F32, false, &wn_linear_strassen},   {WN_PREC_INT16, true, &wn_linear_strassen16},
             {WN_PREC_BF16, true, &wn_linear_quant},      {WN_PREC_F16, true, &wn_linear_quant},
             {WN_PREC_INT8, true, &wn_linear_quant}};
enum { KINDS = sizeof kinds / sizeof *kinds };

static const wn_linear_vt *kind_for(const wn_linear_opts *o, size_t n, size_t k) {
    for (size_t i = 0; i < KINDS; i++)
        if (kinds[i].precision == o->precision && (kinds[i].careful || !o->careful) &&
            kinds[i].kind->has(o->precision) && kinds[i].kind->fits(n, k))
            return kinds[i].kind;
    return &wn_linear_plain;
}

wn_code wn_linear_layer_init(wn_linear_layer *l, const wn_linear_opts *o, const float *w, size_t n, size_t k,
                             wn_err *err) {
    const wn_linear_vt *kind = kind_for(o, n, k);
    void *state = NULL;
    *l = (wn_linear_layer){0};
    wn_code code = kind->pack(&state, o, w, n, k, err);
    if (code == WN_OK) *l = (wn_linear_layer){.n = n, .k = k, .kind = kind, .state = state};
    return code;
}

void wn_linear_layer_free(wn_linear_layer *l) {
    if (l->kind) l->kind->free(l->state);
    *l = (wn_linear_layer){0};
}

size_t wn_linear_layer_scratch(const wn_linear_layer *l, size_t rows) {
    return l->kind ? (l->kind->scratch(l->n, l->k, rows) + 63) / 64 * 64 : 0;
}

void wn_linear_layer_apply(const wn_linear_layer *l, const wn_linear_rows *x, const wn_epilogue *e, float *y,
                           size_t ldy, void *scratch) {
    l->kind->apply(l->state, x, e, y, ldy, scratch);
}

/* ---- precisions ---- */

const char *wn_precision_name(wn_precision p) {
    switch (p) { WN_PRECISIONS(WN_NAME_CASE) }
    return NULL;
}

wn_precision wn_precision_resolve(wn_precision p) {
    return p == WN_PREC_AUTO ? WN_PREC_F32 : p;
}

static const char *precision_needs(wn_precision p) {
    switch (p) {
    case WN_PREC_AUTO:
    case WN_PREC_F32: return "";
    case WN_PREC_BF16: return "AMX-BF16 or AVX512-BF16";
    case WN_PREC_F16: return "AVX512-FP16";
    case WN_PREC_INT16: return "AVX2";
    case WN_PREC_INT8: return "AVX512-VNNI or AVX2";
    }
    return "";
}

static bool precision_available(wn_precision p) {
    for (size_t i = 0; i < KINDS; i++)
        if (kinds[i].precision == wn_precision_resolve(p) && kinds[i].kind->has(kinds[i].precision)) return true;
    return false;
}

wn_code wn_precision_check(wn_precision p, wn_err *err) {
    if (precision_available(p)) return WN_OK;
    char have[32] = "";
    for (wn_precision i = WN_PREC_F32; wn_precision_name(i); i++)
        if (precision_available(i))
            (void)snprintf(have + strlen(have), sizeof have - strlen(have), "%s%s", *have ? ", " : "",
                           wn_precision_name(i));
    return wn_err_set(err, WN_EUSAGE, "precision %s needs a processor with %s; this one (%s) can do %s",
                      wn_precision_name(p), precision_needs(p), wn_cpu_model(), have);
}
