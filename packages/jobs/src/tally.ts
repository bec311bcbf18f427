// Adds up groups that come again until they are settled.

type Settling<T> = Omit<T, 'settled'> & { readonly settled: boolean }

export interface Tally<T> {
  /**
   * Takes in what was found in the window: what is settled is kept, the rest holds for this answer alone.
   * @returns the sums by label; none is smaller than in the answer before
   */
  enter(rows: readonly Settling<T>[]): T[]
}

export interface TallyFields<T> {
  /** What tells the sums apart. */
  readonly labels: readonly (keyof T & string)[]
  /** What is added up; other fields are left out. */
  readonly numbers: readonly (keyof T & string)[]
}

type Sums = Record<string, unknown> & Record<string, number>

export function createTally<T extends object>({ labels, numbers }: TallyFields<T>): Tally<T> {
  const kept = new Map<string, Sums>()
  const told = new Map<string, Sums>()

  const merge = (into: Map<string, Sums>, row: Sums, join: (a: number, b: number) => number): void => {
    const key = JSON.stringify(labels.map((label) => row[label]))
    const known = into.get(key)
    const named = labels.map((label) => [label, row[label]])
    const sums = numbers.map((name) => [name, known ? join(known[name] ?? 0, row[name] ?? 0) : row[name]])
    into.set(key, Object.fromEntries([...named, ...sums]))
  }
  const add = (a: number, b: number): number => a + b

  return {
    enter: (found) => {
      const rows = found as unknown as readonly (Sums & { settled: unknown })[]
      for (const row of rows) if (row.settled) merge(kept, row, add)
      const now = new Map(kept)
      for (const row of rows) if (!row.settled) merge(now, row, add)
      for (const row of now.values()) merge(told, row, Math.max)
      return [...told.values()] as unknown as T[]
    },
  }
}
