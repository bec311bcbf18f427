// Mistakes that are made in a job that has none, and what the service has to say about each.
import type { Method } from '@stillhouse/engine'

// biome-ignore lint/suspicious/noExplicitAny: a job as a user writes it, with whatever is wrong with it
export type Written = any
export type Change = (job: Written) => void
/** What is wrong, the method whose example it is done to, the change, and what the fault says: path, expected, received. */
export type Row = readonly [
  what: string,
  slug: string,
  change: Change,
  path: string,
  expected: string,
  received: string,
]

const mlp = { model: 'mlp', params: { hidden: [8] } }
export const trained = { ...mlp, train: { epochs: 1 } }
export const unlabelled = { name: 'npz', params: { path: '/data', shape: [8, 8, 1], trainLabels: false } }
/** What follows from the needs that a method declares, and from the kind of its parameters. */
export function declaredRows({ name, needs, parameters, withoutLabels }: Method): Row[] {
  const { teachers, peers = { min: 0, max: 0 } } = needs
  const row = (when: boolean | undefined, ...rest: [what: string, Change, string, string, string]): Row[] => {
    const [what, ...fault] = rest
    return when === true ? [[what, name, ...fault]] : []
  }
  const batch = needs.batchSize ?? 1
  const pairs = isPairs(parameters.properties['taps'])
  return [
    ...row(teachers.min > 0, 'no teacher', unset('teacher', 'teachers'), '/teachers', `${teachers.min}`, '0'),
    ...row(teachers.max === 0, 'a teacher nobody asks', set({ teacher: trained }), '/teachers', '0 teachers', '1'),
    ...row(peers.min > 0, 'too few peers', unset('peers'), '/peers', `${peers.min} to`, '0'),
    ...row(peers.max === 0, 'a peer nobody trains', set({ peers: [mlp] }), '/peers', '0 peers', '1'),
    ...row(
      needs.trainableTeachers,
      'a trained teacher',
      set({ teacher: trained }),
      '/teacher/trainable',
      'true',
      'false',
    ),
    ...row(
      needs.labels && withoutLabels === undefined,
      'samples without labels',
      set({ data: unlabelled }),
      '/method',
      'training samples with labels',
      'without',
    ),
    ...row(needs.hardLabels, 'mixed labels', augment({ mixup: 0.2 }), '/train/augment/mixup', 'no mixup', '0.2'),
    ...row(batch > 1, 'too small a batch', train({ batchSize: 1 }), '/train/batchSize', `${batch}`, '1'),
    ...row(
      needs.sources !== undefined,
      'a missing data set',
      unset('sources'),
      `/sources/${needs.sources?.[0]}`,
      'data',
      '',
    ),
    ...row(pairs, 'no such tap', taps('stage9', 'stage1'), '/method/params/taps/0/student', 'stage1 [', 'stage9'),
    ...row(pairs, 'a pair of taps twice', twice, '/method/params/taps/1', 'once', ' and '),
  ]
}

const isPairs = (schema: unknown) => (schema as { items?: { properties?: object } })?.items?.properties !== undefined
export const set =
  (fields: object): Change =>
  (job) =>
    void Object.assign(job, fields)
const unset =
  (...fields: string[]): Change =>
  (job) => {
    for (const field of fields) delete job[field]
  }
export const params =
  (fields: object): Change =>
  (job) =>
    void Object.assign(job.method.params, fields)
export const train =
  (fields: object): Change =>
  (job) =>
    void Object.assign(job.train, fields)
const twice: Change = ({ method }) => {
  const [first] = method.params.taps
  method.params.taps = [first, first]
}
export const augment =
  (fields: object): Change =>
  (job) =>
    void Object.assign(job.train, { augment: fields })
export const taps = (student: string, teacher: string): Change => params({ taps: [{ student, teacher }] })

export const upload = {
  id: 'a'.repeat(64),
  format: 'tfjs-layers',
  inputShape: [8, 8, 1],
  outputShape: [7],
  params: 1,
  size: 1,
} as const
export const graph = { ...upload, id: 'b'.repeat(64), format: 'onnx', inputShape: [], outputShape: [] } as const
export const from = (id: string): Change => set({ teacher: { from: { upload: id } } })
export const plain = set({ student: { model: 'cnn', params: { filters: [4, 8] } } })
export const wide = set({ data: { name: 'npz', params: { path: '/data', shape: [8, 6, 1] } } })
export const source =
  (fields: object): Change =>
  (job) =>
    void Object.assign(job.sources.synthetic, fields)
export const FEW_COPIES = set({ teacher: { ...mlp, train: { epochs: 3 }, snapshots: { everyEpochs: 1 } } })
export const both =
  (...changes: Change[]): Change =>
  (job) => {
    for (const change of changes) change(job)
  }
export const draw = (negatives: number) => ({ name: 'crd', params: { negatives } })
export const sum =
  (...terms: object[]): Change =>
  (job) => {
    delete job.method
    job.methods = terms
  }
export const S3 = { s3: 's3://bucket/folder' }
