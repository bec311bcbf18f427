// TensorFlow reads its settings from the environment when its library is loaded, and never again. The number of
// threads and the visible GPU come from the worker; these are the settings that hold for every trainer.

const DEFAULTS: Readonly<Record<string, string>> = {
  // errors only; with 0 it also says at each start which instructions it was built for
  TF_CPP_MIN_LOG_LEVEL: '2',
  // otherwise the first trainer takes the whole memory of the GPU
  TF_FORCE_GPU_ALLOW_GROWTH: 'true',
  // the same seed gives the same weights, on a GPU too, where a kernel can do it
  TF_DETERMINISTIC_OPS: '1',
  // number GPUs as nvidia-smi does, so that CUDA_VISIBLE_DEVICES means the same to both
  CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
}

/** Settings that only make sense on one kind of processor, by Node's name for it. */
const BY_PROCESSOR: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // TensorFlow takes oneDNN's kernels by itself on newer processors only; a training step is far quicker with them
  x64: { TF_ENABLE_ONEDNN_OPTS: '1' },
}

/** Fills in what is not set; call it before TensorFlow is loaded. */
export function prepareNativeEnvironment(env: NodeJS.ProcessEnv = process.env, processor: string = process.arch): void {
  for (const [name, value] of Object.entries({ ...DEFAULTS, ...BY_PROCESSOR[processor] })) env[name] ??= value
}
