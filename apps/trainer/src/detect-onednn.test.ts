import { expect, it } from 'vitest'
import { detectOneDnn } from './detect-onednn.ts'

const WITH = 'flags\t\t: fpu avx2 avx512f avx512_vnni\n'
const WITHOUT = 'flags\t\t: fpu avx2 avx512f\n'

it.each([
  [{}, WITH, true],
  [{}, WITHOUT, false],
  [{}, '', false],
  [{}, 'CPU implementer\t: 0x41\nCPU part\t: 0xd40\n', true],
  [{ TF_ENABLE_ONEDNN_OPTS: '0' }, WITH, false],
  [{ TF_ENABLE_ONEDNN_OPTS: '1' }, WITHOUT, true],
])('with environment %j and processor %j says %s', (env, cpuInfo, expected) => {
  expect(detectOneDnn(env, cpuInfo)).toBe(expected)
})
