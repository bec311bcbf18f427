"""PyTorch as a competitor in the single-step parts.

Usage: torch_worker.py <task folder> <eager | channels-last | compile | compile-channels-last> <live | cached>
`eager` is PyTorch as one writes it first; the others also use its fused optimiser.
"""

import os
import sys

import torch
from answer import serve_steps
from task_files import Task
from torch.nn import functional as F
from torch_network import Network

folder, mode, teacher_mode = sys.argv[1:]
torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
task = Task(folder)
settings = task.settings
layout = torch.channels_last if "channels-last" in mode else torch.contiguous_format


class Training:
    def __init__(self, same: bool) -> None:
        teacher, student = (
            Network(task.networks[role]["architecture"], same).load(task.weights(role)).to(memory_format=layout)
            for role in ("teacher", "student")
        )
        self.teacher, self.student = teacher.eval().requires_grad_(False), student.train()
        self.optimizer = torch.optim.SGD(
            student.parameters(),
            lr=settings["learningRate"],
            momentum=settings["momentum"],
            weight_decay=settings["weightDecay"],
            fused=None if mode == "eager" else True,
        )
        self.loss = torch.compile(self.plain_loss) if mode.startswith("compile") and not same else self.plain_loss
        self.done = 0

    def plain_loss(self, x: torch.Tensor, y: torch.Tensor, cached: torch.Tensor | None) -> torch.Tensor:
        temperature, alpha = settings["temperature"], settings["alpha"]
        if cached is None:
            with torch.no_grad():
                cached = self.teacher(x)
        logits = self.student(x)
        soft = F.kl_div(
            F.log_softmax(logits / temperature, 1), F.softmax(cached / temperature, 1), reduction="batchmean"
        )
        return (1 - alpha) * F.cross_entropy(logits, y) + alpha * temperature**2 * soft

    def step(self) -> torch.Tensor:
        i = self.done % settings["pool"]
        self.done += 1
        x = inputs[i].to(memory_format=layout)
        loss = self.loss(x, labels[i], logits[i] if teacher_mode == "cached" else None)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss


inputs = torch.from_numpy(task.x.transpose(0, 1, 4, 2, 3).copy())
labels = torch.from_numpy(task.y).long()
logits = torch.from_numpy(task.logits)
timed = Training(same=False)


def losses(count: int) -> dict:
    """With TensorFlow's padding for comparing with it; and as timed, for comparing PyTorch's modes."""
    exact = Training(same=True)
    return {
        "losses": [exact.step().item() for _ in range(count)],
        "asTimed": [timed.step().item() for _ in range(count)],
    }


serve_steps({"python": sys.version.split()[0], "torch": torch.__version__}, losses, timed.step)
