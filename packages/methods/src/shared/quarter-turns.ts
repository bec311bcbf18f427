// Images turned by right angles, exactly: places change, no value does.
import type { Tensor, Tf } from '@stillhouse/engine'

/**
 * Every image `count` times in a row: as it is, then turned anticlockwise by 90, 180 and 270 degrees.
 * @param images [B, S, S, C]; with a count of 1 of any shape @returns [B · count, S, S, C]: x_0r_0, x_0r_1, …, x_1r_0, …
 */
export function quarterTurns(tf: Tf, images: Tensor, count: number): Tensor {
  if (count === 1) return images
  const [samples = 0, ...shape] = images.shape
  const turned = Array.from({ length: count }, (_, turns) => turnedBy(tf, images, turns))
  return tf.stack(turned, 1).reshape([samples * count, ...shape])
}

function turnedBy(tf: Tf, images: Tensor, turns: number): Tensor {
  if (turns === 0) return images
  if (turns === 2) return tf.reverse(images, [1, 2])
  return tf.reverse(tf.transpose(images, [0, 2, 1, 3]), [turns === 1 ? 1 : 2])
}
