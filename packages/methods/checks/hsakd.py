"""Works out by itself, with NumPy in double precision, the numbers that hsakd.test.ts expects.

    python3 packages/methods/checks/hsakd.py
"""

import numpy as np
from central_differences import show

# one 2×2 image, turned anticlockwise; two rows of a head over two classes and two rotations, joint label 2·y + r
IMAGE = np.array([[1, 2], [3, 4]])
JOINT = np.array([[1, -0.5, 0.25, 2], [0, 1.5, -1, 0.5]])
LABELS = [2, 3]
TEACHER_JOINT = np.array([[0.5, 0, 1, -1], [1, 2, -0.5, 0]])
LOGITS = np.array([[2.0, -1], [0.5, 1]])
TEACHER_LOGITS = np.array([[1, 0.5], [-1, 2]])


def log_softmax(z):
    return z - np.log(np.exp(z).sum(1, keepdims=True))


def divergence(target, answer, temperature=3):
    p, q = log_softmax(target / temperature), log_softmax(answer / temperature)
    return temperature**2 * (np.exp(p) * (p - q)).sum(1).mean()


print("turned:", [np.rot90(IMAGE, turns).ravel().tolist() for turns in range(4)])
show("joint", lambda q: -log_softmax(q)[range(2), LABELS].mean(), JOINT)
show("heads, T 3", lambda q: divergence(TEACHER_JOINT, q), JOINT)
show("logits, T 3", lambda z: divergence(TEACHER_LOGITS, z), LOGITS)
probabilities = np.exp(log_softmax(JOINT)).reshape(2, 2, 2).sum(2)
print("class probabilities:", np.round(probabilities.ravel(), 7).tolist())
