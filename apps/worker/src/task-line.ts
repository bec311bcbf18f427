// Tasks that must not overtake each other; after a failure the rest is skipped.

export interface TaskLine {
  add(task: () => Promise<void>): void
  /** Resolves when the line is empty; rejects with the failure that ended it. */
  settled(): Promise<void>
}

/** @param onFailure called once, when a task fails */
export function createTaskLine(onFailure: () => void): TaskLine {
  let line: Promise<void> = Promise.resolve()
  return {
    add: (task) => {
      const before = line
      line = before.then(async () => {
        try {
          await task()
        } catch (error) {
          onFailure()
          throw error
        }
      })
      // it is handled where `settled` is awaited, which may be much later
      line.catch(() => {})
    },
    settled: () => line,
  }
}
