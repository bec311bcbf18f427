// Closing ends connections on which no request is under way. Node does so only for those that had one before: a spare
// connection that a client opened in advance (undici does) would hold the server open for a minute.
import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import fp from 'fastify-plugin'

export const orderlyClose = fp(
  async (app) => {
    const idle = new Set<Socket>()
    let closing = false
    const rest = (socket: Socket): void => {
      if (closing) socket.destroySoon()
      else if (!socket.destroyed) idle.add(socket)
    }
    app.server.on('connection', (socket: Socket) => {
      rest(socket)
      socket.once('close', () => idle.delete(socket))
    })
    app.server.on('request', ({ socket }: { socket: Socket }, response: ServerResponse) => {
      idle.delete(socket)
      response.once('close', () => rest(socket))
    })
    app.addHook('preClose', async () => {
      closing = true
      for (const socket of idle) socket.destroy()
    })
  },
  { name: 'orderly-close' },
)
