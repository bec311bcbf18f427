// The jobs of the chaos run: real distillations on real data that take a few seconds, of several kinds – plain, with
// taps, with two stages, with several players – so that a fault may hit any shape of checkpoint.

const TEACHER = { model: 'mlp', params: { hidden: [64] }, train: { steps: 60, batchSize: 64, checkpointSeconds: 0.3 } }

/** @param {string} name @param {Record<string, unknown>} varied @param {Record<string, unknown>} [trained] */
const job = (name, varied, trained = {}) => ({
  name,
  data: { name: 'optdigits' },
  teacher: TEACHER,
  student: { model: 'mlp', params: { hidden: [16] } },
  method: { name: 'kd' },
  evaluate: { everyEpochs: 0, latencyRuns: 0 },
  resources: { attempts: 20 },
  ...varied,
  train: {
    steps: 500,
    batchSize: 64,
    optimizer: { name: 'adam', learningRate: 0.003 },
    augment: { shift: 1, noise: 0.05 },
    seed: 1,
    checkpointSeconds: 0.5,
    ...trained,
  },
})

/** Distinct jobs: equal ones give equal models, so one undisturbed run of each is the reference for all its copies. */
export const JOBS = [
  job('plain', {}),
  job('other-seed', {}, { seed: 2 }),
  job('wider', { student: { model: 'mlp', params: { hidden: [24] } } }),
  job('deeper', { student: { model: 'mlp', params: { hidden: [16, 16] } } }),
  job('sgd', {}, { optimizer: { name: 'sgd', learningRate: 0.05, momentum: 0.9 }, seed: 3 }),
  job('relations', { method: { name: 'rkd' } }),
  job('similarity', { method: { name: 'sp', params: { taps: [{ student: 'stage1', teacher: 'stage1' }] } } }),
  job(
    'two-stages',
    { method: { name: 'fitnets', params: { taps: [{ student: 'stage1', teacher: 'stage1' }] } } },
    { steps: 400 },
  ),
  job(
    'peers',
    { method: { name: 'dml' }, teacher: undefined, peers: [{ model: 'mlp', params: { hidden: [12] } }] },
    { steps: 400 },
  ),
  job('weighted', { method: { name: 'wsl' } }, { seed: 4 }),
]

/**
 * @param {number} count
 * @param {number} kinds how many of the distinct jobs are among them
 * @returns {{key: string, kind: number, spec: object}[]} copies of the kinds, in turn. `key` tells copies apart; their specs
 *   are equal, since what is exported says which spec it came from
 */
export function jobList(count, kinds) {
  return Array.from({ length: count }, (_, i) => {
    const kind = i % kinds
    return { key: `chaos-${i + 1}`, kind, spec: /** @type {object} */ (JOBS[kind]) }
  })
}
