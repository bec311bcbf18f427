// What asks for labels in a job whose training samples have none.
import type { Fault, JobSpec } from '@stillhouse/spec'
import type { Method } from '../contracts/method.ts'
import type { Signature } from '../contracts/shelf.ts'
import { under } from './describe-model.ts'
import type { ResolvedMethod } from './resolve-method.ts'
import type { ResolvedJob } from './resolved-job.ts'

/** Empty where every data set has labels, or nothing reads those that are missing. */
export function labelFaults({ spec, signature, sources, method }: ResolvedJob): Fault[] {
  const learning = usedMethods(method).flatMap(readingFaults)
  const missing = [...sources].filter(([, source]) => isUnlabelled(source.signature)).map(([name]) => name)
  return [
    ...(isUnlabelled(signature) ? [...learning, ...jobFaults(spec)] : []),
    ...(learning.length === 0 ? [] : missing.map(sourceFault)),
  ]
}

const isUnlabelled = ({ trainLabels }: Signature) => trainLabels === false

const LABELLED = 'training samples with labels'
const NONE = 'a data set without them'

interface UsedMethod {
  readonly entry: Method
  readonly params: unknown
  readonly path: string
  /** Whether cross-entropy with the labels is added to it. */
  readonly labels: boolean
}

function usedMethods(method: ResolvedMethod): readonly UsedMethod[] {
  if (method.kind === 'plan') return [{ ...method, labels: false }]
  return method.stages.flatMap(({ terms, labels }) => terms.map((term) => ({ ...term, labels })))
}

/** Why a method cannot do without labels; none where it can. */
function readingFaults({ entry, params, path, labels }: UsedMethod): Fault[] {
  const { name, needs } = entry
  const byClass = 'draws' in entry && entry.draws?.(params).negatives?.from === 'otherClasses'
  if (labels || byClass || (needs.labels && entry.withoutLabels === undefined)) {
    const message = `the method ${name} learns from labels, and the training samples have none`
    return [{ path, message, expected: `${LABELLED}, or a method that reads none`, received: NONE }]
  }
  return (entry.withoutLabels?.(params) ?? []).map((fault) => under(`${path}/params`, fault))
}

function sourceFault(name: string): Fault {
  return { path: `/sources/${name}`, message: 'the method reads labels', expected: LABELLED, received: NONE }
}

/** Parts of a job beside its method. */
function jobFaults({ data, train, evaluate, teachers }: JobSpec): Fault[] {
  const wants: readonly (readonly [when: boolean, path: string, what: string, instead: string])[] = [
    [data.validation !== undefined, '/data/validation', 'samples that are held out are scored by their labels', 'none'],
    [data.labelNoise !== undefined, '/data/labelNoise', 'there are no labels to change', 'none'],
    [
      data.limit !== undefined && data.balanced,
      '/data/balanced',
      'a limit cannot draw equal shares of classes that are not known',
      'false',
    ],
    [train.earlyStopping !== undefined, '/train/earlyStopping', 'there is no labelled validation split', 'none'],
    [train.augment?.mixup !== undefined, '/train/augment/mixup', 'mixup mixes labels', 'no mixup'],
    [evaluate.baseline, '/evaluate/baseline', 'the control learns from labels alone', 'false'],
    ...teachers.map(
      ({ train: own }, i) =>
        [own !== undefined, `/teachers/${i}/train`, 'a teacher trained here learns from labels', 'from'] as const,
    ),
  ]
  return wants
    .filter(([when]) => when)
    .map(([, path, message, instead]) => ({ path, message, expected: `${instead}, or ${LABELLED}`, received: NONE }))
}
