// The training thread's side of the slots: which step each is ordered for, in the order in which they will be asked for.
import { type LoaderMemory, slotsOf } from './loader-task.ts'

export interface SlotOrders {
  /**
   * Frees the slots before the one with this step and orders following steps on them; when no slot has it, the threads
   * are aimed anew.
   * @returns the slot that holds the step, or will
   */
  slotOf(step: number): number
}

export function orderSlots(memory: LoaderMemory): SlotOrders {
  const threadOf = new Map(
    [...memory.bells.keys()].flatMap((thread) => slotsOf(thread, memory).map((slot) => [slot, thread] as const)),
  )
  /** Ordered slots; the first is the one last handed out. */
  const queue: number[] = []
  const free = [...memory.slots.keys()]
  let next = 0
  const order = (slot: number): void => {
    Atomics.store(memory.steps, slot, next++)
    Atomics.add(memory.ordered, slot, 1)
    queue.push(slot)
    const thread = threadOf.get(slot) as number
    Atomics.add(memory.bells, thread, 1)
    Atomics.notify(memory.bells, thread)
  }
  return {
    slotOf: (step) => {
      const stepOf = (slot: number | undefined) => (slot === undefined ? step : memory.steps[slot])
      while (stepOf(queue[0]) !== step) free.push(queue.shift() as number)
      if (queue.length === 0) next = step
      for (const slot of free.splice(0)) order(slot)
      return queue[0] as number
    },
  }
}
