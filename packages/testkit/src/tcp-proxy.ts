// A wire between a client and a server that tests can make go dead: the connections stay open and carry nothing,
// which is what a lost route or a silently failed-over server looks like. No error ever reaches the client.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface TcpProxy {
  readonly port: number
  /** Connections that are open now go dead for good; ones opened later work. */
  blackHole(): void
  /** Connections that are open now and all later ones go dead. */
  cut(): void
  /** Closes every connection and the port. */
  close(): Promise<void>
}

/** Forwards a free loopback port to `targetPort` on 127.0.0.1. */
export async function startTcpProxy(targetPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  const alive = new Set<Socket>()
  let dead = false
  const server = createServer((client) => {
    const upstream = connect(targetPort, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      if (!dead) alive.add(socket)
      socket.on('error', () => socket.destroy())
    }
    forward(client, upstream)
    forward(upstream, client)
  })
  const forward = (from: Socket, to: Socket): void => {
    from.on('data', (chunk) => alive.has(from) && to.write(chunk))
    from.on('close', () => {
      sockets.delete(from)
      if (alive.has(from)) to.destroy()
    })
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    blackHole: () => alive.clear(),
    cut() {
      alive.clear()
      dead = true
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
