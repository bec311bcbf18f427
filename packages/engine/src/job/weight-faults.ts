// Patterns over weights that mean nothing, and trainings of a student that would change none of its weights.
import type { Fault, JobSpec, OptimizerSpec, StageSpec } from '@stillhouse/spec'
import type { Architecture } from '../contracts/architecture.ts'
import { matchesGlob } from '../train/matches-glob.ts'
import type { ResolvedJob } from './resolved-job.ts'
import { type TrainedWeight, trainedWeights } from './trained-weights.ts'

export function weightFaults(job: ResolvedJob): Fault[] {
  const known = knownWeights(job)
  const own = ({ optimizer }: Pick<StageSpec, 'optimizer'>, path: string): Fault[] =>
    optimizer === undefined ? [] : groupFaults(optimizer, { path, known, closed: false })
  return [
    ...own(job.spec.train, '/train/optimizer'),
    ...(job.spec.stages ?? []).flatMap((stage, i) => own(stage, `/stages/${i}/optimizer`)),
    ...teacherFaults(job),
    ...(job.method.kind === 'plan' ? [] : stillFaults(job.spec, trainedWeights('student', job.student.architecture))),
  ]
}

/** Of networks whose roles are known at submit; methods may train more beside them. */
function knownWeights({ spec, student, peers, teachers }: ResolvedJob): readonly TrainedWeight[] {
  const several = spec.teachers.length > 1
  return [
    ...trainedWeights('student', student.architecture),
    ...peers.flatMap(({ architecture }, i) => trainedWeights(`peers[${i}]`, architecture)),
    ...spec.teachers.flatMap(({ trainable }, i) => {
      const architecture = teachers[i]?.architecture
      if (trainable !== true || architecture === undefined) return []
      return trainedWeights(several ? `teachers[${i}]` : 'teacher', architecture)
    }),
  ]
}

/** A teacher that is trained here is alone in its training, as `teacher`. */
function teacherFaults({ spec, teachers }: ResolvedJob): Fault[] {
  return spec.teachers.flatMap(({ train }, i) => {
    const architecture: Architecture | undefined = teachers[i]?.architecture
    if (train === undefined || architecture === undefined) return []
    const path = `/teachers/${i}/train/optimizer`
    const known = trainedWeights('teacher', architecture)
    const moved = known.some(({ name }) => !isFrozen(train.optimizer, name))
    return [
      ...groupFaults(train.optimizer, { path, known, closed: true }),
      ...(moved ? [] : [stillFault(`${path}/groups`, 'teacher')]),
    ]
  })
}

interface Patterns {
  /** JSON Pointer of the optimiser. */
  readonly path: string
  readonly known: readonly TrainedWeight[]
  /** Whether nothing else is trained by it. */
  readonly closed: boolean
}

function groupFaults({ groups = [] }: OptimizerSpec, { path, known, closed }: Patterns): Fault[] {
  const expected = `a pattern over ${known
    .slice(0, 20)
    .map(({ name }) => name)
    .join(', ')}${known.length > 20 ? ' …' : ''}`
  return groups.flatMap(({ match }, i) => {
    const matched = known.some(({ name }) => matchesGlob(match, name))
    if (matched || !(closed || isMeantFor(match, known))) return []
    const message = 'no weight matches; patterns are over role/layer/weight'
    return [{ path: `${path}/groups/${i}/match`, message, expected, received: match }]
  })
}

/** Whether a pattern names a known role, forgets the role, or can match no name at all. */
function isMeantFor(match: string, known: readonly TrainedWeight[]): boolean {
  const role = match.split('/')[0]
  const roles = new Set(known.map(({ name }) => name.split('/')[0]))
  const forgets = known.some(
    ({ layer, name }) => matchesGlob(match, layer) || matchesGlob(match, name.slice(name.indexOf('/') + 1)),
  )
  return roles.has(role) || forgets || !/[*/]/.test(match)
}

function stillFaults({ stages, train }: JobSpec, weights: readonly TrainedWeight[]): Fault[] {
  const named = (globs: readonly string[], layer: string) => globs.some((glob) => matchesGlob(glob, layer))
  const runs = stages ?? [{ train: undefined, freeze: undefined, optimizer: undefined }]
  return runs.flatMap(({ train: only, freeze, optimizer = train.optimizer, ...stage }, i) => {
    const left = weights.filter(
      ({ layer }) => (only === undefined || named(only, layer)) && !named(freeze ?? [], layer),
    )
    if (left.some(({ name }) => !isFrozen(optimizer, name))) return []
    const own = 'name' in stage && runs[i]?.optimizer !== undefined ? `/stages/${i}` : '/train'
    const field = freeze === undefined ? 'train' : 'freeze'
    return [stillFault(left.length > 0 ? `${own}/optimizer/groups` : `/stages/${i}/${field}`, 'student')]
  })
}

function isFrozen({ groups = [] }: OptimizerSpec, name: string): boolean {
  return groups.find(({ match }) => matchesGlob(match, name))?.frozen === true
}

function stillFault(path: string, who: string): Fault {
  const message = `every weight of the ${who} stays as it is`
  return { path, message, expected: 'patterns that leave some of its weights to train', received: 'none to train' }
}
