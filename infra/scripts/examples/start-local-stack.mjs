// `stillhouse up` in a folder of its own: the same processes as a user starts, and nothing of it left afterwards.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { ROOT } from '../setup/paths.mjs'

/** @returns {Promise<{url: string, apiKey: string, stop(): Promise<void>}>} */
export async function startLocalStack() {
  const home = mkdtempSync(path.join(tmpdir(), 'stillhouse-examples-'))
  // the embedded PostgreSQL runs as another user when root starts it, so the folder must be open to it
  chmodSync(home, 0o755)
  const state = path.join(home, 'state')
  const up = spawn(process.execPath, [path.join(ROOT, 'apps/cli/bin/stillhouse.js'), 'up', '--json'], {
    cwd: home,
    env: { ...process.env, STILLHOUSE_HOME: state },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(up, 'exit')
  const stop = async () => {
    up.kill('SIGTERM')
    await ended
    rmSync(home, { recursive: true, force: true })
  }
  try {
    await firstLine(up.stdout)
    const { url, apiKey } = JSON.parse(readFileSync(path.join(state, 'credentials.json'), 'utf8'))
    return { url, apiKey, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** @param {NodeJS.ReadableStream} stream */
async function firstLine(stream) {
  for await (const line of createInterface({ input: stream })) if (line !== '') return line
  throw new Error('`stillhouse up` ended before the stack ran; what it said stands above.')
}
