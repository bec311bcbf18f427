import { EnvError } from '@stillhouse/kit'
import { describe, expect, it } from 'vitest'
import { createArtifactStore } from './create-artifact-store.ts'

describe('createArtifactStore', () => {
  it.each([
    ['', 'no URL'],
    ['/var/lib/stillhouse', 'no URL'],
    ['file://relative/folder', 'file URL with the host relative'],
    ['s3:///no-bucket', 'starts with s3://'],
    ['https://user:secret@bucket.example/x', 'starts with https://bucket.example'],
  ])('refuses the ARTIFACT_URL %j and says what it received', (url, received) => {
    const create = (): unknown => createArtifactStore(url, {})
    expect(create).toThrow(EnvError)
    expect(create).toThrow(received)
    expect(create).toThrow('expected file:///folder or s3://bucket/prefix')
  })

  it('does not repeat a password of the URL in its message', () => {
    expect(() => createArtifactStore('https://user:secret@bucket.example/x', {})).not.toThrow('secret')
  })
})
