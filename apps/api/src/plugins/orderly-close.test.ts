import { get } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { createTestApp, type TestApp } from '../testing/test-app.ts'

async function listening(): Promise<{ t: TestApp; port: number }> {
  const t = createTestApp()
  await t.app.listen({ host: '127.0.0.1', port: 0 })
  return { t, port: (t.app.server.address() as AddressInfo).port }
}

const connected = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket))
    socket.on('error', reject)
  })

const closed = (socket: Socket): Promise<unknown> => new Promise((resolve) => socket.once('close', resolve).resume())

test('connections that never asked, and those that have their answer, do not hold up the end', async () => {
  const { t, port } = await listening()
  const sockets = await Promise.all([connected(port), connected(port)])
  sockets[1].write('GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n')
  await new Promise((resolve) => sockets[1].once('data', resolve))
  const ends = sockets.map(closed)
  const started = performance.now()
  await t.app.close()
  await Promise.all(ends)
  expect(performance.now() - started).toBeLessThan(2000)
})

test('a request under way is answered before the end', async () => {
  const { t, port } = await listening()
  let answer: (value: { database: boolean; queue: boolean; artifacts: boolean }) => void = () => undefined
  const asked = new Promise<void>((resolve) => {
    t.service.ready = () =>
      new Promise((resolveReady) => {
        answer = resolveReady
        resolve()
      })
  })
  const status = new Promise((resolve, reject) => {
    const request = get({ port, host: '127.0.0.1', path: '/readyz', agent: false }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    request.on('error', reject)
  })
  await asked
  const closing = t.app.close()
  setTimeout(() => answer({ database: true, queue: true, artifacts: true }), 50)
  expect(await status).toBe(200)
  await closing
})
