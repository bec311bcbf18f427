"""Works out by itself, with NumPy in double precision, the numbers that ft.test.ts expects.

    python3 packages/methods/checks/ft.py
"""

import numpy as np
from central_differences import show

# [2, 1, 2, 2]: two samples, 1×2 places, two channels
STUDENT = np.array([0.5, -1, 2, 0, 1.5, 0.25, -0.5, 1]).reshape(2, 1, 2, 2)
TEACHER = np.array([1, 0, 1, 0.5, 0, 0.25, 0.5, -1]).reshape(2, 1, 2, 2)


def unit(factors):
    flat = factors.reshape(len(factors), -1)
    return flat / np.linalg.norm(flat, axis=1, keepdims=True)


show("factors", lambda student: np.abs(unit(student) - unit(TEACHER)).mean(), STUDENT)
show("reconstruction", lambda student: ((TEACHER - student) ** 2).mean(), STUDENT)
