// A network with branches for tests of methods, with the taps that the family `multi-branch` gives.
import type { Architecture, LayerSpec } from '@stillhouse/engine'

const CLASSES = 3

/** On 4×4 images: trunk [4, 4, 2], then per branch stage2 [2, 2, width] with batch norm, penultimate [width], logits [3]. */
export function tinyBranched(widths: readonly number[] = [4, 4, 4]): Architecture {
  const convolution = (name: string, from: string, filters: number): LayerSpec[] => [
    {
      ...{ type: 'conv2d', name: `${name}conv`, inputs: [from], filters, kernel: 3, stride: from === 'input' ? 1 : 2 },
      ...{ padding: 'same', bias: false, init: 'he' },
    },
    { type: 'batchNorm', name: `${name}norm`, inputs: [`${name}conv`], momentum: 0.9, epsilon: 1e-5 },
    { type: 'activation', name: `${name}relu`, inputs: [`${name}norm`], activation: 'relu' },
  ]
  const names = widths.map((_, i) => `branch${i + 1}`)
  const branch = (name: string, width: number): LayerSpec[] => [
    ...convolution(`${name}-`, 'trunk-relu', width),
    { type: 'globalAvgPool', name: `${name}-mean`, inputs: [`${name}-relu`] },
    { type: 'dense', name: `${name}-logits`, inputs: [`${name}-mean`], units: CLASSES, bias: true, init: 'glorot' },
  ]
  const taps = names.flatMap((name) => [
    [`${name}.stage2`, `${name}-relu`],
    [`${name}.penultimate`, `${name}-mean`],
    [`${name}.logits`, `${name}-logits`],
  ])
  return {
    inputShape: [4, 4, 1],
    layers: [...convolution('trunk-', 'input', 2), ...names.flatMap((name, i) => branch(name, widths[i] ?? 1))],
    output: 'branch1-logits',
    taps: {
      ...{ stage1: 'trunk-relu', trunk: 'trunk-relu', penultimate: 'branch1-mean', logits: 'branch1-logits' },
      ...Object.fromEntries(taps),
    },
  }
}
