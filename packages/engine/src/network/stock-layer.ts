// From a layer of a description to the stock tfjs layer, so that what is trained here opens wherever tfjs or Keras runs.
import type { layers } from '@tensorflow/tfjs'
import type { LayerSpec } from '../contracts/architecture.ts'
import type { Tf } from '../contracts/tf.ts'

type StockLayer = layers.Layer

/** Slope of leakyRelu below zero, as in PyTorch (Keras has 0.3). */
const LEAK = 0.01

/** The layer with its name; weights are zeros until they are initialised. */
export function stockLayer(tf: Tf, layer: LayerSpec): StockLayer {
  const { name } = layer
  switch (layer.type) {
    case 'conv2d': {
      const { filters, kernel: kernelSize, stride: strides, padding, bias: useBias } = layer
      return tf.layers.conv2d({ name, filters, kernelSize, strides, padding, useBias, kernelInitializer: 'zeros' })
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
      if (layer.activation === 'leakyRelu') return tf.layers.leakyReLU({ name, alpha: LEAK })
      return tf.layers.activation({ name, activation: layer.activation })
    case 'maxPool':
      return tf.layers.maxPooling2d({ name, poolSize: layer.size, strides: layer.stride, padding: layer.padding })
    case 'avgPool':
      return tf.layers.averagePooling2d({ name, poolSize: layer.size, strides: layer.stride, padding: layer.padding })
    case 'dropout':
      return tf.layers.dropout({ name, rate: layer.rate })
    case 'globalAvgPool':
      return tf.layers.globalAveragePooling2d({ name, dataFormat: 'channelsLast' })
    case 'flatten':
      return tf.layers.flatten({ name })
    case 'add':
      return tf.layers.add({ name })
    case 'concat':
      return tf.layers.concatenate({ name, axis: -1 })
  }
}
