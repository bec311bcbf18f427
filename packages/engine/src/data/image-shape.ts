// The axes of a sample that is an image.

export interface ImageShape {
  readonly height: number
  readonly width: number
  readonly channels: number
}

/** @param shape [height, width, channels] */
export function imageShape([height = 1, width = 1, channels = 1]: readonly number[]): ImageShape {
  return { height, width, channels }
}
