// A network as plain data: what a model family describes. The engine counts it, checks it and builds it, so a family
// needs no tensors, and the API can check taps and shapes at submit.

export type Activation = 'relu' | 'relu6' | 'elu' | 'sigmoid' | 'tanh' | 'swish' | 'leakyRelu'
export type Padding = 'same' | 'valid'
/** `he`: He normal over fan-in (ReLU networks); `glorot`: Glorot uniform; `lecun`: LeCun normal; `zeros`. */
export type Initializer = 'he' | 'glorot' | 'lecun' | 'zeros'

interface Base {
  /** Unique name; becomes the layer's name and can be tapped. */
  readonly name: string
  /** Names of the layers that feed this one; `input` is the sample. */
  readonly inputs: readonly string[]
}

export interface Conv2dLayer extends Base {
  readonly type: 'conv2d'
  readonly filters: number
  readonly kernel: number
  readonly stride: number
  readonly padding: Padding
  readonly bias: boolean
  readonly init: Initializer
}
export interface DepthwiseConv2dLayer extends Base {
  readonly type: 'depthwiseConv2d'
  readonly kernel: number
  readonly stride: number
  readonly padding: Padding
  readonly bias: boolean
  readonly init: Initializer
}
export interface DenseLayer extends Base {
  readonly type: 'dense'
  readonly units: number
  readonly bias: boolean
  readonly init: Initializer
}
export interface BatchNormLayer extends Base {
  readonly type: 'batchNorm'
  /** Weight of the old moving statistic per step, default 0.9 by convention of the families here. */
  readonly momentum: number
  readonly epsilon: number
}
export interface ActivationLayer extends Base {
  readonly type: 'activation'
  readonly activation: Activation
}
export interface PoolLayer extends Base {
  readonly type: 'maxPool' | 'avgPool'
  readonly size: number
  readonly stride: number
  readonly padding: Padding
}
export interface DropoutLayer extends Base {
  readonly type: 'dropout'
  /** Share of units set to zero in training, 0..1. */
  readonly rate: number
}
export interface PlainLayer extends Base {
  /** `globalAvgPool`: [H,W,C] → [C]; `flatten`; `add`/`concat` (last axis) join their inputs. */
  readonly type: 'globalAvgPool' | 'flatten' | 'add' | 'concat'
}

export type LayerSpec =
  | Conv2dLayer
  | DepthwiseConv2dLayer
  | DenseLayer
  | BatchNormLayer
  | ActivationLayer
  | PoolLayer
  | DropoutLayer
  | PlainLayer

export interface Architecture {
  /** Shape of one sample, without the batch axis. */
  readonly inputShape: readonly number[]
  /** Topologically ordered. */
  readonly layers: readonly LayerSpec[]
  /** Name of the layer that gives the logits [B, classes] (no softmax). */
  readonly output: string
  /** Named taps of the family → layer names: at least `penultimate` and `logits`, `stage1`… for feature maps. */
  readonly taps: Readonly<Record<string, string>>
}
