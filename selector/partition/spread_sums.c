/* Two orders of summation, those of wn_ground_vector_sums and wn_pair_rowsums, over ranks.
 *
 * Vectors: pieces of WN_SUM_ROWS rows. A rank adds up the pieces that begin in its share; one that goes on in the next
 * share is handed over, and the rank that has its last row finishes it.
 *
 * rbf: column block b belongs to rank b mod size, so that all have the same part of the triangle. The rows pass by all
 * ranks, a block at a time; each adds them to the sums of its columns, and the sums of these rows over its columns go
 * to the rank of their own block, which adds them up from the first block to the last. */
#include "partition/spread_sums.h"

#include <string.h>
#include <winnow/mem.h>
#include <winnow/threads.h>
#include <wn/rowsums.h>

#include "ground.h"

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

/* ---- vectors ---- */

/* What a rank finishes: first a piece that begins in an earlier share, if it ends here. */
typedef struct {
    const wn_spread_rows *r;
    double *done; /* [pieces][d] */
    size_t pieces;
    double *open;    /* [d] a piece that begins here and goes on in the next share */
    double *carried; /* [d] what the ranks before hand over */
} vector_pieces;

static bool piece_ends(const wn_spread_rows *r, size_t row) {
    return row % WN_SUM_ROWS == 0 || row == r->n;
}

/* Where the piece of row `at` ends, or the share. */
static size_t piece_end(const wn_spread_rows *r, size_t at) {
    return least((at / WN_SUM_ROWS + 1) * WN_SUM_ROWS, r->first + r->mine->rows);
}

/* The pieces that begin in the share. */
static void add_pieces(vector_pieces *p) {
    const wn_spread_rows *r = p->r;
    const size_t d = r->mine->cols, end = r->first + r->mine->rows;
    size_t at = r->first;
    if (at % WN_SUM_ROWS != 0 && at < end) {
        at = piece_end(r, at);
        p->pieces = piece_ends(r, at);
    }
    for (size_t stop; at < end; at = stop) {
        stop = piece_end(r, at);
        double *sums = piece_ends(r, stop) ? p->done + p->pieces++ * d : p->open;
        wn_ground_add_rows(r->mine, at - r->first, stop - r->first, sums);
    }
}

/* The pieces that go over the end of a share, from rank to rank. */
static wn_code hand_on(vector_pieces *p, wn_err *err) {
    const wn_spread_rows *r = p->r;
    const size_t d = r->mine->cols, bytes = d * sizeof *p->carried;
    wn_code code = WN_OK;
    for (int i = 0; i < r->comm->size && code == WN_OK; i++) {
        const size_t first = wn_spread_first(r->n, i, r->comm->size), end = wn_spread_first(r->n, i + 1, r->comm->size);
        if (first == end) continue;
        if (i == r->comm->rank) {
            const size_t stop = piece_end(r, first);
            const bool carried = first % WN_SUM_ROWS != 0;
            if (carried) wn_ground_add_rows(r->mine, 0, stop - first, p->carried);
            if (carried && piece_ends(r, stop)) memcpy(p->done, p->carried, bytes);
            if (!carried || stop < end) memcpy(p->carried, p->open, bytes);
        }
        if (!piece_ends(r, end)) code = wn_comm_bcast(r->comm, p->carried, bytes, i, err);
    }
    return code;
}

static size_t pieces_finished(size_t first, size_t end, size_t n) {
    const size_t before = first / WN_SUM_ROWS,
                 after = end == n ? (n + WN_SUM_ROWS - 1) / WN_SUM_ROWS : end / WN_SUM_ROWS;
    return end > first ? after - before : 0;
}

wn_code wn_spread_vector_sums(double *sums, const wn_spread_rows *r, wn_err *err) {
    const size_t d = r->mine->cols, size = (size_t)r->comm->size, all = (r->n + WN_SUM_ROWS - 1) / WN_SUM_ROWS;
    vector_pieces p = {.r = r,
                       .done = wn_alloc(all, d * sizeof *p.done, err),
                       .open = wn_alloc(d, sizeof *p.open, err),
                       .carried = wn_alloc(d, sizeof *p.carried, err)};
    double *every = wn_alloc(all, d * sizeof *every, err);
    size_t *bytes = wn_alloc(size, sizeof *bytes, err);
    wn_code code = wn_comm_agree(r->comm, p.done && p.open && p.carried && every && bytes ? WN_OK : WN_EMEMORY, err);
    if (code != WN_OK) goto out;
    add_pieces(&p);
    if ((code = hand_on(&p, err)) != WN_OK) goto out;
    for (size_t i = 0; i < size; i++)
        bytes[i] = d * sizeof *every *
                   pieces_finished(wn_spread_first(r->n, (int)i, (int)size),
                                   wn_spread_first(r->n, (int)i + 1, (int)size), r->n);
    if ((code = wn_comm_gather(r->comm, p.done, bytes, every, -1, err)) != WN_OK) goto out;
    memset(sums, 0, d * sizeof *sums);
    for (size_t i = 0; i < all; i++)
        for (size_t c = 0; c < d; c++) sums[c] += every[i * d + c];
out:
    wn_free(p.done);
    wn_free(p.open);
    wn_free(every);
    wn_free(p.carried);
    wn_free(bytes);
    return code;
}

