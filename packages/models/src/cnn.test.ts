import { describe, expect, it } from 'vitest'
import { cnn } from './cnn.ts'

const signature = { inputShape: [28, 28, 1], classes: 10 }
const plain = { filters: [4, 8], dense: 0, head: 'flatten', batchNorm: true, dropout: 0 }
const namesOf = (params: object) => cnn.architecture({ ...plain, ...params }, signature).layers.map(({ name }) => name)

describe('cnn', () => {
  it('is stages of convolution, batch norm, ReLU and pooling, and a dense head', () => {
    expect(namesOf({})).toEqual([
      ...['stage1-conv', 'stage1-bn', 'stage1-relu', 'stage1-pool'],
      ...['stage2-conv', 'stage2-bn', 'stage2-relu', 'stage2-pool'],
      ...['features', 'logits'],
    ])
  })

  it('gives convolutions a bias only without batch norm', () => {
    const biasOf = (batchNorm: boolean) =>
      cnn.architecture({ ...plain, batchNorm }, signature).layers.find((layer) => layer.type === 'conv2d')?.bias
    expect(biasOf(true)).toBe(false)
    expect(biasOf(false)).toBe(true)
    expect(namesOf({ batchNorm: false })).not.toContain('stage1-bn')
  })

  it('puts the hidden layer and dropout before the logits', () => {
    expect(namesOf({ dense: 32, dropout: 0.5 }).slice(-5)).toEqual([
      ...['features', 'hidden', 'hidden-relu', 'hidden-dropout', 'logits'],
    ])
    expect(namesOf({ dropout: 0.5 }).slice(-3)).toEqual(['features', 'features-dropout', 'logits'])
  })

  it('taps the feature before dropout as penultimate', () => {
    const tapOf = (params: object) => cnn.architecture({ ...plain, ...params }, signature).taps['penultimate']
    expect(tapOf({ dense: 32, dropout: 0.5 })).toBe('hidden-relu')
    expect(tapOf({ dropout: 0.5 })).toBe('features')
  })

  it('taps a stage after pooling, and before its ReLU', () => {
    const tapsOf = (batchNorm: boolean) => cnn.architecture({ ...plain, batchNorm }, signature).taps
    expect(tapsOf(true)).toMatchObject({ stage2: 'stage2-pool', 'stage2.pre': 'stage2-bn' })
    expect(tapsOf(false)).toMatchObject({ stage2: 'stage2-pool', 'stage2.pre': 'stage2-conv' })
  })

  it('widens the stages behind one, and the hidden layer', () => {
    const { layers } = cnn.widened({ ...plain, dense: 25 }, signature, { factor: 0.6, after: 1 })
    const widths = layers.flatMap((layer) => ('filters' in layer ? layer.filters : 'units' in layer ? layer.units : []))
    expect(widths).toEqual([4, 4, 15, 10])
  })

  it('can pool globally instead of flattening', () => {
    const head = cnn.architecture({ ...plain, head: 'average' }, signature).layers.at(-2)
    expect(head?.type).toBe('globalAvgPool')
  })

  it('refuses more stages than the image can be halved', () => {
    const faults = cnn.check({ ...plain, filters: [4, 4, 4, 4] }, { inputShape: [8, 8, 1], classes: 10 })
    expect(faults).toMatchObject([{ path: '', expected: expect.stringContaining('16×16'), received: '[8, 8, 1]' }])
    expect(cnn.check({ ...plain, filters: [4, 4, 4] }, { inputShape: [8, 8, 1], classes: 10 })).toEqual([])
  })
})
