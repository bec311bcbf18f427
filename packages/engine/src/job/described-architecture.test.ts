import { describe, expect, it, vi } from 'vitest'
import type { Architecture } from '../contracts/architecture.ts'
import type { ModelFamily } from '../contracts/model-family.ts'
import { describedArchitecture } from './described-architecture.ts'

const signature = { inputShape: [4], classes: 3 }

function createFamily() {
  const architecture = vi.fn((params: unknown, { inputShape, classes }: typeof signature): Architecture => {
    const { units } = params as { units: number }
    const dense = { type: 'dense', bias: true, init: 'glorot' } as const
    const layers = [
      { ...dense, name: 'hidden', inputs: ['input'], units },
      { ...dense, name: 'logits', inputs: ['hidden'], units: classes },
    ]
    return { inputShape, layers, output: 'logits', taps: {} }
  })
  return { family: { name: 'two', architecture } as unknown as ModelFamily, architecture }
}

describe('describedArchitecture', () => {
  it('lays a network out once for equal parameters, however they are ordered', () => {
    const { family, architecture } = createFamily()
    const first = describedArchitecture(family, { units: 5, depth: 1 }, signature)
    expect(describedArchitecture(family, { depth: 1, units: 5 }, { ...signature })).toBe(first)
    expect(architecture).toHaveBeenCalledTimes(1)
    expect(first.description).toMatchObject({ params: 4 * 5 + 5 + 5 * 3 + 3, faults: [] })
  })

  it('tells parameters, data and families apart', () => {
    const { family } = createFamily()
    const sizeOf = (units: number, classes: number, of = family): number =>
      describedArchitecture(of, { units }, { ...signature, classes }).description.params
    expect(sizeOf(5, 3)).toBe(43)
    expect(sizeOf(6, 3)).toBe(51)
    expect(sizeOf(5, 2)).toBe(37)
    const other = createFamily()
    expect(sizeOf(5, 3, other.family)).toBe(43)
    expect(other.architecture).toHaveBeenCalledTimes(1)
  })

  it('forgets the network that was asked for longest ago', () => {
    const { family, architecture } = createFamily()
    const ask = (units: number) => describedArchitecture(family, { units }, signature)
    for (let units = 1; units <= 256; units += 1) ask(units)
    ask(1)
    ask(257)
    expect(architecture).toHaveBeenCalledTimes(257)
    ask(1)
    expect(architecture).toHaveBeenCalledTimes(257)
    ask(2)
    expect(architecture).toHaveBeenCalledTimes(258)
  })
})
