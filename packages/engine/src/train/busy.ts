// Passes a long computation's progress on as signs of life.
import type { PredictProgress } from '../evaluate/predict-logits.ts'
import type { BusyEvent, BusyWork } from './train-events.ts'

/** Yields one event per step of `pass`. @returns what `pass` returns */
export async function* busy<T>(
  place: { readonly stage: string; readonly work: BusyWork },
  pass: AsyncGenerator<PredictProgress, T>,
): AsyncGenerator<BusyEvent, T> {
  for (;;) {
    const next = await pass.next()
    if (next.done === true) return next.value
    yield { type: 'busy', ...place, ...next.value }
  }
}
