// Two small tables with numbers, a category and quoted fields.
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { DataFixture } from './data-fixture.ts'

function table(count: number): string {
  const kinds = ['"red, light"', 'green', '"dark ""blue"""']
  const rows = Array.from({ length: count }, (_, i) =>
    [i / 4, kinds[i % 3], (i * 7) % 5, ['ash', 'birch', 'cedar'][(i * 2) % 3]].join(','),
  )
  return `${['height', 'colour', 'rings', 'tree'].join(',')}\n${rows.join('\n')}\n`
}

export const fixture: DataFixture = {
  params: { label: 'tree', categorical: ['colour'], shape: [5], classes: 3 },
  // half of either file ends inside a line: a table that ends after one cannot be told from a whole one
  async write(folder) {
    await writeFile(path.join(folder, 'train.csv'), table(12))
    await writeFile(path.join(folder, 'test.csv'), table(8))
  },
}
