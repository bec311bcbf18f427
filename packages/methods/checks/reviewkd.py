"""Works out by itself, with NumPy in double precision, the numbers that reviewkd.test.ts expects.

    python3 packages/methods/checks/reviewkd.py
"""

import numpy as np
from central_differences import show

# [1, 4, 4, 1]
STUDENT = np.array([0.5, -1, 2, 0, 1.5, 0.25, -0.5, 1, 0, 0.75, -2, 1, 0.5, 0.5, -1, 0.25]).reshape(1, 4, 4, 1)
TEACHER = np.array([1, 0, 1, 0.5, 0, 0.25, 0.5, -1, -0.5, 2, 0, 1, 1.5, -1, 0.25, 0]).reshape(1, 4, 4, 1)


def pooled(maps, side):
    b, h, w, c = maps.shape
    return maps.reshape(b, side, h // side, side, w // side, c).mean(axis=(2, 4))


def loss(student):
    whole = ((student - TEACHER) ** 2).mean()
    weight, total = 1.0, 1.0
    for side in (4, 2, 1):
        if side >= student.shape[1]:
            continue
        weight /= 2
        whole += weight * ((pooled(student, side) - pooled(TEACHER, side)) ** 2).mean()
        total += weight
    return whole / total


show("hierarchical", loss, STUDENT)
