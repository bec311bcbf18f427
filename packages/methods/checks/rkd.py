"""Works out by itself, with NumPy in double precision, the numbers that rkd.test.ts expects.

    python3 packages/methods/checks/rkd.py
"""

from itertools import product

import numpy as np
from central_differences import show

# four samples; embeddings of different width
STUDENT = np.array([[0.5, -1], [2, 0.25], [-0.5, 1.5], [7, 3]])
TEACHER = np.array([[1, 0, 0.5], [0.25, -1, 2], [1.5, 0.5, -0.75], [0, 0.1, 0.2]])


def huber(d):
    return d * d / 2 if abs(d) <= 1 else abs(d) - 0.5


def distances(f):
    found = np.array([[np.linalg.norm(a - b) for b in f] for a in f])
    return found / (found.sum() / (len(f) * (len(f) - 1)))


def cosine(f, i, j, k):
    a, b = f[i] - f[j], f[k] - f[j]
    return 0 if i == j or k == j else a @ b / np.linalg.norm(a) / np.linalg.norm(b)


def distance(student):
    return np.mean([huber(d) for d in (distances(student) - distances(TEACHER)).ravel()])


def angle(student):
    triplets = product(range(len(student)), repeat=3)
    return np.mean([huber(cosine(student, *ijk) - cosine(TEACHER, *ijk)) for ijk in triplets])


show("distance", distance, STUDENT)
show("angle", angle, STUDENT)
largest = np.abs(distances(STUDENT) - distances(TEACHER)).max()
print(f"largest difference of distances: {largest:.3f}")
