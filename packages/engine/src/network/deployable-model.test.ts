import { describe, expect, it } from 'vitest'
import type { Architecture, LayerSpec } from '../contracts/architecture.ts'
import { tf } from '../testing/native-tf.ts'
import { buildNetwork } from './build-network.ts'
import { deployableModel } from './deployable-model.ts'
import { forward } from './forward.ts'
import { variableNames } from './layers-model-network.ts'

const dense = (name: string, from: string): LayerSpec => ({
  ...{ name, inputs: [from], units: 3, bias: true },
  type: 'dense',
  init: 'he',
})
const branched: Architecture = {
  inputShape: [4],
  layers: [dense('trunk', 'input'), dense('branch1', 'trunk'), dense('branch2', 'trunk'), dense('end2', 'branch2')],
  output: 'branch1',
  taps: { 'branch2.logits': 'end2' },
}
const build = (architecture = branched) => buildNetwork({ tf, role: 'student', architecture, seed: 1 })

describe('a network with several ends', () => {
  it('holds the weights of every branch, and answers with its output', () => {
    const network = build()
    expect(variableNames(network).map((name) => name.split('/')[0])).toEqual(
      expect.arrayContaining(['trunk', 'branch1', 'branch2', 'end2']),
    )
    expect(network.model.outputNames).toEqual(['branch1', 'end2'])
    const x = tf.ones([2, 4])
    const pass = forward({ tf, network, x })
    expect([...pass.logits.dataSync()]).toEqual([...pass.tap('branch1').dataSync()])
    expect([...pass.tap('branch2.logits').dataSync()]).not.toEqual([...pass.logits.dataSync()])
  })

  it('begins with other weights in every branch', () => {
    const { variables } = build()
    const values = (name: string) =>
      variables.filter((_, i) => variableNames(build())[i] === `${name}/kernel`).map((one) => [...one.dataSync()])
    expect(values('branch1')).toHaveLength(1)
    expect(values('branch1')).not.toEqual(values('branch2'))
  })
})

describe('deployableModel', () => {
  it('is the part of a branched model that leads to its output, with the same weights', () => {
    const { model } = build()
    const deployable = deployableModel(tf, model)
    expect(deployable.layers.map(({ name }) => name)).toEqual(['input', 'trunk', 'branch1'])
    expect(deployable.name).toBe(model.name)
    const x = tf.ones([2, 4])
    const [first] = model.predict(x) as (typeof x)[]
    expect([...(deployable.predict(x) as typeof x).dataSync()]).toEqual([...(first as typeof x).dataSync()])
  })

  it('is a model with one output itself', () => {
    const { model } = build({ ...branched, layers: branched.layers.slice(0, 2), taps: {} })
    expect(deployableModel(tf, model)).toBe(model)
  })

  it('leaves nothing behind when the whole model is disposed', () => {
    const before = tf.memory().numTensors
    const { model } = build()
    deployableModel(tf, model)
    model.dispose()
    expect(tf.memory().numTensors).toBe(before)
  })
})
