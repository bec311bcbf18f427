"""Works out by itself, with NumPy in double precision, the numbers that dfa.test.ts expects.

    python3 packages/methods/checks/dfa.py
"""

import numpy as np
from central_differences import show

# two layers of the teacher and the student's feature, two samples of three values; mean squares as they were measured
FIRST = np.array([[1, -0.5, 2], [0.25, 1.5, -1]])
SECOND = np.array([[4, 2, -3], [-6, 1, 5]])
STUDENT = np.array([[0.5, 0, 1], [-0.5, 1, 0.25]])
SQUARES = np.array([1.25, 16])
BETA = np.array([0.5, -0.25])


def mixed(beta):
    alpha = np.exp(beta) / np.exp(beta).sum()
    return alpha[0] * FIRST / np.sqrt(SQUARES[0]) + alpha[1] * SECOND / np.sqrt(SQUARES[1])


def distance(student, beta):
    return ((student - mixed(beta)) ** 2).mean()


print("mix:", np.round(mixed(BETA).ravel(), 7).tolist())
show("by the student", lambda student: distance(student, BETA), STUDENT)
show("by beta", lambda beta: distance(STUDENT, beta), BETA)
