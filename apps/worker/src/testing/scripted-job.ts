// Job specs for the scripted trainer.
import type { JobSpec, ResourcesSpec, TrainerToWorker } from '@stillhouse/spec'

type WithoutVersion<T> = T extends unknown ? Omit<T, 'version'> : never

/** One action of scripted-trainer.mjs. A `dir` is relative to the scratch folder. */
export type Action =
  | { say: WithoutVersion<TrainerToWorker> }
  | { write: { file: string; text: string } }
  | { sleep: number }
  | { steps: { count: number; everyMs: number } }
  | { fetch: { id: number; reference: unknown } }
  | { echoStart: true }
  | { echoEnv: true }
  | { echoFile: string }
  | { fill: number }
  | { stderr: string }
  | { ignoreSignals: true }
  | { spin: true }
  | { grow: number }
  | { signal: string }
  | { exit: number }

export interface Script {
  readonly run: readonly Action[]
  /** Done instead of the rest of `run` when the trainer is stopped within `steps`. */
  readonly onStop?: readonly Action[]
}

export const DONE: Action = { say: { type: 'done', metrics: { accuracy: 0.9 }, metricSeq: 1 } }

export const SCRIPTED_DATA = { name: 'mnist', balanced: true, seed: 0 }

/** A valid spec whose description the scripted trainer obeys. */
export function scriptedJob(
  script: Script,
  resources: Partial<ResourcesSpec> = {},
  fields: Partial<JobSpec> = {},
): JobSpec {
  return {
    name: 'scripted',
    description: JSON.stringify(script),
    task: 'classification',
    data: SCRIPTED_DATA,
    teachers: [],
    peers: [],
    sources: {},
    student: { model: 'mlp' },
    method: { name: 'none' },
    train: {
      steps: 1,
      batchSize: 1,
      optimizer: { name: 'sgd', learningRate: 0.1 },
      schedule: { name: 'constant' },
      accumulate: 1,
      keep: 'last',
      teacherCache: 'auto',
      seed: 0,
      checkpointSeconds: 20,
      compile: true,
    },
    evaluate: { split: 'test', everyEpochs: 0, baseline: false, batchSize: 1, latencyRuns: 0 },
    gates: {},
    export: [{ format: 'tfjs-layers' }],
    resources: { gpus: 0, labels: {}, attempts: 3, loaderThreads: 1, ...resources },
    priority: 50,
    labels: {},
    ...fields,
  }
}
