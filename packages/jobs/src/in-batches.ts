// One piece of work for many calls: what comes while some is under way is taken together by the next. Nothing is kept, so
// no answer is older than its question.
import { ApiError } from '@stillhouse/kit'

interface Call<I, O> {
  readonly input: I
  readonly resolve: (output: O) => void
  readonly reject: (error: unknown) => void
}

export interface BatchOptions {
  /** Inputs of one piece of work. */
  readonly most: number
  /** Pieces of work under way at a time. */
  readonly atOnce: number
}

/**
 * Hands `work` the inputs of all calls that wait; it starts after they came and answers in their order. When it fails with
 * several, each is tried alone, so that none fails for another's sake; not so with an ApiError, which is meant for all.
 */
export function inBatches<I, O>(
  work: (inputs: readonly I[]) => Promise<readonly O[]>,
  { most, atOnce }: BatchOptions,
): (input: I) => Promise<O> {
  const waiting: Call<I, O>[] = []
  let running = 0
  const workThrough = async (): Promise<void> => {
    while (waiting.length > 0) await answer(work, waiting.splice(0, most))
    running -= 1
  }
  return (input) =>
    new Promise((resolve, reject) => {
      waiting.push({ input, resolve, reject })
      if (running === atOnce) return
      running += 1
      // not at once: more may come out of what this process has just received
      setImmediate(() => void workThrough())
    })
}

async function answer<I, O>(
  work: (inputs: readonly I[]) => Promise<readonly O[]>,
  calls: readonly Call<I, O>[],
): Promise<void> {
  try {
    const outputs = await work(calls.map(({ input }) => input))
    for (const [i, { resolve }] of calls.entries()) resolve(outputs[i] as O)
  } catch (error) {
    if (calls.length > 1 && !(error instanceof ApiError)) await Promise.all(calls.map((call) => answer(work, [call])))
    else for (const { reject } of calls) reject(error)
  }
}
