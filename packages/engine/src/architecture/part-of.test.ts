import { describe, expect, it } from 'vitest'
import type { Architecture, LayerSpec } from '../contracts/architecture.ts'
import { partOf } from './part-of.ts'

const relu = (name: string, ...inputs: string[]): LayerSpec => ({
  ...{ name, inputs },
  type: 'activation',
  activation: 'relu',
})

/** input → a → b → c, and d that reads a and c, and e beside it. */
const forked: Architecture = {
  inputShape: [4],
  layers: [
    relu('a', 'input'),
    relu('b', 'a'),
    relu('c', 'b'),
    { name: 'd', type: 'add', inputs: ['a', 'c'] },
    relu('e', 'b'),
  ],
  output: 'd',
  taps: { first: 'a', last: 'd', beside: 'e' },
}

describe('partOf', () => {
  it('keeps what leads to the layer, in its order, and the taps on it', () => {
    const part = partOf(forked, 'e')
    expect(part.layers.map(({ name }) => name)).toEqual(['a', 'b', 'e'])
    expect(part).toMatchObject({ inputShape: [4], output: 'e', taps: { first: 'a', beside: 'e' } })
    expect(Object.keys(part.taps)).toHaveLength(2)
  })

  it('follows every input of a layer that joins several', () => {
    expect(partOf(forked, 'd').layers.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd'])
  })
})
