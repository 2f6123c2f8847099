#define KERNELS wn_lsa_kernels_avx512
#define TILE_ROWS 8
#define TILE_VECS 2
#include "kernels_vector.h"
