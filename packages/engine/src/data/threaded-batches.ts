// Batches made ahead of time by loader threads. Slots of shared memory are handed out as they are: nothing is copied.
import { SHARE_ENV, Worker } from 'node:worker_threads'
import { allocateBatches } from './allocate-batches.ts'
import type { BatchPlan, HostBatches } from './batch-source.ts'
import { isFilled, type LoaderMemory } from './loader-task.ts'
import { orderSlots } from './order-slots.ts'
import { sharedIntegers } from './shared-memory.ts'

/** Steps that each thread may be ahead, the one that is being trained on included. */
const SLOTS_PER_THREAD = 3

/** Node runs no TypeScript on its oldest version that counts: from sources, threads run what the build made of them. */
const ENTRY = import.meta.url.endsWith('.ts') ? '../../dist/data/loader-thread.js' : './loader-thread.js'

/** How batches come about; `openBatches` measures and checks around it. */
export interface PreparedBatches {
  /** @throws what a thread has thrown */
  at(step: number): Promise<HostBatches>
  close(): Promise<void>
}

export function threadedBatches(plan: BatchPlan, threads: number): PreparedBatches {
  const memory = allocateMemory(plan, threads)
  const orders = orderSlots(memory)
  const workers = Array.from({ length: threads }, (_, thread) => startThread(plan, memory, thread))
  const waiting = waitingRoom(memory, workers)
  let closed = false
  return {
    at: async (step) => {
      if (waiting.occupied()) throw new Error('the batches of one step must be there before the next are asked for')
      const slot = orders.slotOf(step)
      await waiting.until(() => isFilled(memory, slot))
      return memory.slots[slot] as HostBatches
    },
    close: async () => {
      if (closed) return
      closed = true
      waiting.fail(new Error('the batches have been closed'))
      await Promise.all(workers.map((worker) => worker.terminate()))
    },
  }
}

function allocateMemory(plan: BatchPlan, threads: number): LoaderMemory {
  const count = SLOTS_PER_THREAD * threads
  return {
    slots: Array.from({ length: count }, () => allocateBatches(plan)),
    ordered: sharedIntegers(count),
    steps: sharedIntegers(count),
    filled: sharedIntegers(count),
    bells: sharedIntegers(threads),
    waiting: sharedIntegers(1),
  }
}

function startThread(plan: BatchPlan, memory: LoaderMemory, thread: number): Worker {
  const workerData = { plan, memory, thread }
  return new Worker(new URL(ENTRY, import.meta.url), { workerData, execArgv: [], env: SHARE_ENV })
}

interface WaitingRoom {
  occupied(): boolean
  /** Resolves once `ready` says so; rejects with what a thread has thrown. */
  until(ready: () => boolean): Promise<void>
  /** Makes this and all later waits reject. */
  fail(error: Error): void
}

/** Threads say when a slot is filled only while someone waits, so that nothing crosses over for batches that are ready. */
function waitingRoom(memory: LoaderMemory, workers: readonly Worker[]): WaitingRoom {
  let failure: Error | null = null
  let wake: (() => void) | null = null
  const fail = (error: Error): void => {
    failure ??= error
    wake?.()
  }
  for (const worker of workers) {
    worker.on('message', () => wake?.())
    worker.on('error', fail)
    worker.on('exit', (code) => fail(new Error(`a loader thread has ended by itself, with code ${code}`)))
    // Between waits a process that has nothing left to do may end. A listener added later would hold it again.
    worker.unref()
  }
  const told = async (ready: () => boolean): Promise<void> => {
    Atomics.store(memory.waiting, 0, 1)
    // asked again after `waiting` is set: a slot filled just before is then seen here, one filled after is told of
    while (failure === null && !ready())
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    wake = null
    Atomics.store(memory.waiting, 0, 0)
  }
  return {
    fail,
    occupied: () => wake !== null,
    until: async (ready) => {
      if (failure === null && !ready()) {
        for (const worker of workers) worker.ref()
        await told(ready)
        for (const worker of workers) worker.unref()
      }
      if (failure !== null) throw failure
    },
  }
}
