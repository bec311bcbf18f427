"""Works out by itself, with NumPy in double precision, the numbers that sp.test.ts expects.

    python3 packages/methods/checks/sp.py
"""

import numpy as np
from central_differences import show

# three samples; features of different width
STUDENT = np.array([[0.5, -1], [2, 0.25], [-0.5, 1.5]])
TEACHER = np.array([[1, 0, 0.5], [0.25, -1, 2], [1.5, 0.5, -0.75]])


def similarities(features):
    gram = features @ features.T
    return gram / np.linalg.norm(gram, axis=1, keepdims=True)


def loss(student):
    return np.linalg.norm(similarities(student) - similarities(TEACHER), "fro") ** 2 / len(student) ** 2


show("sp", loss, STUDENT)
