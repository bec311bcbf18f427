import { describe, expect, it } from 'vitest'
import { buildNetwork } from '../network/build-network.ts'
import { tf } from '../testing/native-tf.ts'
import { tinyCnn } from '../testing/tiny-architectures.ts'
import { networkDigest } from './network-digest.ts'

const signature = { inputShape: [6, 6, 1], classes: 3 }
const network = (role = 'teacher', width = 4) =>
  buildNetwork({ tf, role, architecture: tinyCnn(signature, { width }), seed: 1, frozen: true })

describe('the digest of a network', () => {
  it('is the same for equal networks, whatever their role', () => {
    const [a, b] = [network(), network()]
    expect(networkDigest(a)).toBe(networkDigest(b))
    expect(networkDigest({ ...a, taps: { ...a.taps } })).toBe(networkDigest(b))
    // a role only seeds the first weights
    const renamed = network('teachers[1]')
    renamed.variables.forEach((variable, i) => {
      variable.assign(a.variables[i] as (typeof a.variables)[number])
    })
    expect(networkDigest(renamed)).toBe(networkDigest(a))
  })

  it('differs when one value of one weight differs', () => {
    const changed = network()
    const weight = changed.variables.at(-1) as (typeof changed.variables)[number]
    const values = weight.dataSync().slice() as Float32Array
    values[0] = (values[0] as number) + 1e-7
    weight.assign(tf.tensor(values, weight.shape))
    expect(networkDigest(changed)).not.toBe(networkDigest(network()))
  })

  it('differs for another architecture or other taps', () => {
    const one = network()
    expect(networkDigest(network('teacher', 5))).not.toBe(networkDigest(one))
    expect(networkDigest({ ...one, taps: { logits: 'logits' } })).not.toBe(networkDigest(one))
  })
})
