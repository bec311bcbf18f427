"""Works out by itself, with NumPy in double precision, the numbers that search-student.test.ts expects.

    python3 packages/methods/checks/search_student.py

A network of 16 values, 4 hidden units with ReLU and 3 classes is the teacher; its copy has a gate on each hidden unit.
"""

import numpy as np
from answers import log_softmax
from central_differences import gradient

GATES = np.array([0.9, -0.5, 0.3, 1.2])
COST = 1.0
GATE_RATE, LAMBDA2, LAMBDA1 = 0.5, 0.2, 0.01


def wave(shape, offset):
    """Numbers that need no list in two languages."""
    return np.sin(np.arange(np.prod(shape)) ** 2 + offset).reshape(shape)


X = wave((2, 16), 0)
W1, B1 = wave((16, 4), 1) * 0.5, wave((4,), 2) * 0.1
W2, B2 = wave((4, 3), 3), wave((3,), 4) * 0.1


def hidden(x):
    return np.maximum(x @ W1 + B1, 0)


def answer(gates):
    return (hidden(X) * gates) @ W2 + B2


def divergence(target, other):
    p, q = log_softmax(target), log_softmax(other)
    return (np.exp(p) * (p - q)).sum(-1).mean()


TEACHER = answer(np.ones(4))


def search(gates, direction):
    student = answer(gates)
    return divergence(TEACHER, student) if direction == "teacher-first" else divergence(student, TEACHER)


def row(values):
    return ", ".join(f"{value:.7f}" for value in np.ravel(values))


for direction in ["teacher-first", "student-first"]:
    slope = gradient(lambda g: search(g, direction), GATES)
    v = GATES - GATE_RATE * slope
    after = np.sign(v) * np.maximum(np.abs(v) - GATE_RATE * LAMBDA2 * COST, 0)
    print(f"{direction}: KL {search(GATES, direction):.7f}  gradient in the gates", row(slope))
    print(f"{direction}: gates after a step", row(after))

weights = np.concatenate([part.ravel() for part in [W1, B1, W2, B2]])
print(f"lambda1 · length of all weights {LAMBDA1 * np.sqrt((weights**2).sum()):.7f}")

keep = [0, 1, 3]
small = np.maximum(X @ W1[:, keep] + B1[keep], 0) @ (W2[keep] * GATES[keep, None]) + B2
print("answers with units 0, 1, 3 and their gates folded in", row(small))
print("lengths of the weights that feed each unit", row(np.sqrt((W1**2).sum(0))))

# a 3×3 convolution 1 → 2 and one 2 → 3 on 4×4 images, both with bias, mean over places, 3 classes
params = np.array([9 + 1 + 9 * 3, 9 * 2 + 1 + 3])
flops = np.array([16 * 9 + 16 * 9 * 3, 16 * 9 * 2 + 3])
units = np.array([2, 3])
for name, costs in [("params", params), ("flops", flops)]:
    print(f"cost of a unit by {name}, over the mean:", row(costs / ((costs * units).sum() / units.sum())))
