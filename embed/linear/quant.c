/* Packing, blocks and the choice of kernel for products in reduced precision. */
#include "quant.h"

#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/cpu.h>

/* The best of each precision first. */
static const struct {
    wn_precision precision;
    unsigned needs;
    bool (*allowed)(void); /* what the system must grant, or NULL */
    const wn_quant_kernel *kernel;
} kernels[] = {
#ifdef WN_HAVE_AMX_BF16
    {WN_PREC_BF16, WN_CPU_AMX_BF16 | WN_CPU_AVX512_BF16, wn_quant_tiles_allowed, &wn_quant_bf16_amx},
#endif
#ifdef WN_HAVE_AVX512_BF16
    {WN_PREC_BF16, WN_CPU_AVX512_BF16, NULL, &wn_quant_bf16_avx512},
#endif
#ifdef WN_HAVE_AVX512_FP16
    {WN_PREC_F16, WN_CPU_AVX512_FP16, NULL, &wn_quant_f16_avx512},
#endif
#ifdef WN_HAVE_AVX512_VNNI
    {WN_PREC_INT8, WN_CPU_AVX512_VNNI, NULL, &wn_quant_int8_avx512},
#endif
#ifdef WN_HAVE_AVX2
    {WN_PREC_INT8, WN_CPU_AVX2, NULL, &wn_quant_int8_avx2},
#endif
    {WN_PREC_F32, 0, NULL, NULL}}; /* none */

const wn_quant_kernel *wn_quant_kernel_get(wn_precision p) {
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
        if (kernels[i].precision == p && wn_cpu_has(kernels[i].needs) && (!kernels[i].allowed || kernels[i].allowed()))
            return kernels[i].kernel;
    return NULL;
}

typedef struct {
    wn_quant *l;
    const float *w;
    uint32_t *rows; /* [workers][groups] */
    float *numbers; /* [workers][2][blocks] */
} packing;

static void pack_panels(void *ctx, size_t begin, size_t end, int worker) {
    packing *p = ctx;
    wn_quant *l = p->l;
    size_t blocks = l->groups / WN_QUANT_GROUPS;
    uint32_t *row = p->rows + (size_t)worker * l->groups;
    float *scale = p->numbers + (size_t)worker * 2 * blocks, *sum = scale + blocks;
    for (size_t j = begin * WN_QUANT_PANEL; j < end * WN_QUANT_PANEL && j < l->n; j++) {
        size_t panel = j / WN_QUANT_PANEL, lane = j % WN_QUANT_PANEL;
        l->kernel->weight(p->w + j * l->k, l->k, l->groups, row, scale, sum);
        uint32_t *to = l->panels + panel * WN_QUANT_PANEL * l->groups + lane;
        for (size_t g = 0; g < l->groups; g++) to[g * WN_QUANT_PANEL] = row[g];
        for (size_t b = 0; l->scale && b < blocks; b++) {
            l->scale[(panel * blocks + b) * WN_QUANT_PANEL + lane] = scale[b];
            l->sum[(panel * blocks + b) * WN_QUANT_PANEL + lane] = sum[b];
        }
    }
}

static size_t groups_of(size_t k, size_t per) {
    size_t groups = (k + per - 1) / per;
    return (groups + WN_QUANT_GROUPS - 1) / WN_QUANT_GROUPS * WN_QUANT_GROUPS;
}

static wn_code quant_reserve(wn_quant *l, wn_err *err) {
    const size_t panels = (l->n + WN_QUANT_PANEL - 1) / WN_QUANT_PANEL, blocks = l->groups / WN_QUANT_GROUPS;
    if (!(l->panels = wn_alloc(panels * l->groups, WN_QUANT_PANEL * sizeof *l->panels, err))) return WN_EMEMORY;
    if (!l->kernel->scaled) return WN_OK;
    if (!(l->scale = wn_alloc(panels * blocks, WN_QUANT_PANEL * sizeof *l->scale, err))) return WN_EMEMORY;
    if (!(l->sum = wn_alloc(panels * blocks, WN_QUANT_PANEL * sizeof *l->sum, err))) return WN_EMEMORY;
    return WN_OK;
}

