"""Works out by itself, with NumPy in double precision, the numbers that ab.test.ts expects.

    python3 packages/methods/checks/ab.py
"""

import numpy as np
from central_differences import show

MARGIN = 1.0
# two samples of a map [1, 2, 2]; the teacher has neurons on either side and on the boundary
STUDENT = np.array([[0.5, -1.5, 2.0, 0.0], [1.5, 0.25, -0.5, 1.25]])
TEACHER = np.array([[1.0, -2.0, -0.25, 0.5], [0.0, 3.0, 0.5, -1.0]])


def loss(student):
    s, m = student, MARGIN
    fires = (TEACHER > 0) * (s - m) ** 2 * (s <= m)
    rests = (TEACHER <= 0) * (s + m) ** 2 * (s > -m)
    return (fires + rests).sum() / len(s)


show("boundaries", loss, STUDENT)