/* ---- rbf ---- */

/* A column block of this rank. */
typedef struct {
    wn_column_block columns;
    double *total, *piece, *own; /* [width] the sums so far; those over the piece at work; over its own columns */
    size_t begun, pieces;        /* row where that piece began; pieces that are done */
} own_block;

typedef struct {
    const wn_spread_rows *r;
    const wn_kernel *kernel;
    size_t width, nblocks, count; /* columns of a block; blocks in all, of this rank */
    own_block *blocks;            /* [count], block b of the whole is blocks[b / size] */
    double *numbers;              /* what they point into */
    wn_mat rows;                  /* [width, d] the rows that pass by */
    double *row_sums;             /* [count][width] of them */
    double *theirs;               /* [blocks before][width] the same of all ranks, for the rank of their own block */
    size_t *bytes, *place;        /* [size] */
    size_t at;                    /* the block of rows that passes by */
} rbf_sums;

static size_t block_rows(const rbf_sums *s, size_t b) {
    return least(s->width, s->r->n - b * s->width);
}

/* Blocks before b that rank i has. */
static size_t blocks_before(const rbf_sums *s, size_t b, int i) {
    const size_t size = (size_t)s->r->comm->size;
    return b / size + (b % size > (size_t)i);
}

static wn_code open_sums(rbf_sums *s, wn_err *err) {
    const wn_spread_rows *r = s->r;
    const size_t d = r->mine->cols, width = s->width, size = (size_t)r->comm->size;
    s->count = blocks_before(s, s->nblocks, r->comm->rank);
    if (!(s->blocks = wn_alloc(s->count, sizeof *s->blocks, err)) ||
        !(s->numbers = wn_alloc(s->count, (2 * width + WN_GEMM_COLUMNS) * sizeof *s->numbers, err)) ||
        !(s->row_sums = wn_alloc(s->count, width * sizeof *s->row_sums, err)) ||
        !(s->theirs = wn_alloc(s->nblocks, width * sizeof *s->theirs, err)) ||
        !(s->bytes = wn_alloc(size, sizeof *s->bytes, err)) || !(s->place = wn_alloc(size, sizeof *s->place, err)) ||
        wn_mat_init(&s->rows, width, d, err) != WN_OK)
        return WN_EMEMORY;
    for (size_t j = 0; j < s->count; j++) {
        own_block *b = s->blocks + j;
        b->total = s->numbers + j * (2 * width + WN_GEMM_COLUMNS);
        b->own = b->total + width;
        b->piece = b->own + width; /* whole panels of columns */
        const wn_code code = wn_packed_reserve(&b->columns.panels, width, d, err);
        if (code != WN_OK) return code;
    }
    return WN_OK;
}

static void close_sums(rbf_sums *s) {
    for (size_t j = 0; s->blocks && j < s->count; j++) wn_packed_free(&s->blocks[j].columns.panels);
    wn_free(s->blocks);
    wn_free(s->numbers);
    wn_free(s->row_sums);
    wn_free(s->theirs);
    wn_free(s->bytes);
    wn_free(s->place);
    wn_mat_free(&s->rows);
}

/* The rows of block s->at, from the ranks that have them. */
static wn_code pass_rows(rbf_sums *s, wn_err *err) {
    const wn_spread_rows *r = s->r;
    const size_t begin = s->at * s->width, end = begin + block_rows(s, s->at);
    wn_code code = WN_OK;
    s->rows.rows = end - begin;
    for (int i = 0; i < r->comm->size && code == WN_OK; i++) {
        const size_t first = wn_spread_first(r->n, i, r->comm->size),
                     last = wn_spread_first(r->n, i + 1, r->comm->size);
        const size_t from = first > begin ? first : begin, to = least(last, end);
        if (from >= to) continue;
        for (size_t row = from; row < to && i == r->comm->rank; row++)
            memcpy(wn_mat_row(&s->rows, row - begin), wn_mat_row(r->mine, row - r->first),
                   r->mine->cols * sizeof(float));
        code = wn_comm_bcast(r->comm, wn_mat_row(&s->rows, from - begin), (to - from) * s->rows.stride * sizeof(float),
                             i, err);
    }
    return code;
}

/* The piece at work is over: its sums are added to the columns, and after the first one those over the own block. */
static void end_piece(own_block *b, size_t at) {
    for (size_t j = 0; j < b->columns.n; j++) b->total[j] += b->piece[j];
    for (size_t j = 0; j < b->columns.n && b->pieces == 0; j++) b->total[j] += b->own[j];
    memset(b->piece, 0, WN_GEMM_COLUMNS * sizeof *b->piece);
    b->begun = at;
    b->pieces++;
}

