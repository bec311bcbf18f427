// A few small images in three classes, in several formats.
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import sharp from 'sharp'
import type { DataFixture } from './data-fixture.ts'

const COLOURS = { berry: '#802060', leaf: '#209040', sky: '#3070d0' }

export const fixture: DataFixture = {
  params: { size: [6, 8], classes: 3 },
  async write(folder) {
    for (const [split, count] of Object.entries({ train: 3, test: 2 })) {
      for (const [name, background] of Object.entries(COLOURS)) {
        await mkdir(path.join(folder, split, name), { recursive: true })
        for (let i = 0; i < count; i++) {
          const noise = { type: 'gaussian', mean: 20 * i, sigma: 30 } as const
          const image = sharp({ create: { width: 20 + i, height: 15, channels: 3, background, noise } })
          await image.toFile(path.join(folder, split, name, `${i}.${['png', 'jpg', 'webp'][i]}`))
        }
      }
    }
  },
}
