"""TensorFlow for Python as a competitor: the step as one tf.function. Usage: tensorflow_worker.py <task folder> <live | cached>"""

import os
import sys

import tensorflow as tf
from answer import serve_steps
from task_files import Task

folder, teacher_mode = sys.argv[1:]
threads = int(os.environ["OMP_NUM_THREADS"])
tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(threads)
task = Task(folder)
settings = task.settings


class Network:
    def __init__(self, role: str) -> None:
        self.architecture = task.networks[role]["architecture"]
        make = tf.constant if role == "teacher" else tf.Variable
        self.weights = {name: make(value) for name, value in task.weights(role).items()}

    def trainable(self) -> list[tf.Variable]:
        return [weight for name, weight in self.weights.items() if "moving_" not in name]

    def __call__(self, x: tf.Tensor, training: bool) -> tf.Tensor:
        values = {"input": x}
        for layer in self.architecture["layers"]:
            values[layer["name"]] = self.call(layer, [values[name] for name in layer["inputs"]], training)
        return values[self.architecture["output"]]

    def call(self, layer: dict, inputs: list[tf.Tensor], training: bool) -> tf.Tensor:
        x, kind, name = inputs[0], layer["type"], layer["name"]
        if kind == "conv2d":
            y = tf.nn.conv2d(x, self.weights[f"{name}/kernel"], layer["stride"], layer["padding"].upper())
            return tf.nn.bias_add(y, self.weights[f"{name}/bias"]) if layer["bias"] else y
        if kind == "batchNorm":
            return self.batch_norm(layer, x, training)
        if kind == "activation":
            return tf.nn.relu(x)
        if kind == "maxPool":
            return tf.nn.max_pool2d(x, layer["size"], layer["stride"], layer["padding"].upper())
        if kind == "globalAvgPool":
            return tf.reduce_mean(x, [1, 2])
        if kind == "flatten":
            return tf.reshape(x, [x.shape[0], -1])
        if kind == "dense":
            return tf.matmul(x, self.weights[f"{name}/kernel"]) + self.weights[f"{name}/bias"]
        if kind == "add":
            return x + inputs[1]
        raise ValueError(f"layer {name}: {kind} is not known here")

    def batch_norm(self, layer: dict, x: tf.Tensor, training: bool) -> tf.Tensor:
        name = layer["name"]
        gamma, beta, mean, variance = (
            self.weights[f"{name}/{part}"] for part in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        if not training:
            statistics = {"mean": mean, "variance": variance, "is_training": False}
            return tf.compat.v1.nn.fused_batch_norm(x, gamma, beta, epsilon=layer["epsilon"], **statistics)[0]
        y, now_mean, now_variance = tf.compat.v1.nn.fused_batch_norm(x, gamma, beta, epsilon=layer["epsilon"])
        momentum = layer["momentum"]
        mean.assign(momentum * mean + (1 - momentum) * now_mean)
        variance.assign(momentum * variance + (1 - momentum) * now_variance)
        return y


teacher, student = Network("teacher"), Network("student")
weights = student.trainable()
velocities = [tf.Variable(tf.zeros_like(weight)) for weight in weights]


@tf.function
def train_step(x: tf.Tensor, y: tf.Tensor, cached: tf.Tensor) -> tf.Tensor:
    temperature, alpha = settings["temperature"], settings["alpha"]
    target = tf.nn.softmax((teacher(x, False) if teacher_mode == "live" else cached) / temperature)
    with tf.GradientTape() as tape:
        logits = student(x, True)
        hard = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
        entropy = tf.nn.softmax_cross_entropy_with_logits(labels=target, logits=logits / temperature)
        own = tf.nn.softmax_cross_entropy_with_logits(labels=target, logits=tf.math.log(target))
        soft = tf.reduce_mean(entropy - own)
        loss = (1 - alpha) * hard + alpha * temperature**2 * soft
    for weight, velocity, gradient in zip(weights, velocities, tape.gradient(loss, weights)):
        tf.raw_ops.ResourceApplyMomentum(
            var=weight.handle,
            accum=velocity.handle,
            lr=settings["learningRate"],
            grad=gradient + settings["weightDecay"] * weight,
            momentum=settings["momentum"],
        )
    return loss


done = 0


def step() -> tf.Tensor:
    global done
    i = done % settings["pool"]
    done += 1
    x, y, logits = (tf.convert_to_tensor(values[i]) for values in (task.x, task.y, task.logits))
    return train_step(x, y, logits)


def losses(count: int) -> dict:
    return {"losses": [float(step()) for _ in range(count)]}


def timed_step() -> None:
    # Asynchronous kernels must end within the step that is timed.
    step().numpy()


serve_steps({"python": sys.version.split()[0], "tensorflow": tf.__version__}, losses, timed_step)
