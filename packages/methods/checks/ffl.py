"""Works out by itself, with NumPy in double precision, the numbers that ffl.test.ts expects.

    python3 packages/methods/checks/ffl.py
"""

import numpy as np
from answers import cross_entropy, distillation
from central_differences import show

# answers of two branches and of the fused classifier on two samples
BRANCHES = np.array([[[2, -1, 0.5], [0, 1, -2]], [[3, 0, -1], [-1, 2.5, 0.5]]])
FUSED = np.array([[1, 1, 0], [0.5, -0.5, 2]])
LABELS = [0, 2]
TEMPERATURE, WEIGHT = 3.0, 0.4


def loss(branches, fused):
    """Targets stay what they are when the answers move."""
    labels = sum(cross_entropy(z, LABELS) for z in branches) + cross_entropy(fused, LABELS)
    taught = sum(distillation(FUSED, z, TEMPERATURE) for z in branches)
    return labels + WEIGHT * (taught + distillation(BRANCHES.mean(0), fused, TEMPERATURE))


show("in the first branch", lambda first: loss([first, BRANCHES[1]], FUSED), BRANCHES[0])
show("in the fused answer", lambda fused: loss(BRANCHES, fused), FUSED)
