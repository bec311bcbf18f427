// A teacher as it was on its way: copies of its weights at whole epochs, kept in checkpoints while it trains and in
// folders beside it when it is done.
import { join } from 'node:path'
import type { TrainSpec } from '@stillhouse/spec'
import type { Network } from '../contracts/network.ts'
import { loadLayersModel, type ModelFiles, saveLayersModel } from '../network/layers-model-files.ts'
import { takeWeights } from '../network/take-weights.ts'
import { stepsPerEpoch } from '../train/steps-per-epoch.ts'
import type { JobRun } from './job-run.ts'

/** Epochs after which a copy is taken: every multiple before the end. */
export function snapshotEpochs({ views }: JobRun, train: TrainSpec, every: number): number[] {
  const { steps, epochs = 0, batchSize } = train
  const length = steps === undefined ? epochs : steps / stepsPerEpoch(views.train, batchSize)
  return Array.from({ length: Math.max(0, Math.ceil(length / every) - 1) }, (_, i) => (i + 1) * every)
}

/** Copies the trainee's present weights. */
export function takeSnapshot(snapshot: Network, trainee: Network): void {
  snapshot.variables.forEach((variable, i) => {
    const weights = trainee.variables[i]?.clone()
    if (weights === undefined) return
    variable.assign(weights)
    weights.dispose()
  })
}

const folderOf = (dir: string, { role }: Network) => join(dir, 'snapshots', role.slice(role.lastIndexOf('@') + 1))

export async function saveSnapshots({ tf, dir }: ModelFiles, snapshots: readonly Network[]): Promise<void> {
  for (const snapshot of snapshots) await saveLayersModel({ tf, dir: folderOf(dir, snapshot) }, snapshot.model)
}

/** @throws TrainingError when one is missing or does not fit */
export async function loadSnapshots({ tf, dir }: ModelFiles, snapshots: readonly Network[]): Promise<void> {
  for (const snapshot of snapshots) {
    const model = await loadLayersModel({ tf, dir: folderOf(dir, snapshot) }, snapshot.role)
    takeWeights(tf, snapshot, model)
    model.dispose()
  }
}
