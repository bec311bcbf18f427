// From `start` to the end of the process: the trainer works, the relay carries, the watchdog watches, and whoever
// holds the attempt's strings may pull them.
import type { Outcome } from '@stillhouse/spec'
import type { AttemptRun } from './attempt-run.ts'
import { decideOutcome } from './decide-outcome.ts'
import { folderSize } from './folder-size.ts'
import { residentBytes } from './process-facts.ts'
import { createRelay } from './relay-messages.ts'
import { trainerLimits } from './trainer-limits.ts'
import { trainerRights } from './trainer-rights.ts'
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
    rights: trainerRights(claim.spec, scratch.work),
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
    ...trainerLimits(claim.spec.resources, settings),
    diskBytes: settings.scratchBytes,
    writtenBytes: () => folderSize(scratch.work),
    stuckMs: settings.watchdogMs,
    everyMs: WATCH_EVERY_MS,
    residentBytes: () => residentBytes(trainer.pid),
    onBite: (bite, detail) => {
      bitten = detail
      logger.warn({ bite, detail }, 'the watchdog ends a trainer')
      punish(run, bite, detail)
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
  const { dataRoots, teacherCacheDir: cacheDir, teacherCacheBytes: cacheBytes } = settings
  const folders = { scratch: scratch.work, checkpoint, dataFolders, dataRoots, cacheDir, cacheBytes }
  trainer.send({ type: 'start', jobId, attempt, spec, ...folders })
  const end = await trainer.ended
  watchdog.stop()
  await relay.settled()
  return decideOutcome({
    said: relay.lastMessage(),
    end,
    stopReason: control.stopReason(),
    stopWords: control.stopWords(),
    bite: bitten,
  })
}

/** A job that takes too long keeps what it has; one that grows too large has to go before the machine does. */
function punish({ control, trainer }: AttemptRun, bite: Bite, detail: string): void {
  if (bite === 'timeout') control.stop('timeout', detail)
  else if (bite === 'memory' || bite === 'disk') trainer.kill(bite)
  else trainer.terminate('watchdog')
}
