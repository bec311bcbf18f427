import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { AddressRefused } from './outside.ts'
import { postOutside } from './post-outside.ts'

const { lookup } = vi.hoisted(() => ({ lookup: vi.fn() }))
vi.mock('node:dns', async (original) => ({ ...(await original<typeof import('node:dns')>()), lookup }))

let server: Server
let port: number
let connections: number
let heard: { method?: string | undefined; url?: string | undefined; body: string }[]
let answer: (request: IncomingMessage) => { status: number; headers?: Record<string, string> } | null

beforeEach(async () => {
  heard = []
  connections = 0
  answer = () => ({ status: 204 })
  server = createServer(async (request, response) => {
    heard.push({ method: request.method, url: request.url, body: await text(request) })
    const said = answer(request)
    if (said !== null) response.writeHead(said.status, said.headers).end()
  })
  server.on('connection', () => {
    connections += 1
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
  resolveTo('127.0.0.1')
})
afterEach(() => {
  server.closeAllConnections()
  server.close()
})

/** What the name of the URL stands for, question by question; the last answer stays. */
function resolveTo(...addresses: string[]): void {
  const left = [...addresses]
  lookup.mockReset()
  lookup.mockImplementation((_name: string, _options: object, done: (error: null, found: object[]) => void) => {
    done(null, [{ address: left.length > 1 ? left.shift() : left[0], family: 4 }])
  })
}

const post = (allowed: string[], url = `http://hook.example:${port}/a?b=c`) =>
  postOutside({ url, headers: { 'x-test': '1' }, body: '{"ü":1}', allowed, timeoutMs: 300 })

test('a message is posted to where the name leads, and the status is the answer', async () => {
  expect(await post(['127.0.0.1'])).toBe(204)
  expect(heard).toEqual([{ method: 'POST', url: '/a?b=c', body: '{"ü":1}' }])
})

test('an address that is not public is not even connected to, by name or by number', async () => {
  await expect(post([])).rejects.toThrow(AddressRefused)
  await expect(post(['10.0.0.0/8'], `http://127.0.0.1:${port}/`)).rejects.toThrow(AddressRefused)
  expect(connections).toBe(0)
})

test('a name that leads elsewhere at every question is judged at each, and asked once a message', async () => {
  resolveTo('127.0.0.1', '10.0.0.1', '127.0.0.1')
  expect(await post(['127.0.0.1'])).toBe(204)
  expect(lookup).toHaveBeenCalledTimes(1)
  await expect(post(['127.0.0.1'])).rejects.toThrow(AddressRefused)
  expect(lookup).toHaveBeenCalledTimes(2)
  expect(connections).toBe(1)
})

test('one bad address among good ones is enough', async () => {
  lookup.mockImplementation((_name: string, _options: object, done: (error: null, found: object[]) => void) => {
    done(
      null,
      ['93.184.216.34', '127.0.0.1'].map((address) => ({ address, family: 4 })),
    )
  })
  await expect(post([])).rejects.toThrow(AddressRefused)
})

test('a redirect is an answer like any other', async () => {
  answer = () => ({ status: 302, headers: { location: `http://127.0.0.1:${port}/inside` } })
  expect(await post(['127.0.0.1'])).toBe(302)
  expect(heard).toHaveLength(1)
})

test('who does not answer is not waited for', async () => {
  answer = () => null
  await expect(post(['127.0.0.1'])).rejects.toThrow('no answer within 0.3 s')
})
