// No ghosts: a trainer must end with its worker, even while it is inside a native call and its event loop stands still.
// A thread that loads nothing looks at the parent's process id; when the parent dies the system gives us another one.
import { Worker } from 'node:worker_threads'

const EVERY_MS = 500

// text rather than a file, so that the same code runs from source and built
const WATCH = `
const { workerData } = require('node:worker_threads')
setInterval(() => {
  if (process.ppid !== workerData.parent) process.kill(process.pid, 'SIGKILL')
}, workerData.everyMs)
`

/** Kills this process within about half a second of its parent's end. */
export function watchParent(parent: number = process.ppid): void {
  const watcher = new Worker(WATCH, {
    eval: true,
    workerData: { parent, everyMs: EVERY_MS },
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 2 },
  })
  watcher.unref()
}
