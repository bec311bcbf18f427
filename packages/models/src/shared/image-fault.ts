// Families of convolutional networks take images only.
import type { ParamFault, Signature } from '@stillhouse/engine'

/**
 * Faults of a family that needs images of at least `side` pixels each way.
 * @param why what makes smaller ones impossible
 */
export function imageFaults({ inputShape }: Signature, side: number, why: string): ParamFault[] {
  const [height, width] = inputShape
  const received = `[${inputShape.join(', ')}]`
  if (inputShape.length !== 3 || height === undefined || width === undefined) {
    const expected = 'samples of shape [height, width, channels], or the family mlp'
    return [{ path: '', message: 'this family takes images', expected, received }]
  }
  if (height >= side && width >= side) return []
  return [
    { path: '', message: 'the images are too small', expected: `at least ${side}×${side} pixels: ${why}`, received },
  ]
}
