// What a network is, as one hash: outputs that were kept for it are right for every network with the same digest.
import { createHash } from 'node:crypto'
import { canonicalJson } from '@stillhouse/spec'
import type { Network } from '../contracts/network.ts'

/** sha256 over architecture, taps and every weight. The role does not count: one network may be a teacher of two jobs. */
export function networkDigest({ model, taps, variables }: Pick<Network, 'model' | 'taps' | 'variables'>): string {
  const hash = createHash('sha256')
  // through JSON, since configurations hold `undefined`
  const { name: _, ...config } = JSON.parse(JSON.stringify(model.getConfig())) as { name?: string }
  hash.update(canonicalJson({ kind: model.getClassName(), config, taps }))
  for (const variable of variables) {
    const values = variable.dataSync() as Float32Array
    hash.update(`[${variable.shape.join()}]`)
    hash.update(Buffer.from(values.buffer, values.byteOffset, values.byteLength))
  }
  return hash.digest('hex')
}
