"""Works out by itself, with NumPy in double precision, the numbers that ssim.test.ts expects.

    python3 packages/methods/checks/ssim.py
"""

import numpy as np
from central_differences import show

# one sample, 3×4 places, one channel; a window of 3
STUDENT = np.array([0.1, 0.4, 0.2, 0.9, 0.8, 0.3, 0.6, 0.5, 0.7, 0.15, 0.35, 0.65]).reshape(3, 4)
TEACHER = np.array([0.3, 0.5, 0.1, 0.7, 0.9, 0.2, 0.8, 0.4, 0.6, 0.05, 0.25, 0.95]).reshape(3, 4)
WINDOW, SIGMA, C1, C2 = 3, 1.5, 0.01**2, 0.03**2


def smooth(values):
    """A two-dimensional window over a map with reflected borders, place by place."""
    reach = WINDOW // 2
    offsets = np.arange(-reach, reach + 1)
    kernel = np.exp(-(offsets[:, None] ** 2 + offsets[None, :] ** 2) / (2 * SIGMA**2))
    kernel /= kernel.sum()
    padded = np.pad(values, reach, mode="reflect")
    found = np.zeros_like(values)
    for place in np.ndindex(values.shape):
        part = padded[place[0] : place[0] + WINDOW, place[1] : place[1] + WINDOW]
        found[place] = (kernel * part).sum()
    return found


def factors(s, t):
    mean_s, mean_t = smooth(s), smooth(t)
    variance_s, variance_t = smooth(s * s) - mean_s**2, smooth(t * t) - mean_t**2
    covariance, deviations = smooth(s * t) - mean_s * mean_t, np.sqrt(variance_s * variance_t)
    luminance = (2 * mean_s * mean_t + C1) / (mean_s**2 + mean_t**2 + C1)
    contrast = (2 * deviations + C2) / (variance_s + variance_t + C2)
    structure = (covariance + C2 / 2) / (deviations + C2 / 2)
    return luminance, contrast, structure


def loss(student, exponents):
    found = np.ones_like(student)
    for factor, exponent in zip(factors(student, TEACHER), exponents):
        found = found * np.sign(factor) * np.abs(factor) ** exponent
    return ((1 - found) / 2).mean()


def ranged(values, least, most):
    return (values - least) / max(most - least, 0.01)


def normalised(student):
    """Least and greatest value are constants: those of STUDENT stay when it moves."""
    s = ranged(student, STUDENT.min(), STUDENT.max())
    t = ranged(TEACHER, TEACHER.min(), TEACHER.max())
    return ((1 - np.prod(factors(s, t), axis=0)) / 2).mean()


show("ssim", lambda student: loss(student, (1, 1, 1)), STUDENT)
show("exponents 2, 0.5, 1", lambda student: loss(student, (2, 0.5, 1)), STUDENT)
show("normalised", normalised, STUDENT)
