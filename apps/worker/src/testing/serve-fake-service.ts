// The fake service behind real HTTP, as far as workers go.
import { hash, randomUUID } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FakeProblem, type FakeService } from './fake-service.ts'

export interface FakeApi {
  readonly url: string
  /** Every request as `METHOD path`. */
  readonly requests: string[]
  close(): Promise<void>
}

interface Request {
  readonly url: RegExpExecArray
  readonly body: Buffer
}

type Answer = { status: number; body?: unknown; bytes?: Buffer }
type Route = [method: string, path: RegExp, handle: (request: Request) => Promise<Answer>]

export const FAKE_TOKEN = 'token-of-a-worker'

/** Serves `service` on a free loopback port; refuses other tokens. */
export async function serveFakeService(service: FakeService): Promise<FakeApi> {
  const requests: string[] = []
  const routes = routesOf(service)
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    void answer(request, routes).then((result) => send(response, result))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function routesOf({ api }: FakeService): Route[] {
  const json = ({ body }: Request) => JSON.parse(body.toString())
  const ref = ({ url }: Request) => ({ jobId: url[1] ?? '', attempt: Number(url[2]) })
  const done = (): Answer => ({ status: 204 })
  const attempt = '^/v1/jobs/([^/]+)/attempts/(\\d+)'
  return [
    ['POST', /^\/v1\/workers$/, async (r) => ({ status: 201, body: await api.register(json(r)) })],
    [
      'POST',
      /^\/v1\/workers\/([^/]+)\/heartbeat$/,
      async (r) => ({ status: 200, body: await api.heartbeat(r.url[1] ?? '', json(r)) }),
    ],
    ['DELETE', /^\/v1\/workers\/([^/]+)$/, (r) => api.deregister(r.url[1] ?? '').then(done)],
    [
      'POST',
      /^\/v1\/jobs\/([^/]+)\/claim$/,
      async (r) => ({ status: 200, body: await api.claim(r.url[1] ?? '', json(r)) }),
    ],
    ['POST', new RegExp(`${attempt}/reports$`), (r) => api.report(ref(r), json(r)).then(done)],
    ['POST', new RegExp(`${attempt}/checkpoints$`), (r) => api.saveCheckpoint(ref(r), json(r)).then(done)],
    ['POST', new RegExp(`${attempt}/artifacts$`), (r) => api.saveArtifacts(ref(r), json(r)).then(done)],
    [
      'POST',
      new RegExp(`${attempt}/outcome$`),
      async (r) => api.finish(ref(r), json(r)).then(() => ({ status: 200, body: { state: 'succeeded' } })),
    ],
    ['GET', /^\/v1\/teachers\/(\w+)$/, async (r) => ({ status: 200, body: await api.getTeacher(r.url[1] ?? '') })],
    ['PUT', /^\/v1\/teachers\/(\w+)$/, (r) => api.saveTeacher(json(r)).then(done)],
    [
      'GET',
      /^\/v1\/jobs\/([^/]+)\/model$/,
      async (r) => ({ status: 200, body: await api.getJobModel(r.url[1] ?? '') }),
    ],
    [
      'GET',
      /^\/v1\/models\/(\w+)\/files$/,
      async (r) => ({ status: 200, body: await api.getUploadedModel(r.url[1] ?? '') }),
    ],
    ['GET', /^\/v1\/datasets\/(\w+)$/, async (r) => ({ status: 200, body: await api.getDataset(r.url[1] ?? '') })],
    ['HEAD', /^\/v1\/blobs\/(\w+)$/, async (r) => ({ status: (await api.hasBlob(r.url[1] ?? '')) ? 200 : 404 })],
    ['PUT', /^\/v1\/blobs\/(\w+)$/, (r) => viaFile(r.body, (path) => putBlob(api, r, path))],
    [
      'GET',
      /^\/v1\/blobs\/(\w+)$/,
      (r) =>
        viaFile(null, async (path) => {
          await api.getBlob(r.url[1] ?? '', path)
          return { status: 200, bytes: await readFile(path) }
        }),
    ],
  ]
}

async function putBlob(api: FakeService['api'], { url, body }: Request, path: string): Promise<Answer> {
  const sha256 = url[1] ?? ''
  if (hash('sha256', body) !== sha256) throw new FakeProblem(422, 'blob.digest_mismatch')
  await api.putBlob(sha256, path)
  return { status: 201 }
}

/** The fake keeps its content through files, like the real interface of workers. */
async function viaFile(content: Buffer | null, use: (path: string) => Promise<Answer>): Promise<Answer> {
  const path = join(tmpdir(), `stillhouse-fake-${randomUUID()}`)
  try {
    if (content) await writeFile(path, content)
    return await use(path)
  } finally {
    await rm(path, { force: true })
  }
}

async function answer(request: IncomingMessage, routes: readonly Route[]): Promise<Answer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  try {
    if (request.headers.authorization !== `Bearer ${FAKE_TOKEN}`) throw new FakeProblem(401, 'auth.invalid')
    for (const [method, path, handle] of routes) {
      const url = request.method === method ? path.exec(request.url ?? '') : null
      if (url) return await handle({ url, body: Buffer.concat(chunks) })
    }
    throw new FakeProblem(404, 'route.not_found')
  } catch (error) {
    const { status, code, message } =
      error instanceof FakeProblem ? error : new FakeProblem(500, 'internal.error', String(error))
    return { status, body: { type: 'about:blank', title: code, status, code, detail: message } }
  }
}

function send(response: ServerResponse, { status, body, bytes }: Answer): void {
  const type = status < 400 ? 'application/json' : 'application/problem+json'
  response.writeHead(status, body === undefined ? {} : { 'content-type': type })
  response.end(bytes ?? (body === undefined ? undefined : JSON.stringify(body)))
}
