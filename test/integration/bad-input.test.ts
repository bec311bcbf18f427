// Jobs with one mistake, sent to the API over HTTP with the shelves that it ships: each is refused with the path of the
// mistake and what is needed there. The jobs are the shipped examples, so that nothing else is wrong with them.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Client, createClient } from '@stillhouse/client'
import { dataFormats } from '@stillhouse/data'
import { catalogOf, checkJob } from '@stillhouse/engine'
import { exporters } from '@stillhouse/export'
import { methods } from '@stillhouse/methods'
import { models } from '@stillhouse/models'
import type { Fault } from '@stillhouse/spec'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { signatureOf } from '../../apps/api/src/signature-of.ts'
import { KEYS } from '../../apps/api/src/testing/fake-service.ts'
import { createTestApp } from '../../apps/api/src/testing/test-app.ts'
import { BAD_JOBS } from './support/bad-jobs.ts'
import {
  both,
  type Change,
  declaredRows,
  graph,
  type Row,
  set,
  taps,
  trained,
  upload,
  type Written,
} from './support/mistakes.ts'

const folder = fileURLToPath(new URL('../../examples/methods/', import.meta.url))
const shelves = { methods, models, data: dataFormats, exports: exporters }
const app = createTestApp({
  catalog: catalogOf(shelves),
  checkJob: (spec, kept) => checkJob(spec, shelves, kept),
  signatureOf: (spec) => signatureOf(spec, shelves),
})
let client: Client

beforeAll(async () => {
  client = createClient({
    baseUrl: await app.app.listen({ host: '127.0.0.1', port: 0 }),
    apiKey: KEYS.admin,
  })
  for (const model of [upload, graph])
    await app.service.saveModel(
      { ...model, inputShape: [...model.inputShape], outputShape: [...model.outputShape] },
      [],
    )
})
afterAll(async () => {
  expect(app.violations).toEqual([])
  await app.app.close()
})

function withMistake(slug: string, change: Change): Written {
  const job = parse(readFileSync(path.join(folder, `${slug}.yaml`), 'utf8'))
  change(job)
  return job
}

async function faultsOf(slug: string, change: Change): Promise<Fault[]> {
  return [...(await client.validateJob(withMistake(slug, change))).faults]
}

async function expectRefused([, slug, change, at, expected, received]: Row): Promise<void> {
  const faults = await faultsOf(slug, change)
  const fault = faults.find((one) => one.path === at)
  expect(fault, JSON.stringify(faults)).toMatchObject({
    message: expect.stringMatching(/\w{3}/),
    expected: expect.stringContaining(expected),
    received: expect.stringContaining(received),
  })
}

const names = readdirSync(folder).map((file) => path.basename(file, '.yaml'))
const shown = methods.filter(({ name }) => names.includes(name))

describe.each(shown.map((method) => [method.name, method] as const))('a job for %s', (name, method) => {
  const rows = [...declaredRows(method), ...BAD_JOBS.filter(([, slug]) => slug === name)]

  it('is taken as it is in the examples', async () => {
    expect(await faultsOf(name, () => undefined)).toEqual([])
  })

  it.each(rows)('is refused with %s', async (...row) => {
    await expectRefused(row)
  })
})

describe('a bad job', () => {
  it('is thought of for every method that there is an example of', () => {
    const known = new Set([...shown.flatMap(declaredRows), ...BAD_JOBS].map(([, slug]) => slug))
    expect([...known].sort()).toEqual(shown.map(({ name }) => name).sort())
  })

  it('is refused by its submission as by its validation, and nothing is queued', async () => {
    const job = withMistake('rco', set({ teacher: trained }))
    const { faults } = await client.validateJob(job)
    const refused = { status: 400, code: 'spec.invalid', faults }
    await expect(client.submitJob(job)).rejects.toMatchObject(refused)
    expect(app.service.jobs.size).toBe(0)
  })
})

describe('a teacher of another job', () => {
  it('has the layers of its network as taps, which are known at submit', async () => {
    const { job } = await client.submitJob(withMistake('at', () => undefined))
    app.service.emit(job.id, { type: 'state', data: { state: 'succeeded', attempt: 1 } })
    const teacher = { from: { job: job.id } }
    const [fault] = await faultsOf('at', set({ teacher }))
    expect(fault).toMatchObject({ path: '/method/params/taps/0/teacher', expected: expect.stringContaining('layer') })
    expect(await faultsOf('at', both(set({ teacher }), taps('stage1', 'stage1-pool')))).toEqual([])
    app.service.jobs.clear()
  })
})
