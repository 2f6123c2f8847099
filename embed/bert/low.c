/* Packing, blocks and the choice of kernel for products in reduced precision. */
#include "low.h"

#include <stdio.h>
#include <string.h>
#include <wn/cpu.h>
#include <winnow/mem.h>
#include <wn/paired.h>
#include <winnow/threads.h>

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

/* The best of each precision first. */
static const struct {
    wn_precision precision;
    unsigned needs;
    bool (*allowed)(void); /* what the system must grant, or NULL */
    const wn_low_kernel *kernel;
} kernels[] = {
#ifdef WN_HAVE_AMX_BF16
    {WN_PREC_BF16, WN_CPU_AMX_BF16 | WN_CPU_AVX512_BF16, wn_low_tiles_allowed, &wn_low_bf16_amx},
#endif
#ifdef WN_HAVE_AVX512_BF16
    {WN_PREC_BF16, WN_CPU_AVX512_BF16, NULL, &wn_low_bf16_avx512},
#endif
#ifdef WN_HAVE_AVX512_FP16
    {WN_PREC_F16, WN_CPU_AVX512_FP16, NULL, &wn_low_f16_avx512},
#endif
#ifdef WN_HAVE_AVX512_VNNI
    {WN_PREC_INT8, WN_CPU_AVX512_VNNI, NULL, &wn_low_int8_avx512},
#endif
#ifdef WN_HAVE_AVX2
    {WN_PREC_INT8, WN_CPU_AVX2, NULL, &wn_low_int8_avx2},
#endif
    {WN_PREC_F32, 0, NULL, NULL}};

const wn_low_kernel *wn_low_kernel_get(wn_precision p) {
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
        if (kernels[i].precision == p && wn_cpu_has(kernels[i].needs) && (!kernels[i].allowed || kernels[i].allowed()))
            return kernels[i].kernel;
    return NULL;
}

static bool precision_available(wn_precision p) {
    if (wn_precision_resolve(p) == WN_PREC_F32) return true;
    return p == WN_PREC_INT16 ? wn_paired_has16() : wn_low_kernel_get(p) != NULL;
}

wn_code wn_precision_check(wn_precision p, wn_err *err) {
    if (precision_available(p)) return WN_OK;
    char have[32] = "f32";
    for (wn_precision i = WN_PREC_F32 + 1; wn_precision_name(i); i++)
        if (precision_available(i))
            (void)snprintf(have + strlen(have), sizeof have - strlen(have), ", %s", wn_precision_name(i));
    return wn_err_set(err, WN_EUSAGE, "precision %s needs a processor with %s; this one (%s) can do %s", wn_precision_name(p),
                      precision_needs(p), wn_cpu_model(), have);
}

typedef struct {
    wn_low *l;
    const float *w;
    uint32_t *rows; /* [workers][groups] */
    float *numbers; /* [workers][2][blocks] */
} packing;

static void pack_panels(void *ctx, size_t begin, size_t end, int worker) {
    packing *p = ctx;
    wn_low *l = p->l;
    size_t blocks = l->groups / WN_LOW_GROUPS;
    uint32_t *row = p->rows + (size_t)worker * l->groups;
    float *scale = p->numbers + (size_t)worker * 2 * blocks, *sum = scale + blocks;
    for (size_t j = begin * WN_LOW_PANEL; j < end * WN_LOW_PANEL && j < l->n; j++) {
        size_t panel = j / WN_LOW_PANEL, lane = j % WN_LOW_PANEL;
        l->kernel->weight(p->w + j * l->k, l->k, l->groups, row, scale, sum);
        uint32_t *to = l->panels + panel * WN_LOW_PANEL * l->groups + lane;
        for (size_t g = 0; g < l->groups; g++) to[g * WN_LOW_PANEL] = row[g];
        for (size_t b = 0; l->scale && b < blocks; b++) {
            l->scale[(panel * blocks + b) * WN_LOW_PANEL + lane] = scale[b];
            l->sum[(panel * blocks + b) * WN_LOW_PANEL + lane] = sum[b];
        }
    }
}

