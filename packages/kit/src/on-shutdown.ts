// Graceful end of a process: SIGTERM, SIGINT or the end of a parent that holds an IPC channel run the given steps in
// order, once, within a time limit.
import type { Logger } from './logger.ts'

export interface ShutdownOptions {
  readonly logger: Logger
  /** Milliseconds after which the process exits with 1 even if a step hangs. */
  readonly graceMs: number
}

/** Runs `steps` one after another when the process is asked to stop, then exits; a second signal exits at once. */
export function onShutdown(steps: readonly (() => Promise<void>)[], { logger, graceMs }: ShutdownOptions): void {
  let stopping = false
  const stop = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(1)
    stopping = true
    logger.info({ signal }, 'stopping')
    setTimeout(() => process.exit(1), graceMs).unref()
    void runSteps(steps, logger).then((clean) => process.exit(clean ? 0 : 1))
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  // a child of the local stack must not outlive the stack, however that ended
  if (process.connected) process.on('disconnect', () => stop('SIGTERM'))
}

async function runSteps(steps: readonly (() => Promise<void>)[], logger: Logger): Promise<boolean> {
  let clean = true
  for (const step of steps) {
    try {
      await step()
    } catch (error) {
      clean = false
      logger.error({ err: error }, 'a shutdown step failed')
    }
  }
  return clean
}
