// The smallest tfjs LayersModel that fits optdigits; its weights, and so its id, are the caller's own.

/** @param {string} mark */
export function tinyModel(mark) {
  const weights = new Float32Array(64 * 10 + 10)
  for (let i = 0; i < weights.length; i++) weights[i] = mark.charCodeAt(i % mark.length) / 1000
  const layer = (/** @type {string} */ class_name, /** @type {object} */ config) => ({ class_name, config })
  const layers = [
    layer('InputLayer', { batch_input_shape: [null, 8, 8, 1], dtype: 'float32', name: 'input' }),
    layer('Flatten', { name: 'flat' }),
    layer('Dense', { name: 'logits', units: 10, activation: 'linear', use_bias: true }),
  ]
  const specs = [
    { name: 'logits/kernel', shape: [64, 10], dtype: 'float32' },
    { name: 'logits/bias', shape: [10], dtype: 'float32' },
  ]
  const json = {
    format: 'layers-model',
    generatedBy: mark,
    convertedBy: null,
    modelTopology: { class_name: 'Sequential', config: { name: 'tiny', layers } },
    weightsManifest: [{ paths: ['model.weights.bin'], weights: specs }],
  }
  return { json: JSON.stringify(json), weights: new Uint8Array(weights.buffer) }
}
