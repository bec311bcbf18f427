// Whoever is sent something over HTTP, for tests: keeps what came, and answers as it is told.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export interface ReceivedRequest {
  readonly path: string
  readonly headers: Record<string, string>
  readonly body: string
}

export interface HttpReceiver {
  readonly url: string
  /** In the order in which they came. */
  readonly heard: ReceivedRequest[]
  /** Statuses of the next answers; 204 once there are no more. */
  readonly answers: number[]
  close(): Promise<void>
}

/** Listens on a free loopback port. */
export async function startHttpReceiver(answers: number[] = []): Promise<HttpReceiver> {
  const heard: ReceivedRequest[] = []
  const server = createServer(async (request, response) => {
    const headers = request.headers as Record<string, string>
    heard.push({ path: request.url ?? '', headers, body: await text(request) })
    response.writeHead(answers.shift() ?? 204).end()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    answers,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
