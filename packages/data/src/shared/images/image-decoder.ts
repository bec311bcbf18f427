// Image files to pixels of one size. The decoder is loaded when a set is opened: checking a job needs no native code.
import { invalidData } from '../invalid-data.ts'
import { readBytes } from '../read-bytes.ts'

export interface Pixels {
  readonly height: number
  readonly width: number
  /** 1: grey; 3: red, green and blue. */
  readonly channels: 1 | 3
  /** `fill`: stretched; `cover`: scaled to cover the size, its middle kept. */
  readonly fit: 'fill' | 'cover'
}

/** Pixels [H, W, C], 0 to 255. */
export type DecodeImage = (file: string) => Promise<Uint8Array>

/** A larger image is more likely an accident or an attack than a sample. */
const LARGEST_IMAGE = 2 ** 26

/** Readers of the formats that sets may hold. A name says nothing: without this an SVG document may call itself .png. */
const READERS = ['Png', 'Jpeg', 'Webp', 'Nsgif', 'Tiff', 'Heif'].map((format) => `VipsForeignLoad${format}`)

/**
 * Rotated upright as EXIF says, transparent parts on white, colours as sRGB.
 * @param limit pixels that an image may have in its file
 */
export async function imageDecoder(pixels: Pixels, limit = LARGEST_IMAGE): Promise<DecodeImage> {
  const { default: sharp } = await import('sharp')
  // the same arithmetic on every processor, and no memory kept for images that are never seen again
  sharp.simd(false)
  sharp.cache(false)
  sharp.concurrency(1)
  sharp.block({ operation: ['VipsForeignLoad'] })
  sharp.unblock({ operation: READERS })
  const { height, width, channels, fit } = pixels
  return async (file) => {
    const bytes = await readBytes(file)
    try {
      return await sharp(bytes, { failOn: 'error', limitInputPixels: limit })
        .autoOrient()
        .flatten({ background: '#ffffff' })
        .resize(width, height, { fit, kernel: 'cubic' })
        .toColourspace(channels === 1 ? 'b-w' : 'srgb')
        .raw({ depth: 'uchar' })
        .toBuffer()
    } catch (error) {
      const problem = 'the image is damaged, truncated, too large or of another format than its name says'
      const expected = `a whole image of at most ${limit} pixels`
      throw invalidData({ file, problem, expected, received: JSON.stringify((error as Error).message) }, error)
    }
  }
}
