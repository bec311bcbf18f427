import { type Architecture, buildNetwork, type LayerSpec } from '@stillhouse/engine'
import { describe, expect, it } from 'vitest'
import { tf } from '../testing/cpu-tf.ts'
import { tinyCnn, tinyMlp } from '../testing/tiny-networks.ts'
import { shiftsOf } from './shifts-of.ts'

const namesOf = (studentArchitecture: Architecture, taps: readonly string[]) => {
  const student = buildNetwork({ tf, role: 'student', architecture: studentArchitecture, seed: 1 })
  const owners = student.model.layers.flatMap((layer) =>
    layer.weights.map((weight) => [weight.read(), weight.originalName]),
  )
  const names = new Map(owners as [object, string][])
  return shiftsOf({ student, studentArchitecture }, taps).map((variable) => names.get(variable))
}

/** norm2 and the skipped norm1 in a sum. */
function tinyResidual(): Architecture {
  const { inputShape, layers, output, taps } = tinyCnn()
  const norm = layers.find(({ name }) => name === 'norm2') as LayerSpec
  const more: LayerSpec[] = [
    { ...norm, name: 'again', inputs: ['conv2'] } as LayerSpec,
    { type: 'add', name: 'sum', inputs: ['norm2', 'again'] },
  ]
  const rewired = layers.map((layer) => (layer.name === 'relu2' ? { ...layer, inputs: ['sum'] } : layer))
  const at = rewired.findIndex(({ name }) => name === 'relu2')
  return { inputShape, layers: [...rewired.slice(0, at), ...more, ...rewired.slice(at)], output, taps }
}

/** The same, with `again` in a second sum behind the first. */
function tinyTwice(): Architecture {
  const { layers, ...rest } = tinyResidual()
  const rewired = layers.map((layer) => (layer.name === 'relu2' ? { ...layer, inputs: ['more'] } : layer))
  const at = rewired.findIndex(({ name }) => name === 'relu2')
  const more: LayerSpec = { type: 'add', name: 'more', inputs: ['sum', 'again'] }
  return { ...rest, layers: [...rewired.slice(0, at), more, ...rewired.slice(at)] }
}

describe('the shifts of features', () => {
  it('are the offsets of the deepest batch norm, not of one that later layers use', () => {
    expect(namesOf(tinyCnn(), ['norm1', 'norm2'])).toEqual(['norm2/beta'])
    expect(namesOf(tinyCnn(), ['norm1'])).toEqual(['norm1/beta'])
  })

  it('are those of every part of a sum', () => {
    expect(namesOf(tinyResidual(), ['sum'])).toEqual(['norm2/beta', 'again/beta'])
  })

  it('are not those of a part that something else uses', () => {
    expect(namesOf(tinyTwice(), ['sum'])).toEqual(['norm2/beta'])
  })

  it('are biases too, and none behind an activation or without a bias', () => {
    expect(namesOf(tinyMlp(), ['hidden'])).toEqual(['hidden/bias'])
    expect(namesOf(tinyCnn(), ['stage2'])).toEqual([])
    expect(namesOf(tinyCnn(), ['conv2'])).toEqual([])
  })
})
