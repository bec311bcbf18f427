import { expect, test } from 'vitest'
import { ApiProblem } from './api-problem.ts'
import { ApiUnreachable } from './api-unreachable.ts'
import { createClient } from './create-client.ts'
import type { ClientOptions } from './send.ts'

interface Seen {
  method: string
  url: string
  headers: Headers
  body: string
}

/** A client whose network is this function. */
function clientOn(
  answer: (request: Request, signal: AbortSignal) => Response | Promise<Response>,
  options: Partial<ClientOptions> = {},
) {
  const seen: Seen[] = []
  const fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init)
    seen.push({
      method: request.method,
      url: request.url,
      headers: request.headers,
      body: await request.clone().text(),
    })
    // not request.signal: nothing holds the request while it waits, so its signal may be collected and never fire
    return answer(request, init?.signal ?? request.signal)
  }
  return { client: createClient({ baseUrl: 'http://api.test/base/', apiKey: 'k', fetch, ...options }), seen }
}

const json = (value: unknown, init?: ResponseInit): Response => Response.json(value, init)
const PROBLEM = {
  type: 'https://stillhouse.dev/errors#job.not_found',
  title: 'There is no such job',
  status: 404,
  code: 'job.not_found',
  detail: 'There is no job x.',
  faults: [{ path: '/x', message: 'm', expected: 'e', received: 'r' }],
}
const problem = (): Response => json(PROBLEM, { status: 404, headers: { 'content-type': 'application/problem+json' } })

test('requests carry the key and go below the base URL', async () => {
  const { client, seen } = clientOn(() => json({ items: [], nextCursor: null }))
  await client.listJobs({ labels: ['team=red', 'x=a b'], limit: 5 })
  expect(seen[0]?.url).toBe('http://api.test/base/v1/jobs?limit=5&label=team%3Dred&label=x%3Da%20b')
  expect(seen[0]?.headers.get('authorization')).toBe('Bearer k')
})

test('a job is sent as JSON, or as the text that it is', async () => {
  const { client, seen } = clientOn(() =>
    json({ id: 'x' }, { status: 200, headers: { 'idempotency-replayed': 'true' } }),
  )
  const spec = {
    name: 'tiny',
    data: { name: 'mnist' },
    student: { model: 'mlp' },
    method: { name: 'none' },
    train: { epochs: 1 },
  }
  expect(await client.submitJob(spec, { idempotencyKey: 'once' })).toEqual({ job: { id: 'x' }, replayed: true })
  expect(JSON.parse(seen[0]?.body ?? '')).toEqual(spec)
  expect(seen[0]?.headers.get('idempotency-key')).toBe('once')
  await client.submitJob({ body: 'name: tiny\n', contentType: 'application/yaml' })
  expect(seen[1]).toMatchObject({ method: 'POST', body: 'name: tiny\n' })
  expect(seen[1]?.headers.get('content-type')).toBe('application/yaml')
  expect(seen[1]?.headers.get('idempotency-key')).toBeNull()
})

test('a problem document becomes an error that reads well and knows all', async () => {
  const { client } = clientOn(problem)
  const error = await client.getJob('x').catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ApiProblem)
  expect(error).toMatchObject({
    message: 'There is no job x.',
    status: 404,
    code: 'job.not_found',
    faults: PROBLEM.faults,
  })
})

test('an answer of something in between becomes an error too', async () => {
  const { client } = clientOn(() => new Response('<h1>Bad Gateway</h1>', { status: 502, statusText: 'Bad Gateway' }))
  await expect(client.getJob('x')).rejects.toMatchObject({
    code: 'http.502',
    message: expect.stringContaining('502 Bad Gateway: <h1>Bad Gateway</h1>') as string,
  })
})

test('no answer is an error that names the URL and the reason', async () => {
  const { client } = clientOn(() => {
    throw new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED 127.0.0.1:1') })
  })
  const error = await client.getCatalog().catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(ApiUnreachable)
  expect(String(error)).toContain('http://api.test/base does not answer: connect ECONNREFUSED 127.0.0.1:1')
  expect(await client.isReady()).toBe(false)
})

/** Never answers, but hears the signal. */
function silence(_request: Request, signal: AbortSignal): Promise<Response> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason))
  })
}

test('a call that changes nothing survives a kept connection that was just closed; a submission is not repeated', async () => {
  let calls = 0
  const { client } = clientOn(() => {
    calls += 1
    if (calls === 1) throw new TypeError('fetch failed', { cause: new Error('other side closed') })
    return json({ id: 'x' })
  })
  expect(await client.getJob('x')).toEqual({ id: 'x' })
  calls = 0
  await expect(client.cancelJob('x')).rejects.toBeInstanceOf(ApiUnreachable)
  expect(calls).toBe(1)
})

