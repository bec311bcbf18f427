// A loader thread: fills the slots that are its own, the earliest step first, and sleeps while nothing is ordered.
import { parentPort, workerData } from 'node:worker_threads'
import { batchFiller } from './batch-filler.ts'
import type { HostBatches } from './batch-source.ts'
import { isFilled, type LoaderTask, slotsOf } from './loader-task.ts'

const { plan, memory, thread } = workerData as LoaderTask
const own = slotsOf(thread, memory)
const fill = batchFiller(plan)

for (;;) {
  const bell = Atomics.load(memory.bells, thread)
  const slot = nextSlot()
  if (slot === undefined) Atomics.wait(memory.bells, thread, bell)
  else fillSlot(slot)
}

function nextSlot(): number | undefined {
  const open = own.filter((slot) => !isFilled(memory, slot))
  return open.sort((a, b) => Atomics.load(memory.steps, a) - Atomics.load(memory.steps, b))[0]
}

function fillSlot(slot: number): void {
  // Read before the step: a newer order that comes in meanwhile then counts as not filled, and is.
  const order = Atomics.load(memory.ordered, slot)
  fill(Atomics.load(memory.steps, slot), memory.slots[slot] as HostBatches)
  Atomics.store(memory.filled, slot, order)
  if (Atomics.load(memory.waiting, 0) === 1) parentPort?.postMessage(slot)
}
