// Maps brought to any size by nearest neighbours: layers of tfjs enlarge by whole factors only.
import type { Tensor, Tf } from '@stillhouse/engine'
import { type Matrix, mapSides } from './map-sides.ts'

/**
 * Place i of a side of `want` is place ⌊i·have/want⌋ before, as in PyTorch.
 * @param maps [B, H, W, C] @param size [h, w] @returns [B, h, w, C]
 */
export function resizeNearest(tf: Tf, maps: Tensor, [height, width]: readonly [number, number]): Tensor {
  const [, have = 0, haveAcross = 0] = maps.shape
  if (have === height && haveAcross === width) return maps
  return mapSides(tf, maps, { rows: nearest(have, height), columns: nearest(haveAcross, width) })
}

function nearest(have: number, want: number): Matrix {
  return Array.from({ length: want }, (_, i) => {
    const source = Math.floor((i * have) / want)
    return Array.from({ length: have }, (_, k) => (k === source ? 1 : 0))
  })
}
