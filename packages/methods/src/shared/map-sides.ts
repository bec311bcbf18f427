// A linear map along the height of feature maps and another along their width: pooling to any size, smoothing with any
// border rule. As matrix products it has a gradient on every backend.
import type { Tensor, Tf } from '@stillhouse/engine'

/** One row per place of the result, one column per place of the map. */
export type Matrix = readonly (readonly number[])[]

export interface SideMatrices {
  /** h × H */
  readonly rows: Matrix
  /** w × W */
  readonly columns: Matrix
}

/** @param maps [B, H, W, C] @returns [B, h, w, C] with y = rows · x · columnsᵀ in each channel */
export function mapSides(tf: Tf, maps: Tensor, { rows, columns }: SideMatrices): Tensor {
  const [batch = 0, height = 0, width = 0, channels = 0] = maps.shape
  const across = tf
    .transpose(maps, [0, 1, 3, 2])
    .reshape([batch * height * channels, width])
    .matMul(transposed(tf, columns))
    .reshape([batch, height, channels, columns.length])
  return tf
    .transpose(across, [0, 2, 3, 1])
    .reshape([batch * channels * columns.length, height])
    .matMul(transposed(tf, rows))
    .reshape([batch, channels, columns.length, rows.length])
    .transpose([0, 3, 2, 1])
}

const transposed = (tf: Tf, matrix: Matrix): Tensor => tf.transpose(tf.tensor2d(matrix.map((row) => [...row])))
