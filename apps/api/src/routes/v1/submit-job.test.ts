import type { Fault, Job, JobState, Problem, Validation } from '@stillhouse/spec'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { as, createTestApp, MINIMAL_JOB, type TestApp } from '../../testing/test-app.ts'

let t: TestApp

beforeAll(async () => {
  t = createTestApp({
    signatureOf: ({ data }) => ({ inputShape: data.name === 'mnist' ? [28, 28, 1] : [8, 8, 1], classes: 10 }),
    checkJob: ({ method }) =>
      method?.name === 'kd'
        ? []
        : [
            {
              path: '/method/name',
              message: 'unknown method',
              expected: 'kd',
              received: method?.name ?? 'none',
              suggestion: 'kd',
            },
          ],
  })
  await t.app.ready()
})
afterAll(async () => {
  expect(t.violations).toEqual([])
  await t.app.close()
})

function post(payload: string | object, headers: Record<string, string> = {}, url = '/v1/jobs') {
  const type = typeof payload === 'string' ? { 'content-type': 'application/json' } : {}
  return t.app.inject({ method: 'POST', url, payload, headers: { ...as('writer'), ...type, ...headers } })
}

const YAML = `
name: tiny
data: {name: mnist}
teacher: {model: cnn, train: {epochs: 1}}
student: {model: mlp}
method: {name: kd}
train: {epochs: 1}
`

test('a job in JSON is queued, and told where it lives', async () => {
  const response = await post(MINIMAL_JOB)
  const job = response.json<Job>()
  expect(response.statusCode).toBe(201)
  expect(response.headers['location']).toBe(`/v1/jobs/${job.id}`)
  expect(response.headers['idempotency-replayed']).toBeUndefined()
  expect(job).toMatchObject({ name: 'tiny', state: 'queued', spec: { teachers: [{ model: 'cnn' }], priority: 50 } })
})

test.each(['application/yaml', 'text/yaml', 'application/x-yaml', 'application/yaml; charset=utf-8'])(
  'a job in YAML is queued when sent as %s',
  async (type) => {
    const response = await post(YAML, { 'content-type': type })
    expect(response.statusCode).toBe(201)
    expect(response.json<Job>().spec.student.model).toBe('mlp')
  },
)

test('the same key and body again answer with the same job', async () => {
  const headers = { 'idempotency-key': 'once-and-only-once' }
  const first = await post(YAML, { ...headers, 'content-type': 'application/yaml' })
  const again = await post(YAML, { ...headers, 'content-type': 'application/yaml' })
  expect([first.statusCode, again.statusCode]).toEqual([201, 200])
  expect(again.headers['idempotency-replayed']).toBe('true')
  expect(again.headers['location']).toBe(first.headers['location'])
  expect(again.json<Job>().id).toBe(first.json<Job>().id)
})

test('the same key with another body, even if only a space differs, is refused', async () => {
  const headers = { 'idempotency-key': 'twice' }
  await post(JSON.stringify(MINIMAL_JOB), headers)
  const response = await post(`${JSON.stringify(MINIMAL_JOB)} `, headers)
  expect(response.statusCode).toBe(422)
  expect(response.json<Problem>().code).toBe('idempotency.mismatch')
})

test.each([
  ['empty', ''],
  ['with a space', 'a b'],
  ['too long', 'x'.repeat(256)],
  ['not ASCII', 'schlüssel'],
])('an Idempotency-Key that is %s is refused', async (_what, key) => {
  const response = await post(MINIMAL_JOB, { 'idempotency-key': key })
  expect(response.statusCode).toBe(400)
  expect(response.json<Problem>().faults).toMatchObject([{ path: '/headers/idempotency-key' }])
})

test('an Idempotency-Key of 255 characters is taken', async () => {
  expect((await post(MINIMAL_JOB, { 'idempotency-key': '~'.repeat(255) })).statusCode).toBe(201)
})

test('every fault of a spec is listed with path, expectation and what came', async () => {
  const response = await post({ ...MINIMAL_JOB, nmae: 1, priority: 1000, train: { epochs: 'many', seed: -1 } })
  const problem = response.json<Problem>()
  expect(response.statusCode).toBe(400)
  expect(response.headers['content-type']).toContain('application/problem+json')
  expect(problem.code).toBe('spec.invalid')
  expect(problem.faults?.map((fault) => fault.path).sort()).toEqual([
    '/nmae',
    '/priority',
    '/train/epochs',
    '/train/seed',
  ])
  expect(problem.faults?.find((fault) => fault.path === '/nmae')).toMatchObject({
    suggestion: 'name',
    received: 'nmae',
  })
  expect(problem.detail).toContain('4 faults')
})

