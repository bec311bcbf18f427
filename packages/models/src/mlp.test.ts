import { describe, expect, it } from 'vitest'
import { mlp } from './mlp.ts'

const signature = { inputShape: [8, 8, 1], classes: 10 }

describe('mlp', () => {
  it('flattens the sample and ends in logits', () => {
    const { layers, output } = mlp.architecture({ hidden: [32, 16], dropout: 0 }, signature)
    expect(layers.map(({ name }) => name)).toEqual([
      ...['flatten', 'hidden1', 'hidden1-relu', 'hidden2', 'hidden2-relu', 'logits'],
    ])
    expect(output).toBe('logits')
    expect(layers.at(-1)).toMatchObject({ type: 'dense', units: 10 })
  })

  it('takes flat samples as they are', () => {
    const { layers } = mlp.architecture({ hidden: [4], dropout: 0 }, { inputShape: [64], classes: 2 })
    expect(layers[0]).toMatchObject({ name: 'hidden1', inputs: ['input'] })
  })

  it('has dropout after each hidden layer, and taps the feature before it', () => {
    const { layers, taps } = mlp.architecture({ hidden: [4, 4], dropout: 0.5 }, signature)
    expect(layers.filter(({ type }) => type === 'dropout').map(({ name }) => name)).toEqual([
      ...['hidden1-dropout', 'hidden2-dropout'],
    ])
    expect(layers.find(({ name }) => name === 'hidden2')?.inputs).toEqual(['hidden1-dropout'])
    expect(taps).toEqual({
      stage1: 'hidden1-relu',
      stage2: 'hidden2-relu',
      'stage1.pre': 'hidden1',
      'stage2.pre': 'hidden2',
      penultimate: 'hidden2-relu',
      logits: 'logits',
    })
  })
})
