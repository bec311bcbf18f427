// The S3 library is large and few jobs need it, so it is loaded by the first one that does.
import type { ObjectReader } from '@stillhouse/artifacts'

export async function openObjects(): Promise<ObjectReader> {
  const { createObjectReader } = await import('@stillhouse/artifacts')
  return createObjectReader()
}