test('what only the shelves know is checked before anything is queued', async () => {
  const before = t.service.jobs.size
  const response = await post({ ...MINIMAL_JOB, method: { name: 'kt' } })
  expect(response.statusCode).toBe(400)
  expect(response.json<Problem>().faults).toMatchObject([{ path: '/method/name', suggestion: 'kd' }])
  expect(t.service.jobs.size).toBe(before)
})

test.each([
  ['broken JSON', '{"name": "tiny",\n "data": }', 'application/json', 'line 2, column 10'],
  ['a duplicate key in JSON', '{"name": "a",\n"name": "b"}', 'application/json', 'line 2, column 1'],
  ['broken YAML', 'name: [tiny\n', 'application/yaml', 'line 2, column 1'],
  ['a duplicate key in YAML', 'name: a\nname: b\n', 'application/yaml', 'line 2, column 1'],
  ['a YAML tag', 'name: !!js/function a\n', 'application/yaml', 'line 1, column 7'],
  ['YAML nested without end', '['.repeat(100_000), 'application/yaml', 'nested too deeply'],
  ['JSON nested without end', '['.repeat(100_000), 'application/json', 'nested too deeply'],
  ['an empty body', '', 'application/json', 'the body is empty'],
  ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22]).toString('latin1'), 'application/json', ''],
])('%s is refused with its place', async (_what, payload, type, place) => {
  const body = place === '' ? Buffer.from(payload, 'latin1') : payload
  const response = await post(body, { 'content-type': type })
  expect(response.statusCode).toBe(400)
  expect(response.json<Problem>()).toMatchObject({ code: 'request.unparsable', status: 400 })
  expect(response.json<Problem>().detail).toContain(place)
})

test('a YAML bomb is refused', async () => {
  const bomb = `a: &a [${Array(50).fill('x').join(',')}]\nb: &b [${Array(50).fill('*a').join(',')}]\nc: [${Array(50).fill('*b').join(',')}]\n`
  const response = await post(bomb, { 'content-type': 'application/yaml' })
  expect(response.statusCode).toBe(400)
  expect(response.json<Problem>().detail).toContain('alias')
})

test.each([
  ['application/json', '{"name": "tiny", "labels": {"__proto__": {"admin": true}}}'],
  ['application/yaml', 'name: tiny\nlabels:\n  __proto__: {admin: true}\n'],
])('a poisoned key in %s is refused with its path', async (type, payload) => {
  const response = await post(payload, { 'content-type': type })
  expect(response.statusCode).toBe(400)
  expect(response.json<Problem>().faults).toMatchObject([{ path: '/labels/__proto__' }])
})

test('text that no database stores is refused', async () => {
  const response = await post({ ...MINIMAL_JOB, description: 'a\0b' })
  expect(response.json<Problem>()).toMatchObject({ status: 400, faults: [{ path: '/description' }] })
})

test('a body with more values than any job has is refused before it is looked at', async () => {
  const response = await post({
    ...MINIMAL_JOB,
    labels: Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [i, 'x'])),
  })
  expect(response.statusCode).toBe(400)
  expect(response.json<Problem>().detail).toContain('too many values')
})

test('a body over a mebibyte is refused', async () => {
  const response = await post({ ...MINIMAL_JOB, description: 'x'.repeat(2 ** 20) })
  expect(response.statusCode).toBe(413)
  expect(response.json<Problem>()).toMatchObject({ code: 'request.too_large', status: 413 })
  expect(response.json<Problem>().detail).toContain('1048576')
})

test.each(['text/plain', 'application/xml', 'application/octet-stream', 'multipart/form-data; boundary=x', 'nonsense'])(
  'a body of type %s is refused, naming the types that are taken',
  async (type) => {
    const response = await post(YAML, { 'content-type': type })
    expect(response.statusCode).toBe(415)
    expect(response.json<Problem>()).toMatchObject({ code: 'request.unsupported_media_type' })
    expect(response.json<Problem>().detail).toContain('application/json or application/yaml')
  },
)

test.each([{ 'content-encoding': 'gzip' }, { 'content-type': 'application/json; charset=iso-8859-1' }])(
  'an encoded body is refused: %o',
  async (headers) => {
    expect((await post(MINIMAL_JOB, { 'content-type': 'application/json', ...headers })).statusCode).toBe(415)
  },
)

