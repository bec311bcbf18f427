// Ids that sort by time: new rows land at the end of an index, and listing by id is listing by age.
import { randomInt, randomUUID } from 'node:crypto'

let lastMs = 0
let counter = 0

/** A UUID of version 7 (RFC 9562): 48 bits of milliseconds, 12 bits that count up within one, 62 random bits. */
export function uuidV7(now: number = Date.now()): string {
  if (now > lastMs) {
    lastMs = now
    counter = randomInt(0x800) // room to count up before the next millisecond
  } else {
    counter += 1
    if (counter > 0xfff) {
      lastMs += 1
      counter = 0
    }
  }
  const time = lastMs.toString(16).padStart(12, '0')
  const count = counter.toString(16).padStart(3, '0')
  // its last two groups are the variant and the random bits
  return `${time.slice(0, 8)}-${time.slice(8)}-7${count}-${randomUUID().slice(19)}`
}

/** True when PostgreSQL would take the text as a uuid. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(text)
}
