// What the methods themselves say about a job, once all else is right.
import type { Fault } from '@stillhouse/spec'
import type { MethodJob } from '../contracts/method.ts'
import { matchesGlob } from '../train/matches-glob.ts'
import { under } from './describe-model.ts'
import type { ResolvedJob } from './resolved-job.ts'

export function methodFaults(job: ResolvedJob): Fault[] {
  const { method } = job
  const view = methodJob(job)
  const used = method.kind === 'plan' ? [method] : method.stages.flatMap(({ terms }) => terms)
  const own = used.flatMap(({ entry, params, path }) =>
    (entry.check?.(params, view) ?? []).map((fault) => under(`${path}/params`, fault)),
  )
  return [...own, ...globFaults(job)]
}

function methodJob({ signature, student, teachers, peers, sources, spec }: ResolvedJob): MethodJob {
  return {
    signature,
    student: student.architecture,
    teachers: teachers.map((teacher) => teacher?.architecture ?? null),
    peers: peers.map(({ architecture }) => architecture),
    batchSize: spec.train.batchSize,
    mixedLabels: spec.train.augment?.mixup !== undefined,
    sources: Object.fromEntries([...sources].map(([name, source]) => [name, source.signature])),
  }
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