test('an answer that does not begin in time is no answer', async () => {
  const { client } = clientOn(silence, { timeoutMs: 20 })
  await expect(client.getJob('x')).rejects.toThrow('no answer to GET http://api.test/base/v1/jobs/x within 0.02 s')
})

test("a caller's signal ends a call with its own reason", async () => {
  const { client } = clientOn(silence)
  const reason = new Error('changed my mind')
  await expect(client.getJob('x', { signal: AbortSignal.timeout(10) })).rejects.toMatchObject({ name: 'TimeoutError' })
  await expect(client.getJob('x', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
})

test('paths of artifacts and ids are escaped piece by piece', async () => {
  const { client, seen } = clientOn(() => new Response('x', { headers: { 'content-length': '1' } }))
  await client.downloadArtifact('a/b', 'export/x y/m#1.json')
  expect(seen[0]?.url).toBe('http://api.test/base/v1/jobs/a%2Fb/artifacts/export/x%20y/m%231.json')
})

test('content that is there already is not sent', async () => {
  const { client, seen } = clientOn(() => new Response(null, { status: 200 }))
  let cancelled = false
  const content = new ReadableStream<Uint8Array<ArrayBuffer>>({
    cancel: () => {
      cancelled = true
    },
  })
  expect(await client.uploadBlob('ab', content)).toBe('present')
  expect(seen.map((request) => request.method)).toEqual(['HEAD'])
  expect(cancelled).toBe(true)
})

test('other content is sent as bytes', async () => {
  const { client, seen } = clientOn(({ method }) =>
    method === 'HEAD' ? problem() : new Response(null, { status: 201 }),
  )
  expect(await client.uploadBlob('ab', new TextEncoder().encode('weights'))).toBe('stored')
  expect(seen[1]).toMatchObject({ method: 'PUT', url: 'http://api.test/base/v1/blobs/ab', body: 'weights' })
  expect(seen[1]?.headers.get('content-type')).toBe('application/octet-stream')
})

test('a model is sent as tfjs sends it', async () => {
  let form = new FormData()
  const { client } = clientOn(async (request) => {
    form = await request.formData()
    return json({ id: 'm' }, { status: 201 })
  })
  await client.uploadModel({ json: '{}', weights: new Uint8Array([1, 2, 3]) })
  expect([...form.keys()]).toEqual(['model.json', 'model.weights.bin'])
  expect((form.get('model.weights.bin') as File).size).toBe(3)
})

test('an error answer to HEAD, which has a type but no body, keeps its status', async () => {
  const headers = { 'content-type': 'application/problem+json; charset=utf-8' }
  const missing = clientOn(() => new Response(null, { status: 404, headers }))
  expect(await missing.client.hasBlob('0'.repeat(64))).toBe(false)
  const broken = clientOn(() => new Response(null, { status: 503, headers }))
  await expect(broken.client.hasBlob('0'.repeat(64))).rejects.toMatchObject({ name: 'ApiProblem', status: 503 })
})

test('a data set is sent as a form of files, each opened when its turn comes', async () => {
  const opened: string[] = []
  const { client, seen } = clientOn(() => json({ id: 'd' }, { status: 201 }))
  const answered = await client.uploadDataset([
    { path: 'a "b".csv', content: new TextEncoder().encode('1,2') },
    {
      path: 'é/c',
      content: () => {
        opened.push('é/c')
        return new Blob(['3'])
      },
    },
  ])
  expect(answered).toEqual({ dataset: { id: 'd' }, isNew: true })
  expect(opened).toEqual(['é/c'])
  const boundary = /boundary=(.+)$/.exec(seen[0]?.headers.get('content-type') ?? '')?.[1]
  const part = (name: string, text: string) =>
    `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="file"\r\n` +
    `Content-Type: application/octet-stream\r\n\r\n${text}\r\n`
  expect(seen[0]?.body).toBe(`${part('a %22b%22.csv', '1,2')}${part('é/c', '3')}--${boundary}--\r\n`)
})

test('a file that cannot be opened ends the upload of its data set', async () => {
  const { client } = clientOn(() => json({ id: 'd' }))
  const content = () => Promise.reject(new Error('no such file'))
  await expect(client.uploadDataset([{ path: 'a', content }])).rejects.toThrow()
})
