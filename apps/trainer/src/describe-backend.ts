// What this trainer runs on: recorded with each attempt, shown by `stillhouse doctor` and in the list of workers.
import { cpus, totalmem } from 'node:os'
import type { Device, TrainerVersions } from '@stillhouse/spec'
import type { Backend } from './backend.ts'
import { detectOneDnn } from './detect-onednn.ts'
import { listGpus } from './list-gpus.ts'

/** Versions and devices as TensorFlow uses them, not as the machine has them. */
export function describeBackend(backend: Backend): TrainerVersions {
  return {
    node: process.versions.node,
    tensorflow: backend.tensorflow,
    tfjs: backend.tf.version.tfjs,
    oneDnn: detectOneDnn(),
    cuda: backend.usesGpu,
    devices: [...(backend.usesGpu ? listGpus() : []), cpu()],
  }
}

function cpu(): Device {
  return {
    kind: 'cpu',
    name: cpus()[0]?.model.trim() || process.arch,
    memoryGb: Math.round((totalmem() / 2 ** 30) * 10) / 10,
  }
}