test.each(['null', '[]', '5', '"name"'])('a body that is %s and not an object is a faulty spec', async (payload) => {
  const response = await post(payload)
  expect(response.statusCode).toBe(400)
  expect(response.json<Problem>().code).toBe('spec.invalid')
})

test('validation answers with the canonical spec and queues nothing', async () => {
  const before = t.service.jobs.size
  const response = await post(YAML, { 'content-type': 'application/yaml' }, '/v1/jobs/validate')
  expect(response.statusCode).toBe(200)
  expect(response.json<Validation>()).toMatchObject({ valid: true, faults: [], spec: { teachers: [{ model: 'cnn' }] } })
  expect(t.service.jobs.size).toBe(before)
})

test('validation answers with every fault', async () => {
  const response = await post({ ...MINIMAL_JOB, train: {}, gates: { accuraccy: '>= 1' } }, {}, '/v1/jobs/validate')
  expect(response.statusCode).toBe(200)
  const { valid, spec, faults } = response.json<Validation>()
  expect({ valid, spec }).toEqual({ valid: false, spec: null })
  expect(faults.map((fault) => fault.path).sort()).toEqual(['/gates/accuraccy', '/train'])
})

test('faults of the spec and of its shelf entries come in one answer', async () => {
  const response = await post({ ...MINIMAL_JOB, name: 'two words', method: { name: 'kdd' } })
  expect(response.statusCode).toBe(400)
  expect(response.json<Problem>().faults?.map(({ path }) => path)).toEqual(['/name', '/method/name'])
})

