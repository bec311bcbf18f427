"""Part 3's job in torchdistill: its registries, its configuration file, its distillation box, and the loop of its examples.

torchdistill 1.1.5 keeps no teacher outputs. The cached variant shows what its users can add: a data set wrapper that hands
the outputs along with each sample, and a forward procedure that takes them from there. Usage: torchdistill_job.py <settings>
"""

import json
import os
import sys
import tempfile
from pathlib import Path
from string import Template

import numpy as np
import torch
from answer import answer
from torch import nn
from torch.utils.data import DataLoader, Subset
from torch_network import Network
from torchdistill.common.yaml_util import load_yaml_file
from torchdistill.core.distillation import get_distillation_box
from torchdistill.core.interfaces.registry import register_forward_proc_func
from torchdistill.datasets.registry import register_dataset_wrapper
from torchdistill.datasets.wrapper import BaseDatasetWrapper
from torchdistill.models.registry import get_model, register_model

settings = json.loads(Path(sys.argv[1]).read_text())
torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
torch.manual_seed(1)
cpu = torch.device("cpu")


@register_model
def bench_network(architecture: dict) -> nn.Module:
    network = Network(architecture, same=architecture["role"] == "teacher")
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
    return network


@register_dataset_wrapper
class KeptOutputs(BaseDatasetWrapper):
    def __init__(self, org_dataset, file: str) -> None:
        super().__init__(org_dataset)
        self.outputs = torch.from_numpy(np.load(file))

    def __getitem__(self, index):
        sample, target, supplement = super().__getitem__(index)
        supplement["teacher"] = self.outputs[index]
        return sample, target, supplement


@register_forward_proc_func
def recall_outputs(model, sample_batch, targets=None, supp_dict=None, **kwargs):
    return supp_dict["teacher"]


def read_layers_model(folder: Path) -> dict[str, np.ndarray]:
    """The weights of a tfjs LayersModel, `layer/weight` → array."""
    manifest = json.loads((folder / "model.json").read_text())["weightsManifest"]
    specs = [spec for group in manifest for spec in group["weights"]]
    data = b"".join((folder / Path(path).name).read_bytes() for group in manifest for path in group["paths"])
    values, found, at = np.frombuffer(data, np.float32), {}, 0
    for spec in specs:
        size = int(np.prod(spec["shape"]))
        found["/".join(spec["name"].split("/")[-2:])] = values[at : at + size].reshape(spec["shape"])
        at += size
    return found


def load_config() -> dict:
    template = Template((Path(__file__).parent / "torchdistill.yaml").read_text())
    workers = settings["workers"]
    wrapper = "{key: 'KeptOutputs', kwargs: {file: '%s'}}" % settings["outputs"]
    names = {
        **settings,
        "persistent": workers > 0,
        "wrapper": wrapper if settings["cached"] else "null",
        "teacherForward": "recall_outputs" if settings["cached"] else "forward_batch_only",
    }
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(template.substitute(names))
        file.flush()
        return load_yaml_file(file.name)


def load_networks() -> tuple[nn.Module, nn.Module]:
    described = json.loads(Path(settings["networks"]).read_text())
    teacher, student = (
        get_model("bench_network", architecture={**described[role], "role": role}) for role in ("teacher", "student")
    )
    return teacher.load(read_layers_model(Path(settings["teacher"]))), student


@torch.no_grad()
def evaluate(network: nn.Module, loader: DataLoader) -> float:
    network.eval()
    hits = sum((network(x).argmax(1) == y).sum().item() for x, y, *_ in loader)
    return hits / len(loader.dataset)


@torch.no_grad()
def keep_outputs(teacher: nn.Module, dataset) -> None:
    """Before the clock starts: a fresh process that finds them makes the run that counts."""
    teacher.eval()
    loader = DataLoader(dataset, batch_size=500)
    np.save(settings["outputs"], torch.cat([teacher(x) for x, _ in loader]).numpy())


def train(box) -> None:
    for epoch in range(box.num_epochs):
        box.pre_epoch_process(epoch=epoch)
        for sample_batch, targets, supp_dict in box.train_data_loader:
            loss = box.forward_process(sample_batch, targets, supp_dict)
            box.post_forward_process(loss=loss)
            loss.item()
        box.post_epoch_process()


def main() -> None:
    answer({"type": "ready"})
    config = load_config()
    datasets = config["datasets"]
    for name, size in (("mnist/train", settings["samples"]), ("mnist/test", settings["testSamples"])):
        datasets[name] = Subset(datasets[name], range(size))
    teacher, student = load_networks()
    if "--keep-outputs" in sys.argv:
        keep_outputs(teacher, datasets["mnist/train"])
        answer({"type": "done", "metrics": {}})
        return
    teacher.eval()
    box = get_distillation_box(teacher, student, datasets, config["train"], cpu, None, False, 1)
    train(box)
    metrics = {
        "accuracy": evaluate(student, box.val_data_loader),
        "teacher.accuracy": evaluate(teacher, box.val_data_loader),
    }
    torch.save(student.state_dict(), Path(sys.argv[1]).with_suffix(".pt"))
    answer({"type": "done", "metrics": metrics})


if __name__ == "__main__":
    main()
