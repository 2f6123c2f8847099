#define ROWS 6
#define COLS 2
#define NAME(x) wn_bert_avx2_##x
#include "ops_simd.h"
