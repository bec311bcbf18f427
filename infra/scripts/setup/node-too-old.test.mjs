import { describe, expect, it } from 'vitest'
import { nodeTooOld } from './node-too-old.mjs'

describe('nodeTooOld', () => {
  it.each(['20.19.0', '20.20.2', '22.1.0', '24.21.0'])('accepts Node %s', (version) => {
    expect(nodeTooOld(version)).toBe('')
  })

  it.each(['12.22.0', '18.20.8', '20.18.1'])('refuses Node %s and says what to install', (version) => {
    expect(nodeTooOld(version)).toContain(`Node ${version} is too old`)
    expect(nodeTooOld(version)).toContain('do   nvm install 22')
  })
})
