// From `start` to the end of the process: the trainer works, the relay carries, the watchdog watches, and whoever
// holds the attempt's strings may pull them.
import type { Outcome, ResourcesSpec } from '@stillhouse/spec'
import type { AttemptRun } from './attempt-run.ts'
import { decideOutcome } from './decide-outcome.ts'
import { residentBytes } from './process-facts.ts'
import { createRelay } from './relay-messages.ts'
import { type Bite, startWatchdog } from './watchdog.ts'

/** How long a trainer may take to exit after its last message. */
const EXIT_GRACE_MS = 5000
const WATCH_EVERY_MS = 500

/**
 * Runs the claimed job in `run.trainer`, which is ready.
 * @param checkpoint folder to resume from, or null
 * @returns the outcome, when everything that the trainer announced is stored
 * @throws what made an upload or a report hopeless
 */
export async function conductTrainer(run: AttemptRun, checkpoint: string | null): Promise<Outcome> {
  const { api, batcher, claim, control, dataFolders, logger, metrics, scratch, settings, trace, trainer } = run
  const watchStep = metrics.watchSteps()
  let bitten: string | null = null
  const relay = createRelay({
    api,
    batcher,
    logger,
    trace,
    attempt: claim.attempt,
    models: scratch.models,
    send: trainer.send,
    onWaiting: (waits) => watchdog.setWaiting(waits),
    onFailure: () => trainer.kill(),
    onLastMessage: () => {
      trace.stagesEnd()
      watchdog.stop()
      const exit = setTimeout(() => trainer.kill(), EXIT_GRACE_MS)
      void trainer.ended.then(() => clearTimeout(exit))
    },
  })
  const watchdog = startWatchdog({
    ...limits(claim.spec.resources),
    stuckMs: settings.watchdogMs,
    everyMs: WATCH_EVERY_MS,
    residentBytes: () => residentBytes(trainer.pid),
    onBite: (bite, detail) => {
      bitten = detail
      logger.warn({ bite, detail }, 'the watchdog ends a trainer')
      punish(run, bite)
    },
  })
  trainer.attach({
    onMessage: (message) => {
      watchdog.alive()
      if (message.type === 'progress') {
        trace.stage(message.progress.stage)
        watchStep(message.progress)
      }
      relay.handle(message)
    },
    onLine: (line) => batcher.addLog('warn', line),
  })
  batcher.failed.addEventListener('abort', () => trainer.kill())
  control.stopping.addEventListener('abort', trainer.stop)
  const { jobId, attempt, spec } = claim
  const { teacherCacheDir: cacheDir, teacherCacheBytes: cacheBytes } = settings
  const folders = { scratch: scratch.work, checkpoint, dataFolders, cacheDir, cacheBytes }
  trainer.send({ type: 'start', jobId, attempt, spec, ...folders })
  const end = await trainer.ended
  watchdog.stop()
  await relay.settled()
  return decideOutcome({ said: relay.lastMessage(), end, stopReason: control.stopReason(), bite: bitten })
}

function limits({ timeoutMinutes, memoryGb }: ResourcesSpec): { timeoutMs: number | null; memoryBytes: number | null } {
  return {
    timeoutMs: timeoutMinutes === undefined ? null : timeoutMinutes * 60_000,
    memoryBytes: memoryGb === undefined ? null : memoryGb * 2 ** 30,
  }
}

/** A job that takes too long keeps what it has; one that grows too large has to go before the machine does. */
function punish({ control, trainer }: AttemptRun, bite: Bite): void {
  if (bite === 'timeout') control.stop('timeout')
  else if (bite === 'memory') trainer.kill('memory')
  else trainer.terminate('watchdog')
}
