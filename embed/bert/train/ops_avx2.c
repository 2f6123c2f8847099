#define NAME(x) wn_train_avx2_##x
#include "ops_simd.h"
