import { describe, expect, it } from 'vitest'
import { classifyFailure } from './classify-failure.mjs'

describe('classifyFailure', () => {
  it.each([
    ["Failed to establish a new connection: [Errno -3] Temporary failure in name resolution')'", 'network'],
    ['npm error code EAI_AGAIN', 'network'],
    ['request to a registry failed, reason: connect ECONNREFUSED 127.0.0.1:9', 'network'],
    ['SSLError(SSLCertVerificationError(1, [SSL: CERTIFICATE_VERIFY_FAILED]', 'network'],
    ['gyp ERR! stack Error: getaddrinfo ENOTFOUND', 'network'],
    ['ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device', 'disk'],
    ['npm error code ENOSPC', 'disk'],
    ['ERROR: No matching distribution found for tensorflow-cpu==2.21.0', 'other'],
    ['npm error Missing: left-pad@1.3.0 from lock file', 'other'],
  ])('reads %j', (output, cause) => {
    expect(classifyFailure(output)).toBe(cause)
  })

  it('names a full disk before a broken connection, which may follow from it', () => {
    expect(classifyFailure('Connection broken: IncompleteRead\nOSError: [Errno 28] No space left on device')).toBe(
      'disk',
    )
  })
})
