// A network as plain data: what a model family describes. The engine counts it, checks it and builds it, so a family
// needs no tensors, and the API can check taps and shapes at submit.

export type Activation = 'relu' | 'relu6' | 'elu' | 'sigmoid' | 'tanh' | 'swish' | 'leakyRelu'
export type Padding = 'same' | 'valid'
/**
 * `he`: He normal over fan-in (ReLU networks); `heOut`: the same over fan-out; `glorot`: Glorot uniform; `lecun`: LeCun
 * normal; `small`: normal with deviation 0.01; `zeros`.
 */
export type Initializer = 'he' | 'heOut' | 'glorot' | 'lecun' | 'small' | 'zeros'

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
/** The transpose of a convolution: maps grow by the stride. `same`: [H·s, W·s]; `valid`: max(kernel − s, 0) more. */
export interface Conv2dTransposeLayer extends Base {
  readonly type: 'conv2dTranspose'
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
  /** Of leakyRelu below zero; default 0.01, as in PyTorch. */
  readonly slope?: number
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
/** Rows and columns of zeros around a map [H, W, C], before and after. */
export interface ZeroPadLayer extends Base {
  readonly type: 'zeroPad'
  readonly height: readonly [number, number]
  readonly width: readonly [number, number]
}
/** Channels of a map [H, W, C]: `channelPad` adds so many of zeros, `channelCrop` takes so many away. */
export interface ChannelEdgeLayer extends Base {
  readonly type: 'channelPad' | 'channelCrop'
  readonly before: number
  readonly after: number
}
export interface ReshapeLayer extends Base {
  readonly type: 'reshape'
  /** Without the batch axis; as many values as the input has. */
  readonly shape: readonly number[]
}
export interface PermuteLayer extends Base {
  readonly type: 'permute'
  /** For each axis of the output the axis of the input, counted from 1: the batch axis stays where it is. */
  readonly axes: readonly number[]
}
export interface UpsampleLayer extends Base {
  /** Repeats each row and each column `size` times (nearest neighbour). */
  readonly type: 'upsample2d'
  readonly size: number
}
export interface PlainLayer extends Base {
  /** `globalAvgPool`: [H,W,C] → [C]; `flatten`; `add`/`concat` (last axis) join their inputs. */
  readonly type: 'globalAvgPool' | 'flatten' | 'add' | 'concat'
}

export type LayerSpec =
  | Conv2dLayer
  | Conv2dTransposeLayer
  | DepthwiseConv2dLayer
  | DenseLayer
  | BatchNormLayer
  | ActivationLayer
  | PoolLayer
  | DropoutLayer
  | ZeroPadLayer
  | ChannelEdgeLayer
  | ReshapeLayer
  | PermuteLayer
  | UpsampleLayer
  | PlainLayer

export interface Architecture {
  /** Shape of one sample, without the batch axis. */
  readonly inputShape: readonly number[]
  /** Topologically ordered. Each leads to the output, or to a layer that a tap names: branches end where they like. */
  readonly layers: readonly LayerSpec[]
  /** Name of the layer that gives the logits [B, classes] (no softmax). */
  readonly output: string
  /**
   * Named taps of the family → layer names: at least `penultimate` and `logits`, `stage1`… for feature maps after their
   * activation, and `stage1.pre`… for the maps before it where the network has such a layer.
   */
  readonly taps: Readonly<Record<string, string>>
}
