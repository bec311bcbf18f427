"""Works out by itself, with NumPy in double precision, the numbers that kd.test.ts expects of dkd and dist.

    python3 packages/methods/checks/kd_variants.py
"""

import numpy as np
from central_differences import show

T = 4.0
STUDENT = np.array([[2, -1, 0.5], [0, 1, -2]])
TEACHER = np.array([[3, 0, -1], [-1, 2.5, 0.5]])
LABELS = [0, 2]


def softmax(z):
    powers = np.exp(z)
    return powers / powers.sum()


def divergence(p, q):
    return (p * np.log(p / q)).sum()


def target(student):
    def binary(z, y):
        p = softmax(z / T)[y]
        return np.array([p, 1 - p])

    rows = zip(student, TEACHER, LABELS)
    return np.array([divergence(binary(t, y), binary(s, y)) for s, t, y in rows])


def non_target(student):
    def others(z, y):
        return softmax(np.delete(z, y) / T)

    rows = zip(student, TEACHER, LABELS)
    return np.array([divergence(others(t, y), others(s, y)) for s, t, y in rows])


def correlations(student, axis):
    p, q = (np.array([softmax(z / T) for z in logits]) for logits in (student, TEACHER))
    pairs = zip(p, q) if axis == 1 else zip(p.T, q.T)
    return np.array([np.corrcoef(a, b)[0, 1] for a, b in pairs])


print("TCKD ", ", ".join(f"{value:.7f}" for value in target(STUDENT)))
print("NCKD ", ", ".join(f"{value:.7f}" for value in non_target(STUDENT)))
show("dkd, alpha 1, beta 8", lambda s: T**2 * (target(s) + 8 * non_target(s)).mean(), STUDENT)
show("dist, inter", lambda s: 1 - correlations(s, 1).mean(), STUDENT)

# with two samples every correlation along the batch is 1 or -1: three are needed
STUDENT = np.array([[2, -1, 0.5], [0, 1, -2], [0.5, 0.25, 1]])
TEACHER = np.array([[3, 0, -1], [-1, 2.5, 0.5], [1, 1, -2]])
show("dist, intra", lambda s: 1 - correlations(s, 0).mean(), STUDENT)
