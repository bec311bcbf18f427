// Names and memory of the GPUs that this process may use. The binding says that there is one, but not which; the
// driver's own tool does.
import { execFileSync } from 'node:child_process'
import type { Device } from '@stillhouse/spec'

const QUERY = ['--query-gpu=index,uuid,name,memory.total', '--format=csv,noheader,nounits']

/** The visible GPUs in CUDA's order; one without a name when the driver's tool is not installed. */
export function listGpus(env: NodeJS.ProcessEnv = process.env): Device[] {
  const gpus = parseGpus(askDriver(), env['CUDA_VISIBLE_DEVICES'])
  return gpus.length > 0 ? gpus : [{ kind: 'gpu', name: 'GPU (nvidia-smi is not installed)' }]
}

/**
 * @param csv lines `index, uuid, name, MiB`
 * @param visible value of CUDA_VISIBLE_DEVICES: indices or UUID prefixes, in the order in which CUDA numbers them
 */
export function parseGpus(csv: string, visible: string | undefined): Device[] {
  const all = csv.split('\n').flatMap((line) => {
    const [index, uuid, name, mib] = line.split(',').map((field) => field.trim())
    return index && uuid && name ? [{ index, uuid, name, memoryGb: Math.round(Number(mib) / 102.4) / 10 }] : []
  })
  const chosen =
    visible === undefined
      ? all
      : visible.split(',').flatMap((wanted) => all.find((gpu) => matches(gpu, wanted.trim())) ?? [])
  return chosen.map(({ name, memoryGb }) => ({ kind: 'gpu', name, ...(Number.isNaN(memoryGb) ? {} : { memoryGb }) }))
}

function matches(gpu: { index: string; uuid: string }, wanted: string): boolean {
  return gpu.index === wanted || (wanted.length > 4 && gpu.uuid.startsWith(wanted))
}

function askDriver(): string {
  try {
    return execFileSync('nvidia-smi', QUERY, { encoding: 'utf8', timeout: 5000, stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return ''
  }
}
