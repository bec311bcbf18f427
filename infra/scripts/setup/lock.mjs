// One set-up at a time for one thing: two that start together would download the same wheel twice, or run `npm ci`
// into each other. The lock is a file with the owner's process id; an owner that is gone does not keep it.
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, utimesSync, writeSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const HEARTBEAT_MS = 5_000
const STALE_MS = 60_000
const POLL_MS = 300

/**
 * @template T
 * @param {string} path the lock file
 * @param {{onWait: (owner: string) => void}} options `onWait` is called once when somebody else has the lock
 * @param {() => Promise<T>} run
 * @returns {Promise<T>}
 */
export async function withLock(path, { onWait }, run) {
  mkdirSync(dirname(path), { recursive: true })
  let waiting = false
  while (!tryLock(path)) {
    if (isStale(path)) {
      rmSync(path, { force: true })
      continue
    }
    if (!waiting) onWait(readLock(path)?.pid?.toString() ?? 'another process')
    waiting = true
    await sleep(POLL_MS)
  }
  return holdLock(path, run)
}

/**
 * @template T
 * @param {string} path
 * @param {() => Promise<T>} run
 */
async function holdLock(path, run) {
  const release = () => rmSync(path, { force: true })
  const heartbeat = setInterval(() => touch(path), HEARTBEAT_MS)
  process.on('exit', release)
  try {
    return await run()
  } finally {
    clearInterval(heartbeat)
    process.off('exit', release)
    release()
  }
}

/** @param {string} path */
function tryLock(path) {
  try {
    const file = openSync(path, 'wx')
    writeSync(file, JSON.stringify({ pid: process.pid, host: hostname() }))
    closeSync(file)
    return true
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false
    throw error
  }
}

/**
 * The heartbeat is for owners whose process id means nothing here: in another container, or on another machine.
 * @param {string} path
 */
function isStale(path) {
  const owner = readLock(path)
  if (owner?.host === hostname() && owner.pid && !isAlive(owner.pid)) return true
  const info = statSync(path, { throwIfNoEntry: false })
  return info !== undefined && Date.now() - info.mtimeMs > STALE_MS
}

/**
 * @param {string} path
 * @returns {{pid?: number, host?: string} | undefined} undefined while its owner is still writing it, or when it is gone
 */
function readLock(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM'
  }
}

/** @param {string} path */
function touch(path) {
  try {
    const now = new Date()
    utimesSync(path, now, now)
  } catch {
    // Removed by hand: the work goes on all the same.
  }
}
