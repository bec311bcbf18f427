// The environment of a trainer is an allow-list: it runs what users configured, so it gets no token, no queue and no
// database address, and its results must not depend on what else happens to be set on the machine.
import type { Slot } from './slots.ts'

const ALLOWED =
  /^(PATH|HOME|USER|LOGNAME|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|LD_LIBRARY_PATH|NODE_ENV|(TF|XLA|CUDA|NVIDIA|CUDNN|NCCL|OMP|KMP|ONEDNN|DNNL)_\w+)$/

/** TensorFlow 2.21 takes its two pool sizes from TF_NUM_*; OMP_NUM_THREADS is for builds with OpenMP. */
export function trainerEnv(slot: Slot, env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const threads = String(slot.threads)
  return {
    ...Object.fromEntries(Object.entries(env).filter(([name]) => ALLOWED.test(name))),
    CUDA_VISIBLE_DEVICES: slot.gpu,
    TF_NUM_INTRAOP_THREADS: threads,
    TF_NUM_INTEROP_THREADS: threads,
    OMP_NUM_THREADS: threads,
  }
}
