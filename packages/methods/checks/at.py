"""Works out by itself, with NumPy in double precision, the numbers that at.test.ts expects.

    python3 packages/methods/checks/at.py
"""

import numpy as np
from central_differences import show

# [2, 2, 2, 2]: two samples, 2×2 places, two channels; the teacher has one channel
STUDENT = np.array([0.5, -1, 2, 0, 1.5, 0.25, -0.5, 1, 1, 1, 0, 2, -1, 0.5, 0.75, -0.25]).reshape(2, 2, 2, 2)
TEACHER = np.array([1, 0.5, -2, 0, 0.25, 1.5, 1, -1], dtype=float).reshape(2, 2, 2, 1)
# [1, 3, 2, 1], pooled to 2×2: rows 0 and 1, then rows 1 and 2
TALL = np.array([1, 2, -1, 0.5, 3, 0.25]).reshape(1, 3, 2, 1)


def attention(maps):
    strength = (maps**2).mean(axis=3).reshape(len(maps), -1)
    return strength / np.linalg.norm(strength, axis=1, keepdims=True)


def code(student, teacher=TEACHER):
    return ((attention(student) - attention(teacher)) ** 2).mean()


def paper(student):
    return np.linalg.norm(attention(student) - attention(TEACHER), axis=1).mean() / 2


def pooled(tall):
    return np.stack([tall[:, 0:2].mean(axis=1), tall[:, 1:3].mean(axis=1)], axis=1)


show("code", code, STUDENT)
show("paper", paper, STUDENT)
show("larger student", lambda tall: code(pooled(tall), TEACHER[:1]), TALL)
