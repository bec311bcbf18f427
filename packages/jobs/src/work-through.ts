// Works through a list for a limited time, so that a caller hears of what is done before it loses patience.

/** Answers how many were worked on, in order: at least one where there is one. */
export async function workThrough<T>(
  items: readonly T[],
  forMs: number,
  work: (item: T) => Promise<void>,
  now: () => number = Date.now,
): Promise<number> {
  const deadline = now() + forMs
  let done = 0
  for (const item of items) {
    if (done > 0 && now() >= deadline) break
    await work(item)
    done += 1
  }
  return done
}
