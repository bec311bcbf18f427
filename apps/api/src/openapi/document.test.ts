import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROUTES } from '../routes/index.ts'
import { as, createTestApp, type TestApp } from '../testing/test-app.ts'

interface Operation {
  operationId?: string
  summary?: string
  tags?: string[]
  security?: unknown[]
  parameters?: { name: string; in: string }[]
  responses: Record<string, { description: string; content?: Record<string, { schema?: object }> }>
}

const UNKNOWN = '00000000-0000-4000-8000-000000000000'
let t: TestApp
let document: { openapi: string; paths: Record<string, Record<string, Operation>>; components: { schemas: object } }
let operations: [string, Operation][]

beforeAll(async () => {
  t = createTestApp()
  await t.app.ready()
  document = (await t.app.inject('/openapi.json')).json()
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [`${method} ${path}`, operation]),
  )
})
afterAll(async () => {
  expect(t.violations).toEqual([])
  await t.app.close()
})

test('every public route of the service is documented', () => {
  expect(document.openapi).toBe('3.1.0')
  for (const path of [
    '/v1/jobs',
    '/v1/jobs/validate',
    '/v1/jobs/{id}',
    '/v1/jobs/{id}/cancel',
    '/v1/jobs/{id}/retry',
    '/v1/jobs/{id}/metrics',
    '/v1/jobs/{id}/logs',
    '/v1/jobs/{id}/events',
    '/v1/jobs/{id}/artifacts',
    '/v1/jobs/{id}/artifacts/{path}',
    '/v1/catalog',
    '/v1/workers',
    '/v1/me',
    '/v1/teams',
    '/v1/teams/{name}',
    '/v1/keys',
    '/v1/keys/{id}',
    '/v1/keys/{id}/rotate',
    '/v1/audit',
    '/healthz',
    '/readyz',
    '/metrics',
    '/openapi.json',
  ])
    expect(Object.keys(document.paths)).toContain(path)
})

test('every operation has a name of its own, a summary, tags, security and described responses', () => {
  const ids = operations.map(([, operation]) => operation.operationId)
  expect(new Set(ids).size).toBe(ids.length)
  for (const [route, operation] of operations) {
    expect([route, operation.operationId]).toEqual([route, expect.stringMatching(/^[a-z][A-Za-z]+$/)])
    expect([route, operation.summary, operation.tags?.length]).toEqual([route, expect.any(String), 1])
    expect([route, operation.security]).toEqual([route, expect.any(Array)])
    expect([route, Object.keys(operation.responses).some((status) => /^2/.test(status))]).toEqual([route, true])
    for (const [status, response] of Object.entries(operation.responses))
      expect([route, status, response.description]).toEqual([route, status, expect.stringMatching(/^(?!Default)./)])
  }
})

test('every error response is a problem document, and each route declares the common ones', () => {
  for (const [route, { responses, security }] of operations) {
    const errors = Object.entries(responses).filter(([status]) => Number(status) >= 400)
    for (const [status, { content }] of errors)
      expect([route, status, content?.['application/problem+json']?.schema]).toEqual([
        route,
        status,
        { $ref: '#/components/schemas/Problem' },
      ])
    const common = ['400', '500', '503', ...((security?.length ?? 0) > 0 ? ['401', '403'] : [])]
    expect([route, Object.keys(responses)]).toEqual([route, expect.arrayContaining(common)])
  }
})

test('every route refuses a query parameter that it does not document', async () => {
  for (const [route] of operations) {
    const [method = '', path = ''] = route.split(' ')
    const url = path
      .replace(/\{(id)\}(?=\/files|$)/, /\/(models|datasets)\//.test(path) ? 'a'.repeat(64) : UNKNOWN)
      .replace('{id}', UNKNOWN)
      .replace('{name}', 'red')
      .replace(/\{(key|sha256)\}/, 'a'.repeat(64))
      .replace('{attempt}', '1')
      .replace('{path}', 'a.txt')
    const response = await t.app.inject({
      method: method.toUpperCase() as 'GET',
      url: `${url}?surprise=1`,
      headers: as('admin'),
    })
    expect([route, response.statusCode]).toEqual([route, 400])
    if (method === 'get') expect([route, response.body]).toEqual([route, expect.stringContaining('surprise')])
  }
})

test('every path parameter is declared, and only those', () => {
  for (const [route, { parameters = [] }] of operations) {
    const named = [...route.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
    expect([route, parameters.filter((one) => one.in === 'path').map((one) => one.name)]).toEqual([route, named])
  }
})

test('every reference leads somewhere, and no marker is left', () => {
  const text = JSON.stringify(document)
  for (const [, name = ''] of text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g))
    expect(Object.keys(document.components.schemas)).toContain(name)
  expect(text.match(/"\$ref":"(?!#\/components\/schemas\/)/)).toBeNull()
  expect(text).not.toContain('x-schema')
})

test('docs/openapi.json is what the service serves', () => {
  const file = new URL('../../../../docs/openapi.json', import.meta.url)
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(document)
})

test('every file of routes is in the list of routes', () => {
  const folder = new URL('../routes/', import.meta.url)
  const files = readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !/(index|parameters)\.ts$/.test(name))
  expect(files).toHaveLength(ROUTES.length)
})

test('a route that says too little about itself stops the start', async () => {
  const other = createTestApp()
  other.app.register(async (app) => {
    app.get('/v1/quiet', { schema: { operationId: 'quiet', tags: ['jobs'] } }, async () => 'hello')
  })
  await expect(other.app.ready()).rejects.toThrow(
    'The route GET /v1/quiet does not say summary, response, config.access.',
  )
})

test('the page at /docs brings its own policy, the API forbids everything', async () => {
  const page = await t.app.inject('/docs/')
  expect(page.body).toContain('swagger-ui')
  expect(page.headers['content-security-policy']).toContain("script-src 'self'")
  expect(page.headers['content-security-policy']).not.toContain('upgrade-insecure-requests')
  expect((await t.app.inject('/docs/json')).json()).toEqual(document)
  expect((await t.app.inject('/healthz')).headers['content-security-policy']).toContain("default-src 'none'")
})
