#define NAME(x) wn_train_avx512_##x
#include "ops_simd.h"
