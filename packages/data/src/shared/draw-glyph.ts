// One procedural picture of a sign: strokes that are moved, turned, stretched and slanted, among stray arcs and noise.
import type { RandomStream } from '@stillhouse/engine'

type Point = readonly [x: number, y: number]
type Line = readonly Point[]

/** Strokes of each sign on a grid 5 wide and 7 high, top left (0, 0). */
const GLYPHS: readonly (readonly Line[])[] = [
  [
    [
      [0, 0],
      [4, 0],
      [4, 6],
      [0, 6],
      [0, 0],
    ],
  ],
  [
    [
      [1, 1],
      [2, 0],
      [2, 6],
    ],
  ],
  [
    [
      [0, 0],
      [4, 0],
      [4, 3],
      [0, 3],
      [0, 6],
      [4, 6],
    ],
  ],
  [
    [
      [0, 0],
      [4, 0],
      [4, 6],
      [0, 6],
    ],
    [
      [1, 3],
      [4, 3],
    ],
  ],
  [
    [
      [0, 0],
      [0, 3],
      [4, 3],
    ],
    [
      [4, 0],
      [4, 6],
    ],
  ],
  [
    [
      [4, 0],
      [0, 0],
      [0, 3],
      [4, 3],
      [4, 6],
      [0, 6],
    ],
  ],
  [
    [
      [0, 6],
      [2, 0],
      [4, 6],
    ],
    [
      [1, 3],
      [3, 3],
    ],
  ],
  [
    [
      [0, 0],
      [4, 0],
      [1, 6],
    ],
  ],
  [
    [
      [0, 0],
      [4, 6],
    ],
    [
      [4, 0],
      [0, 6],
    ],
  ],
  [
    [
      [0, 0],
      [4, 0],
    ],
    [
      [2, 0],
      [2, 6],
    ],
  ],
]
export const GLYPH_COUNT = GLYPHS.length

const ARCS = 2
/** Straight pieces that an arc is drawn with. */
const PIECES = 5

export interface GlyphDrawing {
  readonly glyph: number
  /** Height and width in pixels. */
  readonly size: number
  /** Standard deviation of the noise. */
  readonly noise: number
}

/**
 * Draws into `pixels` [size, size, 1] as bytes.
 * @param random the picture is a function of this stream and the drawing alone
 */
export function drawGlyph({ glyph, size, noise }: GlyphDrawing, random: RandomStream, pixels: Uint8Array): void {
  const between = (low: number, high: number) => low + (high - low) * random.uniform()
  const pixel = size / 28
  const contrast = between(0.5, 1)
  const ink = new Float64Array(size * size)
  const place = placement(size, between)
  const width = pixel * between(1.5, 3)
  for (const line of GLYPHS[glyph] ?? []) stroke({ ink, size, line: line.map(place), width, value: contrast })
  for (let arc = 0; arc < ARCS; arc++)
    stroke({ ink, size, line: strayArc(size, between), width: pixel * 1.2, value: 0.6 * contrast })
  for (const [i, value] of ink.entries())
    pixels[i] = Math.round(255 * Math.min(1, Math.max(0, value + noise * random.normal())))
}

type Between = (low: number, high: number) => number

/** From the grid to pixels: slant ± 0.2, turn ± 20°, scale 0.8 … 1.2, shift by up to a ninth of the picture. */
function placement(size: number, between: Between): (point: Point) => Point {
  const slant = between(-0.2, 0.2)
  const angle = (between(-20, 20) * Math.PI) / 180
  const scale = (size / 10) * between(0.8, 1.2)
  const [left, top] = [0, 1].map(() => size / 2 + between(-size / 9, size / 9)) as [number, number]
  const [cos, sin] = [scale * Math.cos(angle), scale * Math.sin(angle)]
  return ([gridX, gridY]) => {
    const y = gridY - 3
    const x = gridX - 2 + slant * y
    return [left + cos * x - sin * y, top + sin * x + cos * y]
  }
}

function strayArc(size: number, between: Between): Line {
  const [x, y, radius] = [between(0, size), between(0, size), between(size / 10, size / 4)]
  const [from, length] = [between(0, 2 * Math.PI), between(0.5, 1.5)]
  return Array.from({ length: PIECES + 1 }, (_, i): Point => {
    const angle = from + (length * i) / PIECES
    return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)]
  })
}

interface Stroke {
  readonly ink: Float64Array
  readonly size: number
  readonly line: Line
  readonly width: number
  readonly value: number
}

/** Lays a line of a given width on the picture; where lines cross, the stronger one counts. */
function stroke({ ink, size, line, width, value }: Stroke): void {
  const reach = width / 2 + 0.5
  for (const [i, end] of line.entries()) {
    const start = line[i - 1]
    if (start === undefined) continue
    const first = (a: number, b: number) => Math.max(0, Math.floor(Math.min(a, b) - reach))
    const past = (a: number, b: number) => Math.min(size, Math.ceil(Math.max(a, b) + reach))
    for (let row = first(start[1], end[1]); row < past(start[1], end[1]); row++) {
      for (let column = first(start[0], end[0]); column < past(start[0], end[0]); column++) {
        const share = Math.min(1, reach - distance([column + 0.5, row + 0.5], start, end))
        const at = row * size + column
        if (share > 0) ink[at] = Math.max(ink[at] as number, value * share)
      }
    }
  }
}

/** From a point to the nearest point of a straight piece. */
function distance([x, y]: Point, [x1, y1]: Point, [x2, y2]: Point): number {
  const [dx, dy] = [x2 - x1, y2 - y1]
  const along = Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy)))
  return Math.sqrt((x1 + along * dx - x) ** 2 + (y1 + along * dy - y) ** 2)
}
