#define ROWS 8
#define COLS 3
#define NAME(x) wn_bert_avx512_##x
#include "ops_simd.h"