wn_code wn_quant_pack(wn_quant **out, const wn_quant_kernel *kernel, const float *w, size_t n, size_t k, wn_err *err) {
    const size_t panels = (n + WN_QUANT_PANEL - 1) / WN_QUANT_PANEL, workers = (size_t)wn_threads_get();
    packing p = {.w = w};
    wn_code code = WN_EMEMORY;
    wn_quant *l = wn_alloc(1, sizeof *l, err);
    if (!l) goto out;
    *l = (wn_quant){.kernel = kernel, .n = n, .k = k, .groups = groups_of(k, kernel->per)};
    if ((code = quant_reserve(l, err)) != WN_OK) goto out;
    code = WN_EMEMORY;
    p.l = l;
    if (!(p.rows = wn_alloc(workers, l->groups * sizeof *p.rows, err))) goto out;
    if (!(p.numbers = wn_alloc(workers, 2 * (l->groups / WN_QUANT_GROUPS) * sizeof *p.numbers, err))) goto out;
    wn_parallel_for(panels, 4, pack_panels, &p);
    *out = l;
    l = NULL;
    code = WN_OK;
out:
    wn_free(p.rows);
    wn_free(p.numbers);
    wn_quant_free(l);
    return code;
}

void wn_quant_free(void *state) {
    wn_quant *l = state;
    if (!l) return;
    wn_free(l->panels);
    wn_free(l->scale);
    wn_free(l->sum);
    wn_free(l);
}

/* A tile of the product, a block of x, and its rows' scales and offsets. */
size_t wn_quant_scratch(size_t n, size_t k, size_t rows) {
    (void)n, (void)rows;
    const size_t groups = groups_of(k, 2); /* int8 has half as many: room for two numbers a block of 16 */
    return WN_QUANT_ROWS * (WN_QUANT_PANEL * sizeof(float) + groups * sizeof(uint32_t) +
                            groups / WN_QUANT_GROUPS * 2 * sizeof(float));
}

void wn_quant_apply(const void *state, const wn_linear_rows *x, const wn_epilogue *e, float *y, size_t ldy,
                    void *scratch) {
    const wn_quant *l = state;
    const wn_quant_kernel *kernel = l->kernel;
    const size_t blocks = l->groups / WN_QUANT_GROUPS, m = wn_linear_rows_count(x);
    float *tile = scratch;
    uint32_t *a = (uint32_t *)(void *)(tile + WN_QUANT_ROWS * WN_QUANT_PANEL);
    float *scale = (float *)(void *)(a + WN_QUANT_ROWS * l->groups), *offset = scale + WN_QUANT_ROWS * blocks;
    for (size_t i = 0; i < m; i += kernel->rows) {
        wn_quant_part part = {.a = a,
                              .row_scale = scale,
                              .row_offset = offset,
                              .groups = l->groups,
                              .m = m - i < kernel->rows ? m - i : kernel->rows};
        for (size_t r = 0; r < part.m; r++)
            kernel->row(x->x + (i + r) * x->stride, l->k, l->groups, a + r * l->groups, scale + r * blocks,
                        offset + r * blocks);
        for (size_t j = 0; j < l->n; j += WN_QUANT_PANEL) {
            part.panel = l->panels + j * l->groups;
            if (l->scale) {
                part.scale = l->scale + j * blocks;
                part.sum = l->sum + j * blocks;
            }
            kernel->product(&part, tile);
            e->activate(e->bias ? e->bias + j : NULL, e->activation, tile, WN_QUANT_PANEL, part.m,
                        l->n - j < WN_QUANT_PANEL ? l->n - j : WN_QUANT_PANEL, y + i * ldy + j, ldy);
        }
    }
}

static bool quant_has(wn_precision p) { return wn_quant_kernel_get(p) != NULL; }
static bool quant_fits(size_t n, size_t k) { return n && k; }

static wn_code quant_pack(void **state, const wn_linear_opts *o, const float *w, size_t n, size_t k, wn_err *err) {
    wn_quant *l = NULL;
    wn_code code = wn_quant_pack(&l, wn_quant_kernel_get(o->precision), w, n, k, err);
    if (code == WN_OK) *state = l;
    return code;
}

const wn_linear_vt wn_linear_quant = {.name = "quantised",
                                      .has = quant_has,
                                      .fits = quant_fits,
                                      .scratch = wn_quant_scratch,
                                      .pack = quant_pack,
                                      .apply = wn_quant_apply,
                                      .free = wn_quant_free};
