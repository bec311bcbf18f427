// The shipped examples as a user sends them: the text of each file, over HTTP, to the API with its shelves; and the
// catalogue that tells users what a job may name. What the jobs come to, `npm run examples` shows.
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Client, createClient } from '@stillhouse/client'
import { dataFormats } from '@stillhouse/data'
import { catalogOf, checkJob } from '@stillhouse/engine'
import { exporters } from '@stillhouse/export'
import { methods } from '@stillhouse/methods'
import { models } from '@stillhouse/models'
import { TASKS } from '@stillhouse/spec'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signatureOf } from '../../apps/api/src/signature-of.ts'
import { KEYS } from '../../apps/api/src/testing/fake-service.ts'
import { createTestApp } from '../../apps/api/src/testing/test-app.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const examples = readdirSync(path.join(root, 'examples'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.yaml'))
  .sort()
const shelf = readdirSync(path.join(root, 'packages/methods/src'))
  .filter((file) => /^[a-z0-9-]+\.ts$/.test(file) && file !== 'index.ts')
  .map((file) => path.basename(file, '.ts'))
const shelves = { methods, models, data: dataFormats, exports: exporters }
const app = createTestApp({
  catalog: catalogOf(shelves),
  checkJob: (spec, kept) => checkJob(spec, shelves, kept),
  signatureOf: (spec) => signatureOf(spec, shelves),
})
let client: Client

beforeAll(async () => {
  const baseUrl = await app.app.listen({ host: '127.0.0.1', port: 0 })
  client = createClient({ baseUrl, apiKey: KEYS.admin })
})
afterAll(async () => {
  expect(app.violations).toEqual([])
  await app.app.close()
})

const textOf = (file: string) => readFileSync(path.join(root, 'examples', file), 'utf8')
const holdsSeveral = (file: string): boolean => /^jobs:/m.test(textOf(file))

describe.each(examples.filter((file) => !holdsSeveral(file)))('the example %s', (file) => {
  it('is queued as it is sent', async () => {
    const { job } = await client.submitJob({ body: textOf(file), contentType: 'application/yaml' })
    expect(job).toMatchObject({ name: path.basename(file, '.yaml'), state: 'queued' })
  })
})

describe.each(examples.filter(holdsSeveral))('the example of several jobs %s', (file) => {
  it('is taken as it is sent', async () => {
    const { jobs } = await client.submitJobGraph({ body: textOf(file), contentType: 'application/yaml' })
    expect(Object.keys(jobs).length).toBeGreaterThan(1)
    for (const [name, job] of Object.entries(jobs)) expect(job).toMatchObject({ name })
  })
})

describe('the catalogue', () => {
  it('lists every method that there is a file of', async () => {
    const { methods: listed } = await client.getCatalog()
    expect(listed.map(({ name }) => name).sort()).toEqual(shelf.sort())
    expect(shelf.length).toBeGreaterThan(25)
  })

  it('gives every method with its tasks, its paper and a closed schema of its parameters', async () => {
    const { methods: listed } = await client.getCatalog()
    for (const { name, title, summary, paper, tasks, parameters } of listed) {
      expect([name, title, summary].every((text) => text.length > 0)).toBe(true)
      expect(tasks.length, name).toBeGreaterThan(0)
      expect(TASKS, name).toEqual(expect.arrayContaining(tasks))
      expect(parameters, name).toMatchObject({ type: 'object', properties: {}, additionalProperties: false })
      // training without a teacher is nobody's method
      if (name !== 'none')
        expect(paper, name).toMatchObject({
          title: expect.stringMatching(/\w/),
          authors: expect.any(String),
          venue: expect.any(String),
          year: expect.any(Number),
        })
    }
  })

  it('has a job schema that knows the parameters of every method', async () => {
    const { jobSchema, methods: listed } = await client.getCatalog()
    const text = JSON.stringify(jobSchema)
    for (const { name, parameters } of listed)
      for (const parameter of Object.keys(parameters['properties'] as object))
        expect(text, `${name}.${parameter}`).toContain(`"${parameter}"`)
  })
})