static void block_task(void *ctx, size_t begin, size_t end, int worker) {
    (void)worker;
    rbf_sums *s = ctx;
    const size_t first = s->at * s->width, last = first + s->rows.rows;
    for (size_t j = begin; j < end; j++) {
        own_block *b = s->blocks + j;
        double *sums = s->row_sums + j * s->width;
        for (size_t at = first; at < last;) {
            const size_t stop = least(b->begun + WN_PIECE_ROWS, last);
            wn_mat rows = s->rows;
            rows.data = wn_mat_row(&s->rows, at - first), rows.rows = stop - at;
            wn_column_block_sums(&b->columns, s->kernel, &rows, at, sums + (at - first), b->piece);
            if (b->columns.first == first)
                memcpy(b->own + (at - first), sums + (at - first), (stop - at) * sizeof *sums);
            if (stop == b->begun + WN_PIECE_ROWS) end_piece(b, stop);
            at = stop;
        }
    }
}

/* The sums of the rows that pass by over the blocks before their own, to the rank of that one. */
static wn_code hand_over(rbf_sums *s, wn_err *err) {
    wn_comm *comm = s->r->comm;
    const size_t m = s->rows.rows, size = (size_t)comm->size;
    const int root = (int)(s->at % size);
    for (size_t i = 0, at = 0; i < size; i++) {
        s->place[i] = at;
        at += blocks_before(s, s->at, (int)i) * s->width;
        s->bytes[i] = (at - s->place[i]) * sizeof *s->row_sums;
    }
    wn_code code = wn_comm_gather(comm, s->row_sums, s->bytes, s->theirs, root, err);
    if (code != WN_OK || comm->rank != root) return code;
    double *total = s->blocks[s->at / size].total;
    for (size_t b = 0; b < s->at; b++) {
        const double *sums = s->theirs + s->place[b % size] + b / size * s->width;
        for (size_t j = 0; j < m; j++) total[j] += sums[j];
    }
    return WN_OK;
}

/* sums[n] from the blocks of all ranks. */
static wn_code gather_sums(double *sums, rbf_sums *s, wn_err *err) {
    wn_comm *comm = s->r->comm;
    const size_t size = (size_t)comm->size, width = s->width;
    double *mine = wn_alloc(s->count, width * sizeof *mine, err), *all = NULL;
    if (mine) all = wn_alloc(s->nblocks, width * sizeof *all, err);
    wn_code code = wn_comm_agree(comm, mine && all ? WN_OK : WN_EMEMORY, err);
    if (code != WN_OK) goto out;
    for (size_t j = 0; j < s->count; j++) memcpy(mine + j * width, s->blocks[j].total, width * sizeof *mine);
    for (size_t i = 0; i < size; i++) s->bytes[i] = blocks_before(s, s->nblocks, (int)i) * width * sizeof *mine;
    if ((code = wn_comm_gather(comm, mine, s->bytes, all, -1, err)) != WN_OK) goto out;
    for (size_t i = 0, at = 0; i < size; i++)
        for (size_t b = i; b < s->nblocks; b += size, at += width)
            memcpy(sums + b * width, all + at, block_rows(s, b) * sizeof *sums);
out:
    wn_free(mine);
    wn_free(all);
    return code;
}

wn_code wn_spread_rbf_sums(double *sums, const wn_spread_rows *r, const wn_kernel *kernel, wn_err *err) {
    rbf_sums s = {.r = r, .kernel = kernel, .width = wn_packed_columns(r->mine->cols)};
    s.nblocks = (r->n + s.width - 1) / s.width;
    const size_t size = (size_t)r->comm->size;
    wn_code code = wn_comm_agree(r->comm, open_sums(&s, err), err);
    for (s.at = 0; s.at < s.nblocks && code == WN_OK; s.at++) {
        if ((code = pass_rows(&s, err)) != WN_OK) goto out;
        if (s.at % size == (size_t)r->comm->rank) {
            own_block *b = s.blocks + s.at / size;
            wn_column_block_fill(&b->columns, &s.rows, s.at * s.width);
            b->begun = b->columns.first;
        }
        wn_parallel_for(blocks_before(&s, s.at + 1, r->comm->rank), 1, block_task, &s);
        if ((code = hand_over(&s, err)) != WN_OK) goto out;
        code = wn_tick(r->progress, "sum similarities", "rows", s.at * s.width + s.rows.rows, r->n, err);
        code = wn_comm_agree(r->comm, code, err);
    }
    if (code != WN_OK) goto out;
    for (size_t j = 0; j < s.count; j++)
        if (s.blocks[j].begun < r->n) end_piece(s.blocks + j, r->n);
    code = gather_sums(sums, &s, err);
out:
    close_sums(&s);
    return code;
}
