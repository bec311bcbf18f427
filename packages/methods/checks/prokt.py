"""Works out by itself, with NumPy in double precision, the numbers that prokt.test.ts expects.

    python3 packages/methods/checks/prokt.py
"""

import numpy as np
from central_differences import show

STUDENT = np.array([[2, -1, 0.5], [0, 1, -2]])
TEACHER = np.array([[3, 0, -1], [-1, 2.5, 0.5]])
LABELS = [0, 2]


def log_softmax(z):
    return z - np.log(np.exp(z).sum(1, keepdims=True))


def cross_entropy(z):
    return -log_softmax(z)[range(len(z)), LABELS].mean()


def divergence(target, answer, temperature):
    p, q = log_softmax(target / temperature), log_softmax(answer / temperature)
    return temperature**2 * (np.exp(p) * (p - q)).sum(1).mean()


def projected(temperature):
    return lambda z: 0.6 * cross_entropy(z) + 0.4 * divergence(STUDENT, z, temperature)


show("teacher, lambda 0.4, T 1", projected(1), TEACHER)
show("teacher, lambda 0.4, T 2", projected(2), TEACHER)
show("teacher, mu 0.5, bound 1", lambda z: cross_entropy(z) + 0.5 * (divergence(STUDENT, z, 1) - 1), TEACHER)
show("student, T 1", lambda z: divergence(TEACHER, z, 1), STUDENT)
print(f"next mu, rate 0.1: {max(0, 0.5 + 0.1 * (divergence(STUDENT, TEACHER, 1) - 1)):.7f}")
