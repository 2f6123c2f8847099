#!/usr/bin/env python3
"""Prints the rational function that embed/bert/ops_simd.h uses for gelu: erf(z) = z P(z^2) / Q(z^2) for |z| <= 3.9.

    pip install numpy scipy
    python3 tools/fit_erf.py [degree of P and of Q]

A minimax fit by iteratively reweighted, linearised least squares on Chebyshev nodes; Q(0) = 1.
"""
import sys
import numpy as np
from scipy.special import erf

degree = int(sys.argv[1]) if len(sys.argv) > 1 else 5
top = 3.9
z = top * (0.5 - 0.5 * np.cos(np.pi * (np.arange(4000) + 0.5) / 4000))
x, y = (z / top) ** 2, erf(z)
powers = x[:, None] ** np.arange(degree + 1)
q, weight = np.ones_like(z), np.ones_like(z)
for _ in range(60):
    rows = np.concatenate([z[:, None] * powers, -y[:, None] * powers[:, 1:]], 1)
    scale = np.sqrt(weight) / np.abs(q)
    c, *_ = np.linalg.lstsq(rows * scale[:, None], y * scale, rcond=None)
    above, below = c[: degree + 1], np.concatenate([[1], c[degree + 1:]])
    q = powers @ below
    error = np.abs(z * (powers @ above) / q - y)
    weight *= (error / error.mean() + 1e-3) ** 0.7
    weight /= weight.mean()
print(f"largest error: {error.max():.1e}; Q from {q.min():.3f} to {q.max():.3f}")
for name, values in (("P", above), ("Q", below)):
    for i, v in enumerate(values / top ** (2.0 * np.arange(degree + 1))):
        print(f"{name} z^{2 * i}: {v:.9e}")
