// A small .npz archive: four classes of 2×3 samples.
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { DataFixture } from './data-fixture.ts'
import { bodyOf, npyFile } from './write-npy.ts'
import { zipFile } from './write-zip.ts'

function samples(count: number): Buffer {
  const values = Float32Array.from({ length: count * 6 }, (_, i) => i / 8)
  return npyFile({ descr: '<f4', shape: [count, 2, 3], body: bodyOf(values) })
}

function classes(count: number): Buffer {
  const labels = BigInt64Array.from({ length: count }, (_, i) => BigInt(i % 4))
  return npyFile({ descr: '<i8', shape: [count], body: bodyOf(labels) })
}

export const fixture: DataFixture = {
  params: { path: 'set.npz', shape: [2, 3, 1], classes: 4 },
  async write(folder) {
    const arrays = {
      'x_train.npy': samples(12),
      'y_train.npy': classes(12),
      'x_test.npy': samples(8),
      'y_test.npy': classes(8),
    }
    await writeFile(path.join(folder, 'set.npz'), zipFile(arrays, 'deflate'))
  },
}