static size_t groups_of(size_t k, size_t per) {
    size_t groups = (k + per - 1) / per;
    return (groups + WN_LOW_GROUPS - 1) / WN_LOW_GROUPS * WN_LOW_GROUPS;
}

wn_code wn_low_init(wn_low *l, const wn_low_kernel *kernel, const float *w, size_t n, size_t k, wn_err *err) {
    *l = (wn_low){.kernel = kernel, .n = n, .k = k, .groups = groups_of(k, kernel->per)};
    size_t panels = (n + WN_LOW_PANEL - 1) / WN_LOW_PANEL, workers = (size_t)wn_threads_get(), blocks = l->groups / WN_LOW_GROUPS;
    packing p = {.l = l, .w = w};
    wn_code rc = WN_EMEMORY;
    if (!(l->panels = wn_alloc(panels * l->groups, WN_LOW_PANEL * sizeof *l->panels, err))) goto out;
    if (kernel->precision == WN_PREC_INT8) {
        if (!(l->scale = wn_alloc(panels * blocks, WN_LOW_PANEL * sizeof *l->scale, err))) goto out;
        if (!(l->sum = wn_alloc(panels * blocks, WN_LOW_PANEL * sizeof *l->sum, err))) goto out;
    }
    if (!(p.rows = wn_alloc(workers, l->groups * sizeof *p.rows, err))) goto out;
    if (!(p.numbers = wn_alloc(workers, 2 * blocks * sizeof *p.numbers, err))) goto out;
    wn_parallel_for(panels, 4, pack_panels, &p);
    rc = WN_OK;
out:
    wn_free(p.rows);
    wn_free(p.numbers);
    if (rc) wn_low_free(l);
    return rc;
}

void wn_low_free(wn_low *l) {
    wn_free(l->panels);
    wn_free(l->scale);
    wn_free(l->sum);
    *l = (wn_low){0};
}

enum { ALIGN = 64, TILE = WN_LOW_ROWS * WN_LOW_PANEL * sizeof(float) };

/* A tile of the product, a block of x, and its rows' scales and offsets. */
size_t wn_low_scratch(size_t k) {
    size_t groups = groups_of(k, 2); /* int8 has half as many: room for two numbers a block of 16 */
    return TILE + WN_LOW_ROWS * groups * sizeof(uint32_t) + WN_LOW_ROWS * groups / WN_LOW_GROUPS * 2 * sizeof(float) + ALIGN;
}

void wn_low_apply(const wn_low *l, const float *x, size_t ldx, size_t m, void *scratch, wn_low_finish finish, void *ctx) {
    const wn_low_kernel *kernel = l->kernel;
    const size_t blocks = l->groups / WN_LOW_GROUPS;
    float *tile = scratch;
    uint32_t *a = (uint32_t *)(void *)(tile + WN_LOW_ROWS * WN_LOW_PANEL);
    float *scale = (float *)(void *)(a + WN_LOW_ROWS * l->groups), *offset = scale + WN_LOW_ROWS * blocks;
    for (size_t i = 0; i < m; i += kernel->rows) {
        wn_low_part part = {.a = a, .row_scale = scale, .row_offset = offset, .groups = l->groups, .m = m - i < kernel->rows ? m - i : kernel->rows};
        for (size_t r = 0; r < part.m; r++)
            kernel->row(x + (i + r) * ldx, l->k, l->groups, a + r * l->groups, scale + r * blocks, offset + r * blocks);
        for (size_t panel = 0; panel * WN_LOW_PANEL < l->n; panel++) {
            size_t j = panel * WN_LOW_PANEL;
            part.panel = l->panels + j * l->groups;
            if (l->scale) {
                part.scale = l->scale + j * blocks;
                part.sum = l->sum + j * blocks;
            }
            kernel->product(&part, tile);
            finish(ctx, tile, i, j, part.m, l->n - j < WN_LOW_PANEL ? l->n - j : WN_LOW_PANEL);
        }
    }
}
