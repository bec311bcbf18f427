"""Gradients without formulas, for the scripts beside this file that work with NumPy."""

import numpy as np


def gradient(loss, at, step=1e-5):
    """Central differences of a scalar function of an array, in double precision."""
    slopes = np.zeros_like(at, dtype=float)
    for place in np.ndindex(at.shape):
        moved = [at.astype(float), at.astype(float)]
        moved[0][place] += step
        moved[1][place] -= step
        slopes[place] = (loss(moved[0]) - loss(moved[1])) / (2 * step)
    return slopes


def show(title, loss, at):
    values = ", ".join(f"{value:.7f}" for value in gradient(loss, at).ravel())
    print(f"{title}: {loss(at):.7f}\n  gradient {values}")
