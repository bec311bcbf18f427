import { describeArchitecture } from '@stillhouse/engine'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AdapterOptions, adapterBetween } from './adapter.ts'

/** Types of the layers and the shape that comes out, or null where nothing is needed. */
function adapted(options: AdapterOptions) {
  const adapter = adapterBetween(options)
  if (!adapter.ok) return { fault: adapter.received }
  if (adapter.architecture === null) return null
  const { faults, shapes } = describeArchitecture(adapter.architecture)
  expect(faults).toEqual([])
  return {
    layers: adapter.architecture.layers.map(({ type }) => type),
    shape: shapes.get(adapter.architecture.output),
  }
}

describe('an adapter', () => {
  it.each([
    ['maps of one size', [4, 4, 2], [4, 4, 6], ['conv2d']],
    ['a larger map', [8, 8, 2], [4, 4, 6], ['avgPool', 'conv2d']],
    ['a larger map whose side is no multiple', [7, 7, 2], [4, 4, 6], ['avgPool', 'conv2d']],
    ['a smaller map', [2, 2, 2], [4, 4, 6], ['upsample2d', 'conv2d']],
    ['vectors', [5], [3], ['dense']],
    ['a map and a vector', [4, 4, 2], [3], ['globalAvgPool', 'dense']],
  ])('leads between %s', (_, from, to, layers) => {
    expect(adapted({ from, to, projection: 'always' })).toEqual({ layers, shape: to })
  })

  it('has a batch norm at its end where that is asked for', () => {
    const { layers } = adapted({ from: [4, 4, 2], to: [4, 4, 2], projection: 'always', batchNorm: true }) as {
      layers: string[]
    }
    expect(layers).toEqual(['conv2d', 'batchNorm'])
  })

  it('has no weights where only sizes differ, and is none where nothing does, if it may', () => {
    expect(adapted({ from: [4, 4, 2], to: [2, 2, 2], projection: 'needed' })).toEqual({
      layers: ['avgPool'],
      shape: [2, 2, 2],
    })
    expect(adapted({ from: [4, 4, 2], to: [4, 4, 2], projection: 'needed' })).toBeNull()
    expect(adapted({ from: [3], to: [3], projection: 'needed' })).toBeNull()
  })

  it.each([
    ['from a vector to a map', [4], [2, 2, 4]],
    ['where one side grows and one shrinks', [4, 2, 1], [2, 4, 1]],
    ['to a size that is no multiple', [3, 3, 1], [4, 4, 1]],
    ['to a map of more axes', [3, 3, 3, 1], [3, 3, 1]],
  ])('is refused %s', (_, from, to) => {
    expect(adapted({ from, to, projection: 'always' })).toEqual({
      fault: `[${from.join(', ')}] and [${to.join(', ')}]`,
    })
  })

  it('shrinks square maps of any size to any smaller one', () => {
    const side = fc.integer({ min: 1, max: 40 })
    fc.assert(
      fc.property(side, side, (one, other) => {
        const [from, to] = [Math.max(one, other), Math.min(one, other)]
        expect(adapted({ from: [from, from, 2], to: [to, to, 3], projection: 'always' })).toMatchObject({
          shape: [to, to, 3],
        })
      }),
    )
  })
})
