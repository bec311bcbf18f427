// Ties the trainer to its process: the parent, the signals, and errors that nothing else caught.
import { runJob } from '@stillhouse/engine'
import { loadBackend } from './backend.ts'
import { openChannel } from './channel.ts'
import { loadOnnx } from './load-onnx.ts'
import { reportFailure, serve } from './serve.ts'
import { shelves } from './shelves.ts'
import { watchParent } from './watch-parent.ts'

/** @returns the exit code */
export async function runTrainer(): Promise<number> {
  watchParent()
  process.on('disconnect', () => process.exit(1))
  const stop = new AbortController()
  // the worker decides when to stop; a Ctrl-C in a terminal reaches both
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => stop.abort())
  process.on('uncaughtException', crash)
  process.on('unhandledRejection', crash)
  return serve({ ipc: process, loadBackend, runJob: (request) => runJob({ ...request, loadOnnx }), shelves, stop })
}

function crash(error: unknown): void {
  const channel = openChannel(
    process,
    () => {},
    () => {},
  )
  void reportFailure(channel, error).then((code) => process.exit(code))
}
