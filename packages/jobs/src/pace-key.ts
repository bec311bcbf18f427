// Which jobs take equally long per epoch: those that differ in nothing but how long they train and what surrounds that.
import { hash } from 'node:crypto'
import { canonicalJson, type JobSpec } from '@stillhouse/spec'

/** Hex sha256 over what decides the time of a step and the number of steps in an epoch, and the kind of machine. */
export function paceKey({
  data,
  teachers,
  student,
  peers,
  sources,
  method,
  stages,
  train,
  evaluate,
  resources,
}: JobSpec): string {
  const { batchSize, accumulate, augment = null, compile } = train
  const unit = train.epochs === undefined ? 'step' : 'epoch'
  const { gpus, gpuMemoryGb = 0, labels } = resources
  const decisive = { data, teachers, student, peers, sources, method: method ?? null, stages: stages ?? null, evaluate }
  const asked = {
    ...decisive,
    train: { batchSize, accumulate, augment, compile, unit },
    machine: { gpus, gpuMemoryGb, labels },
  }
  return hash('sha256', canonicalJson(asked))
}

/** Epochs, or steps, that the spec asks for. */
export function trainingUnits({ train }: JobSpec): number {
  return train.epochs ?? train.steps ?? 1
}
