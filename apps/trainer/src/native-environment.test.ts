import { expect, it } from 'vitest'
import { prepareNativeEnvironment } from './native-environment.ts'

it('fills in what is not set and leaves the rest as it is', () => {
  const env = { TF_CPP_MIN_LOG_LEVEL: '0', TF_ENABLE_ONEDNN_OPTS: '0' }
  prepareNativeEnvironment(env, 'x64')
  expect(env).toMatchObject({ TF_CPP_MIN_LOG_LEVEL: '0', TF_ENABLE_ONEDNN_OPTS: '0', TF_DETERMINISTIC_OPS: '1' })
})

it('asks for oneDNN on x64, and leaves other processors to TensorFlow', () => {
  const [intel, arm]: NodeJS.ProcessEnv[] = [{}, {}]
  prepareNativeEnvironment(intel, 'x64')
  prepareNativeEnvironment(arm, 'arm64')
  expect([intel?.['TF_ENABLE_ONEDNN_OPTS'], arm?.['TF_ENABLE_ONEDNN_OPTS']]).toEqual(['1', undefined])
})
