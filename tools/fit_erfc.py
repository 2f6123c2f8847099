#!/usr/bin/env python3
"""Prints the polynomial that embed/bert/ops_simd.h uses for gelu: erfc(z) = t exp(p(t) - z^2), t = 1 / (1 + z/2).

    pip install numpy scipy
    python3 tools/fit_erfc.py [degree]

A minimax fit by iteratively reweighted least squares on Chebyshev nodes over z in [0, 12].
"""
import sys
import numpy as np
from numpy.polynomial import chebyshev, polynomial
from scipy.special import erfcx

degree = int(sys.argv[1]) if len(sys.argv) > 1 else 9
low = 1 / (1 + 12 / 2)
x = np.cos(np.pi * (np.arange(4000) + 0.5) / 4000)
t = (x + 1) / 2 * (1 - low) + low
y = np.log(erfcx(2 * (1 / t - 1)) / t)
weight = np.ones_like(t)
for _ in range(60):
    c = chebyshev.chebfit(x, y, degree, w=np.sqrt(weight))
    error = np.abs(chebyshev.chebval(x, c) - y)
    weight *= error / error.max() + 1e-3
    weight /= weight.max()
p = np.zeros(1)
for k in reversed(chebyshev.cheb2poly(c)):  # x as a polynomial in t, by Horner
    p = polynomial.polyadd(polynomial.polymul(p, [-2 * low / (1 - low) - 1, 2 / (1 - low)]), [k])
print(f"largest error of p: {np.abs(polynomial.polyval(t, p[:degree + 1]) - y).max():.1e}")
for i, v in enumerate(p[: degree + 1]):
    print(f"t^{i}: {v:.9e}")
