// Average pooling to a size, whatever the size before: tfjs pools by a fixed window only.
import type { Tensor, Tf } from '@stillhouse/engine'
import { type Matrix, mapSides } from './map-sides.ts'

/**
 * Place i of a side of `want` is the mean over the places ⌊i·have/want⌋ to ⌈(i+1)·have/want⌉ − 1 before.
 * @param maps [B, H, W, C] @param size [h, w], neither larger than before @returns [B, h, w, C]
 */
export function adaptivePool(tf: Tf, maps: Tensor, [height, width]: readonly [number, number]): Tensor {
  const [, have = 0, haveAcross = 0] = maps.shape
  if (have === height && haveAcross === width) return maps
  return mapSides(tf, maps, { rows: pooling(have, height), columns: pooling(haveAcross, width) })
}

function pooling(have: number, want: number): Matrix {
  return Array.from({ length: want }, (_, i) => {
    const [start, end] = [Math.floor((i * have) / want), Math.ceil(((i + 1) * have) / want)]
    return Array.from({ length: have }, (_, k) => (k >= start && k < end ? 1 / (end - start) : 0))
  })
}
