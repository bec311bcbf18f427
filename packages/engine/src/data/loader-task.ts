// What the training thread and its loader threads share. The training thread orders steps on slots, a loader thread fills
// its own slots; nobody locks anything, and a late loader never writes into a slot that has been handed out.
import type { BatchPlan, HostBatches } from './batch-source.ts'

/** All but `slots` are counters that only grow, over shared memory, read and written with Atomics. */
export interface LoaderMemory {
  readonly slots: readonly HostBatches[]
  /** Per slot: how often it has been ordered. Written by the training thread, after `steps`. */
  readonly ordered: Int32Array
  /** Per slot: the step that the newest order is for. */
  readonly steps: Int32Array
  /** Per slot: the newest order that has been filled. Written by the loader thread that the slot belongs to. */
  readonly filled: Int32Array
  /** Per thread: raised with every order for it; what an idle thread sleeps on. */
  readonly bells: Int32Array
  /** One number: 1 while the training thread waits and wants to be told of filled slots, else 0. */
  readonly waiting: Int32Array
}

/** What a loader thread is started with. */
export interface LoaderTask {
  readonly plan: BatchPlan
  readonly memory: LoaderMemory
  readonly thread: number
}

/** Every slot has one thread that fills it, so a slot is never written by two. */
export function slotsOf(thread: number, { slots, bells }: LoaderMemory): number[] {
  return [...slots.keys()].filter((slot) => slot % bells.length === thread)
}

/** Whether the newest order of a slot has been filled: until the next order nobody writes to it. */
export function isFilled({ filled, ordered }: LoaderMemory, slot: number): boolean {
  return Atomics.load(filled, slot) === Atomics.load(ordered, slot)
}
