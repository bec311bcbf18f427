import type { Job } from '@stillhouse/spec'
import { type JobSpec, parseJobSpec } from '@stillhouse/spec'
import { expect, test } from 'vitest'
import { teacherSourceFaults } from './teacher-source-faults.ts'
import { MINIMAL_JOB } from './testing/test-app.ts'

const ID = '0190f1c2-7c1e-7000-8000-3d6f5a1b2c4d'

function specOf(change: object): JobSpec {
  const { teacher: _, ...rest } = MINIMAL_JOB
  const parsed = parseJobSpec({ ...rest, ...change })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults))
  return parsed.spec
}

/** Faults of a job that is taught by a succeeded job with these exports. */
function faultsAfter(exports: object[]) {
  const teaching = { state: 'succeeded', spec: specOf({ teacher: MINIMAL_JOB.teacher, export: exports }) } as Job
  const service = { getJob: async () => teaching } as never
  const signatureOf = () => ({ inputShape: [28, 28, 1], classes: 10 })
  return teacherSourceFaults(specOf({ teacher: { from: { job: ID } } }), { service, signatureOf })
}

test('a job that exported no LayersModel cannot teach', async () => {
  expect(await faultsAfter([{ format: 'saved-model' }, { format: 'saved-model', name: 'tfjs-layers' }])).toEqual([
    {
      path: '/teachers/0/from/job',
      message: 'the job did not export a model that can teach',
      expected: 'a job with an export of the format tfjs-layers',
      received: 'exports saved-model, saved-model',
    },
  ])
})

test.each([
  [[{ format: 'tfjs-layers' }]],
  [[{ format: 'saved-model' }, { format: 'tfjs-layers', name: 'browser' }]],
  [[{ format: 'tfjs-layers', params: { weights: 'uint8' } }]],
])('a job that exported %j can teach', async (exports) => {
  expect(await faultsAfter(exports)).toEqual([])
})