describe('a teacher taken from elsewhere', () => {
  const UPLOAD = 'a'.repeat(64)
  const NOBODY = '0190f1c2-7c1e-7000-8000-3d6f5a1b2c4d'
  const { teacher: _, ...REST } = MINIMAL_JOB
  const OTHER_DATA = { ...MINIMAL_JOB, data: { name: 'optdigits' } }

  async function upload(inputShape: number[], outputShape: number[]): Promise<void> {
    const model = { id: UPLOAD, format: 'tfjs-layers', inputShape, outputShape, params: 1, size: 1 } as const
    await t.service.saveModel(model, [])
  }

  test('is not judged by its shapes when it is a graph, which does not tell them', async () => {
    const shapes = { inputShape: [] as number[], outputShape: [] as number[] }
    const graph = { id: 'c'.repeat(64), format: 'onnx' as const, ...shapes, params: 0, size: 1 }
    await t.service.saveModel(graph, [])
    const response = await post({ ...REST, teacher: { from: { upload: graph.id, probabilities: true } } })
    expect(response.statusCode).toBe(201)
  })

  async function jobIn(state: JobState, spec: object = MINIMAL_JOB): Promise<string> {
    const { id } = (await post(spec)).json<Job>()
    t.service.emit(id, { type: 'state', data: { state, attempt: 1 } })
    return id
  }

  /** The faults of a refused job, of which nothing was queued; validation says the same. */
  async function faultsOf(spec: object): Promise<Fault[] | undefined> {
    const before = t.service.jobs.size
    const response = await post(spec)
    expect(response.statusCode).toBe(400)
    expect(t.service.jobs.size).toBe(before)
    const { code, faults } = response.json<Problem>()
    const validation = (await post(spec, {}, '/v1/jobs/validate')).json<Validation>()
    expect({ code, validation }).toEqual({ code: 'spec.invalid', validation: { valid: false, spec: null, faults } })
    return faults
  }

  test('is refused when its upload does not exist', async () => {
    expect(await faultsOf({ ...REST, teacher: { from: { upload: 'b'.repeat(64) } } })).toEqual([
      {
        path: '/teacher/from/upload',
        message: 'there is no such uploaded model',
        expected: 'the id of a model sent to POST /v1/models',
        received: 'b'.repeat(64),
      },
    ])
  })

  test.each([
    [[8, 8, 1], [10], 'inputs [8, 8, 1] and outputs [10]'],
    [[28, 28, 1], [7], 'inputs [28, 28, 1] and outputs [7]'],
  ])('is refused when its upload takes %j and answers %j', async (inputShape, outputShape, received) => {
    await upload(inputShape, outputShape)
    expect(await faultsOf({ ...REST, teacher: { from: { upload: UPLOAD } } })).toEqual([
      {
        path: '/teacher/from/upload',
        message: 'the model does not fit the data',
        expected: 'inputs [28, 28, 1] and outputs [10]',
        received,
      },
    ])
  })

  test('is refused when its job does not exist', async () => {
    expect(await faultsOf({ ...REST, teacher: { from: { job: NOBODY } } })).toMatchObject([
      { path: '/teacher/from/job', message: 'there is no such job', received: NOBODY },
    ])
  })

  test.each(['failed', 'cancelled'] as const)('is refused when its job has %s', async (state) => {
    const job = await jobIn(state)
    expect(await faultsOf({ ...REST, teacher: { from: { job } } })).toMatchObject([
      { path: '/teacher/from/job', message: 'waits in vain', received: state },
    ])
  })

  test.each(['blocked', 'queued', 'dispatched', 'running'] as const)(
    'is waited for when its job is %s',
    async (state) => {
      const job = await jobIn(state)
      expect((await post({ ...REST, teacher: { from: { job } } })).statusCode).toBe(201)
    },
  )

  test.each(['queued', 'succeeded'] as const)('is refused when its job, which is %s, does not fit', async (state) => {
    const job = await jobIn(state, { ...OTHER_DATA, export: [{ format: 'saved-model' }] })
    expect(await faultsOf({ ...REST, teacher: { from: { job } } })).toMatchObject([
      { path: '/teacher/from/job', message: 'the job did not export a model that can teach' },
    ])
  })

  test.each(['running', 'succeeded'] as const)(
    'is refused when its job, %s, learns data of another shape',
    async (state) => {
      const job = await jobIn(state, OTHER_DATA)
      expect(await faultsOf({ ...REST, teacher: { from: { job } } })).toMatchObject([
        {
          path: '/teacher/from/job',
          expected: 'inputs [28, 28, 1] and outputs [10]',
          received: 'inputs [8, 8, 1] and outputs [10]',
        },
      ])
    },
  )

  test('is called by its number where several are listed, after the faults of the spec', async () => {
    const teachers = [{ from: { job: NOBODY } }, MINIMAL_JOB.teacher, { from: { upload: 'b'.repeat(64) } }]
    const faults = await faultsOf({ ...REST, name: 'two words', method: { name: 'kdd' }, teachers })
    expect(faults?.map(({ path }) => path)).toEqual([
      '/name',
      '/method/name',
      '/teachers/0/from/job',
      '/teachers/2/from/upload',
    ])
  })

  test('is taken when it fits', async () => {
    await upload([28, 28, 1], [10])
    const teachers = [{ from: { upload: UPLOAD } }, { from: { job: await jobIn('succeeded') } }]
    expect((await post({ ...REST, teachers })).statusCode).toBe(201)
  })

  test('is no fault of the caller when the service cannot look for it', async () => {
    t.service.state.failWith = new Error('the database is away')
    const response = await post({ ...REST, teacher: { from: { job: NOBODY } } }, {}, '/v1/jobs/validate')
    t.service.state.failWith = null
    expect(response.statusCode).toBe(500)
  })
})

describe('a job that waits for others', () => {
  const NOBODY = '0190f1c2-7c1e-7000-8000-3d6f5a1b2c4d'

  test('names them by their ids, in short or with what it asks of them', async () => {
    const { id } = (await post(MINIMAL_JOB)).json<Job>()
    const response = await post({ ...MINIMAL_JOB, after: [id] })
    expect(response.statusCode).toBe(201)
    expect(response.json<Job>().spec.after).toEqual([{ job: id, condition: 'succeeded', otherwise: 'fail' }])
  })

  test('is refused where it was written when there is no such job, together with its other faults', async () => {
    const faults = async (spec: object) => (await post(spec)).json<Problem>().faults?.map(({ path }) => path)
    expect(await faults({ ...MINIMAL_JOB, after: [NOBODY, { job: NOBODY.replace(/d$/, 'e') }] })).toEqual([
      '/after/0',
      '/after/1/job',
    ])
    expect(await faults({ ...MINIMAL_JOB, after: [NOBODY], name: 'two words' })).toEqual(['/name', '/after/0'])
    expect(await faults({ ...MINIMAL_JOB, after: ['teacher'], name: 'two words' })).toEqual(['/name', '/after/0'])
    const response = await post({ ...MINIMAL_JOB, after: [NOBODY] }, {}, '/v1/jobs/validate')
    expect(response.json<Validation>()).toMatchObject({ valid: false, faults: [{ path: '/after/0' }] })
  })
})
