/* Linear layers of a batch: packing their weights, and the gradients of these. */
#include "bert/train/trainee.h"

#include <winnow/threads.h>
#include <string.h>

/* A piece of a gradient: rows of dW, summed over blocks of the batch's rows. Blocks of dy, turned over, and of x,
 * packed, stay in the second-level cache. PIECE: 14 strips of the kernel's 14 rows; x is packed once a piece, and with
 * half of it a step of long texts takes 3% longer. */
enum { PIECE = 196, BLOCK_ROWS = 256, BLOCK_COLUMNS = 256, PANELS_A_PIECE = 4 };

size_t wn_train_gradient_scratch(void) { return PIECE * BLOCK_ROWS + wn_operand_size(BLOCK_COLUMNS, BLOCK_ROWS); }

bool wn_train_frozen(const wn_params *p, size_t first, size_t count) {
    for (size_t i = first; i < first + count; i++)
        if (!p->list[i].frozen) return false;
    return true;
}

typedef struct {
    const wn_trainee *t;
    wn_operand *o;
    const wn_real *w;
    bool back;
} packing;

static void pack_panels(void *ctx, size_t begin, size_t end, int worker) {
    const packing *p = ctx;
    (void)worker;
    if (p->back) wn_operand_columns_part(p->o, p->w, p->o->n, begin, end);
    else wn_operand_rows_part(p->o, p->w, p->o->k, begin, end);
}

void wn_train_pack(wn_trainee *t, wn_operand *o, const wn_train_linear *l, bool back, wn_real **at) {
    *o = (wn_operand){.n = back ? l->k : l->n, .k = back ? l->n : l->k, .data = *at};
    *at += wn_operand_size(o->n, o->k);
    packing p = {.t = t, .o = o, .w = t->params.value + l->w, .back = back};
    wn_parallel_for(wn_operand_panels(o->n), PANELS_A_PIECE, pack_panels, &p);
}

typedef struct {
    wn_trainee *t;
    const wn_train_gradient *g;
    size_t n, rows;
} gradients;

static size_t gradient_pieces(const wn_train_gradient *g) { return (g->layer->n + PIECE - 1) / PIECE; }

/* Rows [row, row + n) of dW and db. */
static void gradient_piece(const wn_trainee *t, const wn_train_gradient *g, size_t rows, size_t row, size_t n,
                           wn_real *scratch) {
    const wn_train_linear *l = g->layer;
    wn_real *turned = scratch, *dw = t->params.grad + l->w + row * l->k, *db = t->params.grad + l->b + row;
    wn_operand x = {.data = scratch + PIECE * BLOCK_ROWS};
    for (size_t i = 0; i < rows; i += BLOCK_ROWS) {
        const size_t some = rows - i < BLOCK_ROWS ? rows - i : BLOCK_ROWS;
        const wn_real *dy = g->dy + i * l->n + row;
        t->ops->add_rows(db, dy, l->n, some, n);
        wn_transpose(turned, some, dy, l->n, some, n);
        for (size_t j = 0; j < l->k; j += BLOCK_COLUMNS) {
            const size_t columns = l->k - j < BLOCK_COLUMNS ? l->k - j : BLOCK_COLUMNS;
            wn_operand_columns(&x, g->x + i * l->k + j, l->k, columns, some);
            wn_operand_product(dw + j, l->k, turned, some, n, &x, true);
        }
    }
}

static void gradient_pieces_task(void *ctx, size_t begin, size_t end, int worker) {
    const gradients *all = ctx;
    for (size_t piece = begin; piece < end; piece++) {
        size_t i = 0, at = piece;
        while (at >= gradient_pieces(&all->g[i])) at -= gradient_pieces(&all->g[i++]);
        const wn_train_gradient *g = &all->g[i];
        if (wn_train_frozen(&all->t->params, g->layer->first, g->layer->count)) continue;
        const size_t row = at * PIECE, n = g->layer->n - row < PIECE ? g->layer->n - row : PIECE;
        gradient_piece(all->t, g, all->rows, row, n, all->t->workers[worker].attention);
    }
}

void wn_train_gradients(wn_trainee *t, const wn_train_gradient *g, size_t n, size_t rows) {
    gradients all = {.t = t, .g = g, .n = n, .rows = rows};
    size_t pieces = 0;
    for (size_t i = 0; i < n; i++) pieces += gradient_pieces(&g[i]);
    wn_parallel_for(pieces, 1, gradient_pieces_task, &all);
}
