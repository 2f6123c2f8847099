/* The terms of Strassen's product. strassen.h explains the words. */
#include "strassen.h"

/* V. Strassen, Gaussian elimination is not optimal, 1969: 7 products for 8. */
const wn_strassen_scheme wn_strassen_halves = {
    .parts = 2,
    .products = 7,
    .kc = WN_STRASSEN_KC16,
    .terms = {
        {{{1, 0}, {0, 1}}, {{1, 0}, {0, 1}}, {{1, 0}, {0, 1}}},
        {{{0, 0}, {1, 1}}, {{1, 0}, {0, 0}}, {{0, 0}, {1, -1}}},
        {{{1, 0}, {0, 0}}, {{0, 1}, {0, -1}}, {{0, 1}, {0, 1}}},
        {{{0, 0}, {0, 1}}, {{1, 0}, {-1, 0}}, {{-1, 0}, {-1, 0}}},
        {{{1, 1}, {0, 0}}, {{0, 0}, {0, 1}}, {{-1, 1}, {0, 0}}},
        {{{1, 0}, {-1, 0}}, {{1, 1}, {0, 0}}, {{0, 0}, {0, -1}}},
        {{{0, 1}, {0, -1}}, {{0, 0}, {1, 1}}, {{1, 0}, {0, 0}}},
    }};

/* 15 products for 18, which J. E. Hopcroft and L. R. Kerr showed to be possible (On minimizing the number of
 * multiplications necessary for matrix multiplication, 1971). This one was found by a random walk over flips (M. Kauers
 * and J. Moosbauer, Flip graphs for matrix multiplication, 2022) and changes of basis, for few blocks: 32 of x, 30 of
 * W, 32 of y. */
const wn_strassen_scheme wn_strassen_thirds = {
    .parts = 3,
    .products = 15,
    .kc = WN_STRASSEN_KC,
    .terms = {
        {{{0, 1, 1}, {0, 0, 0}}, {{0, 0, 0}, {0, 1, 0}, {0, 0, 0}}, {{0, 1, -1}, {0, 1, -1}}},
        {{{0, 0, 0}, {0, 0, 1}}, {{0, 1, 0}, {0, 0, 0}, {0, 1, 1}}, {{0, 0, 0}, {0, 1, 0}}},
        {{{0, 0, 0}, {0, 1, 0}}, {{0, 0, 1}, {0, 1, 1}, {0, 0, 0}}, {{0, 0, 1}, {0, 0, 1}}},
        {{{1, 0, 0}, {-1, 0, 0}}, {{1, 0, -1}, {0, 0, 0}, {1, 0, 0}}, {{0, 0, 0}, {-1, 0, 0}}},
        {{{0, 1, 1}, {0, -1, -1}}, {{0, 0, 0}, {0, 0, 0}, {0, 0, 1}}, {{0, 0, 0}, {0, 1, -1}}},
        {{{1, -1, 0}, {0, 0, 0}}, {{0, 0, 0}, {1, 0, 0}, {0, 0, 0}}, {{-1, 0, -1}, {0, 0, 0}}},
        {{{1, 0, -1}, {-1, 0, 1}}, {{0, 0, 0}, {0, 0, 0}, {1, 0, 0}}, {{-1, -1, 0}, {0, 0, 0}}},
        {{{1, 0, 0}, {0, -1, 0}}, {{0, 0, 1}, {1, 0, 0}, {0, 0, 0}}, {{0, 0, 1}, {-1, 0, 0}}},
        {{{0, 0, 1}, {0, 0, 0}}, {{0, 0, 0}, {0, 1, 0}, {1, -1, 0}}, {{0, -1, 0}, {0, 0, 0}}},
        {{{0, 0, 0}, {1, 0, -1}}, {{0, 1, 0}, {0, 0, 0}, {0, 0, 0}}, {{1, 1, 0}, {1, 1, 0}}},
        {{{1, 0, 0}, {0, 0, 0}}, {{1, -1, 0}, {1, 0, 0}, {0, 0, 0}}, {{1, 0, 0}, {1, 0, 0}}},
        {{{1, 0, 0}, {-1, 0, 1}}, {{0, 1, 0}, {0, 0, 0}, {1, 0, 0}}, {{1, 1, 0}, {1, 0, 0}}},
        {{{0, 1, 1}, {0, -1, 0}}, {{0, 0, 0}, {0, 1, 0}, {0, 0, 1}}, {{0, 0, 1}, {0, -1, 1}}},
        {{{0, 1, 0}, {0, -1, 0}}, {{0, 0, 0}, {1, 0, -1}, {0, 0, 1}}, {{0, 0, -1}, {0, 0, 0}}},
        {{{0, 0, 0}, {1, -1, 0}}, {{0, 0, 1}, {0, 0, 0}, {0, 0, 0}}, {{0, 0, 0}, {1, 0, 1}}},
    }};

wn_strassen_sum wn_strassen_sum_of(const int8_t of[][WN_STRASSEN_PARTS], size_t rows) {
    wn_strassen_sum s = {0};
    for (size_t row = 0; row < rows; row++)
        for (size_t column = 0; column < WN_STRASSEN_PARTS; column++) {
            if (of[row][column] == 0) continue;
            s.row[s.count] = row;
            s.column[s.count] = column;
            s.sign[s.count++] = of[row][column];
        }
    return s;
}
