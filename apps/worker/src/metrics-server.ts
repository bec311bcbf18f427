// Shows the worker's metrics to whoever scrapes them. A worker has no other door, and this one is shut unless asked for.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Registry } from 'prom-client'

export interface MetricsServer {
  readonly url: string
  close(): Promise<void>
}

/** @throws when the port is taken */
export async function serveMetrics(registry: Registry, place: { host: string; port: number }): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    const known = request.url?.split('?')[0] === '/metrics'
    if (!known) return response.writeHead(404).end()
    if (request.method !== 'GET') return response.writeHead(405, { allow: 'GET' }).end()
    return registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      () => response.writeHead(500).end(),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(place.port, place.host, resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://${place.host}:${port}/metrics`,
    close: async () => {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
