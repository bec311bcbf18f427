"""Opens SavedModels in stock TensorFlow and runs their serving signatures.

usage: predict.py <samples: raw float32> <N,H,W,C> [<model folder> <logits to write: raw float32>]...
Prints a JSON list with what each signature says.
"""

import json
import sys

import numpy as np
import tensorflow as tf


def described(tensors):
    return {name: [spec.dtype.name, spec.shape.as_list()] for name, spec in tensors.items()}


samples, shape, *models = sys.argv[1:]
x = np.fromfile(samples, dtype="<f4").reshape([int(size) for size in shape.split(",")])
answers = []
for folder, out in zip(models[::2], models[1::2]):
    signature = tf.saved_model.load(folder).signatures["serving_default"]
    logits = signature(input=tf.constant(x))["logits"].numpy()
    alone = signature(input=tf.constant(x[:1]))["logits"].numpy()
    logits.astype("<f4").tofile(out)
    answers.append(
        {
            "tensorflow": tf.__version__,
            "inputs": described(signature.structured_input_signature[1]),
            "outputs": described(signature.structured_outputs),
            "alone": float(np.abs(alone - logits[:1]).max()),
        }
    )
print(json.dumps(answers))
