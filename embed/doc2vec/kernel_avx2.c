#include "kernel_vector.h"

const wn_d2v_kernels wn_d2v_kernels_avx2 = {.step = step, .sum = sum, .add = add, .merge = merge};
