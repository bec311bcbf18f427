// So many of something at a time for each holder.

export interface Seats {
  /** @returns what gives the seat back, harmless when repeated; null when all of them are taken */
  take(holder: string): (() => void) | null
}

/** @param most seats of each holder; 0: no limit */
export function createSeats(most: number): Seats {
  const taken = new Map<string, number>()
  const change = (holder: string, by: number): void => {
    const count = (taken.get(holder) ?? 0) + by
    if (count === 0) taken.delete(holder)
    else taken.set(holder, count)
  }
  return {
    take: (holder) => {
      if (most > 0 && (taken.get(holder) ?? 0) >= most) return null
      change(holder, 1)
      let held = true
      return () => {
        if (held) change(holder, -1)
        held = false
      }
    },
  }
}
