"""Works out by itself, with NumPy in double precision, the numbers that mcl-okd.test.ts expects.

    python3 packages/methods/checks/mcl-okd.py
"""

import numpy as np
from answers import cross_entropy, distillation
from central_differences import show

# embeddings of two samples, and of each the rows of the memory: its own first, then two of other classes
ANCHOR = np.array([[0.6, 0.8], [-0.28, 0.96]])
ROWS = np.array([[[0.8, 0.6], [-1, 0], [0.6, -0.8]], [[0, 1], [0.96, 0.28], [-0.6, -0.8]]])
SAMPLES, CONTRAST_TEMPERATURE = 6, 0.5
BRANCHES = np.array([[[2, -1, 0.5], [0, 1, -2]], [[3, 0, -1], [-1, 2.5, 0.5]], [[1, 1, 0], [0.5, -0.5, 2]]])
LABELS = [0, 2]
TEMPERATURE, ALPHA = 3.0, 0.4


def powers(anchor):
    return np.exp(np.einsum("bd,bkd->bk", anchor, ROWS) / CONTRAST_TEMPERATURE)


Z = SAMPLES * powers(ANCHOR).mean()


def contrast(anchor):
    """Z stays what it is when the embeddings move."""
    s, noise = powers(anchor) / Z, (ROWS.shape[1] - 1) / SAMPLES
    return -np.mean(np.log(s[:, 0] / (s[:, 0] + noise)) + np.log(noise / (s[:, 1:] + noise)).sum(1))


def answers(last):
    labels = sum(cross_entropy(z, LABELS) for z in [*BRANCHES[:2], last])
    return labels + ALPHA * distillation(BRANCHES.mean(0), last, TEMPERATURE)


show("contrast", contrast, ANCHOR)
show("answers, in the last branch", answers, BRANCHES[2])
