// A page with stock TensorFlow.js and exported models, on loopback: everything a browser needs, and nothing of ours.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
}
const require = createRequire(import.meta.url)

export interface ServedFiles {
  readonly url: string
  close(): Promise<void>
}

/** `/` is the page, `/tf.js` the published bundle, everything else a file below `root`. */
export async function serveFiles(root: string): Promise<ServedFiles> {
  const bundle = path.join(path.dirname(require.resolve('@tensorflow/tfjs/package.json')), 'dist/tf.min.js')
  const own: Readonly<Record<string, string>> = {
    '/': fileURLToPath(new URL('./page.html', import.meta.url)),
    '/tf.js': bundle,
  }
  const server = createServer(async (request, response) => {
    const name = path.posix.normalize(new URL(request.url ?? '/', 'http://localhost').pathname)
    const file = own[name] ?? path.join(root, name)
    try {
      response.setHeader('content-type', TYPES[path.extname(file)] ?? 'application/octet-stream')
      response.end(await readFile(file))
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
