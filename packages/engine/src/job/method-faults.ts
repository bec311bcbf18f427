// What the methods themselves say about a job, once all else is right.
import type { Fault, TeacherSpec } from '@stillhouse/spec'
import type { MethodJob } from '../contracts/method.ts'
import type { JobFault, ParamFault } from '../contracts/shelf.ts'
import { matchesGlob } from '../train/matches-glob.ts'
import { under } from './describe-model.ts'
import type { ResolvedJob } from './resolved-job.ts'

export function methodFaults(job: ResolvedJob): Fault[] {
  const { method } = job
  const view = methodJob(job)
  const used = method.kind === 'plan' ? [method] : method.stages.flatMap(({ terms }) => terms)
  const own = used.flatMap(({ entry, params, path }) =>
    (entry.check?.(params, view) ?? []).map((fault) => placed(`${path}/params`, fault)),
  )
  return [...own, ...globFaults(job)]
}

/** A fault of the parameters below them, another where it says. */
function placed(params: string, fault: ParamFault | JobFault): Fault {
  if (!('in' in fault)) return under(params, fault)
  const { in: _, ...rest } = fault
  return rest
}

function methodJob({ signature, student, teachers, known, peers, sources, spec }: ResolvedJob): MethodJob {
  return {
    signature,
    student: student.architecture,
    teachers: teachers.map((teacher, i) => teacher?.architecture ?? known[i]?.architecture ?? null),
    teacherTraits: spec.teachers.map((teacher, i) => ({
      snapshots: snapshotsOf(teacher),
      foreign: known[i]?.foreign === true,
    })),
    peers: peers.map(({ architecture }) => architecture),
    batchSize: spec.train.batchSize,
    mixedLabels: spec.train.augment?.mixup !== undefined,
    sources: Object.fromEntries(
      [...sources].map(
        ([
          name,
          {
            signature: own,
            spec: { limit },
          },
        ]) => [name, { ...own, ...(limit && { limit }) }],
      ),
    ),
  }
}

/** Every multiple of the interval before the end; with `train.steps` the size of the data decides how many those are. */
function snapshotsOf({ snapshots, train }: TeacherSpec): number | null {
  if (snapshots === undefined) return 0
  if (train?.epochs === undefined) return null
  return Math.max(0, Math.ceil(train.epochs / snapshots.everyEpochs) - 1)
}

/** A pattern that matches no layer is a slip of the pen. */
function globFaults({ spec, student }: ResolvedJob): Fault[] {
  const layers = student.architecture.layers.map(({ name }) => name)
  return (spec.stages ?? []).flatMap((stage, i) =>
    (['train', 'freeze'] as const).flatMap((field) =>
      (stage[field] ?? []).flatMap((glob, k) =>
        layers.some((layer) => matchesGlob(glob, layer))
          ? []
          : [
              {
                path: `/stages/${i}/${field}/${k}`,
                message: 'no layer of the student matches',
                expected: `a pattern over ${layers.slice(0, 40).join(', ')}${layers.length > 40 ? ' …' : ''}`,
                received: glob,
              },
            ],
      ),
    ),
  )
}
