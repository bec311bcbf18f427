// Fewer pictures than by default: the suite draws the set again and again. There are no files.
import type { DataFixture } from './data-fixture.ts'

export const fixture: DataFixture = {
  params: { train: 60, test: 20 },
  write: async () => undefined,
}
