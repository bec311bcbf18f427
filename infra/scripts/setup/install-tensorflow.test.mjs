import { describe, expect, it } from 'vitest'
import { isKept } from './install-tensorflow.mjs'

describe('isKept', () => {
  it.each([
    'tensorflow/libtensorflow_cc.so.2',
    'tensorflow/libtensorflow_framework.so.2',
    'tensorflow/include/tensorflow/c/c_api.h',
    'tensorflow/include/tensorflow/c/eager/c_api.h',
    'tensorflow/include/tensorflow/core/platform/ctstring.h',
    'tensorflow/include/tsl/platform/ctstring_internal.h',
    'tensorflow/include/xla/tsl/c/tsl_status.h',
    'nvidia/cudnn/lib/libcudnn.so.9',
    'nvidia/cuda_nvcc/bin/ptxas',
    'nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc',
    'tensorflow_cpu-2.21.0.dist-info/METADATA',
  ])('keeps %s', (name) => {
    expect(isKept(name)).toBe(true)
  })

  it.each([
    'tensorflow/python/_pywrap_tensorflow_internal.so',
    'tensorflow/include/tensorflow/core/framework/op.h',
    'tensorflow/xla_aot_runtime_src/tsl/platform/ctstring.h',
    'tensorflow/__init__.py',
    'nvidia/cudnn/include/cudnn.h',
    'tensorflow_cpu-2.21.0.dist-info/RECORD',
  ])('leaves out %s', (name) => {
    expect(isKept(name)).toBe(false)
  })
})
