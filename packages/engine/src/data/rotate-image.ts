// Rotation of an image about its centre.
import type { ImageShape } from './image-shape.ts'

export interface RotateImage {
  readonly source: Float32Array
  /** Another array of the same length. */
  readonly into: Float32Array
  readonly shape: ImageShape
  /** Positive: counter-clockwise as one sees the image, row 0 at the top. */
  readonly radians: number
}

/** Values between pixels are bilinear; everything outside the image counts as zero. */
export function rotateImage({ source, into, shape, radians }: RotateImage): void {
  const { height, width, channels } = shape
  const [cos, sin] = [Math.cos(radians), Math.sin(radians)]
  const [centreX, centreY] = [(width - 1) / 2, (height - 1) / 2]
  let to = 0
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      // where the pixel was before it was turned
      const fromX = centreX + cos * (x - centreX) - sin * (y - centreY)
      const fromY = centreY + sin * (x - centreX) + cos * (y - centreY)
      const left = Math.floor(fromX)
      const top = Math.floor(fromY)
      const [right, below] = [fromX - left, fromY - top]
      const at = (top * width + left) * channels
      const [inLeft, inRight] = [left >= 0 && left < width, left >= -1 && left < width - 1]
      const [inTop, inBelow] = [top >= 0 && top < height, top >= -1 && top < height - 1]
      for (let c = 0; c < channels; c++) {
        const corner = at + c
        let value = 0
        if (inTop && inLeft) value += (1 - below) * (1 - right) * (source[corner] as number)
        if (inTop && inRight) value += (1 - below) * right * (source[corner + channels] as number)
        if (inBelow && inLeft) value += below * (1 - right) * (source[corner + width * channels] as number)
        if (inBelow && inRight) value += below * right * (source[corner + (width + 1) * channels] as number)
        into[to++] = value
      }
    }
  }
}
