#include "sampler.h"

#include <math.h>
#include <string.h>

#include <winnow/mem.h>

wn_d2v_draws wn_d2v_draws_init(uint64_t seed, unsigned purpose, uint64_t a, uint64_t b) {
    uint32_t u[4];
    wn_rng_block(seed, a, (uint64_t)purpose << 56 | b, u);
    return (wn_d2v_draws){(uint64_t)u[0] << 32 | u[1]};
}

wn_code wn_d2v_alias_init(wn_d2v_alias *table, const uint64_t *counts, size_t n, double exponent, wn_err *err) {
    double *p = wn_alloc(n, sizeof *p, err), total = 0.0;
    uint32_t *stack = wn_alloc(n, sizeof *stack, err); /* small cells from the left, large ones from the right */
    wn_code code = WN_EMEMORY;
    if (!p || !stack) goto out;
    for (size_t i = 0; i < n; i++) total += p[i] = pow((double)counts[i], exponent);
    size_t small = 0, large = n;
    for (size_t i = n; i-- > 0;) {
        p[i] *= (double)n / total;
        if (p[i] < 1.0)
            stack[small++] = (uint32_t)i;
        else
            stack[--large] = (uint32_t)i;
    }
    while (small > 0 && large < n) {
        uint32_t s = stack[--small], l = stack[large];
        table[s] = (wn_d2v_alias){(uint32_t)(p[s] * 0x1p32), l};
        p[l] -= 1.0 - p[s];
        if (p[l] >= 1.0) continue;
        large++;
        stack[small++] = l;
    }
    /* What is left has probability one, up to rounding. */
    while (small > 0) small--, table[stack[small]] = (wn_d2v_alias){UINT32_MAX, stack[small]};
    for (; large < n; large++) table[stack[large]] = (wn_d2v_alias){UINT32_MAX, stack[large]};
    code = WN_OK;
out:
    wn_free(p);
    wn_free(stack);
    return code;
}

void wn_d2v_keep_init(uint32_t *keep, const uint64_t *counts, size_t n, double sample) {
    double total = 0.0;
    for (size_t i = 0; i < n; i++) total += (double)counts[i];
    double t = sample < 1.0 ? sample * total : floor(sample * (3.0 + sqrt(5.0)) / 2.0);
    for (size_t i = 0; i < n; i++) {
        double r = sample > 0.0 ? t / (double)counts[i] : 1.0, p = sqrt(r) + r;
        keep[i] = p < 1.0 ? (uint32_t)(p * (double)UINT32_MAX) : UINT32_MAX;
    }
}

/* Fills parent[] and side[] of the 2n - 1 nodes: leaves 0 .. n-1, inner nodes after them in order of creation.
 * Leaves are taken from the least frequent up and inner nodes are created in ascending order, so the two least are
 * always at the heads of two queues; a leaf goes before an inner node of the same count. */
static void join_nodes(const uint64_t *counts, size_t n, uint64_t *weight, uint32_t *parent, uint8_t *side) {
    size_t leaf = n, inner = n;
    memcpy(weight, counts, n * sizeof *weight);
    for (size_t next = n; next < 2 * n - 1; next++) {
        uint64_t sum = 0;
        for (uint8_t s = 0; s < 2; s++) {
            size_t least = leaf > 0 && (inner == next || weight[leaf - 1] <= weight[inner]) ? --leaf : inner++;
            sum += weight[least];
            parent[least] = (uint32_t)next;
            side[least] = s;
        }
        weight[next] = sum;
    }
}

wn_code wn_d2v_tree_init(wn_d2v_tree *t, const uint64_t *counts, size_t n, wn_err *err) {
    *t = (wn_d2v_tree){0};
    uint64_t *weight = wn_alloc(2 * n, sizeof *weight, err);
    uint32_t *parent = wn_alloc(2 * n, sizeof *parent, err);
    uint8_t *side = wn_alloc(2 * n, 1, err);
    size_t root = 2 * n - 2;
    wn_code code = WN_EMEMORY;
    if (!weight || !parent || !side || !(t->off = wn_alloc(n + 1, sizeof *t->off, err))) goto out;
    join_nodes(counts, n, weight, parent, side);
    for (size_t w = 0; w < n; w++) {
        size_t depth = 0;
        for (size_t v = w; v != root; v = parent[v]) depth++;
        t->off[w + 1] = t->off[w] + depth;
        if (depth > t->deepest) t->deepest = depth;
    }
    if (!(t->node = wn_alloc(t->off[n], sizeof *t->node, err)) || !(t->code = wn_alloc(t->off[n], 1, err))) goto out;
    for (size_t w = 0; w < n; w++) {
        uint64_t at = t->off[w + 1];
        for (size_t v = w; v != root; v = parent[v]) {
            t->node[--at] = (uint32_t)(parent[v] - n);
            t->code[at] = side[v];
        }
    }
    code = WN_OK;
out:
    wn_free(weight);
    wn_free(parent);
    wn_free(side);
    if (code != WN_OK) wn_d2v_tree_free(t);
    return code;
}

void wn_d2v_tree_free(wn_d2v_tree *t) {
    if (!t) return;
    wn_free(t->off);
    wn_free(t->node);
    wn_free(t->code);
    *t = (wn_d2v_tree){0};
}
