import { describe, expect, it } from 'vitest'
import { REDIS_PINS, tensorflowPin } from './pins.mjs'

const tensorflows = /** @type {const} */ ([
  ['linux-x64', 'cpu'],
  ['linux-arm64', 'cpu'],
  ['linux-x64', 'gpu'],
]).map(([platform, variant]) => {
  const pin = tensorflowPin(platform, variant)
  if (!pin) throw new Error(`no pin for ${platform} ${variant}`)
  return pin
})
const wheels = [...tensorflows.flatMap((pin) => pin.wheels), ...Object.values(REDIS_PINS)]

describe('pins', () => {
  it.each(wheels.map((wheel) => [wheel.file, wheel]))('%s is named, tagged and summed consistently', (_name, wheel) => {
    const { file, project, version, sha256, size, tag } = wheel
    expect(file.startsWith(`${project.replaceAll('-', '_')}-${version}-`)).toBe(true)
    expect(file).toContain(`-${tag.abi}-`)
    expect(file).toContain(tag.platform)
    expect(sha256).toMatch(/^[0-9a-f]{64}$/)
    expect(size).toBeGreaterThan(1_000_000)
  })

  it('no checksum is used twice, as a copied line would', () => {
    expect(new Set(wheels.map((wheel) => wheel.sha256)).size).toBe(wheels.length)
  })

  it('the GPU wheel brings its CUDA libraries, and all of them name its cache folder', () => {
    const gpu = tensorflowPin('linux-x64', 'gpu')
    expect(gpu?.wheels.map((wheel) => wheel.project)).toContain('nvidia-cudnn-cu12')
    expect(gpu?.wheels.some((wheel) => wheel.sha256 === gpu.sha256)).toBe(false)
  })

  it('there is none where TensorFlow publishes none', () => {
    expect(tensorflowPin('darwin-arm64', 'cpu')).toBeUndefined()
    expect(tensorflowPin('linux-arm64', 'gpu')).toBeUndefined()
  })
})
