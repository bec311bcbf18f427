// CIFAR files with a few images: every byte a function of file, image and place.
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { DataFixture } from './data-fixture.ts'

/** @param labels the label bytes of each image, one array per image */
export function cifarFile(labels: readonly (readonly number[])[], salt = 0): Buffer {
  const records = labels.map((bytes, image) => [
    Buffer.from(bytes),
    Buffer.from(Array.from({ length: 3072 }, (_, place) => (place * 7 + image * 31 + salt) % 256)),
  ])
  return Buffer.concat(records.flat())
}

/** One label byte per image: 0 … count − 1, over again after the last class. */
export function countingLabels(count: number, classes = 10): number[][] {
  return Array.from({ length: count }, (_, i) => [i % classes])
}

export const fixture: DataFixture = {
  params: {},
  async write(folder) {
    // an odd number of images: half a file is then no whole number of them
    for (const batch of [1, 2, 3, 4, 5])
      await writeFile(path.join(folder, `data_batch_${batch}.bin`), cifarFile(countingLabels(3 + 2 * batch), batch))
    await writeFile(path.join(folder, 'test_batch.bin'), cifarFile(countingLabels(11), 9))
  },
}
