"""Works out by itself, with NumPy in double precision, the numbers that vid.test.ts expects.

    python3 packages/methods/checks/vid.py
"""

import numpy as np
from central_differences import show

# [2, 1, 2, 2]: two samples, 1×2 places, two channels
MEAN = np.array([0.5, -1, 2, 0, 1.5, 0.25, -0.5, 1]).reshape(2, 1, 2, 2)
TEACHER = np.array([1, 0, 1, 0.5, 0, 0.25, 0.5, -1]).reshape(2, 1, 2, 2)
RHO = np.array([-0.5, 1.25])


def loss(mean, rho):
    variance = np.log1p(np.exp(rho)) + 1e-5
    return np.mean(0.5 * ((TEACHER - mean) ** 2 / variance + np.log(variance)))


show("in the mean", lambda mean: loss(mean, RHO), MEAN)
show("in rho", lambda rho: loss(MEAN, rho), RHO)
best = ((TEACHER - MEAN) ** 2).mean(axis=(0, 1, 2))
print("mean squared residuals " + ", ".join(f"{value:.7f}" for value in best))
print(f"least loss {np.mean(0.5 * (1 + np.log(best))):.7f}")
