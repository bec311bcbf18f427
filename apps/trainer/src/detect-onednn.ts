// Whether TensorFlow computes with oneDNN's kernels, for the record of what trained a model: results differ in the last
// digits. TensorFlow offers no call for it, so its own rule (IsMKLEnabled in tensorflow/core/util/util.cc) is followed;
// the test compares the answer with what the library prints about itself.
import { readFileSync } from 'node:fs'

const X64_FLAGS =
  /\b(avx512_vnni|avx512_bf16|avx512_fp16|avx_vnni|avx_vnni_int8|avx_ne_convert|amx_tile|amx_int8|amx_bf16)\b/
/** Arm Neoverse V1, the one Arm core for which it is on by default. */
const ARM_PART = /^CPU part\s*:\s*0xd40$/m

/** @param cpuInfo text of /proc/cpuinfo; empty on other systems, where oneDNN is off unless asked for */
export function detectOneDnn(env: NodeJS.ProcessEnv = process.env, cpuInfo: string = readCpuInfo()): boolean {
  const asked = env['TF_ENABLE_ONEDNN_OPTS']?.toLowerCase()
  if (asked === '1' || asked === 'true') return true
  if (asked === '0' || asked === 'false') return false
  return X64_FLAGS.test(cpuInfo) || ARM_PART.test(cpuInfo)
}

function readCpuInfo(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'utf8')
  } catch {
    return ''
  }
}
