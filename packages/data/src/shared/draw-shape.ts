// One procedural picture: a shape of random place, size, angle and colours on a textured ground, with noise.
import type { RandomStream } from '@stillhouse/engine'

export const SHAPES = ['square', 'disc', 'cross', 'triangle'] as const
export type Shape = (typeof SHAPES)[number]

export interface Drawing {
  readonly shape: Shape
  /** Height and width in pixels. */
  readonly size: number
  readonly channels: number
  /** Amplitude of the ground's texture. */
  readonly texture: number
  /** Standard deviation of the noise. */
  readonly noise: number
}

/** Whether (u, v) is in a shape that reaches as far as 1 from its middle. */
const INSIDE: Record<Shape, (u: number, v: number) => boolean> = {
  square: (u, v) => Math.max(Math.abs(u), Math.abs(v)) <= 0.7,
  disc: (u, v) => u * u + v * v <= 0.64,
  cross: (u, v) => Math.min(Math.abs(u), Math.abs(v)) <= 0.28 && Math.max(Math.abs(u), Math.abs(v)) <= 0.95,
  triangle: (u, v) => v >= -0.5 && Math.sqrt(3) * Math.abs(u) + v <= 1,
}

/** Points per pixel and axis at which the edge of a shape is sampled. */
const FINE = 3

/**
 * Draws into `pixels` [size, size, channels] as bytes.
 * @param random the picture is a function of this stream and the drawing alone
 */
export function drawShape(
  { shape, size, channels, texture, noise }: Drawing,
  random: RandomStream,
  pixels: Uint8Array,
) {
  const ground = Array.from({ length: channels }, () => 0.15 + 0.7 * random.uniform())
  // away from the ground in every channel, so that no shape is invisible
  const colour = ground.map((value) => value + (value < 0.5 ? 1 : -1) * (0.25 + 0.25 * random.uniform()))
  const cover = coverage(shape, size, random)
  const height = smoothNoise(size, random)
  for (let pixel = 0; pixel < size * size; pixel++) {
    const share = cover[pixel] as number
    for (let channel = 0; channel < channels; channel++) {
      const below = (ground[channel] as number) + texture * (height[pixel] as number)
      const value = below + share * ((colour[channel] as number) - below) + noise * random.normal()
      pixels[pixel * channels + channel] = Math.round(255 * Math.min(1, Math.max(0, value)))
    }
  }
}

/** How much of each pixel lies in the shape, 0 … 1. */
function coverage(shape: Shape, size: number, random: RandomStream): Float64Array {
  const radius = size * (0.22 + 0.16 * random.uniform())
  const x = radius + (size - 2 * radius) * random.uniform()
  const y = radius + (size - 2 * radius) * random.uniform()
  const angle = 2 * Math.PI * random.uniform()
  const [cos, sin] = [Math.cos(angle) / radius, Math.sin(angle) / radius]
  const inside = INSIDE[shape]
  const cover = new Float64Array(size * size)
  // no further than the shape reaches: most pixels are ground
  for (let row = Math.floor(y - radius); row < y + radius && row < size; row++) {
    for (let column = Math.floor(x - radius); column < x + radius && column < size; column++) {
      let hits = 0
      for (let point = 0; point < FINE * FINE; point++) {
        const dx = column + ((point % FINE) + 0.5) / FINE - x
        const dy = row + (Math.floor(point / FINE) + 0.5) / FINE - y
        if (inside(cos * dx + sin * dy, cos * dy - sin * dx)) hits++
      }
      cover[row * size + column] = hits / (FINE * FINE)
    }
  }
  return cover
}

/** Values between −1 and 1 that change slowly: random at the corners of coarse cells, blended between. */
function smoothNoise(size: number, random: RandomStream): Float64Array {
  const cell = Math.max(2, size / 6)
  const corners = Math.floor((size - 1) / cell) + 2
  const heights = Float64Array.from({ length: corners * corners }, () => 2 * random.uniform() - 1)
  const at = (row: number, column: number) => heights[row * corners + column] as number
  const smooth = new Float64Array(size * size)
  for (let pixel = 0; pixel < smooth.length; pixel++) {
    const y = Math.floor(pixel / size) / cell
    const x = (pixel % size) / cell
    const row = Math.floor(y)
    const column = Math.floor(x)
    const right = x - column
    const upper = at(row, column) * (1 - right) + at(row, column + 1) * right
    const lower = at(row + 1, column) * (1 - right) + at(row + 1, column + 1) * right
    smooth[pixel] = upper * (1 - (y - row)) + lower * (y - row)
  }
  return smooth
}
