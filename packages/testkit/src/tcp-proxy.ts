// A wire between clients and servers that tests can make go dead: the connections stay open and carry nothing, which is
// what a lost route or a silently failed-over server looks like. No error ever reaches the client. With several servers
// it is the balancer in front of replicas: every connection goes to the next one that takes it.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface TcpProxy {
  readonly port: number
  /** Connections that are open now go dead for good; ones opened later work. */
  blackHole(): void
  /** Connections that are open now and all later ones go dead. */
  cut(): void
  /** After `cut`: connections opened from now on work. */
  mend(): void
  /** Closes every connection and the port. */
  close(): Promise<void>
}

/** Forwards a free loopback port to the ports that `targets` names, on 127.0.0.1; asked anew for every connection. */
export async function startTcpProxy(targets: number | (() => readonly number[])): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  const alive = new Set<Socket>()
  let dead = false
  let turn = 0
  const nextTargets = (): readonly number[] => {
    if (typeof targets === 'number') return [targets]
    const ports = targets()
    turn += 1
    return ports.map((_, i) => ports[(turn + i) % ports.length] as number)
  }
  const take = (socket: Socket): void => {
    sockets.add(socket)
    if (!dead) alive.add(socket)
    socket.on('error', () => socket.destroy())
  }
  const server = createServer({ pauseOnConnect: true }, (client) => {
    take(client)
    client.on('close', () => sockets.delete(client))
    connectFirst(nextTargets(), (upstream) => {
      if (upstream === undefined || client.destroyed) {
        upstream?.destroy()
        return void client.destroy()
      }
      take(upstream)
      forward(client, upstream)
      forward(upstream, client)
      client.resume()
    })
  })
  const forward = (from: Socket, to: Socket): void => {
    from.on('data', (chunk) => alive.has(from) && to.write(chunk))
    from.on('close', () => {
      sockets.delete(from)
      if (alive.delete(from)) to.destroy()
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
    mend() {
      dead = false
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The first of the ports that takes a connection; undefined when none does. */
function connectFirst([port, ...others]: readonly number[], done: (upstream: Socket | undefined) => void): void {
  if (port === undefined) {
    done(undefined)
    return
  }
  const upstream = connect(port, '127.0.0.1')
  const refused = (): void => connectFirst(others, done)
  upstream.once('error', refused)
  upstream.once('connect', () => {
    upstream.off('error', refused)
    done(upstream)
  })
}
