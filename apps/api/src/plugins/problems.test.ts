import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { ApiError } from '@stillhouse/kit'
import { API_ERRORS, type Problem } from '@stillhouse/spec'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { as, createTestApp, type TestApp } from '../testing/test-app.ts'

let t: TestApp
const JOB = '/v1/jobs/00000000-0000-4000-8000-000000000000'

beforeAll(async () => {
  t = createTestApp()
  await t.app.ready()
})
beforeEach(() => {
  t.service.state.failWith = null
  t.log.length = 0
})
afterAll(async () => {
  expect(t.violations).toEqual([])
  await t.app.close()
})

test('a problem document says what, where and which request', async () => {
  const response = await t.app.inject({ url: `${JOB}?`, headers: { ...as('reader'), 'x-request-id': 'my-own.id_1' } })
  expect(response.headers['content-type']).toMatch(/^application\/problem\+json/)
  expect(response.headers['x-request-id']).toBe('my-own.id_1')
  expect(response.json<Problem>()).toEqual({
    type: 'https://stillhouse.dev/errors#job.not_found',
    title: API_ERRORS['job.not_found'].title,
    status: 404,
    code: 'job.not_found',
    detail: expect.stringContaining('There is no job') as string,
    instance: JOB,
    requestId: 'my-own.id_1',
  })
})

test.each(['a b', 'x'.repeat(65), '<script>', ''])('the request id "%s" is replaced', async (id) => {
  const response = await t.app.inject({ url: '/healthz', headers: { 'x-request-id': id } })
  expect(response.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
})

test('what went wrong inside is logged with the request id and not shown', async () => {
  t.service.state.failWith = new Error('column "inner_matters" does not exist')
  const response = await t.app.inject({ url: JOB, headers: as('reader') })
  const problem = response.json<Problem>()
  expect(response.statusCode).toBe(500)
  expect(problem.code).toBe('internal.error')
  expect(response.body).not.toContain('inner_matters')
  const line = t.log.find((entry) => entry.includes('inner_matters'))
  expect(JSON.parse(line ?? '{}')).toMatchObject({ level: 50, requestId: problem.requestId })
})

test('a service that is away for a while says when to come again', async () => {
  t.service.state.failWith = new ApiError('service.unavailable', 'The database does not answer.')
  const response = await t.app.inject({ url: JOB, headers: as('reader') })
  expect(response.statusCode).toBe(503)
  expect(response.headers['retry-after']).toBe('2')
  expect(response.json<Problem>().detail).toBe('The database does not answer.')
})

test.each(['/', '/v1', '/v1/job', '/v1/catalog/', '/v2/jobs', '/v1/jobs/a/b/c', '/favicon.ico'])(
  'the path %s is a 404 for everybody, with and without a body',
  async (url) => {
    for (const options of [
      {},
      { method: 'POST', payload: '{broken', headers: { 'content-type': 'application/json' } },
    ] as const) {
      const response = await t.app.inject({ url, ...options })
      expect(response.statusCode).toBe(404)
      expect(response.json<Problem>().code).toBe('route.not_found')
    }
  },
)

test.each(['/%', '/%zz', '/v1/jobs/%c3%28'])('the path %s cannot be decoded', async (url) => {
  const response = await t.app.inject(url)
  expect(response.statusCode).toBe(400)
  expect(response.headers['content-type']).toMatch(/^application\/problem\+json/)
})

test('a parameter that is far too long is refused', async () => {
  const response = await t.app.inject({ url: `/v1/jobs/${'x'.repeat(5000)}`, headers: as('reader') })
  expect(response.statusCode).toBe(400)
  expect(response.json<Problem>().code).toBe('request.invalid')
})

test('what is no HTTP is answered as a problem too', async () => {
  await t.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = t.app.server.address() as AddressInfo
  const talk = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      let answer = ''
      const socket = connect(port, '127.0.0.1', () => socket.write(text))
      socket.on('data', (chunk) => {
        answer += String(chunk)
      })
      socket.on('close', () => resolve(answer))
      socket.on('error', reject)
    })
  expect(await talk('HELLO\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 .*application\/problem\+json.*"code":"request.invalid"/s)
  expect(await talk(`GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(
    /^HTTP\/1\.1 431 /,
  )
})
