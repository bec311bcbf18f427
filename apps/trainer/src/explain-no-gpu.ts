// Why TensorFlow uses no GPU. It falls back to the CPU without an error, and says why only on its standard error and
// only in words; these are the words of 2.21, collected by running it without driver, without device and without CUDA.

const DRIVER_ERROR = /failed call to cuInit:.*?(?:\((\d+)\)|$)/m
const NO_DEVICE = '100'
const NO_LIBRARY = '303'

/**
 * @param collect gives what TensorFlow prints while it is loaded with TF_CPP_MIN_LOG_LEVEL=0; called only if needed
 * @returns one sentence with the reason and what to do
 */
export function explainNoGpu(collect: () => string, env: NodeJS.ProcessEnv = process.env): string {
  const visible = env['CUDA_VISIBLE_DEVICES']
  if (visible === '' || visible === '-1')
    return 'No device: the worker has no GPU for this slot (CUDA_VISIBLE_DEVICES is empty). Run the job on a GPU worker.'
  const stderr = collect()
  const driver = DRIVER_ERROR.exec(stderr)
  if (driver) return explainDriver(driver[1])
  const library = /Could not load dynamic library '([^']+)'/.exec(stderr)?.[1]
  if (library || /Cannot dlopen some GPU libraries|Could not find cuda drivers/.test(stderr))
    return `A CUDA library is missing${library ? `: ${library}` : ' (CUDA runtime, cuBLAS or cuDNN)'}. Run \`npm run setup -- --gpu\`.`
  if (/cuda|gpu/i.test(stderr)) return `TensorFlow gives this reason: ${lastLine(stderr)}`
  return 'The TensorFlow that is set up is built without CUDA. Run `npm run setup -- --gpu`.'
}

function explainDriver(code: string | undefined): string {
  if (code === NO_DEVICE) return 'No device: the NVIDIA driver is installed, but it finds no GPU.'
  if (code === NO_LIBRARY)
    return 'The NVIDIA driver is missing (libcuda.so.1 was not found). Install it, or start the container with GPU access.'
  return `The NVIDIA driver does not work: cuInit failed${code ? ` with CUDA error ${code}` : ''}. Check \`nvidia-smi\`.`
}

function lastLine(text: string): string {
  const lines = text.split('\n').filter((line) => /cuda|gpu/i.test(line))
  return (lines.at(-1) ?? '').replace(/^.*?\] /, '').trim()
}
