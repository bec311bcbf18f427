import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { as, createTestApp, type TestApp } from '../testing/test-app.ts'
import { SECURITY_HEADERS } from './security-headers.ts'

let t: TestApp
let port = 0

beforeAll(async () => {
  t = createTestApp()
  port = Number(new URL(await t.app.listen({ port: 0, host: '127.0.0.1' })).port)
})
afterAll(async () => {
  expect(t.violations).toEqual([])
  await t.app.close()
})

test.each<[string, number, 'GET' | 'DELETE']>([
  ['/healthz', 200, 'GET'],
  ['/v1/jobs', 200, 'GET'],
  ['/v1/jobs?surprise=1', 400, 'GET'],
  ['/nowhere', 404, 'GET'],
  ['/v1/jobs/00000000-0000-4000-8000-000000000000', 404, 'GET'],
  ['/healthz', 405, 'DELETE'],
  ['/v1/%zz', 400, 'GET'],
  [`/v1/jobs/${'a'.repeat(600)}`, 400, 'GET'],
])('%s answers %i with every security header and a request id', async (url, status, method) => {
  const response = await t.app.inject({ method, url, headers: as('reader') })
  expect(response.statusCode).toBe(status)
  expect(response.headers).toMatchObject({ ...SECURITY_HEADERS, 'x-request-id': expect.stringMatching(/^[\w-]{36}$/) })
})

test('the list is the one of helmet, no more and no less', async () => {
  const { headers } = await t.app.inject('/healthz')
  const others = ['x-request-id', 'content-type', 'content-length', 'date', 'connection']
  expect(Object.fromEntries(Object.entries(headers).filter(([name]) => !others.includes(name)))).toEqual(
    SECURITY_HEADERS,
  )
})

test('what is no HTTP request is answered with them too', async () => {
  const socket = connect(port, '127.0.0.1')
  let answer = ''
  socket.on('data', (chunk) => {
    answer += chunk
  })
  socket.write('HELLO\r\n\r\n')
  await once(socket, 'end')
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) expect(answer).toContain(`\r\n${name}: ${value}\r\n`)
  const id = /\r\nX-Request-Id: ([\w-]{36})\r\n/.exec(answer)?.[1]
  expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n')))).toMatchObject({ code: 'request.invalid', requestId: id })
})

test("a caller's own request id is kept if it is harmless, and replaced if not", async () => {
  const idOf = async (id: string) =>
    (await t.app.inject({ url: '/healthz', headers: { 'x-request-id': id } })).headers['x-request-id']
  expect(await idOf('ci-run_17.2')).toBe('ci-run_17.2')
  for (const id of ['<script>', 'a b', 'x'.repeat(65), 'a"b', 'ä']) expect(await idOf(id)).toMatch(/^[0-9a-f-]{36}$/)
})
