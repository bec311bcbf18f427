// From a layer of a description to the stock tfjs layer, so that what is trained here opens wherever tfjs or Keras runs.
import type { layers } from '@tensorflow/tfjs'
import type { ChannelEdgeLayer, LayerSpec } from '../contracts/architecture.ts'
import type { Tf } from '../contracts/tf.ts'

type StockLayer = layers.Layer

/** Slope of leakyRelu below zero where the layer names none, as in PyTorch (Keras has 0.3). */
const LEAK = 0.01

const CHANNELS_LAST = { dataFormat: 'channelsLast' } as const
/**
 * Stock padding and cropping know the two axes of a map only. Told that channels come first, they take the last two for
 * those: width and channels of a map [H, W, C].
 */
const LAST_TWO_AXES = { dataFormat: 'channelsFirst' } as const

/** The layer with its name; weights are zeros until they are initialised. */
export function stockLayer(tf: Tf, layer: LayerSpec): StockLayer {
  const { name } = layer
  switch (layer.type) {
    case 'conv2d': {
      const { filters, kernel: kernelSize, stride: strides, padding, bias: useBias } = layer
      return tf.layers.conv2d({ name, filters, kernelSize, strides, padding, useBias, kernelInitializer: 'zeros' })
    }
    case 'conv2dTranspose': {
      const { filters, kernel: kernelSize, stride: strides, padding, bias: useBias } = layer
      return tf.layers.conv2dTranspose({
        ...{ name, filters, kernelSize, strides, padding, useBias },
        kernelInitializer: 'zeros',
      })
    }
    case 'depthwiseConv2d': {
      const { kernel: kernelSize, stride: strides, padding, bias: useBias } = layer
      return tf.layers.depthwiseConv2d({ name, kernelSize, strides, padding, useBias, depthwiseInitializer: 'zeros' })
    }
    case 'dense':
      return tf.layers.dense({ name, units: layer.units, useBias: layer.bias, kernelInitializer: 'zeros' })
    case 'batchNorm':
      return tf.layers.batchNormalization({ name, momentum: layer.momentum, epsilon: layer.epsilon })
    case 'activation':
      if (layer.activation === 'leakyRelu') return tf.layers.leakyReLU({ name, alpha: layer.slope ?? LEAK })
      return tf.layers.activation({ name, activation: layer.activation })
    case 'maxPool':
      return tf.layers.maxPooling2d({ name, poolSize: layer.size, strides: layer.stride, padding: layer.padding })
    case 'avgPool':
      return tf.layers.averagePooling2d({ name, poolSize: layer.size, strides: layer.stride, padding: layer.padding })
    case 'dropout':
      return tf.layers.dropout({ name, rate: layer.rate })
    case 'zeroPad':
      return tf.layers.zeroPadding2d({ name, padding: [[...layer.height], [...layer.width]], ...CHANNELS_LAST })
    case 'channelPad':
      return tf.layers.zeroPadding2d({ name, padding: [[0, 0], edges(layer)], ...LAST_TWO_AXES })
    case 'channelCrop':
      return tf.layers.cropping2D({ name, cropping: [[0, 0], edges(layer)], ...LAST_TWO_AXES })
    case 'reshape':
      return tf.layers.reshape({ name, targetShape: [...layer.shape] })
    case 'permute':
      return tf.layers.permute({ name, dims: [...layer.axes] })
    case 'upsample2d':
      return tf.layers.upSampling2d({ name, size: [layer.size, layer.size], ...CHANNELS_LAST })
    case 'globalAvgPool':
      return tf.layers.globalAveragePooling2d({ name, ...CHANNELS_LAST })
    case 'flatten':
      return tf.layers.flatten({ name })
    case 'add':
      return tf.layers.add({ name })
    case 'concat':
      return tf.layers.concatenate({ name, axis: -1 })
  }
}

function edges({ before, after }: ChannelEdgeLayer): [number, number] {
  return [before, after]
}
