#define KERNELS wn_lsa_kernels_avx2
#define TILE_ROWS 4
#define TILE_VECS 2
#include "kernels_vector.h"
