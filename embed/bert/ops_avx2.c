#define LANES 8
#define ROWS 4
#define COLS 2
#define NAME(x) wn_bert_avx2_##x
#include "ops_simd.h"
