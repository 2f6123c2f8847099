#include "kernel.h"

#include <math.h>
#include <pthread.h>

float wn_d2v_sigmoid_table[WN_D2V_SIGMOID_SIZE];

static void fill(void) {
    for (int i = 0; i < WN_D2V_SIGMOID_SIZE; i++) {
        double x = (2.0 * WN_D2V_CLIP) * (i + 0.5) / WN_D2V_SIGMOID_SIZE - WN_D2V_CLIP;
        wn_d2v_sigmoid_table[i] = (float)(1.0 / (1.0 + exp(-x)));
    }
}

void wn_d2v_kernels_init(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, fill);
}
